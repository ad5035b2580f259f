/* A program outside the library's tree, as users write it. */
#include <asmnet_edge.h>
#include <stdio.h>

int main(int argc, char **argv) {
    fa_options options = FA_OPTIONS_INIT;
    fa_aligner *aligner;
    options.model_path = argc > 1 ? argv[1] : "model.tflite";
    if (fa_create(&options, &aligner) != FA_OK) {
        fprintf(stderr, "%s\n", fa_last_error());
        return 1;
    }
    printf("asmnet_edge %s opened %s\n", fa_version(), fa_model_name(aligner));
    fa_destroy(aligner);
    return 0;
}
