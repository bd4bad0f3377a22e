@file:Suppress("UNUSED_PARAMETER")

package androidx.camera.core

import androidx.camera.core.resolutionselector.ResolutionSelector
import java.nio.ByteBuffer
import java.util.concurrent.Executor
import stubs.stub

class CameraSelector private constructor() {
    companion object {
        @JvmField
        val DEFAULT_BACK_CAMERA: CameraSelector = CameraSelector()
    }
}

interface Camera

interface ImageInfo {
    val rotationDegrees: Int
}

interface ImageProxy : AutoCloseable {
    interface PlaneProxy {
        val rowStride: Int
        val pixelStride: Int
        val buffer: ByteBuffer
    }

    val width: Int
    val height: Int
    val planes: Array<PlaneProxy>
    val imageInfo: ImageInfo
}

abstract class UseCase

class Preview : UseCase() {
    interface SurfaceProvider

    class Builder {
        fun setResolutionSelector(resolutionSelector: ResolutionSelector): Builder = stub()
        fun build(): Preview = stub()
    }

    fun setSurfaceProvider(surfaceProvider: SurfaceProvider?): Unit = stub()
}

class ImageAnalysis : UseCase() {
    fun interface Analyzer {
        fun analyze(image: ImageProxy)
    }

    class Builder {
        fun setResolutionSelector(resolutionSelector: ResolutionSelector): Builder = stub()
        fun setBackpressureStrategy(strategy: Int): Builder = stub()
        fun build(): ImageAnalysis = stub()
    }

    fun setAnalyzer(executor: Executor, analyzer: Analyzer): Unit = stub()

    fun clearAnalyzer(): Unit = stub()

    companion object {
        const val STRATEGY_KEEP_ONLY_LATEST: Int = 0
    }
}
