/* The network in a TFLite flatbuffer: indices, types and sizes checked, nothing computed yet. Field numbers are those of
 * the schema, tensorflow/lite/schema/schema.fbs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "flatbuffer.h"

#define MAX_NUMBERS (1 << 26) /* of one tensor */
#define MAX_ENDS 64           /* inputs and outputs */
#define MIN_SCALE 1e-30f
#define MAX_SCALE 1e10f

static const struct {
    int32_t kind;
    const char *fields;
} OPTIONS[] = {
    {1, "biibiib"}, {2, "biiibii"}, {5, "biiiib"}, {8, "bb??b-"}, {9, "f"},   {10, "ib"},     {11, "b?"},  {12, "b"},
    {15, "ii??"},   {17, "*"},      {19, "i"},     {21, "b"},     {22, ""},   {26, ""},       {27, "?"},   {28, "b?"},
    {29, "b"},      {30, "*"},      {32, "iiiii?"}, {33, ""},     {35, "i"},  {36, ""},       {37, "bb"},  {38, ""},
    {39, ""},       {42, ""},       {43, ""},      {48, ""},      {49, "biibb"}, {51, ""},    {52, ""},    {56, ""},
    {59, "ii"},     {64, "ii"},     {66, ""},      {74, "??"},    {75, "f"},  {76, ""},       {77, "b"},   {78, ""},
    {83, ""},       {89, ""},       {91, ""},      {94, "i"},     {101, "???"}, {104, ""},    {116, "?"},
};
static const char *const METADATA[] = {"min_runtime_version", "CONVERSION_METADATA", "TFLITE_METADATA",
                                       "reduced_precision_support"};

int64_t fa_shape_count(const fa_shape *shape) {
    int64_t count = 1;
    for (int32_t i = 0; i < shape->rank; i++) count *= shape->dim[i];
    return count;
}

int fa_node_is_integer(const fa_node *node) {
    return node->type == FA_NODE_UINT8 || node->type == FA_NODE_INT16 || node->type == FA_NODE_INT8;
}

static int32_t width_of_type(int64_t type) {
    static const uint8_t WIDTHS[10] = {4, 2, 4, 1, 8, 0, 1, 2, 0, 1};
    return type >= 0 && type < 10 ? WIDTHS[type] : 0;
}

static void check_index(fa_flatbuffer *file, int64_t index, int32_t count, const char *what) {
    if (index < 0 || index >= count) fa_refuse(file, "%s: expected an index below %d, got %lld", what, count, (long long)index);
}

static void read_data(const fa_table *model, fa_vector buffers, int64_t index, fa_node *node) {
    fa_table table = fa_table_item(model, buffers, (int32_t)index, "*QQ", "buffer");
    if (fa_table_integer(&table, 1, 0) != 0 || fa_table_integer(&table, 2, 0) != 0)
        fa_refuse_table(&table, "expected its data in the flatbuffer, got a place outside");
    fa_vector data = fa_table_vector(&table, 0, 1);
    if (data.count > 0) node->data = model->file->data + data.at;
    node->data_size = (size_t)data.count;
}

