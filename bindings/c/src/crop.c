/* Crops, byte for byte as docs/model_format.md defines them. Compile without contraction to fused operations. */
#include <math.h>
#include <stdlib.h>

#include "camera.h"
#include "internal.h"

#define MAX_BLOCK 64
#define MAX_SIDE 1e9

typedef struct {
    double cosine, sine;
} turn;

static turn turn_of(double angle_deg) {
    double angle = angle_deg * (FA_PI / 180.0);
    return (turn){cos(angle), sin(angle)};
}

fa_crop fa_crop_around_box(const fa_box *box, double margin) {
    double width = box->right - box->left, height = box->bottom - box->top;
    return (fa_crop){(box->left + box->right) / 2.0, (box->top + box->bottom) / 2.0,
                     margin * (width > height ? width : height), 0.0};
}

fa_crop fa_crop_around_landmarks(const float (*landmarks)[2], double margin, double angle_deg) {
    turn t = turn_of(angle_deg);
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY}, middle[2], widest = 0;
    for (int i = 0; i < FA_LANDMARKS; i++) {
        double x = landmarks[i][0], y = landmarks[i][1];
        double upright[2] = {t.cosine * x + t.sine * y, -t.sine * x + t.cosine * y};
        for (int k = 0; k < 2; k++) {
            low[k] = fa_least(low[k], upright[k]);
            high[k] = fa_most(high[k], upright[k]);
        }
    }
    for (int k = 0; k < 2; k++) {
        middle[k] = (low[k] + high[k]) / 2.0;
        widest = fa_most(widest, high[k] - low[k]);
    }
    return (fa_crop){t.cosine * middle[0] - t.sine * middle[1], t.sine * middle[0] + t.cosine * middle[1],
                     margin * widest, angle_deg};
}

fa_crop fa_crop_on_grid(fa_crop crop) {
    int exponent;
    frexp(crop.side, &exponent);
    double step = ldexp(1.0, exponent - 10);
    return (fa_crop){step * rint(crop.center_x / step), step * rint(crop.center_y / step),
                     step * rint(crop.side / step), rint(crop.angle_deg / 0.25) * 0.25};
}

void fa_crop_to_image(const fa_crop *crop, const float (*points)[2], float (*out)[2]) {
    turn t = turn_of(crop->angle_deg);
    for (int i = 0; i < FA_LANDMARKS; i++) {
        double x = points[i][0], y = points[i][1];
        out[i][0] = (float)(crop->side * (t.cosine * x - t.sine * y) + crop->center_x);
        out[i][1] = (float)(crop->side * (t.sine * x + t.cosine * y) + crop->center_y);
    }
}

typedef struct { /* one image axis */
    int64_t anchor, start, by_column, by_row, first, last;
} axis;

static int64_t fixed(double value) { return (int64_t)rint(65536.0 * value); }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t clamp(int64_t value, int64_t low, int64_t high) { return most(low, least(value, high)); }
static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && a < 0); } /* b > 0 */

static axis axis_of(double center, double reach, int64_t by_column, int64_t by_row, int32_t size, int64_t block,
                    int64_t pixels) {
    axis a = {.by_column = by_column, .by_row = by_row};
    a.anchor = most(0, (int64_t)floor(center - reach));
    a.start = fixed((center - (double)a.anchor - (double)(block - 1) / 2.0) / (double)block) -
              (((size - 1) * (by_column + by_row)) >> 1) + 512;
    int64_t columns = (size - 1) * by_column, rows = (size - 1) * by_row;
    int64_t low = (a.start + least(0, columns) + least(0, rows)) >> 16;
    int64_t high = ((a.start + most(0, columns) + most(0, rows)) >> 16) + 1;
    /* One block beyond the image stands for all that follow. */
    int64_t beyond = block > 1, left = floor_div(-a.anchor, block), right = floor_div(pixels - 1 - a.anchor, block);
    a.first = least(most(low, left - beyond), right);
    a.last = most(least(high, right + beyond), left);
    return a;
}

static void add_pixel(const uint8_t *pixel, int32_t format, uint32_t sum[3]) {
    int red = format == FA_BGR || format == FA_BGRA ? 2 : 0, one = format != FA_GRAY;
    sum[0] += pixel[red];
    sum[1] += pixel[one];
    sum[2] += pixel[(2 - red) * one];
}

typedef struct { /* an image, and how to step through it */
    const fa_image *image;
    int64_t bytes, stride;
    int is_camera;
    fa_camera camera;
} source;

static source source_of(const fa_image *image) {
    source s = {.image = image, .is_camera = fa_is_camera(image->format)};
    if (s.is_camera) s.camera = fa_camera_of(image);
    s.bytes = fa_pixel_bytes(image->format);
    s.stride = image->stride != 0 ? image->stride : image->width * s.bytes;
    return s;
}

static void add_block(const source *s, int64_t left, int64_t top, int64_t block, uint32_t sum[3]) {
    for (int64_t v = top; v < top + block; v++) {
        const uint8_t *line = s->image->data + clamp(v, 0, s->image->height - 1) * s->stride;
        for (int64_t u = left; u < left + block; u++)
            add_pixel(line + clamp(u, 0, s->image->width - 1) * s->bytes, s->image->format, sum);
    }
}

