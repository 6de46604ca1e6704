#include "native.h"

static bool view_of(const pdm_table *table, int32_t index, pdm_column *out) {
    pdm_error error;
    if (pdm_table_column(table, index, out, &error) == PDM_OK) return true;
    pdm_py_raise(&error);
    return false;
}

static bool is_null(const pdm_column *column, int64_t row) {
    const int64_t position = row + column->offset;
    return column->validity != NULL && ((column->validity[position / 8] >> (position % 8)) & 1) == 0;
}

static PyObject *text_at(const pdm_column *column, int64_t row) {
    const int64_t *offsets = (const int64_t *)column->offsets + column->offset + row;
    return PyUnicode_DecodeUTF8((const char *)column->values + offsets[0], (Py_ssize_t)(offsets[1] - offsets[0]),
                                "strict");
}

static PyObject *texts_of(const pdm_column *column, int64_t count) {
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (int64_t i = 0; list != NULL && i < count; i++) {
        PyObject *text = text_at(column, i);
        if (text == NULL || PyList_SetItem(list, (Py_ssize_t)i, text) != 0) {
            Py_DECREF(list);
            return NULL;
        }
    }
    return list;
}

/* A new reference; categories is the list of a dictionary's texts. */
static PyObject *cell(const pdm_column *column, PyObject *categories, int64_t row) {
    if (is_null(column, row)) {
        Py_INCREF(Py_None);
        return Py_None;
    }
    const int64_t position = row + column->offset;
    switch (column->type) {
    case PDM_TYPE_INT32: return PyLong_FromLong(((const int32_t *)column->values)[position]);
    case PDM_TYPE_INT64:
    case PDM_TYPE_TIMESTAMP_US: return PyLong_FromLongLong(((const int64_t *)column->values)[position]);
    case PDM_TYPE_UINT64: return PyLong_FromUnsignedLongLong(((const uint64_t *)column->values)[position]);
    case PDM_TYPE_FLOAT64: return PyFloat_FromDouble(((const double *)column->values)[position]);
    case PDM_TYPE_BOOL: return PyBool_FromLong((((const uint8_t *)column->values)[position / 8] >> (position % 8)) & 1);
    case PDM_TYPE_LARGE_UTF8: return text_at(column, row);
    case PDM_TYPE_DICTIONARY: {
        PyObject *text = PyList_GetItem(categories, ((const int32_t *)column->values)[position]);
        Py_XINCREF(text);
        return text;
    }
    default: return PyErr_Format(PyExc_NotImplementedError, "column type %d", (int)column->type);
    }
}

PyObject *pdm_py_table_categories(const pdm_table *table, int32_t column) {
    pdm_column view;
    if (!view_of(table, column, &view)) return NULL;
    if (view.type != PDM_TYPE_DICTIONARY) {
        PyErr_SetString(PyExc_TypeError, "not a dictionary column");
        return NULL;
    }
    return texts_of(view.dictionary, view.dictionary_length);
}

PyObject *pdm_py_table_list(const pdm_table *table, int32_t column, int64_t start, int64_t stop) {
    pdm_column view;
    if (!view_of(table, column, &view)) return NULL;
    const int64_t rows = pdm_table_rows(table);
    if (start < 0) start = 0;
    if (stop > rows) stop = rows;
    if (stop < start) stop = start;
    PyObject *categories = NULL;
    if (view.type == PDM_TYPE_DICTIONARY) {
        categories = texts_of(view.dictionary, view.dictionary_length);
        if (categories == NULL) return NULL;
    }
    PyObject *list = PyList_New((Py_ssize_t)(stop - start));
    for (int64_t row = start; list != NULL && row < stop; row++) {
        PyObject *value = cell(&view, categories, row);
        if (value == NULL || PyList_SetItem(list, (Py_ssize_t)(row - start), value) != 0) {
            Py_DECREF(list);
            list = NULL;
        }
    }
    Py_XDECREF(categories);
    return list;
}

PyObject *pdm_py_table_data(const pdm_table *table, int32_t column) {
    pdm_column view;
    if (!view_of(table, column, &view)) return NULL;
    const Py_ssize_t rows = (Py_ssize_t)pdm_table_rows(table);
    const char *name = pdm_table_column_name(table, column);
    switch (view.type) {
    case PDM_TYPE_INT32:
    case PDM_TYPE_DICTIONARY: return PyBytes_FromStringAndSize((const char *)pdm_table_i32(table, name), rows * 4);
    case PDM_TYPE_INT64:
    case PDM_TYPE_UINT64:
    case PDM_TYPE_TIMESTAMP_US: return PyBytes_FromStringAndSize((const char *)pdm_table_i64(table, name), rows * 8);
    case PDM_TYPE_FLOAT64: return PyBytes_FromStringAndSize((const char *)pdm_table_f64(table, name), rows * 8);
    case PDM_TYPE_BOOL: return PyBytes_FromStringAndSize((const char *)pdm_table_bool(table, name), rows);
    default: PyErr_SetString(PyExc_TypeError, "not a fixed-width column"); return NULL;
    }
}

PyObject *pdm_py_table_nulls(const pdm_table *table, int32_t column) {
    pdm_column view;
    if (!view_of(table, column, &view)) return NULL;
    if (view.validity == NULL) Py_RETURN_NONE;
    const int64_t rows = pdm_table_rows(table);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)rows);
    char *out = bytes == NULL ? NULL : PyBytes_AsString(bytes);
    if (out == NULL) return NULL;
    for (int64_t row = 0; row < rows; row++) out[row] = is_null(&view, row) ? 1 : 0;
    return bytes;
}

PyObject *pdm_py_serialize(const pdm_state *state) {
    pdm_error error;
    size_t size = 0;
    PyObject *bytes = NULL;
    pdm_error_reset(&error);
    const bool outer = pdm_py_call_begin();
    PyThreadState *thread = PyEval_SaveThread();
    pdm_status status = pdm_state_serialize(state, NULL, 0, &size, &error);
    PyEval_RestoreThread(thread);
    if (status == PDM_OK) {
        bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
        char *buffer = bytes == NULL ? NULL : PyBytes_AsString(bytes);
        size_t written = size;
        if (buffer != NULL) {
            /* Nobody else has seen the bytes object yet, so it may be filled without the GIL. */
            thread = PyEval_SaveThread();
            status = pdm_state_serialize(state, buffer, size, &written, &error);
            PyEval_RestoreThread(thread);
            if (status == PDM_OK && written != size) {
                status = PDM_E_BUSY;
                error.code = PDM_E_BUSY;
                strncpy(error.message, "the state changed while it was serialised", sizeof error.message - 1);
            }
        }
    }
    pdm_py_call_end(outer);
    if (status != PDM_OK) {
        Py_XDECREF(bytes);
        pdm_py_raise(&error);
        return NULL;
    }
    return bytes;
}