static void read_scales(const fa_table *tensor, fa_node *node) {
    fa_table grid = fa_table_child(tensor, 4, "****B-i", "quantisation of tensor");
    if (!fa_table_has(tensor, 4) || grid.file->failed) return;
    fa_vector scales = fa_table_vector(&grid, 2, 4), zeros = fa_table_vector(&grid, 3, 8);
    fa_spend(grid.file, (int64_t)fa_table_vector(&grid, 0, 4).count + fa_table_vector(&grid, 1, 4).count + scales.count +
                            zeros.count);
    int64_t axis = fa_table_integer(&grid, 6, 0), along = 1, least = 0, most = 0;
    if (fa_table_integer(&grid, 4, 0) != 0)
        fa_refuse_table(&grid, "expected scales and zero points, got details of another kind");
    if (grid.file->failed || (scales.count == 0 && zeros.count == 0)) return;
    if (axis >= 0 && axis < node->shape.rank) along = node->shape.dim[axis];
    if ((scales.count != 1 && scales.count != along) || (zeros.count != 0 && zeros.count != scales.count) || axis < 0 ||
        axis > (node->shape.rank > 0 ? node->shape.rank - 1 : 0))
        fa_refuse_table(&grid, "expected a scale and a zero point for all or for each of %lld, got %d and %d along axis %lld",
                        (long long)along, scales.count, zeros.count, (long long)axis);
    if (node->type == FA_NODE_UINT8) most = 255;
    if (node->type == FA_NODE_INT8) least = -128, most = 127;
    if (node->type == FA_NODE_INT16) least = INT16_MIN, most = INT16_MAX;
    for (int32_t i = 0; i < scales.count && !grid.file->failed; i++) {
        float scale = fa_item_real(grid.file, scales, i);
        if (!(scale >= MIN_SCALE && scale <= MAX_SCALE))
            fa_refuse_table(&grid, "expected scales of %g to %g", (double)MIN_SCALE, (double)MAX_SCALE);
    }
    for (int32_t i = 0; i < zeros.count && !grid.file->failed; i++) {
        int64_t zero = fa_item_integer(grid.file, zeros, i, 'q');
        if (zero < least || zero > most)
            fa_refuse_table(&grid, "expected zero points of %lld to %lld", (long long)least, (long long)most);
    }
    node->n_scales = scales.count;
    node->scale = scales.count > 0 && !grid.file->failed ? fa_item_real(grid.file, scales, 0) : 0;
}

static void read_shape(const fa_table *table, fa_node *node) {
    fa_vector shape = fa_table_vector(table, 0, 4), other = fa_table_vector(table, 7, 4);
    fa_spend(table->file, (int64_t)shape.count + other.count);
    int64_t count = 1;
    if (shape.count > FA_MAX_RANK) fa_refuse_table(table, "expected at most %d axes, got %d", FA_MAX_RANK, shape.count);
    for (int32_t i = 0; i < shape.count && !table->file->failed; i++) {
        node->shape.dim[i] = fa_item_integer(table->file, shape, i, 'i');
        if (node->shape.dim[i] < 1 || node->shape.dim[i] > MAX_NUMBERS / count)
            fa_refuse_table(table, "expected a fixed shape of at most %d numbers", MAX_NUMBERS);
        else
            count *= node->shape.dim[i];
    }
    node->shape.rank = table->file->failed ? 0 : shape.count;
    if (other.count > 0 && other.count != shape.count) fa_refuse_table(table, "its two shapes disagree");
    for (int32_t i = 0; i < other.count && !table->file->failed; i++) {
        int64_t n = fa_item_integer(table->file, other, i, 'i');
        if (n != -1 && n != node->shape.dim[i]) fa_refuse_table(table, "its two shapes disagree");
    }
}

static void read_node(const fa_table *model, fa_vector buffers, const fa_table *table, fa_node *node) {
    int64_t type = fa_table_integer(table, 1, 0), buffer = fa_table_integer(table, 2, 0);
    fa_table_text(table, 3);
    check_index(table->file, buffer, buffers.count, "buffer of a tensor");
    if (width_of_type(type) == 0 || fa_table_integer(table, 5, 0) != 0)
        fa_refuse_table(table, "expected a plain type, got %lld, or a variable", (long long)type);
    if (table->file->failed) return;
    node->type = (int32_t)type;
    node->width = width_of_type(type);
    read_shape(table, node);
    read_scales(table, node);
    if (!table->file->failed) read_data(model, buffers, buffer, node);
    size_t expected = (size_t)fa_shape_count(&node->shape) * (size_t)node->width;
    if (!table->file->failed && node->data_size != 0 && node->data_size != expected)
        fa_refuse_table(table, "expected %zu bytes for its shape, got %zu", expected, node->data_size);
}

