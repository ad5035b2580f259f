/* Heads: decoding is what docs/model_format.md defines, and damage to what a file says of its head is named. */
#include <math.h>
#include <string.h>
#include <zlib.h>

#include "golden.h"
#include "internal.h"

#define SIDE 5
#define TOP 7
#define ROWS (2 * FA_LANDMARKS + TOP)

static uint32_t noise(void) {
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

static float weight(void) { return (float)noise() / (1 << 24) - 0.5f; }

/* Of one point: the sums of the definition, cell by cell; returns that of the chances. */
static double place(const uint8_t *maps, int point, double scale, double out[2], double *variance) {
    int greatest = 0;
    double whole = 0, x = 0, y = 0, squares = 0;
    for (int cell = 0; cell < SIDE * SIDE; cell++)
        if (maps[cell * FA_LANDMARKS + point] > greatest) greatest = maps[cell * FA_LANDMARKS + point];
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            double p = exp(scale * (maps[(i * SIDE + j) * FA_LANDMARKS + point] - greatest));
            whole += p;
            x += p * ((j + 0.5) / SIDE - 0.5);
            y += p * ((i + 0.5) / SIDE - 0.5);
            squares += p * (pow((j + 0.5) / SIDE - 0.5, 2) + pow((i + 0.5) / SIDE - 0.5, 2));
        }
    out[0] = x / whole;
    out[1] = y / whole;
    *variance = fmax(squares / whole - out[0] * out[0] - out[1] * out[1], 0) + 1.0 / (6 * SIDE * SIDE);
    return whole;
}

/* The definition of one look's errors, and of those of two. */
static void check_errors(const fa_head *head, const double *variance, const float *landmarks, const float *errors) {
    double mean = 0, greatest = 0, dx = (double)landmarks[72] - landmarks[90], dy = (double)landmarks[73] - landmarks[91];
    double eyes = fmax(sqrt(dx * dx + dy * dy), 1.0 / SIDE);
    fa_face first = {.landmarks[36] = {10, 20}, .landmarks[45] = {50, 20}}, second = first, mean_face = first;
    for (int p = 0; p < FA_LANDMARKS; p++) mean += log(variance[p]) / FA_LANDMARKS;
    for (int p = 0; p < FA_LANDMARKS; p++) {
        const float *k = head->errors.kernel + 3 * p;
        double z = (double)head->errors.bias[p] + (double)k[0] * log(variance[p]) + (double)k[1] * mean + (double)k[2] * log(eyes);
        CHECK(fabs(errors[p] - 1 / (1 + exp(-z))) < 1e-7 && errors[p] > 0, "error %d: %g, not %g", p, (double)errors[p],
              1 / (1 + exp(-z)));
        greatest = fmax(greatest, (double)errors[p]);
        first.point_errors[p] = errors[p];
        second.point_errors[p] = 0.5f;
    }
    CHECK(greatest > 0.05, "errors are all near 0: %g", greatest);
    second.landmarks[0][0] += 3;
    second.landmarks[0][1] += 4;
    second.landmarks[1][0] += 4000;
    float both[FA_LANDMARKS];
    fa_head_errors_of_two(head, &first, &second, &mean_face, both);
    double own = 0.75 * ((double)errors[0] + 0.5) / 2;
    CHECK(fabs(both[0] - (own + 0.5 * 5 / 40)) < 1e-6, "of two looks: %g, not %g", (double)both[0], own + 0.5 * 5 / 40);
    CHECK(both[1] == 1, "the most is 1, not %g", (double)both[1]);
    CHECK(fabs(both[2] - 0.75 * ((double)errors[2] + 0.5) / 2) < 1e-6, "of equal looks: %g", (double)both[2]);
}

