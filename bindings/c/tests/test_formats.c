/* Replays tests/golden/formats.txt: every camera format gives the pixels on record, the crops and the detector's input of the
 * RGB picture; and what is wrong with an image is said. */
#include <string.h>

#include "camera.h"
#include "golden.h"
#include "internal.h"

#define MOST 4096

static int32_t width, height;
static uint8_t y[MOST], u[MOST], v[MOST], rgb[MOST];

static void read_bytes(const char *text, const char *key, uint8_t *out, int32_t count) {
    char start[16];
    snprintf(start, sizeof start, "\n%s ", key);
    const char *at = strstr(text, start);
    CHECK(at != NULL && count <= MOST, "%s", key);
    at += strlen(start);
    for (int32_t i = 0; i < count; i++) {
        unsigned value;
        CHECK(sscanf(at + 2 * i, "%2x", &value) == 1, "%s: byte %d", key, i);
        out[i] = (uint8_t)value;
    }
}

static void read_picture(const char *folder) {
    char path[512];
    size_t size;
    snprintf(path, sizeof path, "%s/formats.txt", folder);
    char *text = (char *)golden_file(path, &size);
    CHECK(sscanf(strstr(text, "\nwidth "), " width %d height %d", &width, &height) == 2, "no size");
    read_bytes(text, "y", y, width * height);
    read_bytes(text, "u", u, width * height / 4);
    read_bytes(text, "v", v, width * height / 4);
    read_bytes(text, "rgb", rgb, width * height * 3);
    free(text);
}

/* A plane with bytes between its samples and rows that belong to nothing. */
static void spread(const uint8_t *from, int32_t columns, int32_t rows, fa_plane to) {
    uint8_t *out = (uint8_t *)(uintptr_t)to.data;
    for (int32_t j = 0; j < rows; j++)
        for (int32_t i = 0; i < columns; i++) out[j * to.row_stride + i * to.pixel_stride] = from[j * columns + i];
}

static void spread_all(const fa_plane planes[3]) {
    spread(y, width, height, planes[0]);
    spread(u, width / 2, height / 2, planes[1]);
    spread(v, width / 2, height / 2, planes[2]);
}

static fa_image in_one_block(int32_t format, uint8_t *memory) {
    int64_t stride = format == FA_I420 ? width + 4 : width + 3;
    uint8_t *colour = memory + stride * height;
    fa_plane planes[3] = {{memory, stride, 1, 0}, {colour + (format == FA_NV21), stride, 2, 0},
                          {colour + (format != FA_NV21), stride, 2, 0}};
    if (format == FA_I420) {
        planes[1] = (fa_plane){colour, stride / 2, 1, 0};
        planes[2] = (fa_plane){colour + stride / 2 * (height / 2), stride / 2, 1, 0};
    }
    spread_all(planes);
    return (fa_image){memory, width, height, stride, format};
}

static fa_image in_pairs(uint8_t *memory) {
    int64_t stride = 2 * width + 5;
    spread(y, width, height, (fa_plane){memory, stride, 2, 0});
    for (int32_t row = 0; row < height; row++)
        for (int32_t pair = 0; pair < width / 2; pair++) {
            memory[row * stride + 4 * pair + 1] = u[row / 2 * (width / 2) + pair];
            memory[row * stride + 4 * pair + 3] = v[row / 2 * (width / 2) + pair];
        }
    return (fa_image){memory, width, height, stride, FA_YUYV};
}

static fa_image in_planes(uint8_t *memory, fa_plane planes[3]) {
    planes[0] = (fa_plane){memory, width + 7, 1, (size_t)((width + 7) * (height - 1) + width)};
    planes[1] = (fa_plane){memory + MOST, 3 * width, 3, 0};
    planes[2] = (fa_plane){memory + 2 * MOST, 3 * width + 1, 3, 0};
    spread_all(planes);
    return fa_image_of_planes(planes, width, height);
}

static void same_pixels(const char *name, const fa_image *image) {
    CHECK(fa_image_check(image) == FA_OK, "%s: %s", name, fa_last_error());
    fa_camera camera = fa_camera_of(image);
    for (int32_t row = 0; row < height; row++) {
        uint8_t got[MOST], one[3];
        fa_camera_row(&camera, row, width, got);
        CHECK(memcmp(got, rgb + row * width * 3, (size_t)width * 3) == 0, "%s: row %d", name, row);
        for (int32_t column = 0; column < width; column++) {
            fa_camera_pixel(&camera, column, row, one);
            CHECK(memcmp(one, got + 3 * column, 3) == 0, "%s: pixel %d, %d", name, column, row);
        }
    }
}

