/* Damaged model files are refused with a message that names the cause; none is read out of bounds. */
#include <string.h>

#include "golden.h"
#include "internal.h"

static void refused(const uint8_t *content, size_t size, const char *expected) {
    static fa_model model;
    uint8_t *copy = malloc(size > 0 ? size : 1); /* exactly as long: a sanitizer sees a read beyond it */
    CHECK(copy != NULL, "memory");
    memcpy(copy, content, size);
    fa_status status = fa_model_read(copy, size, "test", &model);
    CHECK(status == FA_ERROR_MODEL, "status %d for %zu bytes", (int)status, size);
    CHECK(strstr(fa_last_error(), expected) != NULL, "%s in: %s", expected, fa_last_error());
    free(copy);
}

static size_t find(const uint8_t *content, size_t size, const char *text) {
    for (size_t i = 0; i + strlen(text) <= size; i++)
        if (memcmp(content + i, text, strlen(text)) == 0) return i;
    CHECK(0, "no %s", text);
    return 0;
}

/* To the next place worth damaging: most of the archive are the head's numbers, each like the other. */
static size_t step(size_t start, size_t end, size_t place) {
    return place - start < 20000 || end - place < 4000 ? 61 : 4001;
}

static void test_json(void) {
    const char *good = " {\"a\": 1.5e2, \"b\": {\"a\": [true, null, -0]}, \"c\": \"x\\\"y\", \"d\": \"z\"} ";
    const char *bad[] = {"", "{", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":\"\n\"}", "{\"a\":tru}", "[1]", "{\"a\":1 2}"};
    fa_json value;
    double number;
    char text[8];
    fa_json object = {good, strlen(good)};
    CHECK(fa_json_member(object, "a", &value) == 1 && fa_json_number(value, &number) && number == 150, "a");
    CHECK(fa_json_member(object, "c", &value) == 1 && !fa_json_string(value, text, sizeof text), "escapes");
    CHECK(fa_json_member(object, "d", &value) == 1 && fa_json_string(value, text, sizeof text) && text[0] == 'z', "d");
    CHECK(fa_json_member(object, "e", &value) == 0, "e");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(fa_json_member((fa_json){bad[i], strlen(bad[i])}, "a", &value) == -1, "%s", bad[i]);
    char deep[2000] = "{\"a\":";
    memset(deep + 5, '[', sizeof deep - 5);
    CHECK(fa_json_member((fa_json){deep, sizeof deep}, "a", &value) == -1, "deep nesting");
}

static void test_sha256(void) {
    char hex[65], million[1000] = "";
    fa_sha256("abc", 3, hex);
    CHECK(strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0, "%s", hex);
    fa_sha256(million, 0, hex);
    CHECK(strcmp(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0, "%s", hex);
}

/* Aligners and detectors are told apart; a damaged detector is refused. */
static void test_detector(uint8_t *aligner, size_t aligner_size, const char *path) {
    fa_detector_model model;
    size_t size;
    uint8_t *content = golden_file(path, &size);
    refused(content, size, "expected a face_aligner, got kind face_detector");
    CHECK(fa_detector_model_read(aligner, aligner_size, "test", &model) == FA_ERROR_MODEL, "an aligner");
    CHECK(strstr(fa_last_error(), "expected a face_detector, got kind face_aligner") != NULL, "%s", fa_last_error());
    content[1000] ^= 1;
    CHECK(fa_detector_model_read(content, size, "test", &model) == FA_ERROR_MODEL, "a damaged flatbuffer");
    content[1000] ^= 1;
    CHECK(fa_detector_model_read(content, size, "test", &model) == FA_OK, "%s", fa_last_error());
    CHECK(model.file.input_size % 32 == 0 && model.min_score > 0 && model.max_overlap > 0, "metadata");
    free(content);
}

int main(int argc, char **argv) {
    size_t size;
    CHECK(argc >= 3, "usage: test_model MODEL DETECTOR");
    uint8_t *content = golden_file(argv[1], &size);
    size_t zip = find(content, size, "PK\x03\x04");
    test_json();
    test_sha256();
    refused(content, 0, "bytes 4 to 8 are TFL3");
    refused((const uint8_t *)"no model at all", 15, "bytes 4 to 8 are TFL3");
    refused(content, zip, "is it truncated, or a plain .tflite");
    refused(content, size / 2, "is it truncated");
    for (size_t cut = 1; cut < size - zip; cut += step(zip, size, size - cut)) refused(content, size - cut, "model test:");
    content[1000] ^= 1;
    refused(content, size, "flatbuffer does not match its checksum");
    content[1000] ^= 1;
    for (size_t i = zip; i < size; i += step(zip, size, i)) { /* a damaged byte is an error or, in unused fields, no matter */
        static fa_model model;
        uint8_t *copy = malloc(size);
        CHECK(copy != NULL, "memory");
        memcpy(copy, content, size);
        copy[i] ^= 0xff;
        fa_status status = fa_model_read(copy, size, "test", &model);
        CHECK(status == FA_OK || status == FA_ERROR_MODEL, "status %d", (int)status);
        fa_head_free(&model.head);
        free(copy);
    }
    test_detector(content, size, argv[2]);
    free(content);
    CHECK(fa_content("/nowhere/model.tflite", NULL, 0, &content, &size) == FA_ERROR_MODEL, "a missing file");
    CHECK(strstr(fa_last_error(), "/nowhere/model.tflite: cannot be read") != NULL, "%s", fa_last_error());
    puts("model reader: fine");
    return 0;
}
