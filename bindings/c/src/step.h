/* An operator with its tensors, and what rules ask of them; only rules.c, shapes.c and windows.c see this. */
#ifndef ASMNET_EDGE_STEP_H
#define ASMNET_EDGE_STEP_H

#include <string.h>

#include "flatbuffer.h"

#define MAX_STEP 4096        /* of strides, windows and dilations */
#define MAX_INTEGERS 64      /* of a constant that gives a shape */
#define FAR (INT64_C(1) << 31) /* beyond every shape: larger numbers count as this */

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

static inline int need(const step *s, int condition, const char *words) {
    if (!condition) fa_refuse(s->graph->file, "operator %d (%s): expected %s", s->number, s->name, words);
    return condition && !s->graph->file->failed;
}

/* NULL: it is left out. */
static inline const fa_node *input(const step *s, int32_t i) {
    if (i >= s->op->inputs.count) return NULL;
    int64_t index = fa_item_integer(s->graph->file, s->op->inputs, i, 'i');
    return index < 0 ? NULL : &s->graph->nodes[index];
}

static inline const fa_node *output(const step *s, int32_t i) {
    return &s->graph->nodes[fa_item_integer(s->graph->file, s->op->outputs, i, 'i')];
}

static inline fa_shape shape_of(const step *s, int32_t i) {
    const fa_node *node = input(s, i);
    return need(s, node != NULL, "another input") ? node->shape : (fa_shape){.rank = 0};
}

/* With four axes; ones where it has not. */
static inline fa_shape image(const step *s, int32_t i) {
    fa_shape shape = shape_of(s, i);
    return need(s, shape.rank == 4, "four axes") ? shape : (fa_shape){4, {1, 1, 1, 1}};
}

static inline integers constant(const step *s, int32_t i) {
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

static inline int32_t axis_of(const step *s, int64_t axis, int32_t rank) {
    if (!need(s, axis >= -rank && axis < rank, "axes of its input")) return 0;
    return (int32_t)(axis < 0 ? axis + rank : axis);
}

static inline int is_step(int64_t value) { return value >= 1 && value <= MAX_STEP; }

static inline int equal(const fa_shape *a, const fa_shape *b) {
    return a->rank == b->rank && memcmp(a->dim, b->dim, sizeof *a->dim * (size_t)a->rank) == 0;
}

static inline fa_shape of4(int64_t a, int64_t b, int64_t c, int64_t d) { return (fa_shape){4, {a, b, c, d}}; }

/* Rules: the shape of each output. */
typedef fa_shape fa_rule(const step *s);
fa_rule fa_rule_conv, fa_rule_depthwise, fa_rule_transpose_conv, fa_rule_pool, fa_rule_dense, fa_rule_same,
    fa_rule_softmax, fa_rule_leaky, fa_rule_broadcast, fa_rule_prelu, fa_rule_concat, fa_rule_reshape,
    fa_rule_squeeze, fa_rule_expand, fa_rule_transpose, fa_rule_pad, fa_rule_mirror_pad, fa_rule_resize,
    fa_rule_reduce, fa_rule_tile, fa_rule_strided_slice, fa_rule_slice, fa_rule_split, fa_rule_pack,
    fa_rule_unpack, fa_rule_matmul, fa_rule_broadcast_to, fa_rule_to_depth, fa_rule_from_depth;

#endif
