package io.asmnetedge;

import androidx.annotation.NonNull;
import androidx.annotation.Nullable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Follows faces through a video: the next crop comes from the last landmarks, the detector only looks for new faces.
 *
 * <p>One tracker serves one video, with the same ids and numbers as Python's FaceTracker (docs/tracking.md). Methods may be
 * called from any thread; calls wait for each other and for those of the aligner.
 */
public final class FaceTracker implements AutoCloseable {
    private static final int ROWS = 3; // of a face: id and frames, smoothed, measured

    /** How faces are followed. Setters give the options themselves back. */
    public static final class Options {
        private int detectEvery = 15;
        private int maxFaces;
        private OneEuro smoothing = new OneEuro();
        private double fps = 30;

        /** Frames between two searches for new faces, 1 or more; with no face in sight every frame is searched. */
        @NonNull
        public Options detectEvery(int frames) {
            detectEvery = frames;
            return this;
        }

        /** Follow no more than this, the best first; 0: all, up to 64. */
        @NonNull
        public Options maxFaces(int count) {
            maxFaces = count;
            return this;
        }

        /** null leaves faces as they are measured. */
        @NonNull
        public Options smoothing(@Nullable OneEuro parameters) {
            smoothing = parameters;
            return this;
        }

        /** Frames a second, for time steps where update gets no timestamp. */
        @NonNull
        public Options fps(double framesPerSecond) {
            fps = framesPerSecond;
            return this;
        }
    }

    private final FaceAligner aligner;
    private final NativeHandle handle;

    /** A tracker with the usual options. */
    public FaceTracker(@NonNull FaceAligner aligner) {
        this(aligner, new Options());
    }

    /**
     * @param aligner finds and aligns the faces; it is not closed with the tracker, and may be used between updates
     * @throws IllegalArgumentException an option is not as described
     * @throws IllegalStateException the aligner is closed
     */
    public FaceTracker(@NonNull FaceAligner aligner, @NonNull Options options) {
        this.aligner = Arguments.given(aligner, "aligner", "a FaceAligner");
        Arguments.given(options, "options", "FaceTracker.Options");
        OneEuro smoothing = options.smoothing != null ? options.smoothing : new OneEuro();
        double[] numbers = {smoothing.minCutoffHz, smoothing.beta, smoothing.speedCutoffHz, options.fps};
        synchronized (aligner) {
            long made = create(
                    aligner.open(), options.detectEvery, options.maxFaces, options.smoothing != null, numbers);
            handle = new NativeHandle(this, made, address -> {
                synchronized (aligner) { // after an update under way; until then the aligner is not collected either
                    destroy(address);
                }
            });
        }
    }

    /** The faces of the next frame, longest followed first; its time follows from the rate of Options.fps. */
    @NonNull
    public List<TrackedFace> update(@NonNull Image image) {
        return update(image, false, 0);
    }

    /**
     * The faces of the next frame, longest followed first.
     *
     * @param timestampSeconds when it was taken, in seconds from any origin; rising while faces are followed
     * @throws IllegalArgumentException time runs backwards or is no number; nothing is changed then
     * @throws IllegalStateException tracker or aligner is closed, or the aligner has no detector
     */
    @NonNull
    public List<TrackedFace> update(@NonNull Image image, double timestampSeconds) {
        return update(image, true, timestampSeconds);
    }

    /** Forgets all faces, as at a cut; ids go on. */
    public void reset() {
        synchronized (aligner) {
            reset(handle.address());
        }
    }

    @Override
    public void close() {
        synchronized (aligner) {
            handle.free();
        }
    }

    private List<TrackedFace> update(Image image, boolean timed, double timestampSeconds) {
        Arguments.given(image, "image", "an Image");
        double[][] rows;
        synchronized (aligner) {
            aligner.open(); // the tracker uses it
            rows = update(handle.address(), image.pixels, image.layout(), timed, timestampSeconds);
            image.keep();
        }
        List<TrackedFace> faces = new ArrayList<>();
        for (int i = 0; i < rows.length; i += ROWS) {
            Face measured = new Face(rows[i + 2]);
            Face face = rows[i + 1] != null ? new Face(rows[i + 1]) : measured;
            faces.add(new TrackedFace((int) rows[i][0], (int) rows[i][1], face, measured));
        }
        return faces;
    }

    private static native long create(
            long aligner, int detectEvery, int maxFaces, boolean smooth, double[] numbers);

    private static native void destroy(long handle);

    private static native double[][] update(
            long handle, ByteBuffer pixels, int[] layout, boolean timed, double timestampSeconds);

    private static native void reset(long handle);
}
