/* What the parts of the library share; not installed. */
#ifndef ASMNET_EDGE_INTERNAL_H
#define ASMNET_EDGE_INTERNAL_H

#include "asmnet_edge.h"

/* Sets the thread's last error and returns `status`. */
fa_status fa_fail(fa_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* json.c: a strict reader of one object's members. */
typedef struct fa_json {
    const char *text; /* the value, a string with its quotes */
    size_t length;
} fa_json;
int fa_json_member(fa_json object, const char *key, fa_json *value); /* 1 found, 0 not there, -1 no JSON object */
int fa_json_string(fa_json value, char *out, size_t capacity);       /* 1 if a string without escapes that fits */
int fa_json_number(fa_json value, double *out);                      /* 1 if a finite number */

/* sha256.c */
void fa_sha256(const void *data, size_t size, char hex[65]);

/* archive.c: the zip at the end of a model file. */
typedef struct fa_archive {
    const uint8_t *content, *directory;
    size_t size, directory_size, base, start; /* start: where the first member begins */
    int32_t entries;
} fa_archive;
#define FA_MAX_MEMBER (8u << 20)
int fa_archive_open(const uint8_t *content, size_t size, fa_archive *archive); /* 1 if there is one */
/* A member unpacked, ended by a 0 that does not count; NULL: missing, too large or damaged, says why. */
uint8_t *fa_archive_read(const fa_archive *archive, const char *name, size_t *size, const char **problem);

/* model.c */
typedef struct fa_shape_model {
    int32_t n_modes;
    float mean[FA_LANDMARKS * 2];
    float eigenvalues[FA_MAX_MODES];
    float residual_moments[2];
    float eigenvectors[FA_MAX_MODES][FA_LANDMARKS * 2];
} fa_shape_model;
typedef struct fa_model {
    uint8_t *content; /* the whole file; the network is its first flatbuffer_size bytes */
    size_t flatbuffer_size;
    char name[128];
    int32_t input_size;
    double crop_margin, yaw_expansion;
    float input_scale;
    fa_shape_model shape;
} fa_model;
#define FA_MAX_INPUT_SIZE 1024
/* Takes `content` over on success. */
fa_status fa_model_read(uint8_t *content, size_t size, const char *origin, fa_model *model);
fa_status fa_model_load(const char *path, fa_model *model);

/* crop.c */
typedef struct fa_crop {
    double center_x, center_y, side, angle_deg;
} fa_crop;
typedef struct fa_grid { /* block means of the part of a frame under a crop; grows, is reused */
    uint8_t *pixels;     /* rows x columns x 3, RGB */
    size_t capacity;
    int64_t columns, rows;
} fa_grid;
fa_crop fa_crop_around_box(const fa_box *box, double margin);
fa_crop fa_crop_around_landmarks(const float (*landmarks)[2], double margin, double angle_deg);
void fa_crop_to_image(const fa_crop *crop, const float (*points)[2], float (*out)[2]);
fa_status fa_crop_extract(const fa_crop *crop, const fa_image *image, int32_t size, fa_grid *grid, uint8_t *out);

/* pose.c: degrees from the network's output, 3 numbers, of a crop turned by angle_deg. */
void fa_pose_decode(const fa_model *model, const float *raw, double angle_deg, fa_face *face);

/* shape.c: aligned to the model's mean; both 0 where all landmarks coincide. */
void fa_shape_describe(const fa_shape_model *model, const float (*landmarks)[2], fa_face *face);

/* network.c, with one of two libraries behind it; runtime.c opens them and is all that knows dlopen */
typedef enum fa_type { FA_FLOAT32 = 1, FA_UINT8 = 3, FA_INT8 = 9 } fa_type; /* as TFLite numbers them */
typedef struct fa_tensor {
    void *data;
    fa_type type;
    int32_t count;
    float scale;
    int64_t zero_point;
} fa_tensor;
typedef struct fa_network {
    void *library, *state;
    fa_tensor input, landmarks, pose;
    float input_scale;
    fa_status (*invoke)(struct fa_network *network);
    void (*close)(struct fa_network *network);
} fa_network;
fa_status fa_network_open(const fa_model *model, const char *runtime, int32_t num_threads, fa_network *network);
fa_status fa_network_run(fa_network *network, const uint8_t *pixels, float *landmarks, float *pose);
void fa_network_close(fa_network *network);
fa_status fa_network_check(const fa_network *network, const fa_model *model); /* all tensors there, of the right size */
/* Files an output under landmarks or pose by its size. */
fa_status fa_network_add_output(fa_network *network, fa_tensor tensor);
fa_status fa_litert_open(const fa_model *model, int32_t num_threads, fa_network *network);
fa_status fa_tflite_open(const fa_model *model, int32_t num_threads, fa_network *network);

#endif
