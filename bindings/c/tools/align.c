/* asmnet-align: the faces of a picture, or the one in a known box, as JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asmnet_edge.h"

static const char USAGE[] =
    "usage: asmnet-align [--runtime LIBRARY] --detector FILE MODEL PICTURE.ppm\n"
    "       asmnet-align [--runtime LIBRARY] [--refine] MODEL PICTURE.ppm LEFT TOP RIGHT BOTTOM\n"
    "The picture is a binary portable pixmap (P6); - reads it from standard input: djpeg photo.jpg | asmnet-align ...\n";

typedef struct {
    const char *runtime, *detector;
    int refine;
} flags;

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
    printf("{\"score\": %.4f, \"yaw_deg\": %.3f, \"pitch_deg\": %.3f, \"roll_deg\": %.3f, \"plausibility\": %.4f, ",
           face->score, face->yaw_deg, face->pitch_deg, face->roll_deg, face->plausibility);
    if (isnan(face->confidence))
        fputs("\"confidence\": null, \"landmarks\": [", stdout);
    else
        printf("\"confidence\": %.4f, \"landmarks\": [", face->confidence);
    for (int i = 0; i < FA_LANDMARKS; i++)
        printf("%s[%.3f, %.3f]", i > 0 ? ", " : "", (double)face->landmarks[i][0], (double)face->landmarks[i][1]);
    fputs(isnan(face->point_errors[0]) ? "], \"point_errors\": null" : "], \"point_errors\": [", stdout);
    for (int i = 0; i < FA_LANDMARKS && !isnan(face->point_errors[0]); i++)
        printf("%s%.4f", i > 0 ? ", " : "", (double)face->point_errors[i]);
    fputs(isnan(face->point_errors[0]) ? "}" : "]}", stdout);
}

static fa_status run(fa_aligner *aligner, const fa_image *image, char **edges, int refine) {
    static fa_face faces[FA_MAX_DETECTIONS];
    int32_t count = 1;
    fa_status status;
    if (edges != NULL) {
        fa_box box = {atof(edges[0]), atof(edges[1]), atof(edges[2]), atof(edges[3])};
        status = fa_align(aligner, image, &box, refine, faces);
    } else
        status = fa_predict(aligner, image, faces, FA_MAX_DETECTIONS, &count);
    if (status != FA_OK) return status;
    for (int32_t i = 0; i < count; i++) {
        fputs(i > 0 ? ",\n " : "[", stdout);
        print_face(&faces[i]);
        if (faces[i].confidence < 0.5) /* NaN, where the model gives none, is not */
            fprintf(stderr, "face %d: confidence %.2f, below 0.5: do not trust its landmarks\n", (int)i + 1, faces[i].confidence);
    }
    puts(count > 0 ? "]" : "[]");
    return FA_OK;
}

static int align(char **arguments, const flags *f) {
    fa_options options = FA_OPTIONS_INIT;
    fa_aligner *aligner = NULL;
    fa_image image;
    uint8_t *pixels = NULL;
    FILE *file = strcmp(arguments[1], "-") == 0 ? stdin : fopen(arguments[1], "rb");
    int readable = file != NULL && read_picture(file, &image, &pixels);
    options.model_path = arguments[0];
    options.detector_path = f->detector;
    options.runtime = f->runtime;
    fa_status status = FA_OK;
    if (!readable)
        fprintf(stderr, "error: %s: expected a binary portable pixmap (P6) of depth 255\n", arguments[1]);
    else if ((status = fa_create(&options, &aligner)) != FA_OK ||
             (status = run(aligner, &image, f->detector == NULL ? arguments + 2 : NULL, f->refine)) != FA_OK)
        fprintf(stderr, "error: %s\n", fa_last_error());
    fa_destroy(aligner);
    free(pixels);
    if (file != NULL && file != stdin) fclose(file);
    int written = fflush(stdout) == 0 && !ferror(stdout); /* what was printed may fail as late as here */
    if (!written) fputs("error: the faces cannot be written to standard output; is the disk full?\n", stderr);
    return readable && status == FA_OK && written ? 0 : 2;
}

int main(int argc, char **argv) {
    flags f = {NULL, NULL, 0};
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++)
        if (strcmp(argv[at], "--refine") == 0)
            f.refine = 1;
        else if (strcmp(argv[at], "--runtime") == 0 && at + 1 < argc)
            f.runtime = argv[++at];
        else if (strcmp(argv[at], "--detector") == 0 && at + 1 < argc)
            f.detector = argv[++at];
        else
            break;
    if (argc - at != (f.detector != NULL ? 2 : 6)) {
        fputs(USAGE, stderr);
        return 2;
    }
    return align(argv + at, &f);
}
