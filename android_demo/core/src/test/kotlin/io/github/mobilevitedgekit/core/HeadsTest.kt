package io.github.mobilevitedgekit.core

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

/** What is read of each kind of head. */
class HeadsTest {
    @Test
    fun `scores above the threshold are there, whatever the others are`() {
        for (case in Contract.cases("contract/answers.json")) {
            val scores = case.floats("scores")
            val found = classifier(Meaning.SCORES, scores.size).present(scores)
            assertEquals(case.ints("present"), found.map { it.id })
            assertEquals(case.ints("present").map { scores[it].toDouble() }, found.map { it.probability })
        }
        val three = classifier(Meaning.SCORES, 3)
        val scores = floatArrayOf(0.75f, 0.5f, 0.875f)
        assertEquals(listOf("label 2", "label 0"), three.present(scores).map { it.label })
        assertEquals(listOf("label 2"), three.present(scores, 0.8).map { it.label })
        assertEquals(emptyList(), three.present(FloatArray(3)))
        refused { classifier(Meaning.PROBABILITIES, 3).present(scores) }
    }

    @Test
    fun `logits stay as they are, the largest first`() {
        for (case in Contract.cases("contract/answers.json")) {
            val logits = case.floats("logits")
            val found = classifier(Meaning.LOGITS, logits.size).logits(logits, 5)
            assertEquals(case.ints("top"), found.map { it.id })
            assertEquals(case.ints("top").map { logits[it].toDouble() }, found.map { it.value })
        }
        refused { classifier(Meaning.LOGITS, 2).predictions(FloatArray(2), 1) }
        refused { classifier(Meaning.LOGITS, 2).present(FloatArray(2)) }
    }

    @Test
    fun `values are named by their labels`() {
        val manifest = classifier(Meaning.VALUES, 2)
        val expected = listOf(LabelledValue(0, "label 0", -3.5), LabelledValue(1, "label 1", 40.0))
        assertEquals(expected, manifest.values(floatArrayOf(-3.5f, 40f)))
        assertEquals(listOf(40.0), classifier(Meaning.VALUES, 1).values(floatArrayOf(40f)).map { it.value })
        refused { manifest.values(FloatArray(1)) }
        refused { manifest.predictions(FloatArray(2), 1) }
        refused { manifest.present(FloatArray(2)) }
        refused { classifier(Meaning.SCORES, 2).values(FloatArray(2)) }
    }

    @Test
    fun `a class alone is told from all else`() {
        for (case in Contract.cases("contract/logits.json").filter { it.int("maps") == 1 }) {
            val sides = listOf(case.int("map_height"), case.int("map_width"))
            for ((layout, shape) in listOf(Layout.NCHW to listOf(1) + sides, Layout.NHWC to sides + 1)) {
                val found = classMap(case.floats("logits"), shape, layout, case.int("height"), case.int("width"))
                assertEquals(case.bytes("classes").toList(), found.toList())
                assertEquals(setOf<Byte>(0, 1), found.toSet())
            }
        }
    }

    /** The artifact answers 0 or 1 for each pixel, or the logit of the class at coarse places. */
    @Test
    fun `a class alone is named and painted`() {
        val alone = Contract.validManifests.map { Manifest.parse(Json.write(it.members)) }
            .filter { it.task == Task.SEGMENTATION && it.labels.size == 1 }
        assertEquals(listOf(Meaning.CLASS_MAP, Meaning.LOGITS), alone.map { it.answer.meaning })
        val halves = List(256) { if (it < 128) 0f else 1f }
        for ((manifest, values) in alone.zip(listOf(halves, listOf(-1f, -1f, 1f, 1f)))) {
            val classes = manifest.classes(values.toFloatArray())
            assertEquals(halves.map { it.toInt().toByte() }, classes.toList())
            val map = ClassMap(16, 16, classes, Bounds(0.0, 0.0, 16.0, 16.0))
            assertEquals(listOf(Share(1, 0.5)), map.shares)
            assertEquals(listOf("not disc", "disc"), manifest.classLabels)
            val colors = map.colors(manifest.classColors, 255)
            assertEquals(0 to 0xFF800000.toInt(), colors.first() to colors.last())
        }
    }

    private fun refused(read: () -> Unit) {
        assertFailsWith<UnsupportedOperationException> { read() }
    }

    private fun classifier(meaning: Meaning, labels: Int): Manifest = Contract.manifest().run {
        copy(
            outputs = listOf(answer.copy(meaning = meaning, shape = listOf(1, labels))),
            labels = List(labels) { "label $it" },
        )
    }
}
