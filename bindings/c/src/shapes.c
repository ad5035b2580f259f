/* Shapes that operators without weights give, as sdk/tflite/shapes.py has them. */
#include "step.h"

fa_shape fa_rule_same(const step *s) { return fa_input_shape(s, 0); }

fa_shape fa_rule_softmax(const step *s) {
    fa_need(s, s->op->real >= 1e-3 && s->op->real <= 1e3, "a beta of 0.001 to 1000");
    fa_shape x = fa_input_shape(s, 0);
    fa_need(s, x.rank > 0, "an axis");
    return x;
}

fa_shape fa_rule_leaky(const step *s) {
    fa_need(s, s->op->real >= -1e3 && s->op->real <= 1e3, "a slope of -1000 to 1000");
    return fa_rule_same(s);
}

static fa_shape stretched(const step *s, fa_shape a, fa_shape b) {
    if (a.rank < b.rank) return stretched(s, b, a);
    for (int32_t i = 1; i <= b.rank; i++) {
        int64_t *n = &a.dim[a.rank - i], m = b.dim[b.rank - i];
        if (!fa_need(s, *n == m || *n == 1 || m == 1, "shapes that fit")) return a;
        if (*n == 1) *n = m;
    }
    return a;
}

fa_shape fa_rule_broadcast(const step *s) { return stretched(s, fa_input_shape(s, 0), fa_input_shape(s, 1)); }

fa_shape fa_rule_prelu(const step *s) {
    fa_shape x = fa_input_shape(s, 0), out = fa_rule_broadcast(s);
    fa_need(s, equal(&x, &out), "slopes that fit the input");
    return out;
}

fa_shape fa_rule_concat(const step *s) {
    fa_shape out = fa_input_shape(s, 0);
    int32_t axis = fa_axis(s, s->op->options[0], out.rank);
    for (int32_t i = 1; i < s->op->inputs.count && !s->graph->file->failed; i++) {
        fa_shape more = fa_input_shape(s, i);
        int64_t length = axis < more.rank ? more.dim[axis] : 0;
        if (axis < more.rank) more.dim[axis] = out.dim[axis];
        if (fa_need(s, equal(&more, &out), "inputs that fit together")) out.dim[axis] += length;
    }
    return out;
}

fa_shape fa_rule_reshape(const step *s) {
    fa_shape x = fa_input_shape(s, 0), out = fa_output(s, 0)->shape;
    integers wanted = {0, {0}};
    int open = 0, fits = 1;
    if (s->op->inputs.count > 1)
        wanted = fa_constant(s, 1);
    else
        for (; wanted.count < s->op->integers.count && wanted.count <= FA_MAX_RANK; wanted.count++)
            wanted.at[wanted.count] = fa_item_integer(s->graph->file, s->op->integers, wanted.count, 'i');
    for (int32_t i = 0; i < wanted.count && wanted.count == out.rank; i++) {
        open += wanted.at[i] == -1;
        fits = fits && (wanted.at[i] == -1 || wanted.at[i] == out.dim[i]);
    }
    fa_need(s, fits && wanted.count == out.rank && open < 2, "the shape that it has");
    fa_need(s, fa_shape_count(&x) == fa_shape_count(&out), "as many numbers as its input");
    return out;
}

fa_shape fa_rule_squeeze(const step *s) {
    fa_shape x = fa_input_shape(s, 0), out = {.rank = 0};
    int gone[FA_MAX_RANK] = {0}, named = s->op->integers.count > 0;
    for (int32_t i = 0; i < s->op->integers.count && !s->graph->file->failed; i++) {
        int32_t axis = fa_axis(s, fa_item_integer(s->graph->file, s->op->integers, i, 'i'), x.rank);
        if (fa_need(s, x.dim[axis] == 1, "axes of one")) gone[axis] = 1;
    }
    for (int32_t a = 0; a < x.rank; a++)
        if (named ? !gone[a] : x.dim[a] != 1) out.dim[out.rank++] = x.dim[a];
    return out;
}

static fa_shape inserted(const step *s, fa_shape x, int64_t axis, int64_t length) {
    fa_shape out = {.rank = 0};
    int32_t at = fa_axis(s, axis, x.rank + 1);
    if (!fa_need(s, x.rank < FA_MAX_RANK, "at most eight axes")) return x;
    for (int32_t a = 0; a <= x.rank; a++) out.dim[out.rank++] = a == at ? length : x.dim[a > at ? a - 1 : a];
    return out;
}

