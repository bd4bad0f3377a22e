package stubs

/** What every signature here does. */
fun stub(): Nothing = throw UnsupportedOperationException("a signature without code")
