@file:Suppress("UNUSED_PARAMETER")

package androidx.compose.ui.graphics.drawscope

import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.FilterQuality
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.unit.IntOffset
import androidx.compose.ui.unit.IntSize
import stubs.stub

interface DrawScope {
    val size: Size

    // Real ones have style, colorFilter and blendMode before filterQuality; the app names what it gives.
    fun drawImage(
        image: ImageBitmap,
        srcOffset: IntOffset = stub(),
        srcSize: IntSize = stub(),
        dstOffset: IntOffset = stub(),
        dstSize: IntSize = stub(),
        alpha: Float = 1f,
        filterQuality: FilterQuality = FilterQuality.Low,
    )
}
