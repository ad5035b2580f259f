/* The detector's input, byte for byte as docs/model_format.md defines it. Compile without contraction to fused
 * operations. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "camera.h"
#include "internal.h"

#define ONE 256 /* a share of a whole pixel */

typedef struct fa_place { /* between two pixels of an axis */
    int32_t at, next;
    uint32_t share; /* of the next one, 0 to 255, or 256 where rounding makes it so */
} place;

typedef struct { /* pixels and where red, green and blue lie in each */
    const uint8_t *data;
    int32_t width, height, bytes, red, green, blue;
    int64_t stride;
    uint8_t *rows; /* room for two of a camera's as RGB; NULL where pixels lie one after the other */
    fa_camera camera;
} source;

typedef struct { /* which rows of a camera's are there as RGB, by whether their number is odd */
    int32_t row[2];
} held;

static place place_of(double scale, int32_t index, int32_t pixels) {
    double position = scale * (index + 0.5) - 0.5, below = floor(position);
    if (pixels < 2 || below < 0) return (place){0, 0, 0};
    if (below >= pixels - 1) return (place){pixels - 1, pixels - 1, 0};
    int32_t at = (int32_t)below;
    return (place){at, at + 1, (uint32_t)rint((position - below) * ONE)};
}

static uint8_t between(const uint8_t *above, const uint8_t *below, const place *x, int32_t bytes, uint32_t down) {
    uint32_t upper = (ONE - x->share) * above[x->at * bytes] + x->share * above[x->next * bytes];
    uint32_t lower = (ONE - x->share) * below[x->at * bytes] + x->share * below[x->next * bytes];
    return (uint8_t)(((ONE - down) * upper + down * lower + ONE * ONE / 2) >> 16);
}

/* A row's pixels; of a camera's two that follow each other are kept. */
static const uint8_t *row_of(const source *from, int32_t row, held *h) {
    if (from->rows == NULL) return from->data + row * from->stride;
    uint8_t *rgb = from->rows + (size_t)(row & 1) * (size_t)from->width * 3;
    if (h->row[row & 1] != row) fa_camera_row(&from->camera, row, from->width, rgb);
    h->row[row & 1] = row;
    return rgb;
}

/* Scales to width x height pixels RGB; `out` may be where a larger `from` is, since it is filled behind what is read. */
static void scale_to(const source *from, int32_t width, int32_t height, place *columns, uint8_t *out, size_t out_stride) {
    double across = 1.0 / ((double)width / from->width), down = 1.0 / ((double)height / from->height);
    held h = {{-1, -1}};
    for (int32_t i = 0; i < width; i++) columns[i] = place_of(across, i, from->width);
    for (int32_t j = 0; j < height; j++) {
        place y = place_of(down, j, from->height);
        const uint8_t *above = row_of(from, y.at, &h), *below = row_of(from, y.next, &h);
        uint8_t *pixel = out + (size_t)j * out_stride;
        for (int32_t i = 0; i < width; i++, pixel += 3) {
            uint8_t red = between(above + from->red, below + from->red, &columns[i], from->bytes, y.share);
            uint8_t green = between(above + from->green, below + from->green, &columns[i], from->bytes, y.share);
            uint8_t blue = between(above + from->blue, below + from->blue, &columns[i], from->bytes, y.share);
            pixel[0] = red, pixel[1] = green, pixel[2] = blue;
        }
    }
}

static source of_image(const fa_image *image, uint8_t *rows) {
    int32_t bytes = fa_pixel_bytes(image->format), width = image->width;
    source s = {.data = image->data, .width = width, .height = image->height, .bytes = bytes, .stride = image->stride};
    if (fa_is_camera(image->format)) {
        s.camera = fa_camera_of(image);
        s.rows = rows;
        s.bytes = 3;
    } else if (s.stride == 0)
        s.stride = (int64_t)width * bytes;
    if (image->format != FA_GRAY) {
        s.green = 1;
        s.red = image->format == FA_BGR || image->format == FA_BGRA ? 2 : 0;
        s.blue = 2 - s.red;
    }
    return s;
}

static int32_t halved(int32_t pixels) { return pixels > 1 ? pixels / 2 : 1; }
static int32_t longest(int32_t width, int32_t height) { return width > height ? width : height; }

