/* How every part of the library reports what went wrong; not installed. */
#ifndef ASMNET_EDGE_ERRORS_H
#define ASMNET_EDGE_ERRORS_H

#include "asmnet_edge.h"

/* Sets the thread's last error and returns `status`. */
fa_status fa_fail(fa_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
