#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nodes and texts are cut from one block: a JSON text of n bytes has fewer than n nodes. */
typedef struct reader {
    char *at;
    json *nodes;
    size_t used;
} reader;

static void refuse(const reader *r) {
    (void)fprintf(stderr, "no JSON: %.40s\n", r->at);
    abort();
}

static void skip_space(reader *r) { r->at += strspn(r->at, " \t\r\n"); }

static void expect(reader *r, char c) {
    skip_space(r);
    if (*r->at != c) refuse(r);
    r->at++;
}

static char *put_utf8(char *to, uint32_t c) {
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    int extra = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint32_t lead[] = {0, 0xC0, 0xE0, 0xF0};
    *to++ = (char)(lead[extra] | c >> (6 * extra));
    for (int i = extra - 1; i >= 0; i--) *to++ = (char)(0x80 | (c >> (6 * i) & 0x3F));
    return to;
}

static uint32_t read_hex(reader *r) {
    char digits[5] = {0};
    memcpy(digits, r->at, 4);
    r->at += 4;
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* In place: what is read is never shorter than what it stands for. */
static const char *read_text(reader *r) {
    expect(r, '"');
    char *text = r->at;
    char *to = text;
    while (*r->at != '"') {
        if (*r->at == '\0') refuse(r);
        if (*r->at != '\\') {
            *to++ = *r->at++;
            continue;
        }
        char c = r->at[1];
        r->at += 2;
        if (c == 'u') {
            uint32_t unit = read_hex(r);
            if (unit >= 0xD800 && unit < 0xDC00 && r->at[0] == '\\' && r->at[1] == 'u') {
                r->at += 2;
                unit = 0x10000 + ((unit - 0xD800) << 10) + (read_hex(r) - 0xDC00);
            }
            to = put_utf8(to, unit);
        } else {
            *to++ = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
        }
    }
    r->at++;
    *to = '\0';
    return text;
}

static json *read_value(reader *r);

static void read_members(reader *r, json *parent, char end) {
    json **link = &parent->first;
    r->at++;
    skip_space(r);
    if (*r->at == end) {
        r->at++;
        return;
    }
    for (;;) {
        const char *key = NULL;
        if (end == '}') {
            key = read_text(r);
            expect(r, ':');
        }
        *link = read_value(r);
        (*link)->key = key;
        link = &(*link)->next;
        parent->count++;
        skip_space(r);
        if (*r->at != ',') break;
        r->at++;
        skip_space(r);
    }
    expect(r, end);
}

static bool read_word(reader *r, const char *word) {
    size_t length = strlen(word);
    if (strncmp(r->at, word, length) != 0) return false;
    r->at += length;
    return true;
}

static json *read_value(reader *r) {
    json *value = &r->nodes[r->used++];
    skip_space(r);
    if (*r->at == '{' || *r->at == '[') {
        value->type = *r->at == '{' ? JSON_OBJECT : JSON_LIST;
        read_members(r, value, *r->at == '{' ? '}' : ']');
    } else if (*r->at == '"') {
        value->type = JSON_STRING;
        value->text = read_text(r);
    } else if (read_word(r, "null")) {
        value->type = JSON_NULL;
    } else if (read_word(r, "true") || read_word(r, "false")) {
        value->type = JSON_BOOL;
        value->number = r->at[-1] == 'e' && r->at[-2] == 'u' ? 1 : 0;
    } else {
        char *end = NULL;
        value->type = JSON_NUMBER;
        value->number = strtod(r->at, &end);
        if (end == r->at) refuse(r);
        r->at = end;
    }
    return value;
}

static void *reserve(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) abort();
    return memory;
}

bool json_read(const char *path, json_file *out) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    if (fseek(file, 0, SEEK_END) != 0) abort();
    size_t size = (size_t)ftell(file);
    rewind(file);
    size_t node_bytes = (size / 2 + 2) * sizeof(json);
    out->memory = reserve(1, node_bytes + size + 8);
    reader r = {(char *)out->memory + node_bytes, out->memory, 0};
    if (fread(r.at, 1, size, file) != size) abort();
    (void)fclose(file);
    out->root = read_value(&r);
    return true;
}

void json_free(json_file *file) { free(file->memory); }

const json *json_member(const json *object, const char *key) {
    for (const json *m = object->first; m != NULL; m = m->next) {
        if (strcmp(m->key, key) == 0) return m;
    }
    return NULL;
}

const json *json_at(const json *list, size_t index) {
    const json *m = list->first;
    for (; m != NULL && index > 0; index--) m = m->next;
    return m;
}

double json_number(const json *value) {
    if (value != NULL && (value->type == JSON_NUMBER || value->type == JSON_BOOL)) return value->number;
    if (value != NULL && value->type == JSON_STRING && strcmp(value->text, "inf") == 0) return (double)INFINITY;
    if (value != NULL && value->type == JSON_STRING && strcmp(value->text, "-inf") == 0) return -(double)INFINITY;
    (void)fprintf(stderr, "no number: %s\n", value == NULL ? "(nothing)" : value->text);
    abort();
}
