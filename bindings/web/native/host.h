/* What JavaScript does for C: src/host.js. Functions marked "waits" suspend C until a promise settles. */
#ifndef ASMNET_EDGE_HOST_H
#define ASMNET_EDGE_HOST_H

#include <stdint.h>

#define HOST(function) __attribute__((import_module("host"), import_name(#function))) function

typedef struct host_tensor_info {
    int32_t type, count; /* as TFLite numbers types */
    int32_t rank, dimensions[4];
} host_tensor_info;

/* Compiles a network; its number, or -1 and a message in `problem`. Waits. */
int32_t HOST(host_open)(const uint8_t *flatbuffer, uint32_t size, char *problem, uint32_t capacity);
/* How many outputs a network has. */
int32_t HOST(host_outputs)(int32_t network);
/* Of the input where `index` is -1, else of that output. */
void HOST(host_tensor)(int32_t network, int32_t index, host_tensor_info *info);
/* Runs a network from an input to its outputs; 0, or -1 and a message. Waits. */
int32_t HOST(host_run)(int32_t network, const void *input, void *const *outputs, char *problem, uint32_t capacity);
void HOST(host_close)(int32_t network);

#endif
