package io.asmnetedge;

import androidx.annotation.NonNull;
import androidx.annotation.Nullable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Face landmarks and head pose, from the same model files as the Python SDK and with the same numbers.
 *
 * <p>Methods may be called from any thread, one at a time: calls wait for each other. A forgotten aligner frees its memory
 * when the garbage collector finds it; close it when it is done with, since its memory is not the collector's.
 */
public final class FaceAligner implements AutoCloseable {
    static {
        System.loadLibrary("asmnet_edge_jni");
    }

    private static final int VALUES = 6; // of a detection

    /** Two looks at a face may differ by this much in outer-eye distances, if nothing else is said. */
    public static final double MAX_DISAGREEMENT = 0.10;

    private final NativeHandle handle;

    /** Opens a model and the face detector with one thread and LiteRT from the application's libraries. */
    public FaceAligner(@NonNull byte[] model, @Nullable byte[] detector) {
        this(model, detector, null, 1);
    }

    /** The same with LiteRT and threads of your choice, and the usual MAX_DISAGREEMENT. */
    public FaceAligner(@NonNull byte[] model, @Nullable byte[] detector, @Nullable String runtime, int numThreads) {
        this(model, detector, runtime, numThreads, MAX_DISAGREEMENT);
    }

    /**
     * @param model the content of a model file
     * @param detector the content of the face detector's file; null where boxes are known
     * @param runtime path of libLiteRt; null looks for it among the application's libraries
     * @param numThreads threads of the interpreter
     * @param maxDisagreement predict drops a detection where two looks differ by more, in outer-eye distances, above 0
     * @throws IllegalArgumentException an argument is not as described
     * @throws IllegalStateException the model is damaged, or there is no usable LiteRT
     */
    public FaceAligner(@NonNull byte[] model, @Nullable byte[] detector, @Nullable String runtime, int numThreads,
            double maxDisagreement) {
        Arguments.given(model, "model", "the content of a model file");
        handle = new NativeHandle(
                this, create(model, detector, runtime, numThreads, maxDisagreement), FaceAligner::destroy);
    }

    /**
     * The face in a known box.
     *
     * @param refine look a second time, in the mirror and around the landmarks found, and return the mean: slower, more exact
     */
    @NonNull
    public synchronized Face align(@NonNull Image image, @NonNull Box box, boolean refine) {
        Arguments.given(image, "image", "an Image");
        Arguments.given(box, "box", "a Box around the face");
        double[] edges = {box.left, box.top, box.right, box.bottom};
        double[] values = align(open(), image.pixels, image.layout(), edges, refine);
        image.keep();
        return new Face(values);
    }

    /** All faces of a frame, best first: each is looked at twice, what is no face or there twice is dropped. */
    @NonNull
    public synchronized List<Face> predict(@NonNull Image image) {
        Arguments.given(image, "image", "an Image");
        return predict(image, (double[]) null);
    }

    /** The same for detections of your own, at most 64. */
    @NonNull
    public synchronized List<Face> predict(@NonNull Image image, @NonNull List<Detection> detections) {
        Arguments.given(image, "image", "an Image");
        Arguments.given(detections, "detections", "a list of Detection, empty where there is no face");
        double[] found = new double[VALUES * detections.size()];
        for (int i = 0; i < detections.size(); i++) {
            Detection d = Arguments.given(detections.get(i), "detections[" + i + "]", "a Detection");
            double[] row = {d.box.left, d.box.top, d.box.right, d.box.bottom, d.score, d.rollDeg};
            System.arraycopy(row, 0, found, VALUES * i, VALUES);
        }
        return predict(image, found);
    }

    private List<Face> predict(Image image, double[] detections) {
        double[][] rows = predict(open(), image.pixels, image.layout(), detections);
        image.keep();
        return faces(rows);
    }

    /** What the detector finds, best first, before any look. */
    @NonNull
    public synchronized List<Detection> detect(@NonNull Image image) {
        Arguments.given(image, "image", "an Image");
        double[] v = detect(open(), image.pixels, image.layout());
        image.keep();
        List<Detection> found = new ArrayList<>();
        for (int i = 0; i < v.length; i += VALUES) {
            found.add(new Detection(new Box(v[i], v[i + 1], v[i + 2], v[i + 3]), v[i + 4], v[i + 5]));
        }
        return found;
    }

    /**
     * The same face in the next frame, or more exactly in this one: its landmarks give the crop.
     *
     * @return null where the landmarks lie outside the frame
     */
    @Nullable
    public synchronized Face lookAgain(@NonNull Image image, @NonNull Face face) {
        Arguments.given(image, "image", "an Image");
        Arguments.given(face, "face", "a Face");
        double[] again = lookAgain(open(), image.pixels, image.layout(), face.landmarks, face.numbers());
        image.keep();
        return again != null ? new Face(again) : null;
    }

    /**
     * What speaks for and against a face found in this image; takes about as long as lookAgain.
     *
     * @throws IllegalArgumentException no landmark of the face lies inside the image
     */
    @NonNull
    public synchronized FaceQuality quality(@NonNull Image image, @NonNull Face face) {
        Arguments.given(image, "image", "an Image");
        Arguments.given(face, "face", "a Face");
        double[] values = quality(open(), image.pixels, image.layout(), face.landmarks, face.numbers());
        image.keep();
        return new FaceQuality(values);
    }

    /** What the network saw last, size x size x 3 bytes RGB; for tests. */
    @NonNull
    public synchronized byte[] lastPixels() {
        return lastPixels(open());
    }

    /** The network's own outputs of the last look, byte for byte and one after the other; for tests. */
    @NonNull
    public synchronized byte[] lastOutputBytes() {
        return lastOutputBytes(open());
    }

    /** What follows from them: 68 x, y in sides of the crop, then 3 angles in units of 90 degrees; for tests. */
    @NonNull
    public synchronized float[] lastOutputs() {
        return lastOutputs(open());
    }

    @Override
    public synchronized void close() {
        handle.free();
    }

    private static List<Face> faces(double[][] rows) {
        List<Face> faces = new ArrayList<>();
        for (double[] values : rows) {
            faces.add(new Face(values));
        }
        return faces;
    }

    /** Its address, for those who hold its lock. */
    long open() {
        return handle.address();
    }

    private static native long create(
            byte[] model, byte[] detector, String runtime, int numThreads, double maxDisagreement);

    private static native void destroy(long handle);

    private static native double[] align(long handle, ByteBuffer pixels, int[] layout, double[] box, boolean refine);

    private static native double[] lookAgain(
            long handle, ByteBuffer pixels, int[] layout, float[] landmarks, double[] numbers);

    private static native double[] quality(
            long handle, ByteBuffer pixels, int[] layout, float[] landmarks, double[] numbers);

    private static native double[][] predict(long handle, ByteBuffer pixels, int[] layout, double[] detections);

    private static native double[] detect(long handle, ByteBuffer pixels, int[] layout);

    private static native byte[] lastPixels(long handle);

    private static native byte[] lastOutputBytes(long handle);

    private static native float[] lastOutputs(long handle);
}
