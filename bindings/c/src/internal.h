/* What the parts of the library share; not installed. */
#ifndef ASMNET_EDGE_INTERNAL_H
#define ASMNET_EDGE_INTERNAL_H

#include "asmnet_edge.h"
#include "errors.h"

#define FA_PI 3.141592653589793

/* Not fmin and fmax: GCC 12.2 for arm64, that of Debian 12, fails on these in loops (-O3). */
static inline double fa_least(double a, double b) { return a < b ? a : b; }
static inline double fa_most(double a, double b) { return a > b ? a : b; }

/* image.c: whether an image is as asmnet_edge.h describes it */
fa_status fa_image_check(const fa_image *image);
int32_t fa_pixel_bytes(int32_t format); /* of a format whose pixels lie one after the other */

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
#define FA_MAX_METADATA (1u << 20)
int fa_archive_open(const uint8_t *content, size_t size, fa_archive *archive); /* 1 if there is one */
/* A member unpacked, ended by a 0 that does not count; NULL: missing, too large or damaged, says why. */
uint8_t *fa_archive_read(const fa_archive *archive, const char *name, size_t limit, size_t *size, const char **problem);

/* flatbuffer.c */
int fa_is_utf8(const uint8_t *text, size_t size);

/* check.c: whether the network in a model file may be handed to an interpreter. */
fa_status fa_flatbuffer_check(const uint8_t *content, size_t size, const char *origin);

/* packed.c: what all model files have */
typedef struct fa_packed {
    const char *origin;
    fa_archive archive;
    fa_json table; /* the metadata, in `text` */
    uint8_t *text;
} fa_packed;
typedef struct fa_model_file { /* what every kind of model file has */
    uint8_t *content;          /* the whole file; the network is its first flatbuffer_size bytes */
    size_t flatbuffer_size;
    char name[128];
    int32_t input_size;
    float input_scale;
} fa_model_file;
/* Metadata of the kind wanted, checked; close it also where it fails. The flatbuffer's checksum is left to do. */
fa_status fa_packed_open(const uint8_t *content, size_t size, const char *origin, const char *kind, fa_packed *packed,
                         fa_model_file *file);
void fa_packed_close(fa_packed *packed);
int fa_packed_number(const fa_packed *packed, const char *name, double *out); /* 1 if there is one */
int fa_packed_string(const fa_packed *packed, const char *name, char *out, size_t capacity);
int fa_packed_range(const fa_packed *packed, const char *name, double least, double most, double *out); /* 1 if in it */
fa_status fa_packed_check(const fa_packed *packed, const char *name, const void *data, size_t size); /* its SHA-256 */

/* arrays.c: a member of float32, rows x columns, to be freed; *rows: how many it may have at most, then has. */
fa_status fa_array_read(const fa_packed *packed, const char *member, int32_t *rows, int32_t columns, float **out);

/* head.c: from integers to landmarks and pose, for networks that end before them */
typedef struct fa_layer {
    int32_t rows, columns;
    float *kernel, *bias;
} fa_layer;
typedef struct fa_head {
    int32_t side, top_size; /* cells of a map per side, 0: there is no head; numbers of the last feature map */
    int32_t top_zero_point;
    double top_scale, chance[256]; /* of a cell, by how far its integer is below the map's greatest */
    fa_layer landmarks, pose, confidence, errors; /* the last two without a kernel where the model gives none */
    float *errors_looks; /* 2: weights of the mean of two looks' errors and of their distance; NULL: no errors */
    double *features; /* memory for a frame */
} fa_head;
fa_status fa_head_read(const fa_packed *packed, fa_head *head); /* frees what it made where it fails */
/* Returns the confidence, NaN where the head has none; likewise the FA_LANDMARKS errors. */
double fa_head_decode(const fa_head *head, const uint8_t *maps, const uint8_t *top, float *landmarks, float *pose,
                      float *errors);
/* Those of the mean of two looks. */
void fa_head_errors_of_two(const fa_head *head, const fa_face *first, const fa_face *second, const fa_face *mean, float *out);
void fa_no_errors(float *errors); /* NaN */
void fa_head_free(fa_head *head);

/* model.c */
typedef struct fa_shape_model {
    int32_t n_modes;
    float mean[FA_LANDMARKS * 2];
    float eigenvalues[FA_MAX_MODES];
    float residual_moments[2];
    float mean_3d[FA_LANDMARKS][3]; /* the rigid mean head in the axes of docs/conventions.md */
    float eigenvectors[FA_MAX_MODES][FA_LANDMARKS * 2];
} fa_shape_model;
/* acceptance.c: whether a detection is a face, by all that the looks at it tell */
#define FA_ACCEPTANCE 6
typedef struct fa_acceptance {
    int given;
    double weights[FA_ACCEPTANCE];
} fa_acceptance;
fa_status fa_acceptance_read(const fa_packed *packed, fa_acceptance *rule);
/* `face` is the mean of the last two looks; first and last: distances of the first and of the last two. */
int fa_accepts(const fa_acceptance *rule, const fa_face *face, double first, double last);

