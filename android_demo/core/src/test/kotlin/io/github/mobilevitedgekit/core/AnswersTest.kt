package io.github.mobilevitedgekit.core

import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertSame
import kotlin.test.assertFalse

class AnswersTest {
    @Test
    fun `the largest are NumPy's`() {
        for (case in Contract.cases("contract/answers.json")) {
            assertEquals(case.ints("top"), largest(5, case.floats("logits").map { it.toDouble() }.toDoubleArray()))
        }
    }

    @Test
    fun `class maps of coarse logits are PyTorch's`() {
        for (case in Contract.cases("contract/logits.json")) {
            val (maps, height, width) = listOf("maps", "map_height", "map_width").map(case::int)
            val logits = case.floats("logits")
            val last = FloatArray(logits.size) { logits[it % maps * height * width + it / maps] }
            for ((layout, values, shape) in listOf(
                Triple(Layout.NCHW, logits, listOf(maps, height, width)),
                Triple(Layout.NHWC, last, listOf(height, width, maps)),
            )) {
                val found = classMap(values, shape, layout, case.int("height"), case.int("width"))
                assertContentEquals(case.bytes("classes"), found, "$layout")
            }
        }
    }

    @Test
    fun `metrics are those of the harness`() {
        for (case in Contract.cases("contract/metrics.json")) {
            val vectors = listOf("expected", "answer").map { case.floats(it).images() }
            val maps = listOf("classes", "other_classes").map { name ->
                case.bytes(name).map { it.toFloat() }.toFloatArray().images()
            }
            for (metric in Metric.entries) {
                val (expected, answers) = if (metric == Metric.PIXEL_AGREEMENT) maps else vectors
                val value = case.case("metrics").double(metric.key)
                assertEquals(value, metric.measure(expected, answers), 1e-9, metric.key)
                assertEquals(case.case("higher_is_better").members[metric.key], metric.higherIsBetter)
            }
        }
    }

    @Test
    fun `an answer that is no number passes nothing`() {
        val expected = listOf(floatArrayOf(0.25f, 0.75f), floatArrayOf(0.5f, 0.5f))
        for (wrong in listOf(floatArrayOf(0.5f, Float.NaN), floatArrayOf(Float.NaN, 0.5f))) {
            for (metric in Metric.entries - Metric.PIXEL_AGREEMENT) {
                for (answers in listOf(listOf(wrong, expected[1]), listOf(expected[0], wrong))) {
                    val value = metric.measure(expected, answers)
                    assertFalse(metric.passes(value, if (metric.higherIsBetter) -1e9 else 1e9), "$metric $value")
                }
            }
        }
    }

    @Test
    fun `the first of equally probable classes counts`() {
        val (even, first) = listOf(floatArrayOf(0.5f, 0.5f)) to listOf(floatArrayOf(0.6f, 0.4f))
        assertEquals(1.0, Metric.TOP1_AGREEMENT.measure(even, first))
    }

    @Test
    fun `integers stand for numbers`() {
        for (case in Contract.cases("contract/quantization.json")) {
            val quantization = Quantization(case.double("scale"), case.int("zero_point"))
            val range = Dtype.valueOf(case.text("dtype").uppercase()).range!!
            val stored = case.doubles("values").map { quantization.quantize(it, range) }
            assertEquals(case.ints("stored"), stored)
            stored.map(quantization::dequantize).zip(case.doubles("restored")) { found, expected ->
                assertEquals(expected, found, 1e-12)
            }
        }
    }

    @Test
    fun `answers of another kind or number are refused by name`() {
        val (classifier, segmenter) = Contract.validManifests.map { Manifest.parse(Json.write(it.members)) }
        val best = listOf(Prediction(1, "dotted ring", 0.5), Prediction(0, "striped disc", 0.25))
        assertEquals(best, classifier.predictions(floatArrayOf(0.25f, 0.5f, 0.25f), 2))
        val refused = assertFailsWith<UnsupportedOperationException> { classifier.values(FloatArray(3)) }
        assertEquals("${classifier.artifact.file} answers with probabilities, which cannot be read so", refused.message)
        assertFailsWith<UnsupportedOperationException> { classifier.predictions(FloatArray(1), 1) }
        assertFailsWith<UnsupportedOperationException> { segmenter.predictions(FloatArray(256), 1) }
        assertFailsWith<UnsupportedOperationException> { segmenter.classes(FloatArray(4)) }
        assertFailsWith<UnsupportedOperationException> { classifier.classes(FloatArray(3)) }
        assertFailsWith<UnsupportedOperationException> { classifier.features(FloatArray(3)) }
    }

