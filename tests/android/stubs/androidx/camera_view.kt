package androidx.camera.view

import android.content.Context
import android.widget.FrameLayout
import androidx.camera.core.Preview
import stubs.stub

class PreviewView(context: Context) : FrameLayout(context) {
    enum class ScaleType { FILL_START, FILL_CENTER, FILL_END, FIT_START, FIT_CENTER, FIT_END }

    var scaleType: ScaleType
        get() = stub()
        set(value) = stub(value)

    val surfaceProvider: Preview.SurfaceProvider get() = stub()

    private fun stub(value: ScaleType): Nothing = throw UnsupportedOperationException("$value")
}
