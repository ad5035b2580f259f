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

/* Four digits of an escape; -1 where there are none. */
static int32_t unit(cursor *c) {
    int32_t value = 0;
    if (c->end - c->at < 5) return -1;
    for (int i = 1; i <= 4; i++) {
        char d = c->at[i];
        int32_t digit = d >= '0' && d <= '9' ? d - '0' : d >= 'a' && d <= 'f' ? d - 'a' + 10 : d >= 'A' && d <= 'F' ? d - 'A' + 10 : -1;
        if (digit < 0) return -1;
        value = 16 * value + digit;
    }
    c->at += 4;
    return value;
}

/* What follows a backslash, to its last character: no halves of characters. */
static int skip_escape(cursor *c) {
    if (c->at >= c->end || *c->at == '\0') return 0;
    if (*c->at != 'u') return strchr("\"\\/bfnrt", *c->at) != NULL;
    int32_t first = unit(c);
    if (first < 0 || (first >= 0xdc00 && first < 0xe000)) return 0;
    if (first < 0xd800 || first >= 0xe000) return 1;
    if (c->end - c->at < 3 || c->at[1] != '\\' || c->at[2] != 'u') return 0;
    c->at += 2;
    int32_t second = unit(c);
    return second >= 0xdc00 && second < 0xe000;
}

static int skip_string(cursor *c) {
    if (!take(c, '"')) return 0;
    for (; c->at < c->end; c->at++) {
        if (*c->at == '"') {
            c->at++;
            return 1;
        }
        if ((unsigned char)*c->at < 0x20) return 0;
        if (*c->at == '\\' && (c->at++, !skip_escape(c))) return 0;
    }
    return 0;
}

static int skip_digits(cursor *c) {
    const char *start = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') c->at++;
    return c->at > start;
}

/* Whether a number is finite, and no longer than any needs to be. */
static int is_finite(const char *text, size_t length) {
    char digits[64];
    if (length >= sizeof digits) return 0;
    memcpy(digits, text, length);
    digits[length] = '\0';
    return isfinite(strtod(digits, NULL)) != 0;
}

static int skip_number(cursor *c) {
    const char *start = c->at;
    if (c->at < c->end && *c->at == '-') c->at++;
    const char *first = c->at;
    if (!skip_digits(c) || (*first == '0' && c->at - first > 1)) return 0; /* no digits after a leading 0 */
    if (c->at < c->end && *c->at == '.') {
        c->at++;
        if (!skip_digits(c)) return 0;
    }
    if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
        c->at++;
        if (c->at < c->end && (*c->at == '+' || *c->at == '-')) c->at++;
        if (!skip_digits(c)) return 0;
    }
    return is_finite(start, (size_t)(c->at - start));
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
