package io.github.mobilevitedgekit.core

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.MessageDigest
import kotlin.io.encoding.Base64

/**
 * A few pictures with the reference's answers, as the kit's `reference/golden.py` writes them beside an artifact.
 *
 * shape: of an answer, without the batch axis, in the artifact's own layout; bounds: by metric.
 */
class GoldenSet(
    val artifact: String,
    val sha256: String,
    val meaning: Meaning,
    val shape: List<Int>,
    val bounds: Map<Metric, Double>,
    val pictures: List<GoldenPicture>,
) {
    /**
     * What the artifact's answers to the pictures come to, by every bound.
     *
     * @throws FormatException unless there is an answer to each picture, of the right size.
     */
    fun verdicts(answers: List<FloatArray>): List<Verdict> =
        bounds.map { (metric, bound) -> Verdict(metric, metric.measure(pictures.map { it.answer }, answers), bound) }

    /** An answer as device results have it: little-endian float32, of class maps one byte per pixel. */
    fun encoded(answer: FloatArray): ByteArray {
        if (meaning == Meaning.CLASS_MAP) return ByteArray(answer.size) { answer[it].toInt().toByte() }
        return ByteArray(4 * answer.size).also { floats(it).put(answer) }
    }

    companion object {
        const val SUFFIX = ".golden.json"

        /** @throws FormatException unless the text is a golden set in every detail. */
        fun parse(text: String): GoldenSet = Fields.ofText(text) {
            schemaVersion(2, "golden set")
            val meaning = meaning()
            val shape = shape("shape")
            val bounds = numbersByName("bounds")
            if (string("bounds_sha256") != digestOfBounds(sha256(), bounds)) {
                throw FormatException("bounds were changed: bounds_sha256 differs")
            }
            GoldenSet(
                artifact = string("artifact"),
                sha256 = sha256(),
                meaning = meaning,
                shape = shape,
                bounds = bounds.mapKeys { Metric.of(it.key) },
                pictures = inners("pictures") { picture(meaning, shape.fold(1, Int::times)) },
            )
        }.also {
            if (it.pictures.isEmpty()) throw FormatException("pictures must not be empty")
            if (it.bounds.isEmpty()) throw FormatException("bounds must not be empty")
        }
    }
}

/** png: as a camera gives it, RGB; cropPng: the artifact's input; answer: the reference's, of the set's shape. */
class GoldenPicture(val name: String, val png: ByteArray, val cropPng: ByteArray, val answer: FloatArray)

/** One metric of a golden set, measured. */
data class Verdict(val metric: Metric, val value: Double, val bound: Double) {
    /** Whether the value is as good as the bound. */
    val passes: Boolean get() = metric.passes(value, bound)
}

/** sha256 over an artifact's own, as text, then each bound by its name: the name, and a little-endian double. */
private fun digestOfBounds(artifact: String, bounds: Map<String, Double>): String {
    val digest = MessageDigest.getInstance("SHA-256").apply { update(artifact.toByteArray()) }
    for ((name, bound) in bounds.toSortedMap()) {
        digest.update(name.toByteArray())
        digest.update(ByteBuffer.allocate(Double.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN).putDouble(bound).array())
    }
    return digest.digest().joinToString("") { "%02x".format(it) }
}

private fun Fields.picture(meaning: Meaning, size: Int): GoldenPicture {
    val name = string("name")
    val stored = base64("answer")
    val answer = if (meaning == Meaning.CLASS_MAP) {
        FloatArray(stored.size) { (stored[it].toInt() and 0xFF).toFloat() }
    } else {
        FloatArray(stored.size / 4).also { floats(stored).get(it) }
    }
    if (answer.size != size) throw FormatException("the answer to picture $name has ${answer.size} values, not $size")
    return GoldenPicture(name, base64("png"), base64("crop_png"), answer)
}

private fun floats(stored: ByteArray) = ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()

private fun Fields.base64(name: String): ByteArray = try {
    Base64.decode(string(name))
} catch (error: IllegalArgumentException) {
    throw FormatException("$name must be Base64: ${error.message}", error)
}
