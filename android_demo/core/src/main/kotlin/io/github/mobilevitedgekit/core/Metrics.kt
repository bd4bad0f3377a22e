package io.github.mobilevitedgekit.core

import kotlin.math.abs
import kotlin.math.log10
import kotlin.math.sqrt

/**
 * How far answers lie from the expected ones: the metrics that a golden set may name bounds for, as the kit's
 * `validation/metrics.py` defines them. Where an answer is not finite a metric is NaN, which no bound lets pass.
 *
 * key: its name in files; higherIsBetter: which side of a bound passes.
 */
enum class Metric(
    val key: String,
    val higherIsBetter: Boolean,
    private val of: (List<FloatArray>, List<FloatArray>) -> Double,
) {
    /** Largest difference of two values. */
    MAX_ABS_ERROR("max_abs_error", false, { expected, answers -> differences(expected, answers).fold(0.0, ::larger) }),

    /** Signal to quantisation noise, dB. */
    SQNR_DB("sqnr_db", true, { expected, answers ->
        val signal = expected.sumOf { image -> image.sumOf { it.toDouble() * it } }
        val noise = differences(expected, answers).sumOf { it * it }
        when {
            noise == 0.0 -> HIGHEST_SQNR
            signal > 0 -> 10 * log10(signal / noise).coerceAtMost(HIGHEST_SQNR / 10)
            else -> -HIGHEST_SQNR
        }
    }),

    /** Cosine of the angle between the vectors of an image, the smallest over the images. */
    COSINE("cosine", true, { expected, answers ->
        expected.indices.map { cosine(expected[it], answers[it]) }.fold(Double.POSITIVE_INFINITY, ::smaller)
    }),

    /** Share of images whose most probable class is the expected one, 0..1. */
    TOP1_AGREEMENT("top1_agreement", true, { expected, answers ->
        val same = expected.indices.count { argmax(expected[it]) == argmax(answers[it]) }
        if (answers.all { image -> image.all(Float::isFinite) }) same / expected.size.toDouble() else Double.NaN
    }),

    /** Share of pixels with the expected class, 0..1. */
    PIXEL_AGREEMENT("pixel_agreement", true, { expected, answers ->
        val pixels = expected.sumOf { it.size }
        differences(expected, answers).count { it == 0.0 } / pixels.toDouble()
    });

    /** @throws FormatException unless both are as many images of the same number of values. */
    fun measure(expected: List<FloatArray>, answers: List<FloatArray>): Double {
        val (wanted, found) = listOf(expected, answers).map { images -> images.map { it.size } }
        if (expected.isEmpty() || wanted != found) throw FormatException("expected $wanted values by image, not $found")
        return of(expected, answers)
    }

    /** Whether `value` lies on the good side of `bound`, or on it; NaN never does. */
    fun passes(value: Double, bound: Double): Boolean = if (higherIsBetter) value >= bound else value <= bound

    companion object {
        /** The metric of that name in a file. */
        fun of(key: String): Metric =
            entries.find { it.key == key } ?: throw FormatException("the metric $key is unknown to this version")
    }
}

private const val HIGHEST_SQNR = 150.0 // dB, as in the kit

private fun differences(expected: List<FloatArray>, answers: List<FloatArray>): Sequence<Double> =
    expected.indices.asSequence().flatMap { image ->
        expected[image].indices.asSequence().map { abs(expected[image][it].toDouble() - answers[image][it]) }
    }

// These two keep NaN, whichever side it stands on, where maxOf and minOf on a JVM do too but do not promise it.
private fun larger(a: Double, b: Double) = if (a.isNaN() || a > b) a else b

private fun smaller(a: Double, b: Double) = if (a.isNaN() || a < b) a else b

private fun cosine(a: FloatArray, b: FloatArray): Double {
    val product = a.indices.sumOf { a[it].toDouble() * b[it] }
    val lengths = sqrt(a.sumOf { it.toDouble() * it }) * sqrt(b.sumOf { it.toDouble() * it })
    return if (lengths == 0.0) (if (product == lengths) 1.0 else 0.0) else product / lengths
}
