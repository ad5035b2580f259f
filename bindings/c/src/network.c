/* What goes into a network and comes out of it, whatever library runs it. */
#include <string.h>

#include "internal.h"

fa_status fa_network_check(const fa_network *network, const fa_model *model) {
    int32_t pixels = model->input_size * model->input_size * 3;
    if (network->input.count == pixels && network->landmarks.data != NULL && network->pose.data != NULL) return FA_OK;
    return fa_fail(FA_ERROR_BACKEND, "model %s: expected an input of %d numbers and outputs of %d and 3, got an input of %d",
                   model->name, pixels, 2 * FA_LANDMARKS, network->input.count);
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
