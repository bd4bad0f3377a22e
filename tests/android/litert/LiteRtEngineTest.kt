package io.github.mobilevitedgekit

import android.content.ContextWrapper
import android.content.res.AssetManager
import com.google.ai.edge.litert.LiteRtException
import com.google.ai.edge.litert.Played
import com.google.ai.edge.litert.TensorType
import com.google.ai.edge.litert.TensorType.ElementType
import io.github.mobilevitedgekit.core.Dtype
import io.github.mobilevitedgekit.core.Elements
import io.github.mobilevitedgekit.core.Json
import io.github.mobilevitedgekit.core.Manifest
import java.io.File
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertSame
import com.google.ai.edge.litert.Accelerator as Hardware

/** What the engine asks of LiteRT, which the stubs play: no network computes. */
class LiteRtEngineTest {
    private val folder = File(checkNotNull(System.getProperty("mobilevit.fixtures")))

    @Suppress("UNCHECKED_CAST")
    private val integers = (Json.parse(folder.resolve("contract/manifests.json").readText()) as Map<String, Any?>)
        .getValue("valid").let { it as List<Any?> }.map { Manifest.parse(Json.write(it)) }.first()
    private val floats = integers.run {
        copy(input = input.copy(dtype = Dtype.FLOAT32), outputs = outputs.map { it.copy(dtype = Dtype.FLOAT32) })
    }
    private val input = integers.input.name
    private val output = integers.answer.name
    private val npu = Accelerator.Npu(unmade<ContextWrapper>())

    @BeforeTest
    fun anew() {
        Played.log.clear()
        Played.available = Hardware.entries.toSet()
        Played.npuIsKnown = true
        Played.refusal = null
        Played.tensors = mapOf(input to floats.input.shape, output to floats.answer.shape)
            .mapValues { TensorType(ElementType.FLOAT, TensorType.Layout(it.value)) }
    }

    @Test
    fun `buffers are made once, and everything is closed, what was made last first`() {
        val engine = engine(Accelerator.Cpu(3))
        assertEquals(listOf("compile m.tflite for [CPU] 3", "buffer $input", "buffer $output"), Played.log)
        Played.log.clear()
        Played.answer = floatArrayOf(0.5f)
        val crop = FloatArray(3)
        repeat(2) {
            assertSame(Played.answer, (engine.run(Elements.Floats(crop)) as Elements.Floats).values)
            assertSame<Any?>(crop, Played.written)
        }
        assertEquals(List(2) { listOf("write $input", "run", "read $output") }.flatten(), Played.log)
        Played.log.clear()
        repeat(2) { engine.close() }
        assertEquals(listOf("close $output", "close $input", "close model", "close environment"), Played.log)
    }

    @Test
    fun `integers go in and out as bytes or ints`() {
        Played.tensors = mapOf(input to null, output to null)
        val bytes = engine(Accelerator.Cpu(), integers)
        Played.answer = ByteArray(3)
        assertSame(Played.answer, (bytes.run(Elements.Bytes(ByteArray(9))) as Elements.Bytes).values)
        val map = integers.run { copy(outputs = outputs.map { it.copy(dtype = Dtype.INT32) }) }
        val ints = TensorType(ElementType.INT, TensorType.Layout(map.answer.shape))
        Played.tensors = mapOf(input to null, output to ints)
        Played.answer = IntArray(3)
        val answer = engine(Accelerator.Cpu(), map).run(Elements.Bytes(ByteArray(9)))
        assertSame(Played.answer, (answer as Elements.Ints).values)
    }

    @Test
    fun `LiteRT is asked for what was chosen and for nothing else`() {
        val alone = listOf(Accelerator.Cpu(1), Accelerator.Gpu(), npu)
        val withCpu = listOf(Accelerator.Gpu(withCpu = true), npu.copy(withCpu = true))
        val names = (alone + withCpu).map {
            Played.log.clear()
            engine(it)
            it.name to Played.log.first().substringAfter("for ")
        }
        val expected = listOf(
            "CPU" to "[CPU] 1",
            "GPU" to "[GPU] null",
            "NPU" to "[NPU, NONE] null", // NPU alone would bring the CPU
            "GPU+CPU" to "[GPU, CPU] null",
            "NPU+CPU" to "[NPU, CPU] null",
        )
        assertEquals(expected, names)
    }

    @Test
    fun `an accelerator that is not there is refused by name, and nothing is compiled`() {
        fun says(accelerator: Accelerator) =
            assertFailsWith<MobileViTException.AcceleratorUnavailable> { engine(accelerator) }.message
        val cannot = "cannot run this artifact here:"
        Played.available = setOf(Hardware.CPU)
        assertEquals("NPU $cannot LiteRT finds no library for the NPU", says(npu))
        assertEquals("GPU+CPU $cannot LiteRT finds no library for the GPU", says(Accelerator.Gpu(withCpu = true)))
        assertEquals(listOf("close environment", "close environment"), Played.log)
        Played.npuIsKnown = false
        assertEquals("NPU $cannot LiteRT knows no NPU of this phone's SoC", says(npu))
        Played.log.clear()
        Played.available = setOf(Hardware.GPU)
        for (refusal in listOf(LiteRtException(504, "Some ops are left."), UnsatisfiedLinkError("Some ops are left."))) {
            Played.refusal = refusal
            assertEquals("GPU $cannot Some ops are left.", says(Accelerator.Gpu()))
        }
        assertEquals(setOf("close environment"), Played.log.toSet())
    }

    @Test
    fun `a file whose tensors are not the manifest's is closed again`() {
        fun says() = assertFailsWith<MobileViTException.Mismatch> { engine(Accelerator.Cpu()) }
            .message.orEmpty().substringAfter("describes: ")
        val sound = Played.tensors
        Played.tensors = sound - output
        assertEquals("there is no $output", says())
        assertEquals(listOf("close $input", "close model", "close environment"), Played.log.takeLast(3))
        val (other, shape) = listOf(1, 2) to floats.answer.shape
        Played.tensors = sound + (output to TensorType(ElementType.FLOAT, TensorType.Layout(other)))
        assertEquals("$output is FLOAT $other, not FLOAT32 $shape", says())
        Played.tensors = sound + (output to TensorType(ElementType.INT, TensorType.Layout(shape)))
        assertEquals("$output is INT $shape, not FLOAT32 $shape", says())
        Played.tensors = sound + (output to null)
        assertEquals("Unsupported element type in Kotlin", says())
    }

    @Test
    fun `16-bit integers are refused by name before anything is loaded`() {
        val wide = integers.run { copy(outputs = outputs.map { it.copy(dtype = Dtype.INT16) }) }
        val refusal = assertFailsWith<MobileViTException.Unsupported> { engine(Accelerator.Cpu(), wide) }
        assertEquals("output $output holds int16, which LiteRT hands to no app", refusal.message)
        assertEquals(emptyList(), Played.log)
    }

    private fun engine(accelerator: Accelerator, manifest: Manifest = floats) =
        LiteRtEngine(unmade<AssetManager>(), "m.tflite", manifest, accelerator)

    /** An object of a class that only a phone can make, of which nothing is asked. */
    private inline fun <reified T> unmade(): T {
        val field = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe").apply { isAccessible = true }
        val unsafe = field.get(null)
        return unsafe.javaClass.getMethod("allocateInstance", Class::class.java).invoke(unsafe, T::class.java) as T
    }
}
