@file:Suppress("UNUSED_PARAMETER")

package androidx.compose.foundation

import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.graphics.drawscope.DrawScope
import stubs.stub

class ScrollState

@Composable
fun rememberScrollState(initial: Int = 0): ScrollState = stub()

fun Modifier.verticalScroll(state: ScrollState): Modifier = stub()

fun Modifier.horizontalScroll(state: ScrollState): Modifier = stub()

@Composable
fun Canvas(modifier: Modifier, onDraw: DrawScope.() -> Unit): Unit = stub()

@Composable
fun Image(bitmap: ImageBitmap, contentDescription: String?, modifier: Modifier = Modifier): Unit = stub()
