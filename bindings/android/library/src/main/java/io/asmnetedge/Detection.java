package io.asmnetedge;

import androidx.annotation.NonNull;

/** A face found by a detector, how sure it is, 0 to 1, and its roll, clockwise positive. */
public final class Detection {
    @NonNull public final Box box;
    public final double score;
    public final double rollDeg;

    public Detection(@NonNull Box box, double score) {
        this(box, score, 0);
    }

    public Detection(@NonNull Box box, double score, double rollDeg) {
        this.box = Arguments.given(box, "box", "a Box around the face");
        this.score = score;
        this.rollDeg = rollDeg;
    }
}
