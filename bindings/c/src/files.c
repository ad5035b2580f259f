/* Model files from disk or memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static fa_status copied(const void *data, size_t size, uint8_t **content) {
    *content = malloc(size > 0 ? size : 1);
    if (*content == NULL) return fa_fail(FA_ERROR_MEMORY, "model: no memory for %zu bytes", size);
    if (size > 0) memcpy(*content, data, size);
    return FA_OK;
}

fa_status fa_content(const char *path, const void *data, size_t size, uint8_t **content, size_t *length) {
    *length = size;
    if (path == NULL) return copied(data, size, content);
    FILE *file = fopen(path, "rb");
    *content = NULL;
    if (file == NULL) return fa_fail(FA_ERROR_MODEL, "model %s: cannot be read (%s)", path, strerror(errno));
    long bytes = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    *length = bytes > 0 ? (size_t)bytes : 0;
    *content = bytes > 0 ? malloc(*length) : NULL;
    int whole = *content != NULL && fseek(file, 0, SEEK_SET) == 0 && fread(*content, 1, *length, file) == *length;
    fclose(file);
    if (whole) return FA_OK;
    free(*content);
    *content = NULL;
    return fa_fail(FA_ERROR_MODEL, "model %s: cannot be read; is it a file with content?", path);
}
