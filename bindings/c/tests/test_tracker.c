/* The tracker's arguments and edges, another look at a face, and rotations; test_tracks.c replays whole clips. */
#include <math.h>
#include <string.h>

#include "golden.h"
#include "smooth.h"

typedef struct {
    fa_detection found[2];
    int32_t count, calls;
} fixed;

static int32_t answer(void *context, const fa_image *image, fa_detection *found, int32_t capacity) {
    fixed *f = context;
    (void)image;
    f->calls++;
    for (int32_t i = 0; i < f->count && i < capacity; i++) found[i] = f->found[i];
    return f->count;
}

static void fails(fa_status got, fa_status expected, const char *message) {
    CHECK(got == expected, "status %d: %s", (int)got, fa_last_error());
    CHECK(strstr(fa_last_error(), message) != NULL, "\"%s\" in: %s", message, fa_last_error());
}

static void test_options(fa_aligner *aligner) {
    fa_tracker *tracker = (fa_tracker *)1;
    const fa_tracker_options good = FA_TRACKER_OPTIONS_INIT;
    fails(fa_tracker_create(NULL, &good, &tracker), FA_ERROR_INPUT, "pointers");
    fails(fa_tracker_create(aligner, NULL, &tracker), FA_ERROR_INPUT, "pointers");
    fails(fa_tracker_create(aligner, &good, NULL), FA_ERROR_INPUT, "pointers");
    fa_tracker_options wrong[8];
    for (int i = 0; i < 8; i++) wrong[i] = good;
    wrong[0].detect_every = 0;
    wrong[1].max_faces = -1;
    wrong[2].fps = 0;
    wrong[3].fps = INFINITY;
    wrong[4].min_cutoff_hz = 0;
    wrong[5].beta = -1;
    wrong[6].speed_cutoff_hz = NAN;
    wrong[7].abi_version--;
    for (int i = 0; i < 8; i++) {
        tracker = (fa_tracker *)1;
        fails(fa_tracker_create(aligner, &wrong[i], &tracker), i < 7 ? FA_ERROR_INPUT : FA_ERROR_ABI, "expected");
        CHECK(tracker == NULL, "options %d: a tracker", i);
    }
    wrong[4].smooth = 0; /* then nothing of the filter counts */
    CHECK(fa_tracker_create(aligner, &wrong[4], &tracker) == FA_OK, "%s", fa_last_error());
    fa_tracker_destroy(tracker);
    fa_tracker_destroy(NULL);
    fa_tracker_reset(NULL);
}

static void test_updates(fa_aligner *aligner, fixed *detector, const fa_image *image) {
    static fa_tracked_face faces[2];
    fa_tracker *tracker;
    fa_tracker_options options = FA_TRACKER_OPTIONS_INIT;
    int32_t count = 7;
    double now = 5;
    options.detect_every = 3;
    CHECK(fa_tracker_create(aligner, &options, &tracker) == FA_OK, "%s", fa_last_error());
    fails(fa_tracker_update(NULL, image, NULL, faces, 2, &count), FA_ERROR_INPUT, "pointers");
    fails(fa_tracker_update(tracker, image, NULL, NULL, 2, &count), FA_ERROR_INPUT, "pointers");
    fails(fa_tracker_update(tracker, image, NULL, faces, 0, &count), FA_ERROR_INPUT, "room");
    fails(fa_tracker_update(tracker, image, NULL, faces, 2, NULL), FA_ERROR_INPUT, "pointers");
    fails(fa_tracker_update(tracker, NULL, NULL, faces, 2, &count), FA_ERROR_INPUT, "frame");
    detector->count = -1; /* it fails */
    fails(fa_tracker_update(tracker, image, &now, faces, 2, &count), FA_ERROR_DETECTOR, "did it fail");
    CHECK(count == 0, "%d faces", count);
    detector->count = 2;
    CHECK(fa_tracker_update(tracker, image, &now, faces, 1, &count) == FA_OK && count == 1, "%s", fa_last_error());
    CHECK(faces[0].id == 1 && faces[1].id == 0, "room for one: id %d, %d", faces[0].id, faces[1].id);
    int32_t calls = detector->calls;
    for (int i = 0; i < 2; i++) {
        CHECK(fa_tracker_update(tracker, image, NULL, faces, 2, &count) == FA_OK && count == 2, "%d faces", count);
        CHECK(faces[0].id == 1 && faces[1].id == 2 && faces[1].frames == 2 + i, "frames %d", faces[1].frames);
    }
    CHECK(detector->calls == calls, "%d searches while faces are followed", detector->calls - calls);
    detector->count = -1;
    fails(fa_tracker_update(tracker, image, NULL, faces, 2, &count), FA_ERROR_DETECTOR, "did it fail");
    detector->count = 2;
    CHECK(fa_tracker_update(tracker, image, NULL, faces, 2, &count) == FA_OK && count == 2, "%d faces", count);
    CHECK(faces[0].id == 1 && faces[0].frames == 5, "after a failed search: id %d, %d frames", faces[0].id, faces[0].frames);
    fa_tracker_reset(tracker);
    CHECK(fa_tracker_update(tracker, image, NULL, faces, 2, &count) == FA_OK && count == 2, "%d faces", count);
    CHECK(faces[0].id == 3 && faces[0].frames == 1, "after a reset: id %d", faces[0].id);
    fa_tracker_destroy(tracker);
}

