/* Deflate's way back (RFC 1951), in one go from memory to memory, and the CRC-32 of zip archives. */
#include <zlib.h>

#define MAX_BITS 15
#define LITERALS 288
#define DISTANCES 30

typedef struct {
    z_stream *stream;
    uint32_t held;
    int bits, failed; /* failed: the input ended, or makes no sense */
} reader;

typedef struct { /* of a canonical code: how many symbols have each length, and the symbols in order */
    uint16_t count[MAX_BITS + 1], symbol[LITERALS];
} huffman;

static uint32_t take(reader *r, int bits) {
    while (r->bits < bits) {
        if (r->stream->avail_in == 0) {
            r->failed = 1;
            return 0;
        }
        r->held |= (uint32_t)*r->stream->next_in++ << r->bits;
        r->stream->avail_in--;
        r->bits += 8;
    }
    uint32_t value = r->held & ((1u << bits) - 1);
    r->held >>= bits;
    r->bits -= bits;
    return value;
}

static void put(reader *r, uint8_t byte) {
    if (r->stream->avail_out == 0) {
        r->failed = 1;
        return;
    }
    *r->stream->next_out++ = byte;
    r->stream->avail_out--;
    r->stream->total_out++;
}

/* 1 if no more codes are given out than there are; a code of a single symbol may be incomplete. */
static int build(huffman *code, const uint8_t *lengths, int symbols) {
    uint16_t start[MAX_BITS + 2] = {0};
    int left = 1;
    for (int i = 0; i <= MAX_BITS; i++) code->count[i] = 0;
    for (int i = 0; i < symbols; i++) code->count[lengths[i]]++;
    code->count[0] = 0;
    for (int i = 1; i <= MAX_BITS; i++) {
        start[i + 1] = (uint16_t)(start[i] + code->count[i]);
        left = 2 * left - code->count[i];
        if (left < 0) return 0;
    }
    for (int i = 0; i < symbols; i++)
        if (lengths[i] != 0) code->symbol[start[lengths[i]]++] = (uint16_t)i;
    return 1;
}

static int decode(reader *r, const huffman *code) {
    int value = 0, first = 0, index = 0;
    for (int length = 1; length <= MAX_BITS && !r->failed; length++) {
        value |= (int)take(r, 1);
        if (value - first < code->count[length]) return code->symbol[index + value - first];
        index += code->count[length];
        first = (first + code->count[length]) << 1;
        value <<= 1;
    }
    r->failed = 1;
    return 0;
}

static void stored(reader *r) {
    r->held = 0; /* the rest of a byte */
    r->bits = 0;
    uint32_t length = take(r, 16), complement = take(r, 16);
    if (length != (~complement & 0xffff)) r->failed = 1;
    while (length-- > 0 && !r->failed) put(r, (uint8_t)take(r, 8));
}

static void copy(reader *r, const huffman *distances, int symbol) {
    static const uint16_t BASE[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                    31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t EXTRA[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t FAR[] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                   193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    if (symbol > 285) r->failed = 1;
    if (r->failed) return;
    uint32_t length = BASE[symbol - 257] + take(r, EXTRA[symbol - 257]);
    int place = decode(r, distances);
    if (place >= DISTANCES || r->failed) {
        r->failed = 1;
        return;
    }
    uint32_t distance = FAR[place] + take(r, place < 2 ? 0 : place / 2 - 1);
    if (distance > r->stream->total_out) r->failed = 1;
    while (length-- > 0 && !r->failed) put(r, *(r->stream->next_out - distance));
}

static void block(reader *r, const huffman *literals, const huffman *distances) {
    while (!r->failed) {
        int symbol = decode(r, literals);
        if (symbol == 256 || r->failed) return;
        if (symbol < 256)
            put(r, (uint8_t)symbol);
        else
            copy(r, distances, symbol);
    }
}

static void fixed(reader *r) {
    huffman literals, distances;
    uint8_t lengths[LITERALS];
    for (int i = 0; i < LITERALS; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    build(&literals, lengths, LITERALS);
    for (int i = 0; i < DISTANCES; i++) lengths[i] = 5;
    build(&distances, lengths, DISTANCES);
    block(r, &literals, &distances);
}

static void dynamic(reader *r) {
    static const uint8_t ORDER[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    huffman literals, distances, code;
    uint8_t lengths[LITERALS + DISTANCES + 2] = {0};
    int n = (int)take(r, 5) + 257, m = (int)take(r, 5) + 1, k = (int)take(r, 4) + 4, at = 0;
    for (int i = 0; i < k; i++) lengths[ORDER[i]] = (uint8_t)take(r, 3);
    if (n > 286 || m > DISTANCES || !build(&code, lengths, 19)) r->failed = 1;
    while (at < n + m && !r->failed) {
        int symbol = decode(r, &code), times = 1;
        uint8_t length = symbol < 16 ? (uint8_t)symbol : 0;
        if (symbol == 16) {
            if (at == 0) r->failed = 1;
            length = at == 0 ? 0 : lengths[at - 1];
            times = 3 + (int)take(r, 2);
        }
        if (symbol == 17) times = 3 + (int)take(r, 3);
        if (symbol == 18) times = 11 + (int)take(r, 7);
        if (at + times > n + m) r->failed = 1;
        while (times-- > 0 && !r->failed) lengths[at++] = length;
    }
    if (r->failed || !build(&literals, lengths, n) || !build(&distances, lengths + n, m))
        r->failed = 1;
    else
        block(r, &literals, &distances);
}

int inflateInit2(z_stream *stream, int window_bits) {
    stream->total_out = 0;
    return window_bits == -MAX_WBITS ? Z_OK : Z_DATA_ERROR;
}

int inflate(z_stream *stream, int flush) {
    reader r = {.stream = stream};
    uint32_t last = 0;
    while (!last && !r.failed && flush == Z_FINISH) {
        last = take(&r, 1);
        switch (take(&r, 2)) {
        case 0: stored(&r); break;
        case 1: fixed(&r); break;
        case 2: dynamic(&r); break;
        default: r.failed = 1;
        }
    }
    return r.failed || !last ? Z_DATA_ERROR : Z_STREAM_END;
}

int inflateEnd(z_stream *stream) {
    (void)stream;
    return Z_OK;
}

unsigned long crc32(unsigned long crc, const uint8_t *data, uInt size) {
    uint32_t value = ~(uint32_t)crc;
    for (uInt i = 0; i < size; i++) {
        value ^= data[i];
        for (int k = 0; k < 8; k++) value = value >> 1 ^ (0xedb88320u & (0u - (value & 1)));
    }
    return ~value;
}