static void test_decoding(void) {
    static float kernel[ROWS * 2 * FA_LANDMARKS], bias[2 * FA_LANDMARKS], pose_kernel[ROWS * 3], pose_bias[3];
    static float sure[FA_LANDMARKS], errors[FA_LANDMARKS], errors_kernel[FA_LANDMARKS * 3], errors_bias[FA_LANDMARKS];
    static double variance[FA_LANDMARKS];
    float looks[2] = {0.75f, 0.5f};
    static uint8_t maps[SIDE * SIDE * FA_LANDMARKS], top[TOP];
    static double features[ROWS], memory[ROWS];
    float landmarks[2 * FA_LANDMARKS], pose[3];
    for (size_t i = 0; i < sizeof kernel / sizeof *kernel; i++) kernel[i] = weight();
    for (size_t i = 0; i < sizeof bias / sizeof *bias; i++) bias[i] = weight();
    for (size_t i = 0; i < sizeof pose_kernel / sizeof *pose_kernel; i++) pose_kernel[i] = weight();
    for (size_t i = 0; i < sizeof sure / sizeof *sure; i++) sure[i] = weight();
    for (size_t i = 0; i < sizeof maps; i++) maps[i] = (uint8_t)noise();
    for (size_t i = 0; i < sizeof top; i++) top[i] = (uint8_t)noise();
    fa_head head = {.side = SIDE, .top_size = TOP, .top_zero_point = 100, .top_scale = 0.02, .features = memory};
    for (int i = 0; i < 256; i++) head.chance[i] = exp(-0.08 * i);
    head.landmarks = (fa_layer){ROWS, 2 * FA_LANDMARKS, kernel, bias};
    head.pose = (fa_layer){ROWS, 3, pose_kernel, pose_bias};
    CHECK(isnan(fa_head_decode(&head, maps, top, landmarks, pose, errors)), "a confidence without weights");
    for (int p = 0; p < FA_LANDMARKS; p++) CHECK(isnan(errors[p]), "an error without weights: %g", (double)errors[p]);
    for (size_t i = 0; i < sizeof errors_kernel / sizeof *errors_kernel; i++) errors_kernel[i] = weight() + 0.5f;
    for (size_t i = 0; i < sizeof errors_bias / sizeof *errors_bias; i++) errors_bias[i] = weight();
    head.errors = (fa_layer){FA_LANDMARKS, 3, errors_kernel, errors_bias};
    head.errors_looks = looks;
    float constant = 1.5f;
    double logit = constant;
    head.confidence = (fa_layer){FA_LANDMARKS, 1, sure, &constant};
    double confidence = fa_head_decode(&head, maps, top, landmarks, pose, errors);
    for (int p = 0; p < FA_LANDMARKS; p++)
        logit += (double)sure[p] * log(1 / place(maps, p, 0.08, features + 2 * p, variance + p));
    check_errors(&head, variance, landmarks, errors);
    CHECK(fabs(confidence - 1 / (1 + exp(-logit))) < 1e-12 && confidence > 0.01 && confidence < 0.99, "confidence %g, not %g",
          confidence, 1 / (1 + exp(-logit)));
    for (int i = 0; i < TOP; i++) features[2 * FA_LANDMARKS + i] = 0.02 * (top[i] - 100);
    for (int c = 0; c < 2 * FA_LANDMARKS + 3; c++) {
        const fa_layer *layer = c < 2 * FA_LANDMARKS ? &head.landmarks : &head.pose;
        int column = c < 2 * FA_LANDMARKS ? c : c - 2 * FA_LANDMARKS;
        double sum = layer->bias[column];
        for (int r = 0; r < ROWS; r++) sum += features[r] * (double)layer->kernel[r * layer->columns + column];
        float got = layer == &head.pose ? pose[column] : landmarks[column];
        CHECK(got == (float)sum, "answer %d: %.9g, defined %.9g", c, (double)got, sum);
    }
}

static const char *const MEMBERS[] = {
    "asmnet_edge.json", "shape_model/mean.npy", "shape_model/eigenvectors.npy", "shape_model/eigenvalues.npy",
    "shape_model/residual_moments.npy", "shape_model/mean_3d.npy", "head/landmarks_kernel.npy", "head/landmarks_bias.npy",
    "head/pose_kernel.npy", "head/pose_bias.npy", "head/confidence_kernel.npy", "head/confidence_bias.npy",
    "head/errors_kernel.npy", "head/errors_bias.npy", "head/errors_looks.npy"};
#define COUNT 15
#define OF_HEAD 6 /* the first of them */

