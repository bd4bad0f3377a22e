package io.github.mobilevitedgekit.core

/** The value below which `percent` of the times lie, between neighbours in proportion, as NumPy's default. */
fun percentile(times: List<Double>, percent: Double): Double {
    require(times.isNotEmpty()) { "no times" }
    val sorted = times.sorted()
    val place = percent / 100 * (sorted.size - 1)
    val below = place.toInt()
    val above = minOf(below + 1, sorted.size - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (place - below)
}
