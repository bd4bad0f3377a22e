package io.github.mobilevitedgekit.demo

import androidx.annotation.StringRes
import androidx.compose.foundation.Canvas
import androidx.compose.foundation.horizontalScroll
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.FilterChip
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.FilterQuality
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.IntOffset
import androidx.compose.ui.unit.IntSize
import androidx.compose.ui.unit.dp
import io.github.mobilevitedgekit.Accelerator
import io.github.mobilevitedgekit.MobileViTException
import kotlin.math.min
import kotlin.math.roundToInt

/** The model and the accelerator, each in a row of chips. */
@Composable
fun Choices(state: DemoState, choose: (String?, Accelerator) -> Unit) {
    ChipRow(R.string.model, state.paths, state.path, { it.orEmpty().substringAfterLast('/').removeSuffix(".tflite") }) {
        choose(it, state.accelerator)
    }
    ChipRow(R.string.accelerator, state.accelerators, state.accelerator, { words(it) }) { choose(state.path, it) }
}

@Composable
private fun <T> ChipRow(
    @StringRes title: Int,
    values: List<T>,
    chosen: T,
    name: @Composable (T) -> String,
    choose: (T) -> Unit,
) {
    val description = stringResource(title)
    Row(
        Modifier.horizontalScroll(rememberScrollState()).padding(horizontal = 8.dp)
            .semantics { contentDescription = description },
        horizontalArrangement = Arrangement.spacedBy(8.dp),
    ) {
        for (value in values) {
            FilterChip(selected = value == chosen, onClick = { choose(value) }, label = { Text(name(value)) })
        }
    }
}

/** An accelerator in words. */
@Composable
fun words(accelerator: Accelerator): String = when (accelerator) {
    is Accelerator.Cpu -> when (val threads = accelerator.threads) {
        1 -> stringResource(R.string.cpu_one)
        else -> stringResource(R.string.cpu, threads)
    }
    is Accelerator.Gpu -> stringResource(if (accelerator.withCpu) R.string.gpu_and_cpu else R.string.gpu)
    is Accelerator.Npu -> stringResource(if (accelerator.withCpu) R.string.npu_and_cpu else R.string.npu)
}

/** What the model runs on, and what compiling for it took, now and the first time. */
@Composable
fun CompiledText(state: DemoState, compileMs: Double) {
    Text(
        stringResource(R.string.compiled, words(state.accelerator), compileMs, state.firstCompileMs),
        Modifier.padding(horizontal = 16.dp),
        style = MaterialTheme.typography.bodySmall,
    )
}

/** Labels with percentages, or what else the answer has, and the times. */
@Composable
fun AnswerText(shown: Shown) {
    val best = shown.lines.firstOrNull()?.label.orEmpty()
    val announced = Modifier.semantics { // by TalkBack when the best label changes, not with every percentage
        liveRegion = LiveRegionMode.Polite
        contentDescription = best
    }
    Column(announced.padding(16.dp)) {
        for (line in shown.lines) {
            if (line.isShare) {
                Text(stringResource(R.string.line, line.label, (line.value * 100).roundToInt()))
            } else {
                Text(stringResource(R.string.value, line.label, line.value))
            }
        }
        if (shown.lines.isEmpty() && shown.features == null) Text(stringResource(R.string.no_label))
        if (shown.features != null) Text(stringResource(R.string.features, shown.features.size, shown.length))
    }
    Text(
        stringResource(R.string.times, shown.preprocessingMs, shown.inferenceMs),
        Modifier.padding(horizontal = 16.dp),
        style = MaterialTheme.typography.bodySmall,
    )
}

/** The class map over an image that is shown as large as it fits, centred. */
@Composable
fun OverlayCanvas(shown: Shown) {
    val overlay = shown.overlay ?: return
    val found = shown.lines.joinToString { it.label }.ifEmpty { stringResource(R.string.nothing_found) }
    val description = stringResource(R.string.overlay, found)
    val image = overlay.bitmap.asImageBitmap()
    Canvas(Modifier.fillMaxSize().semantics { contentDescription = description }) {
        val scale = min(size.width / shown.width, size.height / shown.height)
        val left = (size.width - shown.width * scale) / 2
        val top = (size.height - shown.height * scale) / 2
        val bounds = overlay.classMap.bounds
        drawImage(
            image,
            dstOffset = IntOffset(
                (left + bounds.left * scale).roundToInt(),
                (top + bounds.top * scale).roundToInt(),
            ),
            dstSize = IntSize(
                ((bounds.right - bounds.left) * scale).roundToInt(),
                ((bounds.bottom - bounds.top) * scale).roundToInt(),
            ),
            filterQuality = FilterQuality.None,
        )
    }
}

/** That something goes on, to be seen and heard. */
@Composable
fun Busy(@StringRes what: Int) {
    val description = stringResource(what)
    Column(Modifier.padding(32.dp), horizontalAlignment = Alignment.CenterHorizontally) {
        CircularProgressIndicator(Modifier.semantics { contentDescription = description })
        Text(description, Modifier.padding(16.dp))
    }
}

/** An error in words, with what to do about it; then what a developer wants to know. */
@Composable
fun ErrorText(error: Exception?) {
    Column(Modifier.padding(16.dp).semantics { liveRegion = LiveRegionMode.Assertive }) {
        Text(stringResource(words(error)), color = MaterialTheme.colorScheme.error)
        error?.message?.let {
            Text(stringResource(R.string.error_details, it), style = MaterialTheme.typography.bodySmall)
        }
    }
}

@StringRes
private fun words(error: Exception?): Int = when (error) {
    is NoModels -> R.string.error_no_models
    is NoPicture -> R.string.error_picture
    is NoCamera -> R.string.error_camera
    is MobileViTException.Missing -> R.string.error_missing
    is MobileViTException.Malformed -> R.string.error_malformed
    is MobileViTException.Mismatch -> R.string.error_mismatch
    is MobileViTException.Unsupported -> R.string.error_unsupported
    is MobileViTException.AcceleratorUnavailable -> R.string.error_accelerator
    is MobileViTException.InferenceFailed -> R.string.error_inference
    is MobileViTException.Closed -> R.string.error_closed
    else -> R.string.error_other
}
