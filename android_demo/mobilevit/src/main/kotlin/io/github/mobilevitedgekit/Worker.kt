package io.github.mobilevitedgekit

import java.util.concurrent.Callable
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executors
import java.util.concurrent.Future
import java.util.concurrent.RejectedExecutionException

/** The one thread that everything of a model happens on: GPU delegates demand it, and buffers need no locks. */
internal class Worker(name: String) {
    private val executor = Executors.newSingleThreadExecutor { Thread(it, name) }

    /** The result of `work`, waited for; what it throws is thrown here. MobileViTException.Closed after [finish]. */
    fun <T> run(work: () -> T): T {
        val pending: Future<T> = try {
            executor.submit(Callable(work))
        } catch (_: RejectedExecutionException) {
            throw MobileViTException.Closed()
        }
        try {
            return pending.get()
        } catch (error: ExecutionException) {
            throw error.cause ?: error
        }
    }

    /** Does `work` after all that was asked for before, and takes no more; returns at once. Once only. */
    @Synchronized
    fun finish(work: () -> Unit) {
        if (executor.isShutdown) return
        executor.execute(work)
        executor.shutdown()
    }
}
