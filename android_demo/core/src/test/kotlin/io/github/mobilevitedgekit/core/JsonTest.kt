package io.github.mobilevitedgekit.core

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

class JsonTest {
    private val cases = Case(Contract.read("android/json_texts.json"))

    @Test
    fun `valid texts have the value that Python finds`() {
        for (case in cases.cases("valid")) {
            assertEquals(case.members["value"], Json.parse(case.text("text")), case.text("text"))
        }
    }

    @Test
    fun `invalid texts are refused`() {
        for (text in cases.members["invalid"] as List<*>) {
            assertFailsWith<FormatException>("$text") { Json.parse(text as String) }
        }
    }

    @Test
    fun `what is written can be read again`() {
        for (case in cases.cases("valid")) {
            val value = Json.parse(case.text("text"))
            assertEquals(value, Json.parse(Json.write(value)))
        }
    }

    @Test
    fun `deep nesting ends in an error, not in a stack overflow`() {
        assertFailsWith<FormatException> { Json.parse("[".repeat(100_000)) }
        assertFailsWith<FormatException> { Json.write(listOf(Double.NaN)) }
    }
}
