/* Replays the golden contract of video, tests/golden/tracks.txt: the same frames drawn, the same faces with the same ids. */
#include <math.h>
#include <string.h>

#include "golden.h"
#include "internal.h"

#define MAX_NUMBERS (5 + 3 + 3 + 2 * FA_LANDMARKS)
#define MAX_SOURCES 8

typedef struct {
    char name[64];
    fa_image image;
} source;

typedef struct {
    const char *folder;
    fa_aligner *aligner;
    fa_tracker *tracker;
    source sources[MAX_SOURCES];
    char clip[64];
    int32_t width, height, count, next; /* next: of the faces that are still to be compared */
    uint8_t *canvas;
    fa_tracked_face faces[FA_MAX_DETECTIONS];
    int clips, updates, refusals, qualities;
    double off;
} replay;

static int numbers(char *words, double *out, int most) {
    int count = 0;
    for (char *word = strtok(words, " "); word != NULL && count < most; word = strtok(NULL, " ")) out[count++] = atof(word);
    return count;
}

static const fa_image *source_of(replay *r, const char *name) {
    int i = 0;
    for (; i < MAX_SOURCES && r->sources[i].name[0] != '\0'; i++)
        if (strcmp(r->sources[i].name, name) == 0) return &r->sources[i].image;
    CHECK(i < MAX_SOURCES, "more than %d sources", MAX_SOURCES);
    snprintf(r->sources[i].name, sizeof r->sources[i].name, "%s", name);
    r->sources[i].image = golden_frame(r->folder, name);
    return &r->sources[i].image;
}

static void start(replay *r, char *rest) {
    double v[9];
    fa_tracker_options options = FA_TRACKER_OPTIONS_INIT;
    CHECK(numbers(rest, v, 9) == 9, "%s: options", r->clip);
    r->width = (int32_t)v[0];
    r->height = (int32_t)v[1];
    options.detect_every = (int32_t)v[2];
    options.max_faces = (int32_t)v[3];
    options.smooth = (int32_t)v[4];
    options.min_cutoff_hz = v[5];
    options.beta = v[6];
    options.speed_cutoff_hz = v[7];
    options.fps = v[8];
    fa_tracker_destroy(r->tracker);
    CHECK(fa_tracker_create(r->aligner, &options, &r->tracker) == FA_OK, "%s", fa_last_error());
    free(r->canvas);
    r->canvas = malloc((size_t)r->width * (size_t)r->height * 3);
    CHECK(r->canvas != NULL, "memory");
}

static void fill(replay *r, char *rest) {
    double colour[3];
    CHECK(numbers(rest, colour, 3) == 3, "%s: frame", r->clip);
    for (int32_t i = 0; i < r->width * r->height * 3; i++) r->canvas[i] = (uint8_t)colour[i % 3];
}

static void paste(replay *r, char *rest) {
    char *matrix = strchr(rest, ' ');
    double v[6];
    CHECK(matrix != NULL, "%s: paste", r->clip);
    *matrix++ = '\0';
    CHECK(numbers(matrix, v, 6) == 6, "%s: paste", r->clip);
    const fa_image *image = source_of(r, rest);
    for (int32_t y = 0; y < r->height; y++)
        for (int32_t x = 0; x < r->width; x++) {
            int64_t u = ((int64_t)v[0] * x + (int64_t)v[1] * y + (int64_t)v[2]) >> 16;
            int64_t w = ((int64_t)v[3] * x + (int64_t)v[4] * y + (int64_t)v[5]) >> 16;
            if (u >= 0 && w >= 0 && u < image->width && w < image->height)
                memcpy(r->canvas + 3 * (y * r->width + x), image->data + 3 * (w * image->width + u), 3);
        }
}

