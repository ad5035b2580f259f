/* What each operator makes of its inputs' shapes: interpreters compute them anew and allocate what they find. The rules are
 * those of sdk/tflite/shapes.py, where they are checked against TensorFlow's converter. */
#include <string.h>

#include "flatbuffer.h"

#define MAX_STEP 4096        /* of strides, windows and dilations */
#define MAX_INTEGERS 64      /* of a constant that gives a shape */
#define FAR (INT64_C(1) << 31) /* beyond every shape: larger numbers count as this */
#define MAX_RATIO 65536.0    /* between the scales of an operator's activations: kernels abort far beyond */
#define SAME 0
#define VALID 1

typedef struct {
    const fa_graph *graph;
    const fa_operator *op;
    int32_t number;
    const char *name;
} step;
typedef struct {
    int32_t count;
    int64_t at[MAX_INTEGERS];
} integers;

static int need(const step *s, int condition, const char *words) {
    if (!condition) fa_refuse(s->graph->file, "operator %d (%s): expected %s", s->number, s->name, words);
    return condition && !s->graph->file->failed;
}

/* NULL: it is left out. */
static const fa_node *input(const step *s, int32_t i) {
    if (i >= s->op->inputs.count) return NULL;
    int64_t index = fa_item_integer(s->graph->file, s->op->inputs, i, 'i');
    return index < 0 ? NULL : &s->graph->nodes[index];
}

static const fa_node *output(const step *s, int32_t i) {
    return &s->graph->nodes[fa_item_integer(s->graph->file, s->op->outputs, i, 'i')];
}

static fa_shape shape_of(const step *s, int32_t i) {
    const fa_node *node = input(s, i);
    return need(s, node != NULL, "another input") ? node->shape : (fa_shape){.rank = 0};
}

/* With four axes; ones where it has not. */
static fa_shape image(const step *s, int32_t i) {
    fa_shape shape = shape_of(s, i);
    return need(s, shape.rank == 4, "four axes") ? shape : (fa_shape){4, {1, 1, 1, 1}};
}

static integers constant(const step *s, int32_t i) {
    integers found = {0, {0}};
    const fa_node *node = input(s, i);
    int typed = node != NULL && (node->type == FA_NODE_INT32 || node->type == FA_NODE_INT64);
    if (!need(s, typed && node->data_size > 0 && node->data_size <= 256, "a short constant of integers as input")) return found;
    fa_vector items = {(size_t)(node->data - s->graph->file->data), (int32_t)(node->data_size / (size_t)node->width)};
    for (; found.count < items.count; found.count++) {
        int64_t value = fa_item_integer(s->graph->file, items, found.count, node->width == 8 ? 'q' : 'i');
        found.at[found.count] = value > FAR ? FAR : value < -FAR ? -FAR : value;
    }
    return found;
}

static int32_t axis_of(const step *s, int64_t axis, int32_t rank) {
    if (!need(s, axis >= -rank && axis < rank, "axes of its input")) return 0;
    return (int32_t)(axis < 0 ? axis + rank : axis);
}

static int is_step(int64_t value) { return value >= 1 && value <= MAX_STEP; }

static int equal(const fa_shape *a, const fa_shape *b) {
    return a->rank == b->rank && memcmp(a->dim, b->dim, sizeof *a->dim * (size_t)a->rank) == 0;
}

static fa_shape of4(int64_t a, int64_t b, int64_t c, int64_t d) { return (fa_shape){4, {a, b, c, d}}; }

static int64_t slide(const step *s, int64_t size, int64_t window, int64_t stride, int64_t dilation) {
    int64_t reach = s->op->options[0] == VALID ? (window - 1) * dilation + 1 : 1;
    need(s, s->op->options[0] == SAME || s->op->options[0] == VALID, "padding 0 or 1");
    return need(s, size >= reach, "a window inside the image") ? (size - reach + stride) / stride : 0;
}

static void bias(const step *s, int32_t i, int64_t count) {
    const fa_node *node = input(s, i);
    need(s, node == NULL || fa_shape_count(&node->shape) == count, "a number of bias for each channel");
}

