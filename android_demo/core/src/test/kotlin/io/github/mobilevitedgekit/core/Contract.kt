package io.github.mobilevitedgekit.core

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.io.encoding.Base64

/** Files that the kit's Python side wrote, for Swift and Kotlin to arrive at the same numbers. */
internal object Contract {
    private val folder = File(checkNotNull(System.getProperty("mobilevit.fixtures")) { "-Dmobilevit.fixtures=FOLDER" })

    fun text(name: String): String = folder.resolve(name).readText()

    fun read(name: String): Any? = Json.parse(text(name))

    /** The manifests that all readers take, as they stand there. */
    val validManifests: List<Case> get() = Case(read("contract/manifests.json")).cases("valid")

    /** The first of them with other members of its input or output, read. */
    fun manifest(input: Map<String, Any?> = emptyMap(), output: Map<String, Any?> = emptyMap()): Manifest {
        val whole = validManifests.first()
        val changed = mapOf(
            "input" to whole.case("input").members + input,
            "outputs" to listOf(whole.cases("outputs").first().members + output),
        )
        return Manifest.parse(Json.write(whole.members + changed))
    }

    /** The objects of a file that is a list of them. */
    fun cases(name: String): List<Case> = (read(name) as List<*>).map { Case(it) }
}

/** One object of such a file. */
@Suppress("UNCHECKED_CAST")
internal class Case(value: Any?) {
    val members = value as Map<String, Any?>

    fun int(name: String): Int = (members[name] as Long).toInt()

    fun double(name: String): Double = (members[name] as Number).toDouble()

    fun text(name: String): String = members[name] as String

    fun case(name: String) = Case(members[name])

    fun cases(name: String): List<Case> = (members[name] as List<*>).map { Case(it) }

    fun ints(name: String): List<Int> = (members[name] as List<Long>).map { it.toInt() }

    fun doubles(name: String): List<Double> = (members[name] as List<Number>).map { it.toDouble() }

    fun bytes(name: String): ByteArray = Base64.decode(text(name))

    fun floats(name: String): FloatArray {
        val stored = ByteBuffer.wrap(bytes(name)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
        return FloatArray(stored.remaining()).also { stored.get(it) }
    }

    /** Bytes, three for a pixel, as opaque ARGB. */
    fun argb(name: String): IntArray = bytes(name).map { it.toInt() and 0xFF }.chunked(3)
        .map { (red, green, blue) -> (0xFF shl 24) or (red shl 16) or (green shl 8) or blue }.toIntArray()

    fun preprocessing(): Preprocessing = Fields.ofText(Json.write(members["preprocessing"]), Fields::preprocessing)
}
