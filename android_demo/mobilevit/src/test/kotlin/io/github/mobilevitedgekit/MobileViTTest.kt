package io.github.mobilevitedgekit

import io.github.mobilevitedgekit.core.ArgbImage
import io.github.mobilevitedgekit.core.Elements
import io.github.mobilevitedgekit.core.Json
import io.github.mobilevitedgekit.core.Layout
import io.github.mobilevitedgekit.core.Manifest
import io.github.mobilevitedgekit.core.Meaning
import io.github.mobilevitedgekit.core.Prediction
import io.github.mobilevitedgekit.core.Quantization
import io.github.mobilevitedgekit.core.Task
import java.io.File
import java.util.Collections
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotEquals
import kotlin.test.assertSame
import kotlin.test.assertTrue

/** The model around an engine that answers what the test says: no LiteRT runs here. */
class MobileViTTest {
    private val folder = File(checkNotNull(System.getProperty("mobilevit.fixtures")) { "-Dmobilevit.fixtures=FOLDER" })

    @Suppress("UNCHECKED_CAST")
    private val manifests = (Json.parse(folder.resolve("contract/manifests.json").readText()) as Map<String, Any?>)
        .getValue("valid").let { it as List<Any?> }.map { Manifest.parse(Json.write(it)) }
    private val classifier = manifests.first { it.answer.meaning == Meaning.PROBABILITIES }
    private val height = classifier.preprocessing.cropHeight
    private val width = classifier.preprocessing.cropWidth
    private val crop = ArgbImage(width, height, IntArray(width * height) { it })
    private val photograph = ArgbImage(40, 30, IntArray(40 * 30) { it * 7919 })

    /** Remembers its thread and what it was given, and answers `answer`. */
    private class Fake(val answer: ByteArray, val before: (ByteArray) -> Unit = {}) : Engine {
        val threads: MutableSet<Thread> = Collections.synchronizedSet(mutableSetOf(Thread.currentThread()))
        val buffers: MutableSet<Int> = Collections.synchronizedSet(mutableSetOf())
        var runs = 0
        @Volatile var closed = 0

        override val compileMs = 7.0

        override fun run(input: Elements): Elements {
            val bytes = (input as Elements.Bytes).values
            threads += Thread.currentThread()
            buffers += System.identityHashCode(bytes)
            runs++
            before(bytes)
            return Elements.Bytes(answer)
        }

        override fun close() {
            threads += Thread.currentThread()
            closed++
        }
    }

    private fun model(manifest: Manifest = classifier, warmUp: Int = 0, make: () -> Engine): MobileViT =
        MobileViT.load(manifest, warmUp, { true }, make)

    @Test
    fun `everything happens on one thread of the model's own, in the same buffers`() {
        lateinit var fake: Fake
        val model = model(warmUp = 2) { Fake(byteArrayOf(64, 0, 128.toByte())).also { fake = it } }
        assertEquals(2, fake.runs)
        assertTrue(model.loadMs >= 0)
        assertEquals(7.0, model.compileMs)
        List(4) { thread { repeat(5) { model.classify(photograph) } } }.forEach { it.join() }
        model.close()
        fake.threads.first().join(5000)
        assertEquals(22 to 1, fake.runs to fake.closed)
        assertEquals(1, fake.threads.size)
        assertNotEquals(Thread.currentThread(), fake.threads.single())
        assertEquals(1, fake.buffers.size)
    }

    @Test
    fun `answers are read by the manifest`() {
        model { Fake(byteArrayOf(64, 0, 128.toByte())) }.use { model ->
            val timed = model.classify(photograph, 2)
            val best = listOf(Prediction(2, "checkered cross", 0.5), Prediction(0, "striped disc", 0.25))
            assertEquals(best, timed.answer)
            assertTrue(timed.preprocessingMs >= 0 && timed.inferenceMs >= 0)
            assertContentEquals(floatArrayOf(0.25f, 0f, 0.5f), model.answer(photograph).answer)
            assertFailsWith<MobileViTException.Unsupported> { model.segment(photograph) }
            assertFailsWith<MobileViTException.Unsupported> { model.features(photograph) }
        }
    }

    @Test
    fun `a crop goes in as it is, and a photograph resized`() {
        val seen = mutableListOf<List<Int>>()
        val look = { input: ByteArray -> seen += input.map { it.toInt() and 0xFF } }
        model { Fake(ByteArray(3), look) }.use { model ->
            model.answerToCrop(crop)
            val channels = crop.argb.flatMap { listOf(it shr 16 and 0xFF, it shr 8 and 0xFF, it and 0xFF) }
            assertEquals(channels, seen.single())
            model.answer(crop)
            assertNotEquals(seen[0], seen[1])
            assertFailsWith<IllegalArgumentException> { model.answerToCrop(photograph) }
        }
    }

