/* Between io.asmnetedge.FaceAligner and asmnet_edge.h. */
#include <jni.h>
#include <stdlib.h>

#include "asmnet_edge.h"

#define CALL(result, name) JNIEXPORT result JNICALL Java_io_asmnetedge_FaceAligner_##name
#define FIXED_VALUES (2 * FA_LANDMARKS + 9)

typedef struct {
    fa_aligner *aligner;
    const double *detections; /* those of the predict under way: left, top, right, bottom, score */
    jsize count;
} state;

static void throw_status(JNIEnv *env, fa_status status) {
    const char *kind = status == FA_ERROR_INPUT ? "java/lang/IllegalArgumentException" : "java/lang/IllegalStateException";
    jclass type = (*env)->FindClass(env, kind);
    if (type != NULL) (*env)->ThrowNew(env, type, fa_last_error());
}

static int32_t detect(void *context, const fa_image *image, fa_detection *found, int32_t capacity) {
    const state *s = context;
    (void)image;
    int32_t count = s->count < capacity ? (int32_t)s->count : capacity;
    for (int32_t i = 0; i < count; i++) {
        const double *d = s->detections + 5 * i;
        found[i] = (fa_detection){{d[0], d[1], d[2], d[3]}, d[4]};
    }
    return count;
}

static fa_image image_of(JNIEnv *env, jobject pixels, jintArray layout) {
    jint values[4] = {0, 0, 0, 0};
    (*env)->GetIntArrayRegion(env, layout, 0, 4, values);
    return (fa_image){(*env)->GetDirectBufferAddress(env, pixels), values[0], values[1], values[2], values[3]};
}

static jdoubleArray face_values(JNIEnv *env, const fa_face *face) {
    double values[FIXED_VALUES + FA_MAX_MODES], *at = values;
    for (int i = 0; i < FA_LANDMARKS; i++)
        for (int k = 0; k < 2; k++) *at++ = face->landmarks[i][k];
    const double rest[9] = {face->yaw_deg, face->pitch_deg, face->roll_deg, face->box.left, face->box.top,
                            face->box.right, face->box.bottom, face->score, face->plausibility};
    for (int i = 0; i < 9; i++) *at++ = rest[i];
    for (int i = 0; i < face->n_modes; i++) *at++ = face->shape_parameters[i];
    jdoubleArray array = (*env)->NewDoubleArray(env, FIXED_VALUES + face->n_modes);
    if (array != NULL) (*env)->SetDoubleArrayRegion(env, array, 0, FIXED_VALUES + face->n_modes, values);
    return array;
}

CALL(jlong, create)(JNIEnv *env, jclass type, jbyteArray model, jstring runtime, jint threads) {
    (void)type;
    fa_options options = FA_OPTIONS_INIT;
    state *s = calloc(1, sizeof *s);
    jbyte *content = model != NULL && s != NULL ? (*env)->GetByteArrayElements(env, model, NULL) : NULL;
    const char *path = runtime != NULL ? (*env)->GetStringUTFChars(env, runtime, NULL) : NULL;
    options.model_data = content;
    options.model_size = content != NULL ? (size_t)(*env)->GetArrayLength(env, model) : 0;
    options.runtime = path;
    options.num_threads = threads;
    options.detector = detect;
    options.detector_context = s;
    fa_status status = s != NULL ? fa_create(&options, &s->aligner) : FA_ERROR_MEMORY;
    if (path != NULL) (*env)->ReleaseStringUTFChars(env, runtime, path);
    if (content != NULL) (*env)->ReleaseByteArrayElements(env, model, content, JNI_ABORT);
    if (status != FA_OK) {
        free(s);
        s = NULL;
        throw_status(env, status);
    }
    return (jlong)(intptr_t)s;
}

CALL(void, destroy)(JNIEnv *env, jclass type, jlong handle) {
    (void)env;
    (void)type;
    state *s = (state *)(intptr_t)handle;
    if (s != NULL) fa_destroy(s->aligner);
    free(s);
}

CALL(jdoubleArray, align)(JNIEnv *env, jclass type, jlong handle, jobject pixels, jintArray layout, jdoubleArray edges,
                          jboolean refine) {
    (void)type;
    state *s = (state *)(intptr_t)handle;
    fa_image image = image_of(env, pixels, layout);
    fa_box box;
    fa_face face;
    (*env)->GetDoubleArrayRegion(env, edges, 0, 4, &box.left);
    fa_status status = fa_align(s->aligner, &image, &box, refine, &face);
    if (status == FA_OK) return face_values(env, &face);
    throw_status(env, status);
    return NULL;
}

CALL(jobjectArray, predict)(JNIEnv *env, jclass type, jlong handle, jobject pixels, jintArray layout,
                            jdoubleArray detections) {
    (void)type;
    state *s = (state *)(intptr_t)handle;
    fa_image image = image_of(env, pixels, layout);
    fa_face *faces = malloc(FA_MAX_DETECTIONS * sizeof *faces);
    jdouble *found = (*env)->GetDoubleArrayElements(env, detections, NULL);
    int32_t count = 0;
    jobjectArray result = NULL;
    if (faces != NULL && found != NULL) {
        s->detections = found;
        s->count = (*env)->GetArrayLength(env, detections) / 5;
        fa_status status = fa_predict(s->aligner, &image, faces, FA_MAX_DETECTIONS, &count);
        if (status != FA_OK)
            throw_status(env, status);
        else
            result = (*env)->NewObjectArray(env, count, (*env)->FindClass(env, "[D"), NULL);
        for (int32_t i = 0; result != NULL && i < count; i++) {
            jdoubleArray values = face_values(env, &faces[i]);
            (*env)->SetObjectArrayElement(env, result, i, values);
            (*env)->DeleteLocalRef(env, values);
        }
        s->detections = NULL;
    }
    if (found != NULL) (*env)->ReleaseDoubleArrayElements(env, detections, found, JNI_ABORT);
    free(faces);
    return result;
}

static int last_look(JNIEnv *env, jlong handle, fa_look *look) {
    fa_status status = fa_last_look(((state *)(intptr_t)handle)->aligner, look);
    if (status != FA_OK) throw_status(env, status);
    return status == FA_OK;
}

CALL(jbyteArray, lastPixels)(JNIEnv *env, jclass type, jlong handle) {
    (void)type;
    fa_look look;
    if (!last_look(env, handle, &look)) return NULL;
    jbyteArray array = (*env)->NewByteArray(env, look.size * look.size * 3);
    if (array != NULL)
        (*env)->SetByteArrayRegion(env, array, 0, look.size * look.size * 3, (const jbyte *)look.pixels);
    return array;
}

CALL(jfloatArray, lastOutputs)(JNIEnv *env, jclass type, jlong handle) {
    (void)type;
    fa_look look;
    if (!last_look(env, handle, &look)) return NULL;
    jfloatArray array = (*env)->NewFloatArray(env, 2 * FA_LANDMARKS + 3);
    if (array != NULL) {
        (*env)->SetFloatArrayRegion(env, array, 0, 2 * FA_LANDMARKS, look.raw_landmarks);
        (*env)->SetFloatArrayRegion(env, array, 2 * FA_LANDMARKS, 3, look.raw_pose);
    }
    return array;
}
