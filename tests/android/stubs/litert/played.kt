package com.google.ai.edge.litert

/** What a test plays behind the stubs, and what was asked of them. tensors: by name, null where Kotlin has no word. */
object Played {
    val log = mutableListOf<String>()
    var available: Set<Accelerator> = emptySet()
    var npuIsKnown = false
    var tensors: Map<String, TensorType?> = emptyMap()
    var refusal: Throwable? = null
    var written: Any? = null
    var answer: Any = FloatArray(0)
}
