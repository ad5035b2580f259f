/* libFuzzer: the tracker on any frames, formats, strides, timestamps and options, and single looks at any face. A network
 * that answers with what the fuzzer likes stands for TFLite, in the place of src/runtime.c. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAX_SIDE 96 /* of frames, pixels */
#define FRAMES 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const uint8_t *input;
static size_t left;
static uint8_t *contents[2]; /* model, detector */
static size_t sizes[2];
static int32_t detector_size, has_head, head_sizes[2];

static void take(void *out, size_t count) { /* zeros where nothing is left */
    size_t given = count < left ? count : left;
    memset(out, 0, count);
    if (given > 0) memcpy(out, input, given);
    input += given;
    left -= given;
}

static uint8_t byte(void) {
    uint8_t value;
    take(&value, 1);
    return value;
}

static double number(void) {
    double value;
    take(&value, sizeof value);
    return value;
}

/* Answers: one value everywhere, noise, or noise that differs little. */
static fa_status invoke(fa_network *network) {
    uint32_t kind = byte(), noise = kind * 2654435761u + 1;
    for (int32_t i = 0; i < network->n_outputs; i++) {
        fa_tensor *t = &network->outputs[i];
        for (int32_t k = 0; k < t->count; k++) {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            uint8_t value = kind < 64 ? (uint8_t)(4 * kind) : kind < 128 ? (uint8_t)(noise & 7) : (uint8_t)noise;
            if (t->type == FA_UINT8)
                ((uint8_t *)t->data)[k] = value;
            else
                ((float *)t->data)[k] = ((float)value - 128.0f) / 16.0f;
        }
    }
    return kind == 255 ? fa_fail(FA_ERROR_BACKEND, "the network failed") : FA_OK;
}

static void close_network(fa_network *network) {
    free(network->input.data);
    for (int32_t i = 0; i < network->n_outputs; i++) free(network->outputs[i].data);
}

static fa_tensor tensor(fa_type type, int32_t count, int32_t last) {
    return (fa_tensor){calloc((size_t)count, type == FA_FLOAT32 ? 4 : 1), type, count, last, 1, 0};
}

fa_status fa_network_open(const fa_model_file *model, const char *runtime, int32_t num_threads, fa_network *network) {
    static const int32_t VALUES[3] = {1, 4, 2};
    (void)runtime;
    (void)num_threads;
    *network = (fa_network){.input_scale = model->input_scale, .invoke = invoke, .close = close_network};
    network->input = tensor(FA_UINT8, model->input_size * model->input_size * 3, 3);
    if (model->input_size == detector_size) {
        for (int32_t i = 0; i < 9; i++) {
            int32_t side = model->input_size / (8 << i / 3);
            network->outputs[i] = tensor(FA_FLOAT32, side * side * VALUES[i % 3], VALUES[i % 3]);
        }
        network->n_outputs = 9;
        return FA_OK;
    }
    network->outputs[0] = tensor(has_head ? FA_UINT8 : FA_FLOAT32, head_sizes[0], FA_LANDMARKS);
    network->outputs[1] = tensor(has_head ? FA_UINT8 : FA_FLOAT32, head_sizes[1], head_sizes[1]);
    network->n_outputs = 2;
    return FA_OK;
}

void fa_network_close(fa_network *network) {
    if (network->close != NULL) network->close(network);
    *network = (fa_network){0};
}

static int32_t detect(void *context, const fa_image *image, fa_detection *found, int32_t capacity) {
    (void)context;
    (void)image;
    int32_t count = byte() % 4;
    for (int32_t i = 0; i < count && i < capacity; i++) {
        fa_detection raw;
        uint8_t small[5];
        int wild = byte() == 0;
        if (wild)
            take(&raw, sizeof raw);
        else {
            take(small, 5);
            double x = small[0], y = small[1];
            raw = (fa_detection){{x / 2, y / 2, x / 2 + small[2] + 1, y / 2 + small[3] + 1}, 0.9, small[4]};
        }
        found[i] = raw;
    }
    return byte() == 0 ? -1 : count;
}

/* Bytes that a frame takes to the last pixel, so that a sanitizer sees a read beyond it; 1 where it will be refused. */
static size_t needed(const fa_image *f) {
    static const int bytes[9] = {3, 3, 4, 4, 1, 1, 1, 1, 2};
    if (f->width < 1 || f->height < 1 || f->format < 0 || f->format > FA_YUYV) return 1;
    int64_t row = (int64_t)f->width * bytes[f->format], stride = f->stride != 0 ? f->stride : row, rows = f->height;
    if (stride < row || stride > 1000) return 1;
    if (f->format == FA_NV21 || f->format == FA_NV12) return (size_t)(stride * rows + stride * (rows / 2 - 1) + f->width);
    if (f->format == FA_I420) return (size_t)(stride * rows + stride / 2 * (rows - 1) + f->width / 2);
    return (size_t)(stride * (rows - 1) + row);
}

