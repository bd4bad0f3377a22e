// Stub: what :mobilevit uses of LiteRT's Kotlin interface. Behind it stands Played, which a test sets.

package com.google.ai.edge.litert

import android.content.Context
import android.content.res.AssetManager

enum class Accelerator(val value: Int) { NONE(0), CPU(1), GPU(2), NPU(3) }

class LiteRtException(code: Int, message: String) : Exception(message)

abstract class JniHandle internal constructor(private val name: String) : AutoCloseable {
    final override fun close() {
        Played.log += "close $name"
    }
}

interface NpuAcceleratorProvider {
    fun isDeviceSupported(): Boolean
}

class BuiltinNpuAcceleratorProvider(context: Context) : NpuAcceleratorProvider {
    override fun isDeviceSupported(): Boolean = Played.npuIsKnown
}

class Environment private constructor() : JniHandle("environment") {
    enum class Option { CompilerPluginLibraryDir, DispatchLibraryDir }

    fun getAvailableAccelerators(): Set<Accelerator> = Played.available

    companion object {
        fun create(options: Map<Option, String> = mapOf()): Environment = Environment()

        fun create(
            context: Context,
            npuAcceleratorProvider: NpuAcceleratorProvider,
            options: Map<Option, String> = mapOf(),
            enableCompilerCache: Boolean = true,
        ): Environment = Environment()
    }
}

data class TensorType(val elementType: ElementType, val layout: Layout? = null) {
    enum class ElementType { INT, FLOAT, INT8, BOOLEAN, INT64 }

    data class Layout(val dimensions: List<Int>, val strides: List<Int> = listOf())
}

class TensorBuffer internal constructor(private val name: String) : JniHandle(name) {
    fun writeInt(data: IntArray) = write(data)

    fun writeFloat(data: FloatArray) = write(data)

    fun writeInt8(data: ByteArray) = write(data)

    fun readInt(): IntArray = read() as IntArray

    fun readFloat(): FloatArray = read() as FloatArray

    fun readInt8(): ByteArray = read() as ByteArray

    private fun write(data: Any) {
        Played.log += "write $name"
        Played.written = data
    }

    private fun read(): Any {
        Played.log += "read $name"
        return Played.answer
    }
}

class CompiledModel private constructor() : JniHandle("model") {
    data class CpuOptions(
        val numThreads: Int? = null,
        val xnnPackFlags: Int? = null,
        val xnnPackWeightCachePath: String? = null,
    )

    class Options(internal val accelerators: Set<Accelerator>) {
        constructor(vararg accelerators: Accelerator) : this(setOf(*accelerators))

        var cpuOptions: CpuOptions? = null
    }

    fun createInputBuffer(inputName: String, signature: String = ""): TensorBuffer = buffer(inputName)

    fun createOutputBuffer(outputName: String, signature: String = ""): TensorBuffer = buffer(outputName)

    fun getInputTensorType(inputName: String, signature: String = ""): TensorType = type(inputName)

    fun getOutputTensorType(outputName: String, signature: String = ""): TensorType = type(outputName)

    fun run(inputs: Map<String, TensorBuffer>, outputs: Map<String, TensorBuffer>, signature: String = "") {
        Played.log += "run"
    }

    private fun buffer(name: String): TensorBuffer {
        if (name !in Played.tensors) throw LiteRtException(6, "there is no $name")
        Played.log += "buffer $name"
        return TensorBuffer(name)
    }

    /** Of a type that the interface has no word for, uint8 among them, the real one throws too. */
    private fun type(name: String): TensorType =
        Played.tensors.getValue(name) ?: throw LiteRtException(5, "Unsupported element type in Kotlin")

    companion object {
        fun create(
            assetManager: AssetManager,
            assetName: String,
            options: Options = Options(Accelerator.CPU),
            optionalEnv: Environment? = null,
        ): CompiledModel {
            Played.refusal?.let { throw it }
            Played.log += "compile $assetName for ${options.accelerators} ${options.cpuOptions?.numThreads}"
            return CompiledModel()
        }
    }
}
