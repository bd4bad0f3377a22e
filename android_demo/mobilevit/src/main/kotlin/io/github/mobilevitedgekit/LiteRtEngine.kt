package io.github.mobilevitedgekit

import android.content.Context
import android.content.res.AssetManager
import com.google.ai.edge.litert.BuiltinNpuAcceleratorProvider
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.Environment
import com.google.ai.edge.litert.TensorBuffer
import com.google.ai.edge.litert.TensorType
import com.google.ai.edge.litert.TensorType.ElementType
import io.github.mobilevitedgekit.core.Dtype
import io.github.mobilevitedgekit.core.Elements
import io.github.mobilevitedgekit.core.Manifest
import com.google.ai.edge.litert.Accelerator as Hardware

/**
 * LiteRT's compiled model of an asset, held to what the manifest says of its tensors.
 *
 * Buffers are made once. LiteRT reads the asset into memory of its own, and hands each answer over in a new array.
 */
internal class LiteRtEngine(
    assets: AssetManager,
    path: String,
    private val manifest: Manifest,
    private val accelerator: Accelerator,
) : Engine {
    private val opened = mutableListOf<AutoCloseable>()
    private val answer = manifest.answer
    private val model: CompiledModel
    private val inputs: Map<String, TensorBuffer>
    private val outputs: Map<String, TensorBuffer>
    override val compileMs: Double

    init {
        if (answer.dtype !in READABLE) {
            val dtype = answer.dtype.name.lowercase()
            throw MobileViTException.Unsupported("output ${answer.name} holds $dtype, which LiteRT hands to no app")
        }
        try {
            val environment = available { environment() }
            val started = System.nanoTime()
            model = available { CompiledModel.create(assets, path, options(), environment).kept() }
            compileMs = (System.nanoTime() - started) / 1e6
            val input = manifest.input
            inputs = described { mapOf(input.name to model.createInputBuffer(input.name).kept()) }
            outputs = described { manifest.outputs.associate { it.name to model.createOutputBuffer(it.name).kept() } }
            check(input.name, input.shape, input.dtype) { model.getInputTensorType(input.name) }
            for (each in manifest.outputs) {
                check(each.name, each.shape, each.dtype) { model.getOutputTensorType(each.name) }
            }
        } catch (error: MobileViTException) {
            close()
            throw error
        }
    }

    override fun run(input: Elements): Elements {
        val buffer = inputs.getValue(manifest.input.name)
        when (input) {
            is Elements.Floats -> buffer.writeFloat(input.values)
            is Elements.Bytes -> buffer.writeInt8(input.values)
            is Elements.Ints -> buffer.writeInt(input.values)
        }
        model.run(inputs, outputs)
        val found = outputs.getValue(answer.name)
        return when (answer.dtype) {
            Dtype.FLOAT32 -> Elements.Floats(found.readFloat())
            Dtype.INT32 -> Elements.Ints(found.readInt())
            else -> Elements.Bytes(found.readInt8())
        }
    }

    /** What was made last goes first: the buffers, the model, and what it stands on. */
    override fun close() {
        while (opened.isNotEmpty()) opened.removeAt(opened.lastIndex).close()
    }

    private fun <T : AutoCloseable> T.kept(): T = also { opened += it }

    private fun environment(): Environment {
        val environment = when (accelerator) {
            is Accelerator.Npu -> withNpu(accelerator.context)
            is Accelerator.Cpu, is Accelerator.Gpu -> Environment.create()
        }
        environment.kept()
        val missing = accelerator.hardware - environment.getAvailableAccelerators()
        if (missing.isNotEmpty()) unavailable("LiteRT finds no library for the ${missing.joinToString()}")
        return environment
    }

    private fun withNpu(context: Context): Environment {
        val provider = BuiltinNpuAcceleratorProvider(context)
        if (!provider.isDeviceSupported()) unavailable("LiteRT knows no NPU of this phone's SoC")
        return Environment.create(context, provider)
    }

    /** To an NPU alone LiteRT adds the CPU by itself; beside NONE, which stands for nothing, it does not. */
    private fun options(): CompiledModel.Options {
        val alone = accelerator.hardware == setOf(Hardware.NPU)
        return CompiledModel.Options(if (alone) setOf(Hardware.NPU, Hardware.NONE) else accelerator.hardware).apply {
            if (accelerator is Accelerator.Cpu) cpuOptions = CompiledModel.CpuOptions(numThreads = accelerator.threads)
        }
    }

    /** Of types that LiteRT's Kotlin interface has no word for, uint8, nothing is asked: the hash holds them. */
    private fun check(name: String, shape: List<Int>, dtype: Dtype, found: () -> TensorType) {
        val expected = TYPES[dtype] ?: return
        val type = described(found)
        if (type.elementType != expected || type.layout?.dimensions != shape) {
            mismatch("$name is ${type.elementType} ${type.layout?.dimensions}, not $dtype $shape")
        }
    }

    private inline fun <T> available(work: () -> T): T = try {
        work()
    } catch (error: MobileViTException) {
        throw error
    } catch (error: Exception) {
        unavailable(error.message, error)
    } catch (error: LinkageError) { // a device whose processor or system LiteRT has no library for
        unavailable(error.message, error)
    }

    private fun unavailable(why: String?, cause: Throwable? = null): Nothing =
        throw MobileViTException.AcceleratorUnavailable(accelerator, why, cause)

    private inline fun <T> described(work: () -> T): T = try {
        work()
    } catch (error: Exception) {
        mismatch(error.message, error)
    }

    private fun mismatch(why: String?, cause: Throwable? = null): Nothing =
        throw MobileViTException.Mismatch(manifest.artifact.file, why, cause)

    private companion object {
        val READABLE = setOf(Dtype.FLOAT32, Dtype.INT32, Dtype.INT8, Dtype.UINT8)
        val TYPES = mapOf(
            Dtype.FLOAT32 to ElementType.FLOAT,
            Dtype.INT32 to ElementType.INT,
            Dtype.INT8 to ElementType.INT8,
        )

        /** Exactly what was asked for. Where the CPU is not among them, LiteRT refuses operations that they lack. */
        val Accelerator.hardware: Set<Hardware>
            get() = when (this) {
                is Accelerator.Cpu -> setOf(Hardware.CPU)
                is Accelerator.Gpu -> if (withCpu) setOf(Hardware.GPU, Hardware.CPU) else setOf(Hardware.GPU)
                is Accelerator.Npu -> if (withCpu) setOf(Hardware.NPU, Hardware.CPU) else setOf(Hardware.NPU)
            }
    }
}
