package io.github.mobilevitedgekit.demo

import android.graphics.Bitmap
import io.github.mobilevitedgekit.MobileViT
import io.github.mobilevitedgekit.Timed
import io.github.mobilevitedgekit.core.Mask
import io.github.mobilevitedgekit.core.Pixels
import io.github.mobilevitedgekit.core.Score
import io.github.mobilevitedgekit.core.Task
import kotlin.math.sqrt

/** An answer as a screen shows it, of an upright image of `width` x `height` pixels. */
class Shown(
    val width: Int,
    val height: Int,
    val scores: List<Score>,
    val overlay: Overlay?,
    val features: FloatArray?,
    val preprocessingMs: Double,
    val inferenceMs: Double,
) {
    /** Of features: the vector's Euclidean length. */
    val length: Double get() = sqrt(features?.sumOf { it.toDouble() * it } ?: 0.0)
}

/** The mask in colours, and where it lies on the image. */
class Overlay(val bitmap: Bitmap, val mask: Mask)

private const val ALPHA = 150 // of 255: the picture stays visible below

/** The answer to an image, whatever the model's task is. Not on the main thread. */
fun MobileViT.show(image: Pixels): Shown = when (manifest.task) {
    Task.CLASSIFICATION -> classify(image).shown(image, scores = { it })
    Task.FEATURES -> features(image).shown(image, features = { it })
    Task.SEGMENTATION -> segment(image).shown(image, { it.shares(manifest.labels) }, { overlay(it, manifest.palette) })
}

private fun overlay(mask: Mask, palette: List<Int>): Overlay {
    val colors = mask.colors(palette, ALPHA)
    return Overlay(Bitmap.createBitmap(colors, mask.width, mask.height, Bitmap.Config.ARGB_8888), mask)
}

private fun <T> Timed<T>.shown(
    image: Pixels,
    scores: (T) -> List<Score> = { emptyList() },
    overlay: (T) -> Overlay? = { null },
    features: (T) -> FloatArray? = { null },
) = Shown(
    image.width, image.height, scores(answer), overlay(answer), features(answer), preprocessingMs, inferenceMs,
)
