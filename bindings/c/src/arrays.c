/* Arrays of a model file: .npy members of little-endian float32. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int number(const char **at, int32_t *out) { /* 1 to 7 digits */
    int digits = 0;
    for (*out = 0; **at >= '0' && **at <= '9'; (*at)++)
        if (++digits <= 7) *out = 10 * *out + (**at - '0');
    return digits >= 1 && digits <= 7;
}

static int skip(const char **at, const char *text) {
    if (strncmp(*at, text, strlen(text)) != 0) return 0;
    *at += strlen(text);
    return 1;
}

/* The dimensions of a little-endian float32 array in C order, as numpy writes them; -1 for anything else. */
static int npy_shape(const uint8_t *data, size_t size, int32_t shape[2], size_t *start) {
    if (size < 10 || memcmp(data, "\x93NUMPY\x01\x00", 8) != 0) return -1;
    size_t length = (size_t)data[8] | (size_t)data[9] << 8;
    char header[256];
    const char *at = header;
    if (length >= sizeof header || size - 10 < length) return -1;
    memcpy(header, data + 10, length);
    header[length] = '\0';
    *start = 10 + length;
    shape[1] = 1;
    if (!skip(&at, "{'descr': '<f4', 'fortran_order': False, 'shape': (") || !number(&at, &shape[0]) || !skip(&at, ",")) return -1;
    skip(&at, " ");
    if (*at != ')' && !number(&at, &shape[1])) return -1;
    if (!skip(&at, "), }")) return -1;
    while (*at == ' ') at++;
    return *at == '\n' && at + 1 == header + length && shape[0] > 0 && shape[1] > 0 ? 0 : -1;
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
    uint8_t *data = fa_archive_read(&packed->archive, member, FA_MAX_MEMBER, &size, &problem);
    if (data == NULL) return fa_fail(FA_ERROR_MODEL, "model %s: %s %s", packed->origin, member, problem);
    fa_status status = fa_packed_check(packed, member, data, size);
    if (status == FA_OK) status = check(packed, member, data, size, rows, columns);
    if (status == FA_OK)
        *out = (float *)(void *)data;
    else
        free(data);
    return status;
}
