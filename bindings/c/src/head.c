/* What a network leaves to its reader, as sdk/head.py has it: docs/model_format.md, "The head". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FEATURES (2 * FA_LANDMARKS) /* before those of the last feature map: x and y of the places */
#define ERROR_INPUTS 3 /* of a point: its own spread, the mean of all, the distance of the eyes */
#define RIGHT_EYE 36   /* outer corners */
#define LEFT_EYE 45
#define MAX_ROWS 16384
#define MAX_SIDE 128
#define MAX_TOP_SCALE 1e6
#define MAX_WEIGHT 1e6f /* far below what makes sums of products infinite */
#define MAX_SCALE 2.0 /* of the maps: beyond it probabilities would leave the range of doubles */

static fa_status read_settings(const fa_packed *packed, fa_json object, fa_head *head) {
    fa_json value;
    char kind[32] = "";
    double numbers[4] = {0, 0, 0, 0};
    const char *const names[4] = {"maps_side", "maps_scale", "top_scale", "top_zero_point"};
    int complete = fa_json_member(object, "kind", &value) == 1 && fa_json_string(value, kind, sizeof kind);
    if (!complete || strcmp(kind, "mean_places") != 0)
        return fa_fail(FA_ERROR_MODEL, "model %s: head: expected kind mean_places, got %s; upgrade asmnet_edge",
                       packed->origin, kind);
    for (int i = 0; i < 4; i++)
        complete = complete && fa_json_member(object, names[i], &value) == 1 && fa_json_number(value, &numbers[i]);
    double side = numbers[0], zero_point = numbers[3];
    if (!complete || side != floor(side) || side < 1 || side > MAX_SIDE || zero_point != floor(zero_point) ||
        zero_point < 0 || zero_point > 255 || !(numbers[1] > 0) || numbers[1] > MAX_SCALE || !(numbers[2] > 0) || numbers[2] > MAX_TOP_SCALE)
        return fa_fail(FA_ERROR_MODEL, "model %s: head: expected maps_side of 1 to %d, maps_scale above 0 up to %g, "
                                       "top_scale above 0 up to %g, and top_zero_point of 0 to 255",
                       packed->origin, MAX_SIDE, MAX_SCALE, MAX_TOP_SCALE);
    head->side = (int32_t)side;
    head->top_scale = numbers[2];
    head->top_zero_point = (int32_t)zero_point;
    for (int i = 0; i < 256; i++) head->chance[i] = exp(-numbers[1] * i);
    return FA_OK;
}

/* Numbers of the head within their range; finite they are already. */
static fa_status check_weights(const fa_packed *packed, const char *member, const float *values, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (fabsf(values[i]) > MAX_WEIGHT)
            return fa_fail(FA_ERROR_MODEL, "model %s: %s: expected numbers up to %g, got %g", packed->origin, member,
                           (double)MAX_WEIGHT, (double)values[i]);
    return FA_OK;
}

static fa_status read_layer(const fa_packed *packed, const char *const members[2], int32_t columns, fa_layer *layer) {
    int32_t bias = columns;
    layer->columns = columns;
    layer->rows = MAX_ROWS;
    fa_status status = fa_array_read(packed, members[0], &layer->rows, columns, &layer->kernel);
    if (status == FA_OK) status = fa_array_read(packed, members[1], &bias, 1, &layer->bias);
    if (status == FA_OK && (bias != columns || layer->rows <= FEATURES))
        status = fa_fail(FA_ERROR_MODEL, "model %s: %s, %s: expected more than %d rows, and %d numbers, got %d and %d",
                         packed->origin, members[0], members[1], FEATURES, columns, layer->rows, bias);
    if (status == FA_OK) status = check_weights(packed, members[0], layer->kernel, (int64_t)layer->rows * columns);
    if (status == FA_OK) status = check_weights(packed, members[1], layer->bias, bias);
    return status;
}

/* A member of exactly so many rows, its numbers within their range. */
static fa_status read_weights(const fa_packed *packed, const char *member, int32_t rows, int32_t columns, float **out) {
    int32_t found = rows;
    fa_status status = fa_array_read(packed, member, &found, columns, out);
    if (status == FA_OK && found != rows)
        status = fa_fail(FA_ERROR_MODEL, "model %s: %s: expected %d numbers, got %d", packed->origin, member, rows * columns,
                         found * columns);
    return status == FA_OK ? check_weights(packed, member, *out, (int64_t)rows * columns) : status;
}

static int has(fa_json object, const char *name) {
    fa_json value;
    return fa_json_member(object, name, &value) == 1 && value.length == 4 && memcmp(value.text, "true", 4) == 0;
}