    @Test
    fun `class maps lie on the picture they were made for`() {
        for (case in Contract.cases("contract/class_maps.json")) {
            val (width, height) = case.int("width") to case.int("height")
            val steps = case.preprocessing()
            val bounds = cropBounds(width, height, steps)
            val map = ClassMap(steps.cropWidth, steps.cropHeight, case.bytes("class_map"), bounds)
            val onSource = map.onSource(width, height, steps)
            assertEquals(case.ints("on_source"), onSource.toList())
            for (pixel in onSource.indices) { // what an app draws into the bounds covers the same pixels
                val (x, y) = pixel % width + 0.5 to pixel / width + 0.5
                val inside = x >= bounds.left && x < bounds.right && y >= bounds.top && y < bounds.bottom
                assertEquals(onSource[pixel] >= 0, inside, "($x, $y)")
            }
        }
    }

    @Test
    fun `a class map's background is transparent and does not count`() {
        val map = ClassMap(2, 2, byteArrayOf(0, 2, 1, 2), Bounds(0.0, 0.0, 2.0, 2.0))
        val palette = listOf(0xFF000000.toInt(), 0xFF800000.toInt(), 0xFF008000.toInt())
        val kept = IntArray(4) { -1 }
        assertSame(kept, map.colors(palette, 127, kept))
        for (colors in listOf(kept, map.colors(palette, 127))) {
            assertContentEquals(intArrayOf(0, 0x7F008000, 0x7F800000, 0x7F008000), colors)
        }
        assertEquals(listOf(Share(2, 0.5), Share(1, 0.25)), map.shares)
    }

    @Test
    fun `percentiles are NumPy's`() {
        for (case in Contract.cases("contract/statistics.json")) {
            for (percent in listOf(50, 90, 99)) {
                assertEquals(case.double("p$percent"), percentile(case.doubles("times"), percent.toDouble()), 1e-12)
            }
        }
        assertFailsWith<IllegalArgumentException> { percentile(emptyList(), 50.0) }
    }

    @Test
    fun `tensors hold pixels and answers by their types`() {
        val crop = intArrayOf(0xFF0A141E.toInt(), 0xFFFF0080.toInt())
        val one = Contract.manifest().input.copy(shape = listOf(1, 1, 2, 3))
        fun spec(dtype: Dtype, quantization: Quantization?) = one.copy(dtype = dtype, quantization = quantization)
        fun written(spec: InputSpec) = InputWriter(spec).apply { write(crop) }.elements
        fun read(dtype: Dtype, spec: InputSpec, quantization: Quantization?) =
            readTensor(OutputSpec("", "tensor", spec.shape, dtype, Meaning.FEATURES, null, quantization), written(spec))
        val pixels = floatArrayOf(10f, 20f, 30f, 255f, 0f, 128f)
        assertContentEquals(pixels, read(Dtype.FLOAT32, spec(Dtype.FLOAT32, null), null))
        assertContentEquals(pixels, read(Dtype.UINT8, spec(Dtype.UINT8, null), null))
        val shifted = Quantization(1.0, -128)
        assertContentEquals(pixels, read(Dtype.INT8, spec(Dtype.INT8, shifted), shifted))
        val classes = OutputSpec("", "tensor", listOf(1, 2), Dtype.INT32, Meaning.CLASS_MAP, null, null)
        val room = FloatArray(2)
        assertSame(room, readTensor(classes, Elements.Ints(intArrayOf(3, 20)), room))
        assertContentEquals(floatArrayOf(3f, 20f), room)
        val others = listOf(Elements.Ints(IntArray(3)), Elements.Bytes(ByteArray(2)), Elements.Floats(FloatArray(2)))
        for (other in others) assertFailsWith<UnsupportedOperationException> { readTensor(classes, other) }
    }

    @Test
    fun `inputs that are not built in are refused by name`() {
        val whole = Contract.manifest().input
        fun says(input: InputSpec) = assertFailsWith<UnsupportedOperationException> { InputWriter(input) }.message
        val batch = says(whole.copy(shape = listOf(4, 16, 16, 3)))
        assertEquals("input image is a batch of 4 images, which is not built in", batch)
        assertEquals("input image is an image, which is not built in", says(whole.copy(kind = "image")))
        says(whole.copy(layout = Layout.NCHW))
        says(whole.copy(maximum = 1.0))
    }

    private fun FloatArray.images() = toList().chunked(size / 4) { it.toFloatArray() }
}
