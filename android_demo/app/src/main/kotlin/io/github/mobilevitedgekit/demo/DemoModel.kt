package io.github.mobilevitedgekit.demo

import android.app.Application
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.viewModelScope
import io.github.mobilevitedgekit.Accelerator
import io.github.mobilevitedgekit.MobileViT
import io.github.mobilevitedgekit.MobileViTException
import io.github.mobilevitedgekit.modelsIn
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch

/** What is chosen, and what came of it: a loaded model, or an error, or neither while it loads. */
data class DemoState(
    val paths: List<String>,
    val accelerators: List<Accelerator>,
    val path: String?,
    val accelerator: Accelerator,
    val model: MobileViT? = null,
    val firstCompileMs: Double = 0.0,
    val error: Exception? = null,
    val benchmark: BenchmarkState = BenchmarkState.Idle,
)

/** Keeps one model loaded, the chosen one, and runs benchmarks while no other model computes. */
class DemoModel(application: Application) : AndroidViewModel(application) {
    private val assets = application.assets
    private val paths = modelsIn(assets)
    private val firstCompiles = FirstCompiles(application)
    private val accelerators = listOf(1, 2, 4).map { Accelerator.Cpu(it) } +
        listOf(false, true).map { Accelerator.Gpu(withCpu = it) } +
        listOf(false, true).map { Accelerator.Npu(application, withCpu = it) }
    private val mutable = MutableStateFlow(DemoState(paths, accelerators, paths.firstOrNull(), Accelerator.Cpu()))
    private var work: Job? = null

    val state: StateFlow<DemoState> = mutable.asStateFlow()

    init {
        choose(mutable.value.path, mutable.value.accelerator)
    }

    /** Loads a model with an accelerator, in place of the one before. */
    fun choose(path: String?, accelerator: Accelerator) = next {
        mutable.update { DemoState(paths, accelerators, path, accelerator) }
        load(path, accelerator)
    }

    /** Measures what is chosen: the model is loaded anew, since loading is measured too. */
    fun benchmark() = next {
        val chosen = mutable.value
        mutable.update { it.copy(model = null, error = null, benchmark = BenchmarkState.Running) }
        val (path, model) = load(chosen.path, chosen.accelerator, WARM_UP)
        val report = measure(getApplication(), model, path, chosen.accelerator)
        mutable.update { it.copy(benchmark = BenchmarkState.Done(report)) }
    }

    private suspend fun load(path: String?, accelerator: Accelerator, warmUp: Int = 2): Pair<String, MobileViT> {
        val model = MobileViT.load(assets, path ?: throw NoModels(), accelerator, warmUp)
        if (!currentCoroutineContext().isActive) model.close() // the app went away meanwhile
        val first = firstCompiles.first(model.manifest.artifact.sha256, accelerator.name, model.compileMs)
        mutable.update { it.copy(model = model, firstCompileMs = first) }
        return path to model
    }

    override fun onCleared() {
        mutable.value.model?.close()
    }

    /** Does `what` off the main thread after what ran before has ended and its model is closed. */
    private fun next(what: suspend () -> Unit) {
        val before = work
        work = viewModelScope.launch(Dispatchers.Default) {
            before?.cancelAndJoin()
            mutable.value.model?.close()
            try {
                what()
            } catch (error: MobileViTException) {
                mutable.update { it.copy(error = error, benchmark = BenchmarkState.Idle) }
            } catch (error: NoModels) {
                mutable.update { it.copy(error = error) }
            }
        }
    }
}

/** The app was built without an artifact. */
class NoModels : Exception()
