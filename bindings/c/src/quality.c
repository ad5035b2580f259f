/* Signals that tell whether a face can be trusted, as sdk/quality.py has them. */
#include <math.h>

#include "smooth.h"

#define SIZE FA_SHARPNESS_SIZE
#define WINDOW 9 /* of both blurs */
#define HALF (WINDOW / 2)

/* A line of the picture with its ends mirrored about the last pixels. */
static void take(const float *line, int step, double out[SIZE + 2 * HALF]) {
    for (int i = -HALF; i < SIZE + HALF; i++) {
        int at = i < 0 ? -i : i >= SIZE ? 2 * (SIZE - 1) - i : i;
        out[i + HALF] = line[at * step];
    }
}

static void blur(float *grey, int step, int lines, const double weights[WINDOW]) {
    double line[SIZE + 2 * HALF];
    for (int n = 0; n < SIZE; n++) {
        take(grey + n * lines, step, line);
        for (int i = 0; i < SIZE; i++) {
            double sum = 0;
            for (int k = 0; k < WINDOW; k++) sum += weights[k] * line[i + k];
            grey[n * lines + i * step] = (float)sum;
        }
    }
}

/* Share of the differences between neighbours along lines that blurring along them takes away. */
static double lost(const float *grey, int step, int lines) {
    double line[SIZE + 2 * HALF], total = 0, taken = 0;
    for (int n = 0; n < SIZE; n++) {
        take(grey + n * lines, step, line);
        for (int i = 0; i + 1 < SIZE; i++) {
            double sharp = fabs(line[i + 1 + HALF] - line[i + HALF]);
            double blurred = fabs(line[i + WINDOW] - line[i]) / WINDOW; /* of two means that share all but their ends */
            total += sharp;
            taken += fa_most(0, sharp - blurred);
        }
    }
    return total > 0 ? taken / total : 0;
}

/* Source: Crete et al., "The blur effect", SPIE 2007: 1 - blur. Noise of single pixels is filtered out first. */
double fa_sharpness(fa_sharpness_space *space) {
    double weights[WINDOW], sum = 0;
    for (int k = 0; k < WINDOW; k++) sum += weights[k] = exp(-0.5 * (k - HALF) * (k - HALF));
    for (int k = 0; k < WINDOW; k++) weights[k] /= sum;
    for (int i = 0; i < SIZE * SIZE; i++) {
        const uint8_t *p = space->pixels + 3 * i; /* BT.601 in 15 bits, as OpenCV has it */
        space->grey[i] = (float)((9798 * p[0] + 19235 * p[1] + 3735 * p[2] + 16384) >> 15);
    }
    blur(space->grey, 1, SIZE, weights);
    blur(space->grey, SIZE, 1, weights);
    return fa_least(lost(space->grey, 1, SIZE), lost(space->grey, SIZE, 1));
}

double fa_share_inside(const fa_face *face, const fa_image *image) {
    int inside = 0;
    for (int i = 0; i < FA_LANDMARKS; i++) {
        double x = face->landmarks[i][0], y = face->landmarks[i][1];
        inside += x >= -0.5 && y >= -0.5 && x < image->width - 0.5 && y < image->height - 0.5;
    }
    return (double)inside / FA_LANDMARKS;
}

/* Of the one turn that leads from a rotation to another. */
static double angle_between_deg(const double a[9], const double b[9]) {
    double turn[9];
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) turn[3 * i + k] = a[i] * b[k] + a[3 + i] * b[3 + k] + a[6 + i] * b[6 + k];
    double x = turn[7] - turn[5], y = turn[2] - turn[6], z = turn[3] - turn[1];
    return atan2(sqrt(x * x + y * y + z * z), turn[0] + turn[4] + turn[8] - 1) * (180.0 / FA_PI);
}

fa_status fa_quality_of_pose(const fa_model *model, const fa_face *face, fa_quality *quality) {
    double fitted[9], own[9];
    if (!fa_pose_fit(&model->shape, (const float(*)[2])face->landmarks, fitted))
        return fa_fail(FA_ERROR_INPUT, "landmarks: no head pose explains them; do they follow the scheme?");
    fa_pose_from_rotation(fitted, &quality->landmark_yaw_deg, &quality->landmark_pitch_deg, &quality->landmark_roll_deg);
    double yaw_deg = fa_expanded_yaw(quality->landmark_yaw_deg, model->yaw_expansion); /* landmarks fall short alike */
    fa_rotation_from_pose(yaw_deg, quality->landmark_pitch_deg, quality->landmark_roll_deg, fitted);
    fa_rotation_from_pose(face->yaw_deg, face->pitch_deg, face->roll_deg, own);
    quality->pose_disagreement_deg = angle_between_deg(own, fitted);
    return FA_OK;
}
