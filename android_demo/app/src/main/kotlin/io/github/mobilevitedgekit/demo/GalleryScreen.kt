package io.github.mobilevitedgekit.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.net.Uri
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts
import androidx.compose.foundation.Image
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
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.exifinterface.media.ExifInterface
import io.github.mobilevitedgekit.MobileViT
import io.github.mobilevitedgekit.MobileViTException
import io.github.mobilevitedgekit.asPixels
import java.io.IOException
import java.io.InputStream
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** A picture of the phone's owner's choice, and the answer to it. The system's picker needs no permission. */
@Composable
fun GalleryScreen(model: MobileViT) {
    val context = LocalContext.current
    var chosen by remember { mutableStateOf<Uri?>(null) }
    var picture by remember { mutableStateOf<Bitmap?>(null) }
    var shown by remember(model, chosen) { mutableStateOf<Shown?>(null) }
    var error by remember(model, chosen) { mutableStateOf<Exception?>(null) }
    val pick = rememberLauncherForActivityResult(ActivityResultContracts.PickVisualMedia()) { chosen = it ?: chosen }
    LaunchedEffect(model, chosen) {
        try {
            withContext(Dispatchers.Default) {
                picture = chosen?.let { open(context, it) }
                shown = picture?.let { model.show(it.asPixels()) }
            }
        } catch (caught: MobileViTException) {
            error = caught
        } catch (caught: NoPicture) {
            error = caught
        }
    }
    Column(Modifier.padding(16.dp)) {
        Button(
            onClick = { pick.launch(PickVisualMediaRequest(ActivityResultContracts.PickVisualMedia.ImageOnly)) },
        ) { Text(stringResource(R.string.choose_picture)) }
        error?.let { ErrorText(it) }
        Box(Modifier.weight(1f)) {
            picture?.let { Image(it.asImageBitmap(), stringResource(R.string.picture), Modifier.fillMaxSize()) }
            shown?.let { OverlayCanvas(it) }
        }
        shown?.let { AnswerText(it) }
    }
}

private const val MOST_PIXELS = 16_000_000 // beyond, the decoder halves the sides, for memory's sake

/** The picture, upright. @throws NoPicture when it cannot be read. */
private fun open(context: Context, uri: Uri): Bitmap {
    fun <T : Any> read(decode: (InputStream) -> T?): T = try {
        context.contentResolver.openInputStream(uri)?.use(decode) ?: throw NoPicture(null)
    } catch (error: IOException) {
        throw NoPicture(error)
    } catch (error: SecurityException) { // the picker's permission ends with the activity
        throw NoPicture(error)
    }
    val options = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    read { BitmapFactory.decodeStream(it, null, options) ?: options }
    options.inSampleSize = 1
    while (options.outWidth.toLong() * options.outHeight / options.inSampleSize / options.inSampleSize > MOST_PIXELS) {
        options.inSampleSize *= 2
    }
    options.inJustDecodeBounds = false
    val stored = read { BitmapFactory.decodeStream(it, null, options) }
    val turn = read { ExifInterface(it) }
    if (turn.rotationDegrees == 0 && !turn.isFlipped) return stored
    val upright = Matrix().apply {
        if (turn.isFlipped) postScale(-1f, 1f)
        postRotate(turn.rotationDegrees.toFloat())
    }
    return Bitmap.createBitmap(stored, 0, 0, stored.width, stored.height, upright, false)
}

/** The chosen picture could not be read. */
class NoPicture(cause: Throwable?) : Exception(cause?.message, cause)
