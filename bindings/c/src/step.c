/* What rules ask of an operator and its tensors. */
#include "step.h"

#define FAR (INT64_C(1) << 31) /* beyond every shape: larger numbers count as this */

int fa_need(const step *s, int condition, const char *words) {
    if (!condition) fa_refuse(s->graph->file, "operator %d (%s): expected %s", s->number, s->name, words);
    return condition && !s->graph->file->failed;
}

const fa_node *fa_input(const step *s, int32_t i) {
    if (i >= s->op->inputs.count) return NULL;
    int64_t index = fa_item_integer(s->graph->file, s->op->inputs, i, 'i');
    return index < 0 ? NULL : &s->graph->nodes[index];
}

const fa_node *fa_output(const step *s, int32_t i) {
    return &s->graph->nodes[fa_item_integer(s->graph->file, s->op->outputs, i, 'i')];
}

fa_shape fa_input_shape(const step *s, int32_t i) {
    const fa_node *node = fa_input(s, i);
    return fa_need(s, node != NULL, "another input") ? node->shape : (fa_shape){.rank = 0};
}

fa_shape fa_input_image(const step *s, int32_t i) {
    fa_shape shape = fa_input_shape(s, i);
    return fa_need(s, shape.rank == 4, "four axes") ? shape : (fa_shape){4, {1, 1, 1, 1}};
}

integers fa_constant(const step *s, int32_t i) {
    integers found = {0, {0}};
    const fa_node *node = fa_input(s, i);
    int typed = node != NULL && (node->type == FA_NODE_INT32 || node->type == FA_NODE_INT64);
    int short_one = typed && node->data_size > 0 && node->data_size <= MAX_INTEGERS * sizeof(int32_t);
    if (!fa_need(s, short_one, "a short constant of integers as input")) return found;
    fa_vector items = {(size_t)(node->data - s->graph->file->data), (int32_t)(node->data_size / (size_t)node->width)};
    for (; found.count < items.count; found.count++) {
        int64_t value = fa_item_integer(s->graph->file, items, found.count, node->width == 8 ? 'q' : 'i');
        found.at[found.count] = value > FAR ? FAR : value < -FAR ? -FAR : value;
    }
    return found;
}

int32_t fa_axis(const step *s, int64_t axis, int32_t rank) {
    if (!fa_need(s, axis >= -rank && axis < rank, "axes of its input")) return 0;
    return (int32_t)(axis < 0 ? axis + rank : axis);
}
