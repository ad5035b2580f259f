/* Arguments that are wrong, pixel formats, and fa_predict with detectors made up for it. */
#include <math.h>
#include <string.h>

#include "golden.h"

typedef struct {
    fa_detection found[8];
    int32_t count;
} fixed;

static int32_t answer(void *context, const fa_image *image, fa_detection *found, int32_t capacity) {
    const fixed *f = context;
    (void)image;
    for (int32_t i = 0; i < f->count && i < capacity; i++) found[i] = f->found[i];
    return f->count;
}

static void fails(fa_status got, fa_status expected, const char *message) {
    CHECK(got == expected, "status %d: %s", (int)got, fa_last_error());
    CHECK(strstr(fa_last_error(), message) != NULL, "\"%s\" in: %s", message, fa_last_error());
}

static void test_create(const char *path) {
    fa_aligner *aligner;
    fa_options options = FA_OPTIONS_INIT;
    fails(fa_create(&options, &aligner), FA_ERROR_INPUT, "model_path");
    options.model_path = path;
    options.abi_version = FA_ABI_VERSION + 1;
    fails(fa_create(&options, &aligner), FA_ERROR_ABI, "FA_OPTIONS_INIT");
    options.abi_version = FA_ABI_VERSION;
    options.num_threads = 0;
    fails(fa_create(&options, &aligner), FA_ERROR_INPUT, "num_threads: expected 1 to 1024, got 0");
    options.num_threads = FA_MAX_THREADS + 1;
    fails(fa_create(&options, &aligner), FA_ERROR_INPUT, "num_threads: expected 1 to 1024, got 1025");
    options.num_threads = 1;
    options.runtime = "/nowhere/libLiteRt.so";
    fails(fa_create(&options, &aligner), FA_ERROR_BACKEND, "pip install ai-edge-litert");
    options.runtime = "libm.so.6";
    fails(fa_create(&options, &aligner), FA_ERROR_BACKEND, "LiteRT or the TFLite C API");
    options.runtime = NULL;
    options.detector_path = path;
    fails(fa_create(&options, &aligner), FA_ERROR_MODEL, "swapped?");
    options.detector = answer;
    fails(fa_create(&options, &aligner), FA_ERROR_INPUT, "at most one of detector_path");
    CHECK(aligner == NULL, "no handle after an error");
    CHECK(fa_abi_version() == FA_ABI_VERSION && strlen(fa_version()) >= 5, "%s", fa_version());
    CHECK(strcmp(fa_model_name(NULL), "") == 0 && fa_input_size(NULL) == 0, "no model has no name");
    fa_destroy(NULL);
}

static void test_arguments(fa_aligner *aligner, fa_image image, fa_box box) {
    fa_face face;
    fa_look look;
    int32_t count;
    fa_image bad = image;
    fails(fa_last_look(aligner, &look), FA_ERROR_INPUT, "before it");
    bad.data = NULL;
    fails(fa_align(aligner, &bad, &box, 0, &face), FA_ERROR_INPUT, "frame: expected an image");
    bad = image, bad.width = 0;
    fails(fa_align(aligner, &bad, &box, 0, &face), FA_ERROR_INPUT, "at least one pixel");
    bad = image, bad.stride = image.width;
    fails(fa_align(aligner, &bad, &box, 0, &face), FA_ERROR_INPUT, "stride");
    bad = image, bad.format = 99;
    fails(fa_align(aligner, &bad, &box, 0, &face), FA_ERROR_INPUT, "fa_format");
    fa_box swapped = {box.right, box.top, box.left, box.bottom}, away = {9000, 9000, 9100, 9100}, nan = box;
    fails(fa_align(aligner, &image, &swapped, 0, &face), FA_ERROR_INPUT, "x, y, width, height?");
    fails(fa_align(aligner, &image, &away, 0, &face), FA_ERROR_INPUT, "pixels of this frame?");
    nan.left = NAN;
    fails(fa_align(aligner, &image, &nan, 0, &face), FA_ERROR_INPUT, "finite");
    fa_box vast = {-1e12, -1e12, 1e12, 1e12};
    fails(fa_align(aligner, &image, &vast, 0, &face), FA_ERROR_INPUT, "side above 0");
    fails(fa_predict(aligner, &image, &face, 0, &count), FA_ERROR_INPUT, "room for at least one");
}

