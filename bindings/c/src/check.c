/* Whether a network may be handed to an interpreter: what it computes is known and of bounded size. docs/SECURITY.md */
#include "flatbuffer.h"

#define MAX_ITEMS (1 << 20)              /* tables and numbers to visit: vectors may be shared, so the size is no bound */
#define MAX_BYTES (INT64_C(1) << 30)     /* of activations, repacked weights and scratch memory */
#define MAX_MACS (INT64_C(1) << 36)      /* multiply-accumulates of a run */

/* Every tensor is the input, a constant or made once, before it is used. */
static void check_order(const fa_graph *graph, int32_t number) {
    fa_flatbuffer *file = graph->file;
    const fa_operator *op = &graph->operators[number];
    for (int32_t i = 0; i < op->inputs.count && !file->failed; i++) {
        int64_t index = fa_item_integer(file, op->inputs, i, 'i');
        if (index != -1 && (index < 0 || index >= graph->n_nodes || !graph->nodes[index].made))
            fa_refuse(file, "operator %d: input %lld is not made before it is used", number, (long long)index);
    }
    for (int32_t i = 0; i < op->outputs.count && !file->failed; i++) {
        int64_t index = fa_item_integer(file, op->outputs, i, 'i');
        if (index < 0 || index >= graph->n_nodes || graph->nodes[index].made)
            fa_refuse(file, "operator %d: output %lld is no tensor, or is made already", number, (long long)index);
        else
            graph->nodes[index].made = 1;
    }
}

static void check_graph(const fa_graph *graph) {
    fa_flatbuffer *file = graph->file;
    int64_t bytes = 0, macs = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        fa_node *node = &graph->nodes[i];
        node->made = node->data != NULL;
        if (node->data == NULL) bytes += fa_shape_count(&node->shape) * node->width;
    }
    for (int32_t i = 0; i < graph->inputs.count && !file->failed; i++) {
        fa_node *node = &graph->nodes[fa_item_integer(file, graph->inputs, i, 'i')];
        if (node->data != NULL) fa_refuse(file, "expected inputs to be given, got constants");
        node->made = 1;
    }
    for (int32_t i = 0; i < graph->n_operators && !file->failed; i++) {
        check_order(graph, i);
        if (!file->failed) fa_operator_check(graph, i, &bytes, &macs);
        if (bytes > MAX_BYTES || macs > MAX_MACS)
            fa_refuse(file, "expected a network of at most 1 GiB of memory and 2^36 multiply-accumulates, got more");
    }
    for (int32_t i = 0; i < graph->outputs.count && !file->failed; i++)
        if (!graph->nodes[fa_item_integer(file, graph->outputs, i, 'i')].made)
            fa_refuse(file, "an output is not made by any operator");
}

fa_status fa_flatbuffer_check(const uint8_t *content, size_t size, const char *origin) {
    fa_flatbuffer file = {.data = content, .size = size, .left = MAX_ITEMS};
    fa_graph graph;
    fa_graph_read(&file, &graph);
    if (!file.failed) check_graph(&graph);
    fa_graph_free(&graph);
    return file.failed ? fa_fail(FA_ERROR_MODEL, "model %s: network: %s", origin, file.problem) : FA_OK;
}
