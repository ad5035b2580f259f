package io.asmnetedge;

import androidx.annotation.NonNull;

/** A face in one frame of a video. */
public final class TrackedFace {
    /** The same number as long as the face is followed; never used again. */
    public final int id;

    /** In how many frames it has been seen, this one included. */
    public final int frames;

    /** Smoothed, if the tracker smooths; else as measured. */
    @NonNull public final Face face;

    /** What the network saw in this frame alone. */
    @NonNull public final Face measured;

    TrackedFace(int id, int frames, Face face, Face measured) {
        this.id = id;
        this.frames = frames;
        this.face = face;
        this.measured = measured;
    }
}