static fa_shape conv(const step *s) {
    fa_shape x = image(s, 0), f = image(s, 1);
    const int64_t *o = s->op->options;
    int steps = is_step(o[1]) && is_step(o[2]) && is_step(o[4]) && is_step(o[5]) && is_step(f.dim[1]) && is_step(f.dim[2]);
    if (!need(s, steps, "steps of 1 to 4096")) return x;
    int divides = x.dim[3] % f.dim[3] == 0 && f.dim[0] % (x.dim[3] / f.dim[3]) == 0;
    if (!need(s, divides, "filters that divide the channels")) return x;
    bias(s, 2, f.dim[0]);
    return of4(x.dim[0], slide(s, x.dim[1], f.dim[1], o[2], o[5]), slide(s, x.dim[2], f.dim[2], o[1], o[4]), f.dim[0]);
}

static fa_shape depthwise(const step *s) {
    fa_shape x = image(s, 0), f = image(s, 1);
    const int64_t *o = s->op->options;
    int steps = is_step(o[1]) && is_step(o[2]) && is_step(o[5]) && is_step(o[6]) && is_step(f.dim[1]) && is_step(f.dim[2]);
    if (!need(s, steps, "steps of 1 to 4096")) return x;
    int fits = f.dim[0] == 1 && o[3] > 0 && o[3] * x.dim[3] == f.dim[3];
    if (!need(s, fits, "as many filters as channels, times a multiplier")) return x;
    bias(s, 2, f.dim[3]);
    return of4(x.dim[0], slide(s, x.dim[1], f.dim[1], o[2], o[6]), slide(s, x.dim[2], f.dim[2], o[1], o[5]), f.dim[3]);
}

static fa_shape transpose_conv(const step *s) {
    integers size = constant(s, 0);
    fa_shape f = image(s, 1), x = image(s, 2);
    const int64_t *o = s->op->options, *d = size.at;
    int fits = size.count == 4 && d[0] == x.dim[0] && d[1] > 0 && d[2] > 0 && d[3] == f.dim[0] && x.dim[3] == f.dim[3];
    int steps = is_step(o[1]) && is_step(o[2]) && is_step(f.dim[1]) && is_step(f.dim[2]);
    if (!need(s, fits, "shapes that fit") || !need(s, steps, "steps of 1 to 4096")) return x;
    int back = slide(s, d[1], f.dim[1], o[2], 1) == x.dim[1] && slide(s, d[2], f.dim[2], o[1], 1) == x.dim[2];
    need(s, back, "an input of its output");
    bias(s, 3, f.dim[0]);
    return of4(d[0], d[1], d[2], d[3]);
}

static fa_shape pool(const step *s) {
    fa_shape x = image(s, 0);
    const int64_t *o = s->op->options;
    if (!need(s, is_step(o[1]) && is_step(o[2]) && is_step(o[3]) && is_step(o[4]), "steps of 1 to 4096")) return x;
    return of4(x.dim[0], slide(s, x.dim[1], o[4], o[2], 1), slide(s, x.dim[2], o[3], o[1], 1), x.dim[3]);
}

static fa_shape dense(const step *s) {
    fa_shape x = shape_of(s, 0), w = shape_of(s, 1);
    int keep = s->op->options[2] != 0;
    int64_t count = fa_shape_count(&x);
    if (!need(s, w.rank == 2 && s->op->options[1] == 0, "plain weights with two axes")) return x;
    int rows = count % w.dim[1] == 0 && (!keep || (x.rank > 0 && x.dim[x.rank - 1] == w.dim[1]));
    if (!need(s, rows, "rows of its weights")) return x;
    bias(s, 2, w.dim[0]);
    if (!keep) return (fa_shape){2, {count / w.dim[1], w.dim[0]}};
    x.dim[x.rank - 1] = w.dim[0];
    return x;
}

static fa_shape same(const step *s) { return shape_of(s, 0); }

static fa_shape softmax(const step *s) {
    need(s, s->op->real >= 1e-3 && s->op->real <= 1e3, "a beta of 0.001 to 1000");
    fa_shape x = shape_of(s, 0);
    need(s, x.rank > 0, "an axis");
    return x;
}

