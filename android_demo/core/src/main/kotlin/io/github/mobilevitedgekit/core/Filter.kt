package io.github.mobilevitedgekit.core

import kotlin.math.PI
import kotlin.math.abs
import kotlin.math.cos
import kotlin.math.sin

/** Pillow's antialiased filters: how far they reach, and the weight at a distance from the centre. */
internal enum class Filter(val support: Double, val weight: (Double) -> Double) {
    BOX(0.5, { if (it > -0.5 && it <= 0.5) 1.0 else 0.0 }),
    BILINEAR(1.0, { maxOf(0.0, 1 - abs(it)) }),
    HAMMING(1.0, { if (abs(it) >= 1) 0.0 else sinc(it) * (0.54 + 0.46 * cos(it * PI)) }),
    BICUBIC(2.0, {
        val x = abs(it)
        when {
            x < 1 -> ((1.5 * x) - 2.5) * x * x + 1
            x < 2 -> (((x - 5) * x + 8) * x - 4) * -0.5
            else -> 0.0
        }
    }),
    LANCZOS(3.0, { if (it >= -3 && it < 3) sinc(it) * sinc(it / 3) else 0.0 });

    companion object {
        /**
         * UnsupportedOperationException for "nearest" and for filters that do not widen when they shrink; without
         * resizing all of them keep pixels as they are.
         */
        fun of(preprocessing: Preprocessing): Filter {
            if (preprocessing.resize == Resize.None) return BOX
            val found = entries.find { it.name.lowercase() == preprocessing.interpolation }
            if (found != null && preprocessing.antialias) return found
            val how = if (preprocessing.antialias) "" else " without antialiasing"
            throw UnsupportedOperationException("resizing by ${preprocessing.interpolation}$how is not built in")
        }
    }
}

private fun sinc(x: Double): Double = if (x == 0.0) 1.0 else sin(x * PI) / (x * PI)
