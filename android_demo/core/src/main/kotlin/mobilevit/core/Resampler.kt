package mobilevit.core

import kotlin.math.abs
import kotlin.math.ceil

/**
 * Resizes images of one size by the shortest edge and crops the centre, pixel by pixel as Pillow does.
 *
 * Pillow's bilinear filter is a triangle, as wide as a pixel of the result where it shrinks, in two passes: along rows
 * first, each rounded to 8 bits; weights are integers of 22 bits. Only what the crop needs is computed. Buffers
 * are kept, so an instance belongs to one thread.
 *
 * @throws UnsupportedOperationException for filters other than the antialiased bilinear one.
 */
class Resampler(val width: Int, val height: Int, val preprocessing: Preprocessing) {
    val placement = Placement.of(width, height, preprocessing)

    init {
        if (preprocessing.interpolation != "bilinear" || !preprocessing.antialias) {
            val asked = preprocessing.interpolation + if (preprocessing.antialias) "" else " without antialiasing"
            throw UnsupportedOperationException("resizing by $asked is not built in, only bilinear with antialiasing")
        }
    }

    private val cropWidth = preprocessing.cropWidth
    private val columns = Taps.of(width, placement.width, placement.left, cropWidth)
    private val rows = Taps.of(height, placement.height, placement.top, preprocessing.cropHeight)
    private val source = IntArray(width)
    private val narrow = IntArray(columns.count * rows.sources)
    // Of a row of the result in two halves: red and blue in one number with 32 bits for each, green in the other.
    private val redBlue = LongArray(columns.count)
    private val green = IntArray(columns.count)

    /** The crop as opaque ARGB, row by row; zeros, black, where it is larger than the image. */
    fun resample(image: Pixels, crop: IntArray) {
        require(image.width == width && image.height == height) {
            "made for $width x $height, not ${image.width} x ${image.height}"
        }
        require(crop.size == cropWidth * preprocessing.cropHeight) { "the crop has ${crop.size} pixels" }
        if (columns.count < cropWidth || rows.count < preprocessing.cropHeight) crop.fill(BLACK)
        for (row in 0 until rows.sources) {
            image.readRow(rows.firstSource + row, columns.firstSource, columns.firstSource + columns.sources, source)
            alongRow(row * columns.count)
        }
        for (row in 0 until rows.count) alongColumns(row, crop, (rows.padding + row) * cropWidth + columns.padding)
    }

    private fun alongRow(to: Int) {
        val weights = columns.weights
        val source = source
        for (column in 0 until columns.count) {
            var index = columns.offsets[column]
            var from = columns.starts[column]
            val end = columns.offsets[column + 1]
            var redBlue = HALF_PAIR
            var green = HALF
            while (index < end) {
                val pixel = source[from++]
                val weight = weights[index++]
                redBlue += pair(pixel) * weight
                green += (pixel shr 8 and 0xFF) * weight
            }
            narrow[to + column] = packed(redBlue, green)
        }
    }

    private fun alongColumns(row: Int, crop: IntArray, to: Int) {
        val redBlue = redBlue
        val green = green
        val narrow = narrow
        redBlue.fill(HALF_PAIR)
        green.fill(HALF)
        var from = (rows.starts[row] - rows.firstSource) * columns.count
        for (index in rows.offsets[row] until rows.offsets[row + 1]) {
            val weight = rows.weights[index]
            for (column in redBlue.indices) {
                val pixel = narrow[from + column]
                redBlue[column] += pair(pixel) * weight
                green[column] += (pixel shr 8 and 0xFF) * weight
            }
            from += redBlue.size
        }
        for (column in redBlue.indices) crop[to + column] = packed(redBlue[column], green[column])
    }

    private companion object {
        const val BITS = 22
        const val HALF = 1 shl (BITS - 1)
        const val HALF_PAIR = (HALF.toLong() shl 32) or HALF.toLong()
        const val BLACK = 0xFF shl 24

        fun pair(pixel: Int): Long = ((pixel and 0xFF0000).toLong() shl 16) or (pixel and 0xFF).toLong()

        // Weights are not negative and sum up to one, give or take their rounding: only 255 can be exceeded.
        fun packed(redBlue: Long, green: Int): Int {
            val red = minOf((redBlue ushr (32 + BITS)).toInt(), 255)
            val blue = minOf((redBlue.toInt() ushr BITS), 255)
            return BLACK or (red shl 16) or (minOf(green shr BITS, 255) shl 8) or blue
        }
    }

    /**
     * Which sources go into each pixel of the result along one axis, and their weights.
     *
     * count: pixels of the crop that are not padding; padding: of those before them. The weights of pixel i are those
     * from offsets[i] up to offsets[i + 1], for the sources from starts[i] on.
     */
    private class Taps(val padding: Int, val starts: IntArray, val offsets: IntArray, val weights: IntArray) {
        val count get() = starts.size
        val firstSource = starts.firstOrNull() ?: 0
        val sources = (starts.indices.maxOfOrNull { starts[it] + offsets[it + 1] - offsets[it] } ?: 0) - firstSource

        companion object {
            fun of(size: Int, resized: Int, corner: Int, crop: Int): Taps {
                val shown = maxOf(corner, 0) until minOf(corner + crop, resized)
                val scale = size.toDouble() / resized
                val support = maxOf(scale, 1.0)
                val sharp = 1 / support // Pillow multiplies by it, which rounds otherwise than a division
                val starts = IntArray(shown.count())
                val offsets = IntArray(starts.size + 1)
                val weights = IntArray(starts.size * (ceil(support).toInt() * 2 + 1))
                for ((pixel, place) in shown.withIndex()) {
                    val center = (place + 0.5) * scale
                    val first = maxOf((center - support + 0.5).toInt(), 0)
                    val count = minOf((center + support + 0.5).toInt(), size) - first
                    val triangle = DoubleArray(count) { maxOf(0.0, 1 - abs((it + first - center + 0.5) * sharp)) }
                    val sum = triangle.sum()
                    starts[pixel] = first
                    offsets[pixel + 1] = offsets[pixel] + count
                    triangle.forEachIndexed { tap, weight ->
                        weights[offsets[pixel] + tap] = (0.5 + weight / sum * (1 shl BITS)).toInt()
                    }
                }
                return Taps(maxOf(-corner, 0), starts, offsets, weights)
            }
        }
    }
}
