#include "native.h"

/* Text of a Python list: offsets, bytes, validity. Strings keep their UTF-8 form as long as they live, so nothing is encoded twice. */
static int text_of_list(PyObject *list, int64_t rows, pdm_py_hold *hold, pdm_column *out) {
    if (PyList_Size(list) != rows) {
        PyErr_Format(PyExc_ValueError, "column \"%s\": expected %lld values, the list holds %zd", out->name,
                     (long long)rows, PyList_Size(list));
        return -1;
    }
    int64_t *offsets = pdm_py_block(hold, (size_t)rows + 1, sizeof *offsets);
    if (offsets == NULL) return -1;
    bool nulls = false;
    for (Py_ssize_t i = 0; i < rows; i++) {
        PyObject *item = PyList_GetItem(list, i);
        Py_ssize_t length = 0;
        if (item == Py_None) {
            nulls = true;
        } else if (item == NULL || PyUnicode_AsUTF8AndSize(item, &length) == NULL) {
            return -1;
        }
        offsets[i + 1] = offsets[i] + length;
    }
    char *bytes = pdm_py_block(hold, (size_t)offsets[rows], 1);
    uint8_t *validity = nulls ? pdm_py_block(hold, (size_t)rows / 8 + 1, 1) : NULL;
    if (bytes == NULL || (nulls && validity == NULL)) return -1;
    for (Py_ssize_t i = 0; i < rows; i++) {
        PyObject *item = PyList_GetItem(list, i);
        if (item == Py_None) continue;
        Py_ssize_t length = 0;
        const char *text = item == NULL ? NULL : PyUnicode_AsUTF8AndSize(item, &length);
        if (text == NULL) return -1;
        if (length != offsets[i + 1] - offsets[i]) {
            PyErr_SetString(PyExc_RuntimeError, "the list changed while it was read");
            return -1;
        }
        memcpy(bytes + offsets[i], text, (size_t)length);
        if (validity != NULL) validity[i / 8] = (uint8_t)(validity[i / 8] | (1u << (i % 8)));
    }
    out->values = bytes;
    out->offsets = offsets;
    out->validity = validity;
    return 0;
}

/* Items that the values buffer must hold for rows up to `end`. */
static int64_t value_count(const pdm_column *column, int64_t end) {
    switch (column->type) {
    case PDM_TYPE_BOOL: return (end + 7) / 8;
    case PDM_TYPE_DECIMAL128: return end * 16;
    case PDM_TYPE_UTF8: return end == 0 ? 0 : ((const int32_t *)column->offsets)[end];
    case PDM_TYPE_LARGE_UTF8: return end == 0 ? 0 : ((const int64_t *)column->offsets)[end];
    default: return end;
    }
}

enum { TOP, ITEMS, VALUES }; /* what a column lies in: the batch, a column of lists, a dictionary */

static int column_of(PyObject *object, int64_t rows, int level, pdm_py_hold *hold, pdm_column *out);

/* A column within another: the values of a dictionary, the items of lists. */
static int inner_of(PyObject *object, int level, pdm_py_hold *hold, pdm_column *out) {
    long long length = 0;
    PyObject *column = NULL;
    if (!PyTuple_Check(object)) {
        PyErr_Format(PyExc_TypeError, "column \"%s\": the column within is (length, column)", out->name);
        return -1;
    }
    if (!PyArg_ParseTuple(object, "LO", &length, &column)) return -1;
    pdm_column *inner = pdm_py_block(hold, 1, sizeof *inner);
    if (inner == NULL || length < 0 || column_of(column, length, level, hold, inner) != 0) {
        if (PyErr_Occurred() == NULL) PyErr_SetString(PyExc_ValueError, "negative length of a column within");
        return -1;
    }
    *(level == ITEMS ? &out->items : &out->dictionary) = inner;
    out->dictionary_length = length;
    return 0;
}

static int column_of(PyObject *object, int64_t rows, int level, pdm_py_hold *hold, pdm_column *out) {
    const char *name = NULL;
    int type = 0, index_type = 0, scale = 0, naive = 0;
    long long offset = 0;
    PyObject *values = NULL, *validity = NULL, *offsets = NULL, *dictionary = NULL;
    if (!PyTuple_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "a column is a tuple of ten items");
        return -1;
    }
    if (!PyArg_ParseTuple(object, "siOOOLiiiO", &name, &type, &values, &validity, &offsets, &offset, &index_type,
                          &scale, &naive, &dictionary)) {
        return -1;
    }
    if (offset < 0) {
        PyErr_Format(PyExc_ValueError, "column \"%s\": negative offset", name);
        return -1;
    }
    memset(out, 0, sizeof *out);
    out->name = name;
    out->type = type;
    out->index_type = index_type;
    out->scale = scale;
    out->naive = naive;
    out->offset = offset;
    const int64_t end = offset + rows;
    if (type == PDM_TYPE_ALL_NULL) return 0;
    if (type == PDM_TYPE_LARGE_UTF8 && PyList_Check(values)) return text_of_list(values, rows, hold, out);
    if (validity != Py_None) {
        out->validity = pdm_py_buffer(hold, validity, PDM_TYPE_UINT8, (end + 7) / 8, name);
        if (out->validity == NULL) return -1;
    }
    const bool list = type == PDM_TYPE_LIST || type == PDM_TYPE_LARGE_LIST;
    if (list || type == PDM_TYPE_UTF8 || type == PDM_TYPE_LARGE_UTF8) {
        const bool narrow = type == PDM_TYPE_UTF8 || type == PDM_TYPE_LIST;
        const int32_t offset_type = narrow ? PDM_TYPE_INT32 : PDM_TYPE_INT64;
        out->offsets = pdm_py_buffer(hold, offsets, offset_type, end + 1, name);
        if (out->offsets == NULL) return -1;
    }
    if ((list && level != TOP) || (type == PDM_TYPE_DICTIONARY && level == VALUES)) {
        PyErr_Format(PyExc_TypeError, "column \"%s\": columns nested too deeply", name);
        return -1;
    }
    if (list) return inner_of(dictionary, ITEMS, hold, out);
    const int32_t item_type = type == PDM_TYPE_DICTIONARY ? index_type : type;
    out->values = pdm_py_buffer(hold, values, item_type, value_count(out, end), name);
    if (out->values == NULL) return -1;
    return type == PDM_TYPE_DICTIONARY ? inner_of(dictionary, VALUES, hold, out) : 0;
}

