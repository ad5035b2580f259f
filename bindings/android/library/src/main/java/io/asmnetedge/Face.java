package io.asmnetedge;

import androidx.annotation.NonNull;
import java.util.Arrays;

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

    @NonNull public final float[] shapeParameters;

    /** Whether the network itself doubts the face; a model that gives no confidence doubts none. */
    public boolean isDoubtful() {
        return confidence < CONFIDENT; // NaN is not
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
        double[] parameters = Arrays.copyOfRange(values, at + 10, values.length);
        shapeParameters = new float[parameters.length];
        for (int i = 0; i < parameters.length; i++) {
            shapeParameters[i] = (float) parameters[i];
        }
    }
}
