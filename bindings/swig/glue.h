/*
 * What every language binding needs beside the public headers, in plain C: options given as text, and Arrow streams whose columns
 * are chosen and renamed on the way. No language's API appears here.
 */
#ifndef PDM_BINDINGS_GLUE_H
#define PDM_BINDINGS_GLUE_H

#include <pdmetrics.h>

/* Options as text: names[i] = values[i], as pdm_options_set() reads them. */
typedef struct pdm_text_pairs {
    int32_t count;
    const char *const *names;
    const char *const *values;
} pdm_text_pairs;

/* Columns of a stream: column indices[i] of the stream is called names[i] by the metric. */
typedef struct pdm_selection {
    int32_t count;
    const int32_t *indices;
    const char *const *names;
} pdm_selection;

/* pdm_state_create() with the options as text. Errors: its own, and those of pdm_options_set(). */
PDM_NODISCARD pdm_status pdm_glue_create(pdm_context *context, const pdm_metric *metric, const pdm_text_pairs *options,
                                         pdm_state **out, pdm_error *err);

/* Inputs of a calculator. */
typedef struct pdm_inputs {
    int32_t count;
    const pdm_input *items;
} pdm_inputs;

/* pdm_calculator_run() with the options as text. Errors: its own, and those of pdm_options_set(). */
PDM_NODISCARD pdm_status pdm_glue_calculate(pdm_context *context, const pdm_calculator *calculator,
                                            const pdm_text_pairs *options, const pdm_inputs *inputs, pdm_result **out,
                                            pdm_error *err);

/* pdm_state_update_arrow() with only the columns of `selection`, under their new names. No column is copied. Consumes the stream. */
PDM_NODISCARD pdm_status pdm_glue_update_stream(pdm_state *state, struct ArrowArrayStream *stream,
                                                const pdm_selection *selection, pdm_error *err);

/* Makes a stream of one batch; schema and array are moved into it. Errors: PDM_E_NOMEM (then they stay with the caller). */
PDM_NODISCARD pdm_status pdm_glue_stream_of_array(struct ArrowSchema *schema, struct ArrowArray *array,
                                                  struct ArrowArrayStream *out, pdm_error *err);

/* pdm_sample_private_domain() with its options spelled out. */
PDM_NODISCARD pdm_status pdm_glue_sample(pdm_context *context, int64_t customers, uint64_t seed, pdm_result **out,
                                         pdm_error *err);

#endif
