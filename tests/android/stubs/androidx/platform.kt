package androidx.compose.ui.platform

import android.content.Context
import androidx.compose.runtime.ProvidableCompositionLocal
import stubs.stub

val LocalContext: ProvidableCompositionLocal<Context> get() = stub()
