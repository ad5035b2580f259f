/* asmnet-align: the face in a known box of a picture, as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asmnet_edge.h"

static const char USAGE[] =
    "usage: asmnet-align [--refine] [--runtime LIBRARY] MODEL PICTURE.ppm LEFT TOP RIGHT BOTTOM\n"
    "The picture is a binary portable pixmap (P6); - reads it from standard input: djpeg photo.jpg | asmnet-align ...\n";

static int read_picture(FILE *file, fa_image *image, uint8_t **pixels) {
    int width, height;
    if (fscanf(file, "P6 %d %d 255", &width, &height) != 2 || width < 1 || height < 1 || width > 65535 || height > 65535)
        return 0;
    fgetc(file);
    size_t size = (size_t)width * (size_t)height * 3;
    *pixels = malloc(size);
    *image = (fa_image){*pixels, width, height, 0, FA_RGB};
    return *pixels != NULL && fread(*pixels, 1, size, file) == size;
}

static void print_face(const fa_face *face) {
    printf("{\"yaw_deg\": %.3f, \"pitch_deg\": %.3f, \"roll_deg\": %.3f, \"plausibility\": %.4f, \"landmarks\": [",
           face->yaw_deg, face->pitch_deg, face->roll_deg, face->plausibility);
    for (int i = 0; i < FA_LANDMARKS; i++)
        printf("%s[%.3f, %.3f]", i > 0 ? ", " : "", (double)face->landmarks[i][0], (double)face->landmarks[i][1]);
    printf("]}\n");
}

static int align(const char *const *arguments, const char *runtime, int refine) {
    fa_options options = FA_OPTIONS_INIT;
    fa_aligner *aligner = NULL;
    fa_image image;
    fa_face face;
    uint8_t *pixels = NULL;
    fa_box box = {atof(arguments[2]), atof(arguments[3]), atof(arguments[4]), atof(arguments[5])};
    FILE *file = strcmp(arguments[1], "-") == 0 ? stdin : fopen(arguments[1], "rb");
    int readable = file != NULL && read_picture(file, &image, &pixels);
    options.model_path = arguments[0];
    options.runtime = runtime;
    fa_status status = FA_OK;
    if (!readable)
        fprintf(stderr, "error: %s: expected a binary portable pixmap (P6) of depth 255\n", arguments[1]);
    else if ((status = fa_create(&options, &aligner)) != FA_OK ||
             (status = fa_align(aligner, &image, &box, refine, &face)) != FA_OK)
        fprintf(stderr, "error: %s\n", fa_last_error());
    else
        print_face(&face);
    fa_destroy(aligner);
    free(pixels);
    if (file != NULL && file != stdin) fclose(file);
    return readable && status == FA_OK ? 0 : 2;
}

int main(int argc, char **argv) {
    const char *runtime = NULL;
    int refine = 0, at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++)
        if (strcmp(argv[at], "--refine") == 0)
            refine = 1;
        else if (strcmp(argv[at], "--runtime") == 0 && at + 1 < argc)
            runtime = argv[++at];
        else
            break;
    if (argc - at != 6) {
        fputs(USAGE, stderr);
        return 2;
    }
    return align((const char *const *)argv + at, runtime, refine);
}
