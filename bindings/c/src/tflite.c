/* The classic TFLite C API (tensorflow/lite/c/c_api.h), of a library that was built from TensorFlow. */
#include <dlfcn.h>
#include <stdlib.h>

#include "internal.h"

typedef void *handle;
typedef struct {
    float scale;
    int32_t zero_point;
} quantization;

#define FUNCTIONS(F)                                              \
    F(ModelCreate, handle, (const void *, size_t))                \
    F(ModelDelete, void, (handle))                                \
    F(InterpreterOptionsCreate, handle, (void))                   \
    F(InterpreterOptionsDelete, void, (handle))                   \
    F(InterpreterOptionsSetNumThreads, void, (handle, int32_t))   \
    F(InterpreterCreate, handle, (handle, handle))                \
    F(InterpreterDelete, void, (handle))                          \
    F(InterpreterAllocateTensors, int, (handle))                  \
    F(InterpreterInvoke, int, (handle))                           \
    F(InterpreterGetInputTensor, handle, (handle, int32_t))       \
    F(InterpreterGetOutputTensorCount, int32_t, (handle))         \
    F(InterpreterGetOutputTensor, handle, (handle, int32_t))      \
    F(TensorType, int, (handle))                                  \
    F(TensorNumDims, int32_t, (handle))                           \
    F(TensorDim, int32_t, (handle, int32_t))                      \
    F(TensorData, void *, (handle))                               \
    F(TensorQuantizationParams, quantization, (handle))

typedef struct {
#define DECLARE(name, result, arguments) result(*name) arguments;
    FUNCTIONS(DECLARE)
    handle model, options, interpreter;
} tflite;

static fa_status load(void *library, tflite *t) {
#define LOAD(name, result, arguments)                    \
    *(void **)&t->name = dlsym(library, "TfLite" #name); \
    if (t->name == NULL) return fa_fail(FA_ERROR_BACKEND, "TFLite: the library has no TfLite" #name);
    FUNCTIONS(LOAD)
    return FA_OK;
}

static fa_status describe(const tflite *t, handle tensor, fa_tensor *out) {
    quantization q = t->TensorQuantizationParams(tensor);
    *out = (fa_tensor){t->TensorData(tensor), (fa_type)t->TensorType(tensor), 1, 1, q.scale, q.zero_point};
    for (int32_t i = 0; i < t->TensorNumDims(tensor); i++) {
        int32_t dim = t->TensorDim(tensor, i);
        if (dim < 1 || dim > (1 << 24) / out->count)
            return fa_fail(FA_ERROR_BACKEND, "model: expected tensors of fixed and moderate size");
        out->count *= dim;
        out->last = dim;
    }
    if (out->data == NULL || (out->type != FA_FLOAT32 && out->type != FA_UINT8 && out->type != FA_INT8))
        return fa_fail(FA_ERROR_BACKEND, "model: expected float32, uint8 or int8 tensors, got type %d", (int)out->type);
    return FA_OK;
}

static fa_status invoke(fa_network *network) {
    tflite *t = network->state;
    int code = t->InterpreterInvoke(t->interpreter);
    return code == 0 ? FA_OK : fa_fail(FA_ERROR_BACKEND, "TFLite: running the network failed with status %d", code);
}

static void close(fa_network *network) {
    tflite *t = network->state;
    if (t->interpreter != NULL) t->InterpreterDelete(t->interpreter);
    if (t->options != NULL) t->InterpreterOptionsDelete(t->options);
    if (t->model != NULL) t->ModelDelete(t->model);
    free(t);
}

fa_status fa_tflite_open(const fa_model_file *model, int32_t num_threads, fa_network *network) {
    tflite *t = calloc(1, sizeof *t);
    if (t == NULL) return fa_fail(FA_ERROR_MEMORY, "TFLite: no memory");
    network->state = t;
    network->invoke = invoke;
    network->close = close;
    fa_status status = load(network->library, t);
    if (status != FA_OK) return status;
    t->model = t->ModelCreate(model->content, model->flatbuffer_size);
    t->options = t->model != NULL ? t->InterpreterOptionsCreate() : NULL;
    if (t->options != NULL) {
        t->InterpreterOptionsSetNumThreads(t->options, num_threads);
        t->interpreter = t->InterpreterCreate(t->model, t->options);
    }
    if (t->interpreter == NULL || t->InterpreterAllocateTensors(t->interpreter) != 0)
        return fa_fail(FA_ERROR_BACKEND, "TFLite: the library does not accept model %s; try a newer one", model->name);
    status = describe(t, t->InterpreterGetInputTensor(t->interpreter, 0), &network->input);
    network->n_outputs = t->InterpreterGetOutputTensorCount(t->interpreter);
    if (network->n_outputs > FA_MAX_OUTPUTS)
        return fa_fail(FA_ERROR_BACKEND, "model: expected at most %d outputs, got %d", FA_MAX_OUTPUTS, network->n_outputs);
    for (int32_t i = 0; i < network->n_outputs && status == FA_OK; i++)
        status = describe(t, t->InterpreterGetOutputTensor(t->interpreter, i), &network->outputs[i]);
    return status;
}
