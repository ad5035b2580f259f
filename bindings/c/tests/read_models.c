/* Reads model files from standard input, each after its kind (a or d) and its length (4 bytes, little-endian); answers each
 * with a line: its status and the last error. tests/same_refusals.py compares the answers with those of the Python SDK. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

static fa_status read_one(uint8_t *content, size_t size, int kind) {
    static fa_model model;
    static fa_detector_model detector;
    if (kind == 'd') return fa_detector_model_read(content, size, "stdin", &detector);
    fa_status status = fa_model_read(content, size, "stdin", &model);
    fa_head_free(&model.head);
    return status;
}

int main(void) {
    int kind;
    while ((kind = getchar()) != EOF) {
        uint8_t head[4];
        if (fread(head, 1, 4, stdin) != 4) return 1;
        size_t size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
        uint8_t *content = malloc(size > 0 ? size : 1); /* exactly as long: a sanitizer sees a read beyond it */
        if (content == NULL || fread(content, 1, size, stdin) != size) return 1;
        fa_status status = read_one(content, size, kind);
        printf("%d %s\n", (int)status, status == FA_OK ? "" : fa_last_error());
        fflush(stdout);
        free(content);
    }
    return 0;
}
