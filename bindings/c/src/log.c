/* What the library says while it works; nobody hears it unless fa_set_log was called. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

static fa_log listener;
static void *listener_context;

void fa_set_log(fa_log log, void *context) {
    listener = log;
    listener_context = context;
}

void fa_say(const char *format, ...) {
    char line[512];
    va_list arguments;
    if (listener == NULL) return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    listener(listener_context, line);
}
