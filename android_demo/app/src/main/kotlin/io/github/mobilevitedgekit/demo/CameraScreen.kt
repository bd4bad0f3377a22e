package io.github.mobilevitedgekit.demo

import android.Manifest
import android.content.Context
import android.content.pm.PackageManager
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.core.Preview
import androidx.camera.core.resolutionselector.AspectRatioStrategy
import androidx.camera.core.resolutionselector.ResolutionSelector
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.camera.lifecycle.awaitInstance
import androidx.camera.view.PreviewView
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Button
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.compose.ui.viewinterop.AndroidView
import androidx.core.content.ContextCompat
import androidx.lifecycle.LifecycleOwner
import androidx.lifecycle.compose.LifecycleResumeEffect
import androidx.lifecycle.compose.LocalLifecycleOwner
import io.github.mobilevitedgekit.MobileViT
import io.github.mobilevitedgekit.MobileViTException
import io.github.mobilevitedgekit.core.YuvImage
import java.util.concurrent.Executors
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.awaitCancellation

/** The back camera's picture with the answers to it, as fast as the model gives them. */
@Composable
fun CameraScreen(model: MobileViT) {
    val context = LocalContext.current
    var granted by remember { mutableStateOf(mayUseCamera(context)) }
    val ask = rememberLauncherForActivityResult(ActivityResultContracts.RequestPermission()) { granted = it }
    LifecycleResumeEffect(context) { // for example back from the settings
        granted = mayUseCamera(context)
        onPauseOrDispose {}
    }
    if (granted) LiveAnswers(model) else Explanation { ask.launch(Manifest.permission.CAMERA) }
}

@Composable
private fun Explanation(ask: () -> Unit) {
    Column(Modifier.padding(16.dp)) {
        Text(stringResource(R.string.camera_why))
        Button(onClick = ask) { Text(stringResource(R.string.camera_allow)) }
        Text(stringResource(R.string.camera_settings))
    }
}

@Composable
private fun LiveAnswers(model: MobileViT) {
    val context = LocalContext.current
    val owner = LocalLifecycleOwner.current
    val description = stringResource(R.string.camera_preview)
    val preview = remember {
        // The whole picture, as large as it fits: so the overlay knows where it lies.
        PreviewView(context).apply { scaleType = PreviewView.ScaleType.FIT_CENTER }
    }
    var shown by remember(model) { mutableStateOf<Shown?>(null) }
    var error by remember(model) { mutableStateOf<Exception?>(null) }
    LaunchedEffect(model, owner) {
        val painter = OverlayPainter()
        try {
            showCamera(context, owner, preview) { frame ->
                try {
                    shown = model.show(frame, painter)
                } catch (caught: MobileViTException) {
                    // A closed model is no error: another one was chosen while this frame waited.
                    if (caught !is MobileViTException.Closed) error = caught
                }
            }
        } catch (caught: CancellationException) { // an IllegalStateException too
            throw caught
        } catch (caught: IllegalArgumentException) { // what CameraX throws for a phone without a back camera
            error = NoCamera(caught)
        } catch (caught: IllegalStateException) {
            error = NoCamera(caught)
        }
    }
    if (error != null) {
        ErrorText(error)
        return
    }
    Column {
        Box(Modifier.weight(1f)) {
            AndroidView({ preview.apply { contentDescription = description } }, Modifier.fillMaxSize())
            shown?.let { OverlayCanvas(it) }
        }
        shown?.let { AnswerText(it) }
    }
}

/** Until cancelled, previews the back camera and hands frames to `look` on a thread of their own, the newest only. */
private suspend fun showCamera(context: Context, owner: LifecycleOwner, view: PreviewView, look: (YuvImage) -> Unit) {
    val provider = ProcessCameraProvider.awaitInstance(context)
    // The same shape for both, so that the frame is what the preview shows.
    val shape = ResolutionSelector.Builder()
        .setAspectRatioStrategy(AspectRatioStrategy.RATIO_4_3_FALLBACK_AUTO_STRATEGY).build()
    val preview = Preview.Builder().setResolutionSelector(shape).build()
    preview.setSurfaceProvider(view.surfaceProvider)
    val analysis = ImageAnalysis.Builder().setResolutionSelector(shape)
        .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST).build()
    val thread = Executors.newSingleThreadExecutor()
    val rows = YuvImage.Rows()
    analysis.setAnalyzer(thread) { frame -> analyze(frame, rows, look) }
    try {
        provider.bindToLifecycle(owner, CameraSelector.DEFAULT_BACK_CAMERA, preview, analysis)
        awaitCancellation()
    } finally {
        analysis.clearAnalyzer()
        provider.unbind(preview, analysis)
        thread.shutdown()
    }
}

/** Keeps the frame until it has been looked at: it is not copied, and only then does CameraX choose the next one. */
private fun analyze(frame: ImageProxy, rows: YuvImage.Rows, look: (YuvImage) -> Unit) = frame.use {
    val (y, u, v) = it.planes.map { plane -> YuvImage.Plane(plane.buffer, plane.rowStride, plane.pixelStride) }
    look(YuvImage(it.width, it.height, y, u, v, it.imageInfo.rotationDegrees, rows))
}

private fun mayUseCamera(context: Context): Boolean =
    ContextCompat.checkSelfPermission(context, Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED

/** The camera could not be opened. */
class NoCamera(cause: Throwable) : Exception(cause.message, cause)
