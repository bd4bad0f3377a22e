package io.github.mobilevitedgekit.core

/** What the integers of a tensor stand for: (integer - zeroPoint) * scale. */
data class Quantization(val scale: Double, val zeroPoint: Int) {
    /** The integer that stands for a value best: rounded half to even, cut to the range of the type. */
    fun quantize(value: Double, range: IntRange): Int =
        (Math.rint(value / scale) + zeroPoint).coerceIn(range.first.toDouble(), range.last.toDouble()).toInt()

    /** The number that an integer stands for. */
    fun dequantize(integer: Int): Double = (integer - zeroPoint) * scale
}
