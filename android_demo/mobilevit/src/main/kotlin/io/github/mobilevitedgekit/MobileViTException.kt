package io.github.mobilevitedgekit

/** What can go wrong between an asset and an answer; the message is one sentence for the developer. */
sealed class MobileViTException(message: String, cause: Throwable?) : Exception(message, cause) {
    /** The artifact or its manifest is not among the assets, or cannot be read. */
    class Missing(path: String, cause: Throwable) :
        MobileViTException("$path cannot be opened among the assets: place it with `--into android_demo`", cause)

    /** The manifest or the golden set is not what this version reads. */
    class Malformed(path: String, cause: Throwable) : MobileViTException("$path: ${cause.message}", cause)

    /** The artifact is not the file that its manifest describes, or LiteRT cannot read it. */
    class Mismatch(path: String, why: String?, cause: Throwable? = null) :
        MobileViTException("$path is not what its manifest describes: $why", cause)

    /** This library has no way to feed or read the artifact, whose manifest is sound. */
    class Unsupported(why: String, cause: Throwable? = null) : MobileViTException(why, cause)

    /** The accelerator is not there, or cannot run all of the artifact; nothing else was tried instead. */
    class AcceleratorUnavailable(accelerator: Accelerator, why: String?, cause: Throwable? = null) :
        MobileViTException("${accelerator.name} cannot run this artifact here: $why", cause)

    /** LiteRT failed while computing an answer. */
    class InferenceFailed(cause: Throwable) : MobileViTException("inference failed: ${cause.message}", cause)

    /** The model was used after `close()`. */
    class Closed : MobileViTException("the model is closed", null)
}
