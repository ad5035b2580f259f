/* The One-Euro filter of the tracker, as docs/tracking.md defines it; not installed. */
#ifndef ASMNET_EDGE_SMOOTH_H
#define ASMNET_EDGE_SMOOTH_H

#include "internal.h"

typedef struct fa_complex { /* points of the plane: x + iy */
    double re, im;
} fa_complex;

typedef struct fa_euro {
    double min_cutoff_hz, beta, speed_cutoff_hz;
} fa_euro;

/* Of the landmarks of one face: the motion of the whole, and the change of each point's place in it. */
typedef struct fa_landmark_filter {
    int started;
    fa_complex mean, points[FA_LANDMARKS]; /* the smoothed face: its centre, and offsets from it */
    double motion_speed[4];                /* shift x and y, log scale, angle */
    fa_complex shape_speed[FA_LANDMARKS];
} fa_landmark_filter;

typedef struct fa_pose_filter {
    int started;
    double value[9], speed[9];
} fa_pose_filter;

/* Replaces landmarks and pose by the smoothed ones, `seconds` after the last; the first pass as they are. */
void fa_smooth_landmarks(fa_landmark_filter *filter, const fa_euro *euro, double seconds, double unit,
                         float (*landmarks)[2]);
void fa_smooth_pose(fa_pose_filter *filter, const fa_euro *euro, double seconds, fa_face *face);

/* rotation.c: 3 x 3 matrices by rows */
void fa_rotation_from_pose(double yaw_deg, double pitch_deg, double roll_deg, double out[9]);
void fa_pose_from_rotation(const double rotation[9], double *yaw_deg, double *pitch_deg, double *roll_deg);
void fa_nearest_rotation(const double matrix[9], double out[9]);

#endif