/* Optional: weights of the logarithms of the maps' greatest probabilities. */
static fa_status read_confidence(const fa_packed *packed, fa_json object, fa_layer *layer) {
    if (!has(object, "confidence")) return FA_OK;
    *layer = (fa_layer){.rows = FA_LANDMARKS, .columns = 1};
    fa_status status = read_weights(packed, "head/confidence_kernel.npy", FA_LANDMARKS, 1, &layer->kernel);
    return status == FA_OK ? read_weights(packed, "head/confidence_bias.npy", 1, 1, &layer->bias) : status;
}

/* Optional: weights of spreads and of the eyes' distance, and of two looks. */
static fa_status read_errors(const fa_packed *packed, fa_json object, fa_head *head) {
    static const char looks[] = "head/errors_looks.npy";
    if (!has(object, "point_errors")) return FA_OK;
    head->errors = (fa_layer){.rows = FA_LANDMARKS, .columns = ERROR_INPUTS};
    fa_status status = read_weights(packed, "head/errors_kernel.npy", FA_LANDMARKS, ERROR_INPUTS, &head->errors.kernel);
    if (status == FA_OK) status = read_weights(packed, "head/errors_bias.npy", FA_LANDMARKS, 1, &head->errors.bias);
    if (status == FA_OK) status = read_weights(packed, looks, 2, 1, &head->errors_looks);
    for (int i = 0; status == FA_OK && i < 2; i++)
        if (head->errors_looks[i] < 0)
            status = fa_fail(FA_ERROR_MODEL, "model %s: %s: expected numbers from 0 up, got %g", packed->origin, looks,
                             (double)head->errors_looks[i]);
    return status;
}

fa_status fa_head_read(const fa_packed *packed, fa_head *head) {
    static const char *const landmarks[2] = {"head/landmarks_kernel.npy", "head/landmarks_bias.npy"};
    static const char *const pose[2] = {"head/pose_kernel.npy", "head/pose_bias.npy"};
    fa_json object;
    *head = (fa_head){.side = 0};
    if (fa_json_member(packed->table, "head", &object) != 1) return FA_OK;
    fa_status status = read_settings(packed, object, head);
    if (status == FA_OK) status = read_layer(packed, landmarks, FEATURES, &head->landmarks);
    if (status == FA_OK) status = read_layer(packed, pose, 3, &head->pose);
    if (status == FA_OK && head->pose.rows != head->landmarks.rows)
        status = fa_fail(FA_ERROR_MODEL, "model %s: %s: expected %d rows as landmarks have, got %d", packed->origin, pose[0],
                         head->landmarks.rows, head->pose.rows);
    if (status == FA_OK) status = read_confidence(packed, object, &head->confidence);
    if (status == FA_OK) status = read_errors(packed, object, head);
    head->top_size = head->landmarks.rows - FEATURES;
    if (status == FA_OK) head->features = malloc((size_t)head->landmarks.rows * sizeof *head->features);
    if (status == FA_OK && head->features == NULL) status = fa_fail(FA_ERROR_MEMORY, "model: no memory for its head");
    if (status != FA_OK) fa_head_free(head);
    return status;
}

void fa_head_free(fa_head *head) {
    free(head->landmarks.kernel);
    free(head->landmarks.bias);
    free(head->pose.kernel);
    free(head->pose.bias);
    free(head->confidence.kernel);
    free(head->confidence.bias);
    free(head->errors.kernel);
    free(head->errors.bias);
    free(head->errors_looks);
    free(head->features);
    *head = (fa_head){.side = 0};
}

/* Mean places of the maps, x and y of each point; the sum of each, the inverse of its greatest probability; and its
 * variance about the mean, a cell's own included. */
static void mean_places(const fa_head *head, const uint8_t *maps, double *out, double whole[FA_LANDMARKS],
                        double variance[FA_LANDMARKS]) {
    uint8_t most[FA_LANDMARKS];
    double x[FA_LANDMARKS] = {0}, y[FA_LANDMARKS] = {0}, squares[FA_LANDMARKS] = {0};
    memcpy(most, maps, sizeof most);
    for (int p = 0; p < FA_LANDMARKS; p++) whole[p] = 0;
    for (int32_t cell = 1; cell < head->side * head->side; cell++)
        for (int p = 0; p < FA_LANDMARKS; p++)
            if (maps[cell * FA_LANDMARKS + p] > most[p]) most[p] = maps[cell * FA_LANDMARKS + p];
    for (int32_t i = 0; i < head->side; i++) {
        double row[FA_LANDMARKS] = {0}, below = (i + 0.5) / head->side - 0.5;
        for (int32_t j = 0; j < head->side; j++, maps += FA_LANDMARKS) {
            double right = (j + 0.5) / head->side - 0.5, square = right * right;
            for (int p = 0; p < FA_LANDMARKS; p++) {
                double chance = head->chance[most[p] - maps[p]];
                row[p] += chance;
                x[p] += chance * right;
                squares[p] += chance * square;
            }
        }
        for (int p = 0; p < FA_LANDMARKS; p++) {
            whole[p] += row[p];
            y[p] += row[p] * below;
            squares[p] += row[p] * (below * below);
        }
    }
    for (int p = 0; p < FA_LANDMARKS; p++) {
        out[2 * p] = x[p] / whole[p];
        out[2 * p + 1] = y[p] / whole[p];
        double about = squares[p] / whole[p] - (out[2 * p] * out[2 * p] + out[2 * p + 1] * out[2 * p + 1]);
        variance[p] = fa_most(about, 0.0) + 1.0 / (6.0 * head->side * head->side);
    }
}

