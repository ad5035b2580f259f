/* Flatbuffers: tables, vtables and vectors (https://flatbuffers.dev/internals). */
#include "flatbuffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fa_refuse(fa_flatbuffer *file, const char *format, ...) {
    va_list arguments;
    if (file->failed) return;
    file->failed = 1;
    va_start(arguments, format);
    vsnprintf(file->problem, sizeof file->problem, format, arguments);
    va_end(arguments);
}

void fa_refuse_table(const fa_table *table, const char *format, ...) {
    char words[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    if (table->number < 0)
        fa_refuse(table->file, "%s: %s", table->name, words);
    else
        fa_refuse(table->file, "%s %d: %s", table->name, table->number, words);
}

void fa_spend(fa_flatbuffer *file, int64_t items) {
    file->left -= items;
    if (file->left < 0) fa_refuse(file, "expected fewer tables and numbers");
}

static size_t width_of(char kind) {
    switch (kind) {
    case '?': case 'b': case 'B': return 1;
    case 'h': case 'H': return 2;
    case 'q': case 'Q': return 8;
    default: return 4;
    }
}

/* A little-endian number at a place that need not be in the file. */
static uint64_t number_at(fa_flatbuffer *file, size_t at, size_t width) {
    uint64_t value = 0;
    if (!file->failed && (at > file->size || file->size - at < width))
        fa_refuse(file, "points to byte %zu of %zu; is the file damaged?", at, file->size);
    if (file->failed) return 0;
    for (size_t i = 0; i < width; i++) value |= (uint64_t)file->data[at + i] << 8 * i;
    return value;
}

/* A place so many bytes on; one that no file has where that overflows, as it may in 32 bits. */
static size_t moved(size_t at, uint64_t by) { return by > SIZE_MAX - at ? SIZE_MAX : at + (size_t)by; }

static int64_t as_signed(uint64_t value, char kind) {
    switch (kind) {
    case 'b': return (int8_t)value;
    case 'h': return (int16_t)value;
    case 'i': return (int32_t)value;
    default: return (int64_t)value;
    }
}

static fa_table table_at(fa_flatbuffer *file, size_t at, const char *kinds, const char *name, int32_t number) {
    fa_table table = {file, at, 0, 0, kinds, name, number};
    fa_spend(file, 1);
    int64_t start = (int64_t)at - (int32_t)number_at(file, at, 4);
    if (start < 0) fa_refuse(file, "points to byte %lld of %zu; is the file damaged?", (long long)start, file->size);
    size_t vtable = (size_t)start, length = number_at(file, vtable, 2), size = number_at(file, vtable + 2, 2);
    if (file->failed) return table;
    if (length < 4 || length % 2 != 0 || file->size - vtable < length || file->size - at < size) {
        fa_refuse_table(&table, "its list of fields reaches beyond the file; is the file damaged?");
        return table;
    }
    table.offsets = vtable + 4;
    table.fields = length / 2 - 2;
    for (size_t field = 0; field < table.fields && !file->failed; field++) {
        size_t offset = number_at(file, table.offsets + 2 * field, 2);
        char kind = field < strlen(kinds) ? kinds[field] : '-';
        if (offset == 0) continue;
        if (kind == '-')
            fa_refuse_table(&table, "has field %zu, which is not one of a plain network", field);
        else if (offset < 4 || offset + width_of(kind) > size)
            fa_refuse_table(&table, "field %zu lies outside its table; is the file damaged?", field);
    }
    return table;
}

fa_table fa_table_root(fa_flatbuffer *file, const char *kinds, const char *name) {
    return table_at(file, number_at(file, 0, 4), kinds, name, -1);
}

static size_t place_of(const fa_table *table, int32_t field) { /* 0: it is not there */
    if (table->file->failed || field >= (int32_t)table->fields) return 0;
    size_t offset = number_at(table->file, table->offsets + 2 * (size_t)field, 2);
    return offset == 0 ? 0 : table->at + offset;
}

int fa_table_has(const fa_table *table, int32_t field) { return place_of(table, field) != 0; }

int64_t fa_table_integer(const fa_table *table, int32_t field, int64_t missing) {
    size_t at = place_of(table, field);
    return at == 0 ? missing : as_signed(number_at(table->file, at, width_of(table->kinds[field])), table->kinds[field]);
}

double fa_table_real(const fa_table *table, int32_t field) {
    size_t at = place_of(table, field);
    uint32_t bits = at == 0 ? 0 : (uint32_t)number_at(table->file, at, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static size_t target_of(const fa_table *table, int32_t field) {
    size_t at = place_of(table, field);
    return at == 0 ? 0 : moved(at, number_at(table->file, at, 4));
}

fa_table fa_table_child(const fa_table *table, int32_t field, const char *kinds, const char *name) {
    size_t at = target_of(table, field);
    if (at == 0 || table->file->failed) return (fa_table){table->file, 0, 0, 0, kinds, name, table->number};
    return table_at(table->file, at, kinds, name, table->number);
}

fa_vector fa_table_vector(const fa_table *table, int32_t field, size_t width) {
    size_t at = target_of(table, field);
    if (at == 0) return (fa_vector){0, 0};
    uint64_t count = number_at(table->file, at, 4);
    if (table->file->failed) return (fa_vector){0, 0};
    if (count > INT32_MAX || count * width > table->file->size - at - 4) {
        fa_refuse_table(table, "field %d has %llu items, which reach beyond the file", field, (unsigned long long)count);
        return (fa_vector){0, 0};
    }
    return (fa_vector){at + 4, (int32_t)count};
}

int fa_is_utf8(const uint8_t *text, size_t size) {
    for (size_t i = 0; i < size;) {
        uint8_t c = text[i++];
        if (c < 0x80) continue;
        int more = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 0;
        uint32_t value = c & (0x3fu >> more);
        if (more == 0) return 0;
        for (int k = 0; k < more; k++, i++) {
            if (i >= size || (text[i] & 0xc0) != 0x80) return 0;
            value = value << 6 | (text[i] & 0x3f);
        }
        if ((more == 2 && (value < 0x800 || (value >= 0xd800 && value < 0xe000))) ||
            (more == 3 && (value < 0x10000 || value > 0x10ffff)))
            return 0;
    }
    return 1;
}

fa_vector fa_table_text(const fa_table *table, int32_t field) {
    fa_vector text = fa_table_vector(table, field, 1);
    fa_spend(table->file, text.count);
    if (text.at == 0 || table->file->failed) return text;
    if (number_at(table->file, text.at + (size_t)text.count, 1) != 0)
        fa_refuse_table(table, "field %d is a string without an end", field);
    else if (!fa_is_utf8(table->file->data + text.at, (size_t)text.count))
        fa_refuse_table(table, "field %d is no text in UTF-8; is the file damaged?", field);
    return text;
}

fa_table fa_table_item(const fa_table *table, fa_vector items, int32_t i, const char *kinds, const char *name) {
    size_t at = items.at + 4 * (size_t)i;
    return table_at(table->file, moved(at, number_at(table->file, at, 4)), kinds, name, i);
}

int64_t fa_item_integer(const fa_flatbuffer *file, fa_vector items, int32_t i, char kind) {
    size_t width = width_of(kind);
    uint64_t value = 0;
    for (size_t k = 0; k < width; k++) value |= (uint64_t)file->data[items.at + width * (size_t)i + k] << 8 * k;
    return as_signed(value, kind);
}

float fa_item_real(const fa_flatbuffer *file, fa_vector items, int32_t i) {
    float value;
    memcpy(&value, file->data + items.at + 4 * (size_t)i, sizeof value);
    return value;
}