/* The same picture in other layouts gives the same face. */
static void test_formats(fa_aligner *aligner, fa_image image, fa_box box) {
    static const int order[4][4] = {{2, 1, 0, 0}, {0, 1, 2, 0}, {2, 1, 0, 3}, {0, 1, 2, 3}};
    static const int bytes[4] = {3, 3, 4, 4};
    fa_face expected, face;
    CHECK(fa_align(aligner, &image, &box, 0, &expected) == FA_OK, "%s", fa_last_error());
    for (int format = FA_BGR; format <= FA_RGBA; format++) {
        size_t stride = (size_t)image.width * (size_t)bytes[format] + 13;
        uint8_t *data = calloc((size_t)image.height, stride);
        CHECK(data != NULL, "memory");
        for (int y = 0; y < image.height; y++)
            for (int x = 0; x < image.width; x++)
                for (int c = 0; c < 3; c++)
                    data[(size_t)y * stride + (size_t)(x * bytes[format] + order[format][c])] =
                        image.data[(y * image.width + x) * 3 + c];
        fa_image other = {data, image.width, image.height, (int64_t)stride, format};
        CHECK(fa_align(aligner, &other, &box, 0, &face) == FA_OK, "%s", fa_last_error());
        CHECK(memcmp(face.landmarks, expected.landmarks, sizeof face.landmarks) == 0, "format %d", format);
        free(data);
    }
    uint8_t *grey = malloc((size_t)image.width * (size_t)image.height);
    CHECK(grey != NULL, "memory");
    for (int i = 0; i < image.width * image.height; i++) grey[i] = image.data[3 * i + 1];
    fa_image plain = {grey, image.width, image.height, 0, FA_GRAY};
    CHECK(fa_align(aligner, &plain, &box, 0, &face) == FA_OK, "%s", fa_last_error());
    fa_look look;
    CHECK(fa_last_look(aligner, &look) == FA_OK && look.pixels[0] == look.pixels[1] && look.pixels[1] == look.pixels[2],
          "grey pixels");
    free(grey);
}

static void test_predict(fa_aligner *aligner, fixed *detector, const golden_case *expected, fa_box nothing, fa_image image) {
    fa_face faces[4];
    int32_t count;
    fa_box near = expected->box;
    near.left += 3;
    detector->count = 3;
    detector->found[0] = (fa_detection){near, 0.4, 0};
    detector->found[1] = (fa_detection){nothing, 0.9, 0};
    detector->found[2] = (fa_detection){expected->box, 0.8, 0};
    CHECK(fa_predict(aligner, &image, faces, 4, &count) == FA_OK, "%s", fa_last_error());
    CHECK(count == 1 && faces[0].score == 0.8, "%d faces: one face twice, and none", count);
    fa_face alone;
    CHECK(fa_align(aligner, &image, &expected->box, 1, &alone) == FA_OK, "%s", fa_last_error());
    CHECK(memcmp(alone.landmarks, faces[0].landmarks, sizeof alone.landmarks) == 0, "fa_predict is a refined fa_align");
    fa_face given[4];
    int32_t n_given;
    CHECK(fa_predict_among(aligner, &image, detector->found, 3, given, 4, &n_given) == FA_OK, "%s", fa_last_error());
    CHECK(n_given == 1 && memcmp(given->landmarks, faces->landmarks, sizeof given->landmarks) == 0, "the same for detections given");
    fails(fa_predict_among(aligner, &image, NULL, 3, given, 4, &n_given), FA_ERROR_INPUT, "found: expected");
    const fa_box garbage[5] = {{9000, 9000, 9100, 9100}, {-1e300, -1e300, 1e300, 1e300}, {NAN, 0, 9, 9}, {9, 9, 2, 2},
                               {20, 20, 20 + 1e-9, 20 + 1e-9}};
    for (int i = 0; i < 5; i++) detector->found[i] = (fa_detection){garbage[i], 0.95, 0};
    detector->found[5] = (fa_detection){expected->box, NAN, 0};
    detector->found[6] = (fa_detection){expected->box, 0.9, NAN};
    detector->found[7] = (fa_detection){expected->box, 0.8, 0};
    detector->count = 8;
    CHECK(fa_predict(aligner, &image, faces, 4, &count) == FA_OK, "%s", fa_last_error());
    CHECK(count == 1 && faces[0].score == 0.8 && memcmp(alone.landmarks, faces[0].landmarks, sizeof alone.landmarks) == 0,
          "%d faces: garbage costs its own face", count);
    detector->count = 0;
    CHECK(fa_predict(aligner, &image, faces, 4, &count) == FA_OK && count == 0, "no face is no error");
    detector->count = -1;
    fails(fa_predict(aligner, &image, faces, 4, &count), FA_ERROR_DETECTOR, "did it fail");
}