static fa_shape leaky(const step *s) {
    need(s, s->op->real >= -1e3 && s->op->real <= 1e3, "a slope of -1000 to 1000");
    return same(s);
}

static fa_shape stretched(const step *s, fa_shape a, fa_shape b) {
    if (a.rank < b.rank) return stretched(s, b, a);
    for (int32_t i = 1; i <= b.rank; i++) {
        int64_t *n = &a.dim[a.rank - i], m = b.dim[b.rank - i];
        if (!need(s, *n == m || *n == 1 || m == 1, "shapes that fit")) return a;
        if (*n == 1) *n = m;
    }
    return a;
}

static fa_shape broadcast(const step *s) { return stretched(s, shape_of(s, 0), shape_of(s, 1)); }

static fa_shape prelu(const step *s) {
    fa_shape x = shape_of(s, 0), out = broadcast(s);
    need(s, equal(&x, &out), "slopes that fit the input");
    return out;
}

static fa_shape concat(const step *s) {
    fa_shape out = shape_of(s, 0);
    int32_t axis = axis_of(s, s->op->options[0], out.rank);
    for (int32_t i = 1; i < s->op->inputs.count && !s->graph->file->failed; i++) {
        fa_shape more = shape_of(s, i);
        int64_t length = axis < more.rank ? more.dim[axis] : 0;
        if (axis < more.rank) more.dim[axis] = out.dim[axis];
        if (need(s, equal(&more, &out), "inputs that fit together")) out.dim[axis] += length;
    }
    return out;
}

static fa_shape reshape(const step *s) {
    fa_shape x = shape_of(s, 0), out = output(s, 0)->shape;
    integers wanted = {0, {0}};
    int open = 0, fits = 1;
    if (s->op->inputs.count > 1)
        wanted = constant(s, 1);
    else
        for (; wanted.count < s->op->integers.count && wanted.count <= FA_MAX_RANK; wanted.count++)
            wanted.at[wanted.count] = fa_item_integer(s->graph->file, s->op->integers, wanted.count, 'i');
    for (int32_t i = 0; i < wanted.count && wanted.count == out.rank; i++) {
        open += wanted.at[i] == -1;
        fits = fits && (wanted.at[i] == -1 || wanted.at[i] == out.dim[i]);
    }
    need(s, fits && wanted.count == out.rank && open < 2, "the shape that it has");
    need(s, fa_shape_count(&x) == fa_shape_count(&out), "as many numbers as its input");
    return out;
}

static fa_shape squeeze(const step *s) {
    fa_shape x = shape_of(s, 0), out = {.rank = 0};
    int gone[FA_MAX_RANK] = {0}, named = s->op->integers.count > 0;
    for (int32_t i = 0; i < s->op->integers.count && !s->graph->file->failed; i++) {
        int32_t axis = axis_of(s, fa_item_integer(s->graph->file, s->op->integers, i, 'i'), x.rank);
        if (need(s, x.dim[axis] == 1, "axes of one")) gone[axis] = 1;
    }
    for (int32_t a = 0; a < x.rank; a++)
        if (named ? !gone[a] : x.dim[a] != 1) out.dim[out.rank++] = x.dim[a];
    return out;
}

static fa_shape inserted(const step *s, fa_shape x, int64_t axis, int64_t length) {
    fa_shape out = {.rank = 0};
    int32_t at = axis_of(s, axis, x.rank + 1);
    if (!need(s, x.rank < FA_MAX_RANK, "at most eight axes")) return x;
    for (int32_t a = 0; a <= x.rank; a++) out.dim[out.rank++] = a == at ? length : x.dim[a > at ? a - 1 : a];
    return out;
}

static fa_shape removed(fa_shape x, int32_t axis) {
    for (int32_t a = axis; a + 1 < x.rank; a++) x.dim[a] = x.dim[a + 1];
    x.rank--;
    return x;
}

static fa_shape expand(const step *s) {
    integers axis = constant(s, 1);
    need(s, axis.count == 1, "one axis");
    return inserted(s, shape_of(s, 0), axis.at[0], 1);
}