static void read_options(const fa_table *table, fa_operator *out) {
    const char *fields = NULL;
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++)
        if (OPTIONS[i].kind == out->kind) fields = OPTIONS[i].fields;
    if (fields == NULL) return; /* none, or of an operator that is refused later */
    if (!fa_table_has(table, 4)) fa_refuse_table(table, "its options are missing");
    fa_table options = fa_table_child(table, 4, fields, "options of operator");
    for (int32_t i = 0; fields[i] != '\0' && i < FA_MAX_OPTIONS && !table->file->failed; i++) {
        int dilation = (out->kind == 1 && i >= 4 && i <= 5) || (out->kind == 2 && i >= 5);
        if (fields[i] == '*') {
            out->integers = fa_table_vector(&options, i, 4);
            fa_spend(table->file, out->integers.count);
        } else if (fields[i] == 'f')
            out->real = fa_table_real(&options, i);
        else if (fields[i] != '-')
            out->options[i] = fa_table_integer(&options, i, dilation);
    }
}

static void read_operator(const fa_table *model, fa_vector codes, const fa_table *table, fa_operator *out) {
    int64_t index = fa_table_integer(table, 0, 0);
    check_index(table->file, index, codes.count, "operator");
    if (table->file->failed) return;
    fa_table code = fa_table_item(model, codes, (int32_t)index, "b-ii", "operator code");
    int64_t old = fa_table_integer(&code, 0, 0), now = fa_table_integer(&code, 3, 0);
    fa_vector variables = fa_table_vector(table, 7, 1);
    int plain = fa_table_vector(table, 8, 4).count == 0 && fa_table_integer(table, 11, 0) == 0;
    fa_spend(table->file, variables.count);
    for (int32_t i = 0; i < variables.count && !table->file->failed; i++)
        plain = plain && fa_item_integer(table->file, variables, i, 'B') == 0;
    if (!plain) fa_refuse_table(table, "expected a plain operator, got one with variables or further options");
    out->code = (int32_t)(old > now ? old : now); /* the older field ends at 127 */
    out->kind = (int32_t)fa_table_integer(table, 3, 0);
    out->inputs = fa_table_vector(table, 1, 4);
    out->outputs = fa_table_vector(table, 2, 4);
    fa_spend(table->file, (int64_t)out->inputs.count + out->outputs.count);
    read_options(table, out);
}

static void *room(fa_flatbuffer *file, int32_t count, size_t size) {
    void *memory = calloc((size_t)count + 1, size);
    if (memory == NULL) fa_refuse(file, "no memory for %d tensors or operators", count);
    return memory;
}

static void read_subgraph(const fa_table *model, const fa_table *part, fa_graph *graph) {
    fa_flatbuffer *file = model->file;
    fa_vector codes = fa_table_vector(model, 1, 4), buffers = fa_table_vector(model, 4, 4);
    fa_vector nodes = fa_table_vector(part, 0, 4), operators = fa_table_vector(part, 3, 4);
    fa_spend(file, (int64_t)codes.count + buffers.count + nodes.count + operators.count);
    graph->inputs = fa_table_vector(part, 1, 4);
    graph->outputs = fa_table_vector(part, 2, 4);
    fa_table_text(part, 4);
    if (graph->inputs.count < 1 || graph->outputs.count < 1 || operators.count < 1 ||
        graph->inputs.count > MAX_ENDS || graph->outputs.count > MAX_ENDS)
        fa_refuse(file, "expected an input, an output and operators between them");
    if (file->failed) return;
    graph->nodes = room(file, nodes.count, sizeof *graph->nodes);
    graph->operators = room(file, operators.count, sizeof *graph->operators);
    for (; graph->n_nodes < nodes.count && !file->failed; graph->n_nodes++) {
        fa_table table = fa_table_item(part, nodes, graph->n_nodes, "*bI**?-*?-", "tensor");
        read_node(model, buffers, &table, &graph->nodes[graph->n_nodes]);
    }
    for (; graph->n_operators < operators.count && !file->failed; graph->n_operators++) {
        fa_table table = fa_table_item(part, operators, graph->n_operators, "I**B*-b**--B-i", "operator");
        read_operator(model, codes, &table, &graph->operators[graph->n_operators]);
    }
    for (int32_t i = 0; i < graph->inputs.count && !file->failed; i++)
        check_index(file, fa_item_integer(file, graph->inputs, i, 'i'), graph->n_nodes, "inputs");
    for (int32_t i = 0; i < graph->outputs.count && !file->failed; i++)
        check_index(file, fa_item_integer(file, graph->outputs, i, 'i'), graph->n_nodes, "outputs");
}

