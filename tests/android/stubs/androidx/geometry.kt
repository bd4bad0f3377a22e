package androidx.compose.ui.geometry

class Size(val width: Float, val height: Float)
