/* Replays the golden contract: crops and all that the network gives exactly, what is made of it within tolerances. */
#include <math.h>
#include <string.h>

#include "golden.h"
#include "internal.h"

static void check_decoded(const golden_case *c, const fa_face *face) {
    double pose[3] = {face->yaw_deg, face->pitch_deg, face->roll_deg};
    double off = golden_distance(face->landmarks[0], c->landmarks, FA_LANDMARKS * 2);
    CHECK(off <= 1e-4, "%s: landmarks differ by %g px", c->name, off);
    for (int i = 0; i < 3; i++) CHECK(fabs(pose[i] - c->pose[i]) <= 1e-4, "%s: pose %d: %g", c->name, i, pose[i]);
    CHECK(face->n_modes == c->n_modes, "%s: %d modes", c->name, face->n_modes);
    off = golden_distance(face->shape_parameters, c->shape_parameters, c->n_modes);
    CHECK(off <= 2e-6, "%s: shape parameters differ by %g", c->name, off);
    CHECK(fabs(face->plausibility - c->plausibility) <= 1e-5, "%s: plausibility %g", c->name, face->plausibility);
}

/* Of the network's outputs, one after the other. */
static void outputs_sha256(const fa_look *look, char hash[65]) {
    size_t first = (size_t)look->output_bytes[0], second = (size_t)look->output_bytes[1];
    uint8_t *both = malloc(first + second);
    CHECK(both != NULL, "memory");
    memcpy(both, look->outputs[0], first);
    memcpy(both + first, look->outputs[1], second);
    fa_sha256(both, first + second, hash);
    free(both);
}

static void replay(fa_aligner *aligner, const golden_case *c, const char *folder, const double tolerance[2]) {
    fa_image image = golden_frame(folder, c->frame);
    fa_face face;
    fa_look look;
    char hash[65];
    CHECK(fa_align(aligner, &image, &c->box, c->refine, &face) == FA_OK, "%s: %s", c->name, fa_last_error());
    CHECK(fa_last_look(aligner, &look) == FA_OK, "%s", fa_last_error());
    double crop[4] = {look.center_x, look.center_y, look.side, look.angle_deg};
    for (int i = 0; i < 4 && tolerance[0] == 0; i++)
        CHECK(fabs(crop[i] - c->crop[i]) <= 1e-9, "%s: crop %d: %.9g", c->name, i, crop[i]);
    fa_sha256(look.pixels, (size_t)look.size * (size_t)look.size * 3, hash);
    int same_crop = strcmp(hash, c->sha256) == 0;
    CHECK(same_crop || (c->refine && tolerance[0] > 0), "%s: crop %s", c->name, hash);
    double off = golden_distance(look.raw_landmarks, c->raw_landmarks, FA_LANDMARKS * 2);
    CHECK(off <= tolerance[0] || !same_crop, "%s: raw landmarks differ by %g", c->name, off);
    off = golden_distance(look.raw_pose, c->raw_pose, 3);
    CHECK(off <= tolerance[1] || !same_crop, "%s: raw pose differs by %g", c->name, off);
    if (tolerance[0] == 0) {
        outputs_sha256(&look, hash);
        CHECK(strcmp(hash, c->outputs_sha256) == 0, "%s: the network's outputs are %s", c->name, hash);
        check_decoded(c, &face);
        CHECK(isnan(c->confidence) ? isnan(face.confidence) : fabs(face.confidence - c->confidence) <= 1e-5,
              "%s: confidence %g, not %g", c->name, face.confidence, c->confidence);
        for (int i = 0; i < FA_LANDMARKS; i++)
            CHECK(c->has_errors ? fabs((double)face.point_errors[i] - c->point_errors[i]) <= 1e-5 : isnan(face.point_errors[i]),
                  "%s: error %d: %g, not %g", c->name, i, (double)face.point_errors[i], c->point_errors[i]);
    }
    free((void *)(uintptr_t)image.data);
}

/* Decoding alone, from the golden raw outputs. */
static void decode(const golden_case *c, const fa_model *model) {
    fa_crop crop = {c->crop[0], c->crop[1], c->crop[2], c->crop[3]};
    float raw[FA_LANDMARKS * 2], raw_pose[3];
    fa_face face = {.n_modes = 0};
    for (int i = 0; i < 3; i++) raw_pose[i] = (float)c->raw_pose[i];
    fa_pose_decode(model, raw_pose, crop.angle_deg, &face);
    for (int i = 0; i < FA_LANDMARKS * 2; i++) raw[i] = (float)c->raw_landmarks[i];
    fa_crop_to_image(&crop, (const float(*)[2])raw, face.landmarks);
    fa_shape_describe(&model->shape, (const float(*)[2])face.landmarks, &face);
    check_decoded(c, &face);
}

int main(int argc, char **argv) {
    static golden_case cases[GOLDEN_MAX];
    static fa_model model;
    fa_options options = FA_OPTIONS_INIT;
    fa_aligner *aligner;
    CHECK(argc >= 3, "usage: test_golden MODEL GOLDEN_FOLDER [STEPS_RAW_OUTPUTS_MAY_DIFFER_BY]");
    double tolerance[2];
    golden_raw_step(argv[2], tolerance);
    for (int i = 0; i < 2; i++) tolerance[i] *= argc > 3 ? atof(argv[3]) * 1.0001 : 0; /* steps are rounded floats */
    int count = golden_read(argv[2], cases);
    CHECK(count >= 8, "%d cases", count);
    options.model_path = argv[1];
    CHECK(fa_create(&options, &aligner) == FA_OK, "%s", fa_last_error());
    uint8_t *content;
    size_t size;
    CHECK(fa_content(argv[1], NULL, 0, &content, &size) == FA_OK, "%s", fa_last_error());
    CHECK(fa_model_read(content, size, "shipped", &model) == FA_OK, "%s", fa_last_error());
    for (int i = 0; i < count; i++) {
        if (strcmp(cases[i].frame, "-") != 0) replay(aligner, &cases[i], argv[2], tolerance);
        if (!cases[i].refine) decode(&cases[i], &model); /* else the mean of this look and of the one before it */
    }
    fa_destroy(aligner);
    free(model.file.content);
    fa_head_free(&model.head);
    printf("%d cases replayed\n", count);
    return 0;
}
