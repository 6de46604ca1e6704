/*
 * Columns whose rows are lists: taken where pdm_column_info::items says of what. A row's cell is the place of its first item (words)
 * and how many there are (lengths); the items are read from the caller's column, nothing is copied.
 */
#ifndef PDM_CORE_ITEMS_H
#define PDM_CORE_ITEMS_H

#include "core/convert.h"

/* Whether these can be items of that role: text or integers. Items that are all null can: they are those of empty lists. */
bool pdm__items_serve(int32_t role, const pdm_column *items);

/*
 * Rows [first, first + rows) of a column of lists, as pdm__convert. An offset that runs backwards or out of the items, an item that is
 * null, no UTF-8 or beyond int64 is an error that names the row, the column and the item, numbered from 0.
 */
pdm_status pdm__items_convert(const pdm_column_info *info, const pdm_column *column, int64_t first, size_t rows,
                              const pdm__convert_to *to, pdm__cells *out, pdm_error *err);

/* An item of a row that has been converted. */
const char *pdm__item_text(const pdm_column *items, uint64_t place, size_t *length);
int64_t pdm__item_integer(const pdm_column *items, uint64_t place);

#endif
