/* The C side of the Python package: from Python objects to the library's views and back. Included by SWIG's wrapper and by the files
 * beside it. Everything that returns int returns 0, or −1 with a Python exception set. */
#ifndef PDM_PYTHON_NATIVE_H
#define PDM_PYTHON_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "glue.h"

/* errors.c: raises the exception of pdmetrics._errors for err, unless one is pending (Ctrl-C, a callback that raised). */
void pdm_py_raise(const pdm_error *err);

/* callbacks.c: brackets of a call that runs without the GIL; the callbacks of a context, for the thread that is in such a call. */
bool pdm_py_call_begin(void);
void pdm_py_call_end(bool outer);
bool pdm_py_should_stop(void *user);
void pdm_py_progress(void *callable, int64_t done, int64_t total);
/* (threads, memory_limit, progress callable or None); the callable is borrowed. */
int pdm_py_context_options(PyObject *object, pdm_context_options *out);

/* Things taken from Python for the length of one call. */
typedef struct pdm_py_hold {
    Py_buffer *views; /* buffers that are held */
    size_t view_count;
    void **blocks; /* memory of our own */
    size_t block_count;
} pdm_py_hold;

void pdm_py_release(pdm_py_hold *hold);
/* Memory that lives until pdm_py_release(); NULL with MemoryError set. Zeroed. */
void *pdm_py_block(pdm_py_hold *hold, size_t count, size_t size);
/* Holds the buffer of object: C-contiguous, at least `count` items of pdm_type `type`, native byte order. NULL on failure. */
const void *pdm_py_buffer(pdm_py_hold *hold, PyObject *object, int32_t type, int64_t count, const char *what);

/* batch.c: (rows, [column, …]); a column is (name, type, values, validity, offsets, offset, index_type, scale, naive,
 * dictionary), where values of LARGE_UTF8 may be a list of str and None, and a dictionary is (length, column). */
int pdm_py_batch(PyObject *object, pdm_py_hold *hold, pdm_batch *out);
/* (week_start, utc_offset_s, change_s int64 buffer, offset_s int32 buffer) */
int pdm_py_calendar(PyObject *object, pdm_py_hold *hold, pdm_calendar *out);
/* [(str, str), …] and [(int, str), …] */
int pdm_py_text_pairs(PyObject *object, pdm_py_hold *hold, pdm_text_pairs *out);
int pdm_py_selection(PyObject *object, pdm_py_hold *hold, pdm_selection *out);
/* [(str, batch), …] */
int pdm_py_inputs(PyObject *object, pdm_py_hold *hold, pdm_inputs *out);

/* arrow.c: capsules of the Arrow PyCapsule interface. */
struct ArrowArrayStream *pdm_py_stream(PyObject *capsule);
/* [(name, format), …] of a stream's columns; the stream stays as it is. */
PyObject *pdm_py_stream_columns(PyObject *capsule);
/* A stream capsule of one batch. */
PyObject *pdm_py_stream_of_array(PyObject *schema, PyObject *array);
PyObject *pdm_py_table_stream(const pdm_table *table);
PyObject *pdm_py_table_schema(const pdm_table *table);

/* values.c: cells of a result. Rows [start, stop); times are int µs. */
PyObject *pdm_py_table_list(const pdm_table *table, int32_t column, int64_t start, int64_t stop);
/* A copy of the fixed-width values (a dictionary's indices, a bool's bytes). */
PyObject *pdm_py_table_data(const pdm_table *table, int32_t column);
/* One byte a row, 1 = null; None if no cell is. */
PyObject *pdm_py_table_nulls(const pdm_table *table, int32_t column);
PyObject *pdm_py_table_categories(const pdm_table *table, int32_t column);

PyObject *pdm_py_serialize(const pdm_state *state);

#endif
