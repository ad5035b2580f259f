package io.asmnetedge;

/** What speaks for and against one face; docs/guide.md says what to do at which value. */
public final class FaceQuality {
    /** The detector's, 0 to 1; 1 where the caller gave the box. */
    public final double score;

    /** Of the shape, 0 to 1; near 0: no face, or a failed fit. */
    public final double plausibility;

    /** How far another look puts the landmarks, in outer-eye distances; above 0.1: no face. */
    public final double disagreement;

    /** 0 to 1; below 0.25 too blurred for full accuracy, below 0.15 of little use. */
    public final double sharpness;

    /** Between the outer eye corners, pixels. */
    public final double eyeDistance;

    /** Share of the landmarks that lie inside the image, 0 to 1. */
    public final double inside;

    /** The head pose that the landmarks alone give; Face has the network's. */
    public final double landmarkYawDeg;

    public final double landmarkPitchDeg;
    public final double landmarkRollDeg;

    /** Angle between the two poses, with yaw expanded as the model file says; a large one: one of them failed. */
    public final double poseDisagreementDeg;

    FaceQuality(double[] values) { // as jni.c writes them
        score = values[0];
        plausibility = values[1];
        disagreement = values[2];
        sharpness = values[3];
        eyeDistance = values[4];
        inside = values[5];
        landmarkYawDeg = values[6];
        landmarkPitchDeg = values[7];
        landmarkRollDeg = values[8];
        poseDisagreementDeg = values[9];
    }
}