static void noise(replay *r, const char *rest) {
    uint32_t seed = (uint32_t)strtoul(rest, NULL, 10) * 2654435761u;
    uint8_t *at = r->canvas;
    for (uint32_t y = 0; y < (uint32_t)r->height; y++)
        for (uint32_t x = 0; x < (uint32_t)r->width; x++)
            for (uint32_t c = 0; c < 3; c++, at++) {
                uint32_t h = x * 73856093u ^ y * 19349663u ^ c * 83492791u ^ seed;
                h = (h ^ h >> 15) * 2246822519u;
                h ^= h >> 13;
                int value = *at + (int)(h % 13u) - 6;
                *at = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
            }
}

static fa_status ask(replay *r, const char *time, int32_t width) {
    fa_image image = {r->canvas, width, r->height, 0, FA_RGB};
    double seconds = atof(time);
    return fa_tracker_update(r->tracker, &image, strcmp(time, "-") == 0 ? NULL : &seconds, r->faces, FA_MAX_DETECTIONS,
                             &r->count);
}

static void refuse(replay *r, char *rest) {
    char *time = strchr(rest, ' ');
    CHECK(time != NULL && r->next == r->count, "%s: refuse", r->clip);
    *time++ = '\0';
    int frame = strcmp(rest, "frame") == 0;
    CHECK(ask(r, time, frame ? 0 : r->width) == FA_ERROR_INPUT, "%s: %s at %s was not refused", r->clip, rest, time);
    CHECK(strncmp(fa_last_error(), frame ? "frame: expected" : "timestamp_s: expected", 15) == 0, "%s", fa_last_error());
    CHECK(r->count == 0, "%s: %d faces of a refused frame", r->clip, r->count);
    r->next = 0;
    r->refusals++;
}

static void update(replay *r, char *rest) {
    char time[32], expected[65], got[65];
    int faces;
    CHECK(sscanf(rest, "%31s %d %64s", time, &faces, expected) == 3, "%s: update", r->clip);
    fa_sha256(r->canvas, (size_t)r->width * (size_t)r->height * 3, got);
    CHECK(strcmp(got, expected) == 0, "%s at %s: another frame was drawn", r->clip, time);
    CHECK(r->next == r->count, "%s at %s: faces are left over", r->clip, time);
    CHECK(ask(r, time, r->width) == FA_OK, "%s at %s: %s", r->clip, time, fa_last_error());
    CHECK(r->count == faces, "%s at %s: %d faces", r->clip, time, r->count);
    r->next = 0;
    r->updates++;
}

static void compare(replay *r, const fa_face *face, const double *v) {
    const double pose[3] = {face->yaw_deg, face->pitch_deg, face->roll_deg};
    for (int k = 0; k < 3; k++) CHECK(fabs(pose[k] - v[k]) <= 1e-4, "%s: angle %d: %.9g, not %.9g", r->clip, k, pose[k], v[k]);
    double off = golden_distance(face->landmarks[0], v + 3, 2 * FA_LANDMARKS);
    CHECK(off <= 1e-4, "%s: landmarks differ by %g px", r->clip, off);
    r->off = off > r->off ? off : r->off;
}

static void face_line(replay *r, char *rest) {
    double v[MAX_NUMBERS];
    CHECK(r->next < r->count && numbers(rest, v, MAX_NUMBERS) == 8 + 2 * FA_LANDMARKS, "%s: face", r->clip);
    const fa_tracked_face *one = &r->faces[r->next++];
    CHECK(one->id == (int32_t)v[0] && one->frames == (int32_t)v[1], "%s: id %d, %d frames", r->clip, one->id, one->frames);
    double shown[3] = {0, 0, fa_mouth_openness(&one->face)};
    fa_eye_openness(&one->face, &shown[0], &shown[1]);
    for (int k = 0; k < 3; k++) CHECK(fabs(shown[k] - v[2 + k]) <= 1e-5, "%s: openness %d: %g", r->clip, k, shown[k]);
    compare(r, &one->face, v + 5);
}

