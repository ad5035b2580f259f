/* Model files: docs/model_format.md. Everything is checked before it is used. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FORMAT_VERSION 1
#define METADATA "asmnet_edge.json"

typedef struct {
    const char *origin;
    const fa_archive *archive;
    fa_json digests;
} reader;

static fa_status check_digest(const reader *r, const char *name, const void *data, size_t size) {
    char expected[65], got[65];
    fa_json value;
    fa_sha256(data, size, got);
    if (fa_json_member(r->digests, name, &value) != 1 || !fa_json_string(value, expected, sizeof expected) ||
        strcmp(expected, got) != 0)
        return fa_fail(FA_ERROR_MODEL, "model %s: %s does not match its checksum; was the file damaged?", r->origin,
                       name);
    return FA_OK;
}

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
static fa_status read_array(const reader *r, const char *name, int32_t *rows, int32_t columns, float *out) {
    char member[64];
    const char *problem;
    size_t size, start = 0;
    int32_t shape[2] = {0, 0};
    snprintf(member, sizeof member, "shape_model/%s.npy", name);
    uint8_t *data = fa_archive_read(r->archive, member, &size, &problem);
    if (data == NULL) return fa_fail(FA_ERROR_MODEL, "model %s: %s %s", r->origin, member, problem);
    fa_status status = check_digest(r, member, data, size);
    if (status == FA_OK) {
        int known = npy_shape(data, size, shape, &start) == 0;
        if (!known || shape[0] > *rows || shape[1] != columns ||
            size - start != (size_t)shape[0] * (size_t)columns * sizeof(float))
            status = fa_fail(FA_ERROR_MODEL, "model %s: %s: expected float32 of at most %d x %d; was it packed by "
                                             "python -m convert?", r->origin, member, *rows, columns);
    }
    if (status == FA_OK) {
        *rows = shape[0];
        memcpy(out, data + start, size - start);
        for (int32_t i = 0; i < shape[0] * columns && status == FA_OK; i++)
            if (!isfinite(out[i]))
                status = fa_fail(FA_ERROR_MODEL, "model %s: %s: expected finite numbers", r->origin, member);
    }
    free(data);
    return status;
}

static fa_status read_shape_model(const reader *r, fa_shape_model *shape) {
    float mean_3d[FA_LANDMARKS * 3];
    int32_t points = FA_LANDMARKS, points_3d = FA_LANDMARKS, modes = FA_MAX_MODES, values = FA_MAX_MODES, moments = 2;
    fa_status status = read_array(r, "mean", &points, 2, shape->mean);
    if (status == FA_OK) status = read_array(r, "eigenvectors", &modes, 2 * FA_LANDMARKS, shape->eigenvectors[0]);
    if (status == FA_OK) status = read_array(r, "eigenvalues", &values, 1, shape->eigenvalues);
    if (status == FA_OK) status = read_array(r, "residual_moments", &moments, 1, shape->residual_moments);
    if (status == FA_OK) status = read_array(r, "mean_3d", &points_3d, 3, mean_3d);
    if (status != FA_OK) return status;
    int sorted = shape->eigenvalues[0] > 0;
    for (int32_t i = 1; i < values; i++)
        sorted = sorted && shape->eigenvalues[i] > 0 && shape->eigenvalues[i] <= shape->eigenvalues[i - 1];
    if (points != FA_LANDMARKS || points_3d != FA_LANDMARKS || moments != 2 || modes != values || !sorted)
        return fa_fail(FA_ERROR_MODEL, "model %s: shape model: expected %d landmarks, as many modes as eigenvalues, "
                                       "and these positive and descending", r->origin, FA_LANDMARKS);
    shape->n_modes = modes;
    return FA_OK;
}

static fa_status read_metadata(reader *r, fa_json table, fa_model *model) {
    fa_json value;
    char scheme[32] = "", colour[32] = "";
    double version = 0, size = 0, scale = 0;
    if (fa_json_member(table, "format_version", &value) != 1 || !fa_json_number(value, &version))
        return fa_fail(FA_ERROR_MODEL, "model %s: %s has no format_version; damaged?", r->origin, METADATA);
    if (version > FORMAT_VERSION)
        return fa_fail(FA_ERROR_MODEL, "model %s: format version %.0f is newer than this library reads (%d); upgrade "
                                       "asmnet_edge", r->origin, version, FORMAT_VERSION);
    int complete = fa_json_member(table, "name", &value) == 1 && fa_json_string(value, model->name, sizeof model->name);
    complete = complete && fa_json_member(table, "scheme", &value) == 1 && fa_json_string(value, scheme, sizeof scheme);
    complete = complete && fa_json_member(table, "input_colour", &value) == 1 &&
               fa_json_string(value, colour, sizeof colour);
    complete = complete && fa_json_member(table, "input_size", &value) == 1 && fa_json_number(value, &size);
    complete = complete && fa_json_member(table, "crop_margin", &value) == 1 &&
               fa_json_number(value, &model->crop_margin);
    complete = complete && fa_json_member(table, "input_scale", &value) == 1 && fa_json_number(value, &scale);
    complete = complete && fa_json_member(table, "sha256", &r->digests) == 1 && r->digests.text[0] == '{';
    if (!complete || strcmp(scheme, "ibug68") != 0 || strcmp(colour, "rgb") != 0 || size != floor(size) || size < 1 ||
        size > FA_MAX_INPUT_SIZE || !(model->crop_margin > 0))
        return fa_fail(FA_ERROR_MODEL, "model %s: %s: expected name, sha256, scheme ibug68, input_colour rgb, "
                                       "input_size of 1 to %d, crop_margin and input_scale", r->origin, METADATA,
                       FA_MAX_INPUT_SIZE);
    int expansion = fa_json_member(table, "yaw_expansion", &value); /* optional */
    if (expansion == 1 && (!fa_json_number(value, &model->yaw_expansion) || !(model->yaw_expansion >= 0) ||
                           !(model->yaw_expansion <= 1)))
        return fa_fail(FA_ERROR_MODEL, "model %s: %s: expected yaw_expansion of 0 to 1", r->origin, METADATA);
    model->input_size = (int32_t)size;
    model->input_scale = (float)scale;
    return FA_OK;
}

