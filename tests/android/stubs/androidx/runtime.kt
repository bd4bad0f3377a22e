@file:Suppress("UNUSED_PARAMETER")

package androidx.compose.runtime

import kotlin.reflect.KProperty
import kotlinx.coroutines.CoroutineScope
import stubs.stub

@MustBeDocumented
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION, AnnotationTarget.TYPE, AnnotationTarget.TYPE_PARAMETER, AnnotationTarget.PROPERTY_GETTER)
annotation class Composable

interface State<out T> {
    val value: T
}

interface MutableState<T> : State<T> {
    override var value: T
}

interface MutableIntState : MutableState<Int>

fun <T> mutableStateOf(value: T): MutableState<T> = stub()

fun mutableIntStateOf(value: Int): MutableIntState = stub()

operator fun <T> State<T>.getValue(thisObj: Any?, property: KProperty<*>): T = stub()

operator fun <T> MutableState<T>.setValue(thisObj: Any?, property: KProperty<*>, value: T): Unit = stub()

@Composable
fun <T> remember(calculation: () -> T): T = stub()

@Composable
fun <T> remember(key1: Any?, calculation: () -> T): T = stub()

@Composable
fun <T> remember(key1: Any?, key2: Any?, calculation: () -> T): T = stub()

@Composable
fun LaunchedEffect(key1: Any?, key2: Any?, block: suspend CoroutineScope.() -> Unit): Unit = stub()

abstract class CompositionLocal<T> {
    val current: T get() = stub()
}

abstract class ProvidableCompositionLocal<T> : CompositionLocal<T>()
