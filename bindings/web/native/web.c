/* What JavaScript calls: the C library's functions, with structs laid out as plain numbers. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define EXPORT(function) __attribute__((export_name(#function))) function

static fa_aligner *aligner;
static fa_face faces[FA_MAX_DETECTIONS];
static fa_detection found[FA_MAX_DETECTIONS];
static fa_tracker *tracker; /* made last */
static fa_tracked_face tracked[FA_MAX_DETECTIONS];
static double numbers[3 * FA_LANDMARKS + 11 + FA_MAX_MODES];

/* There are no files here; without this one the whole of the C library's would be linked. */
FILE *fopen(const char *restrict path, const char *restrict mode) {
    (void)path;
    (void)mode;
    errno = ENOENT;
    return NULL;
}

void *EXPORT(web_allocate)(uint32_t size) { return malloc(size); }
void EXPORT(web_free)(void *memory) { free(memory); }
const char *EXPORT(web_version)(void) { return fa_version(); }
const char *EXPORT(web_last_error)(void) { return fa_last_error(); }
const char *EXPORT(web_model_name)(void) { return fa_model_name(aligner); }
int32_t EXPORT(web_input_size)(void) { return fa_input_size(aligner); }
void EXPORT(web_destroy)(void) {
    fa_destroy(aligner);
    aligner = NULL;
}

/* Without a detector where `detector` is NULL. */
int32_t EXPORT(web_create)(const uint8_t *model, uint32_t size, const uint8_t *detector, uint32_t detector_size,
                           double max_disagreement) {
    fa_options options = FA_OPTIONS_INIT;
    options.model_data = model;
    options.model_size = size;
    options.detector_data = detector;
    options.detector_size = detector_size;
    options.max_disagreement = max_disagreement;
    return fa_create(&options, &aligner);
}

int32_t EXPORT(web_align)(const uint8_t *pixels, int32_t width, int32_t height, int32_t format, double left, double top,
                          double right, double bottom, int32_t refine) {
    fa_image image = {pixels, width, height, 0, format};
    fa_box box = {left, top, right, bottom};
    return fa_align(aligner, &image, &box, refine, &faces[0]);
}

/* How many faces were found, or minus the status. */
int32_t EXPORT(web_predict)(const uint8_t *pixels, int32_t width, int32_t height, int32_t format) {
    fa_image image = {pixels, width, height, 0, format};
    int32_t count = 0;
    fa_status status = fa_predict(aligner, &image, faces, FA_MAX_DETECTIONS, &count);
    return status == FA_OK ? count : -(int32_t)status;
}

/* How many detections, or minus the status. */
int32_t EXPORT(web_detect)(const uint8_t *pixels, int32_t width, int32_t height, int32_t format) {
    fa_image image = {pixels, width, height, 0, format};
    int32_t count = 0;
    fa_status status = fa_detect(aligner, &image, found, FA_MAX_DETECTIONS, &count);
    return status == FA_OK ? count : -(int32_t)status;
}

/* Left, top, right, bottom, score and roll. */
const fa_detection *EXPORT(web_detection)(int32_t index) { return &found[index]; }

/* Landmarks; yaw, pitch, roll; left, top, right, bottom; score, plausibility, confidence; how many shape
 * parameters; the points' errors; and the shape parameters. */
static const double *written(const fa_face *f) {
    double rest[] = {f->yaw_deg,    f->pitch_deg, f->roll_deg,     f->box.left,   f->box.top, f->box.right,
                     f->box.bottom, f->score,     f->plausibility, f->confidence, f->n_modes};
    double *out = numbers;
    for (int i = 0; i < FA_LANDMARKS; i++)
        for (int k = 0; k < 2; k++) *out++ = f->landmarks[i][k];
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) *out++ = rest[i];
    for (int i = 0; i < FA_LANDMARKS; i++) *out++ = f->point_errors[i];
    for (int i = 0; i < f->n_modes; i++) *out++ = f->shape_parameters[i];
    return numbers;
}

const double *EXPORT(web_face)(int32_t index) { return written(&faces[index]); }

/* A face of JavaScript: landmarks; yaw, pitch, roll; score, plausibility. */
static fa_face given(const double *values) {
    fa_face face = {0};
    for (int i = 0; i < FA_LANDMARKS; i++)
        for (int k = 0; k < 2; k++) face.landmarks[i][k] = (float)*values++;
    face.yaw_deg = values[0];
    face.pitch_deg = values[1];
    face.roll_deg = values[2];
    face.score = values[3];
    face.plausibility = values[4];
    return face;
}