static uint8_t *put(uint8_t *at, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

/* The two headers of a stored member: one before it, one in the directory. */
static uint8_t *put_header(uint8_t *at, const char *name, uint32_t crc, uint32_t size, int64_t offset) {
    uint32_t length = (uint32_t)strlen(name);
    at = put(at, offset < 0 ? 0x04034b50 : 0x02014b50, 4);
    at = put(at, 20, offset < 0 ? 2 : 4);
    at = put(at, 0, 4); /* flags, stored */
    at = put(at, 0, 4); /* time */
    at = put(at, crc, 4);
    at = put(at, size, 4);
    at = put(at, size, 4);
    at = put(at, length, 2);
    at = put(at, 0, 2);
    if (offset >= 0) at = put(put(put(put(at, 0, 4), 0, 4), 0, 2), (uint32_t)offset, 4);
    memcpy(at, name, length);
    return at + length;
}

/* The model with `old` in a member replaced by something as long, its checksum made right. What reading it says. */
static const char *changed(const uint8_t *content, size_t size, const char *name, const void *old, const void *new,
                           size_t length) {
    static fa_model model;
    fa_archive archive;
    const char *problem;
    uint8_t *parts[COUNT], *made = malloc(2 * size + (1 << 20)), *at = made;
    size_t sizes[COUNT], offsets[COUNT], directory;
    char before[65], after[65];
    CHECK(made != NULL && fa_archive_open(content, size, &archive), "memory, or no archive");
    for (int i = 0; i < COUNT; i++) {
        parts[i] = fa_archive_read(&archive, MEMBERS[i], FA_MAX_MEMBER, &sizes[i], &problem);
        CHECK(parts[i] != NULL, "%s %s", MEMBERS[i], problem);
    }
    for (int i = 0; i < COUNT; i++) {
        if (strcmp(MEMBERS[i], name) != 0) continue;
        uint8_t *place = parts[i];
        while (place + length <= parts[i] + sizes[i] && memcmp(place, old, length) != 0) place++;
        CHECK(place + length <= parts[i] + sizes[i], "%s has no such bytes", name);
        fa_sha256(parts[i], sizes[i], before);
        memcpy(place, new, length);
        fa_sha256(parts[i], sizes[i], after);
        char *digest = strstr((char *)parts[0], before);
        if (digest != NULL) memcpy(digest, after, 64);
    }
    memcpy(at, content, archive.start);
    at += archive.start;
    for (int i = 0; i < COUNT; i++) {
        offsets[i] = (size_t)(at - made);
        at = put_header(at, MEMBERS[i], (uint32_t)crc32(0, parts[i], (uInt)sizes[i]), (uint32_t)sizes[i], -1);
        memcpy(at, parts[i], sizes[i]);
        at += sizes[i];
    }
    directory = (size_t)(at - made);
    for (int i = 0; i < COUNT; i++) {
        at = put_header(at, MEMBERS[i], (uint32_t)crc32(0, parts[i], (uInt)sizes[i]), (uint32_t)sizes[i], (int64_t)offsets[i]);
        free(parts[i]);
    }
    uint32_t entries = (uint32_t)(at - made - (ptrdiff_t)directory);
    at = put(put(at, 0x06054b50, 4), 0, 4);
    at = put(put(put(put(put(at, COUNT, 2), COUNT, 2), entries, 4), (uint32_t)directory, 4), 0, 2);
    fa_status status = fa_model_read(made, (size_t)(at - made), "test", &model);
    fa_head_free(&model.head);
    free(made);
    return status == FA_OK ? "read" : fa_last_error();
}

static void refused(const uint8_t *content, size_t size, const char *name, const char *old, const char *new,
                    const char *expected) {
    CHECK(strlen(old) == strlen(new), "%s, %s", old, new);
    const char *got = changed(content, size, name, old, new, strlen(old));
    CHECK(strstr(got, expected) != NULL, "%s in: %s", expected, got);
}

static void test_damage(const uint8_t *content, size_t size) {
    static fa_model model;
    const uint8_t nan[4] = {0, 0, 0xc0, 0x7f};
    uint8_t *copy = malloc(size);
    CHECK(copy != NULL, "memory");
    memcpy(copy, content, size);
    CHECK(fa_model_read(copy, size, "test", &model) == FA_OK, "%s", fa_last_error());
    CHECK(model.head.side > 1 && model.head.top_size > 1, "the shipped model has a head");
    CHECK(model.head.confidence.kernel != NULL, "the shipped model says how sure it is");
    CHECK(model.head.errors_looks != NULL, "the shipped model says how far off its points are");
    const float *arrays[] = {model.head.landmarks.kernel, model.head.landmarks.bias, model.head.pose.kernel,
                             model.head.pose.bias, model.head.confidence.kernel, model.head.confidence.bias,
                             model.head.errors.kernel, model.head.errors.bias, model.head.errors_looks};
    for (int i = 0; i < COUNT - OF_HEAD; i++) {
        const char *name = MEMBERS[OF_HEAD + i], *got = changed(content, size, name, arrays[i], nan, 4);
        CHECK(strstr(got, name) != NULL && strstr(got, "expected finite numbers") != NULL, "%s: %s", name, got);
        refused(content, size, name, "'<f4'", "'<i4'", name);
    }
    refused(content, size, MEMBERS[6], ", 136)", ", 135)", "head/landmarks_kernel.npy: expected float32");
    refused(content, size, MEMBERS[0], "mean_places", "other_kind_", "head: expected kind mean_places, got other_kind_");
    refused(content, size, MEMBERS[0], "\"maps_side\": ", "\"maps_side\":-", "expected maps_side of 1 to 128");
    refused(content, size, MEMBERS[0], "\"maps_scale\"", "\"maps_skale\"", "head: expected maps_side");
    refused(content, size, MEMBERS[0], "\"maps_scale\": 0.", "\"maps_scale\": 9.", "maps_scale above 0 up to 2");
    refused(content, size, MEMBERS[0], "head/pose_bias.npy", "head/pose_bias.npx", "head/pose_bias.npy does not match");
    refused(content, size, MEMBERS[10], "(68,)", "(67,)", "head/confidence_kernel.npy: expected float32");
    char header[2 + 118 + 4], longer[sizeof header]; /* by the first number: a length of 118, then of 122 */
    static const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (68,), }";
    memset(header, ' ', sizeof header);
    memcpy(header, "v", 2);
    memcpy(header + 2, text, sizeof text - 1);
    memcpy(longer, header, sizeof header);
    header[2 + 117] = longer[2 + 121] = '\n';
    memcpy(header + 2 + 118, arrays[4], 4);
    longer[0] = 'z';
    strstr(longer + 2, "68,")[1] = '7';
    const char *fewer = changed(content, size, MEMBERS[10], header, longer, sizeof header);
    CHECK(strstr(fewer, "head/confidence_kernel.npy: expected 68 numbers, got 67") != NULL, "%s", fewer);
    refused(content, size, MEMBERS[11], "(1,)", "(2,)", "head/confidence_bias.npy: expected float32 of at most 1 x 1");
    refused(content, size, MEMBERS[0], "\"confidence\": true", "\"confidence\":false", "read"); /* what is not asked for */
    refused(content, size, MEMBERS[12], "(68, 3)", "(67, 3)", "head/errors_kernel.npy: expected float32");
    const float negative = -model.head.errors_looks[1];
    const char *below = changed(content, size, MEMBERS[14], &model.head.errors_looks[1], &negative, sizeof negative);
    CHECK(strstr(below, "head/errors_looks.npy: expected numbers from 0 up") != NULL, "%s", below);
    refused(content, size, MEMBERS[0], "\"point_errors\": true", "\"point_errors\":false", "read");
    const char *same = changed(content, size, MEMBERS[0], "mean_places", "mean_places", 11);
    CHECK(strcmp(same, "read") == 0, "%s", same); /* what is refused above is so for its damage alone */
    fa_head_free(&model.head);
    free(copy);
}

