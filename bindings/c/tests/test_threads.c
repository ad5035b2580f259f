/* Handles of their own in two threads at once, for the thread sanitizer: test_threads MODEL GOLDEN_FOLDER DETECTOR. */
#include <pthread.h>
#include <string.h>

#include "golden.h"

#define THREADS 2
#define FRAMES 4

typedef struct {
    char **arguments;
    fa_tracked_face last;
    pthread_t thread;
} one;

static void *follow(void *argument) {
    one *o = argument;
    fa_options options = FA_OPTIONS_INIT;
    fa_tracker_options how = FA_TRACKER_OPTIONS_INIT;
    fa_image image = golden_frame(o->arguments[2], "portrait.ppm");
    fa_aligner *aligner;
    fa_tracker *tracker;
    int32_t count;
    options.model_path = o->arguments[1];
    options.detector_path = o->arguments[3];
    how.detect_every = 2;
    CHECK(fa_create(&options, &aligner) == FA_OK, "%s", fa_last_error());
    CHECK(fa_tracker_create(aligner, &how, &tracker) == FA_OK, "%s", fa_last_error());
    for (int i = 0; i < FRAMES; i++)
        CHECK(fa_tracker_update(tracker, &image, NULL, &o->last, 1, &count) == FA_OK && count == 1, "%s", fa_last_error());
    const double past = 0;
    CHECK(fa_tracker_update(tracker, &image, &past, &o->last, 1, &count) == FA_ERROR_INPUT, "time ran backwards");
    CHECK(strstr(fa_last_error(), "timestamp_s") != NULL, "%s", fa_last_error());
    fa_tracker_destroy(tracker);
    fa_destroy(aligner);
    free((void *)(uintptr_t)image.data);
    return NULL;
}

int main(int argc, char **argv) {
    static one all[THREADS];
    CHECK(argc >= 4, "usage: test_threads MODEL GOLDEN_FOLDER DETECTOR");
    for (int i = 0; i < THREADS; i++) {
        all[i].arguments = argv;
        CHECK(pthread_create(&all[i].thread, NULL, follow, &all[i]) == 0, "thread %d", i);
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(all[i].thread, NULL) == 0, "thread %d", i);
    CHECK(all[0].last.frames == FRAMES && all[0].last.id == 1, "%d frames", all[0].last.frames);
    CHECK(memcmp(all[0].last.face.landmarks, all[1].last.face.landmarks, sizeof all[0].last.face.landmarks) == 0, "the same");
    puts("threads: fine");
    return 0;
}
