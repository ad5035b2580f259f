/* The public functions: what sdk/aligner.py does, in the same order. */
#include "asmnet_edge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define SETTLED 0.05 /* as sdk/aligner.py has it, and the next */
#define MAX_DISAGREEMENT 0.10

struct fa_aligner {
    fa_model model;
    fa_network network;
    const fa_tensor *outputs[2]; /* of the network: maps and last feature map, or landmarks and pose */
    int has_detector;
    fa_face_detector own;
    fa_detector detector; /* the user's */
    void *detector_context;
    double max_disagreement;
    fa_crop crop;
    fa_grid grid;
    uint8_t *pixels;
    fa_sharpness_space *sharpness; /* NULL before it is first asked for */
    float raw_landmarks[FA_LANDMARKS][2], raw_pose[3];
    int looked;
    fa_detection found[FA_MAX_DETECTIONS];
    fa_face faces[FA_MAX_DETECTIONS];
};

const char *fa_version(void) { return ASMNET_EDGE_VERSION; }
uint32_t fa_abi_version(void) { return FA_ABI_VERSION; }
const char *fa_model_name(const fa_aligner *aligner) { return aligner != NULL ? aligner->model.file.name : ""; }
double fa_max_disagreement(const fa_aligner *aligner) { return aligner->max_disagreement; }
int32_t fa_input_size(const fa_aligner *aligner) { return aligner != NULL ? aligner->model.file.input_size : 0; }

static fa_status load_model(const fa_options *options, fa_model *model) {
    uint8_t *content;
    size_t size;
    if ((options->model_path == NULL) == (options->model_data == NULL))
        return fa_fail(FA_ERROR_INPUT, "options: expected either model_path or model_data");
    fa_status status = fa_content(options->model_path, options->model_data, options->model_size, &content, &size);
    if (status != FA_OK) return status;
    status = fa_model_read(content, size, options->model_path != NULL ? options->model_path : "data", model);
    if (status != FA_OK) free(content);
    return status;
}

static fa_status load_detector(const fa_options *options, fa_aligner *a) {
    const char *path = options->detector_path;
    uint8_t *content;
    size_t size;
    if ((path != NULL) + (options->detector_data != NULL) + (options->detector != NULL) > 1)
        return fa_fail(FA_ERROR_INPUT, "options: expected at most one of detector_path, detector_data and detector");
    if (path == NULL && options->detector_data == NULL) return FA_OK;
    fa_status status = fa_content(path, options->detector_data, options->detector_size, &content, &size);
    if (status != FA_OK) return status;
    status = fa_detector_model_read(content, size, path != NULL ? path : "data", &a->own.model);
    if (status != FA_OK) free(content);
    if (status == FA_OK) status = fa_face_detector_open(&a->own, options->runtime, options->num_threads);
    a->has_detector = status == FA_OK;
    return status;
}

static fa_status open_network(const fa_options *options, fa_aligner *a) {
    const fa_model_file *file = &a->model.file;
    int32_t pixels = file->input_size * file->input_size * 3;
    a->pixels = malloc((size_t)pixels);
    if (a->pixels == NULL) return fa_fail(FA_ERROR_MEMORY, "no memory for the network's input");
    fa_status status = fa_network_open(file, options->runtime, options->num_threads, &a->network);
    if (status != FA_OK) return status;
    const fa_head *head = &a->model.head;
    int32_t sizes[2] = {2 * FA_LANDMARKS, 3};
    if (head->side > 0) {
        sizes[0] = head->side * head->side * FA_LANDMARKS;
        sizes[1] = head->top_size;
    }
    for (int32_t i = 0; i < a->network.n_outputs; i++)
        for (int k = 0; k < 2; k++)
            if (a->network.outputs[i].count == sizes[k]) a->outputs[k] = &a->network.outputs[i];
    int fits = a->network.input.count == pixels && a->outputs[0] != NULL && a->outputs[1] != NULL &&
               a->outputs[0] != a->outputs[1] && a->network.n_outputs == 2;
    if (fits && head->side > 0)
        fits = a->outputs[0]->type == FA_UINT8 && a->outputs[1]->type == FA_UINT8 && a->outputs[0]->last == FA_LANDMARKS;
    if (fits) return FA_OK;
    return fa_fail(FA_ERROR_BACKEND, "model %s: expected an input of %d numbers and outputs of %d and %d%s, got an input of %d "
                                     "and %d outputs", file->name, pixels, sizes[0], sizes[1],
                   head->side > 0 ? " uint8 for its head" : "", a->network.input.count, a->network.n_outputs);
}

