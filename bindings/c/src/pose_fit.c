/* Head pose from landmarks alone: the rigid points of the 3D mean head brought onto them, as sdk/pose_fit.py has it. */
#include <math.h>
#include <string.h>

#include "internal.h"

#define DISTANCE 20.0 /* of a virtual camera and its focal length, in RMS radii of the head: nearly orthographic */
#define RIGID 17
#define STEPS 60
#define SMALL 1e-11 /* a step that changes nothing that anybody sees */

static const unsigned char POINTS[RIGID] = {17, 21, 22, 26, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45, 48, 54};

typedef struct {
    double head[RIGID][3], points[RIGID][2];
} problem;

typedef struct {
    double rotation[9], place[3];
} guess;

static void set_up(const fa_shape_model *model, const float (*landmarks)[2], problem *p) {
    double middle[3] = {0, 0, 0}, centre[2] = {0, 0}, squares = 0;
    for (int i = 0; i < RIGID; i++) {
        for (int k = 0; k < 3; k++) middle[k] += (double)model->mean_3d[POINTS[i]][k] / RIGID;
        for (int k = 0; k < 2; k++) centre[k] += (double)landmarks[POINTS[i]][k] / RIGID;
    }
    for (int i = 0; i < RIGID; i++) {
        for (int k = 0; k < 3; k++) p->head[i][k] = (double)model->mean_3d[POINTS[i]][k] - middle[k];
        for (int k = 0; k < 2; k++) {
            p->points[i][k] = (double)landmarks[POINTS[i]][k] - centre[k];
            squares += p->points[i][k] * p->points[i][k] / RIGID;
        }
    }
    double size = fa_most(sqrt(squares), 1e-12);
    for (int i = 0; i < RIGID; i++)
        for (int k = 0; k < 2; k++) p->points[i][k] /= size;
}

static void turned(const double r[9], const double x[3], double out[3]) {
    for (int k = 0; k < 3; k++) out[k] = r[3 * k] * x[0] + r[3 * k + 1] * x[1] + r[3 * k + 2] * x[2];
}

/* The sum of squared errors; where asked, J'J and J'e for a small turn of the turned head and a shift. */
static double errors(const problem *p, const guess *g, double jtj[6][6], double jte[6]) {
    double total = 0;
    if (jtj != NULL) {
        memset(jtj, 0, 36 * sizeof(double));
        memset(jte, 0, 6 * sizeof(double));
    }
    for (int i = 0; i < RIGID; i++) {
        double q[3];
        turned(g->rotation, p->head[i], q);
        double x = q[0] + g->place[0], y = q[1] + g->place[1], f = DISTANCE / (q[2] + g->place[2]);
        double u = x * f / DISTANCE, v = y * f / DISTANCE;
        double e[2] = {p->points[i][0] - x * f, p->points[i][1] - y * f};
        total += e[0] * e[0] + e[1] * e[1];
        if (jtj == NULL) continue;
        /* d(x, y, z) by a turn w is w x q; d(image) by it is f (1, 0, -u) and f (0, 1, -v) */
        const double rows[2][6] = {{-f * u * q[1], f * (q[2] + u * q[0]), -f * q[1], f, 0, -f * u},
                                   {-f * (q[2] + v * q[1]), f * v * q[0], f * q[0], 0, f, -f * v}};
        for (int k = 0; k < 2; k++)
            for (int m = 0; m < 6; m++) {
                jte[m] += rows[k][m] * e[k];
                for (int n = 0; n < 6; n++) jtj[m][n] += rows[k][m] * rows[k][n];
            }
    }
    return total;
}

/* Solves a positive definite system in place by Cholesky's way; 0 where it is none. */
static int solve(double a[6][6], double b[6]) {
    for (int i = 0; i < 6; i++)
        for (int k = 0; k <= i; k++) {
            double sum = a[i][k];
            for (int m = 0; m < k; m++) sum -= a[i][m] * a[k][m];
            if (i == k && !(sum > 0)) return 0;
            a[i][k] = i == k ? sqrt(sum) : sum / a[k][k];
        }
    for (int i = 0; i < 6; i++) {
        for (int k = 0; k < i; k++) b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (int i = 5; i >= 0; i--) {
        for (int k = i + 1; k < 6; k++) b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
    return 1;
}

/* The guess after a turn w of the head and a shift (Rodrigues' formula). */
static guess moved(const guess *g, const double step[6]) {
    double angle = sqrt(step[0] * step[0] + step[1] * step[1] + step[2] * step[2]), c = cos(angle);
    double s = angle > 0 ? sin(angle) / angle : 1, w = angle > 0 ? (1 - c) / (angle * angle) : 0.5;
    double x = step[0], y = step[1], z = step[2];
    const double turn[9] = {c + w * x * x, w * x * y - s * z, w * x * z + s * y,
                            w * x * y + s * z, c + w * y * y, w * y * z - s * x,
                            w * x * z - s * y, w * y * z + s * x, c + w * z * z};
    guess out;
    for (int i = 0; i < 3; i++) {
        out.place[i] = g->place[i] + step[3 + i];
        for (int k = 0; k < 3; k++) {
            out.rotation[3 * i + k] = 0;
            for (int m = 0; m < 3; m++) out.rotation[3 * i + k] += turn[3 * i + m] * g->rotation[3 * m + k];
        }
    }
    return out;
}

/* Levenberg and Marquardt's steps, from a head that looks at the camera and is turned in the image as the landmarks are. */
static int descend(const problem *p, guess *g) {
    double jtj[6][6], jte[6], damping = 1e-3, error = errors(p, g, jtj, jte);
    for (int i = 0; i < STEPS && isfinite(error); i++) {
        double a[6][6], step[6], length = 0;
        memcpy(a, jtj, sizeof a);
        memcpy(step, jte, sizeof step);
        for (int k = 0; k < 6; k++) a[k][k] *= 1 + damping;
        if (!solve(a, step)) return 0;
        for (int k = 0; k < 6; k++) length += step[k] * step[k];
        guess next = moved(g, step);
        double better = errors(p, &next, NULL, NULL);
        if (better <= error) {
            *g = next;
            error = errors(p, g, jtj, jte);
            damping *= 0.1;
        } else
            damping *= 10;
        if (length < SMALL * SMALL || damping > 1e12) break;
    }
    return isfinite(error);
}

int fa_pose_fit(const fa_shape_model *model, const float (*landmarks)[2], double rotation[9]) {
    problem p;
    double roll;
    if (!fa_shape_roll(model, landmarks, &roll)) return 0;
    set_up(model, landmarks, &p);
    double c = cos(roll), s = sin(roll);
    guess g = {{c, -s, 0, s, c, 0, 0, 0, 1}, {0, 0, DISTANCE}};
    if (!descend(&p, &g)) return 0;
    memcpy(rotation, g.rotation, sizeof g.rotation);
    return 1;
}