static void run_layer(const fa_layer *layer, const double *features, float *out) {
    double sums[FEATURES];
    const float *kernel = layer->kernel;
    for (int32_t c = 0; c < layer->columns; c++) sums[c] = layer->bias[c];
    for (int32_t r = 0; r < layer->rows; r++, kernel += layer->columns)
        for (int32_t c = 0; c < layer->columns; c++) sums[c] += features[r] * (double)kernel[c];
    for (int32_t c = 0; c < layer->columns; c++) out[c] = (float)sums[c];
}

/* A logistic function of the logarithms of the maps' sums. */
static double confidence(const fa_layer *layer, const double whole[FA_LANDMARKS]) {
    if (layer->kernel == NULL) return NAN;
    double sum = -(double)layer->bias[0];
    for (int p = 0; p < FA_LANDMARKS; p++) sum += (double)layer->kernel[p] * log(whole[p]);
    return 1.0 / (1.0 + exp(sum));
}

/* The expected errors of the points, by the spreads of their maps and the distance of the eyes. */
static void point_errors(const fa_head *head, double variance[FA_LANDMARKS], const float *landmarks, float *out) {
    const float *right = landmarks + 2 * RIGHT_EYE, *left = landmarks + 2 * LEFT_EYE, *kernel = head->errors.kernel;
    double mean = 0, eyes = hypot((double)right[0] - left[0], (double)right[1] - left[1]);
    for (int p = 0; p < FA_LANDMARKS; p++) {
        variance[p] = log(variance[p]);
        mean += variance[p] / FA_LANDMARKS;
    }
    eyes = log(fa_most(eyes, 1.0 / head->side));
    for (int p = 0; p < FA_LANDMARKS; p++, kernel += ERROR_INPUTS)
        out[p] = (float)(1.0 / (1.0 + exp(-((double)head->errors.bias[p] + (double)kernel[0] * variance[p] +
                                            (double)kernel[1] * mean + (double)kernel[2] * eyes))));
}

void fa_no_errors(float *errors) {
    for (int p = 0; p < FA_LANDMARKS; p++) errors[p] = NAN;
}

void fa_head_errors_of_two(const fa_head *head, const fa_face *first, const fa_face *second, const fa_face *mean, float *out) {
    if (head->errors_looks == NULL) {
        fa_no_errors(out);
        return;
    }
    const float *right = mean->landmarks[RIGHT_EYE], *left = mean->landmarks[LEFT_EYE];
    double eyes = fa_most(hypot((double)right[0] - left[0], (double)right[1] - left[1]), 1e-6);
    for (int p = 0; p < FA_LANDMARKS; p++) {
        const float *a = first->landmarks[p], *b = second->landmarks[p];
        double apart = hypot((double)a[0] - b[0], (double)a[1] - b[1]) / eyes;
        double own = ((double)first->point_errors[p] + second->point_errors[p]) / 2.0;
        out[p] = (float)fa_least((double)head->errors_looks[0] * own + (double)head->errors_looks[1] * apart, 1.0);
    }
}

double fa_head_decode(const fa_head *head, const uint8_t *maps, const uint8_t *top, float *landmarks, float *pose,
                      float *errors) {
    double whole[FA_LANDMARKS], variance[FA_LANDMARKS];
    mean_places(head, maps, head->features, whole, variance);
    for (int32_t i = 0; i < head->top_size; i++)
        head->features[FEATURES + i] = head->top_scale * (top[i] - head->top_zero_point);
    run_layer(&head->landmarks, head->features, landmarks);
    run_layer(&head->pose, head->features, pose);
    if (head->errors_looks != NULL)
        point_errors(head, variance, landmarks, errors);
    else
        fa_no_errors(errors);
    return confidence(&head->confidence, whole);
}
