@file:Suppress("UNUSED_PARAMETER")

package androidx.exifinterface.media

import java.io.InputStream
import stubs.stub

class ExifInterface(inputStream: InputStream) {
    val rotationDegrees: Int get() = stub()
    val isFlipped: Boolean get() = stub()
}
