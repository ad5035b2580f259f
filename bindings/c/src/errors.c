/* The last error of each thread. */
#include "errors.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char last_error[512] = "";

fa_status fa_fail(fa_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

const char *fa_last_error(void) { return last_error; }
