package io.github.mobilevitedgekit.core

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Bytes of a tensor that the manifest describes. */
fun bytesOf(shape: List<Int>, dtype: Dtype): Int = shape.fold(dtype.bytes, Int::times)

/** A direct buffer for a tensor, in the machine's byte order, as runtimes take it. */
fun tensorBuffer(shape: List<Int>, dtype: Dtype): ByteBuffer =
    ByteBuffer.allocateDirect(bytesOf(shape, dtype)).order(ByteOrder.nativeOrder())

/**
 * Writes crops into the input tensor as the manifest says: red, green, blue for each pixel, or its brightness.
 *
 * @throws UnsupportedOperationException for inputs that are not [1, height, width, 1 or 3] of 0..255.
 */
class InputWriter(private val spec: InputSpec) {
    init {
        fun hold(holds: Boolean, what: String) {
            if (!holds) throw UnsupportedOperationException("input ${spec.name} is $what, which is not built in")
        }
        hold(spec.batch == 1, "a batch of ${spec.batch} images")
        hold(spec.kind == "tensor", "an ${spec.kind}")
        hold(spec.layout == Layout.NHWC, "in the order ${spec.layout}")
        hold(spec.minimum == 0.0 && spec.maximum == 255.0, "of pixels from ${spec.minimum} to ${spec.maximum}")
    }

    private val grey = spec.colorOrder == ColorOrder.L
    private val length = spec.width * spec.channels
    private val stored = IntArray(256) { pixel ->
        spec.quantization?.quantize(pixel.toDouble(), spec.dtype.range ?: Int.MIN_VALUE..Int.MAX_VALUE) ?: pixel
    }
    private val floats = FloatArray(if (spec.dtype == Dtype.FLOAT32) length else 0)
    private val bytes = ByteArray(if (spec.dtype == Dtype.FLOAT32) 0 else length)

    /** `crop`: ARGB, row by row, of the input's height and width; `into`: see [tensorBuffer], from its start. */
    fun write(crop: IntArray, into: ByteBuffer) {
        into.rewind()
        val values = into.asFloatBuffer()
        for (start in crop.indices step spec.width) {
            if (grey) {
                for (x in 0 until length) put(x, stored[brightness(crop[start + x])])
            } else {
                for (x in 0 until spec.width) {
                    val pixel = crop[start + x]
                    put(x * 3, stored[pixel shr 16 and 0xFF])
                    put(x * 3 + 1, stored[pixel shr 8 and 0xFF])
                    put(x * 3 + 2, stored[pixel and 0xFF])
                }
            }
            if (floats.isEmpty()) into.put(bytes) else values.put(floats)
        }
        into.rewind()
    }

    private fun put(at: Int, value: Int) {
        if (floats.isEmpty()) bytes[at] = value.toByte() else floats[at] = value.toFloat()
    }
}

/** An image in grey, before all else, as where data sets are read in grey: red, green and blue alike. */
class GreyPixels(private val image: Pixels) : Pixels by image {
    override fun readRow(y: Int, from: Int, to: Int, row: IntArray) {
        image.readRow(y, from, to, row)
        for (x in from until to) row[x] = 0xFF shl 24 or brightness(row[x]) * 0x010101
    }
}

/** 0..255, of a pixel's ARGB, as Pillow has it: ITU-R 601-2 in 16 binary digits. */
private fun brightness(pixel: Int): Int =
    (19595 * (pixel shr 16 and 0xFF) + 38470 * (pixel shr 8 and 0xFF) + 7471 * (pixel and 0xFF) + 0x8000) shr 16

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