static fa_shape removed(fa_shape x, int32_t axis) {
    for (int32_t a = axis; a + 1 < x.rank; a++) x.dim[a] = x.dim[a + 1];
    x.rank--;
    return x;
}

fa_shape fa_rule_expand(const step *s) {
    integers axis = fa_constant(s, 1);
    fa_need(s, axis.count == 1, "one axis");
    return inserted(s, fa_input_shape(s, 0), axis.at[0], 1);
}

fa_shape fa_rule_transpose(const step *s) {
    fa_shape x = fa_input_shape(s, 0), out = x;
    integers order = fa_constant(s, 1);
    int seen[FA_MAX_RANK] = {0}, whole = order.count == x.rank;
    for (int32_t a = 0; a < x.rank && whole; a++) {
        whole = order.at[a] >= 0 && order.at[a] < x.rank && !seen[order.at[a]];
        if (!whole) break;
        seen[order.at[a]] = 1;
        out.dim[a] = x.dim[order.at[a]];
    }
    fa_need(s, whole, "a permutation");
    return out;
}

fa_shape fa_rule_pad(const step *s) {
    fa_shape x = fa_input_shape(s, 0);
    integers pads = fa_constant(s, 1);
    if (!fa_need(s, pads.count == 2 * x.rank, "two paddings an axis")) return x;
    for (int32_t i = 0; i < pads.count; i++) {
        if (!fa_need(s, pads.at[i] >= 0 && pads.at[i] <= 1 << 20, "paddings from 0")) return x;
        x.dim[i / 2] += pads.at[i];
    }
    return x;
}

fa_shape fa_rule_mirror_pad(const step *s) {
    fa_shape x = fa_input_shape(s, 0), out = fa_rule_pad(s);
    integers pads = fa_constant(s, 1);
    int less = s->op->options[0] == 0; /* reflected: the edge is not repeated */
    for (int32_t i = 0; i < pads.count && i < 2 * x.rank; i++)
        fa_need(s, pads.at[i] <= x.dim[i / 2] - less, "paddings within the image");
    return out;
}

fa_shape fa_rule_resize(const step *s) {
    fa_shape x = fa_input_image(s, 0);
    integers size = fa_constant(s, 1);
    if (!fa_need(s, size.count == 2 && size.at[0] > 0 && size.at[1] > 0, "height and width")) return x;
    return of4(x.dim[0], size.at[0], size.at[1], x.dim[3]);
}

fa_shape fa_rule_reduce(const step *s) {
    fa_shape x = fa_input_shape(s, 0), out = {.rank = 0};
    integers axes = fa_constant(s, 1);
    int gone[FA_MAX_RANK] = {0};
    for (int32_t i = 0; i < axes.count && !s->graph->file->failed; i++) gone[fa_axis(s, axes.at[i], x.rank)] = 1;
    for (int32_t a = 0; a < x.rank; a++)
        if (!gone[a] || s->op->options[0]) out.dim[out.rank++] = gone[a] ? 1 : x.dim[a];
    return out;
}

