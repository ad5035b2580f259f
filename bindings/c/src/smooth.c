/* One-Euro filter: smooth when still, quick when moving, as sdk/smoothing.py has it (docs/tracking.md). */
#include "smooth.h"

#include <math.h>
#include <string.h>

#define TURN 2.5 /* radians that count as a move by one outer-eye distance */

static fa_complex product(fa_complex a, fa_complex b) {
    return (fa_complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* Weight of the new value in a first-order low pass. */
static double share(double cutoff_hz, double seconds) {
    return 1.0 / (1.0 + 1.0 / ((2.0 * FA_PI * seconds) * cutoff_hz));
}

/* One step of a vector: its speed is filtered, the speed's length sets the cut-off, and offsets become ways to go. */
static void step(const fa_euro *euro, double seconds, double *speed, double *offset, int count) {
    double follow = share(euro->speed_cutoff_hz, seconds), squares = 0;
    for (int i = 0; i < count; i++) {
        speed[i] = speed[i] + follow * (offset[i] / seconds - speed[i]);
        squares += speed[i] * speed[i];
    }
    double part = share(euro->min_cutoff_hz + euro->beta * sqrt(squares), seconds);
    for (int i = 0; i < count; i++) offset[i] = part * offset[i];
}

static void centre(fa_complex points[FA_LANDMARKS], fa_complex *mean) {
    fa_complex sum = {0, 0};
    for (int i = 0; i < FA_LANDMARKS; i++) {
        sum.re += points[i].re;
        sum.im += points[i].im;
    }
    *mean = (fa_complex){sum.re / FA_LANDMARKS, sum.im / FA_LANDMARKS};
    for (int i = 0; i < FA_LANDMARKS; i++) {
        points[i].re -= mean->re;
        points[i].im -= mean->im;
    }
}

static int coincide(const fa_complex points[FA_LANDMARKS]) {
    for (int i = 1; i < FA_LANDMARKS; i++)
        if (points[i].re != points[0].re || points[i].im != points[0].im) return 0;
    return 1;
}

/* The factor of the least-squares similarity that brings offsets onto others: scale and rotation. */
static fa_complex fit(const fa_complex z[FA_LANDMARKS], const fa_complex w[FA_LANDMARKS]) {
    double power = 0;
    fa_complex a = {0, 0};
    for (int i = 0; i < FA_LANDMARKS; i++) {
        power += z[i].re * z[i].re + z[i].im * z[i].im;
        a.re += z[i].re * w[i].re + z[i].im * w[i].im;
        a.im += z[i].re * w[i].im - z[i].im * w[i].re;
    }
    return (fa_complex){a.re / power, a.im / power};
}

static void move(fa_landmark_filter *f, const fa_euro *euro, double seconds, double unit, fa_complex mean,
                 const fa_complex points[FA_LANDMARKS]) {
    fa_complex a = fit(f->points, points), drift;
    double motion[4] = {(mean.re - f->mean.re) / unit, (mean.im - f->mean.im) / unit,
                        log(fa_most(hypot(a.re, a.im), 1e-6)), atan2(a.im, a.re)};
    step(euro, seconds, f->motion_speed, motion, 4);
    double grown = exp(motion[2]);
    fa_complex turn = {grown * cos(motion[3]), grown * sin(motion[3])};
    for (int i = 0; i < FA_LANDMARKS; i++) {
        fa_complex carried = product(a, f->points[i]), turned = product(turn, f->points[i]);
        double left_over[2] = {(points[i].re - carried.re) / unit, (points[i].im - carried.im) / unit};
        step(euro, seconds, &f->shape_speed[i].re, left_over, 2);
        f->points[i] = (fa_complex){turned.re + unit * left_over[0], turned.im + unit * left_over[1]};
    }
    centre(f->points, &drift);
    f->mean.re = f->mean.re + unit * motion[0] + drift.re;
    f->mean.im = f->mean.im + unit * motion[1] + drift.im;
}

void fa_smooth_landmarks(fa_landmark_filter *f, const fa_euro *euro, double seconds, double unit,
                         float (*landmarks)[2]) {
    fa_complex points[FA_LANDMARKS], mean;
    for (int i = 0; i < FA_LANDMARKS; i++) points[i] = (fa_complex){landmarks[i][0], landmarks[i][1]};
    centre(points, &mean);
    if (!f->started || seconds <= 0 || coincide(f->points)) {
        *f = (fa_landmark_filter){.started = 1, .mean = mean};
        memcpy(f->points, points, sizeof points);
        return;
    }
    move(f, euro, seconds, unit, mean, points);
    for (int i = 0; i < FA_LANDMARKS; i++) {
        landmarks[i][0] = (float)(f->mean.re + f->points[i].re);
        landmarks[i][1] = (float)(f->mean.im + f->points[i].im);
    }
}

void fa_smooth_pose(fa_pose_filter *f, const fa_euro *euro, double seconds, fa_face *face) {
    double rotation[9], offset[9];
    fa_rotation_from_pose(face->yaw_deg, face->pitch_deg, face->roll_deg, rotation);
    if (!f->started || seconds <= 0) {
        *f = (fa_pose_filter){.started = 1};
        memcpy(f->value, rotation, sizeof rotation);
    } else {
        for (int i = 0; i < 9; i++) offset[i] = (rotation[i] - f->value[i]) / TURN;
        for (int row = 0; row < 3; row++) step(euro, seconds, f->speed + 3 * row, offset + 3 * row, 3);
        for (int i = 0; i < 9; i++) f->value[i] = f->value[i] + TURN * offset[i];
    }
    fa_nearest_rotation(f->value, rotation);
    fa_pose_from_rotation(rotation, &face->yaw_deg, &face->pitch_deg, &face->roll_deg);
}
