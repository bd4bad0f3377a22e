package androidx.compose.ui

interface Modifier {
    companion object : Modifier
}

interface Alignment {
    fun interface Horizontal {
        fun align(): Int
    }

    companion object {
        val CenterHorizontally: Horizontal = Horizontal { 0 }
    }
}
