/*
 * libpdmetrics for SWIG: the part that every target language shares. A language's own file defines its typemaps and
 * %pdm_long_call (what surrounds calls that may take long), then includes this one.
 */
%{
#include "glue.h"
%}

%include <stdint.i>

#ifndef PDM_HAS_LONG_CALL
%define %pdm_long_call(NAME)
%enddef
#endif

%pdm_long_call(pdm_glue_update_stream)
%pdm_long_call(pdm_glue_sample)
%pdm_long_call(pdm_glue_calculate)
%pdm_long_call(pdm_state_update)
%pdm_long_call(pdm_state_merge)
%pdm_long_call(pdm_state_seal)
%pdm_long_call(pdm_state_advance)
%pdm_long_call(pdm_state_deserialize)
%pdm_long_call(pdm_state_result)


/* C callers' conveniences, raw pointers, and what the binding does in another way. */
%rename("$ignore", regextarget=1, %$isfunction) "^pdm_(column|batch|calendar|options|allocator)_";
%rename("$ignore", regextarget=1, %$isfunction) "_(default|i64|i32|f64|bool|utf8|is_null|export)$";
%ignore pdm_error_reset;
%ignore pdm_error;
%ignore pdm_column;
%ignore pdm_batch;
%ignore pdm_allocator;
%ignore pdm_context_options;
%ignore pdm_calendar;
%ignore pdm_sample_options;
%ignore pdm_sample_private_domain;
%ignore pdm_text_pairs;
%ignore pdm_selection;
%ignore pdm_inputs;
%ignore pdm_input;
%ignore pdm_plan_options;
%ignore pdm_calculator_run;
%ignore pdm_calculator::ops;
%ignore pdm_state_create;
%ignore pdm_compute;
%ignore pdm_state_compute;
%ignore pdm_state_update_arrow;
%ignore pdm_state_serialize;
%ignore pdm_context_memory;
%ignore pdm_table_column;
%ignore pdm_table_export_stream;
%ignore pdm_metric::ops;
%ignore pdm_metric::columns;
%ignore pdm_metric::options;
%ignore pdm_metric::lists;
%ignore pdm_metric::tables;
%ignore pdm_option_info::values;
%ignore pdm_list_info::columns;
%ignore pdm_table_info::columns;

/* Objects end with their proxies. */
%nodefaultctor;
%ignore pdm_context_free;
%ignore pdm_state_free;
%ignore pdm_result_free;
typedef struct pdm_context {} pdm_context;
typedef struct pdm_state {} pdm_state;
typedef struct pdm_result {} pdm_result;
%extend pdm_context { ~pdm_context() { pdm_context_free($self); } }
%extend pdm_state { ~pdm_state() { pdm_state_free($self); } }
%extend pdm_result { ~pdm_result() { pdm_result_free($self); } }

/* The registry is static: it is only read, and never freed. */
%nodefaultdtor;
%immutable;
%include <pdmetrics/export.h>
%include <pdmetrics/version.h>
%include <pdmetrics/status.h>
%include <pdmetrics/column.h>
%include <pdmetrics/metric.h>
%include <pdmetrics/context.h>
%include <pdmetrics/calendar.h>
%include <pdmetrics/table.h>
%include <pdmetrics/state.h>
%include <pdmetrics/calculator.h>
%include <pdmetrics/sample.h>
%include "glue.h"

%extend pdm_metric {
    const pdm_column_info *column_at(int32_t index) { return &$self->columns[index]; }
    const pdm_option_info *option_at(int32_t index) { return &$self->options[index]; }
    const pdm_list_info *list_at(int32_t index) { return &$self->lists[index]; }
    const pdm_table_info *table_at(int32_t index) { return &$self->tables[index]; }
}
%extend pdm_option_info {
    const char *value_at(int32_t index) { return $self->values == NULL ? NULL : $self->values[index]; }
}
%extend pdm_list_info {
    const pdm_column_info *column_at(int32_t index) { return &$self->columns[index]; }
}
%extend pdm_table_info {
    const pdm_result_column_info *column_at(int32_t index) { return &$self->columns[index]; }
}
