/* libFuzzer: images of any format, size and strides, under any crop and for any detector's input. Each plane has exactly the
 * bytes that it needs, so that the address sanitizer sees a read beyond them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "camera.h"
#include "internal.h"

#define MOST_PIXELS 96 /* of width and height */
#define MOST_BYTES (1 << 18)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *data;
    size_t size;
} input;

static void take(input *in, void *out, size_t size) {
    size_t there = size < in->size ? size : in->size;
    memset(out, 0, size);
    memcpy(out, in->data, there);
    in->data += there;
    in->size -= there;
}

static int32_t take_number(input *in) {
    int16_t number;
    take(in, &number, sizeof number);
    return number;
}

/* A number as it comes, or one of the few that matter. */
static double take_double(input *in) {
    static const double odd[] = {0, -0.0, 1e300, -1e300, 1e-300, NAN, INFINITY, -INFINITY};
    int32_t kind = take_number(in);
    double number;
    if (kind % 16 == 0) return odd[(uint32_t)kind / 16 % 8];
    if (kind % 16 == 1) {
        take(in, &number, sizeof number);
        return number;
    }
    return take_number(in) / 16.0;
}

/* Memory that is filled from the input over and over. */
static uint8_t *filled(const input *in, int64_t size) {
    uint8_t *memory = size > 0 && size <= MOST_BYTES ? malloc((size_t)size) : NULL;
    for (size_t at = 0; memory != NULL && at < (size_t)size; at += in->size) {
        if (in->size == 0) return memset(memory, 77, (size_t)size);
        size_t left = (size_t)size - at;
        memcpy(memory + at, in->data, left < in->size ? left : in->size);
    }
    return memory;
}

/* Bytes from the first to the last, as asmnet_edge.h describes the formats. */
static int64_t needed(const fa_image *image) {
    static const int32_t bytes[] = {3, 3, 4, 4, 1, 1, 1, 1, 2};
    int64_t width = image->width, height = image->height, row = width * bytes[image->format];
    int64_t stride = image->stride != 0 ? image->stride : row;
    if (image->format == FA_I420) return height * stride + (height - 1) * (stride / 2) + width / 2;
    if (image->format == FA_NV21 || image->format == FA_NV12) height += height / 2;
    return (height - 1) * stride + row;
}

static void look(const fa_image *image, input *in) {
    static fa_grid grid;
    static fa_letterbox box;
    static uint8_t out[160 * 160 * 3];
    int32_t sizes[] = {take_number(in), take_number(in)};
    fa_detection found = {{take_double(in), take_double(in), take_double(in), take_double(in)}, 1, take_double(in)};
    fa_box upright = fa_box_upright(&found);
    fa_crop crop = fa_crop_around_box(&upright, take_double(in));
    float scale[2];
    crop.angle_deg = found.roll_deg;
    fa_crop_extract(&crop, image, 1 + (sizes[0] & 63), &grid, out);
    fa_crop free_crop = {take_double(in), take_double(in), take_double(in), take_double(in)};
    fa_crop_extract(&free_crop, image, 1 + (sizes[0] & 63), &grid, out);
    if (fa_letterbox_fill(&box, image, 32 * (1 + (sizes[1] & 3)), out, scale) == FA_OK && !(scale[0] > 0 && scale[1] > 0)) abort();
    if (grid.capacity > 1 << 24 || box.capacity > 1 << 24) { /* between frames, as the handle does when it is closed */
        free(grid.pixels);
        grid = (fa_grid){0};
        fa_letterbox_free(&box);
    }
}

static void in_one_block(fa_image image, input *in) {
    image.data = (const uint8_t *)""; /* the check reads no pixels */
    if (fa_image_check(&image) != FA_OK) return;
    uint8_t *memory = filled(in, needed(&image));
    image.data = memory;
    if (memory != NULL) look(&image, in);
    free(memory);
}

/* Planes with as many bytes as the input says; what is accepted must not read beyond them. */
static void in_planes(int32_t width, int32_t height, input *in) {
    fa_plane planes[3];
    uint8_t *memory[3];
    int there = 1;
    for (int i = 0; i < 3; i++) {
        uint16_t bytes;
        planes[i].row_stride = take_number(in);
        planes[i].pixel_stride = take_number(in) % 8;
        take(in, &bytes, sizeof bytes);
        planes[i].size = (size_t)bytes * 4 + 1;
        memory[i] = filled(in, (int64_t)planes[i].size);
        planes[i].data = memory[i];
        there = there && memory[i] != NULL;
    }
    fa_image image = fa_image_of_planes(planes, width, height);
    if (there && fa_image_check(&image) == FA_OK) look(&image, in);
    for (int i = 0; i < 3; i++) free(memory[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input in = {data, size};
    int32_t format = take_number(&in) & 15, width = take_number(&in), height = take_number(&in), stride = take_number(&in);
    if (width > MOST_PIXELS) width = 1 + width % MOST_PIXELS;
    if (height > MOST_PIXELS) height = 1 + height % MOST_PIXELS;
    if (format == FA_PLANES)
        in_planes(width, height, &in);
    else
        in_one_block((fa_image){NULL, width, height, stride, format}, &in);
    return 0;
}