    @Test
    fun `segmentation from classes and from logits`() {
        val shape = listOf(1, height, width)
        val map = classifier.answer.copy(shape = shape, meaning = Meaning.CLASS_MAP, quantization = null)
        val classes = ByteArray(height * width) { (it % 3).toByte() }
        val segmenter = classifier.copy(task = Task.SEGMENTATION)
        model(segmenter.copy(outputs = listOf(map))) { Fake(classes) }.use {
            val found = it.segment(photograph).answer
            assertContentEquals(classes, found.classes)
            assertEquals(40.0 * 4 / 24, found.bounds.left, 1e-9)
        }
        val one = Quantization(1.0, 0)
        val coarse = listOf(1, 1, 1, 3)
        val logits = map.copy(shape = coarse, meaning = Meaning.LOGITS, layout = Layout.NHWC, quantization = one)
        model(segmenter.copy(outputs = listOf(logits))) { Fake(byteArrayOf(1, 9, 3)) }.use {
            assertContentEquals(ByteArray(height * width) { 1 }, it.segment(photograph).answer.classes)
        }
    }

    @Test
    fun `an answer that was handed out stays as it is`() {
        val bytes = byteArrayOf(64, 0, 128.toByte())
        model { Fake(bytes) { bytes[1]++ } }.use { model ->
            val first = model.answer(photograph).answer
            val before = first.copyOf()
            assertNotEquals(before.toList(), model.answer(photograph).answer.toList())
            assertContentEquals(before, first)
        }
    }

    @Test
    fun `errors keep their kind, and nothing else is tried`() {
        var tries = 0
        val refusal = MobileViTException.AcceleratorUnavailable(Accelerator.Gpu(), "no GPU")
        val found = assertFailsWith<MobileViTException.AcceleratorUnavailable> { model { tries++; throw refusal } }
        assertSame(refusal, found)
        assertEquals(1, tries)
        val broken = Fake(ByteArray(3)) { throw Exception("broken") }
        assertFailsWith<MobileViTException.InferenceFailed> { model(warmUp = 1) { broken } }
        assertEquals(1, broken.closed)
        model { broken }.use { assertFailsWith<MobileViTException.InferenceFailed> { it.classify(photograph) } }
        val nearest = classifier.preprocessing.copy(interpolation = "nearest")
        model(classifier.copy(preprocessing = nearest)) { Fake(ByteArray(3)) }.use {
            assertFailsWith<MobileViTException.Unsupported> { it.classify(photograph) }
        }
    }

    @Test
    fun `a batch of several images is refused by name before anything is loaded`() {
        val batch = manifests.first { it.input.batch == 4 }
        val refusal = assertFailsWith<MobileViTException.Unsupported> { model(batch) { error("loaded") } }
        assertEquals("input image is a batch of 4 images, which is not built in", refusal.message)
    }

    @Test
    fun `a file of other bytes is not the manifest's`() {
        val bytes = "abc".toByteArray()
        val sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-4's own example
        val manifest = classifier.copy(artifact = classifier.artifact.copy(sha256 = sha256))
        checkBytes(bytes.inputStream(), "m.tflite", manifest)
        assertFailsWith<MobileViTException.Mismatch> { checkBytes(bytes.inputStream(0, 2), "m.tflite", manifest) }
        assertFailsWith<MobileViTException.Mismatch> { checkBytes(bytes.inputStream(), "m.tflite", classifier) }
    }

    @Test
    fun `a closed model says so, and closing lets a running call end`() {
        val (entered, leave) = CountDownLatch(1) to CountDownLatch(1)
        val fake = Fake(ByteArray(3)) {
            entered.countDown()
            assertTrue(leave.await(5, TimeUnit.SECONDS))
        }
        val model = model { fake }
        val running = thread { model.classify(photograph) }
        entered.await()
        model.close()
        model.close()
        assertEquals(0, fake.closed)
        leave.countDown()
        running.join()
        assertFailsWith<MobileViTException.Closed> { model.classify(photograph) }
        fake.threads.first().join(5000)
        assertEquals(1, fake.closed)
    }

    @Test
    fun `the main thread may not wait`() {
        assertFailsWith<IllegalStateException> { MobileViT.load(classifier, 0, { false }) { Fake(ByteArray(3)) } }
    }

    @Test
    fun `other types of tensors are written and read too`() {
        val half = Quantization(0.5, 10)
        val output = classifier.answer.copy(quantization = half)
        model(classifier.copy(outputs = listOf(output))) { Fake(byteArrayOf(10, 12, 14)) }.use {
            assertContentEquals(floatArrayOf(0f, 1f, 2f), it.answer(photograph).answer)
        }
    }
}
