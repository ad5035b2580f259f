package io.asmnetedge;

/** A face found by a detector, and how sure it is, 0 to 1. */
public final class Detection {
    public final Box box;
    public final double score;

    public Detection(Box box, double score) {
        this.box = box;
        this.score = score;
    }
}
