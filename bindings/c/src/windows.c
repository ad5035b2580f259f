/* Shapes that convolutions, pools and dense layers give, as sdk/tflite/windows.py has them. */
#include "step.h"

#define SAME 0
#define VALID 1

static int64_t slide(const step *s, int64_t size, int64_t window, int64_t stride, int64_t dilation) {
    int64_t reach = s->op->options[0] == VALID ? (window - 1) * dilation + 1 : 1;
    fa_need(s, s->op->options[0] == SAME || s->op->options[0] == VALID, "padding 0 or 1");
    return fa_need(s, size >= reach, "a window inside the image") ? (size - reach + stride) / stride : 0;
}

static void bias(const step *s, int32_t i, int64_t count) {
    const fa_node *node = fa_input(s, i);
    fa_need(s, node == NULL || fa_shape_count(&node->shape) == count, "a number of bias for each channel");
}

fa_shape fa_rule_conv(const step *s) {
    fa_shape x = fa_input_image(s, 0), f = fa_input_image(s, 1);
    const int64_t *o = s->op->options;
    int steps = is_step(o[1]) && is_step(o[2]) && is_step(o[4]) && is_step(o[5]) && is_step(f.dim[1]) && is_step(f.dim[2]);
    if (!fa_need(s, steps, "steps of 1 to 4096")) return x;
    int divides = x.dim[3] % f.dim[3] == 0 && f.dim[0] % (x.dim[3] / f.dim[3]) == 0;
    if (!fa_need(s, divides, "filters that divide the channels")) return x;
    bias(s, 2, f.dim[0]);
    return of4(x.dim[0], slide(s, x.dim[1], f.dim[1], o[2], o[5]), slide(s, x.dim[2], f.dim[2], o[1], o[4]), f.dim[0]);
}

fa_shape fa_rule_depthwise(const step *s) {
    fa_shape x = fa_input_image(s, 0), f = fa_input_image(s, 1);
    const int64_t *o = s->op->options;
    int steps = is_step(o[1]) && is_step(o[2]) && is_step(o[5]) && is_step(o[6]) && is_step(f.dim[1]) && is_step(f.dim[2]);
    if (!fa_need(s, steps, "steps of 1 to 4096")) return x;
    int fits = f.dim[0] == 1 && o[3] > 0 && o[3] * x.dim[3] == f.dim[3];
    if (!fa_need(s, fits, "as many filters as channels, times a multiplier")) return x;
    bias(s, 2, f.dim[3]);
    return of4(x.dim[0], slide(s, x.dim[1], f.dim[1], o[2], o[6]), slide(s, x.dim[2], f.dim[2], o[1], o[5]), f.dim[3]);
}

fa_shape fa_rule_transpose_conv(const step *s) {
    integers size = fa_constant(s, 0);
    fa_shape f = fa_input_image(s, 1), x = fa_input_image(s, 2);
    const int64_t *o = s->op->options, *d = size.at;
    int fits = size.count == 4 && d[0] == x.dim[0] && d[1] > 0 && d[2] > 0 && d[3] == f.dim[0] && x.dim[3] == f.dim[3];
    int steps = is_step(o[1]) && is_step(o[2]) && is_step(f.dim[1]) && is_step(f.dim[2]);
    if (!fa_need(s, fits, "shapes that fit") || !fa_need(s, steps, "steps of 1 to 4096")) return x;
    int back = slide(s, d[1], f.dim[1], o[2], 1) == x.dim[1] && slide(s, d[2], f.dim[2], o[1], 1) == x.dim[2];
    fa_need(s, back, "an input of its output");
    bias(s, 3, f.dim[0]);
    return of4(d[0], d[1], d[2], d[3]);
}

fa_shape fa_rule_pool(const step *s) {
    fa_shape x = fa_input_image(s, 0);
    const int64_t *o = s->op->options;
    if (!fa_need(s, is_step(o[1]) && is_step(o[2]) && is_step(o[3]) && is_step(o[4]), "steps of 1 to 4096")) return x;
    return of4(x.dim[0], slide(s, x.dim[1], o[4], o[2], 1), slide(s, x.dim[2], o[3], o[1], 1), x.dim[3]);
}

fa_shape fa_rule_dense(const step *s) {
    fa_shape x = fa_input_shape(s, 0), w = fa_input_shape(s, 1);
    int keep = s->op->options[2] != 0;
    int64_t count = fa_shape_count(&x);
    if (!fa_need(s, w.rank == 2 && s->op->options[1] == 0, "plain weights with two axes")) return x;
    int rows = count % w.dim[1] == 0 && (!keep || (x.rank > 0 && x.dim[x.rank - 1] == w.dim[1]));
    if (!fa_need(s, rows, "rows of its weights")) return x;
    bias(s, 2, w.dim[0]);
    if (!keep) return (fa_shape){2, {count / w.dim[1], w.dim[0]}};
    x.dim[x.rank - 1] = w.dim[0];
    return x;
}
