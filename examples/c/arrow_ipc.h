/*
 * What stands in an Arrow IPC file ("Feather V2"): batches, and a footer that lists them and holds the schema.
 *
 * As much as a table of orders needs: flat columns of numbers, text, dates and times, neither compressed nor with
 * dictionaries. The numbers of fields, types and units are those of Arrow's Schema.fbs and Message.fbs.
 */
#ifndef ARROW_IPC_H
#define ARROW_IPC_H

#include "flatbuffer.h"

#include <stdbool.h>
#include <stdio.h>

#define IPC_COLUMNS 32

typedef struct ipc_reader {
    flat_file file;
    size_t blocks;                  /* the list of batches */
    int64_t batches, next, columns; /* how many, how many read */
    const char *names[IPC_COLUMNS];
    char formats[IPC_COLUMNS][64];                   /* types in the letters of the C data interface */
    int64_t bits[IPC_COLUMNS], buffers[IPC_COLUMNS]; /* bits of a value, or of an offset into text */
} ipc_reader;

typedef struct ipc_batch {
    int64_t rows, nulls[IPC_COLUMNS];
    const void *buffers[IPC_COLUMNS][3]; /* in the file: validity, values or offsets, text */
} ipc_batch;

/* A column's type in the letters of the C data interface, and the shape of its buffers. */
static void ipc_type(ipc_reader *r, int64_t i, int64_t kind, size_t type) {
    flat_file *f = &r->file;
    static const struct {
        int64_t kind, unit, bits;
        const char *letters;
    } types[] = {{2, 8, 8, "C"},    {2, 16, 16, "S"},    {2, 32, 32, "I"},    {2, 64, 64, "L"},    {3, 1, 32, "f"},
                 {3, 2, 64, "g"},   {5, 0, 32, "u"},     {20, 0, 64, "U"},    {6, 0, 1, "b"},      {8, 0, 32, "tdD"},
                 {8, 1, 64, "tdm"}, {10, 0, 64, "tss:"}, {10, 1, 64, "tsm:"}, {10, 2, 64, "tsu:"}, {10, 3, 64, "tsn:"}};
    const int64_t unit = flat_value(f, type, 0, kind == 2 ? 4 : 2, kind == 8);
    size_t t = 0;
    while (t < sizeof types / sizeof *types && (types[t].kind != kind || types[t].unit != unit)) t++;
    if (t == sizeof types / sizeof *types) (void)flat_fail(f, "has a column of a type that is not read here");
    if (f->wrong != NULL) return;
    const char *zone = kind == 10 && flat_field(f, type, 1) != 0 ? flat_text(f, flat_target(f, type, 1)) : "";
    (void)snprintf(r->formats[i], sizeof r->formats[i], "%s%.50s", types[t].letters, zone);
    if (kind == 2 && flat_value(f, type, 1, 1, 0) != 0) r->formats[i][0] |= 0x20; /* signed: small letters */
    r->bits[i] = types[t].bits;
    r->buffers[i] = kind == 5 || kind == 20 ? 3 : 2;
}

/* Begins to read: bytes and size of the file are known, all else is zero. What is `wrong` says whether it went well. */
static void ipc_open(ipc_reader *r) {
    flat_file *f = &r->file;
    const bool whole =
        f->size >= 18 && memcmp(f->bytes, "ARROW1", 6) == 0 && memcmp(f->bytes + f->size - 6, "ARROW1", 6) == 0;
    if (!whole) (void)flat_fail(f, "is not a whole Arrow IPC file");
    const size_t at =
        f->size - 10 - (size_t)flat_number(f, f->size - 10, 4); /* before the last magic: length of the footer */
    const size_t footer = at + (size_t)flat_number(f, at, 4), schema = flat_target(f, footer, 1);
    const size_t columns = flat_target(f, schema, 1);
    if (flat_value(f, schema, 0, 2, 0) != 0) (void)flat_fail(f, "is big-endian");
    r->columns = flat_number(f, columns, 4);
    if (r->columns > IPC_COLUMNS) (void)flat_fail(f, "has more than 32 columns");
    for (int64_t i = 0; i < r->columns && f->wrong == NULL; i++) {
        const size_t entry = columns + 4 + 4 * (size_t)i, column = entry + (size_t)flat_number(f, entry, 4);
        if (flat_field(f, column, 4) != 0) (void)flat_fail(f, "has a column with a dictionary");
        ipc_type(r, i, flat_value(f, column, 2, 1, 0), flat_target(f, column, 3));
        r->names[i] = flat_text(f, flat_target(f, column, 0));
    }
    r->blocks = flat_target(f, footer, 3);
    r->batches = flat_number(f, r->blocks, 4);
}