static fa_shape transpose(const step *s) {
    fa_shape x = shape_of(s, 0), out = x;
    integers order = constant(s, 1);
    int seen[FA_MAX_RANK] = {0}, whole = order.count == x.rank;
    for (int32_t a = 0; a < x.rank && whole; a++) {
        whole = order.at[a] >= 0 && order.at[a] < x.rank && !seen[order.at[a]];
        if (!whole) break;
        seen[order.at[a]] = 1;
        out.dim[a] = x.dim[order.at[a]];
    }
    need(s, whole, "a permutation");
    return out;
}

static fa_shape pad(const step *s) {
    fa_shape x = shape_of(s, 0);
    integers pads = constant(s, 1);
    if (!need(s, pads.count == 2 * x.rank, "two paddings an axis")) return x;
    for (int32_t i = 0; i < pads.count; i++) {
        if (!need(s, pads.at[i] >= 0 && pads.at[i] <= 1 << 20, "paddings from 0")) return x;
        x.dim[i / 2] += pads.at[i];
    }
    return x;
}

static fa_shape mirror_pad(const step *s) {
    fa_shape x = shape_of(s, 0), out = pad(s);
    integers pads = constant(s, 1);
    int less = s->op->options[0] == 0; /* reflected: the edge is not repeated */
    for (int32_t i = 0; i < pads.count && i < 2 * x.rank; i++)
        need(s, pads.at[i] <= x.dim[i / 2] - less, "paddings within the image");
    return out;
}

static fa_shape resize(const step *s) {
    fa_shape x = image(s, 0);
    integers size = constant(s, 1);
    if (!need(s, size.count == 2 && size.at[0] > 0 && size.at[1] > 0, "height and width")) return x;
    return of4(x.dim[0], size.at[0], size.at[1], x.dim[3]);
}

static fa_shape reduce(const step *s) {
    fa_shape x = shape_of(s, 0), out = {.rank = 0};
    integers axes = constant(s, 1);
    int gone[FA_MAX_RANK] = {0};
    for (int32_t i = 0; i < axes.count && !s->graph->file->failed; i++) gone[axis_of(s, axes.at[i], x.rank)] = 1;
    for (int32_t a = 0; a < x.rank; a++)
        if (!gone[a] || s->op->options[0]) out.dim[out.rank++] = gone[a] ? 1 : x.dim[a];
    return out;
}

static fa_shape tile(const step *s) {
    fa_shape x = shape_of(s, 0);
    integers times = constant(s, 1);
    if (!need(s, times.count == x.rank, "a count for each axis")) return x;
    for (int32_t a = 0; a < x.rank; a++)
        if (need(s, times.at[a] > 0, "counts from 1")) x.dim[a] *= times.at[a];
    return x;
}

/* How many places a slice of Python has: begin, end and stride on an axis; NULL: from or to the border. */
static int64_t places(int64_t n, const int64_t *begin, const int64_t *end, int64_t stride) {
    int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? n : n - 1, at[2];
    const int64_t *given[2] = {begin, end};
    for (int i = 0; i < 2; i++) {
        int to_high = (i == 0) == (stride < 0);
        int64_t value = given[i] == NULL ? (to_high ? high : low) : *given[i] < 0 ? *given[i] + n : *given[i];
        at[i] = value < low ? low : value > high ? high : value;
    }
    if (stride > 0) return at[1] > at[0] ? (at[1] - at[0] - 1) / stride + 1 : 0;
    return at[0] > at[1] ? (at[0] - at[1] - 1) / -stride + 1 : 0;
}

static fa_shape strided_slice(const step *s) {
    fa_shape x = shape_of(s, 0), out = {.rank = 0};
    integers begins = constant(s, 1), ends = constant(s, 2), strides = constant(s, 3);
    const int64_t *o = s->op->options;
    need(s, !o[2] && !o[3] && !o[5], "neither ellipsis nor new axes");
    if (!need(s, begins.count == x.rank && ends.count == x.rank && strides.count == x.rank, "a slice for each axis")) return x;
    for (int32_t a = 0; a < x.rank; a++) {
        if (!need(s, strides.at[a] != 0, "strides other than 0")) return x;
        if (o[4] >> a & 1)
            need(s, begins.at[a] >= -x.dim[a] && begins.at[a] < x.dim[a] && strides.at[a] == 1, "a place on the axis");
        else
            out.dim[out.rank++] = places(x.dim[a], o[0] >> a & 1 ? NULL : &begins.at[a], o[1] >> a & 1 ? NULL : &ends.at[a],
                                         strides.at[a]);
    }
    return out;
}

