package io.github.mobilevitedgekit.core

/**
 * The tensor that the artifact takes, after the app's half of the preprocessing.
 *
 * shape: of one batch; colorOrder: of the pixels that the app hands over; networkColorOrder, scale, offset: what the
 * artifact does itself, for each channel of the network; quantization: how a pixel becomes the tensor's integer, null:
 * the pixel's own value.
 */
data class InputSpec(
    val name: String,
    val kind: String,
    val shape: List<Int>,
    val layout: Layout,
    val dtype: Dtype,
    val minimum: Double,
    val maximum: Double,
    val colorOrder: ColorOrder,
    val networkColorOrder: ColorOrder,
    val scale: List<Double>,
    val offset: List<Double>,
    val quantization: Quantization?,
) {
    /** How many images go in at once. */
    val batch get() = shape[0]
    val height get() = shape[if (layout == Layout.NCHW) 2 else 1]
    val width get() = shape[if (layout == Layout.NCHW) 3 else 2]
    val channels get() = shape[if (layout == Layout.NCHW) 1 else 3]
}

/** One output. layout: of maps with channels; quantization: what its integers stand for, null where it has none. */
data class OutputSpec(
    val name: String,
    val kind: String,
    val shape: List<Int>,
    val dtype: Dtype,
    val meaning: Meaning,
    val layout: Layout?,
    val quantization: Quantization?,
) {
    /** Whether its shape begins with an axis for so many images. */
    fun answersBatch(images: Int) = kind == "tensor" && shape.size > 1 && shape[0] == images

    /** How many labels its shape speaks of; null where it has no axis for them. */
    val classes: Int?
        get() = when (meaning) {
            Meaning.PROBABILITIES, Meaning.SCORES, Meaning.VALUES, Meaning.LOGITS ->
                if (layout == Layout.NCHW) shape[1] else shape.last()
            Meaning.LABEL, Meaning.CLASS_MAP, Meaning.FEATURES, Meaning.FEATURE_MAP -> null
        }
}

/** The order of a pixel's channels; L: one channel, grey. */
enum class ColorOrder { RGB, BGR, L }

enum class Layout { NHWC, NCHW }

/** How to read an output's values; see `OutputSpec` of the kit's tensor_specs.py. */
enum class Meaning { PROBABILITIES, SCORES, VALUES, LABEL, CLASS_MAP, LOGITS, FEATURES, FEATURE_MAP }

/** bytes: of one element, 0 for text; range: of integers. */
enum class Dtype(val bytes: Int, val range: IntRange?) {
    UINT8(1, 0..255),
    INT8(1, -128..127),
    INT16(2, -32768..32767),
    INT32(4, Int.MIN_VALUE..Int.MAX_VALUE),
    FLOAT32(4, null),
    STRING(0, null),
}

private val LAYOUTS = Layout.entries.associateBy { it.name }
private val ORDERS = ColorOrder.entries.associateBy { it.name }
private val INPUT_TYPES = listOf(Dtype.UINT8, Dtype.INT8, Dtype.FLOAT32)

internal inline fun <reified T : Enum<T>> lowercase(values: List<T> = enumValues<T>().toList()): Map<String, T> =
    values.associateBy { it.name.lowercase() }

internal fun Fields.meaning() = choice("meaning", lowercase<Meaning>())

internal fun Fields.input(): InputSpec {
    val input = InputSpec(
        name = string("name"),
        kind = word("kind", "image", "tensor"),
        shape = shape("shape"),
        layout = choice("layout", LAYOUTS),
        dtype = choice("dtype", lowercase(INPUT_TYPES)),
        minimum = number("minimum"),
        maximum = number("maximum"),
        colorOrder = choice("color_order", ORDERS - "BGR"),
        networkColorOrder = choice("network_color_order", ORDERS),
        scale = numbers("scale"),
        offset = numbers("offset"),
        quantization = quantization(),
    )
    if (input.shape.size != 4) wrong("shape", "must have the 4 dimensions of a batch of images, not ${input.shape}")
    val channels = input.channels
    if (channels != 1 && channels != 3) wrong("shape", "must have 1 or 3 channels, not $channels")
    for ((name, order) in listOf("color_order" to input.colorOrder, "network_color_order" to input.networkColorOrder)) {
        if ((order == ColorOrder.L) != (channels == 1)) wrong(name, "$order does not go with $channels channels")
    }
    for ((name, values) in listOf("scale" to input.scale, "offset" to input.offset)) {
        if (values.size != channels) wrong(name, "must have a number for each of $channels channels")
    }
    return input
}

internal fun Fields.output(): OutputSpec {
    val output = OutputSpec(
        name = string("name"),
        kind = word("kind", "tensor", "dictionary", "string"),
        shape = shape("shape"),
        dtype = choice("dtype", lowercase<Dtype>()),
        meaning = meaning(),
        layout = orNull("layout") { choice(it, LAYOUTS) },
        quantization = quantization(),
    )
    if (output.shape.isEmpty()) wrong("shape", "must not be empty")
    if ((output.layout != null) != (output.shape.size == 4)) wrong("layout", "does not go with shape ${output.shape}")
    return output
}

// The one member that may be left out, as in Python.
private fun Fields.quantization() = orNull("quantization", optional = true) {
    inner(it) { Quantization(number("scale"), int("zero_point")) }
}
