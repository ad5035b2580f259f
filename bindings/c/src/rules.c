/* What each operator makes of its inputs' shapes: interpreters compute them anew and allocate what they find. The rules are
 * those of sdk/tflite, where they are checked against TensorFlow's converter. */
#include "step.h"

#define MAX_RATIO 65536.0 /* between the scales of an operator's activations: kernels abort far beyond */

static const struct {
    int32_t code;
    const char *name;
    fa_rule *rule;
    int32_t least, most, kind; /* inputs; the kind of options, negative where they may be left out */
} RULES[] = {
    {0, "ADD", fa_rule_broadcast, 2, 2, 11},
    {1, "AVERAGE_POOL_2D", fa_rule_pool, 1, 1, 5},
    {2, "CONCATENATION", fa_rule_concat, 1, 256, 10},
    {3, "CONV_2D", fa_rule_conv, 2, 3, 1},
    {4, "DEPTHWISE_CONV_2D", fa_rule_depthwise, 2, 3, 2},
    {5, "DEPTH_TO_SPACE", fa_rule_from_depth, 1, 1, 94},
    {6, "DEQUANTIZE", fa_rule_same, 1, 1, -38},
    {8, "FLOOR", fa_rule_same, 1, 1, 0},
    {9, "FULLY_CONNECTED", fa_rule_dense, 2, 3, 8},
    {11, "L2_NORMALIZATION", fa_rule_same, 1, 1, 12},
    {14, "LOGISTIC", fa_rule_same, 1, 1, 0},
    {17, "MAX_POOL_2D", fa_rule_pool, 1, 1, 5},
    {18, "MUL", fa_rule_broadcast, 2, 2, 21},
    {19, "RELU", fa_rule_same, 1, 1, 0},
    {20, "RELU_N1_TO_1", fa_rule_same, 1, 1, 0},
    {21, "RELU6", fa_rule_same, 1, 1, 0},
    {22, "RESHAPE", fa_rule_reshape, 1, 2, -17},
    {23, "RESIZE_BILINEAR", fa_rule_resize, 2, 2, 15},
    {25, "SOFTMAX", fa_rule_softmax, 1, 1, 9},
    {26, "SPACE_TO_DEPTH", fa_rule_to_depth, 1, 1, 19},
    {28, "TANH", fa_rule_same, 1, 1, 0},
    {34, "PAD", fa_rule_pad, 2, 2, -22},
    {39, "TRANSPOSE", fa_rule_transpose, 2, 2, -26},
    {40, "MEAN", fa_rule_reduce, 2, 2, 27},
    {41, "SUB", fa_rule_broadcast, 2, 2, 28},
    {42, "DIV", fa_rule_broadcast, 2, 2, 29},
    {43, "SQUEEZE", fa_rule_squeeze, 1, 1, -30},
    {45, "STRIDED_SLICE", fa_rule_strided_slice, 4, 4, 32},
    {47, "EXP", fa_rule_same, 1, 1, -33},
    {49, "SPLIT", fa_rule_split, 2, 2, 35},
    {50, "LOG_SOFTMAX", fa_rule_same, 1, 1, -36},
    {53, "CAST", fa_rule_same, 1, 1, -37},
    {54, "PRELU", fa_rule_prelu, 2, 2, 0},
    {55, "MAXIMUM", fa_rule_broadcast, 2, 2, -39},
    {57, "MINIMUM", fa_rule_broadcast, 2, 2, -39},
    {59, "NEG", fa_rule_same, 1, 1, -42},
    {60, "PADV2", fa_rule_pad, 3, 3, -43},
    {65, "SLICE", fa_rule_slice, 3, 3, -48},
    {66, "SIN", fa_rule_same, 1, 1, 0},
    {67, "TRANSPOSE_CONV", fa_rule_transpose_conv, 3, 4, 49},
    {69, "TILE", fa_rule_tile, 2, 2, -51},
    {70, "EXPAND_DIMS", fa_rule_expand, 2, 2, -52},
    {73, "LOG", fa_rule_same, 1, 1, 0},
    {74, "SUM", fa_rule_reduce, 2, 2, 27},
    {75, "SQRT", fa_rule_same, 1, 1, 0},
    {76, "RSQRT", fa_rule_same, 1, 1, 0},
    {78, "POW", fa_rule_broadcast, 2, 2, -56},
    {82, "REDUCE_MAX", fa_rule_reduce, 2, 2, 27},
    {83, "PACK", fa_rule_pack, 1, 256, 59},
    {88, "UNPACK", fa_rule_unpack, 1, 1, 64},
    {89, "REDUCE_MIN", fa_rule_reduce, 2, 2, 27},
    {92, "SQUARE", fa_rule_same, 1, 1, -66},
    {97, "RESIZE_NEAREST_NEIGHBOR", fa_rule_resize, 2, 2, 74},
    {98, "LEAKY_RELU", fa_rule_leaky, 1, 1, 75},
    {99, "SQUARED_DIFFERENCE", fa_rule_broadcast, 2, 2, -76},
    {100, "MIRROR_PAD", fa_rule_mirror_pad, 2, 2, 77},
    {101, "ABS", fa_rule_same, 1, 1, -78},
    {104, "CEIL", fa_rule_same, 1, 1, 0},
    {108, "COS", fa_rule_same, 1, 1, -83},
    {111, "ELU", fa_rule_same, 1, 1, 0},
    {114, "QUANTIZE", fa_rule_same, 1, 1, -89},
    {116, "ROUND", fa_rule_same, 1, 1, 0},
    {117, "HARD_SWISH", fa_rule_same, 1, 1, -91},
    {126, "BATCH_MATMUL", fa_rule_matmul, 2, 2, 101},
    {130, "BROADCAST_TO", fa_rule_broadcast_to, 2, 2, -104},
    {150, "GELU", fa_rule_same, 1, 1, 116},
    {152, "RELU_0_TO_1", fa_rule_same, 1, 1, 0},
};

