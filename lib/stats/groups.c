#include "stats/groups.h"

pdm_status pdm__groups_make(pdm__calc *calc, int32_t column, pdm__groups *out, pdm_error *err) {
    int64_t rows = calc->sheets[0].rows;
    int32_t *ids = NULL;
    int64_t *first = NULL;
    int64_t *order = NULL;
    int64_t *start = NULL;
    out->count = 1;
    PDM__TRY(pdm__calc_array(calc, rows, sizeof *order, &order, err));
    if (calc->sheets[0].columns[column].present) {
        PDM__TRY(pdm__calc_ids(calc, 0, column, &ids, &first, &out->count, err));
    } else {
        PDM__TRY(pdm__calc_array(calc, rows, sizeof *ids, &ids, err));
    }
    PDM__TRY(pdm__calc_array(calc, (int64_t)out->count + 2, sizeof *start, &start, err));
    for (int64_t i = 0; i < rows; i++) start[ids[i] + 2]++;
    for (int32_t g = 0; g < out->count; g++) start[g + 2] += start[g + 1];
    for (int64_t i = 0; i < rows; i++) order[start[ids[i] + 1]++] = i;
    out->rows = order;
    out->start = start;
    return PDM_OK;
}

pdm_status pdm__groups_check(const pdm__calc *calc, const pdm__groups *groups, int32_t column, int64_t most,
                             pdm_error *err) {
    for (int32_t g = 0; g < groups->count; g++) {
        int64_t size = groups->start[g + 1] - groups->start[g];
        if (size <= most) continue;
        return pdm__calc_fail(calc, 0, column, groups->rows[groups->start[g]], PDM_E_LIMIT, err,
                              "%lld rows together; up to %lld are allowed", (long long)size, (long long)most);
    }
    return PDM_OK;
}

pdm_status pdm__groups_failed(const pdm__calc *calc, const pdm__groups *groups, int32_t group, pdm_status status,
                              pdm_error *err) {
    int64_t start = groups->start[group];
    int64_t size = groups->start[group + 1] - start;
    int64_t at = err != NULL && err->row >= 0 && err->row < size ? err->row : 0;
    return pdm__calc_row_failed(calc, 0, groups->rows[start + at], status, err);
}
