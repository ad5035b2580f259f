/* Flatbuffers read with every offset checked, as sdk/tflite/reader.py does; only the files that check networks see this. */
#ifndef ASMNET_EDGE_FLATBUFFER_H
#define ASMNET_EDGE_FLATBUFFER_H

#include "internal.h"

/* A file and how much of it may still be visited. The first problem stays; reads after it give 0 and nothing. */
typedef struct fa_flatbuffer {
    const uint8_t *data;
    size_t size;
    int64_t left;
    int failed;
    char problem[192];
} fa_flatbuffer;

/* One table. `kinds` has a letter for each field that may be there: ? b B h H i I q Q f as Python's struct module, * for
 * what is referred to, - for what is refused. */
typedef struct fa_table {
    fa_flatbuffer *file;
    size_t at, offsets, fields; /* offsets: of its fields, two bytes each */
    const char *kinds, *name;
    int32_t number; /* of a vector; -1: none */
} fa_table;
typedef struct fa_vector {
    size_t at;
    int32_t count;
} fa_vector;

void fa_refuse(fa_flatbuffer *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fa_refuse_table(const fa_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fa_spend(fa_flatbuffer *file, int64_t items);
fa_table fa_table_root(fa_flatbuffer *file, const char *kinds, const char *name);
int fa_table_has(const fa_table *table, int32_t field);
int64_t fa_table_integer(const fa_table *table, int32_t field, int64_t missing);
double fa_table_real(const fa_table *table, int32_t field);
fa_table fa_table_child(const fa_table *table, int32_t field, const char *kinds, const char *name);
fa_vector fa_table_vector(const fa_table *table, int32_t field, size_t width); /* not counted */
fa_vector fa_table_text(const fa_table *table, int32_t field);
fa_table fa_table_item(const fa_table *table, fa_vector items, int32_t i, const char *kinds, const char *name);
int64_t fa_item_integer(const fa_flatbuffer *file, fa_vector items, int32_t i, char kind); /* i is in the vector */
float fa_item_real(const fa_flatbuffer *file, fa_vector items, int32_t i);

/* graph.c: the network as sdk/tflite/network.py has it */
#define FA_MAX_RANK 8
#define FA_MAX_OPTIONS 7
typedef struct fa_shape {
    int32_t rank;
    int64_t dim[FA_MAX_RANK];
} fa_shape;
typedef struct fa_node { /* a tensor; data of a constant, else NULL */
    fa_shape shape;
    int32_t type, width; /* bytes of a number */
    const uint8_t *data;
    size_t data_size;
    int32_t n_scales;
    float scale; /* the first */
    int made;
} fa_node;
typedef struct fa_operator {
    int32_t code, kind;
    fa_vector inputs, outputs;
    int64_t options[FA_MAX_OPTIONS];
    double real;        /* the option that is a float */
    fa_vector integers; /* the option that is a vector */
} fa_operator;
typedef struct fa_graph {
    fa_flatbuffer *file;
    fa_node *nodes;
    fa_operator *operators;
    int32_t n_nodes, n_operators;
    fa_vector inputs, outputs;
} fa_graph;
enum { FA_NODE_INT32 = 2, FA_NODE_UINT8 = 3, FA_NODE_INT64 = 4, FA_NODE_INT16 = 7, FA_NODE_INT8 = 9 };
int64_t fa_shape_count(const fa_shape *shape);
int fa_node_is_integer(const fa_node *node); /* of a type that activations are quantised to */
void fa_graph_read(fa_flatbuffer *file, fa_graph *graph); /* to be freed also where it fails */
void fa_graph_free(fa_graph *graph);

/* rules.c: what an operator makes of its inputs' shapes, as sdk/tflite/rules.py has it */
void fa_operator_check(const fa_graph *graph, int32_t number, int64_t *bytes, int64_t *macs);

#endif
