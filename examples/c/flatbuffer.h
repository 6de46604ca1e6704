/*
 * As much of FlatBuffers as it takes to read what one knows: tables whose fields are found through offsets.
 *
 * Files lie, and so do their offsets. Every read goes through flat_number(), which looks at nothing outside the file:
 * who asks for more gets zeros, and looks at `wrong` in the end. Little-endian, as are the machines it is for.
 */
#ifndef FLATBUFFER_H
#define FLATBUFFER_H

#include <stdint.h>
#include <string.h>

typedef struct flat_file {
    const uint8_t *bytes;
    size_t size;
    const char *wrong; /* what is wrong with it first; NULL = nothing */
} flat_file;

static int64_t flat_fail(flat_file *f, const char *wrong) {
    if (f->wrong == NULL) f->wrong = wrong;
    return 0;
}

/* The number of `width` bytes at `at`. */
static int64_t flat_number(flat_file *f, size_t at, size_t width) {
    int64_t value = 0;
    if (at > f->size || width > f->size - at) return flat_fail(f, "ends too early, or is not Arrow IPC");
    memcpy(&value, f->bytes + at, width);
    return value;
}

/* Where a field of a FlatBuffers table stands; 0 = nowhere, it has its default. */
static size_t flat_field(flat_file *f, size_t table, size_t field) {
    const size_t layout = table - (size_t)(int32_t)flat_number(f, table, 4);
    const size_t slot = 4 + 2 * field;
    const size_t away = slot < (size_t)flat_number(f, layout, 2) ? (size_t)flat_number(f, layout + slot, 2) : 0;
    return away == 0 ? 0 : table + away;
}

static int64_t flat_value(flat_file *f, size_t table, size_t field, size_t width, int64_t otherwise) {
    const size_t at = flat_field(f, table, field);
    return at == 0 ? otherwise : flat_number(f, at, width);
}

/* The table, string or vector that a field points to. */
static size_t flat_target(flat_file *f, size_t table, size_t field) {
    const size_t at = flat_field(f, table, field);
    return at == 0 ? (size_t)flat_fail(f, "lacks what a table needs") : at + (size_t)flat_number(f, at, 4);
}

static const char *flat_text(flat_file *f, size_t at) {
    const size_t end = at + 4 + (size_t)flat_number(f, at, 4);
    return flat_number(f, end, 1) == 0 && f->wrong == NULL ? (const char *)f->bytes + at + 4 : "";
}

#endif
