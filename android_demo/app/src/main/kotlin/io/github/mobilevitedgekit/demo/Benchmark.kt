package io.github.mobilevitedgekit.demo

import android.content.Context
import android.graphics.BitmapFactory
import android.os.Build
import android.os.PowerManager
import io.github.mobilevitedgekit.Accelerator
import io.github.mobilevitedgekit.MobileViT
import io.github.mobilevitedgekit.MobileViTException
import io.github.mobilevitedgekit.asPixels
import io.github.mobilevitedgekit.core.ArgbImage
import io.github.mobilevitedgekit.core.Device
import io.github.mobilevitedgekit.core.DeviceAnswer
import io.github.mobilevitedgekit.core.DeviceResults
import io.github.mobilevitedgekit.core.DeviceRun
import io.github.mobilevitedgekit.core.FormatException
import io.github.mobilevitedgekit.core.Verdict
import io.github.mobilevitedgekit.readGoldenSet
import java.io.File
import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale
import java.util.TimeZone
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

const val WARM_UP = 5
private const val RUNS = 100

/** What the Benchmark screen shows. */
sealed interface BenchmarkState {
    data object Idle : BenchmarkState

    data object Running : BenchmarkState

    class Done(val report: Report) : BenchmarkState
}

/** Times of one model in one setting, and whether its answers are the reference's. */
class Report(val run: DeviceRun, val verdicts: List<Verdict>, val results: DeviceResults)

/** Runs the golden set's pictures, each many times, as they come from a camera, then its crops for the self-test. */
suspend fun measure(context: Context, model: MobileViT, path: String, accelerator: Accelerator): Report {
    val golden = readGoldenSet(context.assets, path)
    if (golden.sha256 != model.manifest.artifact.sha256) {
        throw MobileViTException.Mismatch(path, "its golden set was made for sha256 ${golden.sha256}")
    }
    val thermalStateBefore = thermalState(context)
    val times = golden.pictures.flatMap { picture ->
        val image = decoded(path, picture.png)
        List(RUNS / golden.pictures.size) {
            currentCoroutineContext().ensureActive()
            model.answer(image)
        }
    }
    val answers = golden.pictures.map { model.answerToCrop(decoded(path, it.cropPng)).answer }
    val run = DeviceRun(
        artifact = model.manifest.artifact.file,
        sha256 = golden.sha256,
        accelerator = accelerator.name,
        threads = (accelerator as? Accelerator.Cpu)?.threads,
        loadMs = model.loadMs,
        compileMs = model.compileMs,
        warmUp = WARM_UP,
        preprocessingMs = times.map { it.preprocessingMs },
        inferenceMs = times.map { it.inferenceMs },
        waitMs = null,
        thermalStateBefore = thermalStateBefore,
        thermalState = thermalState(context),
        peakMib = peakMib(),
        answers = golden.pictures.zip(answers) { picture, answer ->
            DeviceAnswer(picture.name, exactPixels = true, golden.encoded(answer))
        },
    )
    val verdicts = try {
        golden.verdicts(answers)
    } catch (error: FormatException) {
        throw MobileViTException.Mismatch(path, "golden set: ${error.message}", error)
    }
    return Report(run, verdicts, DeviceResults(device(context), now(), listOf(run)))
}

private fun decoded(path: String, png: ByteArray): ArgbImage {
    val bitmap = BitmapFactory.decodeByteArray(png, 0, png.size)
        ?: throw MobileViTException.Mismatch(path, "a picture of its golden set is no PNG")
    val pixels = bitmap.asPixels()
    val argb = IntArray(pixels.width * pixels.height)
    bitmap.getPixels(argb, 0, pixels.width, 0, 0, pixels.width, pixels.height)
    return ArgbImage(pixels.width, pixels.height, argb)
}

private fun device(context: Context): Device {
    val app = context.packageManager.getPackageInfo(context.packageName, 0)
    return Device(
        model = "${Build.MANUFACTURER} ${Build.MODEL}",
        system = "Android ${Build.VERSION.RELEASE}",
        app = "${context.getString(R.string.app_name)} ${app.versionName}",
        soc = if (Build.VERSION.SDK_INT < 31) null else "${Build.SOC_MANUFACTURER} ${Build.SOC_MODEL}",
    )
}

private fun now(): String = SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss'Z'", Locale.ROOT)
    .apply { timeZone = TimeZone.getTimeZone("UTC") }.format(Date())

/** In Apple's four words, which the harness knows; null before Android 10, which does not tell. */
private fun thermalState(context: Context): String? {
    if (Build.VERSION.SDK_INT < 29) return null
    val status = context.getSystemService(PowerManager::class.java).currentThermalStatus
    return when {
        status <= PowerManager.THERMAL_STATUS_NONE -> "nominal"
        status <= PowerManager.THERMAL_STATUS_MODERATE -> "fair"
        status <= PowerManager.THERMAL_STATUS_SEVERE -> "serious"
        else -> "critical"
    }
}

/** The most memory that the process ever held, by the kernel's own count; null where it does not tell. */
private fun peakMib(): Double? = File("/proc/self/status").readLines().find { it.startsWith("VmHWM:") }
    ?.filter(Char::isDigit)?.toDoubleOrNull()?.div(1024)
