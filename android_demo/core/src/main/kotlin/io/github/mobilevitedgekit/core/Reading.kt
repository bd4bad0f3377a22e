package io.github.mobilevitedgekit.core

// What the values of an artifact's answer say. Each throws UnsupportedOperationException for an artifact that answers
// something else, or with another number of values.

/** The most probable classes, of probabilities and independent scores. */
fun Manifest.predictions(values: FloatArray, count: Int): List<Prediction> {
    hold(values, Meaning.PROBABILITIES, Meaning.SCORES)
    return largest(count, values.doubles()).map { Prediction(it, labels[it], values[it].toDouble()) }
}

/** The labels whose independent score is above `threshold`, the highest first, any number of them. */
fun Manifest.present(values: FloatArray, threshold: Double = 0.5): List<Prediction> {
    hold(values, Meaning.SCORES)
    return predictions(values, values.size).filter { it.probability > threshold }
}

/** The number that was asked for (regression) of each label, in their order. */
fun Manifest.values(values: FloatArray): List<LabelledValue> {
    hold(values, Meaning.VALUES)
    return values.indices.map { LabelledValue(it, labels[it], values[it].toDouble()) }
}

/**
 * The `count` largest logits as they are, largest first. The manifest does not say whether softmax or sigmoid would make
 * probabilities of them, so nothing does here.
 */
fun Manifest.logits(values: FloatArray, count: Int): List<LabelledValue> {
    hold(values, Meaning.LOGITS)
    return largest(count, values.doubles()).map { LabelledValue(it, labels[it], values[it].toDouble()) }
}

/** What the classes of a class map are called, by their index. Of a single label class 1 is it, and 0 all else. */
val Manifest.classLabels: List<String> get() = if (labels.size == 1) listOf("not ${labels[0]}") + labels else labels

/** The colours of the classes of a class map, by their index, likewise; of all else black. */
val Manifest.classColors: List<Int> get() = if (palette.size == 1) listOf(0xFF shl 24) + palette else palette

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

private fun FloatArray.doubles() = DoubleArray(size) { this[it].toDouble() }

private fun Manifest.hold(values: FloatArray, vararg meanings: Meaning) {
    hold(Task.CLASSIFICATION, values.size, labels.size)
    if (answer.meaning !in meanings) throw unreadable()
}

private fun Manifest.hold(asked: Task, found: Int, expected: Int) {
    if (task != asked) throw UnsupportedOperationException("${artifact.file} is for ${task.name.lowercase()}")
    if (found != expected) throw UnsupportedOperationException("${artifact.file} answers $found values, not $expected")
}

private fun Manifest.unreadable(): UnsupportedOperationException {
    val meaning = answer.meaning.name.lowercase()
    return UnsupportedOperationException("${artifact.file} answers with $meaning, which cannot be read so")
}
