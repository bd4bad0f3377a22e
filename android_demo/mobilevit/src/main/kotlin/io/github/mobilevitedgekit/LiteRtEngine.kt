package io.github.mobilevitedgekit

import io.github.mobilevitedgekit.core.Dtype
import io.github.mobilevitedgekit.core.Manifest
import java.nio.ByteBuffer
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.Tensor
import org.tensorflow.lite.gpu.GpuDelegate
import org.tensorflow.lite.gpu.GpuDelegateFactory

/** LiteRT's interpreter of a mapped file, held to what the manifest says of its tensors. */
internal class LiteRtEngine(model: ByteBuffer, private val manifest: Manifest, accelerator: Accelerator) : Engine {
    private val delegate: GpuDelegate?
    private val interpreter: Interpreter
    private val inputs = HashMap<String, Any>()

    init {
        var made: GpuDelegate? = null
        try {
            val options = Interpreter.Options()
            when (accelerator) {
                is Accelerator.Cpu -> options.setUseXNNPACK(true).setNumThreads(accelerator.threads)
                Accelerator.Gpu -> made = GpuDelegate(SUSTAINED).also { options.addDelegate(it) }
            }
            interpreter = Interpreter(model, options)
        } catch (error: Exception) {
            made?.close()
            throw MobileViTException.AcceleratorUnavailable(accelerator, error)
        } catch (error: LinkageError) { // a device whose processor or system LiteRT has no library for
            throw MobileViTException.AcceleratorUnavailable(accelerator, error)
        }
        delegate = made
        try {
            check()
        } catch (error: Exception) {
            close()
            throw error
        }
    }

    override fun run(input: ByteBuffer, outputs: Map<String, ByteBuffer>) {
        inputs[manifest.input.name] = input
        interpreter.runSignature(inputs, outputs)
    }

    override fun close() {
        interpreter.close()
        delegate?.close() // after the interpreter, which uses it
    }

    private fun check() {
        val signature = interpreter.signatureKeys.singleOrNull() ?: mismatch("it must have one signature")
        if (interpreter.getSignatureInputs(signature).toList() != listOf(manifest.input.name)) mismatch("another input")
        val missing = manifest.outputs.map { it.name } - interpreter.getSignatureOutputs(signature).toSet()
        if (missing.isNotEmpty()) mismatch("there is no output ${missing.first()}")
        val input = interpreter.getInputTensorFromSignature(manifest.input.name, signature)
        check(input, manifest.input.name, manifest.input.shape, manifest.input.dtype)
        for (output in manifest.outputs) {
            val found = interpreter.getOutputTensorFromSignature(output.name, signature)
            check(found, output.name, output.shape, output.dtype)
        }
    }

    private fun check(found: Tensor, name: String, shape: List<Int>, dtype: Dtype) {
        val same = found.shape().toList() == shape && found.dataType() == TYPES[dtype]
        if (!same) mismatch("$name is ${found.dataType()} ${found.shape().toList()}, not $dtype $shape")
    }

    private fun mismatch(why: String): Nothing = throw MobileViTException.Mismatch(manifest.artifact.file, why)

    private companion object {
        val SUSTAINED: GpuDelegateFactory.Options = GpuDelegateFactory.Options()
            .setInferencePreference(GpuDelegateFactory.Options.INFERENCE_PREFERENCE_SUSTAINED_SPEED)

        val TYPES = mapOf(
            Dtype.UINT8 to DataType.UINT8,
            Dtype.INT8 to DataType.INT8,
            Dtype.INT16 to DataType.INT16,
            Dtype.INT32 to DataType.INT32,
            Dtype.FLOAT32 to DataType.FLOAT32,
        )
    }
}