/* Integers have a scale, and those of an operator are of comparable size. */
static void check_scales(const step *s) {
    double low = 0, high = 0;
    for (int32_t i = 0; i < s->op->inputs.count + s->op->outputs.count; i++) {
        const fa_node *node = i < s->op->inputs.count ? fa_input(s, i) : fa_output(s, i - s->op->inputs.count);
        if (node == NULL || node->data != NULL || !fa_node_is_integer(node)) continue;
        if (!fa_need(s, node->n_scales == 1, "one scale for each of its tensors")) return;
        low = low == 0 || (double)node->scale < low ? (double)node->scale : low;
        high = (double)node->scale > high ? (double)node->scale : high;
    }
    fa_need(s, low == 0 || high / low <= MAX_RATIO, "scales of comparable size");
}

/* Weights as they are repacked, and for windows a matrix of all of them, as simple kernels make it. */
static void count_work(const step *s, int64_t *bytes, int64_t *macs) {
    int windows = s->op->code == 3 || s->op->code == 4 || s->op->code == 67, filters = windows || s->op->code == 9;
    int64_t out = fa_shape_count(&fa_output(s, 0)->shape);
    for (int32_t i = 0; i < s->op->inputs.count; i++) {
        const fa_node *node = fa_input(s, i);
        if (node != NULL && node->data != NULL) *bytes += 4 * fa_shape_count(&node->shape);
    }
    if (!filters) {
        for (int32_t i = 0; i < s->op->outputs.count; i++) *macs += fa_shape_count(&fa_output(s, i)->shape);
        return;
    }
    fa_shape f = fa_input(s, 1)->shape;
    int64_t window = windows ? f.dim[1] * f.dim[2] : f.dim[1], deep = windows && s->op->code != 4 ? f.dim[3] : 1;
    *macs += out * window * deep;
    if (windows && s->op->code != 4 && window > 1) {
        fa_shape made = fa_output(s, 0)->shape;
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
    if (!fa_need(&s, inputs >= RULES[i].least && inputs <= RULES[i].most && s.op->outputs.count > 0, "other inputs or outputs") ||
        !fa_need(&s, s.op->kind == (kind < 0 ? -kind : kind) || (kind <= 0 && s.op->kind == 0), "other options"))
        return;
    fa_shape made = RULES[i].rule(&s);
    int several = s.op->code == 49 || s.op->code == 88;
    fa_need(&s, several || s.op->outputs.count == 1, "one output");
    for (int32_t k = 0; k < s.op->outputs.count && !graph->file->failed; k++)
        fa_need(&s, equal(&made, &fa_output(&s, k)->shape), "other shapes than the file says");
    if (!graph->file->failed) check_scales(&s);
    if (!graph->file->failed) count_work(&s, bytes, macs);
}
