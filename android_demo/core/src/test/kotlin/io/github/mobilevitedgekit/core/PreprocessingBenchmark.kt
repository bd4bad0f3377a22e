package io.github.mobilevitedgekit.core

import java.lang.management.ManagementFactory

/** Prints what a camera frame of 1920 x 1080 costs on its way to 256 x 256: median of many runs after a warm-up. */
fun main() {
    val preprocessing = Preprocessing(Resize.ShortestEdge(288), "bilinear", true, 256, 256)
    val (width, height) = 1920 to 1080
    val image = ArgbImage(width, height, IntArray(width * height) { it * 2654435761L.toInt() })
    val frame = ByteArray(width * height * 3 / 2) { (it * 31).toByte() }
    val crop = IntArray(256 * 256)
    fun report(what: String, image: () -> Pixels) {
        val first = image()
        val resampler = Resampler(first.width, first.height, preprocessing)
        val threads = ManagementFactory.getThreadMXBean()
        val times = (0 until 300).map {
            val (wall, cpu) = System.nanoTime() to threads.currentThreadCpuTime
            resampler.resample(image(), crop)
            (System.nanoTime() - wall) / 1e6 to (threads.currentThreadCpuTime - cpu) / 1e6
        }.drop(100)
        val (wall, cpu) = listOf(times.map { it.first }, times.map { it.second }).map { percentile(it, 50.0) }
        println("%s %.1f ms, %.1f ms of this thread's CPU time".format(what, wall, cpu))
    }
    report("1920x1080 ARGB to 256x256:") { image }
    for (rotation in listOf(0, 90)) {
        report("1920x1080 NV21, turned by $rotation degrees:") { YuvImage.nv21(frame, width, height, rotation) }
    }
}
