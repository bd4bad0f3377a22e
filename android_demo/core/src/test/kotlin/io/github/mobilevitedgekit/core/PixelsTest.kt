package io.github.mobilevitedgekit.core

import java.nio.ByteBuffer
import java.security.MessageDigest
import javax.imageio.ImageIO
import kotlin.math.abs
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

class PixelsTest {
    @Test
    fun `crops lie where the reference has them`() {
        for (case in Contract.cases("contract/geometry.json") + Contract.cases("contract/pixels.json")) {
            val (width, height, left, top) = listOf("width", "height", "left", "top").map(case.case("placement")::int)
            val expected = Placement(width, height, left, top)
            assertEquals(expected, Placement.of(case.int("width"), case.int("height"), case.preprocessing()))
        }
    }

    @Test
    fun `crops have every pixel as Pillow has it`() {
        for (case in listOf("pixels", "filters", "tall").flatMap { Contract.cases("contract/$it.json") }) {
            val image = ArgbImage(case.int("width"), case.int("height"), case.argb("rgb"))
            val resampler = Resampler(image.width, image.height, case.preprocessing())
            val crop = IntArray(resampler.preprocessing.run { cropWidth * cropHeight })
            repeat(2) { // the second time with buffers that have been used
                resampler.resample(image, crop)
                assertContentEquals(case.argb("expected"), crop, "${image.width} x ${image.height}")
            }
            assertContentEquals(case.bytes("grey"), grey(crop, resampler.preprocessing))
        }
    }

    /** The pixels that Pillow makes of the upright image, though it is stored turned. */
    @Test
    fun `an image that lies turned has the crop of the upright one`() {
        for (case in listOf("pixels", "filters", "tall").flatMap { Contract.cases("contract/$it.json") }) {
            val (width, height) = case.int("width") to case.int("height")
            val upright = ArgbImage(width, height, case.argb("rgb"))
            val steps = case.preprocessing()
            for (rotation in listOf(90, 180, 270)) {
                val crop = IntArray(steps.cropWidth * steps.cropHeight)
                val resampler = Resampler(width, height, steps, rotation)
                repeat(2) {
                    resampler.resample(Turned(upright, rotation), crop)
                    assertContentEquals(case.argb("expected"), crop, "$width x $height turned by $rotation")
                }
                assertFailsWith<IllegalArgumentException> { resampler.resample(upright, crop) }
            }
        }
    }

    /** The image as a camera stores it that must be turned by `rotation` clockwise; each row may be read once. */
    private class Turned(private val upright: ArgbImage, override val rotation: Int) : Pixels by upright {
        private val read = mutableSetOf<Int>()

        override fun readRow(y: Int, from: Int, to: Int, row: IntArray) {
            assertTrue(read.add(y), "row $y is read again")
            val (right, bottom) = upright.width - 1 to upright.height - 1
            for (x in from until to) {
                val (column, line) = when (rotation) { // (x, y) of the stored image, turned clockwise
                    90 -> right - y to x
                    180 -> right - x to bottom - y
                    else -> y to bottom - x
                }
                row[x] = upright.argb[line * upright.width + column]
            }
        }
    }

    /** Squashed, with the shortest edge, not resized; with a crop, with none; not square; in colours and in grey. */
    @Test
    fun `crops have every pixel as transformers has it`() {
        for (case in Contract.cases("contract/processors.json")) {
            val image = ArgbImage(case.int("width"), case.int("height"), case.argb("rgb"))
            val steps = case.preprocessing()
            val crop = IntArray(steps.cropWidth * steps.cropHeight)
            val resampler = Resampler(image.width, image.height, steps)
            resampler.resample(image, crop)
            assertContentEquals(case.argb("expected"), crop, "${image.width} x ${image.height}, $steps")
            resampler.resample(GreyPixels(image), crop)
            assertContentEquals(case.bytes("grey"), grey(crop, steps), "${image.width} x ${image.height}, $steps")
        }
    }

    private fun grey(crop: IntArray, steps: Preprocessing): ByteArray {
        val input = Contract.manifest().input.copy(
            shape = listOf(1, steps.cropHeight, steps.cropWidth, 1),
            colorOrder = ColorOrder.L,
            quantization = null,
        )
        return InputWriter(input).run {
            write(crop)
            (elements as Elements.Bytes).values
        }
    }

    @Test
    fun `camera's sizes too`() {
        for (case in Contract.cases("android/large.json")) {
            val (width, height) = case.int("width") to case.int("height")
            val image = ArgbImage(width, height, IntArray(width * height) { it * 2654435761L.toInt() })
            val steps = case.preprocessing()
            val crop = IntArray(steps.cropWidth * steps.cropHeight)
            Resampler(width, height, steps).resample(image, crop)
            val digest = MessageDigest.getInstance("SHA-256")
            for (pixel in crop) for (shift in listOf(16, 8, 0)) digest.update((pixel shr shift).toByte())
            val found = digest.digest().joinToString("") { "%02x".format(it) }
            assertEquals(case.text("sha256"), found, "$width x $height")
        }
    }