int pdm_py_batch(PyObject *object, pdm_py_hold *hold, pdm_batch *out) {
    long long rows = 0;
    PyObject *list = NULL;
    if (!PyTuple_Check(object) || !PyArg_ParseTuple(object, "LO", &rows, &list) || !PyList_Check(list) || rows < 0) {
        if (PyErr_Occurred() == NULL) PyErr_SetString(PyExc_TypeError, "a batch is (rows, [column, …])");
        return -1;
    }
    const Py_ssize_t count = PyList_Size(list);
    pdm_column *columns = pdm_py_block(hold, (size_t)count, sizeof *columns);
    if (columns == NULL) return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (column_of(PyList_GetItem(list, i), rows, TOP, hold, &columns[i]) != 0) return -1;
    }
    *out = pdm_batch_make(columns, (int32_t)count, rows);
    return 0;
}

int pdm_py_calendar(PyObject *object, pdm_py_hold *hold, pdm_calendar *out) {
    int week_start = 0, utc_offset_s = 0;
    PyObject *changes = NULL, *offsets = NULL;
    if (!PyTuple_Check(object) || !PyArg_ParseTuple(object, "iiOO", &week_start, &utc_offset_s, &changes, &offsets)) {
        if (PyErr_Occurred() == NULL) PyErr_SetString(PyExc_TypeError, "a calendar is a tuple of four items");
        return -1;
    }
    const Py_ssize_t count = PyObject_Length(changes);
    if (count < 0) return -1;
    *out = pdm_calendar_fixed(utc_offset_s);
    out->week_start = week_start;
    out->change_count = (int32_t)count;
    out->change_s = pdm_py_buffer(hold, changes, PDM_TYPE_INT64, count, "change_s");
    if (out->change_s == NULL) return -1;
    out->offset_s = pdm_py_buffer(hold, offsets, PDM_TYPE_INT32, count, "offset_s");
    return out->offset_s == NULL ? -1 : 0;
}

/* A C string of a str: the library's texts end at NUL, so none may be inside. */
static const char *text_of(PyObject *object) {
    Py_ssize_t length = 0;
    const char *text = PyUnicode_AsUTF8AndSize(object, &length);
    if (text != NULL && strlen(text) != (size_t)length) {
        PyErr_SetString(PyExc_ValueError, "text with a NUL character");
        return NULL;
    }
    return text;
}

static Py_ssize_t pairs_of(PyObject *object) {
    if (PyList_Check(object)) return PyList_Size(object);
    PyErr_SetString(PyExc_TypeError, "expected a list of pairs");
    return -1;
}

int pdm_py_text_pairs(PyObject *object, pdm_py_hold *hold, pdm_text_pairs *out) {
    const Py_ssize_t count = pairs_of(object);
    if (count < 0) return -1;
    const char **names = pdm_py_block(hold, (size_t)count, sizeof(char *));
    const char **values = pdm_py_block(hold, (size_t)count, sizeof(char *));
    if (names == NULL || values == NULL) return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = NULL, *value = NULL;
        if (!PyArg_ParseTuple(PyList_GetItem(object, i), "UU", &name, &value)) return -1;
        if ((names[i] = text_of(name)) == NULL || (values[i] = text_of(value)) == NULL) return -1;
    }
    *out = (pdm_text_pairs){.count = (int32_t)count, .names = names, .values = values};
    return 0;
}

int pdm_py_selection(PyObject *object, pdm_py_hold *hold, pdm_selection *out) {
    const Py_ssize_t count = pairs_of(object);
    if (count < 0) return -1;
    int32_t *indices = pdm_py_block(hold, (size_t)count, sizeof *indices);
    const char **names = pdm_py_block(hold, (size_t)count, sizeof(char *));
    if (indices == NULL || names == NULL) return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = NULL;
        int index = 0;
        if (!PyArg_ParseTuple(PyList_GetItem(object, i), "iU", &index, &name)) return -1;
        if ((names[i] = text_of(name)) == NULL) return -1;
        indices[i] = index;
    }
    *out = (pdm_selection){.count = (int32_t)count, .indices = indices, .names = names};
    return 0;
}

int pdm_py_inputs(PyObject *object, pdm_py_hold *hold, pdm_inputs *out) {
    const Py_ssize_t count = pairs_of(object);
    if (count < 0) return -1;
    pdm_input *items = pdm_py_block(hold, (size_t)count, sizeof *items);
    pdm_batch *batches = pdm_py_block(hold, (size_t)count, sizeof *batches);
    if (items == NULL || batches == NULL) return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = NULL, *rows = NULL;
        if (!PyArg_ParseTuple(PyList_GetItem(object, i), "UO", &name, &rows)) return -1;
        if ((items[i].name = text_of(name)) == NULL || pdm_py_batch(rows, hold, &batches[i]) != 0) return -1;
        items[i].rows = &batches[i];
    }
    *out = (pdm_inputs){.count = (int32_t)count, .items = items};
    return 0;
}
