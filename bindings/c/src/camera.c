/* Camera formats to RGB, in integers: the same as OpenCV's cvtColor and sdk/frames.py; docs/conventions.md defines them. */
#include "camera.h"

#define ONE 20 /* bits of a whole step of brightness */
#define LUMA 1220542 /* 1.164 */
#define RED_OF_V 1673527 /* 1.596 */
#define GREEN_OF_V (-852492) /* -0.813 */
#define GREEN_OF_U (-409993) /* -0.391 */
#define BLUE_OF_U 2116026 /* 2.018 */

typedef struct { /* what two or four pixels share */
    int32_t red, green, blue;
} tint;

int fa_is_camera(int32_t format) { return format >= FA_NV21 && format <= FA_PLANES; }

/* Y, then colour in one plane of as many bytes a row, or in two of half as many. */
static fa_camera of_one_block(const fa_image *image) {
    int64_t stride = image->stride != 0 ? image->stride : image->width;
    const uint8_t *colour = image->data + stride * image->height;
    fa_camera c = {.y = {image->data, stride, 1, 0}, .rows = 2};
    if (image->format == FA_I420) {
        c.u = (fa_plane){colour, stride / 2, 1, 0};
        c.v = (fa_plane){colour + stride / 2 * (image->height / 2), stride / 2, 1, 0};
    } else {
        int first_is_v = image->format == FA_NV21;
        c.u = (fa_plane){colour + first_is_v, stride, 2, 0};
        c.v = (fa_plane){colour + !first_is_v, stride, 2, 0};
    }
    return c;
}

static fa_plane of_plane(const fa_plane *plane, int64_t columns) {
    fa_plane p = *plane;
    if (p.row_stride == 0) p.row_stride = columns * p.pixel_stride;
    return p;
}

fa_camera fa_camera_of(const fa_image *image) {
    const uint8_t *data = image->data;
    int64_t stride = image->stride != 0 ? image->stride : 2 * (int64_t)image->width;
    if (image->format == FA_YUYV)
        return (fa_camera){{data, stride, 2, 0}, {data + 1, stride, 4, 0}, {data + 3, stride, 4, 0}, 1};
    if (image->format != FA_PLANES) return of_one_block(image);
    const fa_plane *planes = (const fa_plane *)(const void *)data;
    int64_t half = image->width / 2;
    return (fa_camera){of_plane(&planes[0], image->width), of_plane(&planes[1], half), of_plane(&planes[2], half), 2};
}

static tint tint_of(const fa_camera *c, int64_t row, int64_t pair) {
    int32_t u = c->u.data[row / c->rows * c->u.row_stride + pair * c->u.pixel_stride] - 128;
    int32_t v = c->v.data[row / c->rows * c->v.row_stride + pair * c->v.pixel_stride] - 128;
    int32_t half = 1 << (ONE - 1);
    return (tint){half + RED_OF_V * v, half + GREEN_OF_V * v + GREEN_OF_U * u, half + BLUE_OF_U * u};
}

static uint8_t clipped(int32_t value) {
    value >>= ONE;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void write(uint8_t y, const tint *t, uint8_t rgb[3]) {
    int32_t light = y > 16 ? (y - 16) * LUMA : 0;
    rgb[0] = clipped(light + t->red);
    rgb[1] = clipped(light + t->green);
    rgb[2] = clipped(light + t->blue);
}

void fa_camera_pixel(const fa_camera *camera, int64_t column, int64_t row, uint8_t rgb[3]) {
    tint t = tint_of(camera, row, column / 2);
    write(camera->y.data[row * camera->y.row_stride + column * camera->y.pixel_stride], &t, rgb);
}

void fa_camera_row(const fa_camera *camera, int64_t row, int32_t width, uint8_t *rgb) {
    const uint8_t *light = camera->y.data + row * camera->y.row_stride;
    int32_t step = camera->y.pixel_stride;
    for (int32_t pair = 0; pair < width / 2; pair++, rgb += 6, light += 2 * (int64_t)step) {
        tint t = tint_of(camera, row, pair);
        write(light[0], &t, rgb);
        write(light[step], &t, rgb + 3);
    }
}
