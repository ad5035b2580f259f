/* What sdk/shape_check.py asks of numbers from a file. */
#include <math.h>
#include <string.h>

#include "internal.h"

#define TOLERANCE 1e-3 /* of what the fit makes exact to float32 */
#define NUMBERS (2 * FA_LANDMARKS)

/* Least over greatest extent of points along their main axes: Jacobi's turns make their covariance diagonal. */
static double flatness(const float *points, int32_t axes) {
    double c[3][3] = {{0}}, mean[3] = {0};
    for (int32_t i = 0; i < FA_LANDMARKS * axes; i++) mean[i % axes] += (double)points[i] / FA_LANDMARKS;
    for (int32_t p = 0; p < FA_LANDMARKS; p++)
        for (int32_t i = 0; i < axes; i++)
            for (int32_t j = 0; j < axes; j++)
                c[i][j] += ((double)points[p * axes + i] - mean[i]) * ((double)points[p * axes + j] - mean[j]);
    for (int32_t turn = 0; turn < 60; turn++) {
        int32_t i = axes == 2 ? 0 : turn % 3 == 2, j = axes == 2 ? 1 : turn % 3 == 0 ? 1 : 2;
        if (c[i][j] == 0) continue;
        double angle = 0.5 * atan2(2 * c[i][j], c[i][i] - c[j][j]), co = cos(angle), si = sin(angle);
        for (int32_t k = 0; k < axes; k++) {
            double a = c[k][i], b = c[k][j];
            c[k][i] = co * a + si * b;
            c[k][j] = co * b - si * a;
        }
        for (int32_t k = 0; k < axes; k++) {
            double a = c[i][k], b = c[j][k];
            c[i][k] = co * a + si * b;
            c[j][k] = co * b - si * a;
        }
    }
    double least = c[0][0], most = c[0][0];
    for (int32_t i = 1; i < axes; i++) {
        least = fa_least(least, c[i][i]);
        most = fa_most(most, c[i][i]);
    }
    return most > 0 && least > 0 ? sqrt(least / most) : 0;
}

static int is_orthonormal(const fa_shape_model *shape, int32_t modes) {
    for (int32_t i = 0; i < modes; i++)
        for (int32_t j = 0; j <= i; j++) {
            double sum = i == j ? -1 : 0;
            for (int32_t k = 0; k < NUMBERS; k++) sum += (double)shape->eigenvectors[i][k] * (double)shape->eigenvectors[j][k];
            if (!(fabs(sum) <= TOLERANCE)) return 0;
        }
    return 1;
}

const char *fa_shape_problem(const fa_shape_model *shape, const float *mean_3d, int32_t modes) {
    double x = 0, y = 0, squares = 0, total = (double)shape->residual_moments[0], second = (double)shape->residual_moments[1];
    for (int32_t p = 0; p < FA_LANDMARKS; p++) {
        double px = (double)shape->mean[2 * p], py = (double)shape->mean[2 * p + 1];
        x += px / FA_LANDMARKS;
        y += py / FA_LANDMARKS;
        squares += (px * px + py * py) / FA_LANDMARKS;
    }
    if (!(fabs(x) <= TOLERANCE) || !(fabs(y) <= TOLERANCE) || !(fabs(sqrt(squares) - 1) <= TOLERANCE))
        return "a mean of zero centroid and unit RMS radius";
    if (!(flatness(shape->mean, 2) >= TOLERANCE) || !(flatness(mean_3d, 3) >= TOLERANCE))
        return "points in the plane and in space, not on a line or in a plane";
    if (!is_orthonormal(shape, modes)) return "orthonormal eigenvectors";
    if (shape->eigenvalues[0] > NUMBERS || shape->eigenvalues[modes - 1] < 1e-12f) return "eigenvalues of 1e-12 to 136";
    if (!(second >= 0) || !(second <= (1 + TOLERANCE) * total * total) || !(total >= 0) || !(total <= NUMBERS))
        return "residual_moments, a sum and a sum of squares of variances";
    return NULL;
}