static fa_shape slice(const step *s) {
    fa_shape x = shape_of(s, 0);
    integers begins = constant(s, 1), sizes = constant(s, 2);
    if (!need(s, begins.count == x.rank && sizes.count == x.rank, "a begin and a size for each axis")) return x;
    for (int32_t a = 0; a < x.rank; a++) {
        int64_t n = x.dim[a], size = sizes.at[a] == -1 ? n - begins.at[a] : sizes.at[a];
        if (!need(s, begins.at[a] >= 0 && size >= 1 && begins.at[a] + size <= n, "a part of the input")) return x;
        x.dim[a] = size;
    }
    return x;
}

static fa_shape split(const step *s) {
    fa_shape x = shape_of(s, 1);
    integers given = constant(s, 0);
    int64_t parts = s->op->outputs.count;
    int32_t axis = axis_of(s, given.at[0], x.rank);
    if (!need(s, x.rank > 0 && s->op->options[0] == parts && x.dim[axis] % parts == 0, "parts of equal size")) return x;
    x.dim[axis] /= parts;
    return x;
}

static fa_shape pack(const step *s) {
    fa_shape x = shape_of(s, 0);
    need(s, s->op->options[0] == s->op->inputs.count, "inputs of one shape");
    for (int32_t i = 1; i < s->op->inputs.count && !s->graph->file->failed; i++) {
        fa_shape more = shape_of(s, i);
        need(s, equal(&x, &more), "inputs of one shape");
    }
    return inserted(s, x, s->op->options[1], s->op->inputs.count);
}

static fa_shape unpack(const step *s) {
    fa_shape x = shape_of(s, 0);
    int32_t axis = axis_of(s, s->op->options[1], x.rank);
    int fits = x.rank > 0 && s->op->options[0] == s->op->outputs.count && x.dim[axis] == s->op->outputs.count;
    return need(s, fits, "an output for each place") ? removed(x, axis) : x;
}

static fa_shape matmul(const step *s) {
    fa_shape a = shape_of(s, 0), b = shape_of(s, 1);
    if (!need(s, a.rank >= 2 && b.rank >= 2, "two axes each")) return a;
    int turned_a = s->op->options[0] != 0, turned_b = s->op->options[1] != 0;
    int64_t m = a.dim[a.rank - 2 + turned_a], k = a.dim[a.rank - 1 - turned_a];
    int64_t k2 = b.dim[b.rank - 2 + turned_b], n = b.dim[b.rank - 1 - turned_b];
    need(s, k == k2, "matrices that fit");
    a.dim[a.rank - 2] = b.dim[b.rank - 2] = m;
    a.dim[a.rank - 1] = b.dim[b.rank - 1] = n;
    return stretched(s, a, b);
}

static fa_shape broadcast_to(const step *s) {
    integers wanted = constant(s, 1);
    fa_shape out = {.rank = wanted.count <= FA_MAX_RANK ? wanted.count : 0};
    need(s, wanted.count <= FA_MAX_RANK, "at most eight axes");
    for (int32_t a = 0; a < out.rank; a++) out.dim[a] = wanted.at[a];
    for (int32_t a = 0; a < out.rank; a++) need(s, out.dim[a] > 0, "a shape that fits");
    fa_shape both = stretched(s, shape_of(s, 0), out);
    need(s, equal(&both, &out), "a shape that fits");
    return out;
}

static fa_shape to_depth(const step *s) {
    fa_shape x = image(s, 0);
    int64_t n = s->op->options[0];
    if (!need(s, is_step(n) && x.dim[1] % n == 0 && x.dim[2] % n == 0, "multiples of its blocks")) return x;
    return of4(x.dim[0], x.dim[1] / n, x.dim[2] / n, x.dim[3] * n * n);
}

