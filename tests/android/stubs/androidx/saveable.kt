@file:Suppress("UNUSED_PARAMETER")

package androidx.compose.runtime.saveable

import androidx.compose.runtime.Composable
import stubs.stub

@Composable
fun <T : Any> rememberSaveable(vararg inputs: Any?, init: () -> T): T = stub()
