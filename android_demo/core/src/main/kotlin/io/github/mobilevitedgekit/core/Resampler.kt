package io.github.mobilevitedgekit.core

/**
 * Resizes images of one size and crops the centre, pixel by pixel as Pillow does with the upright image.
 *
 * Pillow's filters widen with the pixels of the result where they shrink, and go in two passes, each rounded to 8 bits.
 * Only what the crop needs is computed, each stored row is read once, and what lies turned is turned as its crop is
 * written. Buffers are kept, so an instance belongs to one thread, and an image costs no memory.
 *
 * width, height: of upright images; rotation: see [Pixels].
 *
 * @throws UnsupportedOperationException for a filter that [Filter] does not have.
 */
class Resampler(val width: Int, val height: Int, val preprocessing: Preprocessing, val rotation: Int = 0) {
    init {
        requireQuarters(rotation)
    }

    val placement = Placement.of(width, height, preprocessing)

    private val cropWidth = preprocessing.cropWidth
    private val filter = Filter.of(preprocessing)
    private val columns = Taps.of(filter, width, placement.width, placement.left, cropWidth)
    private val rows = Taps.of(filter, height, placement.height, placement.top, preprocessing.cropHeight)
    private val padded = columns.count < cropWidth || rows.count < preprocessing.cropHeight

    // As stored: along a row, and from row to row. A quarter turn makes rows of columns.
    private val turned = rotation % 180 != 0
    private val across = stored(if (turned) rows else columns, if (turned) height else width, rotation >= 180)
    private val down = stored(if (turned) columns else rows, if (turned) width else height, rotation in 90..180)
    private val acrossStep = if (turned) cropWidth else 1
    private val downStep = if (turned) 1 else cropWidth
    private val corner = rows.padding * cropWidth + columns.padding

    // Upright rows come first, but where the height shrinks by more pixels than twice the width: so Pillow does from
    // 13.0 on.
    private val heightFirst = height - placement.height > maxOf(2 * (width - placement.width), 0)
    private val acrossFirst = heightFirst == turned

    // The rows that are needed at once, row y in place y % size; and which ones they are.
    private val lines = Array(if (acrossFirst) 1 else maxOf(down.most, 1)) { IntArray(if (turned) height else width) }
    private val held = IntArray(lines.size)
    private val between = IntArray(if (acrossFirst) across.count * down.sources else lines[0].size)

    // Of a row between the passes, or of the result, in two halves: red and blue in one number with 32 bits for each,
    // green in the other.
    private val redBlue = LongArray(if (acrossFirst) across.count else across.sources)
    private val green = IntArray(redBlue.size)

    /** The crop as opaque ARGB, row by row; zeros, black, where it is larger than the image. */
    fun resample(image: Pixels, crop: IntArray) {
        require(fits(image)) {
            "made for $width x $height turned by $rotation, not ${image.width} x ${image.height} by ${image.rotation}"
        }
        require(crop.size == cropWidth * preprocessing.cropHeight) { "the crop has ${crop.size} pixels" }
        if (padded) crop.fill(BLACK)
        held.fill(-1)
        if (acrossFirst) acrossThenDown(image, crop) else downThenAcross(image, crop)
    }

    /** Whether the image is of the size and rotation that this was made for. */
    fun fits(image: Pixels): Boolean = image.width == width && image.height == height && image.rotation == rotation

    private fun acrossThenDown(image: Pixels, crop: IntArray) {
        for (row in 0 until down.sources) {
            along(line(image, down.firstSource + row), between, row * across.count, 1)
        }
        for (row in 0 until down.count) {
            begin()
            var from = (down.starts[row] - down.firstSource) * across.count
            for (index in down.offsets[row] until down.offsets[row + 1]) {
                add(between, from, down.weights[index])
                from += across.count
            }
            end(crop, corner + row * downStep, acrossStep)
        }
    }

    private fun downThenAcross(image: Pixels, crop: IntArray) {
        for (row in 0 until down.count) {
            begin()
            var y = down.starts[row]
            for (index in down.offsets[row] until down.offsets[row + 1]) {
                add(line(image, y++), across.firstSource, down.weights[index])
            }
            end(between, across.firstSource, 1)
            along(between, crop, corner + row * downStep, acrossStep)
        }
    }

    /** The stored row, of which the columns that count are filled. */
    private fun line(image: Pixels, y: Int): IntArray {
        val place = y % lines.size
        if (held[place] != y) {
            image.readRow(y, across.firstSource, across.firstSource + across.sources, lines[place])
            held[place] = y
        }
        return lines[place]
    }

    private fun along(source: IntArray, into: IntArray, to: Int, step: Int) {
        val weights = across.weights
        var at = to
        for (column in 0 until across.count) {
            var index = across.offsets[column]
            var from = across.starts[column]
            val end = across.offsets[column + 1]
            var redBlue = HALF_PAIR
            var green = HALF
            while (index < end) {
                val pixel = source[from++]
                val weight = weights[index++]
                redBlue += pair(pixel) * weight
                green += (pixel shr 8 and 0xFF) * weight
            }
            into[at] = packed(redBlue, green)
            at += step
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

    private fun end(into: IntArray, to: Int, step: Int) {
        for (column in redBlue.indices) into[to + column * step] = packed(redBlue[column], green[column])
    }

    private companion object {
        const val HALF = 1 shl (Taps.BITS - 1)
        const val HALF_PAIR = (HALF.toLong() shl 32) or HALF.toLong()
        const val BLACK = 0xFF shl 24

        fun stored(taps: Taps, size: Int, mirrored: Boolean): Taps = if (mirrored) taps.mirrored(size) else taps

        fun pair(pixel: Int): Long = ((pixel and 0xFF0000).toLong() shl 16) or (pixel and 0xFF).toLong()

        /** Blue may be negative, by weights that are, and has then borrowed one from red. */
        fun packed(redBlue: Long, green: Int): Int {
            val blue = redBlue.toInt()
            val red = ((redBlue - blue) shr 32).toInt()
            return BLACK or (byte(red) shl 16) or (byte(green) shl 8) or byte(blue)
        }

        fun byte(sum: Int): Int = (sum shr Taps.BITS).coerceIn(0, 255)
    }
}
