package io.github.mobilevitedgekit

/** What computes. Nothing falls back to another one: a model loads with what was asked for, or not at all. */
sealed interface Accelerator {
    /** As device results name it. */
    val name: String

    /** The processor's cores through XNNPACK; threads: how many of them, 1 or more. */
    data class Cpu(val threads: Int = 2) : Accelerator {
        init {
            require(threads > 0) { "threads must be 1 or more, not $threads" }
        }

        override val name get() = "CPU"
    }

    /**
     * LiteRT's GPU delegate, in float16.
     *
     * Operations that it does not know stay on the CPU, which LiteRT does not tell an app; of the kit's float artifacts
     * that is only segmentation's choice of the class.
     */
    data object Gpu : Accelerator {
        override val name get() = "GPU"
    }
}
