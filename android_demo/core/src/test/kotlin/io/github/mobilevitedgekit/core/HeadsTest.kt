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
            val logits = case.floats("logits")
            assertEquals(case.ints("present"), classifier(Meaning.LOGITS, logits.size).present(logits).map { it.id })
        }
        val three = classifier(Meaning.SCORES, 3)
        val scores = floatArrayOf(0.75f, 0.5f, 0.875f)
        assertEquals(listOf("label 2", "label 0"), three.present(scores).map { it.label })
        assertEquals(listOf("label 2"), three.present(scores, 0.8).map { it.label })
        assertEquals(emptyList(), three.present(FloatArray(3)))
        refused { classifier(Meaning.PROBABILITIES, 3).present(scores) }
    }

    @Test
    fun `logits are read by the activation that the caller names`() {
        for (case in Contract.cases("contract/answers.json")) {
            val logits = case.floats("logits")
            val manifest = classifier(Meaning.LOGITS, logits.size)
            for ((activation, name) in listOf(
                null to "softmax", Activation.SOFTMAX to "softmax", Activation.SIGMOID to "sigmoid",
            )) {
                val found = manifest.predictions(logits, 5, activation)
                assertEquals(case.ints("top"), found.map { it.id })
                for (each in found) assertEquals(case.doubles(name)[each.id], each.probability, 1e-12)
            }
            assertEquals(logits.map { it.toDouble() }, manifest.labelled(logits).map { it.value })
        }
        assertEquals(0.5, classifier(Meaning.LOGITS, 1).predictions(floatArrayOf(0f), 1).single().probability)
    }

    @Test
    fun `values are named by their labels`() {
        val manifest = classifier(Meaning.VALUES, 2)
        val expected = listOf(LabelledValue(0, "label 0", -3.5), LabelledValue(1, "label 1", 40.0))
        assertEquals(expected, manifest.labelled(floatArrayOf(-3.5f, 40f)))
        refused { manifest.labelled(FloatArray(1)) }
        refused { manifest.predictions(FloatArray(2), 1) }
        refused { manifest.present(FloatArray(2)) }
        refused { classifier(Meaning.SCORES, 2).labelled(FloatArray(2)) }
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
        val alone = Contract.manifest().copy(labels = listOf("disc"), palette = listOf(0x7F800000))
        assertEquals("disc" to 0x7F800000, alone.classLabels[1] to alone.classColors[1])
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
