/* A strict reader for the members of a JSON object (RFC 8259): no comments, no trailing commas, bounded depth. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAX_DEPTH 32

typedef struct {
    const char *at, *end;
} cursor;

static void skip_space(cursor *c) {
    while (c->at < c->end && strchr(" \t\r\n", *c->at) != NULL && *c->at != '\0') c->at++;
}

static int take(cursor *c, char expected) {
    skip_space(c);
    if (c->at >= c->end || *c->at != expected) return 0;
    c->at++;
    return 1;
}

static int skip_string(cursor *c) {
    if (!take(c, '"')) return 0;
    for (; c->at < c->end; c->at++) {
        if (*c->at == '"') {
            c->at++;
            return 1;
        }
        if ((unsigned char)*c->at < 0x20) return 0;
        if (*c->at == '\\' && ++c->at >= c->end) return 0;
    }
    return 0;
}

static int skip_digits(cursor *c) {
    const char *start = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') c->at++;
    return c->at > start;
}

static int skip_number(cursor *c) {
    if (c->at < c->end && *c->at == '-') c->at++;
    if (!skip_digits(c)) return 0;
    if (c->at < c->end && *c->at == '.') {
        c->at++;
        if (!skip_digits(c)) return 0;
    }
    if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
        c->at++;
        if (c->at < c->end && (*c->at == '+' || *c->at == '-')) c->at++;
        return skip_digits(c);
    }
    return 1;
}

static int skip_word(cursor *c, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) return 0;
    c->at += length;
    return 1;
}

static int skip_value(cursor *c, int depth);

static int skip_members(cursor *c, int depth, char close, int named) {
    if (take(c, close)) return 1;
    do {
        if (named && !(skip_string(c) && take(c, ':'))) return 0;
        if (!skip_value(c, depth + 1)) return 0;
    } while (take(c, ','));
    return take(c, close);
}

static int skip_value(cursor *c, int depth) {
    skip_space(c);
    if (c->at >= c->end || depth > MAX_DEPTH) return 0;
    switch (*c->at) {
    case '{': c->at++; return skip_members(c, depth, '}', 1);
    case '[': c->at++; return skip_members(c, depth, ']', 0);
    case '"': return skip_string(c);
    case 't': return skip_word(c, "true");
    case 'f': return skip_word(c, "false");
    case 'n': return skip_word(c, "null");
    default: return skip_number(c);
    }
}

int fa_json_member(fa_json object, const char *key, fa_json *value) {
    cursor c = {object.text, object.text + object.length};
    size_t key_length = strlen(key);
    int found = 0;
    if (!take(&c, '{')) return -1;
    if (!take(&c, '}')) {
        do {
            skip_space(&c);
            const char *name = c.at;
            if (!skip_string(&c)) return -1;
            int same = (size_t)(c.at - name) == key_length + 2 && memcmp(name + 1, key, key_length) == 0;
            if (!take(&c, ':')) return -1;
            skip_space(&c);
            const char *start = c.at;
            if (!skip_value(&c, 0)) return -1;
            if (same) {
                *value = (fa_json){start, (size_t)(c.at - start)};
                found = 1;
            }
        } while (take(&c, ','));
        if (!take(&c, '}')) return -1;
    }
    skip_space(&c);
    return c.at == c.end ? found : -1;
}

int fa_json_string(fa_json value, char *out, size_t capacity) {
    if (value.length < 2 || value.text[0] != '"' || value.length - 2 >= capacity) return 0;
    if (memchr(value.text, '\\', value.length) != NULL) return 0;
    memcpy(out, value.text + 1, value.length - 2);
    out[value.length - 2] = '\0';
    return 1;
}

int fa_json_number(fa_json value, double *out) {
    char digits[64];
    if (value.length == 0 || value.length >= sizeof digits) return 0;
    if (value.text[0] != '-' && (value.text[0] < '0' || value.text[0] > '9')) return 0;
    memcpy(digits, value.text, value.length);
    digits[value.length] = '\0';
    *out = strtod(digits, NULL);
    return isfinite(*out) != 0;
}