fa_status fa_create(const fa_options *options, fa_aligner **aligner) {
    if (options == NULL || aligner == NULL) return fa_fail(FA_ERROR_INPUT, "options, aligner: expected pointers, got NULL");
    *aligner = NULL;
    if (options->abi_version != FA_ABI_VERSION)
        return fa_fail(FA_ERROR_ABI, "abi_version: expected %u, got %u; start from FA_OPTIONS_INIT and compile against this "
                                     "library's header", FA_ABI_VERSION, options->abi_version);
    if (options->num_threads < 1 || options->num_threads > FA_MAX_THREADS)
        return fa_fail(FA_ERROR_INPUT, "options: num_threads: expected 1 to %d, got %d; 1 is the quickest for small networks",
                       FA_MAX_THREADS, options->num_threads);
    if (!(options->max_disagreement > 0))
        return fa_fail(FA_ERROR_INPUT, "options: max_disagreement: expected a number above 0, got %g", options->max_disagreement);
    fa_aligner *made = calloc(1, sizeof *made);
    if (made == NULL) return fa_fail(FA_ERROR_MEMORY, "no memory for an aligner");
    made->detector = options->detector;
    made->detector_context = options->detector_context;
    made->max_disagreement = options->max_disagreement;
    fa_status status = load_model(options, &made->model);
    if (status == FA_OK) status = open_network(options, made);
    if (status == FA_OK) status = load_detector(options, made);
    if (status == FA_OK)
        *aligner = made;
    else
        fa_destroy(made);
    return status;
}

void fa_destroy(fa_aligner *aligner) {
    if (aligner == NULL) return;
    fa_network_close(&aligner->network);
    fa_face_detector_close(&aligner->own);
    free(aligner->model.file.content);
    fa_head_free(&aligner->model.head);
    free(aligner->grid.pixels);
    free(aligner->pixels);
    free(aligner->sharpness);
    free(aligner);
}

static fa_status look(fa_aligner *a, const fa_image *image, double score, int mirrored, fa_face *face) {
    float points[FA_LANDMARKS][2], pose[3];
    a->looked = 0;
    fa_status status = fa_crop_extract(&a->crop, image, a->model.file.input_size, &a->grid, a->pixels);
    if (status == FA_OK && mirrored) fa_mirror_pixels(a->pixels, a->model.file.input_size);
    if (status == FA_OK) status = fa_network_run(&a->network, a->pixels);
    if (status != FA_OK) return status;
    a->looked = 1;
    face->confidence = NAN;
    if (a->model.head.side > 0)
        face->confidence = fa_head_decode(&a->model.head, a->outputs[0]->data, a->outputs[1]->data, a->raw_landmarks[0],
                                          a->raw_pose, face->point_errors);
    else {
        fa_no_errors(face->point_errors);
        fa_tensor_read(a->outputs[0], a->raw_landmarks[0]);
        fa_tensor_read(a->outputs[1], a->raw_pose);
    }
    memcpy(points, a->raw_landmarks, sizeof points);
    memcpy(pose, a->raw_pose, sizeof pose);
    if (mirrored) fa_mirror_answers(points, pose, face->point_errors);
    fa_crop_to_image(&a->crop, (const float(*)[2])points, face->landmarks);
    fa_pose_decode(&a->model, pose, a->crop.angle_deg, face);
    face->box = fa_box_around((const float(*)[2])face->landmarks);
    face->score = score;
    fa_shape_describe(&a->model.shape, (const float(*)[2])face->landmarks, face);
    return FA_OK;
}

static fa_status first_look(fa_aligner *a, const fa_image *image, const fa_detection *found, fa_face *face) {
    const fa_box *box = &found->box;
    if (!(box->left < box->right) || !(box->top < box->bottom) ||
        !isfinite(box->left + box->top + box->right + box->bottom) || !isfinite(found->roll_deg))
        return fa_fail(FA_ERROR_INPUT, "box: expected finite left < right and top < bottom, got %g, %g, %g, %g; is it x, y, "
                                       "width, height?", box->left, box->top, box->right, box->bottom);
    fa_box upright = fa_box_upright(found);
    a->crop = fa_crop_around_box(&upright, a->model.crop_margin);
    a->crop.angle_deg = found->roll_deg;
    return look(a, image, found->score, 0, face);
}

