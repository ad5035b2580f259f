/* Crops, byte for byte as docs/model_format.md defines them. Compile without contraction to fused operations. */
#include <math.h>
#include <stdlib.h>

#include "camera.h"
#include "internal.h"

#define MAX_BLOCK 64
#define MAX_SIDE 1e9
#define LANE 21 /* bits of a channel in a word of the grid */
#define LANE_MASK (((uint64_t)1 << LANE) - 1)
#define HALVES (2048 * (1 + ((uint64_t)1 << LANE) + ((uint64_t)1 << 2 * LANE)))

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
    int inside; /* no sample lies beyond first and last */
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
    a.inside = a.first == low && a.last == high;
    return a;
}

typedef struct { /* an image, and how to step through it */
    const fa_image *image;
    int64_t bytes, stride;
    int32_t red, green, blue; /* where they lie in a pixel */
    int is_camera;
    fa_camera camera;
} source;

static source source_of(const fa_image *image) {
    int32_t format = image->format, grey = format == FA_GRAY;
    source s = {.image = image, .is_camera = fa_is_camera(format)};
    if (s.is_camera) s.camera = fa_camera_of(image);
    s.bytes = fa_pixel_bytes(format);
    s.stride = image->stride != 0 ? image->stride : image->width * s.bytes;
    s.red = format == FA_BGR || format == FA_BGRA ? 2 : 0;
    s.green = !grey;
    s.blue = grey ? 0 : 2 - s.red;
    return s;
}

/* Red, green and blue in lanes of 21 bits: sums of a block, and of samples times their weights, fit. */
static uint64_t lanes(uint64_t red, uint64_t green, uint64_t blue) { return red | green << LANE | blue << 2 * LANE; }

static uint64_t pixel_of(const source *s, const uint8_t *at) { return lanes(at[s->red], at[s->green], at[s->blue]); }

static const uint8_t *place_of(const source *s, int64_t column, int64_t row) {
    return s->image->data + row * s->stride + column * s->bytes;
}

/* So many pixels side by side, all in the image. */
static void copy_inside(const source *s, const uint8_t *at, int64_t count, uint64_t *out) {
    const int64_t bytes = s->bytes, red = s->red, green = s->green, blue = s->blue;
    for (int64_t u = 0; u < count; u++, at += bytes) out[u] = lanes(at[red], at[green], at[blue]);
}

static uint64_t sum_inside(const source *s, const uint8_t *line, int64_t block) {
    const int64_t bytes = s->bytes, red = s->red, green = s->green, blue = s->blue;
    uint64_t sum = 0;
    for (int64_t v = 0; v < block; v++, line += s->stride) {
        const uint8_t *at = line;
        for (int64_t u = 0; u < block; u++, at += bytes) sum += lanes(at[red], at[green], at[blue]);
    }
    return sum;
}

/* Beyond the image its edge pixels are repeated. */
static uint64_t sum_anywhere(const source *s, int64_t left, int64_t top, int64_t block) {
    uint64_t sum = 0;
    uint8_t rgb[3];
    for (int64_t v = top; v < top + block; v++)
        for (int64_t u = left; u < left + block; u++) {
            int64_t row = clamp(v, 0, s->image->height - 1), column = clamp(u, 0, s->image->width - 1);
            if (s->is_camera) {
                fa_camera_pixel(&s->camera, column, row, rgb);
                sum += lanes(rgb[0], rgb[1], rgb[2]);
            } else
                sum += pixel_of(s, place_of(s, column, row));
        }
    return sum;
}

/* Of each lane (2 sum + area) / (2 area), rounded down. `inverse` is 2 ** 40 / (2 area), rounded up, which is exact here:
 * the numerator is below 2 ** 21, the divisor at most 2 ** 13. */
static uint64_t mean(uint64_t sum, uint64_t area, uint64_t inverse) {
    uint64_t of[3];
    for (int c = 0; c < 3; c++) of[c] = ((2 * (sum >> c * LANE & LANE_MASK) + area) * inverse) >> 40;
    return lanes(of[0], of[1], of[2]);
}

typedef struct { /* of the blocks of a row those that lie in the image */
    int64_t first, end;
} run;

static run run_of(const source *s, const axis *x, int64_t top, int64_t block) {
    run r = {x->last + 1, x->last + 1};
    if (s->is_camera || top < 0 || top + block > s->image->height) return r;
    r.first = clamp(floor_div(block - 1 - x->anchor, block), x->first, x->last + 1);
    r.end = clamp(floor_div(s->image->width - x->anchor, block), r.first, x->last + 1);
    return r;
}

