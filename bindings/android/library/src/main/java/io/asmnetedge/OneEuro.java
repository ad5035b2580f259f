package io.asmnetedge;

/**
 * Parameters of the One-Euro filter, in outer-eye distances and seconds: smooth when still, quick when moving.
 *
 * <p>docs/tracking.md has the arithmetic. Source: Casiez, Roussel and Vogel, "1 € Filter", CHI 2012.
 */
public final class OneEuro {
    /** Cut-off of a face at rest. Lower is smoother and slower to start moving. */
    public final double minCutoffHz;

    /** Rise of the cut-off, Hz per unit of speed. Higher lags less on fast motion and smooths less. */
    public final double beta;

    /** Cut-off of the speed's own low pass. */
    public final double speedCutoffHz;

    /** What FaceTracker uses if nothing else is said. */
    public OneEuro() {
        this(0.3, 60, 0.6);
    }

    public OneEuro(double minCutoffHz, double beta, double speedCutoffHz) {
        this.minCutoffHz = minCutoffHz;
        this.beta = beta;
        this.speedCutoffHz = speedCutoffHz;
    }
}
