#include "native.h"

static bool grow(void **array, size_t count, size_t size) {
    /* Powers of two only: enough growth policy for a dozen columns. */
    if ((count & (count - 1)) != 0) return true;
    void *larger = PyMem_Realloc(*array, (count == 0 ? 1 : count * 2) * size);
    if (larger == NULL) {
        PyErr_NoMemory();
        return false;
    }
    *array = larger;
    return true;
}

void pdm_py_release(pdm_py_hold *hold) {
    for (size_t i = 0; i < hold->view_count; i++) PyBuffer_Release(&hold->views[i]);
    for (size_t i = 0; i < hold->block_count; i++) PyMem_Free(hold->blocks[i]);
    PyMem_Free(hold->views);
    PyMem_Free(hold->blocks);
    memset(hold, 0, sizeof *hold);
}

void *pdm_py_block(pdm_py_hold *hold, size_t count, size_t size) {
    void *blocks = hold->blocks;
    if (!grow(&blocks, hold->block_count, sizeof(void *))) return NULL;
    hold->blocks = blocks;
    void *block = PyMem_Calloc(count == 0 ? 1 : count, size);
    if (block == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    hold->blocks[hold->block_count++] = block;
    return block;
}

/* What a buffer must look like to be read as a column type: item size and struct-module codes. */
typedef struct layout {
    Py_ssize_t size;
    const char *codes;
    const char *name;
} layout;

static layout layout_of(int32_t type) {
    switch (type) {
    case PDM_TYPE_INT8: return (layout){1, "b", "int8"};
    case PDM_TYPE_INT16: return (layout){2, "h", "int16"};
    case PDM_TYPE_INT32: return (layout){4, "il", "int32"};
    case PDM_TYPE_DATE32: return (layout){4, "il", "int32 (days)"};
    case PDM_TYPE_INT64: return (layout){8, "qln", "int64"};
    case PDM_TYPE_TIMESTAMP_S:
    case PDM_TYPE_TIMESTAMP_MS:
    case PDM_TYPE_TIMESTAMP_US:
    case PDM_TYPE_TIMESTAMP_NS: return (layout){8, "qln", "int64 (time)"};
    case PDM_TYPE_UINT8:
    case PDM_TYPE_BOOL: return (layout){1, "Bbc?", "bytes"};
    case PDM_TYPE_UINT16: return (layout){2, "H", "uint16"};
    case PDM_TYPE_UINT32: return (layout){4, "IL", "uint32"};
    case PDM_TYPE_UINT64: return (layout){8, "QLN", "uint64"};
    case PDM_TYPE_FLOAT32: return (layout){4, "f", "float32"};
    case PDM_TYPE_FLOAT64: return (layout){8, "d", "float64"};
    default: return (layout){1, "Bbc", "bytes"};
    }
}

const void *pdm_py_buffer(pdm_py_hold *hold, PyObject *object, int32_t type, int64_t count, const char *what) {
    const layout want = layout_of(type);
    void *views = hold->views;
    if (!grow(&views, hold->view_count, sizeof(Py_buffer))) return NULL;
    hold->views = views;
    Py_buffer *view = &hold->views[hold->view_count];
    if (PyObject_GetBuffer(object, view, PyBUF_CONTIG_RO | PyBUF_FORMAT) != 0) return NULL;
    hold->view_count++;
    const char *format = view->format == NULL ? "B" : view->format;
    const char *code = format[0] == '@' || format[0] == '=' || format[0] == '<' ? format + 1 : format;
    if (view->itemsize != want.size || strlen(code) != 1 || strchr(want.codes, code[0]) == NULL) {
        PyErr_Format(PyExc_TypeError,
                     "column \"%s\": expected a buffer of native %s, got items of %zd bytes with format \"%s\"", what,
                     want.name, view->itemsize, format);
        return NULL;
    }
    if (view->len / want.size < count) {
        PyErr_Format(PyExc_ValueError, "column \"%s\": expected %lld items, the buffer holds %zd", what,
                     (long long)count, view->len / want.size);
        return NULL;
    }
    /* An empty buffer may have no address at all. */
    return view->buf != NULL ? view->buf : "";
}
