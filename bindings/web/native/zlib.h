/* As much of zlib's interface as bindings/c/src/archive.c calls; inflate.c has it. */
#ifndef ASMNET_EDGE_ZLIB_H
#define ASMNET_EDGE_ZLIB_H

#include <stdint.h>

#define Z_OK 0
#define Z_STREAM_END 1
#define Z_DATA_ERROR (-3)
#define Z_FINISH 4
#define MAX_WBITS 15

typedef unsigned int uInt;
typedef struct z_stream {
    uint8_t *next_in, *next_out;
    uInt avail_in, avail_out;
    unsigned long total_out;
} z_stream;

int inflateInit2(z_stream *stream, int window_bits);
int inflate(z_stream *stream, int flush); /* everything at once, without a header */
int inflateEnd(z_stream *stream);
unsigned long crc32(unsigned long crc, const uint8_t *data, uInt size);

#endif