static void add_camera_block(const source *s, int64_t left, int64_t top, int64_t block, uint32_t sum[3]) {
    uint8_t rgb[3];
    for (int64_t v = top; v < top + block; v++)
        for (int64_t u = left; u < left + block; u++) {
            fa_camera_pixel(&s->camera, clamp(u, 0, s->image->width - 1), clamp(v, 0, s->image->height - 1), rgb);
            add_pixel(rgb, FA_RGB, sum);
        }
}

static void fill(const fa_image *image, const axis *x, const axis *y, int64_t block, fa_grid *grid) {
    source s = source_of(image);
    uint32_t area = (uint32_t)(block * block);
    uint8_t *out = grid->pixels;
    for (int64_t row = y->first; row <= y->last; row++)
        for (int64_t column = x->first; column <= x->last; column++, out += 3) {
            uint32_t sum[3] = {0, 0, 0};
            int64_t left = x->anchor + block * column, top = y->anchor + block * row;
            if (s.is_camera)
                add_camera_block(&s, left, top, block, sum);
            else
                add_block(&s, left, top, block, sum);
            for (int c = 0; c < 3; c++) out[c] = (uint8_t)((2 * sum[c] + area) / (2 * area));
        }
}

static fa_status reserve(fa_grid *grid, const axis *x, const axis *y) {
    grid->columns = x->last - x->first + 1;
    grid->rows = y->last - y->first + 1;
    size_t needed = (size_t)grid->columns * (size_t)grid->rows * 3;
    if (needed <= grid->capacity) return FA_OK;
    uint8_t *larger = realloc(grid->pixels, needed);
    if (larger == NULL) return fa_fail(FA_ERROR_MEMORY, "frame: no memory for %zu bytes", needed);
    grid->pixels = larger;
    grid->capacity = needed;
    return FA_OK;
}

static void sample(const axis *x, const axis *y, const fa_grid *grid, int32_t size, uint8_t *out) {
    int64_t last_column = grid->columns - 1, last_row = grid->rows - 1;
    for (int32_t j = 0; j < size; j++)
        for (int32_t i = 0; i < size; i++, out += 3) {
            int64_t px = (x->start + i * x->by_column + j * x->by_row) >> 10;
            int64_t py = (y->start + i * y->by_column + j * y->by_row) >> 10;
            int64_t u = (px >> 6) - x->first, v = (py >> 6) - y->first;
            uint32_t f = (uint32_t)(px & 63), g = (uint32_t)(py & 63);
            const uint8_t *above = grid->pixels + clamp(v, 0, last_row) * grid->columns * 3;
            const uint8_t *below = grid->pixels + clamp(v + 1, 0, last_row) * grid->columns * 3;
            int64_t left = clamp(u, 0, last_column) * 3, right = clamp(u + 1, 0, last_column) * 3;
            for (int c = 0; c < 3; c++) {
                uint32_t upper = (64 - f) * above[left + c] + f * above[right + c];
                uint32_t lower = (64 - f) * below[left + c] + f * below[right + c];
                out[c] = (uint8_t)(((64 - g) * upper + g * lower + 2048) >> 12);
            }
        }
}

fa_status fa_crop_extract(const fa_crop *crop, const fa_image *image, int32_t size, fa_grid *grid, uint8_t *out) {
    double cx = crop->center_x, cy = crop->center_y;
    if (!isfinite(cx) || !isfinite(cy) || !isfinite(crop->angle_deg) || !(crop->side > 0) || !(crop->side <= MAX_SIDE))
        return fa_fail(FA_ERROR_INPUT, "box: expected finite numbers and a side above 0 and up to %g, got a crop of side "
                                       "%g at (%g, %g)", MAX_SIDE, crop->side, cx, cy);
    turn t = turn_of(crop->angle_deg);
    double extent = fabs(t.cosine) + fabs(t.sine), half = crop->side * extent / 2.0;
    if (cx + half < -0.5 || cy + half < -0.5 || cx - half > image->width - 0.5 || cy - half > image->height - 0.5)
        return fa_fail(FA_ERROR_INPUT, "box: expected one that touches the %d x %d image, got a crop centred on (%.1f, "
                                       "%.1f) with side %.1f; are the coordinates in pixels of this frame?",
                       image->width, image->height, cx, cy, crop->side);
    double pixel = crop->side / size;
    int64_t block = pixel < 1 ? 1 : pixel > MAX_BLOCK ? MAX_BLOCK : (int64_t)pixel;
    double reach = pixel * size * extent / 2.0 + 2.0 * (double)block;
    int64_t right = fixed(t.cosine * pixel / (double)block), down = fixed(t.sine * pixel / (double)block);
    axis x = axis_of(cx, reach, right, -down, size, block, image->width);
    axis y = axis_of(cy, reach, down, right, size, block, image->height);
    fa_status status = reserve(grid, &x, &y);
    if (status != FA_OK) return status;
    fill(image, &x, &y, block, grid);
    sample(&x, &y, grid, size, out);
    return FA_OK;
}
