package io.github.mobilevitedgekit.core

import java.nio.ByteBuffer

/**
 * A camera's frame, YUV 4:2:0 in full range (JFIF, BT.601), turned upright as its crop is made.
 *
 * One luma byte per pixel, one byte of each chroma plane for 2 x 2 pixels; strides in bytes, as `android.media.Image`
 * has them. `rotation`: by how many degrees clockwise the frame must be turned to be upright: 0, 90, 180 or 270. The
 * planes are read where they lie, each needed byte of luma once: the camera may have the frame back when the model has
 * answered. `rows`: kept by whoever makes many frames on one thread, so that none of them needs new ones.
 */
class YuvImage(
    frameWidth: Int,
    frameHeight: Int,
    y: Plane,
    u: Plane,
    v: Plane,
    override val rotation: Int,
    private val rows: Rows = Rows(),
) : Pixels {
    /** Bytes of one component: those of row r, column c lie at r * rowStride + c * pixelStride. */
    class Plane(bytes: ByteBuffer, val rowStride: Int, val pixelStride: Int) {
        private val bytes = bytes.duplicate().apply { clear() } // a position of our own

        internal fun holds(width: Int, height: Int): Boolean =
            (height - 1).toLong() * rowStride + (width - 1).toLong() * pixelStride < bytes.capacity()

        /** The row's bytes from column `from` to `last`, with what lies between them, at the start of `into`. */
        internal fun read(row: Int, from: Int, last: Int, into: ByteArray) {
            bytes.position(row * rowStride + from * pixelStride)
            bytes.get(into, 0, (last - from) * pixelStride + 1)
        }
    }

    /** Room for one row of each plane. */
    class Rows {
        internal var luma = ByteArray(0)
        internal var blue = ByteArray(0)
        internal var red = ByteArray(0)

        internal fun fit(light: Int, color: Int) {
            if (luma.size < light) luma = ByteArray(light)
            if (blue.size < color) {
                blue = ByteArray(color)
                red = ByteArray(color)
            }
        }
    }

    override val width = if (rotation % 180 == 0) frameWidth else frameHeight
    override val height = if (rotation % 180 == 0) frameHeight else frameWidth

    private val luma = y
    private val blue = u
    private val red = v

    init {
        requireQuarters(rotation)
        require(y.holds(frameWidth, frameHeight)) { "the luma plane is too small for $frameWidth x $frameHeight" }
        val (across, down) = (frameWidth + 1) / 2 to (frameHeight + 1) / 2
        require(u.holds(across, down) && v.holds(across, down)) {
            "a chroma plane is too small for $frameWidth x $frameHeight"
        }
        require(u.rowStride == v.rowStride && u.pixelStride == v.pixelStride) { "chroma planes differ in strides" }
        rows.fit(frameWidth * y.pixelStride, across * u.pixelStride)
    }

    override fun readRow(y: Int, from: Int, to: Int, row: IntArray) {
        if (from == to) return
        luma.read(y, from, to - 1, rows.luma)
        blue.read(y shr 1, from shr 1, (to - 1) shr 1, rows.blue)
        red.read(y shr 1, from shr 1, (to - 1) shr 1, rows.red)
        val lights = rows.luma
        val blues = rows.blue
        val reds = rows.red
        val light = luma.pixelStride
        val color = blue.pixelStride
        for (x in from until to) {
            val white = (lights[(x - from) * light].toInt() and 0xFF) shl BITS
            val chroma = ((x shr 1) - (from shr 1)) * color
            val cb = (blues[chroma].toInt() and 0xFF) - 128
            val cr = (reds[chroma].toInt() and 0xFF) - 128
            row[x] = (0xFF shl 24) or
                (byte(white + RED_CR * cr) shl 16) or
                (byte(white - GREEN_CB * cb - GREEN_CR * cr) shl 8) or
                byte(white + BLUE_CB * cb)
        }
    }

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
