#include "native.h"

struct ArrowArrayStream *pdm_py_stream(PyObject *capsule) {
    if (!PyCapsule_IsValid(capsule, "arrow_array_stream")) {
        PyErr_SetString(PyExc_TypeError, "expected an Arrow stream: a capsule called \"arrow_array_stream\"");
        return NULL;
    }
    return PyCapsule_GetPointer(capsule, "arrow_array_stream");
}

static void stream_capsule_free(PyObject *capsule) {
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");
    if (stream == NULL) return;
    if (stream->release != NULL) stream->release(stream);
    PyMem_Free(stream);
}

static void schema_capsule_free(PyObject *capsule) {
    struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, "arrow_schema");
    if (schema == NULL) return;
    if (schema->release != NULL) schema->release(schema);
    PyMem_Free(schema);
}

static PyObject *stream_capsule_new(struct ArrowArrayStream **out) {
    struct ArrowArrayStream *stream = PyMem_Calloc(1, sizeof *stream);
    if (stream == NULL) return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(stream, "arrow_array_stream", stream_capsule_free);
    if (capsule == NULL) PyMem_Free(stream);
    *out = stream;
    return capsule;
}

static PyObject *columns_of_schema(const struct ArrowSchema *schema) {
    if (schema->format == NULL || strcmp(schema->format, "+s") != 0) {
        return PyErr_Format(PyExc_TypeError, "expected a table, the Arrow data is a single column (format \"%s\")",
                            schema->format == NULL ? "" : schema->format);
    }
    PyObject *list = PyList_New((Py_ssize_t)schema->n_children);
    for (int64_t i = 0; list != NULL && i < schema->n_children; i++) {
        const struct ArrowSchema *child = schema->children[i];
        PyObject *pair = Py_BuildValue("(ss)", child->name == NULL ? "" : child->name, child->format);
        if (pair == NULL || PyList_SetItem(list, (Py_ssize_t)i, pair) != 0) {
            Py_DECREF(list);
            return NULL;
        }
    }
    return list;
}

PyObject *pdm_py_stream_columns(PyObject *capsule) {
    struct ArrowArrayStream *stream = pdm_py_stream(capsule);
    if (stream == NULL) return NULL;
    if (stream->release == NULL) {
        PyErr_SetString(PyExc_ValueError, "the Arrow stream was already used up");
        return NULL;
    }
    struct ArrowSchema schema;
    memset(&schema, 0, sizeof schema);
    if (stream->get_schema(stream, &schema) != 0) {
        const char *why = stream->get_last_error(stream);
        if (PyErr_Occurred() == NULL) {
            PyErr_Format(PyExc_ValueError, "the Arrow stream has no schema: %s", why == NULL ? "no reason given" : why);
        }
        return NULL;
    }
    PyObject *columns = columns_of_schema(&schema);
    if (schema.release != NULL) schema.release(&schema);
    return columns;
}

PyObject *pdm_py_stream_of_array(PyObject *schema, PyObject *array) {
    struct ArrowSchema *c_schema = PyCapsule_GetPointer(schema, "arrow_schema");
    struct ArrowArray *c_array = c_schema == NULL ? NULL : PyCapsule_GetPointer(array, "arrow_array");
    if (c_array == NULL) return NULL;
    struct ArrowArrayStream *stream = NULL;
    PyObject *capsule = stream_capsule_new(&stream);
    if (capsule == NULL) return NULL;
    pdm_error error;
    if (pdm_glue_stream_of_array(c_schema, c_array, stream, &error) == PDM_OK) return capsule;
    Py_DECREF(capsule);
    pdm_py_raise(&error);
    return NULL;
}

PyObject *pdm_py_table_stream(const pdm_table *table) {
    struct ArrowArrayStream *stream = NULL;
    PyObject *capsule = stream_capsule_new(&stream);
    if (capsule == NULL) return NULL;
    pdm_error error;
    if (pdm_table_export_stream(table, stream, &error) == PDM_OK) return capsule;
    stream->release = NULL;
    Py_DECREF(capsule);
    pdm_py_raise(&error);
    return NULL;
}

PyObject *pdm_py_table_schema(const pdm_table *table) {
    struct ArrowSchema *schema = PyMem_Calloc(1, sizeof *schema);
    if (schema == NULL) return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(schema, "arrow_schema", schema_capsule_free);
    if (capsule == NULL) {
        PyMem_Free(schema);
        return NULL;
    }
    pdm_error error;
    if (pdm_table_export(table, schema, NULL, &error) == PDM_OK) return capsule;
    schema->release = NULL;
    Py_DECREF(capsule);
    pdm_py_raise(&error);
    return NULL;
}
