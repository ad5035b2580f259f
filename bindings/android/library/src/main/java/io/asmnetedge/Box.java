package io.asmnetedge;

/** Edges in pixels; a face box is the tight bounding box of its landmarks, give or take 10 %. */
public final class Box {
    public final double left;
    public final double top;
    public final double right;
    public final double bottom;

    public Box(double left, double top, double right, double bottom) {
        this.left = left;
        this.top = top;
        this.right = right;
        this.bottom = bottom;
    }
}