static uint8_t *frame(fa_image *f) {
    *f = (fa_image){NULL, byte() % MAX_SIDE, byte() % MAX_SIDE, 0, byte() % 10};
    if (f->format == FA_PLANES) f->format = FA_YUYV + 2; /* no such format; planes are checked elsewhere */
    uint8_t far = byte();
    if (far > 128) f->stride = (int64_t)f->width * 4 + far - 128;
    if (far == 1) f->stride = -far;
    size_t size = needed(f);
    uint8_t *pixels = malloc(size);
    if (pixels == NULL) abort();
    for (size_t i = 0; i < size; i++) pixels[i] = (uint8_t)(i * 7 + far);
    f->data = pixels;
    return pixels;
}

static void looks(fa_aligner *aligner, const fa_image *image) {
    fa_face face, again;
    fa_quality quality;
    double eyes[2];
    int seen;
    take(&face, sizeof face);
    if (byte() > 0)
        for (int i = 0; i < FA_LANDMARKS; i++)
            for (int k = 0; k < 2; k++) face.landmarks[i][k] = byte();
    fa_look_again(aligner, image, &face, &again, &seen);
    fa_face_quality(aligner, image, &face, &quality);
    fa_eye_openness(&face, &eyes[0], &eyes[1]);
    fa_mouth_openness(&face);
}

static void follow(fa_aligner *aligner, fa_tracker *tracker) {
    static fa_tracked_face faces[FA_MAX_DETECTIONS];
    double now = 0;
    for (int i = 0; i < FRAMES; i++) {
        fa_image image;
        uint8_t *pixels = frame(&image), kind = byte();
        int32_t count = 0;
        now = kind < 8 ? number() : now + kind / 64.0;
        if (kind == 9) fa_tracker_reset(tracker);
        if (kind == 10) looks(aligner, &image);
        fa_status status = fa_tracker_update(tracker, &image, kind == 11 ? NULL : &now, faces, 1 + kind % FA_MAX_DETECTIONS, &count);
        if (status != FA_OK && count != 0) abort();
        for (int32_t k = 1; k < count; k++)
            if (faces[k].id <= faces[k - 1].id) abort(); /* longest followed first */
        free(pixels);
    }
}

static uint8_t *read_file(const char *path, size_t *size) {
    uint8_t *content;
    if (fa_content(path, NULL, 0, &content, size) != FA_OK) abort();
    return content;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    static fa_model model;
    fa_detector_model detector;
    (void)argc;
    (void)argv;
    contents[0] = read_file(FUZZ_MODEL, &sizes[0]);
    contents[1] = read_file(FUZZ_DETECTOR, &sizes[1]);
    if (fa_model_read(read_file(FUZZ_MODEL, &sizes[0]), sizes[0], "model", &model) != FA_OK) abort();
    if (fa_detector_model_read(read_file(FUZZ_DETECTOR, &sizes[1]), sizes[1], "detector", &detector) != FA_OK) abort();
    has_head = model.head.side > 0;
    head_sizes[0] = has_head ? model.head.side * model.head.side * FA_LANDMARKS : 2 * FA_LANDMARKS;
    head_sizes[1] = has_head ? model.head.top_size : 3;
    detector_size = detector.file.input_size;
    free(model.file.content);
    free(detector.file.content);
    fa_head_free(&model.head);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fa_aligner *aligners[2]; /* with a function, with a file: opened once, as reading a model takes its time */
    fa_tracker_options how = FA_TRACKER_OPTIONS_INIT;
    fa_tracker *tracker;
    for (int i = 0; i < 2 && aligners[i] == NULL; i++) {
        fa_options options = FA_OPTIONS_INIT;
        options.model_data = contents[0];
        options.model_size = sizes[0];
        options.detector = i == 0 ? detect : NULL;
        options.detector_data = i == 1 ? contents[1] : NULL;
        options.detector_size = sizes[1];
        options.max_disagreement = 1e9;
        if (fa_create(&options, &aligners[i]) != FA_OK) abort();
    }
    input = data;
    left = size;
    uint8_t kind = byte();
    how.detect_every = 1 + kind % 5;
    how.max_faces = kind / 5 % 4;
    how.smooth = kind < 200;
    if (kind > 100) {
        how.min_cutoff_hz = number();
        how.beta = number();
        how.speed_cutoff_hz = number();
        how.fps = number();
    }
    fa_aligner *aligner = aligners[kind % 16 == 15];
    if (fa_tracker_create(aligner, &how, &tracker) != FA_OK) return 0;
    follow(aligner, tracker);
    fa_tracker_destroy(tracker);
    return 0;
}
