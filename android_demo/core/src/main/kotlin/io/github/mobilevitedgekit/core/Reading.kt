package io.github.mobilevitedgekit.core

// What the values of an artifact's answer say. Each throws UnsupportedOperationException for an artifact that answers
// something else, or with another number of values.

/**
 * The most probable classes, of probabilities and independent scores as they are, of logits by `activation`.
 *
 * A manifest does not say what belongs to logits. Left out, it is softmax, and sigmoid for a single label, of which
 * softmax would always say 1.
 */
fun Manifest.predictions(values: FloatArray, count: Int, activation: Activation? = null): List<Prediction> {
    val shares = shares(values, activation ?: if (labels.size == 1) Activation.SIGMOID else Activation.SOFTMAX)
    return largest(count, shares).map { Prediction(it, labels[it], shares[it]) }
}

/**
 * The labels whose score is above `threshold`, the highest first, any number of them: of independent scores as they
 * are, of logits by sigmoid.
 */
fun Manifest.present(values: FloatArray, threshold: Double = 0.5): List<Prediction> {
    if (answer.meaning == Meaning.PROBABILITIES) throw unreadable()
    val shares = shares(values, Activation.SIGMOID)
    return largest(shares.size, shares).filter { shares[it] > threshold }.map { Prediction(it, labels[it], shares[it]) }
}

/**
 * What the network says of each label, in their order: values that were asked for (regression), or logits as they are,
 * for thresholds of one's own.
 */
fun Manifest.labelled(values: FloatArray): List<LabelledValue> {
    hold(Task.CLASSIFICATION, values.size, labels.size)
    if (answer.meaning != Meaning.VALUES && answer.meaning != Meaning.LOGITS) throw unreadable()
    return labels.mapIndexed { index, label -> LabelledValue(index, label, values[index].toDouble()) }
}

/** What the classes of a class map are called, by their index. Of a single label class 1 is it, and 0 all else. */
val Manifest.classLabels: List<String> get() = if (labels.size == 1) labels + labels else labels

/** The colours of the classes of a class map, by their index, likewise. */
val Manifest.classColors: List<Int> get() = if (palette.size == 1) palette + palette else palette

/** 0..1 for each label. */
private fun Manifest.shares(values: FloatArray, activation: Activation): DoubleArray {
    hold(Task.CLASSIFICATION, values.size, labels.size)
    return when (answer.meaning) {
        Meaning.PROBABILITIES, Meaning.SCORES -> DoubleArray(values.size) { values[it].toDouble() }
        Meaning.LOGITS -> if (activation == Activation.SOFTMAX) softmax(values) else sigmoid(values)
        else -> throw unreadable()
    }
}

/** The class of each pixel of the crop, row by row, of class maps or logits. */
fun Manifest.classes(values: FloatArray): ByteArray {
    val (height, width) = preprocessing.cropHeight to preprocessing.cropWidth
    val map = answer.meaning == Meaning.CLASS_MAP
    hold(Task.SEGMENTATION, values.size, if (map) height * width else answer.shape.fold(1, Int::times))
    if (map) return ByteArray(values.size) { values[it].toInt().toByte() }
    val layout = answer.layout
    if (answer.meaning != Meaning.LOGITS || layout == null) throw unreadable()
    return classMap(values, answer.shape.drop(1), layout, height, width)
}

/** The feature vector. */
fun Manifest.features(values: FloatArray): FloatArray {
    if (answer.meaning != Meaning.FEATURES) throw unreadable()
    return values
}

private fun Manifest.hold(asked: Task, found: Int, expected: Int) {
    if (task != asked) throw UnsupportedOperationException("${artifact.file} is for ${task.name.lowercase()}")
    if (found != expected) throw UnsupportedOperationException("${artifact.file} answers $found values, not $expected")
}

private fun Manifest.unreadable(): UnsupportedOperationException {
    val meaning = answer.meaning.name.lowercase()
    return UnsupportedOperationException("${artifact.file} answers with $meaning, which cannot be read so")
}
