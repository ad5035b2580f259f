/* What the library says while it works; not installed. */
#ifndef ASMNET_EDGE_LOG_H
#define ASMNET_EDGE_LOG_H

#include "asmnet_edge.h"

void fa_say(const char *format, ...) __attribute__((format(printf, 1, 2))); /* a line, to fa_set_log's function */

#endif
