/* The network behind LiteRT.js, in the place of bindings/c/src/runtime.c: LiteRT.js has no C interface, so the host runs it. */
#include <stdlib.h>

#include "host.h"
#include "internal.h"

typedef struct {
    int32_t number;
    void *memory[1 + FA_MAX_OUTPUTS]; /* the input's first */
    char problem[256];
} web;

static fa_status bind(web *w, int32_t index, fa_tensor *out) {
    host_tensor_info info;
    host_tensor(w->number, index, &info);
    *out = (fa_tensor){.type = (fa_type)info.type, .count = info.count, .last = info.dimensions[info.rank - 1]};
    if (out->type != FA_FLOAT32 && out->type != FA_UINT8)
        return fa_fail(FA_ERROR_BACKEND, "model: expected float32 or uint8 tensors, which is what LiteRT.js takes, got type "
                                         "%d; convert it with --input uint8 and float heads", info.type);
    w->memory[1 + index] = calloc((size_t)out->count, out->type == FA_FLOAT32 ? 4 : 1);
    if (w->memory[1 + index] == NULL) return fa_fail(FA_ERROR_MEMORY, "no memory for a tensor of %d numbers", out->count);
    out->data = w->memory[1 + index];
    return FA_OK;
}

static fa_status invoke(fa_network *network) {
    web *w = network->state;
    if (host_run(w->number, w->memory[0], w->memory + 1, w->problem, sizeof w->problem) == 0) return FA_OK;
    return fa_fail(FA_ERROR_BACKEND, "LiteRT.js could not run the network: %s", w->problem);
}

static void close(fa_network *network) {
    web *w = network->state;
    if (w->number >= 0) host_close(w->number);
    for (int32_t i = 0; i < 1 + FA_MAX_OUTPUTS; i++) free(w->memory[i]);
    free(w);
}

static fa_status open(const fa_model_file *model, fa_network *network, web *w) {
    w->number = host_open(model->content, (uint32_t)model->flatbuffer_size, w->problem, sizeof w->problem);
    if (w->number < 0) return fa_fail(FA_ERROR_BACKEND, "LiteRT.js could not open model %s: %s", model->name, w->problem);
    network->n_outputs = host_outputs(w->number);
    if (network->n_outputs > FA_MAX_OUTPUTS)
        return fa_fail(FA_ERROR_BACKEND, "model %s: expected at most %d outputs, got %d", model->name, FA_MAX_OUTPUTS,
                       network->n_outputs);
    fa_status status = bind(w, -1, &network->input);
    for (int32_t i = 0; i < network->n_outputs && status == FA_OK; i++) status = bind(w, i, &network->outputs[i]);
    return status;
}

fa_status fa_network_open(const fa_model_file *model, const char *runtime, int32_t num_threads, fa_network *network) {
    (void)runtime;
    (void)num_threads;
    web *w = calloc(1, sizeof *w);
    if (w == NULL) return fa_fail(FA_ERROR_MEMORY, "no memory for a network");
    w->number = -1;
    *network = (fa_network){.input_scale = model->input_scale, .state = w, .invoke = invoke, .close = close};
    fa_status status = open(model, network, w);
    if (status != FA_OK) fa_network_close(network);
    return status;
}

void fa_network_close(fa_network *network) {
    if (network->close != NULL) network->close(network);
    *network = (fa_network){0};
}
