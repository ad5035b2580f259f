/* The zip archive at the end of a model file (APPNOTE 6.3, without zip64, encryption or several disks). */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "internal.h"

#define END_SIZE 22
#define ENTRY_SIZE 46
#define LOCAL_SIZE 30
#define LOCATOR_SIZE 20 /* of a 64-bit archive's end, before the plain one */
#define MAX_ENTRIES 64
#define MAX_VERSION 63 /* of APPNOTE that a member needs, times ten */
#define MAX_DIRECTORY (16u << 10)
#define PLAIN_FLAGS 0x0806u /* UTF-8 names and the deflater's level; not: encrypted, sizes that follow the data */

static uint32_t u16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t u32(const uint8_t *p) { return u16(p) | u16(p + 2) << 16; }

/* The central directory's next entry, or NULL where it is cut off. */
static const uint8_t *next_entry(const fa_archive *archive, size_t *offset) {
    if (archive->directory_size - *offset < ENTRY_SIZE) return NULL;
    const uint8_t *entry = archive->directory + *offset;
    size_t length = ENTRY_SIZE + u16(entry + 28);
    if (u32(entry) != 0x02014b50 || u16(entry + 30) != 0 || u16(entry + 32) != 0 || /* further fields, a comment */ archive->directory_size - *offset < length) return NULL;
    *offset += length;
    return entry;
}

static int same_name(const uint8_t *a, const uint8_t *b) {
    return u16(a + 28) == u16(b + 28) && memcmp(a + ENTRY_SIZE, b + ENTRY_SIZE, u16(a + 28)) == 0;
}

/* Members are plain or deflated, inside the file, and each name is there once. */
static int read_directory(fa_archive *archive) {
    const uint8_t *entries[MAX_ENTRIES];
    size_t offset = 0;
    for (int32_t i = 0; i < archive->entries; i++) {
        const uint8_t *entry = entries[i] = next_entry(archive, &offset);
        if (entry == NULL || (u16(entry + 8) & ~PLAIN_FLAGS) != 0 || (u16(entry + 10) != 0 && u16(entry + 10) != 8)) return 0;
        if ((u16(entry + 6) & 0xff) > MAX_VERSION) return 0;
        for (int32_t k = 0; k < i; k++)
            if (same_name(entry, entries[k])) return 0;
        uint64_t member = (uint64_t)archive->base + u32(entry + 42);
        if (member + u32(entry + 20) > (size_t)(archive->directory - archive->content)) return 0;
        if (member < archive->start) archive->start = (size_t)member;
    }
    return offset == archive->directory_size && archive->start > 0 && archive->start < archive->size;
}

int fa_archive_open(const uint8_t *content, size_t size, fa_archive *archive) {
    for (size_t back = END_SIZE; back <= size && back <= END_SIZE + 0xffff; back++) {
        const uint8_t *end = content + size - back;
        if (u32(end) != 0x06054b50 || u16(end + 20) != back - END_SIZE) continue;
        size_t length = u32(end + 12), start = u32(end + 16), before = size - back;
        if (start > before || length > before - start || length > MAX_DIRECTORY) return 0;
        if (u16(end + 4) != 0 || u16(end + 6) != 0 || u16(end + 8) != u16(end + 10)) return 0;
        if (before >= LOCATOR_SIZE && u32(end - LOCATOR_SIZE) == 0x07064b50) return 0;
        *archive = (fa_archive){.content = content, .size = size, .directory = end - length, .directory_size = length};
        archive->base = before - length - start;
        archive->entries = (int32_t)u16(end + 10);
        archive->start = size;
        return archive->entries > 0 && archive->entries <= MAX_ENTRIES && read_directory(archive);
    }
    return 0;
}

static const uint8_t *find(const fa_archive *archive, const char *name) {
    size_t offset = 0, length = strlen(name);
    for (int32_t i = 0; i < archive->entries; i++) {
        const uint8_t *entry = next_entry(archive, &offset);
        if (entry == NULL) return NULL;
        if (u16(entry + 28) == length && memcmp(entry + ENTRY_SIZE, name, length) == 0) return entry;
    }
    return NULL;
}

static int unpack(const uint8_t *data, size_t packed, uint8_t *out, size_t size) {
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)packed};
    stream.next_out = out;
    stream.avail_out = (uInt)size;
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return 0;
    int done = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return done == Z_STREAM_END && stream.total_out == size;
}

uint8_t *fa_archive_read(const fa_archive *archive, const char *name, size_t limit, size_t *size, const char **problem) {
    const uint8_t *entry = find(archive, name);
    *problem = "is missing; was the file made by python -m convert?";
    if (entry == NULL) return NULL;
    uint32_t method = u16(entry + 10), crc = u32(entry + 16);
    size_t packed = u32(entry + 20), local = archive->base + u32(entry + 42);
    *size = u32(entry + 24);
    *problem = "unpacks to more than it may; refused";
    if (*size > limit) return NULL;
    *problem = "is damaged; was the file cut off or altered?";
    if (local > archive->size || archive->size - local < LOCAL_SIZE) return NULL;
    const uint8_t *header = archive->content + local;
    size_t data = local + LOCAL_SIZE + u16(header + 26) + u16(header + 28);
    int named = u16(header + 26) == u16(entry + 28) && data <= archive->size &&
                memcmp(header + LOCAL_SIZE, entry + ENTRY_SIZE, u16(entry + 28)) == 0;
    if (u32(header) != 0x04034b50 || !named || data > archive->size || archive->size - data < packed) return NULL;
    uint8_t *out = malloc(*size + 1);
    if (out == NULL) {
        *problem = "does not fit into memory";
        return NULL;
    }
    int whole = method == 8 ? unpack(archive->content + data, packed, out, *size) : method == 0 && packed == *size;
    if (whole && method == 0) memcpy(out, archive->content + data, packed);
    if (!whole || crc32(0, out, (uInt)*size) != crc) {
        free(out);
        return NULL;
    }
    out[*size] = 0;
    return out;
}
