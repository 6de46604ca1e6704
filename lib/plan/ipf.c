#include "plan/two_way.h"

static double row_sum(const pdm__two_way *t, int32_t row) {
    pdm__sum s = {0.0, 0.0};
    for (int32_t c = 0; c < t->columns; c++) pdm__sum_add(&s, t->value[(size_t)row * (size_t)t->columns + (size_t)c]);
    return pdm__sum_of(&s);
}

static double column_sum(const pdm__two_way *t, int32_t column) {
    pdm__sum s = {0.0, 0.0};
    for (int32_t r = 0; r < t->rows; r++) pdm__sum_add(&s, t->value[(size_t)r * (size_t)t->columns + (size_t)column]);
    return pdm__sum_of(&s);
}

/* Values from the seed and the factors, so that rounding does not pile up from round to round. */
static void refresh(pdm__two_way *t) {
    for (int32_t r = 0; r < t->rows; r++) {
        for (int32_t c = 0; c < t->columns; c++) {
            size_t at = (size_t)r * (size_t)t->columns + (size_t)c;
            t->value[at] = t->seed[at] * t->row_factor[r] * t->column_factor[c];
        }
    }
}

static void scale_rows(pdm__two_way *t) {
    for (int32_t r = 0; r < t->rows; r++) {
        double sum = row_sum(t, r);
        if (sum > 0.0) t->row_factor[r] *= t->row_total[r] / sum;
    }
}

static void scale_columns(pdm__two_way *t) {
    for (int32_t c = 0; c < t->columns; c++) {
        double sum = column_sum(t, c);
        if (sum > 0.0) t->column_factor[c] *= t->column_total[c] / sum;
    }
}

/* A total above 0 over a line of zeros can never be met. */
static bool lines_can_be_met(const pdm__two_way *t) {
    for (int32_t r = 0; r < t->rows; r++) {
        if (t->row_total[r] > 0.0 && !(row_sum(t, r) > 0.0)) return false;
    }
    for (int32_t c = 0; c < t->columns; c++) {
        if (t->column_total[c] > 0.0 && !(column_sum(t, c) > 0.0)) return false;
    }
    return true;
}

pdm_status pdm__ipf(pdm__calc *calc, pdm__two_way *t, double tol, int64_t max_iter, pdm_error *err) {
    double total = 0.0;
    for (int32_t r = 0; r < t->rows; r++) {
        t->row_factor[r] = 1.0;
        total += t->row_total[r];
    }
    for (int32_t c = 0; c < t->columns; c++) t->column_factor[c] = 1.0;
    t->iterations = 0;
    t->residual = PDM__NAN;
    refresh(t);
    t->status = PDM_STATUS_INFEASIBLE;
    if (!lines_can_be_met(t)) return PDM_OK;
    double goal = tol * fmax(1.0, total);
    double earlier = PDM__INF; /* residual a hundred rounds ago */
    t->status = PDM_STATUS_NO_CONVERGENCE;
    for (; t->iterations <= max_iter; t->iterations++) {
        PDM__TRY(pdm__calc_poll(calc, (int64_t)t->rows * t->columns, err));
        t->residual = 0.0;
        for (int32_t r = 0; r < t->rows; r++) t->residual = fmax(t->residual, fabs(row_sum(t, r) - t->row_total[r]));
        /* The columns are met after the first round; the rows tell. */
        if (t->iterations > 0 && t->residual <= goal) {
            t->status = PDM_STATUS_OK;
            return PDM_OK;
        }
        if (t->iterations % 100 == 0 && t->iterations > 0) {
            if (t->residual > 0.99 * earlier) return PDM_OK;
            earlier = t->residual;
        }
        if (t->iterations == max_iter) return PDM_OK;
        scale_rows(t);
        refresh(t);
        scale_columns(t);
        refresh(t);
    }
    return PDM_OK;
}
