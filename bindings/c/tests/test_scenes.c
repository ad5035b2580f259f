/* Replays the golden contract of whole frames: the detector's input exactly, what it finds, and the faces. */
#include <math.h>
#include <string.h>

#include "golden.h"
#include "internal.h"

static void check_input(const golden_scene *s, const fa_image *image, const fa_detector_model *model) {
    static fa_letterbox box; /* one for all frames, as in use */
    size_t size = (size_t)model->file.input_size;
    uint8_t *pixels = malloc(size * size * 3);
    char hash[65];
    float scale[2];
    CHECK(pixels != NULL, "memory");
    CHECK(fa_letterbox_fill(&box, image, model->file.input_size, pixels, scale) == FA_OK, "%s", fa_last_error());
    fa_sha256(pixels, size * size * 3, hash);
    CHECK(strcmp(hash, s->sha256) == 0, "%s: input %s", s->name, hash);
    fa_letterbox_free(&box);
    free(pixels);
}

static void check_detections(const golden_scene *s, fa_aligner *aligner, const fa_image *image) {
    fa_detection found[FA_MAX_DETECTIONS];
    int32_t count;
    CHECK(fa_detect(aligner, image, found, FA_MAX_DETECTIONS, &count) == FA_OK, "%s", fa_last_error());
    CHECK(count == s->n_detections, "%s: %d detections", s->name, count);
    for (int32_t i = 0; i < count; i++) {
        const double *e = s->detections[i], box[4] = {found[i].box.left, found[i].box.top, found[i].box.right,
                                                      found[i].box.bottom};
        for (int k = 0; k < 4; k++) CHECK(box[k] == (double)(float)e[k], "%s: edge %d: %.9g", s->name, k, box[k]);
        CHECK(fabs(found[i].score - e[4]) <= 1e-5, "%s: score %.9g", s->name, found[i].score);
        CHECK(fabs(found[i].roll_deg - e[5]) <= 1e-5, "%s: roll %.9g", s->name, found[i].roll_deg);
    }
}

static void check_faces(const golden_scene *s, fa_aligner *aligner, const fa_image *image) {
    static fa_face faces[FA_MAX_DETECTIONS];
    int32_t count;
    CHECK(fa_predict(aligner, image, faces, FA_MAX_DETECTIONS, &count) == FA_OK, "%s", fa_last_error());
    CHECK(count == s->n_faces, "%s: %d faces", s->name, count);
    for (int32_t i = 0; i < count; i++) {
        const fa_face *f = &faces[i];
        const double got[5] = {f->score, f->plausibility, f->yaw_deg, f->pitch_deg, f->roll_deg};
        for (int k = 0; k < 5; k++) CHECK(fabs(got[k] - s->faces[i][k]) <= 1e-4, "%s: number %d: %g", s->name, k, got[k]);
        double off = golden_distance(f->landmarks[0], s->faces[i] + 5, FA_LANDMARKS * 2);
        CHECK(off <= 1e-4, "%s: landmarks differ by %g px", s->name, off);
    }
}

int main(int argc, char **argv) {
    static golden_scene scenes[GOLDEN_MAX];
    fa_options options = FA_OPTIONS_INIT;
    fa_aligner *aligner;
    fa_detector_model model;
    size_t size;
    CHECK(argc >= 4, "usage: test_scenes MODEL GOLDEN_FOLDER DETECTOR");
    uint8_t *content = golden_file(argv[3], &size);
    CHECK(fa_detector_model_read(content, size, "shipped", &model) == FA_OK, "%s", fa_last_error());
    options.model_path = argv[1];
    options.detector_data = content;
    options.detector_size = size;
    CHECK(fa_create(&options, &aligner) == FA_OK, "%s", fa_last_error());
    int count = golden_read_scenes(argv[2], scenes);
    CHECK(count >= 8, "%d scenes", count);
    for (int i = 0; i < count; i++) {
        fa_image image = golden_zoomed(argv[2], scenes[i].frame, scenes[i].zoom);
        check_input(&scenes[i], &image, &model);
        check_detections(&scenes[i], aligner, &image);
        check_faces(&scenes[i], aligner, &image);
        free((void *)(uintptr_t)image.data);
    }
    fa_destroy(aligner);
    free(content);
    printf("%d scenes replayed\n", count);
    return 0;
}
