package io.asmnetedge;

import androidx.annotation.NonNull;
import java.nio.ByteBuffer;

/** Pixels in memory outside the Java heap, which are not copied. */
public final class Image {
    /**
     * How pixels are stored, in the order of fa_format. From NV21 on, a camera's: brightness Y and colour U, V by BT.601 in
     * limited range; width and height must be even there, of YUYV the width.
     */
    public enum Format {
        BGR(3), RGB(3), BGRA(4), RGBA(4), GRAY(1),
        /** Rows of Y, then half as many of V and U in turn, all `stride` bytes apart. */
        NV21(1),
        /** The same with U before V. */
        NV12(1),
        /** Rows of Y, then half as many of U, then of V, both half of `stride` bytes apart. */
        I420(1),
        /** Y U Y V for two pixels. */
        YUYV(2);

        private final int bytes;

        Format(int bytes) {
            this.bytes = bytes;
        }

        private boolean sharesRows() {
            return this == NV21 || this == NV12 || this == I420;
        }

        /** From the first byte to the last. */
        private long size(long width, long height, long stride) {
            if (this == I420) {
                return height * stride + (height - 1) * (stride / 2) + width / 2;
            }
            return ((sharesRows() ? height + height / 2 : height) - 1) * stride + width * bytes;
        }
    }

    /** One of the planes of a camera's frame, as Android's YUV_420_888 has them: android.media.Image.Plane, CameraX's PlaneProxy. */
    public static final class Plane {
        private final ByteBuffer buffer;
        private final int rowStride;
        private final int pixelStride;

        /**
         * @param buffer a direct buffer, read from its beginning
         * @param rowStride bytes from row to row
         * @param pixelStride bytes from sample to sample; 2 where U and V lie in turn
         */
        public Plane(@NonNull ByteBuffer buffer, int rowStride, int pixelStride) {
            this.buffer = direct(buffer, "plane");
            this.rowStride = rowStride;
            this.pixelStride = pixelStride;
        }

        private void check(String name, long columns, long rows) {
            long row = (columns - 1) * pixelStride + 1;
            long size = (rows - 1) * rowStride + row;
            if (pixelStride < 1 || rowStride < row) {
                throw new IllegalArgumentException("plane " + name + ": expected a pixelStride of at least 1 and rows of at least "
                        + row + " bytes, got a pixelStride of " + pixelStride + " and a rowStride of " + rowStride);
            }
            if (buffer.capacity() < size) {
                throw new IllegalArgumentException("plane " + name + ": expected at least " + size + " bytes, " + rows + " rows of "
                        + columns + " samples, got " + buffer.capacity());
            }
        }
    }

    private static final class Planes { // loads the library when it is needed
        static {
            System.loadLibrary("asmnet_edge_jni");
        }

        static native void describe(ByteBuffer out, ByteBuffer[] buffers, int[] strides);
    }

    private static final int PLANES = 9; // of fa_format
    private static final int DESCRIPTION = 128; // bytes for three fa_plane, and some more

    final ByteBuffer pixels; // or the description of planes
    private final ByteBuffer[] planes; // whose memory the description points to
    private final int[] layout;

    /**
     * @param pixels a direct buffer, read from its beginning; Bitmap.copyPixelsToBuffer writes RGBA into one
     * @param stride bytes from row to row
     */
    public Image(@NonNull ByteBuffer pixels, int width, int height, int stride, @NonNull Format format) {
        Arguments.given(format, "format", "one of Image.Format");
        direct(pixels, "pixels");
        if (format.sharesRows() || format == Format.YUYV) {
            even(width, format.sharesRows() ? height : 0, format.name());
        }
        if (width < 1 || height < 1 || stride < (long) width * format.bytes
                || pixels.capacity() < format.size(width, height, stride)) {
            throw new IllegalArgumentException("pixels: expected " + width + " x " + height + " pixels of " + format
                    + " in rows of " + stride + " bytes, " + format.size(width, height, stride) + " bytes in all and at least "
                    + (long) width * format.bytes + " a row, got " + pixels.capacity() + " bytes");
        }
        this.pixels = pixels;
        this.planes = null;
        this.layout = new int[] {width, height, stride, format.ordinal()};
    }

    private Image(int width, int height, ByteBuffer description, ByteBuffer[] planes) {
        this.pixels = description;
        this.planes = planes;
        this.layout = new int[] {width, height, 0, PLANES};
    }

    /**
     * A camera's frame, Y of every pixel, U and V of every two by two; nothing is copied, so use it before the frame is closed.
     *
     * @throws IllegalArgumentException width or height is odd, or a plane is too small: which one, and what was expected
     */
    @NonNull
    public static Image ofPlanes(int width, int height, @NonNull Plane y, @NonNull Plane u, @NonNull Plane v) {
        Plane[] all = {y, u, v};
        ByteBuffer[] buffers = new ByteBuffer[3];
        int[] strides = new int[6];
        even(width, height, "planes");
        for (int i = 0; i < 3; i++) {
            String name = "yuv".substring(i, i + 1);
            Arguments.given(all[i], name, "an Image.Plane").check(name, i == 0 ? width : width / 2, i == 0 ? height : height / 2);
            buffers[i] = all[i].buffer;
            strides[2 * i] = all[i].rowStride;
            strides[2 * i + 1] = all[i].pixelStride;
        }
        ByteBuffer description = ByteBuffer.allocateDirect(DESCRIPTION);
        Planes.describe(description, buffers, strides);
        return new Image(width, height, description, buffers);
    }

    /** Called after native code has read the pixels: until then the planes' buffers are not collected (JLS 12.6.1). */
    synchronized boolean keep() {
        return planes != null;
    }

    int[] layout() {
        return layout.clone();
    }

    private static void even(int width, int height, String what) {
        if (width < 1 || height < 0 || width % 2 != 0 || height % 2 != 0) {
            throw new IllegalArgumentException("image: expected an even width and height for " + what
                    + ", whose pixels share colour, got " + width + " x " + height);
        }
    }

    private static ByteBuffer direct(ByteBuffer buffer, String name) {
        if (!Arguments.given(buffer, name, "a direct ByteBuffer").isDirect()) {
            throw new IllegalArgumentException(name + ": expected a direct buffer; use ByteBuffer.allocateDirect");
        }
        return buffer;
    }
}
