package io.github.mobilevitedgekit.demo

import android.content.Context
import android.content.Intent
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.core.content.FileProvider
import io.github.mobilevitedgekit.core.percentile
import java.io.File

/** Times, the golden self-test, and a button that hands both on for `python -m validation import-device`. */
@Composable
fun BenchmarkScreen(demo: DemoModel, state: DemoState) {
    val context = LocalContext.current
    Column(
        Modifier.padding(16.dp).fillMaxSize().verticalScroll(rememberScrollState()),
        verticalArrangement = Arrangement.spacedBy(8.dp),
    ) {
        when (val benchmark = state.benchmark) {
            BenchmarkState.Idle -> Button(onClick = demo::benchmark) { Text(stringResource(R.string.run)) }
            BenchmarkState.Running -> Busy(R.string.running)
            is BenchmarkState.Done -> {
                Button(onClick = demo::benchmark) { Text(stringResource(R.string.run)) }
                ReportText(benchmark.report)
                OutlinedButton(onClick = { share(context, benchmark.report) }) { Text(stringResource(R.string.share)) }
            }
        }
    }
}

@Composable
private fun ReportText(report: Report) {
    val run = report.run
    Text(stringResource(R.string.row_load, run.loadMs, run.compileMs))
    val parts = listOf(R.string.preprocessing to run.preprocessingMs, R.string.inference to run.inferenceMs)
    for ((name, times) in parts) {
        Text(stringResource(R.string.row_times, stringResource(name), percentile(times, 50.0), percentile(times, 90.0)))
    }
    Text(stringResource(R.string.self_test, passed(report.verdicts.all { it.passes })))
    for (verdict in report.verdicts) {
        val word = passed(verdict.passes)
        Text(stringResource(R.string.verdict, verdict.metric.key, verdict.value, verdict.bound, word))
    }
}

@Composable
private fun passed(passed: Boolean): String = stringResource(if (passed) R.string.passed else R.string.failed)

private fun share(context: Context, report: Report) {
    val folder = File(context.cacheDir, "results").apply { mkdirs() }
    val accelerator = report.run.accelerator.replace('+', '-')
    val file = File(folder, report.run.artifact.removeSuffix(".tflite") + "-$accelerator.json")
    file.writeText(report.results.toJson())
    val uri = FileProvider.getUriForFile(context, "${context.packageName}.results", file)
    val send = Intent(Intent.ACTION_SEND).setType("application/json").putExtra(Intent.EXTRA_STREAM, uri)
        .addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
    context.startActivity(Intent.createChooser(send, null))
}
