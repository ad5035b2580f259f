#include "golden.h"

#include <math.h>
#include <string.h>

uint8_t *golden_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL, "%s", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *content = malloc(*size + 1);
    CHECK(content != NULL && fread(content, 1, *size, file) == *size, "%s", path);
    content[*size] = 0;
    fclose(file);
    return content;
}

static int numbers(char *words, double *out, int most) {
    int count = 0;
    for (char *word = strtok(words, " "); word != NULL && count < most; word = strtok(NULL, " ")) out[count++] = atof(word);
    return count;
}

static void read_line(golden_case *c, const char *key, char *rest) {
    double box[4], refine;
    if (strcmp(key, "frame") == 0) snprintf(c->frame, sizeof c->frame, "%s", rest);
    if (strcmp(key, "crop_sha256") == 0) snprintf(c->sha256, sizeof c->sha256, "%s", rest);
    if (strcmp(key, "outputs_sha256") == 0) snprintf(c->outputs_sha256, sizeof c->outputs_sha256, "%s", rest);
    if (strcmp(key, "box") == 0 && numbers(rest, box, 4) == 4) c->box = (fa_box){box[0], box[1], box[2], box[3]};
    if (strcmp(key, "refine") == 0 && numbers(rest, &refine, 1) == 1) c->refine = refine != 0;
    if (strcmp(key, "crop") == 0) numbers(rest, c->crop, 4);
    if (strcmp(key, "pose") == 0) numbers(rest, c->pose, 3);
    if (strcmp(key, "plausibility") == 0) numbers(rest, &c->plausibility, 1);
    if (strcmp(key, "confidence") == 0) numbers(rest, &c->confidence, 1);
    if (strcmp(key, "point_errors") == 0) c->has_errors = numbers(rest, c->point_errors, FA_LANDMARKS) == FA_LANDMARKS;
    if (strcmp(key, "raw_landmarks") == 0) numbers(rest, c->raw_landmarks, FA_LANDMARKS * 2);
    if (strcmp(key, "raw_pose") == 0) numbers(rest, c->raw_pose, 3);
    if (strcmp(key, "landmarks") == 0) numbers(rest, c->landmarks, FA_LANDMARKS * 2);
    if (strcmp(key, "shape_parameters") == 0) c->n_modes = numbers(rest, c->shape_parameters, FA_MAX_MODES);
}

static void read_scene_line(golden_scene *s, const char *key, char *rest) {
    double zoom;
    if (strcmp(key, "frame") == 0) snprintf(s->frame, sizeof s->frame, "%s", rest);
    if (strcmp(key, "input_sha256") == 0) snprintf(s->sha256, sizeof s->sha256, "%s", rest);
    if (strcmp(key, "zoom") == 0 && numbers(rest, &zoom, 1) == 1) s->zoom = (int)zoom;
    if (strcmp(key, "detection") == 0) {
        CHECK(s->n_detections < 8 && numbers(rest, s->detections[s->n_detections++], 6) == 6, "%s", s->name);
    } else if (strcmp(key, "face") == 0)
        CHECK(s->n_faces < 8 && numbers(rest, s->faces[s->n_faces++], 5 + FA_LANDMARKS * 2) == 5 + FA_LANDMARKS * 2, "%s",
              s->name);
}

/* Starts block `index` under its name where `rest` is NULL, else takes one of its lines. */
typedef void take(void *blocks, int index, const char *key, char *rest);

/* Blocks of a file that begin with the word `first`; returns how many. */
static int read_blocks(const char *folder, const char *name, const char *first, take *take_line, void *blocks) {
    char path[1024];
    size_t size;
    int count = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = (char *)golden_file(path, &size), *next;
    for (char *line = text; *line != '\0'; line = next) {
        next = line + strcspn(line, "\n");
        if (*next == '\n') *next++ = '\0';
        char *rest = strchr(line, ' ');
        if (rest == NULL) continue;
        *rest++ = '\0';
        if (strcmp(line, first) == 0) {
            CHECK(count < GOLDEN_MAX, "%s: %d blocks", path, count);
            take_line(blocks, count++, rest, NULL);
        } else if (count > 0)
            take_line(blocks, count - 1, line, rest);
    }
    free(text);
    return count;
}

static void take_case(void *cases, int index, const char *key, char *rest) {
    golden_case *c = (golden_case *)cases + index;
    if (rest != NULL) {
        read_line(c, key, rest);
        return;
    }
    *c = (golden_case){.confidence = NAN};
    snprintf(c->name, sizeof c->name, "%s", key);
}

static void take_scene(void *scenes, int index, const char *key, char *rest) {
    golden_scene *s = (golden_scene *)scenes + index;
    if (rest != NULL) {
        read_scene_line(s, key, rest);
        return;
    }
    *s = (golden_scene){.zoom = 0};
    snprintf(s->name, sizeof s->name, "%s", key);
}

int golden_read_scenes(const char *folder, golden_scene scenes[GOLDEN_MAX]) {
    return read_blocks(folder, "scenes.txt", "scene", take_scene, scenes);
}

int golden_read(const char *folder, golden_case cases[GOLDEN_MAX]) {
    return read_blocks(folder, "golden.txt", "case", take_case, cases);
}

void golden_raw_step(const char *folder, double step[2]) {
    char path[1024];
    size_t size;
    snprintf(path, sizeof path, "%s/golden.txt", folder);
    char *text = (char *)golden_file(path, &size), *line = strstr(text, "\nraw_step ");
    CHECK(line != NULL && sscanf(line, " raw_step %lf %lf", &step[0], &step[1]) == 2, "no raw_step in %s", path);
    free(text);
}

const golden_case *golden_find(const golden_case *cases, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(cases[i].name, name) == 0) return &cases[i];
    CHECK(0, "no case %s", name);
    return NULL;
}

fa_image golden_frame(const char *folder, const char *name) {
    char path[1024];
    size_t size;
    int width = 0, height = 0, header = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    uint8_t *content = golden_file(path, &size);
    CHECK(sscanf((char *)content, "P6 %d %d 255%n", &width, &height, &header) == 2, "%s", path);
    size_t pixels = (size_t)width * (size_t)height * 3;
    CHECK(size == (size_t)header + 1 + pixels, "%s: %zu bytes", path, size);
    memmove(content, content + header + 1, pixels);
    return (fa_image){content, width, height, 0, FA_RGB};
}

fa_image golden_zoomed(const char *folder, const char *name, int zoom) {
    fa_image one = golden_frame(folder, name);
    fa_image large = {NULL, one.width * zoom, one.height * zoom, 0, FA_RGB};
    uint8_t *pixels = malloc((size_t)large.width * (size_t)large.height * 3), *out = pixels;
    CHECK(pixels != NULL, "memory");
    for (int y = 0; y < large.height; y++)
        for (int x = 0; x < large.width; x++, out += 3)
            memcpy(out, one.data + ((size_t)(y / zoom) * (size_t)one.width + (size_t)(x / zoom)) * 3, 3);
    free((void *)(uintptr_t)one.data);
    large.data = pixels;
    return large;
}

double golden_distance(const float *got, const double *expected, int count) {
    double largest = 0;
    for (int i = 0; i < count; i++) {
        double off = fabs((double)got[i] - (double)(float)expected[i]);
        if (!(off <= largest)) largest = off;
    }
    return largest;
}