static void test_look_again(fa_aligner *aligner, const fa_image *image, const fa_box *box) {
    fa_face face, again;
    int seen;
    CHECK(fa_align(aligner, image, box, 0, &face) == FA_OK, "%s", fa_last_error());
    fails(fa_look_again(aligner, image, NULL, &again, &seen), FA_ERROR_INPUT, "pointers");
    fails(fa_look_again(aligner, NULL, &face, &again, &seen), FA_ERROR_INPUT, "frame");
    CHECK(fa_look_again(aligner, image, &face, &again, &seen) == FA_OK && seen, "%s", fa_last_error());
    CHECK(fa_face_disagreement(&face, &again) < 0.1, "%g apart", fa_face_disagreement(&face, &again));
    fa_face same = face;
    CHECK(fa_look_again(aligner, image, &same, &same, &seen) == FA_OK && seen, "%s", fa_last_error());
    CHECK(memcmp(same.landmarks, again.landmarks, sizeof same.landmarks) == 0, "in place");
    for (int i = 0; i < FA_LANDMARKS; i++) face.landmarks[i][0] += 4000;
    CHECK(fa_look_again(aligner, image, &face, &again, &seen) == FA_OK && !seen, "far outside");
    for (int i = 0; i < FA_LANDMARKS; i++) face.landmarks[i][0] = face.landmarks[i][1] = 9; /* a face of no size */
    fails(fa_look_again(aligner, image, &face, &again, &seen), FA_ERROR_INPUT, "side above 0");
    CHECK(!seen, "no size");
    CHECK(fa_mouth_openness(&face) == 0 && fa_interocular_distance(&face) == 0, "of no size");
    CHECK(isnan(fa_mouth_openness(NULL)) && isnan(fa_interocular_distance(NULL)), "of no face");
}

/* The mean of two turns about one axis is halfway; what is no rotation has a nearest one. */
static void test_rotations(void) {
    double a[9], b[9], mean[9], turned[9], pose[3];
    for (double roll = -170; roll <= 170; roll += 10) {
        fa_rotation_from_pose(20, -35, roll, a);
        fa_rotation_from_pose(20, -35, roll + 60, b);
        for (int i = 0; i < 9; i++) mean[i] = a[i] + b[i];
        fa_nearest_rotation(mean, turned);
        fa_pose_from_rotation(turned, &pose[0], &pose[1], &pose[2]);
        double off = remainder(pose[2] - roll - 30, 360); /* -180 is 180 */
        CHECK(fabs(pose[0] - 20) < 1e-9 && fabs(pose[1] + 35) < 1e-9 && fabs(off) < 1e-9, "roll %g: %g", roll, pose[2]);
    }
    double mirror[9] = {-1, 0, 0, 0, 1, 0, 0, 0, 1}, sum = 0, volume;
    fa_nearest_rotation(mirror, a);
    for (int i = 0; i < 9; i++) sum += a[i] * mirror[i];
    volume = a[0] * (a[4] * a[8] - a[5] * a[7]) - a[1] * (a[3] * a[8] - a[5] * a[6]) + a[2] * (a[3] * a[7] - a[4] * a[6]);
    CHECK(fabs(sum - 1) < 1e-12 && fabs(volume - 1) < 1e-12, "of a mirror: %g, volume %g", sum, volume);
    fa_rotation_from_pose(90, 10, 0, a); /* only the sum of roll and pitch is known */
    fa_pose_from_rotation(a, &pose[0], &pose[1], &pose[2]);
    CHECK(fabs(pose[0] - 90) < 1e-5 && fabs(pose[1] - 10) < 1e-5 && pose[2] == 0, "at 90 degrees: %g, %g", pose[0], pose[1]);
}