/* The status, and in `out` the numbers of fa_quality. */
int32_t EXPORT(web_quality)(const uint8_t *pixels, int32_t width, int32_t height, int32_t format, const double *values,
                            fa_quality *out) {
    fa_image image = {pixels, width, height, 0, format};
    const fa_face face = given(values);
    return fa_face_quality(aligner, &image, &face, out);
}

/* 1 with face 0 where there is another look at a face, else 0; minus the status. */
int32_t EXPORT(web_look_again)(const uint8_t *pixels, int32_t width, int32_t height, int32_t format, const double *values) {
    fa_image image = {pixels, width, height, 0, format};
    const fa_face face = given(values);
    int seen = 0;
    fa_status status = fa_look_again(aligner, &image, &face, &faces[0], &seen);
    return status == FA_OK ? seen : -(int32_t)status;
}

/* The tracker is that of web_tracker then. */
int32_t EXPORT(web_tracker_create)(int32_t detect_every, int32_t max_faces, int32_t smooth, double min_cutoff_hz,
                                   double beta, double speed_cutoff_hz, double fps) {
    fa_tracker_options options = FA_TRACKER_OPTIONS_INIT;
    options.detect_every = detect_every;
    options.max_faces = max_faces;
    options.smooth = smooth;
    options.min_cutoff_hz = min_cutoff_hz;
    options.beta = beta;
    options.speed_cutoff_hz = speed_cutoff_hz;
    options.fps = fps;
    return fa_tracker_create(aligner, &options, &tracker);
}

fa_tracker *EXPORT(web_tracker)(void) { return tracker; }
void EXPORT(web_tracker_destroy)(fa_tracker *old) { fa_tracker_destroy(old); }
void EXPORT(web_tracker_reset)(fa_tracker *used) { fa_tracker_reset(used); }

/* How many faces there are, or minus the status. */
int32_t EXPORT(web_tracker_update)(fa_tracker *used, const uint8_t *pixels, int32_t width, int32_t height, int32_t format,
                                   int32_t timed, double timestamp_s) {
    fa_image image = {pixels, width, height, 0, format};
    int32_t count = 0;
    fa_status status =
        fa_tracker_update(used, &image, timed ? &timestamp_s : NULL, tracked, FA_MAX_DETECTIONS, &count);
    return status == FA_OK ? count : -(int32_t)status;
}

int32_t EXPORT(web_tracked_id)(int32_t index) { return tracked[index].id; }
int32_t EXPORT(web_tracked_frames)(int32_t index) { return tracked[index].frames; }

/* As web_face. */
const double *EXPORT(web_tracked)(int32_t index, int32_t measured) {
    return written(measured ? &tracked[index].measured : &tracked[index].face);
}

/* What the detector would see of an image; for the golden contract. */
int32_t EXPORT(web_letterbox)(const uint8_t *pixels, int32_t width, int32_t height, int32_t format, int32_t size,
                              uint8_t *out) {
    fa_letterbox box = {0};
    fa_image image = {pixels, width, height, 0, format};
    float scale[2];
    fa_status status = fa_letterbox_fill(&box, &image, size, out, scale);
    fa_letterbox_free(&box);
    return status;
}

/* Decoding alone, from given outputs of a network, for the golden contract; into face 0. */
int32_t EXPORT(web_decode)(const uint8_t *content, uint32_t size, const fa_crop *crop, const float *landmarks,
                           const float *pose) {
    static fa_model model;
    uint8_t *copy = malloc(size);
    if (copy == NULL) return fa_fail(FA_ERROR_MEMORY, "no memory for %u bytes", (unsigned)size);
    memcpy(copy, content, size);
    fa_status status = fa_model_read(copy, size, "data", &model);
    if (status == FA_OK) {
        faces[0] = (fa_face){.confidence = NAN};
        fa_no_errors(faces[0].point_errors);
        fa_crop_to_image(crop, (const float(*)[2])landmarks, faces[0].landmarks);
        fa_pose_decode(&model, pose, crop->angle_deg, &faces[0]);
        fa_shape_describe(&model.shape, (const float(*)[2])faces[0].landmarks, &faces[0]);
        fa_head_free(&model.head);
    }
    free(copy);
    return status;
}

const fa_look *EXPORT(web_last_look)(void) {
    static fa_look look;
    return fa_last_look(aligner, &look) == FA_OK ? &look : NULL;
}
