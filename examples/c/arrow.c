/*
 * Arrow in from a file: the batches of an Arrow IPC file go into a state, and no value is copied on the way.
 *
 *     arrow FILE     orders: customer_id, order_id, time, amount; not compressed, as pyarrow.ipc.new_file() writes them
 *                    and Polars' write_ipc(…, compat_level=CompatLevel.oldest())
 *
 * The library takes whatever fills a struct ArrowArrayStream. Where nanoarrow or Arrow GLib is at hand, let it do that
 * (ArrowIpcArrayStreamReaderInit(), garrow_record_batch_reader_export()) and keep only main(). Without either: the file
 * is mapped into memory, arrow_ipc.h finds the columns in it, and the stream lends them out.
 */
#define _POSIX_C_SOURCE 200809L

#include <pdmetrics.h>

#include "arrow_ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int die(const char *what, const char *why) {
    (void)fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* ---- the producer ---- */

/* What a schema or a batch needs beside the file. Freed with its parent; the children are parts of it. */
typedef struct schema_parts {
    struct ArrowSchema columns[IPC_COLUMNS], *list[IPC_COLUMNS];
} schema_parts;

typedef struct batch_parts {
    struct ArrowArray columns[IPC_COLUMNS], *list[IPC_COLUMNS];
    const void *no_nulls;
    ipc_batch found;
} batch_parts;

/* Whoever is done with a structure calls its release(), which frees what it needs and says so by becoming NULL. */
static void release_schema(struct ArrowSchema *schema) {
    free(schema->private_data);
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array) {
    free(array->private_data);
    array->release = NULL;
}

static void release_stream(struct ArrowArrayStream *stream) { stream->release = NULL; }

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    const ipc_reader *file = stream->private_data;
    schema_parts *parts = calloc(1, sizeof *parts);
    if (parts == NULL) return ENOMEM;
    for (int64_t i = 0; i < file->columns; i++) {
        parts->columns[i] = (struct ArrowSchema){.format = file->formats[i],
                                                 .name = file->names[i],
                                                 .flags = ARROW_FLAG_NULLABLE,
                                                 .release = release_schema};
        parts->list[i] = &parts->columns[i];
    }
    *out = (struct ArrowSchema){.format = "+s", /* a struct: its children are the columns */
                                .name = "",
                                .n_children = file->columns,
                                .children = parts->list,
                                .release = release_schema,
                                .private_data = parts};
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    ipc_reader *file = stream->private_data;
    out->release = NULL; /* which says that there are no more */
    batch_parts *parts = calloc(1, sizeof *parts);
    if (parts == NULL) return ENOMEM;
    if (!ipc_next(file, &parts->found)) {
        free(parts);
        return file->file.wrong == NULL ? 0 : EINVAL;
    }
    for (int64_t i = 0; i < file->columns; i++) {
        parts->columns[i] = (struct ArrowArray){.length = parts->found.rows,
                                                .null_count = parts->found.nulls[i],
                                                .n_buffers = file->buffers[i],
                                                .buffers = parts->found.buffers[i],
                                                .release = release_array};
        parts->list[i] = &parts->columns[i];
    }
    *out = (struct ArrowArray){.length = parts->found.rows,
                               .n_buffers = 1, /* no row is null as a whole */
                               .n_children = file->columns,
                               .buffers = &parts->no_nulls,
                               .children = parts->list,
                               .release = release_array,
                               .private_data = parts};
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
    const ipc_reader *file = stream->private_data;
    return file->file.wrong;
}

/* ---- the program ---- */

int main(int count, char **arguments) {
    if (count != 2) return die("usage", "arrow FILE");
    const char *path = arguments[1];
    struct stat about;
    const int descriptor = open(path, O_RDONLY);
    if (descriptor < 0 || fstat(descriptor, &about) != 0 || about.st_size <= 0) return die(path, "cannot be read");
    void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED) return die(path, "cannot be mapped");
    ipc_reader file = {.file = {.bytes = bytes, .size = (size_t)about.st_size}};
    ipc_open(&file);
    if (file.file.wrong != NULL) return die(path, file.file.wrong);

    struct ArrowArrayStream stream = {get_schema, get_next, get_last_error, release_stream, &file};
    pdm_state *state = NULL;
    pdm_result *result = NULL;
    int64_t batches = 0;
    pdm_error err;
    if (pdm_rfm_create(NULL, NULL, &state, &err) != PDM_OK) return die("create", err.message);
    if (pdm_state_update_arrow(state, &stream, &batches, &err) != PDM_OK) return die(path, err.message);
    if (pdm_state_result(state, &result, &err) != PDM_OK) return die("result", err.message);
    (void)printf("%" PRId64 " rows in %" PRId64 " batches\n", pdm_state_rows(state), batches);

    const pdm_table *segments = pdm_result_table(result, "segments");
    for (int64_t row = 0; row < pdm_table_rows(segments); row++) {
        size_t length = 0;
        const char *name = pdm_table_utf8(segments, "segment", row, &length);
        (void)printf("%6" PRId64 "  %.*s\n", pdm_table_i64(segments, "customers")[row], (int)length, name);
    }
    pdm_result_free(result);
    pdm_state_free(state);
    (void)munmap(bytes, (size_t)about.st_size);
    return close(descriptor) == 0 ? 0 : 1;
}
