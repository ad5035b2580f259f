/* LiteRT's C API, from the libLiteRt of the ai-edge-litert wheel or AAR. They come without headers, so the few
 * declarations needed are here. Version 2.1.6 added an environment to LiteRtCreateModelFromBuffer under the same
 * name; LiteRtCreateModelFromFd came with it and tells the two apart. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define CPU 1
#define OPTION_ACCELERATORS 24
#define OPTION_LOG_SEVERITY 25
#define ONLY_ERRORS 3
#define ANY_INT 2
#define PER_TENSOR 1
#define ALIGNMENT 64

typedef void *handle;
typedef struct {
    int32_t tag;
    struct {
        int32_t type;
        int64_t value;
    } any;
} environment_option;
typedef struct {
    int32_t element_type;
    uint32_t rank; /* the lowest 7 bits */
    int32_t dimensions[8];
    uint32_t strides[8];
} tensor_type;
typedef struct {
    float scale;
    int64_t zero_point;
} quantization;

#define FUNCTIONS(F)                                                                                  \
    F(CreateEnvironment, int, (int, const environment_option *, handle *))                            \
    F(DestroyEnvironment, void, (handle))                                                             \
    F(CreateModelFromBuffer, int, (handle, const void *, size_t, handle *))                           \
    F(DestroyModel, void, (handle))                                                                   \
    F(CreateOptions, int, (handle *))                                                                 \
    F(DestroyOptions, void, (handle))                                                                 \
    F(SetOptionsHardwareAccelerators, int, (handle, int))                                             \
    F(CreateOpaqueOptions, int, (const char *, void *, void (*)(void *), handle *))                   \
    F(AddOpaqueOptions, int, (handle, handle))                                                        \
    F(CreateCompiledModel, int, (handle, handle, handle, handle *))                                   \
    F(DestroyCompiledModel, void, (handle))                                                           \
    F(GetModelSignature, int, (handle, size_t, handle *))                                             \
    F(GetNumSignatureOutputs, int, (handle, size_t *))                                                \
    F(GetSignatureInputTensorByIndex, int, (handle, size_t, handle *))                                \
    F(GetSignatureOutputTensorByIndex, int, (handle, size_t, handle *))                               \
    F(GetRankedTensorType, int, (handle, tensor_type *))                                              \
    F(GetQuantizationTypeId, int, (handle, int *))                                                    \
    F(GetPerTensorQuantization, int, (handle, quantization *))                                        \
    F(CreateTensorBufferFromHostMemory, int, (const tensor_type *, void *, size_t, void (*)(void *), handle *)) \
    F(DestroyTensorBuffer, void, (handle))                                                            \
    F(RunCompiledModel, int, (handle, size_t, size_t, handle *, size_t, handle *))

typedef struct {
#define DECLARE(name, result, arguments) result(*name) arguments;
    FUNCTIONS(DECLARE)
    handle environment, model, options, compiled, buffers[1 + FA_MAX_OUTPUTS];
    void *memory[1 + FA_MAX_OUTPUTS];
    size_t outputs;
} litert;

static fa_status failed(const char *what, int code) {
    return fa_fail(FA_ERROR_BACKEND, "LiteRT: %s failed with status %d; try a newer ai-edge-litert", what, code);
}