fa_status fa_model_read(uint8_t *content, size_t size, const char *origin, fa_model *model) {
    fa_archive archive;
    const char *problem;
    size_t length;
    if (size < 8 || memcmp(content + 4, "TFL3", 4) != 0)
        return fa_fail(FA_ERROR_MODEL, "model %s: expected a TFLite flatbuffer (bytes 4 to 8 are TFL3) in %zu bytes; is "
                                       "the file complete, and a model?", origin, size);
    if (!fa_archive_open(content, size, &archive))
        return fa_fail(FA_ERROR_MODEL, "model %s: no readable shape model at the end of the file; is it truncated, or a "
                                       "plain .tflite? python -m convert packs one", origin);
    char *text = (char *)fa_archive_read(&archive, METADATA, &length, &problem);
    if (text == NULL) return fa_fail(FA_ERROR_MODEL, "model %s: %s %s", origin, METADATA, problem);
    reader r = {origin, &archive, {NULL, 0}};
    *model = (fa_model){.flatbuffer_size = archive.start};
    fa_status status = read_metadata(&r, (fa_json){text, length}, model);
    if (status == FA_OK) status = read_shape_model(&r, &model->shape);
    if (status == FA_OK) status = check_digest(&r, "flatbuffer", content, archive.start);
    free(text);
    if (status == FA_OK) model->content = content;
    return status;
}

fa_status fa_model_load(const char *path, fa_model *model) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return fa_fail(FA_ERROR_MODEL, "model %s: cannot be read (%s)", path, strerror(errno));
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    uint8_t *content = size > 0 ? malloc((size_t)size) : NULL;
    fa_status status = FA_OK;
    if (content == NULL || fseek(file, 0, SEEK_SET) != 0 || fread(content, 1, (size_t)size, file) != (size_t)size)
        status = fa_fail(FA_ERROR_MODEL, "model %s: cannot be read; is it a file with content?", path);
    fclose(file);
    if (status == FA_OK) status = fa_model_read(content, (size_t)size, path, model);
    if (status != FA_OK) free(content);
    return status;
}
