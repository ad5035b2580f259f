/* The network behind one of two libraries, told apart by the functions they export. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

fa_status fa_network_open(const fa_model *model, const char *runtime, int32_t num_threads, fa_network *network) {
    if (runtime == NULL) runtime = getenv("ASMNET_RUNTIME");
    if (runtime == NULL || *runtime == '\0') runtime = "libLiteRt.so";
    *network = (fa_network){.input_scale = model->input_scale};
    network->library = dlopen(runtime, RTLD_NOW | RTLD_LOCAL);
    if (network->library == NULL)
        return fa_fail(FA_ERROR_BACKEND, "runtime %s: cannot be opened (%s); pip install ai-edge-litert brings "
                                         "libLiteRt.so, set ASMNET_RUNTIME to its path", runtime, dlerror());
    fa_status status;
    if (dlsym(network->library, "LiteRtCreateCompiledModel") != NULL)
        status = fa_litert_open(model, num_threads, network);
    else if (dlsym(network->library, "TfLiteInterpreterCreate") != NULL)
        status = fa_tflite_open(model, num_threads, network);
    else
        status = fa_fail(FA_ERROR_BACKEND, "runtime %s: expected a library with the LiteRT or the TFLite C API", runtime);
    int32_t pixels = model->input_size * model->input_size * 3;
    if (status == FA_OK && (network->input.count != pixels || !network->landmarks.data || !network->pose.data))
        status = fa_fail(FA_ERROR_BACKEND, "model %s: expected an input of %d numbers and outputs of %d and 3, got an "
                                           "input of %d", model->name, pixels, 2 * FA_LANDMARKS, network->input.count);
    if (status != FA_OK) fa_network_close(network);
    return status;
}

void fa_network_close(fa_network *network) {
    if (network->close != NULL) network->close(network);
    if (network->library != NULL) dlclose(network->library);
    *network = (fa_network){0};
}

fa_status fa_network_add_output(fa_network *network, fa_tensor tensor) {
    fa_tensor *place = tensor.count == 2 * FA_LANDMARKS ? &network->landmarks : tensor.count == 3 ? &network->pose : NULL;
    if (place == NULL || place->data != NULL)
        return fa_fail(FA_ERROR_BACKEND, "model: expected outputs of %d and 3 numbers, got one of %d", 2 * FA_LANDMARKS,
                       tensor.count);
    *place = tensor;
    return FA_OK;
}

static void write_input(const fa_network *network, const uint8_t *pixels) {
    const fa_tensor *input = &network->input;
    if (input->type == FA_UINT8)
        memcpy(input->data, pixels, (size_t)input->count);
    else
        for (int32_t i = 0; i < input->count; i++)
            if (input->type == FA_INT8)
                ((int8_t *)input->data)[i] = (int8_t)(pixels[i] - 128);
            else
                ((float *)input->data)[i] = (float)pixels[i] * network->input_scale;
}

static void read_output(const fa_tensor *tensor, float *out) {
    for (int32_t i = 0; i < tensor->count; i++)
        if (tensor->type == FA_FLOAT32)
            out[i] = ((const float *)tensor->data)[i];
        else {
            int value = tensor->type == FA_UINT8 ? ((const uint8_t *)tensor->data)[i] : ((const int8_t *)tensor->data)[i];
            out[i] = tensor->scale * (float)(value - tensor->zero_point);
        }
}

fa_status fa_network_run(fa_network *network, const uint8_t *pixels, float *landmarks, float *pose) {
    write_input(network, pixels);
    fa_status status = network->invoke(network);
    if (status != FA_OK) return status;
    read_output(&network->landmarks, landmarks);
    read_output(&network->pose, pose);
    return FA_OK;
}
