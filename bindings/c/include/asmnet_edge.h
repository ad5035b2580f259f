/* Face landmarks and head pose from C, from the same model files as the Python SDK and with the same numbers.
 *
 * Frames, signs and units: docs/conventions.md. The centre of a frame's top-left pixel is (0, 0).
 * A handle serves one thread at a time; give each thread its own. After the first frames of a size no function
 * but fa_create allocates memory.
 */
#ifndef ASMNET_EDGE_H
#define ASMNET_EDGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define FA_API __attribute__((visibility("default")))
#else
#define FA_API
#endif

#define FA_ABI_VERSION 4u /* raised when a struct or function changes; fa_create compares it */
#define FA_LANDMARKS 68   /* i-bug's order, counted from 0 */
#define FA_MAX_MODES 64
#define FA_MAX_THREADS 1024
#define FA_MAX_DETECTIONS 64 /* in a frame; the best are kept */

typedef enum fa_status {
    FA_OK = 0,
    FA_ERROR_INPUT = 1,   /* an argument is not as described here */
    FA_ERROR_MODEL = 2,   /* the model file is missing, damaged or of a newer format */
    FA_ERROR_BACKEND = 3, /* no usable TFLite library, or it refuses the model */
    FA_ERROR_MEMORY = 4,
    FA_ERROR_ABI = 5,     /* header and library are of different versions */
    FA_ERROR_DETECTOR = 6 /* there is none, or it failed */
} fa_status;

/* From FA_NV21 on, a camera's: brightness Y and colour U, V by BT.601 in limited range, as docs/conventions.md has it. Two
 * columns share their colour, and two rows but in YUYV: width and height must be even there. */
typedef enum fa_format {
    FA_BGR = 0,
    FA_RGB = 1,
    FA_BGRA = 2,
    FA_RGBA = 3,
    FA_GRAY = 4,
    FA_NV21 = 5,  /* `height` rows of Y, then half as many of V and U in turn, all `stride` bytes apart */
    FA_NV12 = 6,  /* the same with U before V */
    FA_I420 = 7,  /* `height` rows of Y, then half as many of U, then of V, both half of `stride` bytes apart */
    FA_YUYV = 8,  /* Y U Y V for two pixels */
    FA_PLANES = 9 /* Y, U and V wherever they lie: fa_image_of_planes */
} fa_format;

typedef struct fa_image {
    const uint8_t *data;
    int32_t width, height;
    int64_t stride; /* bytes from row to row; 0: rows follow each other */
    int32_t format; /* fa_format */
} fa_image;

/* One of the planes of Android's YUV_420_888, of V4L2's buffers or FFmpeg's frames. */
typedef struct fa_plane {
    const uint8_t *data;
    int64_t row_stride;   /* bytes from row to row; 0: rows follow each other */
    int32_t pixel_stride; /* bytes from sample to sample; 2 where U and V lie in turn */
    size_t size;          /* bytes that may be read, which are checked to be enough; 0: not known */
} fa_plane;

/* Edges in pixels; a face box is the tight bounding box of its landmarks, give or take 10 %. */
typedef struct fa_box {
    double left, top, right, bottom;
} fa_box;

typedef struct fa_detection {
    fa_box box;
    double score;    /* 0 to 1 */
    double roll_deg; /* clockwise positive; 0 where the detector does not know */
} fa_detection;

typedef struct fa_face {
    float landmarks[FA_LANDMARKS][2]; /* x, y in pixels of the frame */
    double yaw_deg, pitch_deg, roll_deg;
    fa_box box;          /* around the landmarks */
    double score;        /* the detector's; 1 where the caller gave the box */
    double plausibility; /* 0 to 1; near 0: do not trust these landmarks */
    double confidence;   /* 0 to 1, the network's own that this is a face and its landmarks fit: below 0.5 do not trust them;
                          * NaN where the model gives none */
    int32_t n_modes;
    float shape_parameters[FA_MAX_MODES]; /* the first n_modes, each within 3 standard deviations */
    float point_errors[FA_LANDMARKS]; /* expected distance of each landmark from the true one, in outer-eye distances, 0 to 1;
                                       * all NaN where the model gives none; docs/conventions.md, "Point errors" */
} fa_face;

