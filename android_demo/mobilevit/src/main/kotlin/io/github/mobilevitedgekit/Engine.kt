package io.github.mobilevitedgekit

import io.github.mobilevitedgekit.core.tensorBuffer
import java.nio.ByteBuffer

/** What turns an input tensor into output tensors; made, used and closed on one thread. */
internal interface Engine : AutoCloseable {
    /** Buffers as [tensorBuffer] makes them, outputs by the manifest's names; all are at their start. */
    fun run(input: ByteBuffer, outputs: Map<String, ByteBuffer>)
}
