package io.github.mobilevitedgekit

import android.content.res.AssetManager
import android.os.Looper
import io.github.mobilevitedgekit.core.ArgbImage
import io.github.mobilevitedgekit.core.ClassMap
import io.github.mobilevitedgekit.core.ColorOrder
import io.github.mobilevitedgekit.core.Dtype
import io.github.mobilevitedgekit.core.Elements
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
import io.github.mobilevitedgekit.core.values

/** An answer, and what it took: from pixels to the input tensor, and from there to the output tensors. */
data class Timed<T>(val answer: T, val preprocessingMs: Double, val inferenceMs: Double)

/**
 * An artifact of the kit, ready to answer.
 *
 * Methods may be called from any thread but the main one, and wait for their answer; all work happens on one thread of
 * the model's own, in the order of the calls. Buffers are reused. They throw [MobileViTException].
 *
 * loadMs: what checking, compiling for the accelerator and warming up took; compileMs: compiling alone.
 */
class MobileViT private constructor(
    val manifest: Manifest,
    private val worker: Worker,
    private val maySleep: () -> Boolean,
) : AutoCloseable {
    var loadMs = 0.0
        private set
    var compileMs = 0.0
        private set

    // What follows belongs to the worker's thread.
    private lateinit var engine: Engine
    private val spec = manifest.answer
    private val writer = supported { InputWriter(manifest.input) }
    // Of integers the numbers that they stand for; floats come in an array of their own.
    private val numbers = if (spec.dtype == Dtype.FLOAT32) null else FloatArray(spec.shape.fold(1, Int::times))
    private val preprocessing = manifest.preprocessing
    private val crop = IntArray(preprocessing.cropHeight * preprocessing.cropWidth)
    private var resampler: Resampler? = null

    /** The most probable classes, the most probable first. @throws MobileViTException.Unsupported for other answers. */
    fun classify(image: Pixels, count: Int = 5): Timed<List<Prediction>> =
        read(image) { manifest.predictions(it, count) }

    /** The labels of scores above `threshold`. @throws MobileViTException.Unsupported for other answers. */
    fun present(image: Pixels, threshold: Double = 0.5): Timed<List<Prediction>> =
        read(image) { manifest.present(it, threshold) }

    /** Regression's value for each label. @throws MobileViTException.Unsupported for other answers. */
    fun values(image: Pixels): Timed<List<LabelledValue>> = read(image) { manifest.values(it) }

    /** The largest logits, the largest first. @throws MobileViTException.Unsupported for other answers. */
    fun logits(image: Pixels, count: Int = 5): Timed<List<LabelledValue>> = read(image) { manifest.logits(it, count) }

    /** The class of each pixel of the crop. @throws MobileViTException.Unsupported for other answers. */
    fun segment(image: Pixels): Timed<ClassMap> = read(image) {
        val bounds = cropBounds(image.width, image.height, preprocessing)
        ClassMap(preprocessing.cropWidth, preprocessing.cropHeight, manifest.classes(it), bounds)
    }

    /** The image's feature vector. @throws MobileViTException.Unsupported for other answers. */
    fun features(image: Pixels): Timed<FloatArray> = read(image) { handedOut(manifest.features(it)) }

    /** The answer's numbers as they are, in the artifact's own layout; see [Manifest.answer] for what they mean. */
    fun answer(image: Pixels): Timed<FloatArray> = read(image, ::handedOut)

    /** The same for pixels that have been resized and cropped already. */
    fun answerToCrop(image: ArgbImage): Timed<FloatArray> {
        require(image.width == preprocessing.cropWidth && image.height == preprocessing.cropHeight) {
            "the crop must have the artifact's size, not ${image.width} x ${image.height}"
        }
        return timed({ image.argb.copyInto(crop) }, ::handedOut)
    }

    /** Frees the runtime after the calls that wait already; later ones find the model closed. Returns at once. */
    override fun close() = worker.finish { engine.close() }

    private fun <T> read(image: Pixels, answer: (FloatArray) -> T): Timed<T> = timed({ resampled(image) }, answer)

    private fun <T> timed(crop: () -> Unit, answer: (FloatArray) -> T): Timed<T> = waiting {
        val started = System.nanoTime()
        crop()
        writer.write(this.crop)
        val prepared = System.nanoTime()
        val elements = infer()
        val done = System.nanoTime()
        val found = supported { answer(readTensor(spec, elements, numbers)) }
        Timed(found, ms(prepared - started), ms(done - prepared))
    }

    private fun infer(): Elements = try {
        engine.run(writer.elements)
    } catch (error: Exception) {
        throw MobileViTException.InferenceFailed(error)
    }

    private fun resampled(image: Pixels) {
        val fitting = resampler?.takeIf { it.fits(image) } ?: supported {
            Resampler(image.width, image.height, preprocessing, image.rotation)
        }.also { resampler = it }
        fitting.resample(if (manifest.input.colorOrder == ColorOrder.L) GreyPixels(image) else image, crop)
    }

    /** An array that no later answer is written into. */
    private fun handedOut(values: FloatArray): FloatArray = if (values === numbers) values.copyOf() else values

    private fun <T> waiting(work: () -> T): T {
        check(maySleep()) { "MobileViT must not be called on the main thread" }
        return worker.run(work)
    }

    private fun start(make: () -> Engine, warmUp: Int) = waiting {
        val started = System.nanoTime()
        engine = make()
        compileMs = engine.compileMs
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
                checkArtifact(assets, path, manifest)
                LiteRtEngine(assets, path, manifest, accelerator)
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
