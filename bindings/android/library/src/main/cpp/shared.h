/* What the classes of io.asmnetedge share on their way to asmnet_edge.h. */
#ifndef ASMNET_EDGE_JNI_SHARED_H
#define ASMNET_EDGE_JNI_SHARED_H

#include <jni.h>

#include "asmnet_edge.h"

#pragma GCC visibility push(hidden)
void throw_status(JNIEnv *env, fa_status status); /* the exception that it means, with the last error */
fa_image image_of(JNIEnv *env, jobject pixels, jintArray layout); /* of Image.java */
jdoubleArray face_values(JNIEnv *env, const fa_face *face); /* as Face.java reads them; NULL: an exception is thrown */
#pragma GCC visibility pop

#endif
