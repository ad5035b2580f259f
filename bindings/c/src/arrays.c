/* Arrays of a model file: .npy members of little-endian float32. */
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

static fa_status check(const fa_packed *packed, const char *member, uint8_t *data, size_t size, int32_t *rows,
                       int32_t columns) {
    size_t start = 0;
    int32_t shape[2] = {0, 0};
    int known = npy_shape(data, size, shape, &start) == 0;
    if (!known || shape[0] > *rows || shape[1] != columns ||
        size - start != (size_t)shape[0] * (size_t)columns * sizeof(float))
        return fa_fail(FA_ERROR_MODEL, "model %s: %s: expected float32 of at most %d x %d; was it packed by python -m convert?",
                       packed->origin, member, *rows, columns);
    memmove(data, data + start, size - start); /* malloc's address: aligned for floats */
    *rows = shape[0];
    for (int32_t i = 0; i < shape[0] * columns; i++)
        if (!isfinite(((const float *)(const void *)data)[i]))
            return fa_fail(FA_ERROR_MODEL, "model %s: %s: expected finite numbers", packed->origin, member);
    return FA_OK;
}

fa_status fa_array_read(const fa_packed *packed, const char *member, int32_t *rows, int32_t columns, float **out) {
    const char *problem;
    size_t size;
    uint8_t *data = fa_archive_read(&packed->archive, member, &size, &problem);
    if (data == NULL) return fa_fail(FA_ERROR_MODEL, "model %s: %s %s", packed->origin, member, problem);
    fa_status status = fa_packed_check(packed, member, data, size);
    if (status == FA_OK) status = check(packed, member, data, size, rows, columns);
    if (status == FA_OK)
        *out = (float *)(void *)data;
    else
        free(data);
    return status;
}
