package io.github.mobilevitedgekit

import android.content.Context

/** What computes. Nothing falls back to another one: a model loads with what was asked for, or not at all. */
sealed interface Accelerator {
    /** As device results name it: all that takes part. */
    val name: String

    /** The processor's cores through XNNPACK; threads: how many of them, 1 or more. */
    data class Cpu(val threads: Int = 2) : Accelerator {
        init {
            require(threads > 0) { "threads must be 1 or more, not $threads" }
        }

        override val name get() = "CPU"
    }

    /**
     * LiteRT's GPU accelerator.
     *
     * withCpu: operations that it does not know may run on the CPU, and LiteRT does not tell an app which; else an
     * artifact with any such operation is refused. Of the kit's float artifacts, only those that choose segmentation's
     * class have one, by TensorFlow's list of what its GPU delegate knows.
     */
    data class Gpu(val withCpu: Boolean = false) : Accelerator {
        override val name get() = if (withCpu) "GPU+CPU" else "GPU"
    }

    /**
     * The neural processor, through its maker's library, which the app must bring along; see the README.
     *
     * context: the application's, since the model keeps it; it tells the folders of the app's libraries, and of its cache,
     * where what was compiled for the NPU is kept. withCpu: as of [Gpu].
     */
    data class Npu(val context: Context, val withCpu: Boolean = false) : Accelerator {
        override val name get() = if (withCpu) "NPU+CPU" else "NPU"
    }
}
