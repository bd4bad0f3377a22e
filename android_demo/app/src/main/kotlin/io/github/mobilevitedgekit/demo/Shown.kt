package io.github.mobilevitedgekit.demo

import android.graphics.Bitmap
import io.github.mobilevitedgekit.MobileViT
import io.github.mobilevitedgekit.Timed
import io.github.mobilevitedgekit.core.ClassMap
import io.github.mobilevitedgekit.core.LabelledValue
import io.github.mobilevitedgekit.core.Manifest
import io.github.mobilevitedgekit.core.Meaning
import io.github.mobilevitedgekit.core.Pixels
import io.github.mobilevitedgekit.core.Prediction
import io.github.mobilevitedgekit.core.Task
import io.github.mobilevitedgekit.core.classColors
import io.github.mobilevitedgekit.core.classLabels
import kotlin.math.sqrt

/** An answer as a screen shows it, of an upright image of `width` x `height` pixels. */
class Shown(
    val width: Int,
    val height: Int,
    val lines: List<Line>,
    val overlay: Overlay?,
    val features: FloatArray?,
    val preprocessingMs: Double,
    val inferenceMs: Double,
) {
    /** Of features: the vector's Euclidean length. */
    val length: Double get() = sqrt(features?.sumOf { it.toDouble() * it } ?: 0.0)
}

/** A label and, 0..1, how probable it is or how much of the crop it covers; else any number: a value that was asked for, or a logit. */
class Line(val label: String, val value: Double, val isShare: Boolean = true)

/** The class map in colours, and where it lies on the image. */
class Overlay(val bitmap: Bitmap, val classMap: ClassMap)

private const val ALPHA = 150 // of 255: the picture stays visible below

/** Makes overlays; the colours of one are made in the place of those before. */
class OverlayPainter {
    private var colors = IntArray(0)

    fun paint(map: ClassMap, palette: List<Int>): Overlay {
        if (colors.size != map.classes.size) colors = IntArray(map.classes.size)
        map.colors(palette, ALPHA, colors)
        return Overlay(Bitmap.createBitmap(colors, map.width, map.height, Bitmap.Config.ARGB_8888), map)
    }
}

/** The answer to an image, whatever the model's task is; painter: kept for many images. Not on the main thread. */
fun MobileViT.show(image: Pixels, painter: OverlayPainter = OverlayPainter()): Shown = when (manifest.task) {
    Task.CLASSIFICATION -> when (manifest.answer.meaning) {
        Meaning.SCORES -> present(image).shown(image, ::shares)
        Meaning.VALUES -> values(image).shown(image, ::numbers)
        Meaning.LOGITS -> logits(image).shown(image, ::numbers)
        else -> classify(image).shown(image, ::shares)
    }
    Task.FEATURES -> features(image).shown(image, features = { it })
    Task.SEGMENTATION ->
        segment(image).shown(image, { lines(it, manifest) }, { painter.paint(it, manifest.classColors) })
}

private fun shares(found: List<Prediction>): List<Line> = found.map { Line(it.label, it.probability) }

private fun numbers(found: List<LabelledValue>): List<Line> = found.map { Line(it.label, it.value, isShare = false) }

private fun lines(map: ClassMap, manifest: Manifest): List<Line> =
    map.shares.map { Line(manifest.classLabels[it.id], it.share) }

private fun <T> Timed<T>.shown(
    image: Pixels,
    lines: (T) -> List<Line> = { emptyList() },
    overlay: (T) -> Overlay? = { null },
    features: (T) -> FloatArray? = { null },
) = Shown(
    image.width, image.height, lines(answer), overlay(answer), features(answer), preprocessingMs, inferenceMs,
)
