/* Model files from disk or memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#if !defined(__wasi__)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "internal.h"

static fa_status copied(const void *data, size_t size, uint8_t **content) {
    *content = malloc(size > 0 ? size : 1);
    if (*content == NULL) return fa_fail(FA_ERROR_MEMORY, "model: no memory for %zu bytes", size);
    if (size > 0) memcpy(*content, data, size);
    return FA_OK;
}

static fa_status too_large(const char *path, unsigned long long size) {
    return fa_fail(FA_ERROR_MODEL, "model %s: expected at most %u bytes, got %llu; is it a model file?", path, FA_MAX_FILE, size);
}

#if defined(__wasi__) /* there are no files: the host hands over their content */
static fa_status read_file(const char *path, uint8_t **content, size_t *length) {
    *content = NULL;
    *length = 0;
    return fa_fail(FA_ERROR_MODEL, "model %s: cannot be read (there are no files here)", path);
}
#else
static const char *kind_of(mode_t mode) { /* NULL: a regular file */
    if (S_ISREG(mode)) return NULL;
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a pipe";
    return S_ISSOCK(mode) ? "a socket" : "a device";
}

static fa_status check(const char *path, int failed, const struct stat *found) {
    if (failed) return fa_fail(FA_ERROR_MODEL, "model %s: cannot be read (%s)", path, strerror(errno));
    const char *kind = kind_of(found->st_mode);
    if (kind != NULL)
        return fa_fail(FA_ERROR_MODEL, "model %s: cannot be read (expected a regular file, got %s)", path, kind);
    if ((unsigned long long)found->st_size > FA_MAX_FILE) return too_large(path, (unsigned long long)found->st_size);
    return FA_OK;
}

static fa_status read_all(const char *path, int file, size_t size, uint8_t **content) {
    *content = malloc(size > 0 ? size : 1);
    if (*content == NULL) return fa_fail(FA_ERROR_MEMORY, "model %s: no memory for %zu bytes", path, size);
    size_t done = 0;
    ssize_t got = 1;
    while (done < size && got > 0) {
        got = read(file, *content + done, size - done);
        if (got < 0 && errno == EINTR) got = 1;
        else if (got > 0) done += (size_t)got;
    }
    if (done == size && size > 0) return FA_OK;
    free(*content);
    *content = NULL;
    return fa_fail(FA_ERROR_MODEL, "model %s: cannot be read; is it a file with content?", path);
}

static fa_status read_file(const char *path, uint8_t **content, size_t *length) {
    struct stat found;
    *content = NULL;
    *length = 0;
    int failed = stat(path, &found) != 0;
    fa_status status = check(path, failed, &found); /* before it is opened: opening a pipe waits, a device may act */
    if (status != FA_OK) return status;
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return fa_fail(FA_ERROR_MODEL, "model %s: cannot be read (%s)", path, strerror(errno));
    failed = fstat(file, &found) != 0;
    status = check(path, failed, &found);
    if (status == FA_OK) {
        *length = (size_t)found.st_size;
        status = read_all(path, file, *length, content);
    }
    close(file);
    return status;
}
#endif

fa_status fa_content(const char *path, const void *data, size_t size, uint8_t **content, size_t *length) {
    if (path != NULL) return read_file(path, content, length);
    *length = size;
    *content = NULL;
    return size > FA_MAX_FILE ? too_large("data", size) : copied(data, size, content);
}
