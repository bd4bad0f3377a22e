package io.github.mobilevitedgekit.core

/**
 * What an artifact says of itself: the JSON beside it, as the kit's `reference/manifest.py` defines it.
 *
 * No size, label or colour stands anywhere else in this library. kitVersion: of the kit that made it; options: all that
 * shaped it, by the converter's long names of them, as they are typed.
 */
data class Manifest(
    val kitVersion: String,
    val task: Task,
    val size: String,
    val checkpoint: CheckpointFacts,
    val artifact: ArtifactFacts,
    val options: Map<String, String>,
    val input: InputSpec,
    val outputs: List<OutputSpec>,
    val preprocessing: Preprocessing,
    val otherSizes: List<Preprocessing>,
    val calibration: CalibrationFacts?,
    val labels: List<String>,
    /** Of segmentation, the colour of each class: opaque ARGB in an Int, which is what Android calls a colour. */
    val palette: List<Int>,
    val toolVersions: Map<String, String>,
) {
    /** The output that the task is about: not the label, which only names the most probable class. */
    val answer: OutputSpec get() = outputs.first { it.meaning != Meaning.LABEL }

    companion object {
        const val SUFFIX = ".manifest.json"

        /** @throws FormatException unless the text is a manifest in every detail, and its facts go together. */
        fun parse(text: String): Manifest = Fields.ofText(text) { manifest() }.also { it.check() }
    }
}

/** The weights' origin. commit: of a Hub id, the state of the repository. */
data class CheckpointFacts(val id: String, val sha256: String, val parameters: Long, val commit: String?)

/** The shipped file. precision: of what is not compressed; compression: what was, "none" or the option's value. */
data class ArtifactFacts(
    val file: String,
    val format: String,
    val sha256: String,
    val bytes: Long,
    val precision: String,
    val compression: String,
)

/** The images that a compression was measured on; method: what they served for. */
data class CalibrationFacts(val source: String, val samples: Int, val sha256: String, val method: String)

enum class Task { CLASSIFICATION, SEGMENTATION, FEATURES }

private val SHA256 = Regex("[0-9a-f]{64}")
private val COMMIT = Regex("[0-9a-f]{40}")
private val COLOR = Regex("#[0-9A-F]{6}")

internal fun Fields.sha256() = string("sha256", SHA256)

private fun Fields.manifest(): Manifest {
    schemaVersion(2, "manifest", ": convert the artifact again with python -m converters.tflite")
    return Manifest(
        kitVersion = string("kit_version"),
        task = choice("task", lowercase<Task>()),
        size = string("size"),
        checkpoint = inner("checkpoint") { checkpoint() },
        artifact = inner("artifact") { artifact() },
        options = texts("options"),
        input = inner("input") { input() },
        outputs = inners("outputs") { output() },
        preprocessing = inner("preprocessing") { preprocessing() },
        otherSizes = inners("other_sizes") { preprocessing() },
        calibration = orNull("calibration") {
            inner(it) { CalibrationFacts(string("source"), positive("samples"), sha256(), string("method")) }
        },
        labels = strings("labels"),
        palette = strings("palette", COLOR).map { 0xFF shl 24 or it.drop(1).toInt(16) },
        toolVersions = texts("tool_versions"),
    )
}

private fun Fields.checkpoint() = CheckpointFacts(
    id = string("id"),
    sha256 = sha256(),
    parameters = long("parameters"),
    commit = orNull("commit", optional = true) { string(it, COMMIT) },
)

private fun Fields.artifact() = ArtifactFacts(
    file = string("file"),
    format = word("format", "mlpackage", "tflite", "onnx", "aimodel"),
    sha256 = sha256(),
    bytes = long("bytes"),
    precision = string("precision"),
    compression = string("compression"),
)

/** What its parts alone do not say. */
private fun Manifest.check() {
    fun hold(holds: Boolean, message: () -> String) = if (holds) Unit else throw FormatException(message())
    hold(outputs.any { it.meaning != Meaning.LABEL }) { "outputs must have one beside the label" }
    val classes = answer.classes ?: labels.size
    hold(labels.size == classes) { "labels must be $classes for ${answer.name}, not ${labels.size}" }
    val colors = if (task == Task.SEGMENTATION) labels.size else 0
    hold(palette.size == colors) { "palette must have $colors colours, not ${palette.size}" }
    val (height, width) = preprocessing.cropHeight to preprocessing.cropWidth
    hold(input.height == height && input.width == width) {
        "input.shape must be the crop's, $height x $width, not ${input.shape}"
    }
    for (each in outputs) {
        hold(input.batch == 1 || each.answersBatch(input.batch)) {
            "outputs.shape must begin with ${input.batch} images for ${each.name}, not ${each.shape}"
        }
    }
}