/* Another look: at the crop around the landmarks of the first and upright, or at the same crop where they lie outside. */
static fa_status look_again(fa_aligner *a, const fa_image *image, const fa_face *first, int mirrored, fa_face *second) {
    const float(*landmarks)[2] = (const float(*)[2])first->landmarks;
    if (fa_face_inside(first, image))
        a->crop = fa_crop_on_grid(fa_crop_around_landmarks(landmarks, a->model.crop_margin, first->roll_deg));
    *second = *first;
    return look(a, image, first->score, mirrored, second);
}

/* The mean of two looks, whose errors partly cancel; of the second and a third where the first is far off. */
static fa_status settle(fa_aligner *a, const fa_image *image, const fa_face *first, fa_face *face, double *apart) {
    const fa_face second = *face;
    if (fa_face_disagreement(first, &second) > SETTLED) {
        fa_status status = fa_face_inside(&second, image) ? look_again(a, image, &second, 0, face) : FA_OK;
        if (status != FA_OK) return status;
        first = &second;
    }
    const fa_face last = *face;
    if (apart != NULL) *apart = fa_face_disagreement(first, &last);
    for (int i = 0; i < FA_LANDMARKS; i++)
        for (int k = 0; k < 2; k++) face->landmarks[i][k] = (first->landmarks[i][k] + face->landmarks[i][k]) * 0.5f;
    face->yaw_deg = (first->yaw_deg + face->yaw_deg) / 2.0;
    face->pitch_deg = (first->pitch_deg + face->pitch_deg) / 2.0;
    face->roll_deg = (first->roll_deg + face->roll_deg) / 2.0;
    face->confidence = (first->confidence + face->confidence) / 2.0;
    fa_head_errors_of_two(&a->model.head, first, &last, face, face->point_errors);
    face->box = fa_box_around((const float(*)[2])face->landmarks);
    fa_shape_describe(&a->model.shape, (const float(*)[2])face->landmarks, face);
    return FA_OK;
}

fa_status fa_align(fa_aligner *aligner, const fa_image *image, const fa_box *box, int refine, fa_face *face) {
    if (aligner == NULL || box == NULL || face == NULL)
        return fa_fail(FA_ERROR_INPUT, "aligner, box, face: expected pointers, got NULL");
    const fa_detection found = {*box, 1.0, 0.0};
    fa_status status = fa_image_check(image);
    if (status == FA_OK) status = first_look(aligner, image, &found, face);
    if (status != FA_OK || !refine) return status;
    const fa_face first = *face;
    status = look_again(aligner, image, &first, 1, face);
    return status == FA_OK ? settle(aligner, image, &first, face, NULL) : status;
}

fa_status fa_detect(fa_aligner *a, const fa_image *image, fa_detection *found, int32_t capacity, int32_t *count) {
    if (a == NULL || found == NULL || count == NULL || capacity < 1)
        return fa_fail(FA_ERROR_INPUT, "aligner, found, count: expected pointers and room for at least one detection");
    *count = 0;
    if (!a->has_detector && a->detector == NULL)
        return fa_fail(FA_ERROR_DETECTOR, "detector: expected a detector_path in fa_options, or a detector of yours; "
                                          "fa_align takes boxes directly");
    fa_status status = fa_image_check(image);
    if (status != FA_OK) return status;
    if (a->has_detector)
        *count = fa_face_detector_find(&a->own, image, found, capacity);
    else
        *count = a->detector(a->detector_context, image, found, capacity);
    if (*count >= 0 && *count <= capacity) return FA_OK;
    int32_t got = *count;
    *count = 0;
    if (a->has_detector) return FA_ERROR_DETECTOR; /* it said why */
    return fa_fail(FA_ERROR_DETECTOR, "detector: expected 0 to %d detections, got %d; did it fail?", capacity, got);
}

/* The face of a detection; `kept` is 0 where there is none, or where what the looks tell is that of no face. */
static fa_status two_looks(fa_aligner *a, const fa_image *image, const fa_detection *found, fa_face *face, int *kept) {
    fa_face first;
    fa_status status = first_look(a, image, found, &first);
    if (status == FA_OK) status = look_again(a, image, &first, 1, face);
    if (status != FA_OK) return status;
    const fa_acceptance *rule = &a->model.acceptance;
    double apart = fa_face_disagreement(&first, face), last = apart;
    int ruled = rule->given && a->max_disagreement == MAX_DISAGREEMENT && !isnan(face->confidence);
    if (!ruled && !(apart <= a->max_disagreement)) return FA_OK;
    status = settle(a, image, &first, face, &last);
    *kept = status == FA_OK && (!ruled || fa_accepts(rule, face, apart, last));
    return status;
}