/* The message of the next batch, with where its body stands. */
static size_t ipc_message(ipc_reader *r, size_t *body, size_t *body_size) {
    flat_file *f = &r->file;
    const size_t block = r->blocks + 4 + 24 * (size_t)r->next++; /* offset, size of the message, size of the body */
    const size_t at = (size_t)flat_number(f, block, 8);
    const size_t message =
        at + (flat_number(f, at, 4) == 0xFFFFFFFF ? 8 : 4); /* a marker, which old files lack; a length */
    *body = at + (size_t)flat_number(f, block + 8, 4);
    *body_size = (size_t)flat_number(f, block + 16, 8);
    if (*body < at || *body > f->size || *body_size > f->size - *body) (void)flat_fail(f, "ends before its batches");
    return message + (size_t)flat_number(f, message, 4);
}

/* How many bytes of text the offsets at `at` ask for. They may not go back. */
static uint64_t ipc_text_size(ipc_reader *r, size_t at, int64_t rows, size_t width) {
    int64_t end = 0;
    for (int64_t row = 0; row <= rows; row++, at += width) {
        const int64_t next = flat_number(&r->file, at, width);
        if (next < end) return (uint64_t)flat_fail(&r->file, "has text that ends before it begins");
        end = next;
    }
    return (uint64_t)end;
}

/* Whether there was another batch; if not, either the file is at its end or something is wrong. */
static bool ipc_next(ipc_reader *r, ipc_batch *batch) {
    flat_file *f = &r->file;
    size_t body = 0, body_size = 0;
    if (r->next == r->batches || f->wrong != NULL) return false;
    const size_t message = ipc_message(r, &body, &body_size), table = flat_target(f, message, 2);
    if (flat_value(f, message, 1, 1, 0) != 3) (void)flat_fail(f, "has something else where a batch should be");
    if (flat_field(f, table, 3) != 0) (void)flat_fail(f, "is compressed, which is not read here");
    const int64_t rows = batch->rows = flat_value(f, table, 0, 8, 0);
    if (rows < 0 || (uint64_t)rows > f->size) (void)flat_fail(f, "is shorter than its batches");
    size_t node = flat_target(f, table, 1) + 4, buffer = flat_target(f, table, 2) + 4; /* vectors of pairs of int64 */
    for (int64_t i = 0; i < r->columns && f->wrong == NULL; i++, node += 16) {
        batch->nulls[i] = flat_number(f, node + 8, 8);
        uint64_t needed = batch->nulls[i] == 0 ? 0 : ((uint64_t)rows + 7) / 8;
        for (int64_t k = 0; k < r->buffers[i]; k++, buffer += 16) {
            const uint64_t offset = (uint64_t)flat_number(f, buffer, 8), size = (uint64_t)flat_number(f, buffer + 8, 8);
            const bool inside = offset <= body_size && size <= body_size - offset && (body + offset) % 8 == 0;
            if (!inside || size < needed) (void)flat_fail(f, "lacks values");
            if (f->wrong != NULL) return false;
            batch->buffers[i][k] = k == 0 && needed == 0 ? NULL : f->bytes + body + offset;
            if (rows == 0) continue; /* then there need be no offsets either */
            if (k == 0) needed = ((uint64_t)(rows + r->buffers[i] - 2) * (uint64_t)r->bits[i] + 7) / 8;
            if (k == 1 && r->buffers[i] == 3) needed = ipc_text_size(r, body + offset, rows, (size_t)r->bits[i] / 8);
        }
    }
    return f->wrong == NULL;
}

#endif
