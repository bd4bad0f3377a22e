package io.github.mobilevitedgekit.core

/** An image of which rows can be had, top first, each pixel as ARGB; alpha does not count. */
interface Pixels {
    val width: Int
    val height: Int

    /** Writes the pixels of row `y` from column `from` up to `to`, not included, into the same places of `row`. */
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