fa_status fa_predict_among(fa_aligner *a, const fa_image *image, const fa_detection *found, int32_t n_found, fa_face *faces,
                           int32_t capacity, int32_t *count) {
    if (a == NULL || faces == NULL || count == NULL || capacity < 1)
        return fa_fail(FA_ERROR_INPUT, "aligner, faces, count: expected pointers and room for at least one face");
    *count = 0;
    if (n_found < 0 || n_found > FA_MAX_DETECTIONS || (n_found > 0 && found == NULL))
        return fa_fail(FA_ERROR_INPUT, "found: expected 0 to %d detections, got %d", FA_MAX_DETECTIONS, n_found);
    fa_status status = fa_image_check(image);
    int32_t candidates = 0;
    for (int32_t i = 0; i < n_found && status == FA_OK; i++) {
        fa_face face;
        int kept = 0;
        if (!isfinite(found[i].score)) continue;
        status = two_looks(a, image, &found[i], &face, &kept);
        if (status == FA_ERROR_INPUT) status = FA_OK; /* the image is checked: a box with no face in it */
        if (kept) fa_faces_insert(a->faces, candidates++, &face);
    }
    if (status == FA_OK) *count = fa_faces_distinct(a->faces, candidates, faces, capacity);
    return status;
}

fa_status fa_predict(fa_aligner *aligner, const fa_image *image, fa_face *faces, int32_t capacity, int32_t *count) {
    if (aligner == NULL || faces == NULL || count == NULL || capacity < 1)
        return fa_fail(FA_ERROR_INPUT, "aligner, faces, count: expected pointers and room for at least one face");
    int32_t found = 0;
    *count = 0;
    fa_status status = fa_detect(aligner, image, aligner->found, FA_MAX_DETECTIONS, &found);
    if (status != FA_OK) return status;
    return fa_predict_among(aligner, image, aligner->found, found, faces, capacity, count);
}

fa_status fa_look_again(fa_aligner *aligner, const fa_image *image, const fa_face *face, fa_face *again, int *seen) {
    if (aligner == NULL || face == NULL || again == NULL || seen == NULL)
        return fa_fail(FA_ERROR_INPUT, "aligner, face, again, seen: expected pointers, got NULL");
    *seen = 0;
    fa_status status = fa_image_check(image);
    if (status != FA_OK || !fa_face_inside(face, image)) return status;
    const fa_face last = *face; /* `again` may be the same */
    status = look_again(aligner, image, &last, 0, again);
    *seen = status == FA_OK;
    return status;
}

fa_status fa_face_quality(fa_aligner *a, const fa_image *image, const fa_face *face, fa_quality *quality) {
    fa_face again;
    int seen;
    if (quality == NULL) return fa_fail(FA_ERROR_INPUT, "quality: expected a pointer, got NULL");
    fa_status status = fa_look_again(a, image, face, &again, &seen);
    if (status != FA_OK) return status;
    if (!seen) return fa_fail(FA_ERROR_INPUT, "face: expected landmarks inside the frame; is it from another one?");
    if (a->sharpness == NULL) a->sharpness = malloc(sizeof *a->sharpness);
    if (a->sharpness == NULL) return fa_fail(FA_ERROR_MEMORY, "no memory to measure sharpness");
    status = fa_crop_extract(&a->crop, image, FA_SHARPNESS_SIZE, &a->grid, a->sharpness->pixels);
    if (status != FA_OK) return status;
    *quality = (fa_quality){.score = face->score, .plausibility = face->plausibility};
    quality->disagreement = fa_face_disagreement(&again, face);
    quality->sharpness = fa_sharpness(a->sharpness);
    quality->eye_distance = fa_interocular_distance(face);
    quality->inside = fa_share_inside(face, image);
    return fa_quality_of_pose(&a->model, face, quality);
}

fa_status fa_last_look(const fa_aligner *aligner, fa_look *out) {
    if (aligner == NULL || out == NULL || !aligner->looked)
        return fa_fail(FA_ERROR_INPUT, "fa_last_look: expected a call of fa_align or fa_predict before it");
    const fa_crop *crop = &aligner->crop;
    *out = (fa_look){crop->center_x, crop->center_y, crop->side, crop->angle_deg, aligner->model.file.input_size,
                     aligner->pixels, aligner->raw_landmarks[0], aligner->raw_pose, {NULL, NULL}, {0, 0}};
    for (int i = 0; i < 2; i++) {
        const fa_tensor *output = aligner->outputs[i];
        out->outputs[i] = output->data;
        out->output_bytes[i] = output->count * (output->type == FA_FLOAT32 ? 4 : 1);
    }
    return FA_OK;
}