fa_shape fa_rule_tile(const step *s) {
    fa_shape x = fa_input_shape(s, 0);
    integers times = fa_constant(s, 1);
    if (!fa_need(s, times.count == x.rank, "a count for each axis")) return x;
    for (int32_t a = 0; a < x.rank; a++)
        if (fa_need(s, times.at[a] > 0, "counts from 1")) x.dim[a] *= times.at[a];
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

fa_shape fa_rule_strided_slice(const step *s) {
    fa_shape x = fa_input_shape(s, 0), out = {.rank = 0};
    integers begins = fa_constant(s, 1), ends = fa_constant(s, 2), strides = fa_constant(s, 3);
    const int64_t *o = s->op->options;
    fa_need(s, !o[2] && !o[3] && !o[5], "neither ellipsis nor new axes");
    if (!fa_need(s, begins.count == x.rank && ends.count == x.rank && strides.count == x.rank, "a slice for each axis")) return x;
    for (int32_t a = 0; a < x.rank; a++) {
        if (!fa_need(s, strides.at[a] != 0, "strides other than 0")) return x;
        if (o[4] >> a & 1)
            fa_need(s, begins.at[a] >= -x.dim[a] && begins.at[a] < x.dim[a] && strides.at[a] == 1, "a place on the axis");
        else
            out.dim[out.rank++] = places(x.dim[a], o[0] >> a & 1 ? NULL : &begins.at[a], o[1] >> a & 1 ? NULL : &ends.at[a],
                                         strides.at[a]);
    }
    return out;
}

fa_shape fa_rule_slice(const step *s) {
    fa_shape x = fa_input_shape(s, 0);
    integers begins = fa_constant(s, 1), sizes = fa_constant(s, 2);
    if (!fa_need(s, begins.count == x.rank && sizes.count == x.rank, "a begin and a size for each axis")) return x;
    for (int32_t a = 0; a < x.rank; a++) {
        int64_t n = x.dim[a], size = sizes.at[a] == -1 ? n - begins.at[a] : sizes.at[a];
        if (!fa_need(s, begins.at[a] >= 0 && size >= 1 && begins.at[a] + size <= n, "a part of the input")) return x;
        x.dim[a] = size;
    }
    return x;
}

fa_shape fa_rule_split(const step *s) {
    fa_shape x = fa_input_shape(s, 1);
    integers given = fa_constant(s, 0);
    int64_t parts = s->op->outputs.count;
    int32_t axis = fa_axis(s, given.at[0], x.rank);
    if (!fa_need(s, x.rank > 0 && s->op->options[0] == parts && x.dim[axis] % parts == 0, "parts of equal size")) return x;
    x.dim[axis] /= parts;
    return x;
}

fa_shape fa_rule_pack(const step *s) {
    fa_shape x = fa_input_shape(s, 0);
    fa_need(s, s->op->options[0] == s->op->inputs.count, "inputs of one shape");
    for (int32_t i = 1; i < s->op->inputs.count && !s->graph->file->failed; i++) {
        fa_shape more = fa_input_shape(s, i);
        fa_need(s, equal(&x, &more), "inputs of one shape");
    }
    return inserted(s, x, s->op->options[1], s->op->inputs.count);
}

fa_shape fa_rule_unpack(const step *s) {
    fa_shape x = fa_input_shape(s, 0);
    int32_t axis = fa_axis(s, s->op->options[1], x.rank);
    int fits = x.rank > 0 && s->op->options[0] == s->op->outputs.count && x.dim[axis] == s->op->outputs.count;
    return fa_need(s, fits, "an output for each place") ? removed(x, axis) : x;
}

fa_shape fa_rule_matmul(const step *s) {
    fa_shape a = fa_input_shape(s, 0), b = fa_input_shape(s, 1);
    if (!fa_need(s, a.rank >= 2 && b.rank >= 2, "two axes each")) return a;
    int turned_a = s->op->options[0] != 0, turned_b = s->op->options[1] != 0;
    int64_t m = a.dim[a.rank - 2 + turned_a], k = a.dim[a.rank - 1 - turned_a];
    int64_t k2 = b.dim[b.rank - 2 + turned_b], n = b.dim[b.rank - 1 - turned_b];
    fa_need(s, k == k2, "matrices that fit");
    a.dim[a.rank - 2] = b.dim[b.rank - 2] = m;
    a.dim[a.rank - 1] = b.dim[b.rank - 1] = n;
    return stretched(s, a, b);
}

fa_shape fa_rule_broadcast_to(const step *s) {
    integers wanted = fa_constant(s, 1);
    fa_shape out = {.rank = wanted.count <= FA_MAX_RANK ? wanted.count : 0};
    fa_need(s, wanted.count <= FA_MAX_RANK, "at most eight axes");
    for (int32_t a = 0; a < out.rank; a++) out.dim[a] = wanted.at[a];
    for (int32_t a = 0; a < out.rank; a++) fa_need(s, out.dim[a] > 0, "a shape that fits");
    fa_shape both = stretched(s, fa_input_shape(s, 0), out);
    fa_need(s, equal(&both, &out), "a shape that fits");
    return out;
}

fa_shape fa_rule_to_depth(const step *s) {
    fa_shape x = fa_input_image(s, 0);
    int64_t n = s->op->options[0];
    if (!fa_need(s, is_step(n) && x.dim[1] % n == 0 && x.dim[2] % n == 0, "multiples of its blocks")) return x;
    return of4(x.dim[0], x.dim[1] / n, x.dim[2] / n, x.dim[3] * n * n);
}

fa_shape fa_rule_from_depth(const step *s) {
    fa_shape x = fa_input_image(s, 0);
    int64_t n = s->op->options[0];
    if (!fa_need(s, is_step(n) && x.dim[3] % (n * n) == 0, "multiples of its blocks")) return x;
    return of4(x.dim[0], x.dim[1] * n, x.dim[2] * n, x.dim[3] / (n * n));
}
