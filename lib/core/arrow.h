/* From Arrow structures to column views: pointer assignment, after the structures have been checked. */
#ifndef PDM_CORE_ARROW_H
#define PDM_CORE_ARROW_H

#include "core/base.h"

#include <pdmetrics/arrow.h>
#include <pdmetrics/column.h>

/* A batch over an Arrow struct array. */
typedef struct pdm__arrow_batch {
    pdm_batch batch;
    pdm_column *columns; /* column_count views, then the dictionaries and items they refer to */
    size_t allocated;
    pdm_context *context;
} pdm__arrow_batch;

/*
 * Views `array` (a struct array described by `schema`) as a batch. Columns of types that no role can use keep PDM_TYPE_NONE, so that
 * an unused struct or binary column does no harm. Rows that are null as a whole (validity of the struct) are refused.
 * Nothing is released; the view lives as long as the array. Errors: PDM_E_BAD_TYPE, PDM_E_BAD_VALUE (an array that contradicts its
 * schema), PDM_E_NOMEM, PDM_E_LIMIT.
 */
pdm_status pdm__arrow_import(pdm_context *context, const struct ArrowSchema *schema, const struct ArrowArray *array,
                             pdm__arrow_batch *out, pdm_error *err);
void pdm__arrow_batch_clear(pdm__arrow_batch *batch);

#endif
