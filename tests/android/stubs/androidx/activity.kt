package androidx.activity

import android.app.Activity
import androidx.lifecycle.LifecycleOwner
import androidx.lifecycle.ViewModel
import stubs.stub

open class ComponentActivity : Activity(), LifecycleOwner

fun ComponentActivity.enableEdgeToEdge(): Unit = stub()

inline fun <reified VM : ViewModel> ComponentActivity.viewModels(): Lazy<VM> = lazy { stub() }