static fa_status grow(uint8_t **memory, size_t *capacity, size_t needed) {
    if (needed <= *capacity) return FA_OK;
    uint8_t *larger = realloc(*memory, needed);
    if (larger == NULL) return fa_fail(FA_ERROR_MEMORY, "frame: no memory for %zu bytes", needed);
    *memory = larger;
    *capacity = needed;
    return FA_OK;
}

static fa_status grow_columns(fa_letterbox *box, size_t needed) {
    if (needed <= box->most_columns) return FA_OK;
    place *larger = realloc(box->columns, needed * sizeof(place));
    if (larger == NULL) return fa_fail(FA_ERROR_MEMORY, "frame: no memory for %zu columns", needed);
    box->columns = larger;
    box->most_columns = needed;
    return FA_OK;
}

static fa_status reserve(fa_letterbox *box, int32_t size, const fa_image *image) {
    int large = longest(image->width, image->height) >= 2 * size;
    int32_t width = halved(image->width);
    size_t pixels = large ? (size_t)width * (size_t)halved(image->height) * 3 : 0;
    size_t rows = fa_is_camera(image->format) ? 2 * (size_t)image->width * 3 : 0;
    fa_status status = grow(&box->pixels, &box->capacity, pixels);
    if (status == FA_OK) status = grow(&box->rows, &box->row_capacity, rows);
    return status == FA_OK ? grow_columns(box, (size_t)(large && width > size ? width : size)) : status;
}

static int32_t scaled_side(int32_t pixels, double ratio) {
    int32_t side = (int32_t)rint(pixels * ratio);
    return side < 1 ? 1 : side;
}

/* The image, whose longer side becomes `size` pixels, into `out`, whose rows have `stride` bytes. */
static void place_scaled(fa_letterbox *box, const fa_image *image, int32_t size, const int32_t wanted[2], uint8_t *out,
                         size_t stride) {
    source s = of_image(image, box->rows);
    while (longest(s.width, s.height) >= 2 * size) {
        int32_t half[2] = {halved(s.width), halved(s.height)};
        scale_to(&s, half[0], half[1], box->columns, box->pixels, (size_t)half[0] * 3);
        s = (source){.data = box->pixels, .width = half[0], .height = half[1], .bytes = 3, .green = 1, .blue = 2};
        s.stride = (int64_t)half[0] * 3;
    }
    scale_to(&s, wanted[0], wanted[1], box->columns, out, stride);
}

/* Onto `inner` of the `size` pixels of a side; centred where corner is asked for. */
static fa_status fill(fa_letterbox *box, const fa_image *image, int32_t inner, int32_t size, uint8_t *out, float scale[2],
                      float corner[2]) {
    double ratio = (double)inner / longest(image->width, image->height);
    int32_t wanted[2] = {scaled_side(image->width, ratio), scaled_side(image->height, ratio)}, at[2] = {0, 0};
    fa_status status = reserve(box, inner, image);
    if (status != FA_OK) return status;
    for (int i = 0; i < 2 && corner != NULL; i++) corner[i] = (float)(at[i] = (size - wanted[i]) / 2);
    size_t stride = (size_t)size * 3;
    memset(out, 0, (size_t)size * stride);
    place_scaled(box, image, inner, wanted, out + (size_t)at[1] * stride + (size_t)at[0] * 3, stride);
    scale[0] = (float)((double)wanted[0] / image->width);
    scale[1] = (float)((double)wanted[1] / image->height);
    return FA_OK;
}

fa_status fa_letterbox_fill(fa_letterbox *box, const fa_image *image, int32_t size, uint8_t *out, float scale[2]) {
    return fill(box, image, size, size, out, scale, NULL);
}

fa_status fa_letterbox_fill_with_margin(fa_letterbox *box, const fa_image *image, int32_t size, uint8_t *out, float scale[2],
                                        float corner[2]) {
    return fill(box, image, size * 2 / 3, size, out, scale, corner);
}

void fa_letterbox_free(fa_letterbox *box) {
    free(box->pixels);
    free(box->columns);
    free(box->rows);
    *box = (fa_letterbox){0};
}
