package io.github.mobilevitedgekit.core

import kotlin.io.encoding.Base64

/** What a phone measured, as `python -m validation import-device` reads it; see `validation/device/export.py`. */
class DeviceResults(val device: Device, val recordedAt: String, val runs: List<DeviceRun>) {
    /** The JSON text. FormatException for a time that is not finite. */
    fun toJson(): String = Json.write(
        mapOf(
            "schema_version" to 1,
            "device" to device.run { mapOf("model" to model, "system" to system, "app" to app, "soc" to soc) },
            "recorded_at" to recordedAt,
            "runs" to runs.map { it.members() },
        ),
    )
}

/**
 * model: as the system names it; system: name and version; app: name and version; soc: the chip's maker and model, null
 * where the system does not tell.
 */
data class Device(val model: String, val system: String, val app: String, val soc: String?)

/**
 * One artifact in one setting.
 *
 * accelerator: all that may compute, "CPU", "GPU", "NPU", "GPU+CPU" or "NPU+CPU"; threads: null where the runtime
 * chooses; compileMs: the part of loadMs that compiling for the accelerator took; warmUp: runs before those that count;
 * preprocessingMs, inferenceMs: of each run that counts; waitMs: for a cool device, null where the app does not wait;
 * thermalStateBefore: "nominal", "fair", "serious" or "critical", before the first run, null where the system does not
 * tell; thermalState: after the last one, null likewise; peakMib: memory of the process, null likewise.
 */
class DeviceRun(
    val artifact: String,
    val sha256: String,
    val accelerator: String,
    val threads: Int?,
    val loadMs: Double,
    val compileMs: Double,
    val warmUp: Int,
    val preprocessingMs: List<Double>,
    val inferenceMs: List<Double>,
    val waitMs: Double?,
    val thermalStateBefore: String?,
    val thermalState: String?,
    val peakMib: Double?,
    val answers: List<DeviceAnswer>,
) {
    internal fun members(): Map<String, Any?> = mapOf(
        "artifact" to artifact,
        "sha256" to sha256,
        "runtime" to "litert",
        "accelerator" to accelerator,
        "threads" to threads,
        "load_ms" to loadMs,
        "compile_ms" to compileMs,
        "warm_up" to warmUp,
        "preprocessing_ms" to preprocessingMs,
        "inference_ms" to inferenceMs,
        "wait_ms" to waitMs,
        "thermal_state_before" to thermalStateBefore,
        "thermal_state" to thermalState,
        "peak_mib" to peakMib,
        "answers" to answers.map {
            mapOf("picture" to it.picture, "exact_pixels" to it.exactPixels, "answer" to Base64.encode(it.answer))
        },
    )
}

/** exactPixels: whether the artifact saw the golden crop itself; answer: see [GoldenSet.encoded]. */
class DeviceAnswer(val picture: String, val exactPixels: Boolean, val answer: ByteArray)
