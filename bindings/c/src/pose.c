/* Head pose from the network's output, as sdk/pose.py has it. */
#include <math.h>

#include "internal.h"

#define UNIT_DEG 90.0

/* The network falls short of large yaw; the model file says by how much. */
double fa_expanded_yaw(double yaw_deg, double expansion) {
    double far = yaw_deg / 40.0;
    return fmax(-90.0, fmin(90.0, yaw_deg * (1.0 + expansion * (far * far))));
}

void fa_pose_decode(const fa_model *model, const float *raw, double angle_deg, fa_face *face) {
    face->yaw_deg = fa_expanded_yaw(raw[0] * UNIT_DEG, model->yaw_expansion);
    face->pitch_deg = raw[1] * UNIT_DEG;
    face->roll_deg = raw[2] * UNIT_DEG + angle_deg;
}
