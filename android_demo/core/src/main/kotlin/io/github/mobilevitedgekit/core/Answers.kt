package io.github.mobilevitedgekit.core

import kotlin.math.floor

/**
 * A class and how probable it is, 0..1; of independent scores, that the class is there, whatever the others are.
 *
 * id: the class's index.
 */
data class Prediction(val id: Int, val label: String, val probability: Double)

/** What a network says of a label in the label's own unit: a number that was asked for, or a logit. */
data class LabelledValue(val id: Int, val label: String, val value: Double)

/** The indices of the `count` largest values, largest first; the first of equal ones comes first. */
fun largest(count: Int, values: DoubleArray): List<Int> = values.indices.sortedByDescending { values[it] }.take(count)

/** The index of the largest value from `start` on among `count` with `step` between them; the first of equal ones. */
internal fun argmax(values: FloatArray, start: Int = 0, count: Int = values.size, step: Int = 1): Int {
    var best = 0
    for (index in 1 until count) if (values[start + index * step] > values[start + best * step]) best = index
    return best
}

/**
 * The class of each pixel of the crop from coarse logits: resized bilinearly, as PyTorch does with
 * `align_corners=False`, before the largest is chosen. A single map tells its class from all else: 1 where its sigmoid
 * is above 0.5, which is a logit above 0.
 *
 * @param logits [height, width, classes] for [Layout.NHWC], [classes, height, width] for [Layout.NCHW].
 * @return [cropHeight, cropWidth]
 */
fun classMap(logits: FloatArray, shape: List<Int>, layout: Layout, cropHeight: Int, cropWidth: Int): ByteArray {
    val last = layout == Layout.NHWC
    val (height, width, classes) = if (last) shape else listOf(shape[1], shape[2], shape[0])
    val perPixel = if (last) classes else 1
    val perClass = if (last) 1 else height * width
    val columns = Array(cropWidth) { Between.of(it, cropWidth, width) }
    val mixed = FloatArray(classes)
    val map = ByteArray(cropHeight * cropWidth)
    for (y in 0 until cropHeight) {
        val row = Between.of(y, cropHeight, height)
        for (x in 0 until cropWidth) {
            val column = columns[x]
            for (label in 0 until classes) {
                fun at(y: Int, x: Int) = logits[(y * width + x) * perPixel + label * perClass]
                val above = column.mix(at(row.first, column.first), at(row.first, column.second))
                val below = column.mix(at(row.second, column.first), at(row.second, column.second))
                mixed[label] = row.mix(above, below)
            }
            map[y * cropWidth + x] = (if (classes > 1) argmax(mixed) else if (mixed[0] > 0) 1 else 0).toByte()
        }
    }
    return map
}

/** A place between two neighbours along an axis; share: of the second. */
private class Between(val first: Int, val second: Int, val share: Float) {
    fun mix(one: Float, other: Float): Float = (1 - share) * one + share * other

    companion object {
        fun of(pixel: Int, pixels: Int, coarse: Int): Between {
            val place = maxOf(0f, (pixel + 0.5f) * (coarse.toFloat() / pixels) - 0.5f)
            val first = floor(place).toInt()
            return Between(first, minOf(first + 1, coarse - 1), place - first)
        }
    }
}
