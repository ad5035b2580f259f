/* Images at the door: what they must be. */
#include "camera.h"
#include "internal.h"

typedef struct { /* of a format in one block: bytes of a row at least, and what must be even */
    const char *name;
    int32_t bytes, even_width, even_height, even_stride;
} layout;

static const layout LAYOUTS[] = {{"BGR", 3, 0, 0, 0},  {"RGB", 3, 0, 0, 0},  {"BGRA", 4, 0, 0, 0}, {"RGBA", 4, 0, 0, 0},
                                 {"GRAY", 1, 0, 0, 0}, {"NV21", 1, 1, 1, 0}, {"NV12", 1, 1, 1, 0}, {"I420", 1, 1, 1, 1},
                                 {"YUYV", 2, 1, 0, 0}, {"PLANES", 0, 1, 1, 0}};

int32_t fa_pixel_bytes(int32_t format) { return LAYOUTS[format].bytes; }

fa_image fa_image_of_planes(const fa_plane planes[3], int32_t width, int32_t height) {
    return (fa_image){(const uint8_t *)planes, width, height, 0, FA_PLANES};
}

static fa_status check_plane(const char *name, const fa_plane *plane, int64_t columns, int64_t rows) {
    if (plane->data == NULL) return fa_fail(FA_ERROR_INPUT, "frame: plane %s: expected data, got NULL", name);
    if (plane->pixel_stride < 1)
        return fa_fail(FA_ERROR_INPUT, "frame: plane %s: expected a pixel_stride of at least 1, got %d", name, plane->pixel_stride);
    int64_t row = (columns - 1) * plane->pixel_stride + 1;
    int64_t stride = plane->row_stride != 0 ? plane->row_stride : columns * plane->pixel_stride;
    if (stride < row || stride > INT32_MAX)
        return fa_fail(FA_ERROR_INPUT, "frame: plane %s: expected rows of at least %lld bytes, %lld samples %d apart, got a "
                                       "row_stride of %lld", name, (long long)row, (long long)columns, plane->pixel_stride,
                       (long long)stride);
    uint64_t needed = (uint64_t)(stride * (rows - 1) + row);
    if (plane->size != 0 && plane->size < needed)
        return fa_fail(FA_ERROR_INPUT, "frame: plane %s: expected at least %llu bytes, %lld rows of %lld samples, got %zu", name,
                       (unsigned long long)needed, (long long)rows, (long long)columns, plane->size);
    return FA_OK;
}

static fa_status check_planes(const fa_image *image) {
    static const char *const names[] = {"Y", "U", "V"};
    const fa_plane *planes = (const fa_plane *)(const void *)image->data;
    fa_status status = FA_OK;
    for (int i = 0; i < 3 && status == FA_OK; i++) {
        int32_t shared = i == 0 ? 1 : 2;
        status = check_plane(names[i], &planes[i], image->width / shared, image->height / shared);
    }
    return status;
}

fa_status fa_image_check(const fa_image *image) {
    if (image == NULL || image->data == NULL) return fa_fail(FA_ERROR_INPUT, "frame: expected an image, got NULL");
    if (image->width < 1 || image->height < 1)
        return fa_fail(FA_ERROR_INPUT, "frame: expected at least one pixel, got %d x %d", image->width, image->height);
    if (image->format < FA_BGR || image->format > FA_PLANES)
        return fa_fail(FA_ERROR_INPUT, "frame: expected one of fa_format, got %d", image->format);
    const layout *l = &LAYOUTS[image->format];
    if ((l->even_width && image->width % 2 != 0) || (l->even_height && image->height % 2 != 0))
        return fa_fail(FA_ERROR_INPUT, "frame: expected an even width%s for %s, whose pixels share colour, got %d x %d",
                       l->even_height ? " and height" : "", l->name, image->width, image->height);
    if (image->format == FA_PLANES) return check_planes(image);
    int64_t row = (int64_t)image->width * l->bytes;
    if (image->stride != 0 && image->stride < row)
        return fa_fail(FA_ERROR_INPUT, "frame: expected rows%s of at least %lld bytes, got a stride of %lld; is it in pixels?",
                       fa_is_camera(image->format) && image->format != FA_YUYV ? " of Y" : "", (long long)row,
                       (long long)image->stride);
    if (l->even_stride && image->stride % 2 != 0)
        return fa_fail(FA_ERROR_INPUT, "frame: expected an even stride for I420, whose rows of U and V are half as long, got "
                                       "%lld; fa_image_of_planes takes any", (long long)image->stride);
    return FA_OK;
}
