package io.github.mobilevitedgekit.core

import java.nio.ByteBuffer

/**
 * A camera's frame, YUV 4:2:0 in full range (JFIF, BT.601), turned upright as it is read.
 *
 * One luma byte per pixel, one byte of each chroma plane for 2 x 2 pixels; strides in bytes, as `android.media.Image`
 * has them. `rotation`: by how many degrees clockwise the frame must be turned to be upright: 0, 90, 180 or 270.
 * `width` and `height` are those of the upright image. The planes are copied, so that the camera may have the frame
 * back as soon as the constructor returns.
 */
class YuvImage(frameWidth: Int, frameHeight: Int, y: Plane, u: Plane, v: Plane, rotation: Int) : Pixels {
    /** Bytes of one component: those of row r, column c lie at r * rowStride + c * pixelStride. */
    class Plane(val bytes: ByteBuffer, val rowStride: Int, val pixelStride: Int) {
        internal fun copy(): ByteArray = bytes.duplicate().run {
            rewind()
            ByteArray(remaining()).also(::get)
        }

        internal fun holds(width: Int, height: Int): Boolean =
            (height - 1).toLong() * rowStride + (width - 1).toLong() * pixelStride < bytes.capacity()
    }

    override val width = if (rotation % 180 == 0) frameWidth else frameHeight
    override val height = if (rotation % 180 == 0) frameHeight else frameWidth

    private val luma: ByteArray
    private val blue: ByteArray
    private val red: ByteArray
    private val lumaStride = y.rowStride to y.pixelStride
    private val chromaStride = u.rowStride to u.pixelStride

    // Where the upright image's pixel (x, y) lies in the frame: its corner, and the steps for x and y.
    private val turn: Turn

    init {
        require(rotation in setOf(0, 90, 180, 270)) { "rotation must be 0, 90, 180 or 270 degrees, not $rotation" }
        require(y.holds(frameWidth, frameHeight)) { "the luma plane is too small for $frameWidth x $frameHeight" }
        for (chroma in listOf(u, v)) {
            require(chroma.holds((frameWidth + 1) / 2, (frameHeight + 1) / 2)) {
                "a chroma plane is too small for $frameWidth x $frameHeight"
            }
        }
        require(u.rowStride == v.rowStride && u.pixelStride == v.pixelStride) { "chroma planes differ in strides" }
        luma = y.copy()
        blue = u.copy()
        red = v.copy()
        turn = when (rotation) {
            0 -> Turn(0, 0, 1, 0, 0, 1)
            90 -> Turn(0, frameHeight - 1, 0, -1, 1, 0)
            180 -> Turn(frameWidth - 1, frameHeight - 1, -1, 0, 0, -1)
            else -> Turn(frameWidth - 1, 0, 0, 1, -1, 0)
        }
    }

    override fun readRow(y: Int, from: Int, to: Int, row: IntArray) {
        val (lumaRow, lumaPixel) = lumaStride
        val (chromaRow, chromaPixel) = chromaStride
        var column = turn.column + y * turn.columnPerRow + from * turn.columnPerColumn
        var line = turn.line + y * turn.linePerRow + from * turn.linePerColumn
        for (x in from until to) {
            val light = (luma[line * lumaRow + column * lumaPixel].toInt() and 0xFF) shl BITS
            val chroma = (line shr 1) * chromaRow + (column shr 1) * chromaPixel
            val cb = (blue[chroma].toInt() and 0xFF) - 128
            val cr = (red[chroma].toInt() and 0xFF) - 128
            row[x] = (0xFF shl 24) or
                (byte(light + RED_CR * cr) shl 16) or
                (byte(light - GREEN_CB * cb - GREEN_CR * cr) shl 8) or
                byte(light + BLUE_CB * cb)
            column += turn.columnPerColumn
            line += turn.linePerColumn
        }
    }

    private class Turn(
        val column: Int,
        val line: Int,
        val columnPerColumn: Int,
        val linePerColumn: Int,
        val columnPerRow: Int,
        val linePerRow: Int,
    )

    companion object {
        /** A frame as one array: luma, then for 2 x 2 pixels V and U in turn. */
        fun nv21(bytes: ByteArray, width: Int, height: Int, rotation: Int): YuvImage {
            val chroma = (width + 1) / 2 * 2
            val pixels = width * height
            val size = pixels + chroma * ((height + 1) / 2)
            require(bytes.size == size) { "${bytes.size} bytes are no NV21 of $width x $height, which has $size" }
            fun plane(start: Int, rowStride: Int, pixelStride: Int) =
                Plane(ByteBuffer.wrap(bytes, start, bytes.size - start).slice(), rowStride, pixelStride)
            val blue = plane(pixels + 1, chroma, 2)
            val red = plane(pixels, chroma, 2)
            return YuvImage(width, height, plane(0, width, 1), blue, red, rotation)
        }

        // JFIF's factors as integers of 16 bits after the point.
        private const val BITS = 16
        private const val RED_CR = 91881 // 1.402
        private const val GREEN_CB = 22554 // 0.344136
        private const val GREEN_CR = 46802 // 0.714136
        private const val BLUE_CB = 116130 // 1.772

        private fun byte(value: Int): Int = ((value + (1 shl (BITS - 1))) shr BITS).coerceIn(0, 255)
    }
}
