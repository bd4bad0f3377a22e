package io.github.mobilevitedgekit.core

/**
 * What an artifact says of itself: the JSON beside it, as the kit's `reference/manifest.py` defines it.
 *
 * No size, label or colour stands anywhere else in this library.
 */
data class Manifest(
    val task: Task,
    val size: String,
    val checkpoint: Checkpoint,
    val artifact: Artifact,
    val input: InputSpec,
    val outputs: List<OutputSpec>,
    val preprocessing: Preprocessing,
    val otherSizes: List<Preprocessing>,
    val calibration: Calibration?,
    val labels: List<String>,
    /** Of segmentation, opaque ARGB of each class. */
    val palette: List<Int>,
    val toolVersions: Map<String, String>,
) {
    /** The output that the task is about: not the label, which only names the most probable class. */
    val answer: OutputSpec get() = outputs.first { it.meaning != Meaning.LABEL }

    companion object {
        const val SUFFIX = ".manifest.json"

        /** @throws FormatException unless the text is a manifest in every detail, and its counts fit together. */
        fun parse(text: String): Manifest = Fields.ofText(text) { manifest() }.also { it.check() }
    }
}

/** The weights' origin. */
data class Checkpoint(val id: String, val sha256: String, val parameters: Long)

/** The shipped file. precision: of what is not compressed; compression: what was, "none" or the option's value. */
data class Artifact(
    val file: String,
    val format: String,
    val sha256: String,
    val bytes: Long,
    val precision: String,
    val compression: String,
)

/** The images that a compression was measured on. */
data class Calibration(val source: String, val samples: Int, val sha256: String, val method: String)

/** The app's half: resize so that the shortest edge has `resizeShortestEdge` pixels, crop the centre. */
data class Preprocessing(
    val resizeShortestEdge: Int,
    val interpolation: String,
    val antialias: Boolean,
    val cropHeight: Int,
    val cropWidth: Int,
)

/** The tensor that the artifact takes. quantization: how a pixel becomes its integer, null: the pixel's own value. */
data class InputSpec(
    val name: String,
    val kind: String,
    val shape: List<Int>,
    val layout: Layout,
    val dtype: Dtype,
    val minimum: Double,
    val maximum: Double,
    val networkColorOrder: String,
    val scale: Double,
    val quantization: Quantization?,
)

/** One output. quantization: what its integers stand for, null where it has none. */
data class OutputSpec(
    val name: String,
    val kind: String,
    val shape: List<Int>,
    val dtype: Dtype,
    val meaning: Meaning,
    val layout: Layout?,
    val quantization: Quantization?,
)

enum class Task { CLASSIFICATION, SEGMENTATION, FEATURES }

enum class Layout { NHWC, NCHW }

/** How to read an output's values; see `OutputSpec` of the kit's manifest.py. */
enum class Meaning { PROBABILITIES, LABEL, CLASS_MAP, LOGITS, FEATURES, FEATURE_MAP }

/** bytes: of one element, 0 for text; range: of integers. */
enum class Dtype(val bytes: Int, val range: IntRange?) {
    UINT8(1, 0..255),
    INT8(1, -128..127),
    INT16(2, -32768..32767),
    INT32(4, Int.MIN_VALUE..Int.MAX_VALUE),
    FLOAT32(4, null),
    STRING(0, null),
}

