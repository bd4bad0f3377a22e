@file:Suppress("UNUSED_PARAMETER")

package androidx.core.content

import android.content.Context
import android.net.Uri
import java.io.File
import stubs.stub

object ContextCompat {
    @JvmStatic
    fun checkSelfPermission(context: Context, permission: String): Int = stub()
}

object FileProvider {
    @JvmStatic
    fun getUriForFile(context: Context, authority: String, file: File): Uri = stub()
}
