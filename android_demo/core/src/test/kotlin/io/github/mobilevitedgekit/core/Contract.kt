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

    fun preprocessing(): Preprocessing {
        val filter = members["interpolation"] as String? ?: "bilinear"
        return Preprocessing(int("resize_shortest_edge"), filter, true, int("crop_height"), int("crop_width"))
    }
}
