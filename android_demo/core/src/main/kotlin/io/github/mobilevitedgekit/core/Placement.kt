package io.github.mobilevitedgekit.core

/**
 * Where pixels go: the size after resizing, and the crop's top left corner in it, pixels.
 *
 * Negative corners are where zeros pad the crop.
 */
data class Placement(val width: Int, val height: Int, val left: Int, val top: Int) {
    companion object {
        /** Of an image of `width` x `height` pixels: resized, cropped around the centre. */
        fun of(width: Int, height: Int, preprocessing: Preprocessing): Placement {
            require(width > 0 && height > 0) { "an image must have pixels, not $width x $height" }
            val (wide, high) = when (val resize = preprocessing.resize) {
                is Resize.ShortestEdge -> {
                    val edge = resize.edge
                    val longest = (edge.toLong() * maxOf(width, height) / minOf(width, height).toDouble()).toInt()
                    if (width <= height) edge to longest else longest to edge
                }
                is Resize.BothSides -> resize.width to resize.height
                is Resize.Cover -> fitted(width, height, minOf(width / resize.width.toDouble(), height / resize.height.toDouble()))
                is Resize.Contain -> fitted(width, height, maxOf(width / resize.width.toDouble(), height / resize.height.toDouble()))
                Resize.None -> width to height
            }
            return Placement(
                wide,
                high,
                (wide - preprocessing.cropWidth).floorDiv(2),
                (high - preprocessing.cropHeight).floorDiv(2),
            )
        }

        /** Halves to even, as Python does; one pixel at least. */
        private fun fitted(width: Int, height: Int, ratio: Double) =
            maxOf(1, Math.rint(width / ratio).toInt()) to maxOf(1, Math.rint(height / ratio).toInt())
    }
}
