/* libFuzzer: the model reader on any bytes. Checksums would stop it early, so it also runs the parsers alone. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void members(const uint8_t *data, size_t size) {
    static const char *const names[] = {"asmnet_edge.json", "shape_model/mean.npy", "head/pose_bias.npy",
                                        "head/confidence_bias.npy", "head/errors_looks.npy"};
    fa_archive archive;
    if (!fa_archive_open(data, size, &archive)) return;
    for (int i = 0; i < 5; i++) {
        const char *problem;
        size_t length;
        free(fa_archive_read(&archive, names[i], FA_MAX_MEMBER, &length, &problem));
    }
}

/* The data as a network. */
static void network(const uint8_t *data, size_t size) { fa_flatbuffer_check(data, size, "fuzz"); }

static void json(const uint8_t *data, size_t size) {
    fa_json value;
    double number;
    char text[32];
    if (fa_json_member((fa_json){(const char *)data, size}, "a", &value) == 1) {
        fa_json_number(value, &number);
        fa_json_string(value, text, sizeof text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fa_model model;
    static fa_detector_model detector;
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) return 0;
    if (size > 0) memcpy(copy, data, size);
    fa_model_read(copy, size, "fuzz", &model);
    fa_head_free(&model.head);
    fa_detector_model_read(copy, size, "fuzz", &detector);
    members(copy, size);
    json(copy, size);
    network(copy, size);
    free(copy);
    return 0;
}
