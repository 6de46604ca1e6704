/*
 * Facets: what besides the unit tells events apart, as bytes.
 *
 * session, value held constant, breakdown, one after the other, each 0 (not used, null, or '' as breakdown), or 1 and an int64, 2 and a
 * uint64 beyond int64 (eight bytes, big-endian, the sign flipped), or 3 and a text (four bytes of length, then its bytes). Equal facets, equal bytes.
 */
#ifndef PDM_METRICS_FUNNEL_FACET_H
#define PDM_METRICS_FUNNEL_FACET_H

#include "core/metric_ops.h"

enum { FUNNEL_VALUE_NONE = 0, FUNNEL_VALUE_INT = 1, FUNNEL_VALUE_UINT = 2, FUNNEL_VALUE_TEXT = 3 };

/* A value of a facet; texts point into its bytes. */
typedef struct pdm__funnel_value {
    int32_t kind;
    uint64_t word;
    const uint8_t *bytes;
    uint32_t length;
} pdm__funnel_value;

typedef struct pdm__funnel_values {
    pdm__funnel_value session;
    pdm__funnel_value hold;
    pdm__funnel_value breakdown;
} pdm__funnel_values;

/* Whether there is a value to hold constant. */
bool pdm__funnel_cell_given(const pdm__cells *cells, size_t row);
/* Whether two columns hold the same value in a row. */
bool pdm__funnel_cells_equal(const pdm__cells *a, const pdm__cells *b, size_t row);

/* Bytes that a facet takes, and the bytes themselves; returns their end. Columns may be NULL. */
size_t pdm__funnel_facet_size(const pdm__cells *session, const pdm__cells *hold, const pdm__cells *breakdown,
                              size_t row);
uint8_t *pdm__funnel_facet_put(const pdm__cells *session, const pdm__cells *hold, const pdm__cells *breakdown,
                               size_t row, uint8_t *to);

/* Copies a facet without its breakdown value; `to` has room for one byte more than the facet. Returns the size. */
uint32_t pdm__funnel_facet_plain(const uint8_t *bytes, uint32_t size, uint8_t *to);

/* false: these bytes are no facet. */
bool pdm__funnel_facet_read(const uint8_t *bytes, size_t size, pdm__funnel_values *out);

/* The decimal digits of an integer value; `digits` has room for 24. Returns their number. */
int pdm__funnel_digits(const pdm__funnel_value *value, char *digits);

/* Order of values: none, integers by number, texts by bytes. */
int pdm__funnel_value_compare(const pdm__funnel_value *a, const pdm__funnel_value *b);

#endif
