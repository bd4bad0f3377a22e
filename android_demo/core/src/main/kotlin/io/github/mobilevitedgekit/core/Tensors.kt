package io.github.mobilevitedgekit.core

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Bytes of a tensor that the manifest describes. */
fun bytesOf(shape: List<Int>, dtype: Dtype): Int = shape.fold(dtype.bytes, Int::times)

/** A direct buffer for a tensor, in the machine's byte order, as runtimes take it. */
fun tensorBuffer(shape: List<Int>, dtype: Dtype): ByteBuffer =
    ByteBuffer.allocateDirect(bytesOf(shape, dtype)).order(ByteOrder.nativeOrder())

/**
 * Writes crops into the input tensor, red, green, blue for each pixel, as the manifest says.
 *
 * @throws UnsupportedOperationException for inputs that are not [1, height, width, 3] of 0..255.
 */
class InputWriter(private val spec: InputSpec) {
    init {
        val rgb = spec.layout == Layout.NHWC && spec.shape.size == 4 && spec.shape[0] == 1 && spec.shape[3] == 3
        if (spec.kind != "tensor" || !rgb || spec.minimum != 0.0 || spec.maximum != 255.0) {
            throw UnsupportedOperationException("input ${spec.name} must be a tensor [1, height, width, 3] of 0..255")
        }
    }

    private val stored = IntArray(256) { pixel ->
        spec.quantization?.quantize(pixel.toDouble(), spec.dtype.range ?: Int.MIN_VALUE..Int.MAX_VALUE) ?: pixel
    }
    private val floats = FloatArray(if (spec.dtype == Dtype.FLOAT32) spec.shape[2] * 3 else 0)
    private val bytes = ByteArray(if (spec.dtype == Dtype.FLOAT32) 0 else spec.shape[2] * 3)

    /** `crop`: ARGB, row by row, of the input's height and width; `into`: see [tensorBuffer], from its start. */
    fun write(crop: IntArray, into: ByteBuffer) {
        into.rewind()
        val width = spec.shape[2]
        val values = into.asFloatBuffer()
        for (start in crop.indices step width) {
            for (x in 0 until width) {
                val pixel = crop[start + x]
                put(x * 3, stored[pixel shr 16 and 0xFF])
                put(x * 3 + 1, stored[pixel shr 8 and 0xFF])
                put(x * 3 + 2, stored[pixel and 0xFF])
            }
            if (floats.isEmpty()) into.put(bytes) else values.put(floats)
        }
        into.rewind()
    }

    private fun put(at: Int, value: Int) {
        if (floats.isEmpty()) bytes[at] = value.toByte() else floats[at] = value.toFloat()
    }
}

/** The numbers that an output's elements stand for, from the buffer's start; its batch axis has length one. */
fun readTensor(spec: OutputSpec, from: ByteBuffer): FloatArray {
    from.rewind()
    val count = spec.shape.fold(1, Int::times)
    if (spec.dtype == Dtype.FLOAT32) return FloatArray(count).also { from.asFloatBuffer().get(it) }
    return FloatArray(count) {
        val integer = when (spec.dtype) {
            Dtype.UINT8 -> from.get(it).toInt() and 0xFF
            Dtype.INT8 -> from.get(it).toInt()
            Dtype.INT16 -> from.getShort(2 * it).toInt()
            Dtype.INT32 -> from.getInt(4 * it)
            else -> throw UnsupportedOperationException("output ${spec.name} holds ${spec.dtype.name.lowercase()}")
        }
        spec.quantization?.dequantize(integer)?.toFloat() ?: integer.toFloat()
    }
}