static fa_shape from_depth(const step *s) {
    fa_shape x = image(s, 0);
    int64_t n = s->op->options[0];
    if (!need(s, is_step(n) && x.dim[3] % (n * n) == 0, "multiples of its blocks")) return x;
    return of4(x.dim[0], x.dim[1] * n, x.dim[2] * n, x.dim[3] / (n * n));
}

static const struct {
    int32_t code;
    const char *name;
    fa_shape (*rule)(const step *s);
    int32_t least, most, kind; /* inputs; the kind of options, negative where they may be left out */
} RULES[] = {
    {0, "ADD", broadcast, 2, 2, 11},
    {1, "AVERAGE_POOL_2D", pool, 1, 1, 5},
    {2, "CONCATENATION", concat, 1, 256, 10},
    {3, "CONV_2D", conv, 2, 3, 1},
    {4, "DEPTHWISE_CONV_2D", depthwise, 2, 3, 2},
    {5, "DEPTH_TO_SPACE", from_depth, 1, 1, 94},
    {6, "DEQUANTIZE", same, 1, 1, -38},
    {8, "FLOOR", same, 1, 1, 0},
    {9, "FULLY_CONNECTED", dense, 2, 3, 8},
    {11, "L2_NORMALIZATION", same, 1, 1, 12},
    {14, "LOGISTIC", same, 1, 1, 0},
    {17, "MAX_POOL_2D", pool, 1, 1, 5},
    {18, "MUL", broadcast, 2, 2, 21},
    {19, "RELU", same, 1, 1, 0},
    {20, "RELU_N1_TO_1", same, 1, 1, 0},
    {21, "RELU6", same, 1, 1, 0},
    {22, "RESHAPE", reshape, 1, 2, -17},
    {23, "RESIZE_BILINEAR", resize, 2, 2, 15},
    {25, "SOFTMAX", softmax, 1, 1, 9},
    {26, "SPACE_TO_DEPTH", to_depth, 1, 1, 19},
    {28, "TANH", same, 1, 1, 0},
    {34, "PAD", pad, 2, 2, -22},
    {39, "TRANSPOSE", transpose, 2, 2, -26},
    {40, "MEAN", reduce, 2, 2, 27},
    {41, "SUB", broadcast, 2, 2, 28},
    {42, "DIV", broadcast, 2, 2, 29},
    {43, "SQUEEZE", squeeze, 1, 1, -30},
    {45, "STRIDED_SLICE", strided_slice, 4, 4, 32},
    {47, "EXP", same, 1, 1, -33},
    {49, "SPLIT", split, 2, 2, 35},
    {50, "LOG_SOFTMAX", same, 1, 1, -36},
    {53, "CAST", same, 1, 1, -37},
    {54, "PRELU", prelu, 2, 2, 0},
    {55, "MAXIMUM", broadcast, 2, 2, -39},
    {57, "MINIMUM", broadcast, 2, 2, -39},
    {59, "NEG", same, 1, 1, -42},
    {60, "PADV2", pad, 3, 3, -43},
    {65, "SLICE", slice, 3, 3, -48},
    {66, "SIN", same, 1, 1, 0},
    {67, "TRANSPOSE_CONV", transpose_conv, 3, 4, 49},
    {69, "TILE", tile, 2, 2, -51},
    {70, "EXPAND_DIMS", expand, 2, 2, -52},
    {73, "LOG", same, 1, 1, 0},
    {74, "SUM", reduce, 2, 2, 27},
    {75, "SQRT", same, 1, 1, 0},
    {76, "RSQRT", same, 1, 1, 0},
    {78, "POW", broadcast, 2, 2, -56},
    {82, "REDUCE_MAX", reduce, 2, 2, 27},
    {83, "PACK", pack, 1, 256, 59},
    {88, "UNPACK", unpack, 1, 1, 64},
    {89, "REDUCE_MIN", reduce, 2, 2, 27},
    {92, "SQUARE", same, 1, 1, -66},
    {97, "RESIZE_NEAREST_NEIGHBOR", resize, 2, 2, 74},
    {98, "LEAKY_RELU", leaky, 1, 1, 75},
    {99, "SQUARED_DIFFERENCE", broadcast, 2, 2, -76},
    {100, "MIRROR_PAD", mirror_pad, 2, 2, 77},
    {101, "ABS", same, 1, 1, -78},
    {104, "CEIL", same, 1, 1, 0},
    {108, "COS", same, 1, 1, -83},
    {111, "ELU", same, 1, 1, 0},
    {114, "QUANTIZE", same, 1, 1, -89},
    {116, "ROUND", same, 1, 1, 0},
    {117, "HARD_SWISH", same, 1, 1, -91},
    {126, "BATCH_MATMUL", matmul, 2, 2, 101},
    {130, "BROADCAST_TO", broadcast_to, 2, 2, -104},
    {150, "GELU", same, 1, 1, 116},
    {152, "RELU_0_TO_1", same, 1, 1, 0},
};

