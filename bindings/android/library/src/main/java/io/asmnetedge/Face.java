package io.asmnetedge;

import androidx.annotation.NonNull;
import androidx.annotation.Nullable;

/** One aligned face; docs/conventions.md has frames, signs and units. */
public final class Face {
    public static final int LANDMARKS = 68;

    /** Below this confidence the network itself says: do not trust these landmarks. */
    public static final double CONFIDENT = 0.5;

    /** x0, y0, x1, y1 and so on in pixels of the image, in the order of the 68-point i-bug scheme. */
    @NonNull public final float[] landmarks = new float[2 * LANDMARKS];

    public final double yawDeg;
    public final double pitchDeg;
    public final double rollDeg;

    /** Around the landmarks. */
    @NonNull public final Box box;

    /** The detector's, 0 to 1; 1 where the caller gave the box. */
    public final double score;

    /** 0 to 1; near 0: do not trust these landmarks. */
    public final double plausibility;

    /**
     * 0 to 1, the network's own that this is a face and its landmarks fit: below 0.5 do not trust them; NaN where the model
     * gives none.
     */
    public final double confidence;

    /**
     * The expected distance of each landmark from the true one, in outer-eye distances, 0 to 1; a hidden one has a large error.
     * Null where the model gives none.
     */
    @Nullable public final float[] pointErrors;

    @NonNull public final float[] shapeParameters;

    /** Whether the network itself doubts the face; a model that gives no confidence doubts none. */
    public boolean isDoubtful() {
        return confidence < CONFIDENT; // NaN is not
    }

    /** Between the outer eye corners, pixels. */
    public double interocularDistance() {
        return distance(36, 45);
    }

    /** Eye aspect ratio of the subject's right eye: about 0.3 open, near 0 closed (Soukupova and Cech, CVWW 2016). */
    public double subjectRightEyeOpenness() {
        return eyeOpenness(36);
    }

    /** The same of the subject's left eye. */
    public double subjectLeftEyeOpenness() {
        return eyeOpenness(42);
    }

    /** Height of the inner lips over their width: 0 closed, about 0.5 and more when yawning. */
    public double mouthOpenness() {
        double width = distance(60, 64);
        double height = (distance(61, 67) + distance(62, 66) + distance(63, 65)) / 3;
        return width > 0 ? height / width : 0;
    }

    /** What the library asks of a face beside its landmarks, as face_of of jni.c reads it. */
    double[] numbers() {
        return new double[] {yawDeg, pitchDeg, rollDeg, score, plausibility};
    }

    private double eyeOpenness(int first) {
        double width = distance(first, first + 3);
        double height = distance(first + 1, first + 5) + distance(first + 2, first + 4);
        return width > 0 ? height / (2 * width) : 0;
    }

    private double distance(int i, int j) {
        return Math.hypot((double) landmarks[2 * i] - landmarks[2 * j], (double) landmarks[2 * i + 1] - landmarks[2 * j + 1]);
    }

    Face(double[] values) { // as face_values of jni.c writes them
        for (int i = 0; i < landmarks.length; i++) {
            landmarks[i] = (float) values[i];
        }
        int at = landmarks.length;
        yawDeg = values[at];
        pitchDeg = values[at + 1];
        rollDeg = values[at + 2];
        box = new Box(values[at + 3], values[at + 4], values[at + 5], values[at + 6]);
        score = values[at + 7];
        plausibility = values[at + 8];
        confidence = values[at + 9];
        float[] errors = floats(values, at + 10, at + 10 + LANDMARKS);
        pointErrors = Float.isNaN(errors[0]) ? null : errors;
        shapeParameters = floats(values, at + 10 + LANDMARKS, values.length);
    }

    private static float[] floats(double[] values, int from, int to) {
        float[] found = new float[to - from];
        for (int i = 0; i < found.length; i++) {
            found[i] = (float) values[from + i];
        }
        return found;
    }
}
