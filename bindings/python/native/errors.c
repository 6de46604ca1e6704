#include "native.h"

void pdm_py_raise(const pdm_error *err) {
    if (PyErr_Occurred() != NULL) return;
    PyObject *module = PyImport_ImportModule("pdmetrics._errors");
    if (module == NULL) return;
    PyObject *error = PyObject_CallMethod(module, "from_native", "sLss", pdm_status_name(err->code),
                                          (long long)err->row, err->column, err->message);
    Py_DECREF(module);
    if (error == NULL) return;
    PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_DECREF(error);
}
