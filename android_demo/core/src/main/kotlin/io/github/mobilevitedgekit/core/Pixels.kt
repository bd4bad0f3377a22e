package io.github.mobilevitedgekit.core

/**
 * An image of which rows can be had, each pixel as ARGB; alpha does not count.
 *
 * `width` and `height` are those of the upright image. Rows are had as they are stored: `rotation` degrees clockwise,
 * 0, 90, 180 or 270, turn them upright.
 */
interface Pixels {
    val width: Int
    val height: Int
    val rotation: Int get() = 0

    /** Writes stored row `y` from column `from` up to `to`, not included, into the same places of `row`. */
    fun readRow(y: Int, from: Int, to: Int, row: IntArray)
}

/** An image as an array, row by row. */
class ArgbImage(override val width: Int, override val height: Int, val argb: IntArray) : Pixels {
    init {
        require(argb.size == width * height) { "${argb.size} pixels are not $width x $height" }
    }

    override fun readRow(y: Int, from: Int, to: Int, row: IntArray) {
        argb.copyInto(row, from, y * width + from, y * width + to)
    }
}

internal fun requireQuarters(rotation: Int) {
    require(rotation % 90 == 0 && rotation in 0..270) { "rotation must be 0, 90, 180 or 270 degrees, not $rotation" }
}
