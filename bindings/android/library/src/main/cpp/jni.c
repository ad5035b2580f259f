/* Between io.asmnetedge.FaceAligner and asmnet_edge.h. */
#include <stdlib.h>

#include "shared.h"

#define CALL(result, name) JNIEXPORT result JNICALL Java_io_asmnetedge_FaceAligner_##name
#define DETECTION_VALUES 6
#define PLAIN_VALUES 10
#define FIXED_VALUES (3 * FA_LANDMARKS + PLAIN_VALUES) /* with the point errors */

void throw_status(JNIEnv *env, fa_status status) {
    const char *kind = status == FA_ERROR_INPUT ? "java/lang/IllegalArgumentException" : "java/lang/IllegalStateException";
    jclass type = (*env)->FindClass(env, kind);
    if (type != NULL) (*env)->ThrowNew(env, type, fa_last_error());
}

static fa_aligner *aligner_of(jlong handle) { return (fa_aligner *)(intptr_t)handle; }

fa_image image_of(JNIEnv *env, jobject pixels, jintArray layout) {
    jint values[4] = {0, 0, 0, 0};
    (*env)->GetIntArrayRegion(env, layout, 0, 4, values);
    return (fa_image){(*env)->GetDirectBufferAddress(env, pixels), values[0], values[1], values[2], values[3]};
}

/* Writes fa_plane[3] where image_of finds them: Java keeps the buffers alive. */
JNIEXPORT void JNICALL Java_io_asmnetedge_Image_00024Planes_describe(JNIEnv *env, jclass type, jobject out, jobjectArray buffers,
                                                                      jintArray strides) {
    (void)type;
    fa_plane *planes = (*env)->GetDirectBufferAddress(env, out);
    jint values[6] = {0, 0, 0, 0, 0, 0};
    (*env)->GetIntArrayRegion(env, strides, 0, 6, values);
    for (int i = 0; i < 3; i++) {
        jobject buffer = (*env)->GetObjectArrayElement(env, buffers, i);
        planes[i] = (fa_plane){(*env)->GetDirectBufferAddress(env, buffer), values[2 * i], values[2 * i + 1],
                               (size_t)(*env)->GetDirectBufferCapacity(env, buffer)};
        (*env)->DeleteLocalRef(env, buffer);
    }
}

jdoubleArray face_values(JNIEnv *env, const fa_face *face) {
    double values[FIXED_VALUES + FA_MAX_MODES], *at = values;
    for (int i = 0; i < FA_LANDMARKS; i++)
        for (int k = 0; k < 2; k++) *at++ = face->landmarks[i][k];
    const double rest[PLAIN_VALUES] = {face->yaw_deg, face->pitch_deg, face->roll_deg, face->box.left, face->box.top,
                                       face->box.right, face->box.bottom, face->score, face->plausibility,
                                       face->confidence};
    for (int i = 0; i < PLAIN_VALUES; i++) *at++ = rest[i];
    for (int i = 0; i < FA_LANDMARKS; i++) *at++ = face->point_errors[i];
    for (int i = 0; i < face->n_modes; i++) *at++ = face->shape_parameters[i];
    jdoubleArray array = (*env)->NewDoubleArray(env, FIXED_VALUES + face->n_modes);
    if (array != NULL) (*env)->SetDoubleArrayRegion(env, array, 0, FIXED_VALUES + face->n_modes, values);
    return array;
}

typedef struct { /* a Java array's bytes while they are needed */
    jbyte *data;
    size_t size;
} bytes;

static bytes take(JNIEnv *env, jbyteArray array) {
    if (array == NULL) return (bytes){NULL, 0};
    return (bytes){(*env)->GetByteArrayElements(env, array, NULL), (size_t)(*env)->GetArrayLength(env, array)};
}

static void give_back(JNIEnv *env, jbyteArray array, bytes taken) {
    if (taken.data != NULL) (*env)->ReleaseByteArrayElements(env, array, taken.data, JNI_ABORT);
}

CALL(jlong, create)(JNIEnv *env, jclass type, jbyteArray model, jbyteArray detector, jstring runtime, jint threads,
                    jdouble max_disagreement) {
    (void)type;
    fa_options options = FA_OPTIONS_INIT;
    fa_aligner *aligner = NULL;
    bytes m = take(env, model), d = take(env, detector);
    const char *path = runtime != NULL ? (*env)->GetStringUTFChars(env, runtime, NULL) : NULL;
    options.model_data = m.data;
    options.model_size = m.size;
    options.detector_data = d.data;
    options.detector_size = d.size;
    options.runtime = path;
    options.num_threads = threads;
    options.max_disagreement = max_disagreement;
    fa_status status = fa_create(&options, &aligner);
    if (path != NULL) (*env)->ReleaseStringUTFChars(env, runtime, path);
    give_back(env, detector, d);
    give_back(env, model, m);
    if (status != FA_OK) throw_status(env, status);
    return (jlong)(intptr_t)aligner;
}

CALL(void, destroy)(JNIEnv *env, jclass type, jlong handle) {
    (void)env;
    (void)type;
    fa_destroy(aligner_of(handle));
}

CALL(jdoubleArray, align)(JNIEnv *env, jclass type, jlong handle, jobject pixels, jintArray layout, jdoubleArray edges,
                          jboolean refine) {
    (void)type;
    fa_image image = image_of(env, pixels, layout);
    fa_box box;
    fa_face face;
    (*env)->GetDoubleArrayRegion(env, edges, 0, 4, &box.left);
    fa_status status = fa_align(aligner_of(handle), &image, &box, refine, &face);
    if (status == FA_OK) return face_values(env, &face);
    throw_status(env, status);
    return NULL;
}

