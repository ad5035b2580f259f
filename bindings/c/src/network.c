/* What goes into a network and comes out of it, whatever library runs it. */
#include <string.h>

#include "internal.h"

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

void fa_tensor_read(const fa_tensor *tensor, float *out) {
    for (int32_t i = 0; i < tensor->count; i++)
        if (tensor->type == FA_FLOAT32)
            out[i] = ((const float *)tensor->data)[i];
        else {
            int value = tensor->type == FA_UINT8 ? ((const uint8_t *)tensor->data)[i] : ((const int8_t *)tensor->data)[i];
            out[i] = tensor->scale * (float)(value - tensor->zero_point);
        }
}

fa_status fa_network_run(fa_network *network, const uint8_t *pixels) {
    write_input(network, pixels);
    return network->invoke(network);
}
