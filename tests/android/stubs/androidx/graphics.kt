@file:Suppress("UNUSED_PARAMETER")

package androidx.compose.ui.graphics

import android.graphics.Bitmap
import stubs.stub

@JvmInline
value class Color(val value: ULong)

interface ImageBitmap

fun Bitmap.asImageBitmap(): ImageBitmap = stub()

@JvmInline
value class FilterQuality(val value: Int) {
    companion object {
        val None: FilterQuality = FilterQuality(0)
        val Low: FilterQuality = FilterQuality(1)
    }
}
