package io.asmnetedge;

import androidx.annotation.NonNull;
import java.nio.ByteBuffer;

/** Pixels in memory outside the Java heap, which are not copied. */
public final class Image {
    /** The order of fa_format. */
    public enum Format { BGR, RGB, BGRA, RGBA, GRAY }

    private static final int[] BYTES = {3, 3, 4, 4, 1};

    final ByteBuffer pixels;
    private final int width;
    private final int height;
    private final int stride;
    private final Format format;

    /**
     * @param pixels a direct buffer, read from its beginning; Bitmap.copyPixelsToBuffer writes RGBA into one
     * @param stride bytes from row to row
     */
    public Image(@NonNull ByteBuffer pixels, int width, int height, int stride, @NonNull Format format) {
        Arguments.given(pixels, "pixels", "a direct ByteBuffer");
        Arguments.given(format, "format", "one of Image.Format");
        long row = (long) width * BYTES[format.ordinal()];
        if (!pixels.isDirect()) {
            throw new IllegalArgumentException("pixels: expected a direct buffer; use ByteBuffer.allocateDirect");
        }
        if (width < 1 || height < 1 || stride < row || pixels.capacity() < (height - 1L) * stride + row) {
            throw new IllegalArgumentException(
                    "pixels: expected " + width + " x " + height + " pixels of " + BYTES[format.ordinal()]
                            + " bytes in rows of " + stride + " bytes, got " + pixels.capacity() + " bytes");
        }
        this.pixels = pixels;
        this.width = width;
        this.height = height;
        this.stride = stride;
        this.format = format;
    }

    int[] layout() {
        return new int[] {width, height, stride, format.ordinal()};
    }
}
