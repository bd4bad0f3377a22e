package io.github.mobilevitedgekit.core

import com.sun.management.ThreadMXBean
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer

/** Prints what a camera frame of 1920 x 1080 costs on its way to 256 x 256: median of many runs after a warm-up. */
fun main() {
    val preprocessing = Preprocessing(Resize.ShortestEdge(288), "bilinear", true, 256, 256)
    val (width, height) = 1920 to 1080
    val image = ArgbImage(width, height, IntArray(width * height) { it * 2654435761L.toInt() })
    val camera = Camera(width, height)
    val crop = IntArray(256 * 256)
    fun report(what: String, image: () -> Pixels) {
        val first = image()
        val resampler = Resampler(first.width, first.height, preprocessing, first.rotation)
        val threads = ManagementFactory.getThreadMXBean()
        val times = (0 until 300).map {
            val (wall, cpu) = System.nanoTime() to threads.currentThreadCpuTime
            resampler.resample(image(), crop)
            (System.nanoTime() - wall) / 1e6 to (threads.currentThreadCpuTime - cpu) / 1e6
        }.drop(100)
        val (wall, cpu) = listOf(times.map { it.first }, times.map { it.second }).map { percentile(it, 50.0) }
        val bytes = allocated { resampler.resample(image(), crop) }
        println("%s %.1f ms, %.1f ms of this thread's CPU time, %d bytes allocated".format(what, wall, cpu, bytes))
    }
    report("1920x1080 ARGB to 256x256:") { image }
    for (rotation in listOf(0, 90)) {
        report("1920x1080 YUV, turned by $rotation degrees:") { camera.frame(rotation) }
    }
}

/** Frames as Camera2 gives them: planes outside of the heap, chroma interleaved. */
internal class Camera(private val width: Int, private val height: Int) {
    private val luma = bytes(width * height)
    private val chroma = bytes(width * height / 2)
    private val rows = YuvImage.Rows()

    fun frame(rotation: Int): YuvImage {
        val red = YuvImage.Plane(chroma, width, 2)
        val blue = YuvImage.Plane((chroma.duplicate().position(1) as ByteBuffer).slice(), width, 2)
        return YuvImage(width, height, YuvImage.Plane(luma, width, 1), blue, red, rotation, rows)
    }

    private fun bytes(count: Int): ByteBuffer =
        ByteBuffer.allocateDirect(count).apply { repeat(count) { put(it, (it * 31).toByte()) } }
}

/** Bytes of the heap that this thread takes for `work`. */
internal fun allocated(work: () -> Unit): Long {
    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    val before = threads.getThreadAllocatedBytes(Thread.currentThread().id)
    work()
    return threads.getThreadAllocatedBytes(Thread.currentThread().id) - before
}
