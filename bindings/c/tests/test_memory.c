/* Counts allocations of the whole process, the TFLite library's included, over frames of one size. */
#include "golden.h"

#define WARM_UP 3
#define FRAMES 50

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

int main(int argc, char **argv) {
    static golden_case cases[GOLDEN_MAX];
    CHECK(argc >= 4, "usage: test_memory MODEL GOLDEN_FOLDER DETECTOR");
    const golden_case *face = golden_find(cases, golden_read(argv[2], cases), "face_again");
    fa_image image = golden_zoomed(argv[2], face->frame, 4);
    fa_box box = {4 * face->box.left, 4 * face->box.top, 4 * face->box.right, 4 * face->box.bottom};
    fa_options options = FA_OPTIONS_INIT;
    fa_aligner *aligner;
    fa_face found;
    int32_t count;
    options.model_path = argv[1];
    options.detector_path = argv[3];
    CHECK(fa_create(&options, &aligner) == FA_OK, "%s", fa_last_error());
    long before = 0;
    for (int i = 0; i < WARM_UP + FRAMES; i++) {
        if (i == WARM_UP) before = allocations;
        box.left = 4 * face->box.left - 1 + i % 3; /* a face that moves */
        CHECK(fa_predict(aligner, &image, &found, 1, &count) == FA_OK && count == 1, "%s", fa_last_error());
        CHECK(fa_align(aligner, &image, &box, 1, &found) == FA_OK, "%s", fa_last_error());
    }
    CHECK(before > 0, "the counter counts");
    CHECK(allocations == before, "%ld allocations in %d frames", allocations - before, FRAMES);
    fa_destroy(aligner);
    free((void *)(uintptr_t)image.data);
    printf("no allocation in %d frames\n", FRAMES);
    return 0;
}