typedef struct fa_model {
    fa_model_file file;
    double crop_margin, yaw_expansion;
    fa_acceptance acceptance;
    fa_shape_model shape;
    fa_head head;
} fa_model;
typedef struct fa_detector_model {
    fa_model_file file;
    double min_score, max_overlap; /* IoU */
} fa_detector_model;
#define FA_MAX_INPUT_SIZE 1024
/* These take `content` over on success; the head is to be freed then. */
fa_status fa_model_read(uint8_t *content, size_t size, const char *origin, fa_model *model);
fa_status fa_detector_model_read(uint8_t *content, size_t size, const char *origin, fa_detector_model *model);

/* plausible.c: whether numbers from a file are those of a fitted shape model; NULL, or what was expected. */
const char *fa_shape_problem(const fa_shape_model *shape, const float *mean_3d, int32_t modes);

/* files.c: a file's content, or a copy of `data` where `path` is NULL; to be freed. Only regular files are opened. */
#define FA_MAX_FILE (256u << 20)
fa_status fa_content(const char *path, const void *data, size_t size, uint8_t **content, size_t *length);

/* crop.c */
typedef struct fa_crop {
    double center_x, center_y, side, angle_deg;
} fa_crop;
typedef struct fa_grid { /* block means of the part of a frame under a crop; grows, is reused */
    uint64_t *pixels;    /* rows x columns, each red, green and blue in 21 bits */
    size_t capacity;
    int64_t columns, rows;
} fa_grid;
fa_crop fa_crop_around_box(const fa_box *box, double margin);
fa_crop fa_crop_around_landmarks(const float (*landmarks)[2], double margin, double angle_deg);
fa_crop fa_crop_on_grid(fa_crop crop); /* the nearest of a coarse grid, the same on every processor */
void fa_crop_to_image(const fa_crop *crop, const float (*points)[2], float (*out)[2]);
fa_status fa_crop_extract(const fa_crop *crop, const fa_image *image, int32_t size, fa_grid *grid, uint8_t *out);

/* pose.c: degrees from the network's output, 3 numbers, of a crop turned by angle_deg. */
double fa_expanded_yaw(double yaw_deg, double expansion); /* of a network that falls short of large angles */
void fa_pose_decode(const fa_model *model, const float *raw, double angle_deg, fa_face *face);

/* shape.c: aligned to the model's mean; both 0 where all landmarks coincide. */
void fa_shape_describe(const fa_shape_model *model, const float (*landmarks)[2], fa_face *face);

int fa_shape_roll(const fa_shape_model *model, const float (*landmarks)[2], double *radians); /* 0 where all coincide */

/* pose_fit.c: the pose that landmarks alone give, as a rotation by rows; 0 where there is none */
int fa_pose_fit(const fa_shape_model *model, const float (*landmarks)[2], double rotation[9]);

/* quality.c */
#define FA_SHARPNESS_SIZE 128 /* of the crops on which sharpness is measured */
typedef struct fa_sharpness_space {
    uint8_t pixels[FA_SHARPNESS_SIZE * FA_SHARPNESS_SIZE * 3];
    float grey[FA_SHARPNESS_SIZE * FA_SHARPNESS_SIZE];
} fa_sharpness_space;
double fa_sharpness(fa_sharpness_space *space); /* of its pixels; grey is overwritten */
double fa_share_inside(const fa_face *face, const fa_image *image);
/* What landmarks alone say of the pose, and how far it is from the face's. */
fa_status fa_quality_of_pose(const fa_model *model, const fa_face *face, fa_quality *quality);

/* network.c, with one of two libraries behind it; runtime.c opens them and is all that knows dlopen */
typedef enum fa_type { FA_FLOAT32 = 1, FA_UINT8 = 3, FA_INT8 = 9 } fa_type; /* as TFLite numbers them */
typedef struct fa_tensor {
    void *data;
    fa_type type;
    int32_t count, last; /* numbers in all, and along the last axis */
    float scale;
    int64_t zero_point;
} fa_tensor;
#define FA_MAX_OUTPUTS 9
typedef struct fa_network {
    void *library, *state;
    fa_tensor input, outputs[FA_MAX_OUTPUTS];
    int32_t n_outputs;
    float input_scale;
    fa_status (*invoke)(struct fa_network *network);
    void (*close)(struct fa_network *network);
} fa_network;
fa_status fa_network_open(const fa_model_file *model, const char *runtime, int32_t num_threads, fa_network *network);
fa_status fa_network_run(fa_network *network, const uint8_t *pixels); /* input_size x input_size x 3, RGB */
void fa_network_close(fa_network *network);
/* quiet.c: lets a library write its first line where nobody sees it. */
typedef fa_status (*fa_network_open_function)(const fa_model_file *model, int32_t num_threads, fa_network *network);
void fa_have_it_said(void *library, fa_network_open_function open);
void fa_tensor_read(const fa_tensor *tensor, float *out); /* as real numbers */
fa_status fa_litert_open(const fa_model_file *model, int32_t num_threads, fa_network *network);
fa_status fa_tflite_open(const fa_model_file *model, int32_t num_threads, fa_network *network);

