/* The Python module pdmetrics._native.core: private and dumb. Typemaps here, everything shared in bindings/swig/pdmetrics.i. */
%module(package="pdmetrics._native") core

%{
#include "native.h"
%}

/* Calls that may take long let other Python threads run; Ctrl-C and progress come back through the context's callbacks. */
#define PDM_HAS_LONG_CALL
%define %pdm_long_call(NAME)
%exception NAME {
    const bool pdm_outer = pdm_py_call_begin();
    PyThreadState *pdm_thread = PyEval_SaveThread();
    $action
    PyEval_RestoreThread(pdm_thread);
    pdm_py_call_end(pdm_outer);
}
%enddef

/* Errors: the record is the wrapper's own; a status becomes an exception after the call, None otherwise. */
%typemap(in, numinputs=0) pdm_error *err (pdm_error error) { pdm_error_reset(&error); $1 = &error; }
%typemap(out, noblock=1) pdm_status { resultobj = NULL; }
%typemap(argout, noblock=1) pdm_error *err {
    if (result != PDM_OK) {
        pdm_py_raise($1);
        SWIG_fail;
    }
    if (resultobj == NULL) resultobj = SWIG_Py_Void();
}

/* Objects made by a call belong to their proxy. */
%define %pdm_made(TYPE)
%typemap(in, numinputs=0) TYPE **out (TYPE *made = NULL) { $1 = &made; }
%typemap(argout, noblock=1) TYPE **out {
    if (result == PDM_OK) resultobj = SWIG_NewPointerObj(*$1, $descriptor(TYPE *), SWIG_POINTER_OWN);
}
%enddef
%pdm_made(pdm_context)
%pdm_made(pdm_state)
%pdm_made(pdm_result)

/* Views of Python objects; the buffers are held until the call has returned. */
%define %pdm_held(TYPE, CONVERT)
%typemap(arginit) const TYPE * { memset(&hold$argnum, 0, sizeof hold$argnum); }
%typemap(in) const TYPE * (TYPE view, pdm_py_hold hold) {
    $1 = &view;
    if (CONVERT($input, &hold, &view) != 0) SWIG_fail;
}
%typemap(freearg) const TYPE * { pdm_py_release(&hold$argnum); }
%enddef
%pdm_held(pdm_batch, pdm_py_batch)
%pdm_held(pdm_calendar, pdm_py_calendar)
%pdm_held(pdm_text_pairs, pdm_py_text_pairs)
%pdm_held(pdm_selection, pdm_py_selection)
%pdm_held(pdm_inputs, pdm_py_inputs)

%typemap(in) const pdm_context_options *options (pdm_context_options view) {
    $1 = &view;
    if (pdm_py_context_options($input, &view) != 0) SWIG_fail;
}
%typemap(in) struct ArrowArrayStream *stream { if (($1 = pdm_py_stream($input)) == NULL) SWIG_fail; }
%typemap(arginit) (const void *bytes, size_t size) { memset(&hold$argnum, 0, sizeof hold$argnum); }
%typemap(in) (const void *bytes, size_t size) (pdm_py_hold hold) {
    $1 = (void *)(uintptr_t)pdm_py_buffer(&hold, $input, PDM_TYPE_UINT8, 0, "bytes");
    if ($1 == NULL) SWIG_fail;
    $2 = (size_t)hold.views[0].len;
}
%typemap(freearg) (const void *bytes, size_t size) { pdm_py_release(&hold$argnum); }

%ignore pdm_glue_stream_of_array;
%include "pdmetrics.i"

PyObject *pdm_py_stream_columns(PyObject *capsule);
PyObject *pdm_py_stream_of_array(PyObject *schema, PyObject *array);
PyObject *pdm_py_table_stream(const pdm_table *table);
PyObject *pdm_py_table_schema(const pdm_table *table);
PyObject *pdm_py_table_list(const pdm_table *table, int32_t column, int64_t start, int64_t stop);
PyObject *pdm_py_table_data(const pdm_table *table, int32_t column);
PyObject *pdm_py_table_nulls(const pdm_table *table, int32_t column);
PyObject *pdm_py_table_categories(const pdm_table *table, int32_t column);
PyObject *pdm_py_serialize(const pdm_state *state);
