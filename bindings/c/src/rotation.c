/* Head pose as a rotation and back, as sdk/pose.py has it: R = Rz(roll) Ry(yaw) Rx(-pitch). */
#include <math.h>

#include "smooth.h"

#define SWEEPS 30     /* of Jacobi's method, which needs about six */
#define NOTHING 1e-17 /* in a matrix of numbers up to 3 */

void fa_rotation_from_pose(double yaw_deg, double pitch_deg, double roll_deg, double out[9]) {
    double yaw = yaw_deg * (FA_PI / 180.0), pitch = -pitch_deg * (FA_PI / 180.0), roll = roll_deg * (FA_PI / 180.0);
    double cy = cos(yaw), sy = sin(yaw), cx = cos(pitch), sx = sin(pitch), cz = cos(roll), sz = sin(roll);
    const double r[9] = {cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx,
                         sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx,
                         -sy,     cy * sx,                cy * cx};
    for (int i = 0; i < 9; i++) out[i] = r[i];
}

void fa_pose_from_rotation(const double r[9], double *yaw_deg, double *pitch_deg, double *roll_deg) {
    double roll = 0, about_x;
    if (hypot(r[0], r[3]) < 1e-6) /* gimbal lock: only roll -+ pitch is known */
        about_x = atan2(-r[5], r[4]);
    else {
        roll = atan2(r[3], r[0]);
        about_x = atan2(r[7], r[8]);
    }
    *yaw_deg = asin(fa_most(-1.0, fa_least(1.0, -r[6]))) * (180.0 / FA_PI);
    *pitch_deg = -about_x * (180.0 / FA_PI);
    *roll_deg = roll * (180.0 / FA_PI);
}

/* A turn in the plane of axes p and q that makes m[p][q] zero, and the same turn of the columns of v. */
static void turn_away(double m[4][4], double v[4][4], int p, int q) {
    double half = (m[q][q] - m[p][p]) / (2.0 * m[p][q]);
    double t = (half >= 0 ? 1.0 : -1.0) / (fabs(half) + sqrt(half * half + 1.0)), c = 1.0 / sqrt(t * t + 1.0), s = t * c;
    for (int k = 0; k < 4; k++) {
        double a = m[k][p], b = m[k][q];
        m[k][p] = c * a - s * b;
        m[k][q] = s * a + c * b;
    }
    for (int k = 0; k < 4; k++) {
        double a = m[p][k], b = m[q][k], d = v[k][p], e = v[k][q];
        m[p][k] = c * a - s * b;
        m[q][k] = s * a + c * b;
        v[k][p] = c * d - s * e;
        v[k][q] = s * d + c * e;
    }
}

/* The quaternion that is the eigenvector of the greatest eigenvalue; m becomes diagonal. */
static void greatest(double m[4][4], double out[4]) {
    double v[4][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
    int best = 0;
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int p = 0; p < 3; p++)
            for (int q = p + 1; q < 4; q++)
                if (fabs(m[p][q]) > NOTHING) turn_away(m, v, p, q);
    for (int i = 1; i < 4; i++)
        if (m[i][i] > m[best][best]) best = i;
    for (int i = 0; i < 4; i++) out[i] = v[i][best];
}

/* The rotation with the greatest sum of products with the matrix, by its quaternion. Source: Horn, "Closed-form solution
 * of absolute orientation using unit quaternions", JOSA A 1987. */
void fa_nearest_rotation(const double a[9], double out[9]) {
    double m[4][4] = {{a[0] + a[4] + a[8], a[7] - a[5], a[2] - a[6], a[3] - a[1]},
                      {0, a[0] - a[4] - a[8], a[1] + a[3], a[2] + a[6]},
                      {0, 0, a[4] - a[0] - a[8], a[5] + a[7]},
                      {0, 0, 0, a[8] - a[0] - a[4]}};
    double q[4];
    for (int i = 1; i < 4; i++)
        for (int k = 0; k < i; k++) m[i][k] = m[k][i];
    greatest(m, q);
    double w = q[0], x = q[1], y = q[2], z = q[3], n = w * w + x * x + y * y + z * z;
    const double r[9] = {w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y),
                         2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x),
                         2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z};
    for (int i = 0; i < 9; i++) out[i] = r[i] / n;
}
