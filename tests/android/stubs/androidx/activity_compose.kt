@file:Suppress("UNUSED_PARAMETER")

package androidx.activity.compose

import androidx.activity.ComponentActivity
import androidx.activity.result.contract.ActivityResultContract
import androidx.compose.runtime.Composable
import stubs.stub

fun ComponentActivity.setContent(content: @Composable () -> Unit): Unit = stub()

class ManagedActivityResultLauncher<I, O> {
    fun launch(input: I): Unit = stub()
}

@Composable
fun <I, O> rememberLauncherForActivityResult(
    contract: ActivityResultContract<I, O>,
    onResult: (O) -> Unit,
): ManagedActivityResultLauncher<I, O> = stub()
