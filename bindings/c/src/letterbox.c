/* The detector's input, byte for byte as docs/model_format.md defines it. Compile without contraction to fused
 * operations. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
} source;

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

/* Scales to width x height pixels RGB; `out` may be where a larger `from` is, since it is filled behind what is read. */
static void scale_to(const source *from, int32_t width, int32_t height, place *columns, uint8_t *out, size_t out_stride) {
    double across = 1.0 / ((double)width / from->width), down = 1.0 / ((double)height / from->height);
    for (int32_t i = 0; i < width; i++) columns[i] = place_of(across, i, from->width);
    for (int32_t j = 0; j < height; j++) {
        place y = place_of(down, j, from->height);
        const uint8_t *above = from->data + y.at * from->stride, *below = from->data + y.next * from->stride;
        uint8_t *pixel = out + (size_t)j * out_stride;
        for (int32_t i = 0; i < width; i++, pixel += 3) {
            uint8_t red = between(above + from->red, below + from->red, &columns[i], from->bytes, y.share);
            uint8_t green = between(above + from->green, below + from->green, &columns[i], from->bytes, y.share);
            uint8_t blue = between(above + from->blue, below + from->blue, &columns[i], from->bytes, y.share);
            pixel[0] = red, pixel[1] = green, pixel[2] = blue;
        }
    }
}

static source of_image(const fa_image *image) {
    static const int32_t bytes[] = {3, 3, 4, 4, 1};
    source s = {image->data, image->width, image->height, bytes[image->format], 0, 0, 0, image->stride};
    if (s.stride == 0) s.stride = (int64_t)s.width * s.bytes;
    if (image->format != FA_GRAY) {
        s.green = 1;
        s.red = image->format == FA_BGR || image->format == FA_BGRA ? 2 : 0;
        s.blue = 2 - s.red;
    }
    return s;
}

static int32_t halved(int32_t pixels) { return pixels > 1 ? pixels / 2 : 1; }
static int32_t longest(int32_t width, int32_t height) { return width > height ? width : height; }

static fa_status reserve(fa_letterbox *box, int32_t size, const fa_image *image) {
    int large = longest(image->width, image->height) >= 2 * size;
    int32_t width = halved(image->width);
    size_t pixels = large ? (size_t)width * (size_t)halved(image->height) * 3 : 0;
    size_t columns = (size_t)(large && width > size ? width : size);
    if (pixels > box->capacity) {
        uint8_t *larger = realloc(box->pixels, pixels);
        if (larger == NULL) return fa_fail(FA_ERROR_MEMORY, "frame: no memory for %zu bytes", pixels);
        box->pixels = larger;
        box->capacity = pixels;
    }
    if (columns > box->most_columns) {
        place *larger = realloc(box->columns, columns * sizeof(place));
        if (larger == NULL) return fa_fail(FA_ERROR_MEMORY, "frame: no memory for %zu columns", columns);
        box->columns = larger;
        box->most_columns = columns;
    }
    return FA_OK;
}

fa_status fa_letterbox_fill(fa_letterbox *box, const fa_image *image, int32_t size, uint8_t *out, float scale[2]) {
    double ratio = (double)size / longest(image->width, image->height);
    int32_t width = (int32_t)rint(image->width * ratio), height = (int32_t)rint(image->height * ratio);
    source s = of_image(image);
    fa_status status = reserve(box, size, image);
    if (status != FA_OK) return status;
    if (width < 1) width = 1;
    if (height < 1) height = 1;
    while (longest(s.width, s.height) >= 2 * size) {
        int32_t half[2] = {halved(s.width), halved(s.height)};
        scale_to(&s, half[0], half[1], box->columns, box->pixels, (size_t)half[0] * 3);
        s = (source){box->pixels, half[0], half[1], 3, 0, 1, 2, (int64_t)half[0] * 3};
    }
    memset(out, 0, (size_t)size * (size_t)size * 3);
    scale_to(&s, width, height, box->columns, out, (size_t)size * 3);
    scale[0] = (float)((double)width / image->width);
    scale[1] = (float)((double)height / image->height);
    return FA_OK;
}

void fa_letterbox_free(fa_letterbox *box) {
    free(box->pixels);
    free(box->columns);
    *box = (fa_letterbox){0};
}
