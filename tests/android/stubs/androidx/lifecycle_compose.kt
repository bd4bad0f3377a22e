@file:Suppress("UNUSED_PARAMETER")

package androidx.lifecycle.compose

import androidx.compose.runtime.Composable
import androidx.compose.runtime.ProvidableCompositionLocal
import androidx.compose.runtime.State
import androidx.lifecycle.LifecycleOwner
import kotlinx.coroutines.flow.StateFlow
import stubs.stub

val LocalLifecycleOwner: ProvidableCompositionLocal<LifecycleOwner> get() = stub()

class LifecyclePauseOrDisposeEffectResult

class LifecycleResumePauseEffectScope {
    fun onPauseOrDispose(onPauseOrDisposeEffect: () -> Unit): LifecyclePauseOrDisposeEffectResult = stub()
}

@Composable
fun LifecycleResumeEffect(
    key1: Any?,
    lifecycleOwner: LifecycleOwner = LocalLifecycleOwner.current,
    effects: LifecycleResumePauseEffectScope.() -> LifecyclePauseOrDisposeEffectResult,
): Unit = stub()

@Composable
fun <T> StateFlow<T>.collectAsStateWithLifecycle(): State<T> = stub()
