package io.github.mobilevitedgekit.core

import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue

class FilesTest {
    private val manifests = Case(Contract.read("contract/manifests.json"))

    private val valid = manifests.cases("valid").map { Manifest.parse(Json.write(it.members)) }

    @Test
    fun `valid manifests are read`() {
        val (classifier, segmenter) = valid
        assertEquals("0.2.0", classifier.kitVersion)
        assertEquals(Task.CLASSIFICATION, classifier.task)
        assertEquals(mapOf("quantize" to "int8-full", "calibration-samples" to "128"), classifier.options)
        assertEquals(List(3) { 1 / 255.0 }, classifier.input.scale)
        assertEquals(listOf("striped disc", "dotted ring", "checkered cross"), classifier.labels)
        assertEquals(Preprocessing(Resize.ShortestEdge(18), "bilinear", true, 16, 16), classifier.preprocessing)
        assertEquals(Quantization(0.00390625, 0), classifier.answer.quantization)
        val calibration = CalibrationFacts("rendered training scenes", 128, "c".repeat(64), "minmax")
        assertEquals(calibration, classifier.calibration)
        assertEquals(Meaning.CLASS_MAP, segmenter.answer.meaning)
        assertEquals(listOf(0xFF000000, 0xFF800000, 0xFF008000).map { it.toInt() }, segmenter.palette)
        assertEquals(null, segmenter.input.quantization)
    }

    @Test
    fun `each kind is found in one of them`() {
        val meanings = listOf(Meaning.PROBABILITIES, Meaning.SCORES, Meaning.VALUES, Meaning.LOGITS, Meaning.CLASS_MAP)
        assertEquals(meanings.toSet(), valid.map { it.answer.meaning }.toSet())
        val sides = listOf(Resize.BothSides(height = 16, width = 18), Resize.Cover(height = 16, width = 18))
        val ways = listOf(Resize.ShortestEdge(18)) + sides + Resize.None
        assertEquals(ways.toSet(), valid.map { it.preprocessing.resize }.toSet())
        assertTrue(valid.any { it.input.colorOrder == ColorOrder.L && it.input.offset == listOf(-1.0) })
        assertTrue(valid.any { it.artifact.format == "aimodel" })
    }

    @Test
    fun `each kind of invalid manifest is refused`() {
        for (case in manifests.cases("invalid")) {
            assertFailsWith<FormatException>(case.text("why")) { Manifest.parse(Json.write(case.members["manifest"])) }
        }
    }

    @Test
    fun `an error names the place`() {
        val whole = Json.write(manifests.cases("valid").first().members)
        fun says(text: String) = assertFailsWith<FormatException> { Manifest.parse(text) }.message
        assertEquals("input.gamma is unknown here", says(whole.replace("\"input\":{", "\"input\":{\"gamma\":1,")))
        assertEquals("labels.0 must be text", says(whole.replace("\"striped disc\"", "7")))
        assertEquals("artifact.bytes is missing", says(whole.replace("\"bytes\":1304234,", "")))
        assertEquals("preprocessing.resize_width is missing", says(whole.replace("\"resize_width\":null,", "")))
        val shape = "input.shape must have the 4 dimensions of a batch of images, not [16, 16, 3]"
        assertEquals(shape, says(whole.replace("[1,16,16,3]", "[16,16,3]")))
        val crop = "input.shape must be the crop's, 16 x 16, not [1, 16, 18, 3]"
        assertEquals(crop, says(whole.replace("[1,16,16,3]", "[1,16,18,3]")))
    }

    @Test
    fun `an older manifest says how to make a new one`() {
        val older = Json.write(manifests.cases("invalid").first { "schema" in it.text("why") }.members["manifest"])
        val says = "schema_version: this manifest is of schema 1, this version reads 2: convert the artifact again with"
        val found = assertFailsWith<FormatException> { Manifest.parse(older) }.message
        assertEquals("$says python -m converters.tflite", found)
    }

    @Test
    fun `a golden set judges answers by its bounds`() {
        val golden = GoldenSet.parse(Contract.text("contract/golden.json"))
        assertEquals(listOf("000", "001"), golden.pictures.map { it.name })
        assertContentEquals(floatArrayOf(0.25f, 0.5f, 0.25f), golden.pictures[0].answer)
        val right = golden.pictures.map { it.answer }
        assertTrue(golden.verdicts(right).all { it.passes })
        assertEquals(golden.bounds.keys, golden.verdicts(right).map { it.metric }.toSet())
        val wrong = right.map { answer -> answer.map { 1 - it }.toFloatArray() }
        assertFalse(golden.verdicts(wrong).any { it.passes })
        assertFailsWith<FormatException> { golden.verdicts(right.take(1)) }
    }

    @Test
    fun `a golden set with a wrong length, an unknown metric or no pictures is refused`() {
        val whole = Case(Contract.read("contract/golden.json")).members
        fun refused(change: Pair<String, Any?>) =
            assertFailsWith<FormatException>("$change") { GoldenSet.parse(Json.write(whole + change)) }
        refused("shape" to listOf(4))
        refused("bounds" to mapOf("beauty" to 1.0))
        refused("bounds" to mapOf("max_abs_error" to 0.9, "sqnr_db" to 16.0, "top1_agreement" to 0.5))
        refused("sha256" to "c".repeat(64))
        refused("schema_version" to 1)
        refused("pictures" to emptyList<Any>())
        refused("comment" to "")
    }

    @Test
    fun `device results are written as Python writes them`() {
        val golden = GoldenSet.parse(Contract.text("contract/golden.json"))
        val run = DeviceRun(
            artifact = golden.artifact,
            sha256 = golden.sha256,
            accelerator = "CPU",
            threads = 2,
            loadMs = 12.5,
            compileMs = 8.25,
            warmUp = 5,
            preprocessingMs = listOf(1.5, 1.25, 1.0),
            inferenceMs = listOf(4.0, 4.5, 4.25),
            waitMs = 2000.0,
            thermalStateBefore = "fair",
            thermalState = null,
            peakMib = 96.5,
            answers = listOf(DeviceAnswer("000", true, golden.encoded(golden.pictures[0].answer))),
        )
        val device = Device("Pixel 8", "Android 15", "MobileViT demo 1.0", "Google Tensor G3")
        val results = DeviceResults(device, "2026-01-31T12:00:00Z", listOf(run))
        assertEquals(Contract.read("contract/device_results.json"), Json.parse(results.toJson()))
    }
}
