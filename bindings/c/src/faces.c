/* Faces and detections against each other, as sdk/aligner.py and sdk/detector.py have it. */
#include <math.h>

#include "internal.h"

#define MAX_OVERLAP 0.5
#define RIGHT_EYE 36 /* outer corners */
#define LEFT_EYE 45
static const double ROLLED[3] = {0.041, -0.100, 0.053}; /* sdk/detector.py says where these come from */

fa_box fa_box_around(const float (*landmarks)[2]) {
    fa_box box = {landmarks[0][0], landmarks[0][1], landmarks[0][0], landmarks[0][1]};
    for (int i = 1; i < FA_LANDMARKS; i++) {
        box.left = fa_least(box.left, landmarks[i][0]);
        box.right = fa_most(box.right, landmarks[i][0]);
        box.top = fa_least(box.top, landmarks[i][1]);
        box.bottom = fa_most(box.bottom, landmarks[i][1]);
    }
    return box;
}

fa_box fa_box_upright(const fa_detection *found) {
    fa_box box = found->box;
    if (found->roll_deg == 0) return box;
    double roll = found->roll_deg * (FA_PI / 180.0), c = cos(roll), s = sin(roll), twice = fabs(sin(2 * roll));
    double smaller = 1.0 / (1.0 + ROLLED[2] * twice), width = box.right - box.left, height = box.bottom - box.top;
    double side = (width > height ? width : height) * smaller;
    double x = ROLLED[0] * sin(4 * roll) * side, y = ROLLED[1] * twice * side;
    double center_x = (box.left + box.right) / 2.0 - (c * x - s * y);
    double center_y = (box.top + box.bottom) / 2.0 - (s * x + c * y);
    double half_width = width * smaller / 2, half_height = height * smaller / 2;
    return (fa_box){center_x - half_width, center_y - half_height, center_x + half_width, center_y + half_height};
}

int fa_face_inside(const fa_face *face, const fa_image *image) {
    for (int i = 0; i < FA_LANDMARKS; i++) {
        const float *p = face->landmarks[i];
        if (p[0] >= 0 && p[1] >= 0 && p[0] <= (float)(image->width - 1) && p[1] <= (float)(image->height - 1)) return 1;
    }
    return 0;
}

double fa_face_disagreement(const fa_face *first, const fa_face *second) {
    const float *right = second->landmarks[RIGHT_EYE], *left = second->landmarks[LEFT_EYE];
    double eyes = hypot((double)right[0] - left[0], (double)right[1] - left[1]), distance = 0;
    for (int i = 0; i < FA_LANDMARKS; i++) {
        const float *p = first->landmarks[i], *q = second->landmarks[i];
        distance += hypot((double)p[0] - q[0], (double)p[1] - q[1]) / FA_LANDMARKS;
    }
    return eyes > 0 ? distance / eyes : INFINITY;
}

double fa_box_overlap(const fa_box *a, const fa_box *b) {
    double width = fa_least(a->right, b->right) - fa_most(a->left, b->left);
    double height = fa_least(a->bottom, b->bottom) - fa_most(a->top, b->top);
    if (width <= 0 || height <= 0) return 0;
    double both = width * height, one = (a->right - a->left) * (a->bottom - a->top);
    return both / (one + (b->right - b->left) * (b->bottom - b->top) - both);
}

void fa_faces_insert(fa_face *faces, int32_t count, const fa_face *face) {
    int32_t at = count;
    for (; at > 0 && faces[at - 1].score < face->score; at--) faces[at] = faces[at - 1];
    faces[at] = *face;
}

int32_t fa_faces_distinct(const fa_face *faces, int32_t count, fa_face *out, int32_t capacity) {
    int32_t kept = 0;
    for (int32_t i = 0; i < count && kept < capacity; i++) {
        int apart = 1;
        for (int32_t k = 0; k < kept; k++) apart = apart && fa_box_overlap(&faces[i].box, &out[k].box) <= MAX_OVERLAP;
        if (apart) out[kept++] = faces[i];
    }
    return kept;
}
