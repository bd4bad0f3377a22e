package io.github.mobilevitedgekit.demo

import android.content.Context

/** What compiling took when an artifact met an accelerator of this phone first: later LiteRT finds what it kept. */
class FirstCompiles(context: Context) {
    private val kept = context.getSharedPreferences("first_compiles", Context.MODE_PRIVATE)

    /** The first time, milliseconds; `compileMs` where it is the first. */
    fun first(sha256: String, accelerator: String, compileMs: Double): Double {
        val key = "$sha256 $accelerator"
        if (!kept.contains(key)) kept.edit().putFloat(key, compileMs.toFloat()).apply()
        return kept.getFloat(key, compileMs.toFloat()).toDouble()
    }
}
