package io.github.mobilevitedgekit

import android.content.res.AssetManager
import android.os.Looper
import io.github.mobilevitedgekit.core.ArgbImage
import io.github.mobilevitedgekit.core.ClassMap
import io.github.mobilevitedgekit.core.ColorOrder
import io.github.mobilevitedgekit.core.GreyPixels
import io.github.mobilevitedgekit.core.InputWriter
import io.github.mobilevitedgekit.core.LabelledValue
import io.github.mobilevitedgekit.core.Manifest
import io.github.mobilevitedgekit.core.Pixels
import io.github.mobilevitedgekit.core.Prediction
import io.github.mobilevitedgekit.core.Resampler
import io.github.mobilevitedgekit.core.classes
import io.github.mobilevitedgekit.core.cropBounds
import io.github.mobilevitedgekit.core.features
import io.github.mobilevitedgekit.core.logits
import io.github.mobilevitedgekit.core.predictions
import io.github.mobilevitedgekit.core.present
import io.github.mobilevitedgekit.core.readTensor
import io.github.mobilevitedgekit.core.tensorBuffer
import io.github.mobilevitedgekit.core.values

/** An answer, and what it took: from pixels to the input tensor, and from there to the output tensors. */
data class Timed<T>(val answer: T, val preprocessingMs: Double, val inferenceMs: Double)

/**
 * An artifact of the kit, ready to answer.
 *
 * Methods may be called from any thread but the main one, and wait for their answer; all work happens on one thread of
 * the model's own, in the order of the calls. Buffers are reused. They throw [MobileViTException].
 *
 * loadMs: what mapping, checking, preparing the accelerator and warming up took.
 */
class MobileViT private constructor(
    val manifest: Manifest,
    private val worker: Worker,
    private val maySleep: () -> Boolean,
) : AutoCloseable {
    var loadMs = 0.0
        private set

    // What follows belongs to the worker's thread.
    private lateinit var engine: Engine
    private val spec = manifest.answer
    private val writer = supported { InputWriter(manifest.input) }
    private val input = tensorBuffer(manifest.input.shape, manifest.input.dtype)
    private val outputs = manifest.outputs.associate { it.name to tensorBuffer(it.shape, it.dtype) }
    private val preprocessing = manifest.preprocessing
    private val crop = IntArray(preprocessing.cropHeight * preprocessing.cropWidth)
    private var resampler: Resampler? = null

    /** The most probable classes, the most probable first. @throws MobileViTException.Unsupported for other answers. */
    fun classify(image: Pixels, count: Int = 5): Timed<List<Prediction>> =
        answer(image).map { manifest.predictions(it, count) }

    /** The labels of scores above `threshold`. @throws MobileViTException.Unsupported for other answers. */
    fun present(image: Pixels, threshold: Double = 0.5): Timed<List<Prediction>> =
        answer(image).map { manifest.present(it, threshold) }

    /** Regression's value for each label. @throws MobileViTException.Unsupported for other answers. */
    fun values(image: Pixels): Timed<List<LabelledValue>> = answer(image).map { manifest.values(it) }

    /** The largest logits, the largest first. @throws MobileViTException.Unsupported for other answers. */
    fun logits(image: Pixels, count: Int = 5): Timed<List<LabelledValue>> =
        answer(image).map { manifest.logits(it, count) }

    /** The class of each pixel of the crop. @throws MobileViTException.Unsupported for other answers. */
    fun segment(image: Pixels): Timed<ClassMap> = answer(image).map {
        val bounds = cropBounds(image.width, image.height, preprocessing)
        ClassMap(preprocessing.cropWidth, preprocessing.cropHeight, manifest.classes(it), bounds)
    }

    /** The image's feature vector. @throws MobileViTException.Unsupported for other answers. */
    fun features(image: Pixels): Timed<FloatArray> = answer(image).map { manifest.features(it) }

    /** The answer's numbers as they are, in the artifact's own layout; see [Manifest.answer] for what they mean. */
    fun answer(image: Pixels): Timed<FloatArray> = timed { resampled(image) }

    /** The same for pixels that have been resized and cropped already. */
    fun answerToCrop(image: ArgbImage): Timed<FloatArray> {
        require(image.width == preprocessing.cropWidth && image.height == preprocessing.cropHeight) {
            "the crop must have the artifact's size, not ${image.width} x ${image.height}"
        }
        return timed { image.argb.copyInto(crop) }
    }

    /** Frees the runtime after the calls that wait already; later ones find the model closed. Returns at once. */
    override fun close() = worker.finish { engine.close() }

    private fun timed(crop: () -> Unit): Timed<FloatArray> = waiting {
        val started = System.nanoTime()
        crop()
        writer.write(this.crop, input)
        val prepared = System.nanoTime()
        infer()
        val done = System.nanoTime()
        Timed(supported { readTensor(spec, outputs.getValue(spec.name)) }, ms(prepared - started), ms(done - prepared))
    }

    private fun infer() {
        input.rewind()
        outputs.values.forEach { it.rewind() }
        try {
            engine.run(input, outputs)
        } catch (error: RuntimeException) {
            throw MobileViTException.InferenceFailed(error)
        }
    }

    private fun resampled(image: Pixels) {
        val fitting = resampler?.takeIf { it.width == image.width && it.height == image.height }
            ?: supported { Resampler(image.width, image.height, preprocessing) }.also { resampler = it }
        fitting.resample(if (manifest.input.colorOrder == ColorOrder.L) GreyPixels(image) else image, crop)
    }

    private fun <T> Timed<FloatArray>.map(read: (FloatArray) -> T): Timed<T> =
        Timed(supported { read(answer) }, preprocessingMs, inferenceMs)

    private fun <T> waiting(work: () -> T): T {
        check(maySleep()) { "MobileViT must not be called on the main thread" }
        return worker.run(work)
    }

    private fun start(make: () -> Engine, warmUp: Int) = waiting {
        val started = System.nanoTime()
        engine = make()
        try {
            repeat(warmUp) { infer() }
        } catch (error: MobileViTException) {
            engine.close()
            throw error
        }
        loadMs = ms(System.nanoTime() - started)
    }

    companion object {
        /**
         * Loads the artifact at `path` among the assets, with its manifest beside it, and runs it `warmUp` times: the
         * first runs are slow. Not on the main thread.
         */
        fun load(
            assets: AssetManager,
            path: String,
            accelerator: Accelerator = Accelerator.Cpu(),
            warmUp: Int = 2,
        ): MobileViT {
            val manifest = readManifest(assets, path)
            val notMain = { Looper.myLooper() != Looper.getMainLooper() }
            return load(manifest, warmUp, notMain) {
                LiteRtEngine(mapped(assets, path, manifest), manifest, accelerator)
            }
        }

        internal fun load(manifest: Manifest, warmUp: Int, maySleep: () -> Boolean, make: () -> Engine): MobileViT {
            val worker = Worker("MobileViT ${manifest.artifact.file}")
            try {
                return MobileViT(manifest, worker, maySleep).apply { start(make, warmUp) }
            } catch (error: Throwable) {
                worker.finish {}
                throw error
            }
        }

        private fun ms(nanoseconds: Long) = nanoseconds / 1e6

        private fun <T> supported(work: () -> T): T = try {
            work()
        } catch (error: UnsupportedOperationException) {
            throw MobileViTException.Unsupported(error.message ?: "unsupported", error)
        }
    }
}