/* Integers have a scale, and those of an operator are of comparable size. */
static void check_scales(const step *s) {
    double low = 0, high = 0;
    for (int32_t i = 0; i < s->op->inputs.count + s->op->outputs.count; i++) {
        const fa_node *node = i < s->op->inputs.count ? input(s, i) : output(s, i - s->op->inputs.count);
        if (node == NULL || node->data != NULL || !fa_node_is_integer(node)) continue;
        if (!need(s, node->n_scales == 1, "one scale for each of its tensors")) return;
        low = low == 0 || (double)node->scale < low ? (double)node->scale : low;
        high = (double)node->scale > high ? (double)node->scale : high;
    }
    need(s, low == 0 || high / low <= MAX_RATIO, "scales of comparable size");
}

/* Weights as they are repacked, and for windows a matrix of all of them, as simple kernels make it. */
static void count_work(const step *s, int64_t *bytes, int64_t *macs) {
    int windows = s->op->code == 3 || s->op->code == 4 || s->op->code == 67, filters = windows || s->op->code == 9;
    int64_t out = fa_shape_count(&output(s, 0)->shape);
    for (int32_t i = 0; i < s->op->inputs.count; i++) {
        const fa_node *node = input(s, i);
        if (node != NULL && node->data != NULL) *bytes += 4 * fa_shape_count(&node->shape);
    }
    if (!filters) {
        for (int32_t i = 0; i < s->op->outputs.count; i++) *macs += fa_shape_count(&output(s, i)->shape);
        return;
    }
    fa_shape f = input(s, 1)->shape;
    int64_t window = windows ? f.dim[1] * f.dim[2] : f.dim[1], deep = windows && s->op->code != 4 ? f.dim[3] : 1;
    *macs += out * window * deep;
    if (windows && s->op->code != 4 && window > 1) {
        fa_shape made = output(s, 0)->shape;
        *bytes += 4 * (out / made.dim[made.rank - 1]) * window * deep;
    }
}

void fa_operator_check(const fa_graph *graph, int32_t number, int64_t *bytes, int64_t *macs) {
    step s = {graph, &graph->operators[number], number, "?"};
    size_t i = 0, count = sizeof RULES / sizeof *RULES;
    while (i < count && RULES[i].code != s.op->code) i++;
    if (i == count) {
        fa_refuse(graph->file, "operator %d: number %d of the schema is not among those of networks for faces "
                               "(docs/SECURITY.md)", number, s.op->code);
        return;
    }
    s.name = RULES[i].name;
    int32_t inputs = s.op->inputs.count, kind = RULES[i].kind;
    if (!need(&s, inputs >= RULES[i].least && inputs <= RULES[i].most && s.op->outputs.count > 0, "other inputs or outputs") ||
        !need(&s, s.op->kind == (kind < 0 ? -kind : kind) || (kind <= 0 && s.op->kind == 0), "other options"))
        return;
    fa_shape made = RULES[i].rule(&s);
    int several = s.op->code == 49 || s.op->code == 88;
    need(&s, several || s.op->outputs.count == 1, "one output");
    for (int32_t k = 0; k < s.op->outputs.count && !graph->file->failed; k++)
        need(&s, equal(&made, &output(&s, k)->shape), "other shapes than the file says");
    if (!graph->file->failed) check_scales(&s);
    if (!graph->file->failed) count_work(&s, bytes, macs);
}
