package io.github.mobilevitedgekit.demo

import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.activity.viewModels
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.PrimaryTabRow
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Tab
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableIntStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle

/** The app's only activity: three screens behind tabs, one model for all of them. */
class MainActivity : ComponentActivity() {
    private val demo: DemoModel by viewModels()

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        enableEdgeToEdge()
        setContent { MaterialTheme { Demo(demo) } }
    }
}

private val TABS = listOf(R.string.camera, R.string.gallery, R.string.benchmark)

@Composable
private fun Demo(demo: DemoModel) {
    var tab by rememberSaveable { mutableIntStateOf(0) }
    val state by demo.state.collectAsStateWithLifecycle()
    Scaffold { edges ->
        Column(Modifier.padding(edges).fillMaxSize()) {
            PrimaryTabRow(selectedTabIndex = tab) {
                TABS.forEachIndexed { index, title ->
                    Tab(selected = tab == index, onClick = { tab = index }, text = { Text(stringResource(title)) })
                }
            }
            Choices(state, demo::choose)
            val loaded = state.model
            if (loaded != null) CompiledText(state, loaded.compileMs)
            when {
                state.error != null -> ErrorText(state.error)
                TABS[tab] == R.string.benchmark -> BenchmarkScreen(demo, state)
                loaded == null -> Busy(R.string.loading)
                TABS[tab] == R.string.camera -> CameraScreen(loaded)
                else -> GalleryScreen(loaded)
            }
        }
    }
}