/* The mean head, turned and seen by a camera far away: its pose is found again, on its side and upside down as well. */
static void test_pose_fit(const char *path) {
    static fa_model model;
    size_t size;
    uint8_t *content = golden_file(path, &size);
    CHECK(fa_model_read(content, size, path, &model) == FA_OK, "%s", fa_last_error());
    for (int yaw = -60; yaw <= 60; yaw += 20)
        for (int pitch = -40; pitch <= 40; pitch += 20)
            for (int roll = -180; roll < 180; roll += 30) {
                float points[FA_LANDMARKS][2];
                double r[9], got[9], off = 0;
                fa_rotation_from_pose(yaw, pitch, roll, r);
                for (int i = 0; i < FA_LANDMARKS; i++) {
                    const float *p = model.shape.mean_3d[i];
                    double z = r[6] * p[0] + r[7] * p[1] + r[8] * p[2] + 20;
                    for (int k = 0; k < 2; k++)
                        points[i][k] = (float)(300 + 1500 * (r[3 * k] * p[0] + r[3 * k + 1] * p[1] + r[3 * k + 2] * p[2]) / z);
                }
                CHECK(fa_pose_fit(&model.shape, (const float(*)[2])points, got), "%d, %d, %d: no pose", yaw, pitch, roll);
                for (int i = 0; i < 9; i++) off = fmax(off, fabs(got[i] - r[i]));
                /* the camera looks at the middle of the points here, not of the head: under a degree */
                CHECK(off < 0.03, "%d, %d, %d: off by %g", yaw, pitch, roll, off);
            }
    float place[FA_LANDMARKS][2] = {{0}};
    double none[9];
    CHECK(!fa_pose_fit(&model.shape, (const float(*)[2])place, none), "the pose of a single place");
    free(content);
    fa_head_free(&model.head);
}

static void test_quality(fa_aligner *aligner, const fa_image *image, const fa_box *box) {
    fa_face face;
    fa_quality sharp, flat;
    CHECK(fa_align(aligner, image, box, 0, &face) == FA_OK, "%s", fa_last_error());
    fails(fa_face_quality(aligner, image, &face, NULL), FA_ERROR_INPUT, "pointer");
    fails(fa_face_quality(aligner, image, NULL, &sharp), FA_ERROR_INPUT, "pointers");
    CHECK(fa_face_quality(aligner, image, &face, &sharp) == FA_OK, "%s", fa_last_error());
    CHECK(sharp.sharpness > 0.2 && sharp.inside == 1 && sharp.disagreement < 0.1, "sharpness %g", sharp.sharpness);
    size_t size = (size_t)image->width * (size_t)image->height * 3;
    uint8_t *grey = malloc(size);
    CHECK(grey != NULL, "memory");
    memset(grey, 128, size);
    fa_image wall = {grey, image->width, image->height, 0, FA_RGB};
    CHECK(fa_face_quality(aligner, &wall, &face, &flat) == FA_OK, "%s", fa_last_error());
    CHECK(flat.sharpness == 0 && flat.disagreement > 0.1, "a wall: sharpness %g", flat.sharpness);
    for (int i = 0; i < FA_LANDMARKS; i++) face.landmarks[i][1] -= 4000;
    fails(fa_face_quality(aligner, image, &face, &sharp), FA_ERROR_INPUT, "landmarks inside the frame");
    free(grey);
}

int main(int argc, char **argv) {
    static golden_scene scenes[GOLDEN_MAX];
    static fixed detector;
    CHECK(argc >= 3, "usage: test_tracker MODEL GOLDEN_FOLDER");
    test_rotations();
    int at = 0, n = golden_read_scenes(argv[2], scenes);
    while (at < n && strcmp(scenes[at].name, "group") != 0) at++;
    CHECK(at < n && scenes[at].n_detections >= 2, "no group");
    fa_image image = golden_frame(argv[2], scenes[at].frame);
    for (int i = 0; i < 2; i++) {
        const double *d = scenes[at].detections[i];
        detector.found[i] = (fa_detection){{d[0], d[1], d[2], d[3]}, d[4], d[5]};
    }
    detector.count = 2;
    fa_options options = FA_OPTIONS_INIT;
    fa_aligner *aligner;
    options.model_path = argv[1];
    options.detector = answer;
    options.detector_context = &detector;
    CHECK(fa_create(&options, &aligner) == FA_OK, "%s", fa_last_error());
    test_options(aligner);
    test_updates(aligner, &detector, &image);
    test_pose_fit(argv[1]);
    test_quality(aligner, &image, &detector.found[0].box);
    test_look_again(aligner, &image, &detector.found[0].box);
    fa_destroy(aligner);
    free((void *)(uintptr_t)image.data);
    puts("tracker: fine");
    return 0;
}
