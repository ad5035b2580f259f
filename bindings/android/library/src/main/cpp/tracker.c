/* Between io.asmnetedge.FaceTracker and asmnet_edge.h. */
#include <stdlib.h>

#include "shared.h"

#define CALL(result, name) JNIEXPORT result JNICALL Java_io_asmnetedge_FaceTracker_##name
#define ROWS 3 /* of a face: id and frames, smoothed, measured */

typedef struct { /* with room for the answer, so that an update allocates nothing but Java's arrays */
    fa_tracker *tracker;
    int32_t smooth;
    fa_tracked_face faces[FA_MAX_DETECTIONS];
} owner;

static owner *owner_of(jlong handle) { return (owner *)(intptr_t)handle; }

CALL(jlong, create)(JNIEnv *env, jclass type, jlong aligner, jint detect_every, jint max_faces, jboolean smooth,
                    jdoubleArray numbers) {
    (void)type;
    fa_tracker_options options = FA_TRACKER_OPTIONS_INIT;
    double v[4];
    (*env)->GetDoubleArrayRegion(env, numbers, 0, 4, v);
    options.detect_every = detect_every;
    options.max_faces = max_faces;
    options.smooth = smooth;
    options.min_cutoff_hz = v[0];
    options.beta = v[1];
    options.speed_cutoff_hz = v[2];
    options.fps = v[3];
    owner *made = malloc(sizeof *made);
    fa_status status = FA_ERROR_MEMORY;
    if (made != NULL) {
        made->smooth = smooth;
        status = fa_tracker_create((fa_aligner *)(intptr_t)aligner, &options, &made->tracker);
    }
    if (status == FA_OK) return (jlong)(intptr_t)made;
    throw_status(env, status);
    free(made);
    return 0;
}

CALL(void, destroy)(JNIEnv *env, jclass type, jlong handle) {
    (void)env;
    (void)type;
    fa_tracker_destroy(owner_of(handle)->tracker);
    free(owner_of(handle));
}

CALL(void, reset)(JNIEnv *env, jclass type, jlong handle) {
    (void)env;
    (void)type;
    fa_tracker_reset(owner_of(handle)->tracker);
}

static int put(JNIEnv *env, jobjectArray rows, jsize at, jdoubleArray row) {
    if (row == NULL) return 0;
    (*env)->SetObjectArrayElement(env, rows, at, row);
    (*env)->DeleteLocalRef(env, row);
    return 1;
}

/* A smoothed row of null where it is the measured one. */
static int put_face(JNIEnv *env, jobjectArray rows, jsize at, const fa_tracked_face *face, int smooth) {
    const double seen[2] = {face->id, face->frames};
    jdoubleArray head = (*env)->NewDoubleArray(env, 2);
    if (head != NULL) (*env)->SetDoubleArrayRegion(env, head, 0, 2, seen);
    return put(env, rows, at, head) && (!smooth || put(env, rows, at + 1, face_values(env, &face->face))) &&
           put(env, rows, at + 2, face_values(env, &face->measured));
}

CALL(jobjectArray, update)(JNIEnv *env, jclass type, jlong handle, jobject pixels, jintArray layout, jboolean timed,
                           jdouble timestamp_s) {
    (void)type;
    owner *o = owner_of(handle);
    fa_image image = image_of(env, pixels, layout);
    int32_t count = 0;
    double seconds = timestamp_s;
    fa_status status =
        fa_tracker_update(o->tracker, &image, timed ? &seconds : NULL, o->faces, FA_MAX_DETECTIONS, &count);
    if (status != FA_OK) {
        throw_status(env, status);
        return NULL;
    }
    jobjectArray rows = (*env)->NewObjectArray(env, ROWS * count, (*env)->FindClass(env, "[D"), NULL);
    for (int32_t i = 0; rows != NULL && i < count; i++)
        if (!put_face(env, rows, ROWS * i, &o->faces[i], o->smooth)) return NULL;
    return rows;
}
