package io.asmnetedge;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Native memory of what was closed and of what was forgotten: java io.asmnetedge.MemoryTest MODEL GOLDEN_FOLDER DETECTOR. */
public final class MemoryTest {
    public static void main(String[] arguments) throws Exception {
        AtomicInteger freed = new AtomicInteger();
        forget(freed);
        check(waitFor(0), "a forgotten owner keeps its memory");
        check(freed.get() == 1, "freed " + freed + " times");
        Object owner = new Object();
        NativeHandle handle = new NativeHandle(owner, 1, address -> freed.incrementAndGet());
        handle.free();
        handle.free();
        check(freed.get() == 2, "closed twice, freed " + freed + " times in all");
        byte[] model = Files.readAllBytes(Path.of(arguments[0]));
        byte[] detector = Files.readAllBytes(Path.of(arguments[2]));
        forgetAligners(3, model, detector);
        long before = resident();
        forgetAligners(20, model, detector);
        long after = resident();
        check(after - before < 30e6, "20 forgotten aligners left " + (after - before) / 1e6 + " MB");
        System.out.println("forgotten aligners and trackers are freed: " + before / 1000000 + " MB, then " + after / 1000000 + " MB");
        if (System.getenv("FRAMES") != null) {
            follow(model, detector, Path.of(arguments[1]).resolve("portrait.ppm"), Integer.parseInt(System.getenv("FRAMES")));
        }
    }

    /** A face that moves through so many frames: the process must not grow once it is warm. */
    private static void follow(byte[] model, byte[] detector, Path portrait, int frames) throws Exception {
        byte[] content = Files.readAllBytes(portrait);
        int width = 256;
        int start = content.length - 3 * width * 300;
        ByteBuffer pixels = ByteBuffer.allocateDirect(content.length - start);
        pixels.put(content, start, content.length - start);
        long before = 0;
        try (FaceAligner aligner = new FaceAligner(model, detector, System.getenv("ASMNET_RUNTIME"), 1);
                FaceTracker tracker = new FaceTracker(aligner)) {
            for (int i = 0; i < frames; i++) {
                int at = i % 40 < 20 ? i % 40 : 40 - i % 40;
                pixels.position(3 * at + 3 * width * (at / 2));
                List<TrackedFace> faces = tracker.update(new Image(pixels.slice(), width - 20, 280, 3 * width, Image.Format.RGB));
                check(faces.size() == 1 && faces.get(0).id == 1 && faces.get(0).frames == i + 1, "lost in frame " + i);
                if (i == frames / 4) {
                    System.gc();
                    before = resident();
                }
            }
            System.gc();
            long growth = resident() - before;
            check(growth < 10e6, growth + " bytes of growth in " + frames + " tracked frames");
            System.out.println(growth + " bytes of growth in the last three quarters of " + frames + " tracked frames");
        }
    }

    private static void forget(AtomicInteger freed) {
        new NativeHandle(new Object(), 1, address -> freed.incrementAndGet());
    }

    private static void forgetAligners(int count, byte[] model, byte[] detector) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            new FaceTracker(new FaceAligner(model, detector, System.getenv("ASMNET_RUNTIME"), 1)).getClass();
            check(waitFor(0), "forgotten tracker and aligner keep their memory");
        }
    }

    private static boolean waitFor(int open) throws InterruptedException {
        for (int i = 0; i < 500 && NativeHandle.open() != open; i++) {
            System.gc();
            Thread.sleep(10);
        }
        return NativeHandle.open() == open;
    }

    /** Bytes of this process in memory; 0 where the system does not say. */
    private static long resident() throws Exception {
        Path status = Path.of("/proc/self/statm");
        return Files.exists(status) ? 4096 * Long.parseLong(Files.readString(status).split(" ")[1]) : 0;
    }

    private static void check(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
