/*
 * Facets: what besides the unit tells events apart, as bytes: session, value held constant, breakdown, one after the other (core/value.h).
 * Null and '' are one breakdown value.
 */
#ifndef PDM_METRICS_FUNNEL_FACET_H
#define PDM_METRICS_FUNNEL_FACET_H

#include "core/value.h"

typedef struct pdm__funnel_values {
    pdm__value session;
    pdm__value hold;
    pdm__value breakdown;
} pdm__funnel_values;

/* Bytes that a facet takes, and the bytes themselves; returns their end. Columns may be NULL. */
size_t pdm__funnel_facet_size(const pdm__cells *session, const pdm__cells *hold, const pdm__cells *breakdown,
                              size_t row);
uint8_t *pdm__funnel_facet_put(const pdm__cells *session, const pdm__cells *hold, const pdm__cells *breakdown,
                               size_t row, uint8_t *to);

/* Copies a facet without its breakdown value; `to` has room for one byte more than the facet. Returns the size. */
uint32_t pdm__funnel_facet_plain(const uint8_t *bytes, uint32_t size, uint8_t *to);

/* false: these bytes are no facet. */
bool pdm__funnel_facet_read(const uint8_t *bytes, size_t size, pdm__funnel_values *out);

#endif
