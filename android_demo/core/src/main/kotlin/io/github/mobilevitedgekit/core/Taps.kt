package io.github.mobilevitedgekit.core

import kotlin.math.ceil

/**
 * Which sources go into each pixel of the result along one axis, and their weights, integers of 22 bits.
 *
 * count: pixels of the crop that are not padding; padding: of those before them; most: sources of one pixel. The
 * weights of pixel i are those from offsets[i] up to offsets[i + 1], for the sources from starts[i] on.
 */
internal class Taps private constructor(
    val padding: Int,
    val starts: IntArray,
    val offsets: IntArray,
    val weights: IntArray,
) {
    val count get() = starts.size
    val firstSource = starts.minOrNull() ?: 0
    val sources = (starts.indices.maxOfOrNull { starts[it] + taps(it) } ?: 0) - firstSource
    val most = starts.indices.maxOfOrNull { taps(it) } ?: 0

    private fun taps(pixel: Int) = offsets[pixel + 1] - offsets[pixel]

    /** The same for an axis of `size` sources that are stored the other way round. */
    fun mirrored(size: Int): Taps {
        val turned = weights.copyOf()
        for (pixel in starts.indices) turned.reverse(offsets[pixel], offsets[pixel + 1])
        return Taps(padding, IntArray(count) { size - starts[it] - taps(it) }, offsets, turned)
    }

    companion object {
        const val BITS = 22

        /** Of an axis of `size` pixels that is resized, of which `crop` are taken from `corner` on. */
        fun of(filter: Filter, size: Int, resized: Int, corner: Int, crop: Int): Taps {
            val shown = maxOf(corner, 0) until minOf(corner + crop, resized)
            val scale = size.toDouble() / resized
            val widened = maxOf(scale, 1.0)
            val support = filter.support * widened
            val sharp = 1 / widened // Pillow multiplies by it, which rounds otherwise than a division
            val starts = IntArray(shown.count())
            val offsets = IntArray(starts.size + 1)
            val weights = IntArray(starts.size * (ceil(support).toInt() * 2 + 1))
            for ((pixel, place) in shown.withIndex()) {
                val center = (place + 0.5) * scale
                val first = maxOf((center - support + 0.5).toInt(), 0)
                val count = minOf((center + support + 0.5).toInt(), size) - first
                val shares = DoubleArray(count) { filter.weight((it + first - center + 0.5) * sharp) }
                val sum = shares.sum()
                starts[pixel] = first
                offsets[pixel + 1] = offsets[pixel] + count
                shares.forEachIndexed { tap, share ->
                    val weight = share / sum * (1 shl BITS)
                    weights[offsets[pixel] + tap] = (if (weight < 0) weight - 0.5 else weight + 0.5).toInt()
                }
            }
            return Taps(maxOf(-corner, 0), starts, offsets, weights)
        }
    }
}