/* letterbox.c: a frame on the square that the detector sees */
typedef struct fa_letterbox { /* memory for it; grows, is reused */
    uint8_t *pixels;
    size_t capacity, most_columns, row_capacity;
    struct fa_place *columns;
    uint8_t *rows; /* two of a camera's, as RGB */
} fa_letterbox;
/* Writes size x size x 3, RGB; scale: pixels of them per pixel of the image, across and down. */
fa_status fa_letterbox_fill(fa_letterbox *box, const fa_image *image, int32_t size, uint8_t *out, float scale[2]);
/* The image in the middle, its longer side two thirds of the square's; corner: where its left and top edges lie. */
fa_status fa_letterbox_fill_with_margin(fa_letterbox *box, const fa_image *image, int32_t size, uint8_t *out, float scale[2],
                                        float corner[2]);
void fa_letterbox_free(fa_letterbox *box);

/* cells.c: from the detector's maps to boxes */
#define FA_LEVELS 3 /* strides 8, 16, 32 */
typedef struct fa_cell_map { /* of one stride: 1, 4 and 2 values per cell, row by row */
    const float *score, *box, *roll;
} fa_cell_map;
typedef struct fa_candidate {
    float logit, box[4], turn[2];
    int32_t dropped;
} fa_candidate;
int32_t fa_cells_count(int32_t size); /* room that `scratch` must have */
typedef struct fa_placed { /* an image in the detector's input */
    const fa_image *image;
    float scale[2], corner[2]; /* pixels of the input per pixel of the image; where its left and top edges lie */
} fa_placed;
/* Faces in pixels of the image, best first, whose longer side is at least `least` pixels. Returns how many. */
int32_t fa_cells_decode(const fa_cell_map maps[FA_LEVELS], const fa_detector_model *model, const fa_placed *placed,
                        double least, fa_candidate *scratch, fa_detection *found, int32_t capacity);
/* Whether something large looks a little like a face: worth a look with a margin around the image. */
int fa_cells_hint_at_near(const fa_cell_map maps[FA_LEVELS], int32_t size, fa_candidate *scratch);
#define FA_NEAR 0.5 /* longer side of a near face in longer sides of the image, as sdk/face_detector.py has it */

/* detector.c: the model is read already; close it also where open fails. find returns -1 where it fails. */
typedef struct fa_face_detector {
    fa_detector_model model;
    fa_network network;
    fa_cell_map maps[FA_LEVELS];
    fa_letterbox letterbox;
    uint8_t *pixels;
    fa_candidate *candidates;
} fa_face_detector;
fa_status fa_face_detector_open(fa_face_detector *detector, const char *runtime, int32_t num_threads);
int32_t fa_face_detector_find(fa_face_detector *detector, const fa_image *image, fa_detection *found, int32_t capacity);
void fa_face_detector_close(fa_face_detector *detector);

/* mirror.c */
void fa_mirror_pixels(uint8_t *pixels, int32_t size); /* size x size x 3, in place */
void fa_mirror_answers(float (*points)[2], float pose[3], float errors[FA_LANDMARKS]); /* to and fro */

/* asmnet_edge.c */
double fa_max_disagreement(const fa_aligner *aligner);

/* faces.c */
double fa_box_overlap(const fa_box *a, const fa_box *b); /* intersection over union, 0 to 1 */
fa_box fa_box_around(const float (*landmarks)[2]);
fa_box fa_box_upright(const fa_detection *found); /* where the landmark box of the face, seen upright, would be */
int fa_face_inside(const fa_face *face, const fa_image *image); /* any of its landmarks */
double fa_face_disagreement(const fa_face *first, const fa_face *second); /* in outer-eye distances */
/* Sorts a face into `count` others, best first; of equal ones the earlier stays first. */
void fa_faces_insert(fa_face *faces, int32_t count, const fa_face *face);
/* Those of `count` faces, best first, that overlap no better one by more than half; returns how many. */
int32_t fa_faces_distinct(const fa_face *faces, int32_t count, fa_face *out, int32_t capacity);

#endif
