/* The public functions: what sdk/aligner.py does, in the same order. */
#include "asmnet_edge.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAX_OVERLAP 0.5
#define RIGHT_EYE 36 /* outer corners */
#define LEFT_EYE 45

struct fa_aligner {
    fa_model model;
    fa_network network;
    fa_detector detector;
    void *detector_context;
    double max_disagreement;
    fa_crop crop;
    fa_grid grid;
    uint8_t *pixels;
    float raw_landmarks[FA_LANDMARKS][2], raw_pose[3];
    int looked;
    fa_detection found[FA_MAX_DETECTIONS];
    fa_face faces[FA_MAX_DETECTIONS];
};

static _Thread_local char last_error[512] = "";

fa_status fa_fail(fa_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

const char *fa_last_error(void) { return last_error; }
const char *fa_version(void) { return ASMNET_EDGE_VERSION; }
uint32_t fa_abi_version(void) { return FA_ABI_VERSION; }
const char *fa_model_name(const fa_aligner *aligner) { return aligner->model.name; }
int32_t fa_input_size(const fa_aligner *aligner) { return aligner->model.input_size; }

static fa_status load_model(const fa_options *options, fa_model *model) {
    if ((options->model_path == NULL) == (options->model_data == NULL))
        return fa_fail(FA_ERROR_INPUT, "options: expected either model_path or model_data");
    if (options->model_path != NULL) return fa_model_load(options->model_path, model);
    uint8_t *copy = malloc(options->model_size > 0 ? options->model_size : 1);
    if (copy == NULL) return fa_fail(FA_ERROR_MEMORY, "model: no memory for %zu bytes", options->model_size);
    if (options->model_size > 0) memcpy(copy, options->model_data, options->model_size);
    fa_status status = fa_model_read(copy, options->model_size, "data", model);
    if (status != FA_OK) free(copy);
    return status;
}

fa_status fa_create(const fa_options *options, fa_aligner **aligner) {
    if (options == NULL || aligner == NULL) return fa_fail(FA_ERROR_INPUT, "options, aligner: expected pointers, got NULL");
    *aligner = NULL;
    if (options->abi_version != FA_ABI_VERSION)
        return fa_fail(FA_ERROR_ABI, "abi_version: expected %u, got %u; start from FA_OPTIONS_INIT and compile against this "
                                     "library's header", FA_ABI_VERSION, options->abi_version);
    if (options->num_threads < 1 || !(options->max_disagreement > 0))
        return fa_fail(FA_ERROR_INPUT, "options: expected num_threads and max_disagreement above 0, got %d and %g",
                       options->num_threads, options->max_disagreement);
    fa_aligner *made = calloc(1, sizeof *made);
    if (made == NULL) return fa_fail(FA_ERROR_MEMORY, "no memory for an aligner");
    made->detector = options->detector;
    made->detector_context = options->detector_context;
    made->max_disagreement = options->max_disagreement;
    fa_status status = load_model(options, &made->model);
    if (status == FA_OK) {
        made->pixels = malloc((size_t)made->model.input_size * (size_t)made->model.input_size * 3);
        if (made->pixels == NULL) status = fa_fail(FA_ERROR_MEMORY, "no memory for the network's input");
    }
    if (status == FA_OK)
        status = fa_network_open(&made->model, options->runtime, options->num_threads, &made->network);
    if (status == FA_OK)
        *aligner = made;
    else
        fa_destroy(made);
    return status;
}

void fa_destroy(fa_aligner *aligner) {
    if (aligner == NULL) return;
    fa_network_close(&aligner->network);
    free(aligner->model.content);
    free(aligner->grid.pixels);
    free(aligner->pixels);
    free(aligner);
}

static fa_status check_image(const fa_image *image) {
    static const int bytes[] = {3, 3, 4, 4, 1};
    if (image == NULL || image->data == NULL) return fa_fail(FA_ERROR_INPUT, "frame: expected an image, got NULL");
    if (image->width < 1 || image->height < 1)
        return fa_fail(FA_ERROR_INPUT, "frame: expected at least one pixel, got %d x %d", image->width, image->height);
    if (image->format < FA_BGR || image->format > FA_GRAY)
        return fa_fail(FA_ERROR_INPUT, "frame: expected one of fa_format, got %d", image->format);
    if (image->stride != 0 && image->stride < (int64_t)image->width * bytes[image->format])
        return fa_fail(FA_ERROR_INPUT, "frame: expected rows of at least %lld bytes, got a stride of %lld; is it in pixels?",
                       (long long)image->width * bytes[image->format], (long long)image->stride);
    return FA_OK;
}

static fa_box box_around(const float (*landmarks)[2]) {
    fa_box box = {landmarks[0][0], landmarks[0][1], landmarks[0][0], landmarks[0][1]};
    for (int i = 1; i < FA_LANDMARKS; i++) {
        box.left = fmin(box.left, landmarks[i][0]);
        box.right = fmax(box.right, landmarks[i][0]);
        box.top = fmin(box.top, landmarks[i][1]);
        box.bottom = fmax(box.bottom, landmarks[i][1]);
    }
    return box;
}

static fa_status look(fa_aligner *a, const fa_image *image, double score, fa_face *face) {
    a->looked = 0;
    fa_status status = fa_crop_extract(&a->crop, image, a->model.input_size, &a->grid, a->pixels);
    if (status == FA_OK) status = fa_network_run(&a->network, a->pixels, a->raw_landmarks[0], a->raw_pose);
    if (status != FA_OK) return status;
    a->looked = 1;
    fa_crop_to_image(&a->crop, (const float(*)[2])a->raw_landmarks, face->landmarks);
    fa_pose_decode(&a->model, a->raw_pose, a->crop.angle_deg, face);
    face->box = box_around((const float(*)[2])face->landmarks);
    face->score = score;
    fa_shape_describe(&a->model.shape, (const float(*)[2])face->landmarks, face);
    return FA_OK;
}

static int any_inside(const fa_face *face, const fa_image *image) {
    for (int i = 0; i < FA_LANDMARKS; i++) {
        const float *p = face->landmarks[i];
        if (p[0] >= 0 && p[1] >= 0 && p[0] <= (float)(image->width - 1) && p[1] <= (float)(image->height - 1)) return 1;
    }
    return 0;
}

/* The second look: around the landmarks of the first and upright, or the same again where they lie outside. */
static fa_status look_again(fa_aligner *a, const fa_image *image, fa_face *face) {
    if (any_inside(face, image))
        a->crop = fa_crop_around_landmarks((const float(*)[2])face->landmarks, a->model.crop_margin, face->roll_deg);
    return look(a, image, face->score, face);
}

fa_status fa_align(fa_aligner *aligner, const fa_image *image, const fa_box *box, int refine, fa_face *face) {
    if (aligner == NULL || box == NULL || face == NULL)
        return fa_fail(FA_ERROR_INPUT, "aligner, box, face: expected pointers, got NULL");
    fa_status status = check_image(image);
    if (status != FA_OK) return status;
    if (!(box->left < box->right) || !(box->top < box->bottom) ||
        !isfinite(box->left + box->top + box->right + box->bottom))
        return fa_fail(FA_ERROR_INPUT, "box: expected finite left < right and top < bottom, got %g, %g, %g, %g; is it x, y, "
                                       "width, height?", box->left, box->top, box->right, box->bottom);
    aligner->crop = fa_crop_around_box(box, aligner->model.crop_margin);
    status = look(aligner, image, 1.0, face);
    return status == FA_OK && refine ? look_again(aligner, image, face) : status;
}

static double disagreement(const fa_face *first, const fa_face *second) {
    const float *right = second->landmarks[RIGHT_EYE], *left = second->landmarks[LEFT_EYE];
    double eyes = hypot((double)right[0] - left[0], (double)right[1] - left[1]), distance = 0;
    for (int i = 0; i < FA_LANDMARKS; i++) {
        const float *p = first->landmarks[i], *q = second->landmarks[i];
        distance += hypot((double)p[0] - q[0], (double)p[1] - q[1]) / FA_LANDMARKS;
    }
    return eyes > 0 ? distance / eyes : INFINITY;
}

static double overlap(const fa_box *a, const fa_box *b) {
    double width = fmin(a->right, b->right) - fmax(a->left, b->left);
    double height = fmin(a->bottom, b->bottom) - fmax(a->top, b->top);
    if (width <= 0 || height <= 0) return 0;
    double both = width * height, one = (a->right - a->left) * (a->bottom - a->top);
    return both / (one + (b->right - b->left) * (b->bottom - b->top) - both);
}

/* Sorts a face into `count` others, best first; of equal ones the earlier stays first. */
static void insert(fa_face *faces, int32_t count, const fa_face *face) {
    int32_t at = count;
    for (; at > 0 && faces[at - 1].score < face->score; at--) faces[at] = faces[at - 1];
    faces[at] = *face;
}

static fa_status find_faces(fa_aligner *a, const fa_image *image, int32_t *count) {
    int32_t found = a->detector(a->detector_context, image, a->found, FA_MAX_DETECTIONS);
    *count = 0;
    if (found < 0 || found > FA_MAX_DETECTIONS)
        return fa_fail(FA_ERROR_DETECTOR, "detector: expected 0 to %d detections, got %d; did it fail?", FA_MAX_DETECTIONS,
                       found);
    for (int32_t i = 0; i < found; i++) {
        fa_face first, second;
        fa_status status = fa_align(a, image, &a->found[i].box, 0, &first);
        if (status != FA_OK) return status;
        first.score = a->found[i].score;
        second = first;
        status = look_again(a, image, &second);
        if (status != FA_OK) return status;
        if (disagreement(&first, &second) <= a->max_disagreement) insert(a->faces, (*count)++, &second);
    }
    return FA_OK;
}

fa_status fa_predict(fa_aligner *aligner, const fa_image *image, fa_face *faces, int32_t capacity, int32_t *count) {
    if (aligner == NULL || faces == NULL || count == NULL || capacity < 1)
        return fa_fail(FA_ERROR_INPUT, "aligner, faces, count: expected pointers and room for at least one face");
    *count = 0;
    if (aligner->detector == NULL)
        return fa_fail(FA_ERROR_DETECTOR, "detector: fa_predict needs one in fa_options; fa_align takes boxes directly");
    fa_status status = check_image(image);
    int32_t candidates = 0;
    if (status == FA_OK) status = find_faces(aligner, image, &candidates);
    for (int32_t i = 0; i < candidates && status == FA_OK && *count < capacity; i++) {
        int apart = 1;
        for (int32_t k = 0; k < *count; k++) apart = apart && overlap(&aligner->faces[i].box, &faces[k].box) <= MAX_OVERLAP;
        if (apart) faces[(*count)++] = aligner->faces[i];
    }
    return status;
}

fa_status fa_last_look(const fa_aligner *aligner, fa_look *out) {
    if (aligner == NULL || out == NULL || !aligner->looked)
        return fa_fail(FA_ERROR_INPUT, "fa_last_look: expected a call of fa_align or fa_predict before it");
    const fa_crop *crop = &aligner->crop;
    *out = (fa_look){crop->center_x, crop->center_y, crop->side, crop->angle_deg, aligner->model.input_size,
                     aligner->pixels, aligner->raw_landmarks[0], aligner->raw_pose};
    return FA_OK;
}
