package androidx.lifecycle.compose

import androidx.compose.runtime.Composable
import androidx.compose.runtime.ProvidableCompositionLocal
import androidx.compose.runtime.State
import androidx.lifecycle.LifecycleOwner
import kotlinx.coroutines.flow.StateFlow
import stubs.stub

val LocalLifecycleOwner: ProvidableCompositionLocal<LifecycleOwner> get() = stub()

@Composable
fun <T> StateFlow<T>.collectAsStateWithLifecycle(): State<T> = stub()
