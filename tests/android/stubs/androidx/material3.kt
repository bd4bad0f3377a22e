@file:Suppress("UNUSED_PARAMETER")

package androidx.compose.material3

import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.RowScope
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.text.TextStyle
import stubs.stub

class Typography {
    val bodySmall: TextStyle get() = stub()
}

class ColorScheme {
    val error: Color get() = stub()
}

object MaterialTheme {
    val typography: Typography get() = stub()
    val colorScheme: ColorScheme get() = stub()
}

@Composable
fun MaterialTheme(content: @Composable () -> Unit): Unit = stub()

@Composable
fun Scaffold(modifier: Modifier = Modifier, content: @Composable (PaddingValues) -> Unit): Unit = stub()

@Composable
fun PrimaryTabRow(selectedTabIndex: Int, modifier: Modifier = Modifier, tabs: @Composable () -> Unit): Unit = stub()

@Composable
fun Tab(
    selected: Boolean,
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    text: @Composable (() -> Unit)? = null,
    icon: @Composable (() -> Unit)? = null,
): Unit = stub()

// Real ones have further parameters between these; the app names what it gives after the modifier.
@Composable
fun Text(text: String, modifier: Modifier = Modifier, color: Color = stub(), style: TextStyle = stub()): Unit = stub()

@Composable
fun Button(onClick: () -> Unit, modifier: Modifier = Modifier, content: @Composable RowScope.() -> Unit): Unit = stub()

@Composable
fun OutlinedButton(onClick: () -> Unit, modifier: Modifier = Modifier, content: @Composable RowScope.() -> Unit): Unit = stub()

@Composable
fun FilterChip(selected: Boolean, onClick: () -> Unit, label: @Composable () -> Unit, modifier: Modifier = Modifier): Unit = stub()

@Composable
fun CircularProgressIndicator(modifier: Modifier = Modifier): Unit = stub()
