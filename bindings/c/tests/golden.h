/* Reads tests/golden/golden.txt and frames; checks that say what was expected. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdio.h>
#include <stdlib.h>

#include "asmnet_edge.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    char name[64], frame[64], sha256[65], outputs_sha256[65];
    fa_box box;
    int refine, n_modes;
    double crop[4], pose[3], plausibility, confidence, raw_landmarks[FA_LANDMARKS * 2], raw_pose[3];
    double landmarks[FA_LANDMARKS * 2], shape_parameters[FA_MAX_MODES], point_errors[FA_LANDMARKS];
    int has_errors;
} golden_case; /* confidence: NaN where there is none */

typedef struct { /* a whole frame */
    char name[64], frame[64], sha256[65];
    int zoom, n_detections, n_faces;
    double detections[8][6];                  /* left, top, right, bottom, score, roll */
    double faces[8][5 + FA_LANDMARKS * 2];    /* score, plausibility, yaw, pitch, roll, landmarks */
} golden_scene;

#define GOLDEN_MAX 64
int golden_read_scenes(const char *folder, golden_scene scenes[GOLDEN_MAX]);
fa_image golden_zoomed(const char *folder, const char *name, int zoom); /* each pixel repeated; free data */
int golden_read(const char *folder, golden_case cases[GOLDEN_MAX]); /* how many */
void golden_raw_step(const char *folder, double step[2]); /* of landmarks and pose */
const golden_case *golden_find(const golden_case *cases, int count, const char *name);
fa_image golden_frame(const char *folder, const char *name); /* RGB; free data */
uint8_t *golden_file(const char *path, size_t *size);
double golden_distance(const float *got, const double *expected, int count); /* the largest */

#define CHECK(condition, ...)                                                  \
    do                                                                         \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: expected %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                                      \
            fprintf(stderr, "\n");                                             \
            exit(1);                                                           \
        }                                                                      \
    while (0)

#ifdef __cplusplus
}
#endif
#endif
