package androidx.lifecycle

import android.app.Application
import kotlinx.coroutines.CoroutineScope
import stubs.stub

interface LifecycleOwner

abstract class ViewModel {
    protected open fun onCleared(): Unit = stub()
}

@Suppress("UNUSED_PARAMETER")
open class AndroidViewModel(application: Application) : ViewModel() {
    open fun <T : Application> getApplication(): T = stub()
}

val ViewModel.viewModelScope: CoroutineScope get() = stub()
