@file:Suppress("UNUSED_PARAMETER")

package androidx.compose.ui.res

import androidx.compose.runtime.Composable
import stubs.stub

@Composable
fun stringResource(id: Int): String = stub()

@Composable
fun stringResource(id: Int, vararg formatArgs: Any): String = stub()
