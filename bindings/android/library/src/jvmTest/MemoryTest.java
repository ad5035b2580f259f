package io.asmnetedge;

import java.nio.file.Files;
import java.nio.file.Path;
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
