/* Shape models, and what is particular to aligners and to detectors: docs/model_format.md. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* The dimensions of a little-endian float32 array in C order; -1 for anything else. */
static int npy_shape(const uint8_t *data, size_t size, int32_t shape[2], size_t *start) {
    if (size < 10 || memcmp(data, "\x93NUMPY\x01\x00", 8) != 0) return -1;
    size_t length = (size_t)data[8] | (size_t)data[9] << 8;
    char header[256];
    if (length >= sizeof header || size - 10 < length) return -1;
    memcpy(header, data + 10, length);
    header[length] = '\0';
    const char *at = strstr(header, "'shape': (");
    if (at == NULL || !strstr(header, "'descr': '<f4'") || !strstr(header, "'fortran_order': False")) return -1;
    *start = 10 + length;
    int32_t first = 0, second = 0;
    int n = sscanf(at, "'shape': (%7d, %7d)", &first, &second);
    shape[0] = first;
    shape[1] = n == 2 ? second : 1;
    return n < 1 || first < 1 || shape[1] < 1 ? -1 : 0;
}

/* Reads `name` into at most rows x columns floats; *rows becomes what it has. columns must agree. */
static fa_status read_array(const fa_packed *packed, const char *name, int32_t *rows, int32_t columns, float *out) {
    char member[64];
    const char *problem;
    size_t size, start = 0;
    int32_t shape[2] = {0, 0};
    snprintf(member, sizeof member, "shape_model/%s.npy", name);
    uint8_t *data = fa_archive_read(&packed->archive, member, &size, &problem);
    if (data == NULL) return fa_fail(FA_ERROR_MODEL, "model %s: %s %s", packed->origin, member, problem);
    fa_status status = fa_packed_check(packed, member, data, size);
    if (status == FA_OK) {
        int known = npy_shape(data, size, shape, &start) == 0;
        if (!known || shape[0] > *rows || shape[1] != columns ||
            size - start != (size_t)shape[0] * (size_t)columns * sizeof(float))
            status = fa_fail(FA_ERROR_MODEL, "model %s: %s: expected float32 of at most %d x %d; was it packed by "
                                             "python -m convert?", packed->origin, member, *rows, columns);
    }
    if (status == FA_OK) {
        *rows = shape[0];
        memcpy(out, data + start, size - start);
        for (int32_t i = 0; i < shape[0] * columns && status == FA_OK; i++)
            if (!isfinite(out[i]))
                status = fa_fail(FA_ERROR_MODEL, "model %s: %s: expected finite numbers", packed->origin, member);
    }
    free(data);
    return status;
}

static fa_status read_shape_model(const fa_packed *packed, fa_shape_model *shape) {
    float mean_3d[FA_LANDMARKS * 3];
    int32_t points = FA_LANDMARKS, points_3d = FA_LANDMARKS, modes = FA_MAX_MODES, values = FA_MAX_MODES, moments = 2;
    fa_status status = read_array(packed, "mean", &points, 2, shape->mean);
    if (status == FA_OK) status = read_array(packed, "eigenvectors", &modes, 2 * FA_LANDMARKS, shape->eigenvectors[0]);
    if (status == FA_OK) status = read_array(packed, "eigenvalues", &values, 1, shape->eigenvalues);
    if (status == FA_OK) status = read_array(packed, "residual_moments", &moments, 1, shape->residual_moments);
    if (status == FA_OK) status = read_array(packed, "mean_3d", &points_3d, 3, mean_3d);
    if (status != FA_OK) return status;
    int sorted = shape->eigenvalues[0] > 0;
    for (int32_t i = 1; i < values; i++)
        sorted = sorted && shape->eigenvalues[i] > 0 && shape->eigenvalues[i] <= shape->eigenvalues[i - 1];
    if (points != FA_LANDMARKS || points_3d != FA_LANDMARKS || moments != 2 || modes != values || !sorted)
        return fa_fail(FA_ERROR_MODEL, "model %s: shape model: expected %d landmarks, as many modes as eigenvalues, "
                                       "and these positive and descending", packed->origin, FA_LANDMARKS);
    shape->n_modes = modes;
    return FA_OK;
}

static fa_status read_metadata(const fa_packed *packed, fa_model *model) {
    fa_json value;
    char scheme[32] = "";
    int expansion = fa_json_member(packed->table, "yaw_expansion", &value); /* optional */
    if (!fa_packed_string(packed, "scheme", scheme, sizeof scheme) || strcmp(scheme, "ibug68") != 0 ||
        !fa_packed_number(packed, "crop_margin", &model->crop_margin) || !(model->crop_margin > 0))
        return fa_fail(FA_ERROR_MODEL, "model %s: metadata: expected scheme ibug68 and a crop_margin above 0", packed->origin);
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
    if (status == FA_OK) status = read_shape_model(&packed, &model->shape);
    if (status == FA_OK) status = fa_packed_check(&packed, "flatbuffer", content, packed.archive.start);
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
    if (status == FA_OK) model->file.content = content;
    fa_packed_close(&packed);
    return status;
}