    @Test
    fun `a golden picture becomes its golden crop`() {
        val preprocessing = Contract.manifest().preprocessing
        for (picture in GoldenSet.parse(Contract.text("contract/golden.json")).pictures) {
            val (image, expected) = decoded(picture.png) to decoded(picture.cropPng)
            val crop = IntArray(expected.argb.size)
            Resampler(image.width, image.height, preprocessing).resample(image, crop)
            assertContentEquals(expected.argb, crop)
        }
    }

    private fun decoded(png: ByteArray): ArgbImage = ImageIO.read(png.inputStream()).run {
        ArgbImage(width, height, getRGB(0, 0, width, height, null, 0, width))
    }

    @Test
    fun `other filters are refused, not replaced`() {
        val edge = Resize.ShortestEdge(4)
        assertFailsWith<UnsupportedOperationException> { Resampler(9, 9, Preprocessing(edge, "nearest", true, 4, 4)) }
        assertFailsWith<UnsupportedOperationException> { Resampler(9, 9, Preprocessing(edge, "bilinear", false, 4, 4)) }
    }

    @Test
    fun `without resizing the filter does not matter`() {
        val image = ArgbImage(9, 7, IntArray(9 * 7) { it * 2654435761L.toInt() or (0xFF shl 24) })
        val crop = IntArray(9 * 7)
        Resampler(9, 7, Preprocessing(Resize.None, "nearest", false, 7, 9)).resample(image, crop)
        assertContentEquals(image.argb, crop)
    }

    @Test
    fun `frames are turned and coloured as Pillow does`() {
        for (case in Contract.cases("android/frames.json")) {
            fun plane(name: String): YuvImage.Plane {
                val (rows, pixels) = case.int("${name}_row_stride") to case.int("${name}_pixel_stride")
                return YuvImage.Plane(ByteBuffer.wrap(case.bytes(name)), rows, pixels)
            }
            val (width, height) = case.int("width") to case.int("height")
            val image = YuvImage(width, height, plane("y"), plane("u"), plane("v"), case.int("rotation"))
            assertPixels(case, image)
        }
    }

    /** Less than one row of luma: what is made is a handful of objects that say where the planes lie. */
    @Test
    fun `a frame's crop takes no memory for pixels`() {
        val camera = Camera(1920, 1080)
        for (rotation in listOf(0, 90, 180, 270)) {
            val (width, height) = camera.frame(rotation).run { width to height }
            val steps = Preprocessing(Resize.ShortestEdge(288), "bilinear", true, 256, 256)
            val (resampler, crop) = Resampler(width, height, steps, rotation) to IntArray(256 * 256)
            val bytes = List(3) { allocated { resampler.resample(camera.frame(rotation), crop) } }
            assertTrue(bytes.last() < 1920, "rotation $rotation: $bytes bytes")
        }
    }

    @Test
    fun `NV21 is such a frame too`() {
        for (case in Contract.cases("android/frames.json").filter { "nv21" in it.members }) {
            val (width, height) = case.int("width") to case.int("height")
            assertPixels(case, YuvImage.nv21(case.bytes("nv21"), width, height, case.int("rotation")))
            assertFailsWith<IllegalArgumentException> { YuvImage.nv21(ByteArray(7), 4, 4, 0) }
        }
    }

    @Test
    fun `frames that do not fit are refused`() {
        val plane = YuvImage.Plane(ByteBuffer.allocate(16), 4, 1)
        assertFailsWith<IllegalArgumentException> { YuvImage(4, 4, plane, plane, plane, 45) }
        assertFailsWith<IllegalArgumentException> { YuvImage(8, 8, plane, plane, plane, 0) }
        val short = YuvImage.Plane(ByteBuffer.allocate(1), 2, 1)
        assertFailsWith<IllegalArgumentException> { YuvImage(4, 4, plane, short, plane, 0) }
    }

    /** Pillow rounds the parts of a colour apart, so one step of 255 may lie between. */
    private fun assertPixels(case: Case, image: Pixels) {
        val expected = case.argb("expected")
        val upright = IntArray(expected.size)
        val whole = Preprocessing(Resize.None, "nearest", false, image.height, image.width)
        Resampler(image.width, image.height, whole, image.rotation).resample(image, upright)
        for (at in upright.indices) {
            for (shift in listOf(0, 8, 16)) {
                val difference = (upright[at] shr shift and 0xFF) - (expected[at] shr shift and 0xFF)
                assertTrue(abs(difference) <= 1, "rotation ${case.int("rotation")}: pixel $at is $difference off")
            }
        }
    }

    @Test
    fun `part of a frame's row is what the whole row has there`() {
        val frame = YuvImage.nv21(ByteArray(9 * 4 + 10 * 2) { (it * 37).toByte() }, 9, 4, 0)
        for (y in 0 until 4) {
            val whole = IntArray(9).also { frame.readRow(y, 0, 9, it) }
            for (from in 0..9) for (to in from..9) {
                val part = IntArray(9).also { frame.readRow(y, from, to, it) }
                assertContentEquals(IntArray(9) { if (it in from until to) whole[it] else 0 }, part)
            }
        }
    }
}