static void measured_line(replay *r, char *rest) {
    double v[MAX_NUMBERS];
    CHECK(r->next > 0 && numbers(rest, v, MAX_NUMBERS) == 3 + 2 * FA_LANDMARKS, "%s: measured", r->clip);
    compare(r, &r->faces[r->next - 1].measured, v);
}

static void quality(replay *r, char *rest) {
    double v[10];
    fa_image image = {r->canvas, r->width, r->height, 0, FA_RGB};
    fa_quality q;
    CHECK(r->count > 0 && numbers(rest, v, 10) == 10, "%s: quality", r->clip);
    CHECK(fa_face_quality(r->aligner, &image, &r->faces[0].measured, &q) == FA_OK, "%s", fa_last_error());
    const double got[10] = {q.score, q.plausibility, q.disagreement, q.sharpness, q.eye_distance, q.inside,
                            q.landmark_yaw_deg, q.landmark_pitch_deg, q.landmark_roll_deg, q.pose_disagreement_deg};
    for (int k = 0; k < 10; k++)
        CHECK(fabs(got[k] - v[k]) <= (k < 6 ? 1e-4 : 0.02), "%s: quality %d: %.9g, not %.9g", r->clip, k, got[k], v[k]);
    r->qualities++;
}

static void take_line(replay *r, const char *key, char *rest) {
    if (strcmp(key, "clip") == 0) {
        snprintf(r->clip, sizeof r->clip, "%s", rest);
        r->clips++;
    } else if (strcmp(key, "options") == 0)
        start(r, rest);
    else if (strcmp(key, "frame") == 0)
        fill(r, rest);
    else if (strcmp(key, "paste") == 0)
        paste(r, rest);
    else if (strcmp(key, "noise") == 0)
        noise(r, rest);
    else if (strcmp(key, "update") == 0)
        update(r, rest);
    else if (strcmp(key, "refuse") == 0)
        refuse(r, rest);
    else if (strcmp(key, "reset") == 0)
        fa_tracker_reset(r->tracker);
    else if (strcmp(key, "face") == 0)
        face_line(r, rest);
    else if (strcmp(key, "quality") == 0)
        quality(r, rest);
    else if (strcmp(key, "measured") == 0)
        measured_line(r, rest);
    else
        CHECK(r->clips == 0, "%s: a line of an unknown kind: %s", r->clip, key);
}

int main(int argc, char **argv) {
    static replay r;
    char path[1024];
    size_t size;
    fa_options options = FA_OPTIONS_INIT;
    CHECK(argc >= 4, "usage: test_tracks MODEL GOLDEN_FOLDER DETECTOR");
    r.folder = argv[2];
    options.model_path = argv[1];
    options.detector_path = argv[3];
    CHECK(fa_create(&options, &r.aligner) == FA_OK, "%s", fa_last_error());
    snprintf(path, sizeof path, "%s/tracks.txt", argv[2]);
    char *text = (char *)golden_file(path, &size), *next;
    for (char *line = text; *line != '\0'; line = next) {
        next = line + strcspn(line, "\n");
        if (*next == '\n') *next++ = '\0';
        char *rest = line + strcspn(line, " ");
        if (*rest == ' ') *rest++ = '\0';
        if (*line != '\0') take_line(&r, line, rest);
    }
    CHECK(r.clips >= 8 && r.updates >= 80 && r.refusals >= 20 && r.qualities >= 16, "%d clips, %d updates, %d refusals", r.clips, r.updates,
          r.refusals);
    free(text);
    free(r.canvas);
    for (int i = 0; i < MAX_SOURCES; i++) free((void *)(uintptr_t)r.sources[i].image.data);
    fa_tracker_destroy(r.tracker);
    fa_destroy(r.aligner);
    printf("%d clips, %d frames replayed, %d refused; landmarks differ by at most %g px\n", r.clips, r.updates, r.refusals,
           r.off);
    return 0;
}
