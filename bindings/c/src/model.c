/* Shape models, and what is particular to aligners and to detectors: docs/model_format.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Reads `name` into at most rows x columns floats; *rows becomes what it has. columns must agree. */
static fa_status read_array(const fa_packed *packed, const char *name, int32_t *rows, int32_t columns, float *out) {
    char member[64];
    float *values;
    snprintf(member, sizeof member, "shape_model/%s.npy", name);
    fa_status status = fa_array_read(packed, member, rows, columns, &values);
    if (status != FA_OK) return status;
    memcpy(out, values, (size_t)*rows * (size_t)columns * sizeof *out);
    free(values);
    return FA_OK;
}

static fa_status read_shape_model(const fa_packed *packed, fa_shape_model *shape) {
    int32_t points = FA_LANDMARKS, points_3d = FA_LANDMARKS, modes = FA_MAX_MODES, values = FA_MAX_MODES, moments = 2;
    fa_status status = read_array(packed, "mean", &points, 2, shape->mean);
    if (status == FA_OK) status = read_array(packed, "eigenvectors", &modes, 2 * FA_LANDMARKS, shape->eigenvectors[0]);
    if (status == FA_OK) status = read_array(packed, "eigenvalues", &values, 1, shape->eigenvalues);
    if (status == FA_OK) status = read_array(packed, "residual_moments", &moments, 1, shape->residual_moments);
    if (status == FA_OK) status = read_array(packed, "mean_3d", &points_3d, 3, shape->mean_3d[0]);
    if (status != FA_OK) return status;
    int sorted = shape->eigenvalues[0] > 0;
    for (int32_t i = 1; i < values; i++)
        sorted = sorted && shape->eigenvalues[i] > 0 && shape->eigenvalues[i] <= shape->eigenvalues[i - 1];
    if (points != FA_LANDMARKS || points_3d != FA_LANDMARKS || moments != 2 || modes != values || !sorted)
        return fa_fail(FA_ERROR_MODEL, "model %s: shape model: expected %d landmarks, as many modes as eigenvalues, "
                                       "and these positive and descending", packed->origin, FA_LANDMARKS);
    const char *problem = fa_shape_problem(shape, shape->mean_3d[0], modes);
    if (problem != NULL) return fa_fail(FA_ERROR_MODEL, "model %s: shape model: expected %s", packed->origin, problem);
    shape->n_modes = modes;
    return FA_OK;
}

static fa_status read_metadata(const fa_packed *packed, fa_model *model) {
    fa_json value;
    char scheme[32] = "";
    int expansion = fa_json_member(packed->table, "yaw_expansion", &value); /* optional */
    if (!fa_packed_string(packed, "scheme", scheme, sizeof scheme) || strcmp(scheme, "ibug68") != 0 ||
        !fa_packed_range(packed, "crop_margin", 0.1, 10, &model->crop_margin))
        return fa_fail(FA_ERROR_MODEL, "model %s: metadata: expected scheme ibug68 and a crop_margin of 0.1 to 10",
                       packed->origin);
    if (expansion == 1 && (!fa_json_number(value, &model->yaw_expansion) || !(model->yaw_expansion >= 0) ||
                           !(model->yaw_expansion <= 1)))
        return fa_fail(FA_ERROR_MODEL, "model %s: metadata: expected yaw_expansion of 0 to 1", packed->origin);
    return FA_OK;
}

fa_status fa_model_read(uint8_t *content, size_t size, const char *origin, fa_model *model) {
    fa_packed packed;
    *model = (fa_model){.yaw_expansion = 0};
    fa_status status = fa_packed_open(content, size, origin, "face_aligner", &packed, &model->file);
    if (status == FA_OK) status = read_metadata(&packed, model);
    if (status == FA_OK) status = fa_acceptance_read(&packed, &model->acceptance);
    if (status == FA_OK) status = read_shape_model(&packed, &model->shape);
    if (status == FA_OK) status = fa_packed_check(&packed, "flatbuffer", content, packed.archive.start);
    if (status == FA_OK) status = fa_flatbuffer_check(content, packed.archive.start, origin);
    if (status == FA_OK) status = fa_head_read(&packed, &model->head);
    if (status == FA_OK) model->file.content = content;
    fa_packed_close(&packed);
    return status;
}

fa_status fa_detector_model_read(uint8_t *content, size_t size, const char *origin, fa_detector_model *model) {
    fa_packed packed;
    *model = (fa_detector_model){.min_score = 0};
    fa_status status = fa_packed_open(content, size, origin, "face_detector", &packed, &model->file);
    if (status == FA_OK && (!fa_packed_number(&packed, "min_score", &model->min_score) ||
                            !fa_packed_number(&packed, "max_overlap", &model->max_overlap) ||
                            !(model->min_score > 0 && model->min_score < 1) || model->file.input_size % 32 != 0 ||
                            !(model->max_overlap > 0 && model->max_overlap < 1)))
        status = fa_fail(FA_ERROR_MODEL, "model %s: metadata: expected input_size a multiple of 32, min_score and max_overlap "
                                         "between 0 and 1", origin);
    if (status == FA_OK) status = fa_packed_check(&packed, "flatbuffer", content, packed.archive.start);
    if (status == FA_OK) status = fa_flatbuffer_check(content, packed.archive.start, origin);
    if (status == FA_OK) model->file.content = content;
    fa_packed_close(&packed);
    return status;
}