static fa_status load(void *library, litert *l) {
    if (dlsym(library, "LiteRtCreateModelFromFd") == NULL)
        return fa_fail(FA_ERROR_BACKEND, "LiteRT: expected version 2.1.6 or later; pip install --upgrade ai-edge-litert");
#define LOAD(name, result, arguments)                                                                       \
    *(void **)&l->name = dlsym(library, "LiteRt" #name);                                                    \
    if (l->name == NULL) return fa_fail(FA_ERROR_BACKEND, "LiteRT: the library has no LiteRt" #name "; try " \
                                                          "another version of ai-edge-litert");
    FUNCTIONS(LOAD)
    return FA_OK;
}

static fa_status set_threads(litert *l, int32_t num_threads) {
    char *text = malloc(32);
    handle opaque = NULL;
    if (text == NULL) return fa_fail(FA_ERROR_MEMORY, "LiteRT: no memory for its options");
    snprintf(text, 32, "num_threads = %d\n", num_threads);
    int code = l->CreateOpaqueOptions("xnnpack", text, free, &opaque);
    if (code != 0) free(text);
    if (code == 0) code = l->AddOpaqueOptions(l->options, opaque);
    return code == 0 ? FA_OK : failed("setting the number of threads", code);
}

/* A buffer of our own for a tensor, 0 for the input, and what is known about it. */
static fa_status bind(litert *l, handle tensor, size_t index, fa_tensor *out) {
    tensor_type type;
    int kind = 0, code = l->GetRankedTensorType(tensor, &type);
    if (code != 0) return failed("reading a tensor's type", code);
    *out = (fa_tensor){.type = (fa_type)type.element_type, .count = 1};
    for (uint32_t i = 0; i < (type.rank & 0x7f); i++) {
        if (type.dimensions[i] < 1 || type.dimensions[i] > (1 << 24) / out->count)
            return fa_fail(FA_ERROR_BACKEND, "model: expected tensors of fixed and moderate size");
        out->count *= type.dimensions[i];
        out->last = type.dimensions[i];
    }
    if (out->type != FA_FLOAT32 && out->type != FA_UINT8 && out->type != FA_INT8)
        return fa_fail(FA_ERROR_BACKEND, "model: expected float32, uint8 or int8 tensors, got type %d", type.element_type);
    if (l->GetQuantizationTypeId(tensor, &kind) == 0 && kind == PER_TENSOR) {
        quantization q = {0, 0};
        l->GetPerTensorQuantization(tensor, &q);
        out->scale = q.scale;
        out->zero_point = q.zero_point;
    }
    size_t bytes = (size_t)out->count * (out->type == FA_FLOAT32 ? 4 : 1);
    size_t padded = (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT + ALIGNMENT; /* vector code may read beyond the end */
    if (posix_memalign(&l->memory[index], ALIGNMENT, padded) != 0) /* Android has no aligned_alloc before 28 */
        return fa_fail(FA_ERROR_MEMORY, "LiteRT: no memory for a tensor of %zu bytes", bytes);
    memset(l->memory[index], 0, padded);
    out->data = l->memory[index];
    code = l->CreateTensorBufferFromHostMemory(&type, out->data, bytes, NULL, &l->buffers[index]);
    return code == 0 ? FA_OK : failed("creating a tensor buffer", code);
}

static fa_status bind_all(litert *l, fa_network *network) {
    handle signature, tensor;
    int code = l->GetModelSignature(l->model, 0, &signature);
    if (code == 0) code = l->GetSignatureInputTensorByIndex(signature, 0, &tensor);
    if (code == 0) code = l->GetNumSignatureOutputs(signature, &l->outputs);
    if (code != 0) return failed("reading the model's signature", code);
    fa_status status = bind(l, tensor, 0, &network->input);
    if (l->outputs > FA_MAX_OUTPUTS)
        return fa_fail(FA_ERROR_BACKEND, "model: expected at most %d outputs, got %zu", FA_MAX_OUTPUTS, l->outputs);
    for (size_t i = 0; i < l->outputs && status == FA_OK; i++) {
        code = l->GetSignatureOutputTensorByIndex(signature, i, &tensor);
        status = code == 0 ? bind(l, tensor, 1 + i, &network->outputs[i]) : failed("reading an output", code);
    }
    network->n_outputs = (int32_t)l->outputs;
    return status;
}

static fa_status invoke(fa_network *network) {
    litert *l = network->state;
    int code = l->RunCompiledModel(l->compiled, 0, 1, l->buffers, l->outputs, l->buffers + 1);
    return code == 0 ? FA_OK : failed("running the network", code);
}

static void close(fa_network *network) {
    litert *l = network->state;
    for (size_t i = 0; i < 1 + FA_MAX_OUTPUTS; i++) {
        if (l->buffers[i] != NULL) l->DestroyTensorBuffer(l->buffers[i]);
        free(l->memory[i]);
    }
    if (l->compiled != NULL) l->DestroyCompiledModel(l->compiled);
    if (l->options != NULL) l->DestroyOptions(l->options);
    if (l->model != NULL) l->DestroyModel(l->model);
    if (l->environment != NULL) l->DestroyEnvironment(l->environment);
    free(l);
}

fa_status fa_litert_open(const fa_model_file *model, int32_t num_threads, fa_network *network) {
    const environment_option quiet[2] = {{OPTION_ACCELERATORS, {ANY_INT, CPU}}, {OPTION_LOG_SEVERITY, {ANY_INT, ONLY_ERRORS}}};
    litert *l = calloc(1, sizeof *l);
    if (l == NULL) return fa_fail(FA_ERROR_MEMORY, "LiteRT: no memory");
    network->state = l;
    network->invoke = invoke;
    network->close = close;
    fa_status status = load(network->library, l);
    if (status != FA_OK) return status;
    int code = l->CreateEnvironment(2, quiet, &l->environment);
    if (code != 0) return failed("creating an environment", code);
    code = l->CreateModelFromBuffer(l->environment, model->content, model->flatbuffer_size, &l->model);
    if (code != 0) return failed("reading the network", code);
    code = l->CreateOptions(&l->options);
    if (code == 0) code = l->SetOptionsHardwareAccelerators(l->options, CPU);
    if (code != 0) return failed("creating options", code);
    status = set_threads(l, num_threads);
    if (status != FA_OK) return status;
    code = l->CreateCompiledModel(l->environment, l->model, l->options, &l->compiled);
    return code == 0 ? bind_all(l, network) : failed("preparing the network", code);
}
