/* From a face detector's maps of cells to boxes, as sdk/cells.py has it; all in float32 as there. */
#include <math.h>

#include "internal.h"

#define HINT 0.1 /* as sdk/face_detector.py has it */

int32_t fa_cells_count(int32_t size) {
    int32_t count = 0;
    for (int level = 0; level < FA_LEVELS; level++) {
        int32_t side = size / (8 << level);
        count += side * side;
    }
    return count;
}

/* The cells that score enough, in the order of the maps. */
static int32_t candidates(const fa_cell_map maps[FA_LEVELS], int32_t size, float limit, fa_candidate *out) {
    int32_t count = 0;
    for (int level = 0; level < FA_LEVELS; level++) {
        int32_t stride = 8 << level, side = size / stride;
        for (int32_t cell = 0; cell < side * side; cell++) {
            if (!(maps[level].score[cell] >= limit)) continue;
            const float *d = maps[level].box + 4 * cell, s = (float)stride;
            float x = (float)(cell % side * stride) + (s - 1) / 2, y = (float)(cell / side * stride) + (s - 1) / 2;
            float left = d[0] * s, top = d[1] * s, right = d[2] * s, bottom = d[3] * s;
            if (!(left + right > 0) || !(top + bottom > 0)) continue;
            const float *turn = maps[level].roll + 2 * cell;
            out[count++] = (fa_candidate){maps[level].score[cell], {x - left, y - top, x + right, y + bottom},
                                          {turn[0], turn[1]}, 0};
        }
    }
    return count;
}

static float area(const float *box) { return (box[2] - box[0]) * (box[3] - box[1]); }

static int overlaps(const float *a, const float *best, float max_overlap) {
    float width = fminf(a[2], best[2]) - fmaxf(a[0], best[0]), height = fminf(a[3], best[3]) - fmaxf(a[1], best[1]);
    float both = fmaxf(width, 0) * fmaxf(height, 0);
    return !(both <= max_overlap * (area(a) + area(best) - both));
}

/* The best one left, the first of equals; NULL where there is none. What overlaps it is dropped with it. */
static const fa_candidate *take_best(fa_candidate *all, int32_t count, float max_overlap) {
    fa_candidate *best = NULL;
    for (int32_t i = 0; i < count; i++)
        if (!all[i].dropped && (best == NULL || all[i].logit > best->logit)) best = &all[i];
    if (best != NULL) best->dropped = 1;
    for (int32_t i = 0; i < count && best != NULL; i++)
        if (!all[i].dropped && overlaps(all[i].box, best->box, max_overlap)) all[i].dropped = 1;
    return best;
}

static float logit_of(double score) { return (float)(log(score) - log1p(-score)); }

int fa_cells_hint_at_near(const fa_cell_map maps[FA_LEVELS], int32_t size, fa_candidate *scratch) {
    int32_t count = candidates(maps, size, logit_of(HINT), scratch);
    float least = (float)(FA_NEAR * size);
    for (int32_t i = 0; i < count; i++) {
        const float *box = scratch[i].box;
        if (box[2] - box[0] >= least || box[3] - box[1] >= least) return 1;
    }
    return 0;
}

static int touches(const fa_box *box, const fa_image *image) {
    return box->right >= 0 && box->bottom >= 0 && box->left <= image->width - 1 && box->top <= image->height - 1;
}

static double longer_side(const fa_box *box) {
    return fa_most((double)box->right - box->left, (double)box->bottom - box->top);
}

int32_t fa_cells_decode(const fa_cell_map maps[FA_LEVELS], const fa_detector_model *model, const fa_placed *placed,
                        double least, fa_candidate *scratch, fa_detection *found, int32_t capacity) {
    float limit = logit_of(model->min_score), max_overlap = (float)model->max_overlap;
    int32_t count = candidates(maps, model->file.input_size, limit, scratch), kept = 0;
    const fa_candidate *best;
    while (kept < capacity && (best = take_best(scratch, count, max_overlap)) != NULL) {
        float edges[4];
        for (int i = 0; i < 4; i++) edges[i] = (best->box[i] + 0.5f - placed->corner[i % 2]) / placed->scale[i % 2] - 0.5f;
        fa_detection d = {{edges[0], edges[1], edges[2], edges[3]}, 0, 0};
        if (!touches(&d.box, placed->image) || longer_side(&d.box) < least) continue;
        d.score = (float)(1.0 / (1.0 + exp(-(double)best->logit)));
        d.roll_deg = (float)(atan2(best->turn[1], best->turn[0]) * (180.0 / FA_PI));
        found[kept++] = d;
    }
    return kept;
}