/* Each input of the rule of acceptance on both sides of where it decides, as tests/sdk/test_acceptance.py has them. */
static void test_acceptance(void) {
    const double near[2] = {0.099, 0.101};
    for (int input = 1; input < FA_ACCEPTANCE; input++)
        for (int worse = 0; worse < 2; worse++) {
            fa_acceptance rule = {.given = 1};
            fa_face face = {.score = 0.5, .confidence = 0.5, .plausibility = 1};
            double first = 1, last = 1;
            rule.weights[input] = input == 2 || input == 3 ? -1 : 1;
            if (input == 1) face.score = worse ? 0.49 : 0.51;
            if (input == 2) first = near[worse];
            if (input == 3) last = near[worse];
            if (input == 4) face.confidence = worse ? 0.49 : 0.51;
            if (input == 5) face.plausibility = worse ? 0.009 : 0.011;
            if (input == 2 || input == 3) rule.weights[0] = log(0.1);
            if (input == 5) rule.weights[0] = log(100);
            CHECK(fa_accepts(&rule, &face, first, last) == !worse, "input %d, worse %d", input, worse);
        }
    fa_acceptance rule = {1, {-1, 1e-3, -1e-3, -1e-3, 1e-3, 1e-3}};
    fa_face nothing = {.score = 0}, sure = {.score = 1, .confidence = 1, .plausibility = 1};
    CHECK(!fa_accepts(&rule, &nothing, INFINITY, INFINITY), "the ends count as numbers");
    rule.weights[0] = 0;
    CHECK(fa_accepts(&rule, &sure, 0, 0), "the ends count as numbers");
}

int main(int argc, char **argv) {
    size_t size;
    CHECK(argc >= 2, "usage: test_head MODEL");
    uint8_t *content = golden_file(argv[1], &size);
    test_decoding();
    test_acceptance();
    test_damage(content, size);
    free(content);
    puts("heads: fine");
    return 0;
}
