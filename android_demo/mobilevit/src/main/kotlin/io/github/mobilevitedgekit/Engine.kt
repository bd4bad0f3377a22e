package io.github.mobilevitedgekit

import io.github.mobilevitedgekit.core.Elements

/** What turns an input tensor into an answer; made, used and closed on one thread. */
internal interface Engine : AutoCloseable {
    /** What compiling the artifact for the accelerator took. */
    val compileMs: Double

    /** The elements of the manifest's answer, in an array that nothing writes to again. */
    fun run(input: Elements): Elements
}
