package io.asmnetedge;

/** A face found by a detector, how sure it is, 0 to 1, and its roll, clockwise positive. */
public final class Detection {
    public final Box box;
    public final double score;
    public final double rollDeg;

    public Detection(Box box, double score) {
        this(box, score, 0);
    }

    public Detection(Box box, double score, double rollDeg) {
        this.box = box;
        this.score = score;
        this.rollDeg = rollDeg;
    }
}
