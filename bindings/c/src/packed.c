/* What all model files have: docs/model_format.md. Everything is checked before it is used. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FORMAT_VERSION 2
#define METADATA "asmnet_edge.json"

int fa_packed_number(const fa_packed *packed, const char *name, double *out) {
    fa_json value;
    return fa_json_member(packed->table, name, &value) == 1 && fa_json_number(value, out);
}

int fa_packed_string(const fa_packed *packed, const char *name, char *out, size_t capacity) {
    fa_json value;
    return fa_json_member(packed->table, name, &value) == 1 && fa_json_string(value, out, capacity);
}

int fa_packed_range(const fa_packed *packed, const char *name, double least, double most, double *out) {
    return fa_packed_number(packed, name, out) && *out >= least && *out <= most;
}

fa_status fa_packed_check(const fa_packed *packed, const char *name, const void *data, size_t size) {
    char expected[65], got[65];
    fa_json digests, value;
    fa_sha256(data, size, got);
    if (fa_json_member(packed->table, "sha256", &digests) != 1 || fa_json_member(digests, name, &value) != 1 ||
        !fa_json_string(value, expected, sizeof expected) || strcmp(expected, got) != 0)
        return fa_fail(FA_ERROR_MODEL, "model %s: %s does not match its checksum; was the file damaged?", packed->origin,
                       name);
    return FA_OK;
}

static fa_status check_kind(const fa_packed *packed, const char *kind) {
    fa_json value;
    double version = 0;
    char found[32] = "face_aligner"; /* where the field is missing */
    if (!fa_packed_number(packed, "format_version", &version) || version != floor(version) || version < 1)
        return fa_fail(FA_ERROR_MODEL, "model %s: %s has no format_version of 1 or more; damaged?", packed->origin, METADATA);
    if (version > FORMAT_VERSION)
        return fa_fail(FA_ERROR_MODEL, "model %s: format version %.0f is newer than this library reads (%d); upgrade "
                                       "asmnet_edge", packed->origin, version, FORMAT_VERSION);
    int there = fa_json_member(packed->table, "kind", &value) == 1;
    if (there && (!fa_json_string(value, found, sizeof found))) strcpy(found, "unknown");
    if (strcmp(found, kind) != 0)
        return fa_fail(FA_ERROR_MODEL, "model %s: expected a %s, got kind %s; are model and detector swapped?",
                       packed->origin, kind, found);
    return FA_OK;
}

static int is_printable(const char *name) {
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) return 0;
    return *name != '\0';
}

static fa_status read_common(const fa_packed *packed, fa_model_file *file) {
    char colour[32] = "";
    double size = 0, scale = 0;
    int complete = fa_packed_string(packed, "name", file->name, sizeof file->name) &&
                   fa_packed_string(packed, "input_colour", colour, sizeof colour) &&
                   fa_packed_range(packed, "input_size", 1, FA_MAX_INPUT_SIZE, &size) &&
                   fa_packed_range(packed, "input_scale", 1e-6, 256, &scale);
    if (!complete || strcmp(colour, "rgb") != 0 || size != floor(size) || !is_printable(file->name))
        return fa_fail(FA_ERROR_MODEL, "model %s: %s: expected a printable name, input_colour rgb, input_size of 1 to %d and "
                                       "input_scale of 1e-6 to 256", packed->origin, METADATA, FA_MAX_INPUT_SIZE);
    file->input_size = (int32_t)size;
    file->input_scale = (float)scale;
    file->flatbuffer_size = packed->archive.start;
    return FA_OK;
}

fa_status fa_packed_open(const uint8_t *content, size_t size, const char *origin, const char *kind, fa_packed *packed,
                         fa_model_file *file) {
    const char *problem;
    size_t length;
    *packed = (fa_packed){.origin = origin};
    if (size < 8 || memcmp(content + 4, "TFL3", 4) != 0)
        return fa_fail(FA_ERROR_MODEL, "model %s: expected a TFLite flatbuffer (bytes 4 to 8 are TFL3) in %zu bytes; is "
                                       "the file complete, and a model?", origin, size);
    if (!fa_archive_open(content, size, &packed->archive))
        return fa_fail(FA_ERROR_MODEL, "model %s: no readable metadata at the end of the file; is it truncated, or a plain "
                                       ".tflite? python -m convert packs one", origin);
    packed->text = fa_archive_read(&packed->archive, METADATA, FA_MAX_METADATA, &length, &problem);
    if (packed->text == NULL) return fa_fail(FA_ERROR_MODEL, "model %s: %s %s", origin, METADATA, problem);
    packed->table = (fa_json){(const char *)packed->text, length};
    if (!fa_is_utf8(packed->text, length))
        return fa_fail(FA_ERROR_MODEL, "model %s: %s is no text in UTF-8; damaged?", origin, METADATA);
    fa_status status = check_kind(packed, kind);
    if (status == FA_OK) status = read_common(packed, file);
    return status;
}

void fa_packed_close(fa_packed *packed) {
    free(packed->text);
    packed->text = NULL;
}
