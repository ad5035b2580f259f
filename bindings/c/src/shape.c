/* Shape parameters and plausibility, as sdk/shape_model.py has them (Cootes et al., CVIU 1995). */
#include <math.h>

#include "internal.h"

#define N FA_LANDMARKS
#define LIMIT 3.0

typedef struct { /* z -> a (z - from) + to */
    double a[2], from[2], to[2];
} similarity;

/* The least-squares similarity that brings landmarks to the mean; 0 where they all coincide. */
static int fit(const fa_shape_model *model, const float (*landmarks)[2], similarity *s) {
    double power = 0;
    *s = (similarity){{0, 0}, {0, 0}, {0, 0}};
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 2; k++) {
            s->from[k] += landmarks[i][k] / (double)N;
            s->to[k] += model->mean[2 * i + k] / (double)N;
        }
    for (int i = 0; i < N; i++) {
        double x = landmarks[i][0] - s->from[0], y = landmarks[i][1] - s->from[1];
        double u = model->mean[2 * i] - s->to[0], v = model->mean[2 * i + 1] - s->to[1];
        power += x * x + y * y;
        s->a[0] += x * u + y * v;
        s->a[1] += x * v - y * u;
    }
    if (!(power > 0)) return 0;
    s->a[0] /= power;
    s->a[1] /= power;
    return 1;
}

static int align(const fa_shape_model *model, const float (*landmarks)[2], double aligned[2 * N]) {
    similarity s;
    if (!fit(model, landmarks, &s)) return 0;
    for (int i = 0; i < N; i++) {
        double x = landmarks[i][0] - s.from[0], y = landmarks[i][1] - s.from[1];
        aligned[2 * i] = s.a[0] * x - s.a[1] * y + s.to[0];
        aligned[2 * i + 1] = s.a[1] * x + s.a[0] * y + s.to[1];
    }
    return 1;
}

int fa_shape_roll(const fa_shape_model *model, const float (*landmarks)[2], double *radians) {
    similarity s;
    int placed = fit(model, landmarks, &s);
    *radians = placed ? -atan2(s.a[1], s.a[0]) : 0;
    return placed;
}

/* P(chi^2 >= value), by the cube-root normal approximation (Wilson & Hilferty 1931). */
static double chi_square_tail(double value, double degrees) {
    double spread = 2.0 / (9.0 * degrees);
    double z = (pow(value / degrees, 1.0 / 3.0) - (1.0 - spread)) / sqrt(spread);
    return 0.5 * erfc(z / sqrt(2.0));
}

void fa_shape_describe(const fa_shape_model *model, const float (*landmarks)[2], fa_face *face) {
    double offset[2 * N], smooth[2 * N] = {0}, distance = 0, residual = 0, degrees = model->n_modes;
    double total = model->residual_moments[0], squares = model->residual_moments[1];
    int placed = align(model, landmarks, offset);
    face->n_modes = model->n_modes;
    face->plausibility = 0;
    for (int i = 0; i < 2 * N && placed; i++) offset[i] -= model->mean[i];
    for (int k = 0; k < model->n_modes; k++) {
        double b = 0, bound = (float)LIMIT * sqrtf(model->eigenvalues[k]);
        for (int i = 0; i < 2 * N && placed; i++) b += (double)model->eigenvectors[k][i] * offset[i];
        face->shape_parameters[k] = (float)fmin(fmax(b, -bound), bound);
        b = (float)b;
        distance += b * b / model->eigenvalues[k];
        for (int i = 0; i < 2 * N; i++) smooth[i] += b * model->eigenvectors[k][i];
    }
    if (!placed) return;
    for (int i = 0; i < 2 * N; i++) residual += (offset[i] - smooth[i]) * (offset[i] - smooth[i]);
    if (total > 0 && squares > 0) {
        distance += residual * total / squares;
        degrees += total * total / squares;
    }
    face->plausibility = chi_square_tail(distance, degrees);
}