/* The square that was cut out last, what the network saw and what it answered, of a second look both as in the mirror;
 * valid until the next call. */
typedef struct fa_look {
    double center_x, center_y, side, angle_deg;
    int32_t size;
    const uint8_t *pixels;      /* size x size x 3, RGB */
    const float *raw_landmarks; /* FA_LANDMARKS x 2, in sides of the square from its centre */
    const float *raw_pose;      /* 3, in units of 90 degrees */
    const void *outputs[2];     /* the network's own, from which these follow: maps and last feature map of a model */
    int32_t output_bytes[2];    /* with a head (docs/model_format.md), else landmarks and pose */
} fa_look;

/* Finds faces: writes at most `capacity` detections, returns how many, or a negative number to fail. */
typedef int32_t (*fa_detector)(void *context, const fa_image *image, fa_detection *found, int32_t capacity);

typedef struct fa_options {
    uint32_t abi_version;    /* FA_ABI_VERSION; FA_OPTIONS_INIT sets it */
    int32_t num_threads;     /* of each network, 1 to FA_MAX_THREADS: the detector's has its own */
    const char *model_path;  /* or */
    const void *model_data;  /* the file's content, which is copied */
    size_t model_size;
    const char *runtime;     /* libLiteRt or a library with the TFLite C API; NULL: $ASMNET_RUNTIME, then libLiteRt.so */
    const char *detector_path; /* for fa_predict and fa_detect: the file of the face detector, or */
    const void *detector_data; /* its content, which is copied, or */
    size_t detector_size;
    fa_detector detector;      /* a function of yours; without any of them boxes must be given */
    void *detector_context;
    double max_disagreement; /* fa_predict drops a face where two looks differ by more, in outer-eye distances; at its
                                default of 0.10 the model file's rule of acceptance decides instead, if it has one */
} fa_options;

#define FA_OPTIONS_INIT {FA_ABI_VERSION, 1, NULL, NULL, 0, NULL, NULL, NULL, 0, NULL, NULL, 0.10}

typedef struct fa_aligner fa_aligner;

FA_API const char *fa_version(void);     /* of the library, "0.1.0" */
FA_API uint32_t fa_abi_version(void);    /* of the library */
FA_API const char *fa_last_error(void);  /* what went wrong last in this thread, what was expected, the likely fix */

/* Hears what the library says while it opens models, a line without its end at a time; without one it is silent. Of the whole
 * process: set it before the first fa_create. NULL: silence again. */
typedef void (*fa_log)(void *context, const char *line);
FA_API void fa_set_log(fa_log log, void *context);

/* The image of planes Y, U and V, for any function here; they are not copied. */
FA_API fa_image fa_image_of_planes(const fa_plane planes[3], int32_t width, int32_t height);

FA_API fa_status fa_create(const fa_options *options, fa_aligner **aligner);
FA_API void fa_destroy(fa_aligner *aligner);

FA_API const char *fa_model_name(const fa_aligner *aligner); /* "" of NULL */
FA_API int32_t fa_input_size(const fa_aligner *aligner);     /* 0 of NULL */

/* The face in a known box. refine: look a second time, in the mirror and around the
 * landmarks found, and return the mean of both looks: twice the time, and more exact. */
FA_API fa_status fa_align(fa_aligner *aligner, const fa_image *image, const fa_box *box, int refine, fa_face *face);

/* All faces of a frame, best first: looks twice at what the detector finds, and drops what the two looks do not agree
 * on and what is there twice. `count` is 0 where there is no face. */
FA_API fa_status fa_predict(fa_aligner *aligner, const fa_image *image, fa_face *faces, int32_t capacity,
                            int32_t *count);

/* The same for detections of your own; at most FA_MAX_DETECTIONS. One that no face can be found by, as a box outside the
 * image or a score that is no number, is left out. */
FA_API fa_status fa_predict_among(fa_aligner *aligner, const fa_image *image, const fa_detection *found,
                                  int32_t n_found, fa_face *faces, int32_t capacity, int32_t *count);

