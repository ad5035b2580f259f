/* Damaged model files are refused with a message that names the cause; none is read out of bounds. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    const char *bad[] = {"", "{", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":\"\n\"}", "{\"a\":tru}", "[1]", "{\"a\":1 2}", "{\"a\":1e999}", "{\"a\":01}",
                         "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"\\u12\"}"};
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

static void not_read(const char *path, const char *expected) {
    uint8_t *content;
    size_t size;
    CHECK(fa_content(path, NULL, 0, &content, &size) == FA_ERROR_MODEL && content == NULL, "%s", path);
    CHECK(strstr(fa_last_error(), expected) != NULL, "%s in: %s", expected, fa_last_error());
}

/* What is no regular file of a sensible size is refused before it is opened: nothing waits for a pipe. */
static void test_kinds_of_files(void) {
    char folder[] = "/tmp/test_model_XXXXXX", path[64];
    not_read("/nowhere/model.tflite", "/nowhere/model.tflite: cannot be read");
    not_read("/dev/zero", "expected a regular file, got a device");
    CHECK(mkdtemp(folder) != NULL, "a folder");
    not_read(folder, "expected a regular file, got a directory");
    snprintf(path, sizeof path, "%s/pipe", folder);
    CHECK(mkfifo(path, 0600) == 0, "a pipe");
    not_read(path, "expected a regular file, got a pipe");
    unlink(path);
    snprintf(path, sizeof path, "%s/file", folder);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL, "a file");
    not_read(path, "is it a file with content?");
    CHECK(fputs("0123456789", file) >= 0 && fflush(file) == 0, "a file with content");
    uint8_t *content;
    size_t size;
    CHECK(fa_content(path, NULL, 0, &content, &size) == FA_OK && size == 10 && content[9] == '9', "%s", fa_last_error());
    free(content);
    if (ftruncate(fileno(file), (off_t)200 << 30) == 0) not_read(path, "expected at most 268435456 bytes, got 214748364800");
    fclose(file);
    unlink(path);
    rmdir(folder);
}

/* Bytes of the network changed, its checksum no matter: an error, or a network that passes; nothing is read out of bounds. */
static void test_network(const uint8_t *content, size_t size) {
    fa_packed packed;
    fa_model_file file;
    CHECK(fa_packed_open(content, size, "test", "face_aligner", &packed, &file) == FA_OK, "%s", fa_last_error());
    size_t length = file.flatbuffer_size;
    fa_packed_close(&packed);
    uint8_t *copy = malloc(length);
    CHECK(copy != NULL, "memory");
    memcpy(copy, content, length);
    CHECK(fa_flatbuffer_check(copy, length, "test") == FA_OK, "%s", fa_last_error());
    int refusals = 0;
    for (size_t i = 0; i < length; i += i < 4000 || length - i < 40000 ? 37 : 4001) {
        copy[i] ^= 0xff;
        fa_status status = fa_flatbuffer_check(copy, length, "test");
        CHECK(status == FA_OK || (status == FA_ERROR_MODEL && strstr(fa_last_error(), "network: ") != NULL), "%d", (int)status);
        refusals += status != FA_OK;
        copy[i] ^= 0xff;
    }
    CHECK(refusals > 100, "%d of the changed networks were refused", refusals);
    free(copy);
    for (size_t cut = 1; cut < length; cut += length / 50) {
        copy = malloc(length - cut);
        CHECK(copy != NULL, "memory");
        memcpy(copy, content, length - cut);
        CHECK(fa_flatbuffer_check(copy, length - cut, "test") == FA_ERROR_MODEL, "cut by %zu", cut);
        free(copy);
    }
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
    test_network(content, size);
    free(content);
    test_kinds_of_files();
    puts("model reader: fine");
    return 0;
}
