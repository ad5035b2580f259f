/* Opening models writes nothing to the error stream, and hides nothing: what there is to say comes to fa_set_log's function. */
#include <string.h>
#include <unistd.h>

#include "golden.h"
#include "internal.h"

typedef struct {
    char text[2048];
    int lines;
} heard;

static void listen(void *context, const char *line) {
    heard *h = context;
    size_t length = strlen(h->text);
    snprintf(h->text + length, sizeof h->text - length, "%s\n", line);
    h->lines++;
}

static void open_models(const char *model, const char *detector) {
    fa_options options = FA_OPTIONS_INIT;
    fa_aligner *aligner;
    options.model_path = model;
    options.detector_path = detector;
    options.num_threads = 2;
    CHECK(fa_create(&options, &aligner) == FA_OK, "%s", fa_last_error());
    fa_destroy(aligner);
}

/* In the place of a library: writes a line of its own beside the known one. */
static fa_status talkative(const fa_model_file *model, int32_t num_threads, fa_network *network) {
    static const char words[] = "ERROR: a fault\nINFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nno end";
    (void)network;
    CHECK(model->flatbuffer_size > 100 && num_threads == 1, "a network");
    CHECK(write(2, words, sizeof words - 1) == sizeof words - 1, "write");
    return FA_ERROR_BACKEND;
}

static size_t written(FILE *file, char *out, size_t capacity) {
    rewind(file);
    size_t size = fread(out, 1, capacity - 1, file);
    out[size] = '\0';
    return size;
}

int main(int argc, char **argv) {
    static heard heard_lines;
    char errors[512];
    CHECK(argc >= 3, "usage: test_quiet MODEL DETECTOR");
    int kept = dup(2), library = 0;
    FILE *file = tmpfile();
    CHECK(file != NULL && dup2(fileno(file), 2) == 2, "no place for the error stream");
    fa_set_log(listen, &heard_lines);
    open_models(argv[1], argv[2]);
    fa_set_log(NULL, NULL);
    open_models(argv[1], argv[2]);
    size_t size = written(file, errors, sizeof errors);
    fa_have_it_said(&library, talkative);
    fa_have_it_said(&library, talkative); /* once is enough */
    char passed_on[512];
    written(file, passed_on, sizeof passed_on);
    dup2(kept, 2);
    CHECK(size == 0, "the error stream: %s", errors);
    CHECK(strcmp(passed_on, "ERROR: a fault\nno end") == 0, "passed on: %s", passed_on);
    CHECK(heard_lines.lines >= 2 && strstr(heard_lines.text, "opened by ") != NULL, "%d lines: %s", heard_lines.lines,
          heard_lines.text);
    CHECK(strstr(heard_lines.text, "with 2 threads") != NULL, "%s", heard_lines.text);
    printf("%s", heard_lines.text);
    fclose(file);
    return 0;
}
