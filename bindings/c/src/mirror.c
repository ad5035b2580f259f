/* Mirror images of faces, as sdk/schemes.py and sdk/aligner.py have them. */
#include <string.h>

#include "internal.h"

/* The point that each of i-bug's 68 becomes. */
static const unsigned char MIRROR[FA_LANDMARKS] = {
    16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,  26, 25, 24, 23, 22, 21,
    20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
    41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65};

void fa_mirror_pixels(uint8_t *pixels, int32_t size) {
    for (int32_t row = 0; row < size; row++) {
        uint8_t *left = pixels + (size_t)row * (size_t)size * 3, *right = left + ((size_t)size - 1) * 3;
        for (; left < right; left += 3, right -= 3) {
            uint8_t pixel[3];
            memcpy(pixel, left, 3);
            memcpy(left, right, 3);
            memcpy(right, pixel, 3);
        }
    }
}

void fa_mirror_answers(float (*points)[2], float pose[3], float errors[FA_LANDMARKS]) {
    float copy[FA_LANDMARKS][2], expected[FA_LANDMARKS];
    memcpy(copy, points, sizeof copy);
    memcpy(expected, errors, sizeof expected);
    for (int i = 0; i < FA_LANDMARKS; i++) {
        points[i][0] = -copy[MIRROR[i]][0];
        points[i][1] = copy[MIRROR[i]][1];
        errors[i] = expected[MIRROR[i]];
    }
    pose[0] = -pose[0];
    pose[2] = -pose[2];
}
