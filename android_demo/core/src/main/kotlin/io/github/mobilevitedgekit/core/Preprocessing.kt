package io.github.mobilevitedgekit.core

/** The app's half: resize, then crop the centre, with zeros around an image that is smaller than the crop. */
data class Preprocessing(
    val resize: Resize,
    val interpolation: String,
    val antialias: Boolean,
    val cropHeight: Int,
    val cropWidth: Int,
)

/** How an image is resized, to pixels. */
sealed interface Resize {
    /** In proportion, so that its shortest edge has so many. */
    data class ShortestEdge(val edge: Int) : Resize

    /** Out of proportion, so that its sides have so many. */
    data class BothSides(val height: Int, val width: Int) : Resize

    /** In proportion, so that it just covers so many. */
    data class Cover(val height: Int, val width: Int) : Resize

    /** In proportion, so that it lies just within so many. */
    data class Contain(val height: Int, val width: Int) : Resize

    /** Not at all. */
    data object None : Resize
}

internal fun Fields.preprocessing() = Preprocessing(
    resize = resize(),
    interpolation = word("interpolation", "nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"),
    antialias = boolean("antialias"),
    cropHeight = positive("crop_height"),
    cropWidth = positive("crop_width"),
)

/** What does not belong to the way of resizing is null. */
private fun Fields.resize(): Resize {
    val way = word("resize", "shortest_edge", "both_sides", "cover", "contain", "none")
    val edge = orNull("resize_shortest_edge") { positive(it) }
    val height = orNull("resize_height") { positive(it) }
    val width = orNull("resize_width") { positive(it) }
    val given = listOfNotNull(edge, height, width).size
    return when {
        way == "shortest_edge" && given == 1 && edge != null -> Resize.ShortestEdge(edge)
        given == 2 && height != null && width != null -> when (way) {
            "both_sides" -> Resize.BothSides(height, width)
            "cover" -> Resize.Cover(height, width)
            "contain" -> Resize.Contain(height, width)
            else -> wrong("resize", "$way does not go with the pixels given")
        }
        way == "none" && given == 0 -> Resize.None
        else -> wrong("resize", "$way does not go with the pixels given")
    }
}
