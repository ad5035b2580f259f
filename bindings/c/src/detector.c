/* The face detector that comes along, as sdk/face_detector.py has it. */
#include <stdlib.h>

#include "internal.h"

static const int32_t VALUES[3] = {1, 4, 2}; /* of a cell: score, box, roll */

/* The map of side x side cells with so many values; NULL where there is none, or more than one. */
static const float *map_of(const fa_network *network, int32_t side, int32_t values) {
    const float *found = NULL;
    for (int32_t i = 0; i < network->n_outputs; i++) {
        const fa_tensor *output = &network->outputs[i];
        if (output->count != side * side * values || output->last != values || output->type != FA_FLOAT32) continue;
        if (found != NULL) return NULL;
        found = output->data;
    }
    return found;
}

static fa_status bind(fa_face_detector *d) {
    int32_t size = d->model.file.input_size, missing = 0;
    for (int level = 0; level < FA_LEVELS; level++) {
        const float *maps[3];
        for (int i = 0; i < 3; i++) {
            maps[i] = map_of(&d->network, size / (8 << level), VALUES[i]);
            if (maps[i] == NULL && missing == 0) missing = 8 << level;
        }
        d->maps[level] = (fa_cell_map){maps[0], maps[1], maps[2]};
    }
    if (missing == 0 && d->network.input.count == size * size * 3) return FA_OK;
    return fa_fail(FA_ERROR_BACKEND, "model %s: expected an input of %d numbers and float32 maps of 1, 4 and 2 values for "
                                     "strides 8, 16 and 32, got an input of %d and no such maps of stride %d",
                   d->model.file.name, size * size * 3, d->network.input.count, missing);
}

fa_status fa_face_detector_open(fa_face_detector *d, const char *runtime, int32_t num_threads) {
    size_t size = (size_t)d->model.file.input_size;
    d->pixels = malloc(size * size * 3);
    d->candidates = malloc((size_t)fa_cells_count(d->model.file.input_size) * sizeof *d->candidates);
    if (d->pixels == NULL || d->candidates == NULL) return fa_fail(FA_ERROR_MEMORY, "no memory for a detector");
    fa_status status = fa_network_open(&d->model.file, runtime, num_threads, &d->network);
    return status == FA_OK ? bind(d) : status;
}

int32_t fa_face_detector_find(fa_face_detector *d, const fa_image *image, fa_detection *found, int32_t capacity) {
    int32_t size = d->model.file.input_size;
    fa_placed placed = {.image = image};
    if (fa_letterbox_fill(&d->letterbox, image, size, d->pixels, placed.scale) != FA_OK) return -1;
    if (fa_network_run(&d->network, d->pixels) != FA_OK) return -1;
    int32_t count = fa_cells_decode(d->maps, &d->model, &placed, 0, d->candidates, found, capacity);
    if (count > 0 || !fa_cells_hint_at_near(d->maps, size, d->candidates)) return count;
    if (fa_letterbox_fill_with_margin(&d->letterbox, image, size, d->pixels, placed.scale, placed.corner) != FA_OK) return -1;
    if (fa_network_run(&d->network, d->pixels) != FA_OK) return -1;
    double least = FA_NEAR * (image->width > image->height ? image->width : image->height);
    return fa_cells_decode(d->maps, &d->model, &placed, least, d->candidates, found, capacity);
}

void fa_face_detector_close(fa_face_detector *d) {
    fa_network_close(&d->network);
    fa_letterbox_free(&d->letterbox);
    free(d->pixels);
    free(d->candidates);
    free(d->model.file.content);
    *d = (fa_face_detector){0};
}
