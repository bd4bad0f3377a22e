package io.github.mobilevitedgekit.core

import kotlin.math.ceil

/**
 * Resizes images of one size and crops the centre, pixel by pixel as Pillow does.
 *
 * Pillow's filters widen with the pixels of the result where they shrink, and go in two passes, each rounded to 8 bits;
 * weights are integers of 22 bits. Only what the crop needs is computed. Buffers are kept, so an
 * instance belongs to one thread.
 *
 * @throws UnsupportedOperationException for a filter that [Filter] does not have.
 */
class Resampler(val width: Int, val height: Int, val preprocessing: Preprocessing) {
    val placement = Placement.of(width, height, preprocessing)

    private val cropWidth = preprocessing.cropWidth
    private val filter = Filter.of(preprocessing)
    private val columns = Taps.of(filter, width, placement.width, placement.left, cropWidth)
    private val rows = Taps.of(filter, height, placement.height, placement.top, preprocessing.cropHeight)
    // Rows come first, but where the height shrinks by more pixels than twice the width: so Pillow does from 13.0 on.
    private val heightFirst = height - placement.height > maxOf(2 * (width - placement.width), 0)
    private val source = IntArray(width)
    private val narrow = IntArray(if (heightFirst) 0 else columns.count * rows.sources)
    // Of a row between the passes, or of the result, in two halves: red and blue in one number with 32 bits for each,
    // green in the other.
    private val redBlue = LongArray(if (heightFirst) columns.sources else columns.count)
    private val green = IntArray(redBlue.size)

    /** The crop as opaque ARGB, row by row; zeros, black, where it is larger than the image. */
    fun resample(image: Pixels, crop: IntArray) {
        require(image.width == width && image.height == height) {
            "made for $width x $height, not ${image.width} x ${image.height}"
        }
        require(crop.size == cropWidth * preprocessing.cropHeight) { "the crop has ${crop.size} pixels" }
        if (columns.count < cropWidth || rows.count < preprocessing.cropHeight) crop.fill(BLACK)
        if (heightFirst) columnsThenRows(image, crop) else rowsThenColumns(image, crop)
    }

    private fun rowsThenColumns(image: Pixels, crop: IntArray) {
        for (row in 0 until rows.sources) {
            read(image, rows.firstSource + row)
            alongRow(narrow, row * columns.count)
        }
        for (row in 0 until rows.count) {
            begin()
            var from = (rows.starts[row] - rows.firstSource) * columns.count
            for (index in rows.offsets[row] until rows.offsets[row + 1]) {
                add(narrow, from, rows.weights[index])
                from += columns.count
            }
            end(crop, place(row))
        }
    }

    private fun columnsThenRows(image: Pixels, crop: IntArray) {
        for (row in 0 until rows.count) {
            begin()
            var y = rows.starts[row]
            for (index in rows.offsets[row] until rows.offsets[row + 1]) {
                read(image, y++)
                add(source, columns.firstSource, rows.weights[index])
            }
            end(source, columns.firstSource)
            alongRow(crop, place(row))
        }
    }

    private fun read(image: Pixels, y: Int) =
        image.readRow(y, columns.firstSource, columns.firstSource + columns.sources, source)

    /** Where a row begins in the crop. */
    private fun place(row: Int): Int = (rows.padding + row) * cropWidth + columns.padding

    private fun alongRow(into: IntArray, to: Int) {
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
            into[to + column] = packed(redBlue, green)
        }
    }

    // A row of weighed rows: begun, each row added, and written.

    private fun begin() {
        redBlue.fill(HALF_PAIR)
        green.fill(HALF)
    }

    private fun add(row: IntArray, from: Int, weight: Int) {
        val redBlue = redBlue
        val green = green
        for (column in redBlue.indices) {
            val pixel = row[from + column]
            redBlue[column] += pair(pixel) * weight
            green[column] += (pixel shr 8 and 0xFF) * weight
        }
    }

    private fun end(into: IntArray, to: Int) {
        for (column in redBlue.indices) into[to + column] = packed(redBlue[column], green[column])
    }

    private companion object {
        const val BITS = 22
        const val HALF = 1 shl (BITS - 1)
        const val HALF_PAIR = (HALF.toLong() shl 32) or HALF.toLong()
        const val BLACK = 0xFF shl 24

        fun pair(pixel: Int): Long = ((pixel and 0xFF0000).toLong() shl 16) or (pixel and 0xFF).toLong()

        /** Blue may be negative, by weights that are, and has then borrowed one from red. */
        fun packed(redBlue: Long, green: Int): Int {
            val blue = redBlue.toInt()
            val red = ((redBlue - blue) shr 32).toInt()
            return BLACK or (byte(red) shl 16) or (byte(green) shl 8) or byte(blue)
        }

        fun byte(sum: Int): Int = (sum shr BITS).coerceIn(0, 255)
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
}
