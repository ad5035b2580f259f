package io.asmnetedge;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/** Replays tests/golden/formats.txt: the network sees the same of every format. Arguments as GoldenTest's. */
public final class FormatsTest {
    private final Map<String, byte[]> planes = new HashMap<>();
    private int width;
    private int height;

    public static void main(String[] arguments) throws Exception {
        FormatsTest test = new FormatsTest();
        test.read(Path.of(arguments[1]).resolve("formats.txt"));
        byte[] model = Files.readAllBytes(Path.of(arguments[0]));
        byte[] detector = Files.readAllBytes(Path.of(arguments[2]));
        try (FaceAligner aligner = new FaceAligner(model, detector, System.getenv("ASMNET_RUNTIME"), 1)) {
            test.replay(aligner);
        }
        refusals();
        System.out.println("5 camera formats replayed");
    }

    private void read(Path file) throws Exception {
        for (String line : Files.readAllLines(file)) {
            String[] words = line.split(" ");
            if (words[0].equals("width")) {
                width = Integer.parseInt(words[1]);
            } else if (words[0].equals("height")) {
                height = Integer.parseInt(words[1]);
            } else if (words.length == 2 && !words[0].equals("version")) {
                planes.put(words[0], HexFormat.of().parseHex(words[1]));
            }
        }
    }

    private void replay(FaceAligner aligner) {
        byte[] rgb = planes.get("rgb");
        ByteBuffer pixels = ByteBuffer.allocateDirect(rgb.length).put(rgb);
        byte[] expected = seen(aligner, new Image(pixels, width, height, 3 * width, Image.Format.RGB));
        check(!Arrays.equals(expected, new byte[expected.length]), "the network saw nothing");
        for (Image.Format format : new Image.Format[] {Image.Format.NV21, Image.Format.NV12, Image.Format.I420}) {
            check(Arrays.equals(expected, seen(aligner, inOneBlock(format))), "the network saw something else of " + format);
        }
        check(Arrays.equals(expected, seen(aligner, inPairs())), "the network saw something else of YUYV");
        check(Arrays.equals(expected, seen(aligner, apart())), "the network saw something else of planes");
        aligner.detect(apart());
        aligner.predict(apart());
    }

    private byte[] seen(FaceAligner aligner, Image image) {
        aligner.align(image, new Box(0, 0, width - 1, height - 1), false);
        return aligner.lastPixels();
    }

    private Image inOneBlock(Image.Format format) {
        int stride = format == Image.Format.I420 ? width + 4 : width + 3;
        ByteBuffer memory = ByteBuffer.allocateDirect(stride * height * 2);
        int colour = stride * height;
        spread("y", width, memory, 0, stride, 1);
        if (format == Image.Format.I420) {
            spread("u", width / 2, memory, colour, stride / 2, 1);
            spread("v", width / 2, memory, colour + stride / 2 * (height / 2), stride / 2, 1);
        } else {
            spread("u", width / 2, memory, colour + (format == Image.Format.NV21 ? 1 : 0), stride, 2);
            spread("v", width / 2, memory, colour + (format == Image.Format.NV12 ? 1 : 0), stride, 2);
        }
        return new Image(memory, width, height, stride, format);
    }

    private Image inPairs() {
        int stride = 2 * width + 5;
        ByteBuffer memory = ByteBuffer.allocateDirect(stride * height);
        spread("y", width, memory, 0, stride, 2);
        for (int row = 0; row < 2; row++) {
            spread("u", width / 2, memory, row * stride + 1, 2 * stride, 4);
            spread("v", width / 2, memory, row * stride + 3, 2 * stride, 4);
        }
        return new Image(memory, width, height, stride, Image.Format.YUYV);
    }

    /** As CameraX hands them out: U and V in turn, seen through two buffers of which neither has the last byte. */
    private Image apart() {
        int stride = width + 6;
        ByteBuffer light = ByteBuffer.allocateDirect(stride * (height - 1) + width);
        ByteBuffer colour = ByteBuffer.allocateDirect(stride * (height / 2 - 1) + width);
        spread("y", width, light, 0, stride, 1);
        spread("u", width / 2, colour, 1, stride, 2);
        spread("v", width / 2, colour, 0, stride, 2);
        return Image.ofPlanes(width, height, new Image.Plane(light, stride, 1), new Image.Plane(after(colour, 1), stride, 2),
                new Image.Plane(before(colour, 1), stride, 2));
    }

    private static ByteBuffer after(ByteBuffer buffer, int skipped) {
        return buffer.duplicate().position(skipped).slice();
    }

    private static ByteBuffer before(ByteBuffer buffer, int left) {
        return buffer.duplicate().position(0).limit(buffer.capacity() - left).slice();
    }

    private void spread(String plane, int columns, ByteBuffer memory, int start, int rowStride, int pixelStride) {
        byte[] samples = planes.get(plane);
        for (int i = 0; i < samples.length; i++) {
            memory.put(start + i / columns * rowStride + i % columns * pixelStride, samples[i]);
        }
    }

    private static void refusals() {
        ByteBuffer memory = ByteBuffer.allocateDirect(96);
        Image.Plane good = new Image.Plane(memory, 8, 1);
        Image.Plane narrow = new Image.Plane(memory, 6, 2);
        Image.Plane small = new Image.Plane(ByteBuffer.allocateDirect(30), 8, 2);
        Image.ofPlanes(8, 8, good, good, good);
        refused(() -> Image.ofPlanes(7, 8, good, good, good), "an even width and height for planes");
        refused(() -> Image.ofPlanes(8, 8, small, good, good), "plane y: expected a pixelStride of at least 1 and rows of at least 15");
        refused(() -> Image.ofPlanes(8, 8, good, narrow, good), "plane u: expected a pixelStride of at least 1 and rows of at least 7");
        refused(() -> Image.ofPlanes(8, 8, good, good, small), "plane v: expected at least 31 bytes, 4 rows of 4 samples, got 30");
        refused(() -> new Image.Plane(ByteBuffer.allocate(9), 3, 1), "plane: expected a direct buffer");
        refused(() -> new Image(memory, 8, 9, 8, Image.Format.NV21), "an even width and height for NV21");
        refused(() -> new Image(memory, 8, 10, 8, Image.Format.NV12), "120 bytes in all and at least 8 a row, got 96 bytes");
        refused(() -> new Image(memory, 8, 10, 10, Image.Format.I420), "149 bytes in all");
        refused(() -> new Image(memory, 9, 1, 18, Image.Format.YUYV), "an even width");
    }

    private static void refused(Runnable action, String message) {
        try {
            action.run();
        } catch (IllegalArgumentException error) {
            check(error.getMessage().contains(message), "expected " + message + ", got " + error.getMessage());
            return;
        }
        check(false, "nothing was refused: " + message);
    }

    private static void check(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
