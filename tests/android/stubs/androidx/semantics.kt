@file:Suppress("UNUSED_PARAMETER")

package androidx.compose.ui.semantics

import androidx.compose.ui.Modifier
import stubs.stub

interface SemanticsPropertyReceiver

@JvmInline
value class LiveRegionMode private constructor(private val value: Int) {
    companion object {
        val Polite: LiveRegionMode = LiveRegionMode(0)
        val Assertive: LiveRegionMode = LiveRegionMode(1)
    }
}

var SemanticsPropertyReceiver.contentDescription: String
    get() = stub()
    set(value) = stub()

var SemanticsPropertyReceiver.liveRegion: LiveRegionMode
    get() = stub()
    set(value) = stub()

fun Modifier.semantics(
    mergeDescendants: Boolean = false,
    properties: SemanticsPropertyReceiver.() -> Unit,
): Modifier = stub()