/* The detector sees the same picture in other layouts, and says when it has no room. */
static void test_detect(fa_aligner *aligner, fa_image image) {
    fa_detection expected[4], found[4];
    int32_t count;
    CHECK(fa_detect(aligner, &image, expected, 4, &count) == FA_OK && count == 3, "%d detections", count);
    CHECK(fa_detect(aligner, &image, found, 2, &count) == FA_OK && count == 2, "the best two, not %d", count);
    CHECK(memcmp(found, expected, 2 * sizeof *found) == 0, "the best two");
    fails(fa_detect(aligner, &image, found, 0, &count), FA_ERROR_INPUT, "room for at least one");
    size_t stride = (size_t)image.width * 4 + 3;
    uint8_t *data = calloc((size_t)image.height, stride);
    CHECK(data != NULL, "memory");
    for (int y = 0; y < image.height; y++)
        for (int x = 0; x < image.width; x++)
            for (int c = 0; c < 3; c++)
                data[(size_t)y * stride + (size_t)(4 * x + 2 - c)] = image.data[(y * image.width + x) * 3 + c];
    fa_image bgra = {data, image.width, image.height, (int64_t)stride, FA_BGRA};
    CHECK(fa_detect(aligner, &bgra, found, 4, &count) == FA_OK && count == 3, "%d detections", count);
    CHECK(memcmp(found, expected, 3 * sizeof *found) == 0, "layouts");
    fa_image thin = {image.data, 3000, 1, 0, FA_GRAY}, dot = {image.data, 1, 1, 0, FA_GRAY};
    CHECK(fa_detect(aligner, &thin, found, 4, &count) == FA_OK, "%s", fa_last_error());
    CHECK(fa_detect(aligner, &dot, found, 4, &count) == FA_OK, "%s", fa_last_error());
    free(data);
}

int main(int argc, char **argv) {
    static golden_case cases[GOLDEN_MAX];
    static fixed detector;
    CHECK(argc >= 4, "usage: test_api MODEL GOLDEN_FOLDER DETECTOR");
    int n = golden_read(argv[2], cases);
    const golden_case *face = golden_find(cases, n, "face_again");
    fa_image image = golden_frame(argv[2], face->frame);
    fa_options options = FA_OPTIONS_INIT;
    fa_aligner *aligner;
    size_t size;
    test_create(argv[1]);
    uint8_t *content = golden_file(argv[1], &size);
    options.model_data = content;
    options.model_size = size;
    CHECK(fa_create(&options, &aligner) == FA_OK, "%s", fa_last_error());
    fa_face one;
    int32_t count;
    fails(fa_predict(aligner, &image, &one, 1, &count), FA_ERROR_DETECTOR, "fa_align takes boxes");
    fa_destroy(aligner);
    options.detector = answer;
    options.detector_context = &detector;
    CHECK(fa_create(&options, &aligner) == FA_OK, "%s", fa_last_error());
    free(content); /* it was copied */
    CHECK(fa_input_size(aligner) > 0 && strlen(fa_model_name(aligner)) > 0, "model");
    test_arguments(aligner, image, face->box);
    test_formats(aligner, image, face->box);
    test_predict(aligner, &detector, face, golden_find(cases, n, "no_face")->box, image);
    fa_destroy(aligner);
    options.detector = NULL;
    options.detector_path = argv[3];
    options.model_data = NULL;
    options.model_path = argv[1];
    CHECK(fa_create(&options, &aligner) == FA_OK, "%s", fa_last_error());
    fa_image group = golden_frame(argv[2], "group.ppm");
    test_detect(aligner, group);
    fa_destroy(aligner);
    free((void *)(uintptr_t)group.data);
    free((void *)(uintptr_t)image.data);
    puts("interface: fine");
    return 0;
}
