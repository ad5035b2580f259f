/* Counts allocations of the whole process, the TFLite library's included, over frames of one size. With a number of frames
 * as last argument, follows a face through so many and looks whether the process grows. */
#include <unistd.h>

#include "golden.h"

#define WARM_UP 3
#define FRAMES 50
#define SETTLED 500       /* frames after which the process should have all that it needs */
#define MAX_GROWTH (1e6) /* bytes in the rest */

static long allocations;
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

void *malloc(size_t size) {
    __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    return __libc_realloc(old, size);
}

/* A window that wanders over an image: a face that moves. */
static fa_image window(const fa_image *image, int frame) {
    int step = frame % 40, at = step < 20 ? step : 40 - step;
    fa_image part = *image;
    part.stride = 3 * image->width;
    part.data += 3 * at + part.stride * (at / 2);
    part.width -= 20;
    part.height -= 20;
    return part;
}

static void follow(fa_tracker *tracker, const fa_image *image, int frame) {
    static fa_tracked_face faces[2];
    int32_t count;
    fa_image part = window(image, frame);
    CHECK(fa_tracker_update(tracker, &part, NULL, faces, 2, &count) == FA_OK && count == 1, "%s", fa_last_error());
    CHECK(faces[0].id == 1 && faces[0].frames == frame + 1, "lost in frame %d", frame);
}

static double resident(void) { /* bytes */
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1, "statm");
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void test_growth(fa_aligner *aligner, const fa_image *image, int frames) {
    fa_tracker_options how = FA_TRACKER_OPTIONS_INIT;
    fa_tracker *tracker;
    double before = 0;
    CHECK(fa_tracker_create(aligner, &how, &tracker) == FA_OK, "%s", fa_last_error());
    for (int i = 0; i < frames; i++) {
        if (i == SETTLED) before = resident();
        follow(tracker, image, i);
    }
    double growth = resident() - before;
    CHECK(frames > SETTLED && growth <= MAX_GROWTH, "%g bytes of growth in %d frames", growth, frames);
    fa_tracker_destroy(tracker);
    printf("%g bytes of growth in %d tracked frames\n", growth, frames);
}

int main(int argc, char **argv) {
    static golden_case cases[GOLDEN_MAX];
    CHECK(argc >= 4, "usage: test_memory MODEL GOLDEN_FOLDER DETECTOR [FRAMES]");
    const golden_case *face = golden_find(cases, golden_read(argv[2], cases), "face_again");
    fa_image image = golden_zoomed(argv[2], face->frame, 4), small = golden_frame(argv[2], face->frame);
    fa_box box = {4 * face->box.left, 4 * face->box.top, 4 * face->box.right, 4 * face->box.bottom};
    fa_options options = FA_OPTIONS_INIT;
    fa_tracker_options how = FA_TRACKER_OPTIONS_INIT;
    fa_aligner *aligner;
    fa_tracker *tracker;
    fa_face found;
    int32_t count;
    options.model_path = argv[1];
    options.detector_path = argv[3];
    how.detect_every = 4; /* some frames are searched, some are not */
    CHECK(fa_create(&options, &aligner) == FA_OK, "%s", fa_last_error());
    CHECK(fa_tracker_create(aligner, &how, &tracker) == FA_OK, "%s", fa_last_error());
    long before = 0;
    for (int i = 0; i < WARM_UP + FRAMES; i++) {
        if (i == WARM_UP) before = allocations;
        box.left = 4 * face->box.left - 1 + i % 3; /* a face that moves */
        CHECK(fa_predict(aligner, &image, &found, 1, &count) == FA_OK && count == 1, "%s", fa_last_error());
        CHECK(fa_align(aligner, &image, &box, 1, &found) == FA_OK, "%s", fa_last_error());
        follow(tracker, &small, i);
    }
    CHECK(before > 0, "the counter counts");
    CHECK(allocations == before, "%ld allocations in %d frames", allocations - before, FRAMES);
    fa_tracker_destroy(tracker);
    printf("no allocation in %d frames\n", FRAMES);
    if (argc > 4) test_growth(aligner, &small, atoi(argv[4]));
    fa_destroy(aligner);
    free((void *)(uintptr_t)image.data);
    free((void *)(uintptr_t)small.data);
    return 0;
}