static void same_inputs(const char *name, const fa_image *image) {
    const fa_image picture = {rgb, width, height, 0, FA_RGB};
    const fa_crop crops[] = {{4.5, 2.5, 10, 0}, {3.1, 2.2, 37.5, 25}, {0, 0, 120, -60}, {4.5, 2.5, 3, 0}};
    uint8_t expected[64 * 64 * 3], got[64 * 64 * 3];
    fa_grid grid = {0};
    fa_letterbox box = {0};
    float scale[2];
    for (size_t i = 0; i < sizeof crops / sizeof *crops; i++) {
        CHECK(fa_crop_extract(&crops[i], &picture, 16, &grid, expected) == FA_OK, "%s", fa_last_error());
        CHECK(fa_crop_extract(&crops[i], image, 16, &grid, got) == FA_OK, "%s", fa_last_error());
        CHECK(memcmp(expected, got, 16 * 16 * 3) == 0, "%s: crop %zu", name, i);
    }
    for (int32_t size = 2; size <= 64; size *= 2) { /* halved twice, to enlarged */
        CHECK(fa_letterbox_fill(&box, &picture, size, expected, scale) == FA_OK, "%s", fa_last_error());
        CHECK(fa_letterbox_fill(&box, image, size, got, scale) == FA_OK, "%s", fa_last_error());
        CHECK(memcmp(expected, got, (size_t)(size * size * 3)) == 0, "%s: detector's input of %d", name, size);
    }
    fa_letterbox_free(&box);
    free(grid.pixels);
}

static void refused(fa_image image, const char *message) {
    CHECK(fa_image_check(&image) == FA_ERROR_INPUT && strstr(fa_last_error(), message) != NULL, "\"%s\" in: %s", message,
          fa_last_error());
}

static void test_refusals(uint8_t *memory) {
    static const char *const names[] = {"Y", "U", "V"};
    fa_plane planes[3];
    char message[128];
    for (int32_t format = FA_NV21; format <= FA_YUYV; format++) {
        refused((fa_image){memory, 9, 6, 0, format}, "expected an even width");
        refused((fa_image){memory, 10, 6, 9, format}, format == FA_YUYV ? "at least 20 bytes" : "rows of Y of at least 10 bytes");
        if (format != FA_YUYV) refused((fa_image){memory, 10, 5, 0, format}, "and height for");
    }
    refused((fa_image){memory, 10, 6, 11, FA_I420}, "an even stride for I420");
    refused(fa_image_of_planes(NULL, 10, 6), "expected an image, got NULL");
    for (int i = 0; i < 3; i++) {
        fa_image image = in_planes(memory, planes);
        planes[i].size = 40;
        snprintf(message, sizeof message, "plane %s: expected at least %d bytes, %d rows of %d samples, got 40", names[i],
                 i == 0 ? 95 : i == 1 ? 73 : 75, i == 0 ? 6 : 3, i == 0 ? 10 : 5);
        refused(image, message);
        planes[i].row_stride = 4;
        snprintf(message, sizeof message, "plane %s: expected rows of at least %d bytes", names[i], i == 0 ? 10 : 13);
        refused(image, message);
        planes[i].row_stride = INT64_MAX;
        refused(image, "row_stride");
        planes[i].pixel_stride = 0;
        refused(image, "a pixel_stride of at least 1, got 0");
        planes[i].data = NULL;
        refused(image, "expected data, got NULL");
    }
}

int main(int argc, char **argv) {
    static const char *const names[] = {"NV21", "NV12", "I420"};
    static uint8_t memory[3 * MOST];
    fa_plane planes[3];
    CHECK(argc >= 2, "usage: test_formats GOLDEN_FOLDER");
    read_picture(argv[1]);
    for (int32_t format = FA_NV21; format <= FA_I420; format++) {
        fa_image image = in_one_block(format, memory);
        same_pixels(names[format - FA_NV21], &image);
        same_inputs(names[format - FA_NV21], &image);
    }
    fa_image pairs = in_pairs(memory);
    same_pixels("YUYV", &pairs);
    same_inputs("YUYV", &pairs);
    fa_image apart = in_planes(memory, planes);
    same_pixels("planes", &apart);
    same_inputs("planes", &apart);
    test_refusals(memory);
    puts("5 formats");
    return 0;
}
