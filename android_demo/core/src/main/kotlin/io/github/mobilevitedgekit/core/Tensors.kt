package io.github.mobilevitedgekit.core

/** A tensor's elements in the kinds of arrays that LiteRT takes and gives; of unsigned bytes these hold the bits. */
sealed class Elements {
    abstract val size: Int

    class Floats(val values: FloatArray) : Elements() {
        override val size get() = values.size
    }

    class Bytes(val values: ByteArray) : Elements() {
        override val size get() = values.size
    }

    class Ints(val values: IntArray) : Elements() {
        override val size get() = values.size
    }
}

/**
 * Makes the input tensor's elements of crops as the manifest says: red, green, blue for each pixel, or its brightness.
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

    private val isFloat = spec.dtype == Dtype.FLOAT32
    private val length = spec.height * spec.width * spec.channels
    private val floats = FloatArray(if (isFloat) length else 0)
    private val bytes = ByteArray(if (isFloat) 0 else length)
    private val stored = IntArray(256) { pixel ->
        spec.quantization?.quantize(pixel.toDouble(), spec.dtype.range ?: Int.MIN_VALUE..Int.MAX_VALUE) ?: pixel
    }

    /** What [write] fills: the same arrays for each crop. */
    val elements: Elements = if (isFloat) Elements.Floats(floats) else Elements.Bytes(bytes)

    /** `crop`: ARGB, row by row, of the input's height and width. */
    fun write(crop: IntArray) {
        if (spec.colorOrder == ColorOrder.L) {
            for (at in crop.indices) put(at, stored[brightness(crop[at])])
            return
        }
        var at = 0
        for (pixel in crop) {
            put(at++, stored[pixel shr 16 and 0xFF])
            put(at++, stored[pixel shr 8 and 0xFF])
            put(at++, stored[pixel and 0xFF])
        }
    }

    private fun put(at: Int, value: Int) {
        if (isFloat) floats[at] = value.toFloat() else bytes[at] = value.toByte()
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

/**
 * The numbers that an output's elements stand for; of floats the array itself.
 *
 * `into`: room for as many numbers, null for an array of their own.
 *
 * @throws UnsupportedOperationException for elements of another kind or number than the manifest says.
 */
fun readTensor(spec: OutputSpec, from: Elements, into: FloatArray? = null): FloatArray {
    val count = spec.shape.fold(1, Int::times)
    val holds = when (from) {
        is Elements.Floats -> spec.dtype == Dtype.FLOAT32
        is Elements.Bytes -> spec.dtype == Dtype.UINT8 || spec.dtype == Dtype.INT8
        is Elements.Ints -> spec.dtype == Dtype.INT32
    }
    if (!holds || from.size != count) {
        throw UnsupportedOperationException("output ${spec.name} is not ${spec.dtype.name.lowercase()} ${spec.shape}")
    }
    val bits = if (spec.dtype == Dtype.UINT8) 0xFF else -1
    return when (from) {
        is Elements.Floats -> from.values
        is Elements.Bytes -> numbers(spec, into ?: FloatArray(count)) { from.values[it].toInt() and bits }
        is Elements.Ints -> numbers(spec, into ?: FloatArray(count)) { from.values[it] }
    }
}

private inline fun numbers(spec: OutputSpec, into: FloatArray, integer: (Int) -> Int): FloatArray {
    val quantization = spec.quantization ?: Quantization(1.0, 0)
    for (at in into.indices) into[at] = quantization.dequantize(integer(at)).toFloat()
    return into
}
