package io.github.mobilevitedgekit.core

/** A class for each pixel of a crop, [height, width] row by row, and where the crop lies on the upright image. */
class Mask(val width: Int, val height: Int, val classes: ByteArray, val bounds: Bounds) {
    init {
        require(classes.size == width * height) { "${classes.size} classes are not $width x $height" }
    }

    /** The colour of each pixel, ARGB; of class 0, the background, transparent. `alpha`: 0..255. */
    fun colors(palette: List<Int>, alpha: Int): IntArray {
        val colors = IntArray(palette.size) { if (it == 0) 0 else palette[it] and 0xFFFFFF or (alpha shl 24) }
        return IntArray(classes.size) { colors[classes[it].toInt() and 0xFF] }
    }

    /** The share of each class that occurs, the largest first, the background left out. */
    fun shares(labels: List<String>): List<Score> {
        val counts = IntArray(labels.size)
        for (each in classes) counts[each.toInt() and 0xFF]++
        return counts.indices.filter { it > 0 && counts[it] > 0 }.sortedByDescending { counts[it] }
            .map { Score(labels[it], counts[it].toFloat() / classes.size) }
    }
}

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

/**
 * The class of each pixel of the image of `width` x `height` that a crop was cut out of, -1 outside of the crop.
 *
 * A pixel has the class of the crop's pixel that its centre falls into.
 */
fun onSource(mask: ByteArray, width: Int, height: Int, preprocessing: Preprocessing): IntArray {
    val at = Placement.of(width, height, preprocessing)
    val columns = IntArray(width) { ((it + 0.5) * at.width / width).toInt() - at.left }
    val rows = IntArray(height) { ((it + 0.5) * at.height / height).toInt() - at.top }
    return IntArray(width * height) {
        val column = columns[it % width]
        val row = rows[it / width]
        val inside = row in 0 until preprocessing.cropHeight && column in 0 until preprocessing.cropWidth
        if (inside) mask[row * preprocessing.cropWidth + column].toInt() and 0xFF else -1
    }
}
