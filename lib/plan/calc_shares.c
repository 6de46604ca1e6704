/* Calculator `shares`: what share of a total its units had, in one of the usual ways. */
#include "plan/apportion.h"
#include "plan/registry.h"

enum { IN_HISTORY, IN_TARGET };
enum { HISTORY_PERIOD, HISTORY_UNIT, HISTORY_VALUE };
enum { TABLE_SHARES, TABLE_SUMMARY };

static const char *const method_names[] = {"gross_sohl_f",          "gross_sohl_a", "last",
                                           "same_period_last_year", "user",         NULL};

static const pdm_column_info history_columns[] = {
    [HISTORY_PERIOD] = PDM__COLUMN_OR_NULL("period", PDM_ROLE_KEY, "", "Period; they count in order of appearance."),
    [HISTORY_UNIT] = PDM__COLUMN("unit", PDM_ROLE_KEY, "", "Unit."),
    [HISTORY_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "What it had, 0 or more; no row means nothing."),
};
static const pdm_column_info target_columns[] = {
    PDM__COLUMN("total", PDM_ROLE_MONEY, "", "What is to be split by the shares."),
};
static const pdm_list_info shares_inputs[] = {
    [IN_HISTORY] = PDM__INPUT("history", history_columns, PDM_INPUT_ROWS, "Values of periods and units."),
    [IN_TARGET] =
        PDM__INPUT("target", target_columns, PDM_INPUT_OPTIONAL_ONE, "A total; without it there are no amounts."),
};
static const pdm__column_rule shares_rules[] = {
    {IN_HISTORY, HISTORY_VALUE, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {IN_TARGET, 0, PDM_E_BAD_TOTAL, -PDM__INF, PDM__INF},
};

static const pdm_option_info shares_options[] = {
    PDM__OPTION_STRICT(pdm_shares_options),
    PDM__OPTION_ENUM(pdm_shares_options, method, method_names,
                     "Share of the sums (F), mean of the period shares (A), one period's shares, or shares as given."),
    PDM__OPTION_ENUM(pdm_shares_options, zero_policy, pdm__zero_policy_names,
                     "Nothing but zeros: an error, or equal shares."),
    PDM__OPTION_INT32(pdm_shares_options, season_length, 1, 100000, 12, "periods",
                      "Periods of a year, for same_period_last_year."),
};

static const pdm_result_column_info share_columns[] = {
    PDM__RESULT("unit", PDM_TYPE_NONE, "", "Unit, in order of appearance."),
    PDM__RESULT("share", PDM_TYPE_FLOAT64, "", "Its share; all sum to 1."),
    PDM__RESULT("amount", PDM_TYPE_FLOAT64, "as the total", "share · total; null without a total."),
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "Rule that was used."),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "", "Total given; null without."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "", "Σ share − 1."),
    PDM__RESULT("periods", PDM_TYPE_INT64, "periods", "Periods that were used."),
    PDM__RESULT("periods_skipped", PDM_TYPE_INT64, "periods", "Periods without anything, left out."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info shares_tables[] = {
    [TABLE_SHARES] = PDM__TABLE("shares", share_columns, "A unit."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "One row: how it was done."),
};

typedef struct history {
    int32_t *period;
    int32_t *unit;
    int64_t *unit_row;
    int32_t periods;
    int32_t units;
    double *totals; /* per period */
    double *shares; /* per unit */
    int64_t used;
    int64_t skipped;
} history;

static pdm_status read_history(pdm__calc *calc, history *h, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[IN_HISTORY];
    const pdm_shares_options *chosen = calc->options;
    int64_t *first = NULL;
    PDM__TRY(pdm__calc_ids(calc, IN_HISTORY, HISTORY_PERIOD, &h->period, &first, &h->periods, err));
    PDM__TRY(pdm__calc_ids(calc, IN_HISTORY, HISTORY_UNIT, &h->unit, &h->unit_row, &h->units, err));
    PDM__TRY(pdm__calc_array(calc, h->periods, sizeof *h->totals, &h->totals, err));
    PDM__TRY(pdm__calc_array(calc, h->units, sizeof *h->shares, &h->shares, err));
    for (int64_t i = 0; i < in->rows; i++) h->totals[h->period[i]] += in->columns[HISTORY_VALUE].f64[i];
    for (int32_t p = 0; chosen->method != PDM_SHARES_USER && p < h->periods; p++) {
        if (h->totals[p] == 0.0) h->skipped++;
    }
    return PDM_OK;
}

/* The only period a method looks at; −1 = all. */
static pdm_status pick_period(pdm__calc *calc, const history *h, int32_t *out, pdm_error *err) {
    const pdm_shares_options *chosen = calc->options;
    *out = -1;
    if (chosen->method == PDM_SHARES_LAST) {
        for (*out = h->periods - 1; *out > 0 && h->totals[*out] == 0.0;) (*out)--;
    }
    if (chosen->method != PDM_SHARES_SAME_PERIOD_LAST_YEAR) return PDM_OK;
    if (h->periods < chosen->season_length) {
        return pdm__calc_fail(calc, IN_HISTORY, HISTORY_PERIOD, -1, PDM_E_BAD_PERIOD, err,
                              "%d periods; a year has %d (option season_length)", h->periods, chosen->season_length);
    }
    *out = h->periods - chosen->season_length;
    return PDM_OK;
}

static pdm_status make_shares(pdm__calc *calc, history *h, pdm_error *err) {
    const pdm_shares_options *chosen = calc->options;
    const pdm__values *value = &calc->sheets[IN_HISTORY].columns[HISTORY_VALUE];
    int32_t only = -1;
    pdm__sum all = {0.0, 0.0};
    pdm__sum *sums = NULL;
    PDM__TRY(pick_period(calc, h, &only, err));
    PDM__TRY(pdm__calc_array(calc, h->units, sizeof *sums, &sums, err));
    for (int64_t i = 0; i < calc->sheets[IN_HISTORY].rows; i++) {
        double total = h->totals[h->period[i]];
        if (only >= 0 && h->period[i] != only) continue;
        if (chosen->method == PDM_SHARES_GROSS_SOHL_A && total == 0.0) continue;
        pdm__sum_add(&sums[h->unit[i]],
                     chosen->method == PDM_SHARES_GROSS_SOHL_A ? value->f64[i] / total : value->f64[i]);
    }
    for (int32_t u = 0; u < h->units; u++) pdm__sum_add(&all, pdm__sum_of(&sums[u]));
    double sum = pdm__sum_of(&all);
    if (sum == 0.0 && chosen->zero_policy == PDM_ZERO_POLICY_ERROR) {
        return pdm__calc_fail(calc, IN_HISTORY, HISTORY_VALUE, -1, PDM_E_ZERO_WEIGHTS, err,
                              "nothing but zeros; zero_policy = equal would make equal shares");
    }
    for (int32_t u = 0; u < h->units; u++) h->shares[u] = sum == 0.0 ? 1.0 / h->units : pdm__sum_of(&sums[u]) / sum;
    h->used = only >= 0 ? 1 : h->periods - h->skipped;
    return PDM_OK;
}

static pdm_status shares_run(pdm__calc *calc, pdm_error *err) {
    const pdm_shares_options *chosen = calc->options;
    const pdm__sheet *target = &calc->sheets[IN_TARGET];
    double total = target->rows > 0 ? target->columns[0].f64[0] : PDM__NAN;
    history h;
    pdm__rows out;
    pdm__sum sum = {0.0, 0.0};
    memset(&h, 0, sizeof h);
    PDM__TRY(read_history(calc, &h, err));
    PDM__TRY(make_shares(calc, &h, err));
    const pdm__values *unit = &calc->sheets[IN_HISTORY].columns[HISTORY_UNIT];
    PDM__TRY(pdm__rows_begin(calc, TABLE_SHARES, h.units, unit, &out, err));
    for (int32_t u = 0; u < h.units; u++) {
        pdm__put_key(&out, 0, u, unit, h.unit_row[u]);
        pdm__put_float(&out, 1, u, h.shares[u]);
        pdm__put_float(&out, 2, u, h.shares[u] * total);
        pdm__sum_add(&sum, h.shares[u]);
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, TABLE_SUMMARY, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->method, method_names);
    pdm__put_float(&out, 1, 0, total);
    pdm__put_float(&out, 2, 0, pdm__sum_of(&sum) - 1.0);
    pdm__put_int(&out, 3, 0, h.used);
    pdm__put_int(&out, 4, 0, h.skipped);
    pdm__put_status(&out, 5, 0, PDM_STATUS_OK, NULL);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(shares, pdm_shares_options, "Shares from history", "历史占比",
                "Which share of a total each unit had, from periods of history.");
