@file:Suppress("UNUSED_PARAMETER")

package androidx.camera.core.resolutionselector

import stubs.stub

class AspectRatioStrategy private constructor() {
    companion object {
        @JvmField
        val RATIO_4_3_FALLBACK_AUTO_STRATEGY: AspectRatioStrategy = AspectRatioStrategy()
    }
}

class ResolutionSelector private constructor() {
    class Builder {
        fun setAspectRatioStrategy(aspectRatioStrategy: AspectRatioStrategy): Builder = stub()
        fun build(): ResolutionSelector = stub()
    }
}