private val SHA256 = Regex("[0-9a-f]{64}")
private val COLOR = Regex("#[0-9A-F]{6}")
private val FORMATS = listOf("mlpackage", "tflite", "onnx")
private val INTERPOLATIONS = listOf("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
private val ORDERS = listOf("RGB", "BGR")
private val LAYOUTS = Layout.entries.associateBy { it.name }
private val INPUT_TYPES = listOf(Dtype.UINT8, Dtype.INT8, Dtype.FLOAT32)

private inline fun <reified T : Enum<T>> lowercase(values: List<T> = enumValues<T>().toList()): Map<String, T> =
    values.associateBy { it.name.lowercase() }

private fun Fields.text(name: String, vararg choices: String): String = choice(name, choices.associateBy { it })

internal fun Fields.schemaVersion() {
    if (int("schema_version") != 1) throw FormatException("schema_version must be 1, the only one this version reads")
}

internal fun Fields.sha256() = string("sha256", SHA256)

internal fun Fields.meaning() = choice("meaning", lowercase<Meaning>())

private fun Fields.manifest(): Manifest {
    schemaVersion()
    return Manifest(
        task = choice("task", lowercase<Task>()),
        size = string("size"),
        checkpoint = inner("checkpoint") { Checkpoint(string("id"), sha256(), long("parameters")) },
        artifact = inner("artifact") { artifact() },
        input = inner("input") { input() },
        outputs = inners("outputs") { output() },
        preprocessing = inner("preprocessing") { preprocessing() },
        otherSizes = inners("other_sizes") { preprocessing() },
        calibration = orNull("calibration") {
            inner(it) { Calibration(string("source"), positive("samples"), sha256(), string("method")) }
        },
        labels = strings("labels"),
        palette = strings("palette", COLOR).map { 0xFF shl 24 or it.drop(1).toInt(16) },
        toolVersions = texts("tool_versions"),
    )
}

private fun Fields.artifact() = Artifact(
    file = string("file"),
    format = choice("format", FORMATS.associateBy { it }),
    sha256 = sha256(),
    bytes = long("bytes"),
    precision = string("precision"),
    compression = string("compression"),
)

private fun Fields.input(): InputSpec {
    text("color_order", "RGB")
    return InputSpec(
        name = string("name"),
        kind = text("kind", "image", "tensor"),
        shape = shape("shape"),
        layout = choice("layout", LAYOUTS),
        dtype = choice("dtype", lowercase(INPUT_TYPES)),
        minimum = number("minimum"),
        maximum = number("maximum"),
        networkColorOrder = choice("network_color_order", ORDERS.associateBy { it }),
        scale = number("scale"),
        quantization = quantization(),
    )
}

private fun Fields.output() = OutputSpec(
    name = string("name"),
    kind = text("kind", "tensor", "dictionary", "string"),
    shape = shape("shape"),
    dtype = choice("dtype", lowercase<Dtype>()),
    meaning = meaning(),
    layout = orNull("layout") { choice(it, LAYOUTS) },
    quantization = quantization(),
)

// The one member that may be left out, as in Python.
private fun Fields.quantization() = orNull("quantization", optional = true) {
    inner(it) { Quantization(number("scale"), int("zero_point")) }
}

private fun Fields.preprocessing() = Preprocessing(
    resizeShortestEdge = positive("resize_shortest_edge"),
    interpolation = choice("interpolation", INTERPOLATIONS.associateBy { it }),
    antialias = boolean("antialias"),
    cropHeight = positive("crop_height"),
    cropWidth = positive("crop_width"),
)

/** What the types alone do not say. */
private fun Manifest.check() {
    fun hold(holds: Boolean, message: () -> String) = if (holds) Unit else throw FormatException(message())
    hold(outputs.any { it.meaning != Meaning.LABEL }) { "outputs must have one beside the label" }
    val colors = if (task == Task.SEGMENTATION) labels.size else 0
    hold(palette.size == colors) { "palette must have $colors colours, not ${palette.size}" }
    val count = when {
        answer.meaning == Meaning.PROBABILITIES && answer.kind == "tensor" -> answer.shape.last()
        answer.meaning == Meaning.LOGITS && answer.layout == Layout.NHWC -> answer.shape.last()
        answer.meaning == Meaning.LOGITS && answer.layout == Layout.NCHW -> answer.shape[1]
        else -> labels.size
    }
    hold(count == labels.size) { "labels must be $count for ${answer.name}, not ${labels.size}" }
}
