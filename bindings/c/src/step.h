/* An operator with its tensors, and what rules ask of them; only step.c, rules.c, shapes.c and windows.c see this. */
#ifndef ASMNET_EDGE_STEP_H
#define ASMNET_EDGE_STEP_H

#include <string.h>

#include "flatbuffer.h"

#define MAX_STEP 4096   /* of strides, windows and dilations */
#define MAX_INTEGERS 64 /* of a constant that gives a shape */

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

int fa_need(const step *s, int condition, const char *words); /* the condition; without it the file is refused */
const fa_node *fa_input(const step *s, int32_t i);            /* NULL: it is left out */
const fa_node *fa_output(const step *s, int32_t i);
fa_shape fa_input_shape(const step *s, int32_t i);
fa_shape fa_input_image(const step *s, int32_t i); /* with four axes; ones where it has not */
integers fa_constant(const step *s, int32_t i);    /* of an input that gives a shape or places */
int32_t fa_axis(const step *s, int64_t axis, int32_t rank); /* counted from the front */

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
