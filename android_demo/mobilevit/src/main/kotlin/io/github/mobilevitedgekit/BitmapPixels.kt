package io.github.mobilevitedgekit

import android.graphics.Bitmap
import android.media.Image
import io.github.mobilevitedgekit.core.Pixels
import io.github.mobilevitedgekit.core.YuvImage

/** A bitmap's pixels, read row by row, without a copy of the whole; alpha does not count. */
fun Bitmap.asPixels(): Pixels = BitmapPixels(this)

/**
 * A frame of Camera2 or ImageReader in YUV_420_888; `rotation`: degrees clockwise that turn it upright.
 *
 * Nothing is copied: close the frame after the model has answered. `rows`: see [YuvImage].
 */
fun Image.asPixels(rotation: Int, rows: YuvImage.Rows = YuvImage.Rows()): Pixels {
    val (y, u, v) = planes.map { YuvImage.Plane(it.buffer, it.rowStride, it.pixelStride) }
    return YuvImage(width, height, y, u, v, rotation, rows)
}

private class BitmapPixels(private val bitmap: Bitmap) : Pixels {
    override val width = bitmap.width
    override val height = bitmap.height

    override fun readRow(y: Int, from: Int, to: Int, row: IntArray) {
        bitmap.getPixels(row, from, width, from, y, to - from, 1)
    }
}
