package io.github.mobilevitedgekit.core

/** A class for each pixel of a crop, [height, width] row by row, and where the crop lies on the upright image. */
class ClassMap(val width: Int, val height: Int, val classes: ByteArray, val bounds: Bounds) {
    init {
        require(classes.size == width * height) { "${classes.size} classes are not $width x $height" }
    }

    /**
     * The colour of each pixel, ARGB; of class 0, the background, transparent. `alpha`: 0..255; `into`: what is filled
     * and returned, of the map's size.
     */
    fun colors(palette: List<Int>, alpha: Int, into: IntArray = IntArray(classes.size)): IntArray {
        require(into.size == classes.size) { "${into.size} colours are not ${classes.size}" }
        val colors = IntArray(palette.size) { if (it == 0) 0 else palette[it] and 0xFFFFFF or (alpha shl 24) }
        for (at in into.indices) into[at] = colors[classes[at].toInt() and 0xFF]
        return into
    }

    /** The share of the crop of each class that occurs, the largest first, the background left out. */
    val shares: List<Share>
        get() {
            val counts = IntArray(256)
            for (each in classes) counts[each.toInt() and 0xFF]++
            return counts.indices.filter { it > 0 && counts[it] > 0 }.sortedByDescending { counts[it] }
                .map { Share(it, counts[it] / classes.size.toDouble()) }
        }

    /**
     * The class of each pixel of the image of `width` x `height` that the crop was cut out of, -1 outside of the crop.
     *
     * A pixel has the class of the crop's pixel that its centre falls into.
     */
    fun onSource(width: Int, height: Int, preprocessing: Preprocessing): IntArray {
        val at = Placement.of(width, height, preprocessing)
        val columns = IntArray(width) { ((it + 0.5) * at.width / width).toInt() - at.left }
        val rows = IntArray(height) { ((it + 0.5) * at.height / height).toInt() - at.top }
        return IntArray(width * height) {
            val column = columns[it % width]
            val row = rows[it / width]
            val inside = row in 0 until this.height && column in 0 until this.width
            if (inside) classes[row * this.width + column].toInt() and 0xFF else -1
        }
    }
}

/** How much of a crop a class covers, 0..1. */
data class Share(val id: Int, val share: Double)

/** A rectangle on an image, pixels; it may reach beyond. */
data class Bounds(val left: Double, val top: Double, val right: Double, val bottom: Double)

/** Where the crop lies on the image that it was cut out of, before any resizing. */
fun cropBounds(width: Int, height: Int, preprocessing: Preprocessing): Bounds {
    val at = Placement.of(width, height, preprocessing)
    val across = width.toDouble() / at.width
    val down = height.toDouble() / at.height
    return Bounds(
        at.left * across,
        at.top * down,
        (at.left + preprocessing.cropWidth) * across,
        (at.top + preprocessing.cropHeight) * down,
    )
}