static void fill(const fa_image *image, const axis *x, const axis *y, int64_t block, fa_grid *grid) {
    source s = source_of(image);
    uint64_t area = (uint64_t)(block * block), inverse = (((uint64_t)1 << 40) + 2 * area - 1) / (2 * area);
    uint64_t *out = grid->pixels;
    for (int64_t row = y->first; row <= y->last; row++, out += grid->columns) {
        int64_t top = y->anchor + block * row, column = x->first;
        run r = run_of(&s, x, top, block);
        for (; column < r.first; column++)
            out[column - x->first] = mean(sum_anywhere(&s, x->anchor + block * column, top, block), area, inverse);
        if (block == 1 && r.first < r.end) {
            copy_inside(&s, place_of(&s, x->anchor + r.first, top), r.end - r.first, out + (r.first - x->first));
            column = r.end;
        }
        for (; column < r.end; column++)
            out[column - x->first] = mean(sum_inside(&s, place_of(&s, x->anchor + block * column, top), block), area, inverse);
        for (; column <= x->last; column++)
            out[column - x->first] = mean(sum_anywhere(&s, x->anchor + block * column, top, block), area, inverse);
    }
}

static fa_status reserve(fa_grid *grid, const axis *x, const axis *y) {
    grid->columns = x->last - x->first + 1;
    grid->rows = y->last - y->first + 1;
    size_t needed = (size_t)grid->columns * (size_t)grid->rows * sizeof *grid->pixels;
    if (needed <= grid->capacity) return FA_OK;
    uint64_t *larger = realloc(grid->pixels, needed);
    if (larger == NULL) return fa_fail(FA_ERROR_MEMORY, "frame: no memory for %zu bytes", needed);
    grid->pixels = larger;
    grid->capacity = needed;
    return FA_OK;
}

/* (2048 + the weighted sum of four) >> 12 of each lane. */
static void between(const uint64_t *above, const uint64_t *below, int64_t left, int64_t right, uint64_t f, uint64_t g,
                    uint8_t *out) {
    uint64_t sum = HALVES + (64 - f) * (64 - g) * above[left] + f * (64 - g) * above[right] + (64 - f) * g * below[left] +
                   f * g * below[right];
    for (int c = 0; c < 3; c++) out[c] = (uint8_t)(sum >> (12 + c * LANE));
}

static void sample_inside(const axis *x, const axis *y, const fa_grid *grid, int32_t size, uint8_t *out) {
    for (int32_t j = 0; j < size; j++) {
        int64_t px = x->start + j * x->by_row, py = y->start + j * y->by_row;
        for (int32_t i = 0; i < size; i++, out += 3, px += x->by_column, py += y->by_column) {
            const uint64_t *at = grid->pixels + ((py >> 16) - y->first) * grid->columns + ((px >> 16) - x->first);
            between(at, at + grid->columns, 0, 1, (uint64_t)(px >> 10 & 63), (uint64_t)(py >> 10 & 63), out);
        }
    }
}

static void sample_anywhere(const axis *x, const axis *y, const fa_grid *grid, int32_t size, uint8_t *out) {
    int64_t last_column = grid->columns - 1, last_row = grid->rows - 1;
    for (int32_t j = 0; j < size; j++)
        for (int32_t i = 0; i < size; i++, out += 3) {
            int64_t px = x->start + i * x->by_column + j * x->by_row;
            int64_t py = y->start + i * y->by_column + j * y->by_row;
            int64_t u = (px >> 16) - x->first, v = (py >> 16) - y->first;
            const uint64_t *above = grid->pixels + clamp(v, 0, last_row) * grid->columns;
            const uint64_t *below = grid->pixels + clamp(v + 1, 0, last_row) * grid->columns;
            between(above, below, clamp(u, 0, last_column), clamp(u + 1, 0, last_column), (uint64_t)(px >> 10 & 63),
                    (uint64_t)(py >> 10 & 63), out);
        }
}

static void sample(const axis *x, const axis *y, const fa_grid *grid, int32_t size, uint8_t *out) {
    if (x->inside && y->inside)
        sample_inside(x, y, grid, size, out);
    else
        sample_anywhere(x, y, grid, size, out);
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