/* A face of Face.java, its numbers as there. */
static fa_face face_of(JNIEnv *env, jfloatArray landmarks, jdoubleArray numbers) {
    double v[5];
    fa_face face = {0};
    (*env)->GetFloatArrayRegion(env, landmarks, 0, 2 * FA_LANDMARKS, face.landmarks[0]);
    (*env)->GetDoubleArrayRegion(env, numbers, 0, 5, v);
    face.yaw_deg = v[0];
    face.pitch_deg = v[1];
    face.roll_deg = v[2];
    face.score = v[3];
    face.plausibility = v[4];
    return face;
}

CALL(jdoubleArray, quality)(JNIEnv *env, jclass type, jlong handle, jobject pixels, jintArray layout, jfloatArray landmarks,
                            jdoubleArray numbers) {
    (void)type;
    fa_image image = image_of(env, pixels, layout);
    fa_face face = face_of(env, landmarks, numbers);
    fa_quality q;
    fa_status status = fa_face_quality(aligner_of(handle), &image, &face, &q);
    if (status != FA_OK) {
        throw_status(env, status);
        return NULL;
    }
    const double values[10] = {q.score, q.plausibility, q.disagreement, q.sharpness, q.eye_distance, q.inside,
                               q.landmark_yaw_deg, q.landmark_pitch_deg, q.landmark_roll_deg, q.pose_disagreement_deg};
    jdoubleArray array = (*env)->NewDoubleArray(env, 10);
    if (array != NULL) (*env)->SetDoubleArrayRegion(env, array, 0, 10, values);
    return array;
}

CALL(jdoubleArray, lookAgain)(JNIEnv *env, jclass type, jlong handle, jobject pixels, jintArray layout, jfloatArray landmarks,
                              jdoubleArray numbers) {
    (void)type;
    fa_image image = image_of(env, pixels, layout);
    fa_face face = face_of(env, landmarks, numbers);
    int seen = 0;
    fa_status status = fa_look_again(aligner_of(handle), &image, &face, &face, &seen);
    if (status != FA_OK) throw_status(env, status);
    return status == FA_OK && seen ? face_values(env, &face) : NULL;
}

CALL(jobjectArray, predict)(JNIEnv *env, jclass type, jlong handle, jobject pixels, jintArray layout,
                            jdoubleArray detections) {
    (void)type;
    fa_detection found[FA_MAX_DETECTIONS];
    fa_image image = image_of(env, pixels, layout);
    fa_face *faces = malloc(FA_MAX_DETECTIONS * sizeof *faces);
    jsize given = detections != NULL ? (*env)->GetArrayLength(env, detections) / DETECTION_VALUES : 0;
    jobjectArray result = NULL;
    int32_t count = 0;
    fa_status status = FA_OK;
    if (faces != NULL && detections == NULL)
        status = fa_predict(aligner_of(handle), &image, faces, FA_MAX_DETECTIONS, &count);
    else if (faces != NULL) {
        for (jsize i = 0; i < given && i < FA_MAX_DETECTIONS; i++) {
            double v[DETECTION_VALUES];
            (*env)->GetDoubleArrayRegion(env, detections, i * DETECTION_VALUES, DETECTION_VALUES, v);
            found[i] = (fa_detection){{v[0], v[1], v[2], v[3]}, v[4], v[5]};
        }
        status = fa_predict_among(aligner_of(handle), &image, found, given, faces, FA_MAX_DETECTIONS, &count);
    }
    if (status != FA_OK)
        throw_status(env, status);
    else if (faces != NULL)
        result = (*env)->NewObjectArray(env, count, (*env)->FindClass(env, "[D"), NULL);
    for (int32_t i = 0; result != NULL && i < count; i++) {
        jdoubleArray values = face_values(env, &faces[i]);
        (*env)->SetObjectArrayElement(env, result, i, values);
        (*env)->DeleteLocalRef(env, values);
    }
    free(faces);
    return result;
}

CALL(jdoubleArray, detect)(JNIEnv *env, jclass type, jlong handle, jobject pixels, jintArray layout) {
    (void)type;
    fa_detection found[FA_MAX_DETECTIONS];
    fa_image image = image_of(env, pixels, layout);
    int32_t count = 0;
    fa_status status = fa_detect(aligner_of(handle), &image, found, FA_MAX_DETECTIONS, &count);
    if (status != FA_OK) {
        throw_status(env, status);
        return NULL;
    }
    jdoubleArray array = (*env)->NewDoubleArray(env, count * DETECTION_VALUES);
    for (int32_t i = 0; array != NULL && i < count; i++) {
        const fa_box *b = &found[i].box;
        const double v[DETECTION_VALUES] = {b->left, b->top, b->right, b->bottom, found[i].score, found[i].roll_deg};
        (*env)->SetDoubleArrayRegion(env, array, i * DETECTION_VALUES, DETECTION_VALUES, v);
    }
    return array;
}

static int last_look(JNIEnv *env, jlong handle, fa_look *look) {
    fa_status status = fa_last_look(aligner_of(handle), look);
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

CALL(jbyteArray, lastOutputBytes)(JNIEnv *env, jclass type, jlong handle) {
    (void)type;
    fa_look look;
    if (!last_look(env, handle, &look)) return NULL;
    jsize first = look.output_bytes[0], second = look.output_bytes[1];
    jbyteArray array = (*env)->NewByteArray(env, first + second);
    if (array != NULL) {
        (*env)->SetByteArrayRegion(env, array, 0, first, look.outputs[0]);
        (*env)->SetByteArrayRegion(env, array, first, second, look.outputs[1]);
    }
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
