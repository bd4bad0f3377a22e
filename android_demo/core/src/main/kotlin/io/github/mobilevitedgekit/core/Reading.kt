package io.github.mobilevitedgekit.core

// What the values of an artifact's answer say. Each throws UnsupportedOperationException for an artifact that answers
// something else, or with another number of values.

/** The most probable classes, of probabilities and independent scores as they are, of logits by softmax. */
fun Manifest.predictions(values: FloatArray, count: Int): List<Prediction> {
    hold(Task.CLASSIFICATION, values.size, labels.size)
    val probabilities = when (answer.meaning) {
        Meaning.PROBABILITIES, Meaning.SCORES -> DoubleArray(values.size) { values[it].toDouble() }
        Meaning.LOGITS -> softmax(values)
        else -> throw unreadable()
    }
    return largest(count, probabilities).map { Prediction(it, labels[it], probabilities[it]) }
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
