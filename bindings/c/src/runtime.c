/* The network behind one of two libraries, opened at run time and told apart by the functions they export. */
#include <dlfcn.h>
#include <stdlib.h>

#include "internal.h"
#include "log.h"

fa_status fa_network_open(const fa_model_file *model, const char *runtime, int32_t num_threads, fa_network *network) {
    if (runtime == NULL) runtime = getenv("ASMNET_RUNTIME");
    if (runtime == NULL || *runtime == '\0') runtime = "libLiteRt.so";
    *network = (fa_network){.input_scale = model->input_scale};
    network->library = dlopen(runtime, RTLD_NOW | RTLD_LOCAL);
    if (network->library == NULL)
        return fa_fail(FA_ERROR_BACKEND, "runtime %s: cannot be opened (%s); pip install ai-edge-litert brings "
                                         "libLiteRt.so, set ASMNET_RUNTIME to its path", runtime, dlerror());
    fa_network_open_function open = dlsym(network->library, "LiteRtCreateCompiledModel") != NULL ? fa_litert_open
                                    : dlsym(network->library, "TfLiteInterpreterCreate") != NULL ? fa_tflite_open
                                                                                                 : NULL;
    fa_status status = FA_OK;
    if (open == NULL)
        status = fa_fail(FA_ERROR_BACKEND, "runtime %s: expected a library with the LiteRT or the TFLite C API", runtime);
    if (status == FA_OK) {
        fa_have_it_said(network->library, open);
        status = open(model, num_threads, network);
    }
    if (status == FA_OK)
        fa_say("model %s: opened by %s with %d thread%s", model->name, runtime, num_threads, num_threads == 1 ? "" : "s");
    if (status != FA_OK) fa_network_close(network);
    return status;
}

void fa_network_close(fa_network *network) {
    if (network->close != NULL) network->close(network);
    if (network->library != NULL) dlclose(network->library);
    *network = (fa_network){0};
}