static void check_metadata(const fa_table *model) {
    fa_flatbuffer *file = model->file;
    fa_vector all = fa_table_vector(model, 6, 4), indices = fa_table_vector(model, 5, 4);
    int32_t buffers = fa_table_vector(model, 4, 4).count;
    fa_spend(file, (int64_t)all.count + indices.count);
    for (int32_t i = 0; i < indices.count && !file->failed; i++)
        check_index(file, fa_item_integer(file, indices, i, 'i'), buffers, "metadata buffer");
    for (int32_t i = 0; i < all.count && !file->failed; i++) {
        fa_table table = fa_table_item(model, all, i, "*I", "metadata");
        fa_vector name = fa_table_text(&table, 0);
        int known = 0;
        for (size_t k = 0; k < sizeof METADATA / sizeof *METADATA && !file->failed; k++)
            known = known || ((size_t)name.count == strlen(METADATA[k]) &&
                              memcmp(file->data + name.at, METADATA[k], (size_t)name.count) == 0);
        if (!known) fa_refuse_table(&table, "has a name that can change what an interpreter does");
        check_index(file, fa_table_integer(&table, 1, 0), buffers, "metadata");
    }
}

/* Each end of the network has a name of its own: as many as there are ends, each found among the others. */
static void check_names(const fa_table *signature, int32_t field, fa_vector ends) {
    fa_flatbuffer *file = signature->file;
    fa_vector maps = fa_table_vector(signature, field, 4), names[MAX_ENDS];
    int taken[MAX_ENDS] = {0}, same = maps.count == ends.count;
    fa_spend(file, maps.count);
    for (int32_t i = 0; same && i < maps.count && !file->failed; i++) {
        fa_table map = fa_table_item(signature, maps, i, "*I", "signature");
        int64_t index = fa_table_integer(&map, 1, 0);
        int32_t k = 0;
        names[i] = fa_table_text(&map, 0);
        while (k < ends.count && (taken[k] || fa_item_integer(file, ends, k, 'i') != index)) k++;
        same = k < ends.count;
        if (same) taken[k] = 1;
        for (int32_t j = 0; j < i && same && !file->failed; j++)
            same = names[j].count != names[i].count ||
                   memcmp(file->data + names[j].at, file->data + names[i].at, (size_t)names[i].count) != 0;
    }
    if (!same) fa_refuse_table(signature, "expected a name for each input and output of the network");
}

static void check_signatures(const fa_table *model, const fa_graph *graph) {
    fa_vector all = fa_table_vector(model, 7, 4);
    fa_spend(model->file, all.count);
    for (int32_t i = 0; i < all.count && !model->file->failed; i++) {
        fa_table table = fa_table_item(model, all, i, "***-I", "signature");
        check_index(model->file, fa_table_integer(&table, 4, 0), 1, "subgraph of a signature");
        fa_table_text(&table, 2);
        check_names(&table, 0, graph->inputs);
        check_names(&table, 1, graph->outputs);
    }
}

void fa_graph_read(fa_flatbuffer *file, fa_graph *graph) {
    *graph = (fa_graph){.file = file};
    fa_table model = fa_table_root(file, "I*******--", "model");
    if (fa_table_integer(&model, 0, 0) != 3) fa_refuse(file, "expected version 3 of the schema");
    fa_vector parts = fa_table_vector(&model, 2, 4);
    if (parts.count != 1) fa_refuse(file, "expected one subgraph, got %d", parts.count);
    fa_table_text(&model, 3);
    if (file->failed) return;
    fa_table part = fa_table_item(&model, parts, 0, "*****i", "subgraph");
    read_subgraph(&model, &part, graph);
    if (!file->failed) check_metadata(&model);
    if (!file->failed) check_signatures(&model, graph);
}

void fa_graph_free(fa_graph *graph) {
    free(graph->nodes);
    free(graph->operators);
    *graph = (fa_graph){.file = NULL};
}