/* What the detector finds, best first, before any look. */
FA_API fa_status fa_detect(fa_aligner *aligner, const fa_image *image, fa_detection *found, int32_t capacity,
                           int32_t *count);

/* The same face in the next frame, or more exactly in this one: its landmarks give the crop. `seen` is 0 where they all lie
 * outside the frame; `again` is then as it was. */
FA_API fa_status fa_look_again(fa_aligner *aligner, const fa_image *image, const fa_face *face, fa_face *again, int *seen);

FA_API fa_status fa_last_look(const fa_aligner *aligner, fa_look *look);

/* From landmarks alone; NaN where `face` is NULL. Openness has no unit: an eye about 0.3 open and near 0 closed, a mouth 0
 * closed and 0.5 or more when yawning. */
FA_API double fa_interocular_distance(const fa_face *face); /* between the outer eye corners, pixels */
FA_API void fa_eye_openness(const fa_face *face, double *subject_right, double *subject_left);
FA_API double fa_mouth_openness(const fa_face *face);

/* What speaks for and against one face; docs/guide.md says what to do at which value. */
typedef struct fa_quality {
    double score, plausibility; /* the face's */
    double disagreement;        /* how far another look puts the landmarks, in outer-eye distances; above 0.1: no face */
    double sharpness;           /* 0 to 1; below 0.25 too blurred, below 0.15 of little use */
    double eye_distance;        /* between the outer eye corners, pixels */
    double inside;              /* share of the landmarks that lie inside the frame */
    double landmark_yaw_deg, landmark_pitch_deg, landmark_roll_deg; /* the pose that the landmarks alone give */
    double pose_disagreement_deg; /* angle between that pose, its yaw expanded as the model file says, and the face's */
} fa_quality;

/* Takes about as long as fa_look_again. Refused where no landmark lies inside the image. */
FA_API fa_status fa_face_quality(fa_aligner *aligner, const fa_image *image, const fa_face *face, fa_quality *quality);

/* Follows faces through a video: the next crop comes from the last landmarks, the detector only looks for new faces.
 * docs/tracking.md has the arithmetic. */
typedef struct fa_tracker_options {
    uint32_t abi_version; /* FA_ABI_VERSION; FA_TRACKER_OPTIONS_INIT sets it */
    int32_t detect_every; /* frames between two searches for new faces; with no face in sight every frame is searched */
    int32_t max_faces;    /* follow no more than this, the best first; 0: all, up to FA_MAX_DETECTIONS */
    int32_t smooth;       /* 0: faces as they are measured */
    double min_cutoff_hz, beta, speed_cutoff_hz; /* of the One-Euro filter, in outer-eye distances and seconds */
    double fps;           /* frames a second, for time steps where no timestamp is given */
} fa_tracker_options;

#define FA_TRACKER_OPTIONS_INIT {FA_ABI_VERSION, 15, 0, 1, 0.3, 60.0, 0.6, 30.0}

typedef struct fa_tracked_face {
    int32_t id;       /* the same as long as the face is followed; never used again */
    int32_t frames;   /* in how many it has been seen, this one included */
    fa_face face;     /* smoothed, if the tracker smooths; else as measured */
    fa_face measured; /* what the network saw in this frame alone */
} fa_tracked_face;

typedef struct fa_tracker fa_tracker;

/* The aligner is used, not owned: it must outlive the last update, and both serve the same thread. It may be used between
 * updates. Memory is allocated here alone. */
FA_API fa_status fa_tracker_create(fa_aligner *aligner, const fa_tracker_options *options, fa_tracker **tracker);
FA_API void fa_tracker_destroy(fa_tracker *tracker);

/* The faces of the next frame, longest followed first. timestamp_s: when it was taken, in seconds from any origin, rising
 * while faces are followed; NULL counts frames at `fps`. A frame or a timestamp that is refused changes nothing. */
FA_API fa_status fa_tracker_update(fa_tracker *tracker, const fa_image *image, const double *timestamp_s,
                                   fa_tracked_face *faces, int32_t capacity, int32_t *count);

FA_API void fa_tracker_reset(fa_tracker *tracker); /* forgets all faces, as at a cut; ids go on */

#ifdef __cplusplus
}
#endif
#endif
