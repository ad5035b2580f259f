/* Distances and openness from landmarks alone, as sdk/measures.py has them. */
#include <math.h>

#include "internal.h"

#define RIGHT_EYE 36 /* the outer corner; six points from here */
#define LEFT_EYE 42
#define LEFT_CORNER 45

static double distance(const fa_face *face, int i, int j) {
    const float *p = face->landmarks[i], *q = face->landmarks[j];
    return hypot((double)p[0] - q[0], (double)p[1] - q[1]);
}

double fa_interocular_distance(const fa_face *face) { return face != NULL ? distance(face, RIGHT_EYE, LEFT_CORNER) : NAN; }

/* Source: Soukupova & Cech, "Real-Time Eye Blink Detection using Facial Landmarks", CVWW 2016. */
static double eye_aspect(const fa_face *face, int first) {
    double width = distance(face, first, first + 3);
    double height = distance(face, first + 1, first + 5) + distance(face, first + 2, first + 4);
    return width > 0 ? height / (2.0 * width) : 0;
}

void fa_eye_openness(const fa_face *face, double *subject_right, double *subject_left) {
    if (subject_right != NULL) *subject_right = face != NULL ? eye_aspect(face, RIGHT_EYE) : NAN;
    if (subject_left != NULL) *subject_left = face != NULL ? eye_aspect(face, LEFT_EYE) : NAN;
}

double fa_mouth_openness(const fa_face *face) {
    if (face == NULL) return NAN;
    double width = distance(face, 60, 64);
    double height = (distance(face, 61, 67) + distance(face, 62, 66) + distance(face, 63, 65)) / 3.0;
    return width > 0 ? height / width : 0;
}
