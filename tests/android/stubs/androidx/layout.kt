@file:Suppress("UNUSED_PARAMETER")

package androidx.compose.foundation.layout

import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.Dp
import stubs.stub

interface PaddingValues

object Arrangement {
    interface Horizontal

    interface Vertical

    interface HorizontalOrVertical : Horizontal, Vertical

    val Start: Horizontal get() = stub()
    val Top: Vertical get() = stub()

    fun spacedBy(space: Dp): HorizontalOrVertical = stub()
}

interface ColumnScope {
    fun Modifier.weight(weight: Float, fill: Boolean = true): Modifier
}

interface RowScope

interface BoxScope

fun Modifier.fillMaxSize(fraction: Float = 1f): Modifier = stub()

fun Modifier.padding(all: Dp): Modifier = stub()

fun Modifier.padding(horizontal: Dp = Dp(0f), vertical: Dp = Dp(0f)): Modifier = stub()

fun Modifier.padding(paddingValues: PaddingValues): Modifier = stub()

@Composable
fun Column(
    modifier: Modifier = Modifier,
    verticalArrangement: Arrangement.Vertical = Arrangement.Top,
    horizontalAlignment: Alignment.Horizontal = stub(),
    content: @Composable ColumnScope.() -> Unit,
): Unit = stub()

@Composable
fun Row(
    modifier: Modifier = Modifier,
    horizontalArrangement: Arrangement.Horizontal = Arrangement.Start,
    content: @Composable RowScope.() -> Unit,
): Unit = stub()

@Composable
fun Box(modifier: Modifier = Modifier, content: @Composable BoxScope.() -> Unit): Unit = stub()
