#include "metrics/funnel_facet.h"

size_t pdm__funnel_facet_size(const pdm__cells *session, const pdm__cells *hold, const pdm__cells *breakdown,
                              size_t row) {
    return pdm__value_size(session, row, false) + pdm__value_size(hold, row, false) +
           pdm__value_size(breakdown, row, true);
}

uint8_t *pdm__funnel_facet_put(const pdm__cells *session, const pdm__cells *hold, const pdm__cells *breakdown,
                               size_t row, uint8_t *to) {
    to = pdm__value_put(session, row, false, to);
    to = pdm__value_put(hold, row, false, to);
    return pdm__value_put(breakdown, row, true, to);
}

bool pdm__funnel_facet_read(const uint8_t *bytes, size_t size, pdm__funnel_values *out) {
    const uint8_t *end = bytes + size;
    return pdm__value_read(&bytes, end, &out->session) && pdm__value_read(&bytes, end, &out->hold) &&
           pdm__value_read(&bytes, end, &out->breakdown) && bytes == end;
}

uint32_t pdm__funnel_facet_plain(const uint8_t *bytes, uint32_t size, uint8_t *to) {
    pdm__value value;
    const uint8_t *at = bytes;
    (void)pdm__value_read(&at, bytes + size, &value);
    (void)pdm__value_read(&at, bytes + size, &value);
    size_t kept = (size_t)(at - bytes);
    memcpy(to, bytes, kept);
    to[kept] = PDM__VALUE_NONE;
    return (uint32_t)kept + 1;
}
