package io.asmnetedge;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Face landmarks and head pose, from the same model files as the Python SDK and with the same numbers.
 *
 * <p>Methods may be called from any thread, one at a time: calls wait for each other.
 */
public final class FaceAligner implements AutoCloseable {
    static {
        System.loadLibrary("asmnet_edge_jni");
    }

    private static final int VALUES = 6; // of a detection

    private long handle;

    /** Opens a model and the face detector with one thread and LiteRT from the application's libraries. */
    public FaceAligner(byte[] model, byte[] detector) {
        this(model, detector, null, 1);
    }

    /**
     * @param model the content of a model file
     * @param detector the content of the face detector's file; null where boxes are known
     * @param runtime path of libLiteRt; null looks for it among the application's libraries
     * @param numThreads threads of the interpreter
     * @throws IllegalArgumentException an argument is not as described
     * @throws IllegalStateException the model is damaged, or there is no usable LiteRT
     */
    public FaceAligner(byte[] model, byte[] detector, String runtime, int numThreads) {
        handle = create(model, detector, runtime, numThreads);
    }

    /**
     * The face in a known box.
     *
     * @param refine look a second time, in the mirror and around the landmarks found, and return the mean: slower, more exact
     */
    public synchronized Face align(Image image, Box box, boolean refine) {
        double[] edges = {box.left, box.top, box.right, box.bottom};
        return new Face(align(open(), image.pixels, image.layout(), edges, refine));
    }

    /** All faces of a frame, best first: each is looked at twice, what is no face or there twice is dropped. */
    public synchronized List<Face> predict(Image image) {
        return faces(predict(open(), image.pixels, image.layout(), null));
    }

    /** The same for detections of your own, at most 64. */
    public synchronized List<Face> predict(Image image, List<Detection> detections) {
        double[] found = new double[VALUES * detections.size()];
        for (int i = 0; i < detections.size(); i++) {
            Detection d = detections.get(i);
            double[] row = {d.box.left, d.box.top, d.box.right, d.box.bottom, d.score, d.rollDeg};
            System.arraycopy(row, 0, found, VALUES * i, VALUES);
        }
        return faces(predict(open(), image.pixels, image.layout(), found));
    }

    /** What the detector finds, best first, before any look. */
    public synchronized List<Detection> detect(Image image) {
        double[] v = detect(open(), image.pixels, image.layout());
        List<Detection> found = new ArrayList<>();
        for (int i = 0; i < v.length; i += VALUES) {
            found.add(new Detection(new Box(v[i], v[i + 1], v[i + 2], v[i + 3]), v[i + 4], v[i + 5]));
        }
        return found;
    }

    /** What the network saw last, size x size x 3 bytes RGB; for tests. */
    public synchronized byte[] lastPixels() {
        return lastPixels(open());
    }

    /** The network's own outputs of the last look, byte for byte and one after the other; for tests. */
    public synchronized byte[] lastOutputBytes() {
        return lastOutputBytes(open());
    }

    /** What follows from them: 68 x, y in sides of the crop, then 3 angles in units of 90 degrees; for tests. */
    public synchronized float[] lastOutputs() {
        return lastOutputs(open());
    }

    @Override
    public synchronized void close() {
        destroy(handle);
        handle = 0;
    }

    private static List<Face> faces(double[][] rows) {
        List<Face> faces = new ArrayList<>();
        for (double[] values : rows) {
            faces.add(new Face(values));
        }
        return faces;
    }

    private long open() {
        if (handle == 0) {
            throw new IllegalStateException("this FaceAligner is closed");
        }
        return handle;
    }

    private static native long create(byte[] model, byte[] detector, String runtime, int numThreads);

    private static native void destroy(long handle);

    private static native double[] align(long handle, ByteBuffer pixels, int[] layout, double[] box, boolean refine);

    private static native double[][] predict(long handle, ByteBuffer pixels, int[] layout, double[] detections);

    private static native double[] detect(long handle, ByteBuffer pixels, int[] layout);

    private static native byte[] lastPixels(long handle);

    private static native byte[] lastOutputBytes(long handle);

    private static native float[] lastOutputs(long handle);
}
