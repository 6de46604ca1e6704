/* Calculators `commission`, `composite`, `rank` and `utilisation`. */
#include "core/sort.h"
#include "plan/exact.h"
#include "plan/registry.h"

#include <pdmetrics/plan/performance.h>

/* ---- commission ---- */

enum { IN_AMOUNTS, IN_TIERS };
enum { AMOUNT_STAFF, AMOUNT_AMOUNT };
enum { TIER_FROM, TIER_RATE };

static const char *const commission_methods[] = {"progressive", "retroactive", NULL};

static const pdm_column_info amount_columns[] = {
    [AMOUNT_STAFF] = PDM__COLUMN_OR_NULL("staff_id", PDM_ROLE_KEY, "", "Who; default: the row number."),
    [AMOUNT_AMOUNT] = PDM__COLUMN("amount", PDM_ROLE_MONEY, "money", "What was sold, 0 or more."),
};
static const pdm_column_info tier_columns[] = {
    [TIER_FROM] = PDM__COLUMN("from", PDM_ROLE_MONEY, "money", "Where the tier begins, inclusive; strictly rising."),
    [TIER_RATE] = PDM__COLUMN("rate", PDM_ROLE_FLOAT, "of the amount", "Its rate."),
};
static const pdm_list_info commission_inputs[] = {
    [IN_AMOUNTS] = PDM__INPUT("amounts", amount_columns, PDM_INPUT_ROWS, "Amounts by person."),
    [IN_TIERS] = PDM__INPUT("tiers", tier_columns, PDM_INPUT_ROWS, "The scale (提点)."),
};
static const pdm__column_rule commission_rules[] = {
    {IN_AMOUNTS, AMOUNT_AMOUNT, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {IN_TIERS, TIER_FROM, PDM_E_BAD_TIERS, -PDM__INF, PDM__INF},
    {IN_TIERS, TIER_RATE, PDM_E_BAD_TIERS, -PDM__INF, PDM__INF},
};
static const pdm_option_info commission_options[] = {
    PDM__OPTION_STRICT(pdm_commission_options),
    PDM__OPTION_ENUM(pdm_commission_options, method, commission_methods,
                     "Each band at its own rate, or the whole amount at the rate reached (the payout jumps there)."),
    PDM__OPTION_BOOL(pdm_commission_options, exact_int, "Whole minor units, rounded half to even once at the end."),
    PDM__OPTION_FLOAT(pdm_commission_options, cap, 0.0, "money", "Most a payout may be; 0 = none."),
    PDM__OPTION_FLOAT(pdm_commission_options, multiplier, 1.0, "", "What payouts are multiplied with, before the cap."),
};
static const pdm_result_column_info payout_columns[] = {
    PDM__RESULT("staff_id", PDM_TYPE_NONE, "", "Who."),
    PDM__RESULT("amount", PDM_TYPE_FLOAT64, "money", "What was sold."),
    PDM__RESULT("band", PDM_TYPE_INT64, "", "Tier that was reached, from 1."),
    PDM__RESULT("rate", PDM_TYPE_FLOAT64, "of the amount", "Its rate."),
    PDM__RESULT("uncapped", PDM_TYPE_FLOAT64, "money", "Payout without the cap."),
    PDM__RESULT("payout", PDM_TYPE_FLOAT64, "money", "Payout."),
    PDM__RESULT("payout_int", PDM_TYPE_INT64, "minor units", "The same in whole minor units, with exact_int."),
    PDM__RESULT("capped", PDM_TYPE_BOOL, "", "The cap held."),
};
static const pdm_result_column_info commission_summary[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "How tiers were applied."),
    PDM__RESULT("amount", PDM_TYPE_FLOAT64, "money", "Σ amount."),
    PDM__RESULT("payout", PDM_TYPE_FLOAT64, "money", "Σ payout."),
};
static const pdm_table_info commission_tables[] = {
    PDM__TABLE("payouts", payout_columns, "A person."),
    PDM__TABLE("summary", commission_summary, "One row: the sums."),
};

static pdm_status check_tiers(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *tiers = &calc->sheets[IN_TIERS];
    for (int64_t t = 1; t < tiers->rows; t++) {
        if (tiers->columns[TIER_FROM].f64[t] > tiers->columns[TIER_FROM].f64[t - 1]) continue;
        return pdm__calc_fail(calc, IN_TIERS, TIER_FROM, t, PDM_E_BAD_TIERS, err, "%g after %g; tiers must rise",
                              tiers->columns[TIER_FROM].f64[t], tiers->columns[TIER_FROM].f64[t - 1]);
    }
    return PDM_OK;
}

static pdm_status find_band(pdm__calc *calc, int64_t row, int64_t *band, pdm_error *err) {
    const pdm__sheet *tiers = &calc->sheets[IN_TIERS];
    double amount = calc->sheets[IN_AMOUNTS].columns[AMOUNT_AMOUNT].f64[row];
    int64_t t = tiers->rows - 1;
    while (t >= 0 && amount < tiers->columns[TIER_FROM].f64[t]) t--;
    *band = t;
    if (t >= 0) return PDM_OK;
    return pdm__calc_fail(calc, IN_AMOUNTS, AMOUNT_AMOUNT, row, PDM_E_BELOW_FIRST_TIER, err,
                          "%g; the first tier begins at %g", amount, tiers->columns[TIER_FROM].f64[0]);
}

static double payout_of(const pdm__calc *calc, double amount, int64_t band) {
    const pdm_commission_options *chosen = calc->options;
    const pdm__values *c = calc->sheets[IN_TIERS].columns;
    if (chosen->method == PDM_COMMISSION_RETROACTIVE) return amount * c[TIER_RATE].f64[band] * chosen->multiplier;
    pdm__sum sum = {0.0, 0.0};
    for (int64_t t = 0; t <= band; t++) {
        double to = t == band ? amount : c[TIER_FROM].f64[t + 1];
        pdm__sum_add(&sum, (to - c[TIER_FROM].f64[t]) * c[TIER_RATE].f64[t]);
    }
    return pdm__sum_of(&sum) * chosen->multiplier;
}

/* Positive and negative sums apart, one rounding at the end; false if it does not fit. */
static bool round_payout(const pdm__wide sums[2], int64_t *out) {
    pdm__wide positive = sums[0];
    pdm__wide negative = sums[1];
    if (pdm__wide_sub(&positive, &sums[1])) return pdm__wide_round(&positive, out);
    if (!pdm__wide_sub(&negative, &sums[0]) || !pdm__wide_round(&negative, out)) return false;
    *out = -*out;
    return true;
}

/* Exactly: Σ (to − from)·rate·multiplier in decimals. */
static pdm_status payout_exactly(pdm__calc *calc, int64_t row, int64_t band, int64_t *out, pdm_error *err) {
    const pdm_commission_options *chosen = calc->options;
    const pdm__values *c = calc->sheets[IN_TIERS].columns;
    pdm__wide sums[2] = {{.exponent = 0}, {.exponent = 0}};
    bool retroactive = chosen->method == PDM_COMMISSION_RETROACTIVE;
    bool fits = true;
    int64_t amount = 0;
    PDM__TRY(pdm__calc_whole(calc, IN_AMOUNTS, AMOUNT_AMOUNT, row, PDM_E_BAD_AMOUNT, &amount, err));
    for (int64_t t = retroactive ? band : 0; t <= band && fits; t++) {
        int64_t from = 0;
        int64_t to = amount;
        if (!retroactive) PDM__TRY(pdm__calc_whole(calc, IN_TIERS, TIER_FROM, t, PDM_E_BAD_TIERS, &from, err));
        if (t < band) PDM__TRY(pdm__calc_whole(calc, IN_TIERS, TIER_FROM, t + 1, PDM_E_BAD_TIERS, &to, err));
        pdm__decimal rate = pdm__decimal_of_double(c[TIER_RATE].f64[t]);
        pdm__wide part = pdm__wide_of(pdm__decimal_of_int(to - from));
        fits = pdm__wide_mul(&part, rate) && pdm__wide_mul(&part, pdm__decimal_of_double(chosen->multiplier)) &&
               pdm__wide_add(&sums[rate.negative ? 1 : 0], &part);
    }
    if (fits && round_payout(sums, out)) return PDM_OK;
    return pdm__calc_fail(calc, IN_AMOUNTS, AMOUNT_AMOUNT, row, PDM_E_OVERFLOW, err, "the payout does not fit int64");
}

static pdm_status commission_run(pdm__calc *calc, pdm_error *err) {
    const pdm_commission_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[IN_AMOUNTS];
    pdm__sum sums[2] = {{0.0, 0.0}, {0.0, 0.0}};
    pdm__rows out;
    PDM__TRY(check_tiers(calc, err));
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[AMOUNT_STAFF], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double amount = in->columns[AMOUNT_AMOUNT].f64[i];
        int64_t band = 0;
        int64_t whole = 0;
        PDM__TRY(find_band(calc, i, &band, err));
        double payout = payout_of(calc, amount, band);
        if (chosen->exact_int != 0) {
            PDM__TRY(payout_exactly(calc, i, band, &whole, err));
            payout = (double)whole;
        }
        bool capped = chosen->cap > 0.0 && payout > chosen->cap;
        if (capped) whole = (int64_t)floor(chosen->cap);
        pdm__put_key(&out, 0, i, &in->columns[AMOUNT_STAFF], i);
        pdm__put_float(&out, 1, i, amount);
        pdm__put_int(&out, 2, i, band + 1);
        pdm__put_float(&out, 3, i, calc->sheets[IN_TIERS].columns[TIER_RATE].f64[band]);
        pdm__put_float(&out, 4, i, payout);
        double paid = !capped ? payout : chosen->exact_int != 0 ? (double)whole : chosen->cap;
        pdm__put_float(&out, 5, i, paid);
        pdm__put_int(&out, 6, i, whole);
        if (chosen->exact_int == 0) pdm__put_null(&out, 6, i);
        pdm__put_bool(&out, 7, i, capped);
        pdm__sum_add(&sums[0], amount);
        pdm__sum_add(&sums[1], paid);
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->method, commission_methods);
    pdm__put_float(&out, 1, 0, pdm__sum_of(&sums[0]));
    pdm__put_float(&out, 2, 0, pdm__sum_of(&sums[1]));
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(commission, pdm_commission_options, "Commission", "提点",
                "What staff are paid for what they sold, by a scale of tiers.");

/* ---- composite ---- */

enum { C_STAFF, C_INDICATOR, C_ATTAINMENT, C_WEIGHT };

static const pdm_column_info composite_columns[] = {
    [C_STAFF] = PDM__COLUMN_OR_NULL("staff_id", PDM_ROLE_KEY, "", "Who; null in all rows: one person."),
    [C_INDICATOR] = PDM__COLUMN_OR_NULL("indicator", PDM_ROLE_TEXT, "", "Indicator."),
    [C_ATTAINMENT] =
        PDM__COLUMN_OR_NULL("attainment", PDM_ROLE_FLOAT, "1 = on target", "Its attainment; null = left out, never 0."),
    [C_WEIGHT] = PDM__COLUMN("weight", PDM_ROLE_FLOAT, "", "Its weight, 0 or more."),
};
static const pdm_list_info composite_inputs[] = {
    PDM__INPUT("indicators", composite_columns, PDM_INPUT_ROWS, "Indicators by person.")};
static const pdm__column_rule composite_rules[] = {{0, C_WEIGHT, PDM_E_BAD_WEIGHT, 0.0, PDM__INF}};
static const pdm_option_info composite_options[] = {
    PDM__OPTION_STRICT(pdm_composite_options),
    PDM__OPTION_FLOAT(pdm_composite_options, cap, 0.0, "attainment", "Most one attainment may count; 0 = none."),
};
static const pdm_result_column_info composite_results[] = {
    PDM__RESULT("staff_id", PDM_TYPE_NONE, "", "Who."),
    PDM__RESULT("index", PDM_TYPE_FLOAT64, "1 = on target",
                "Σ weight · min(attainment, cap) / Σ weight of what is there."),
    PDM__RESULT("indicators", PDM_TYPE_INT64, "", "Indicators that counted."),
    PDM__RESULT("missing", PDM_TYPE_INT64, "", "Indicators without attainment, left out."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info composite_tables[] = {PDM__TABLE("staff", composite_results, "A person.")};

typedef struct person {
    pdm__sum top;
    pdm__sum weight;
    int64_t counted;
    int64_t missing;
} person;

static pdm_status composite_run(pdm__calc *calc, pdm_error *err) {
    const pdm_composite_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    int32_t *ids = NULL;
    int64_t *first = NULL;
    int32_t count = 0;
    person *people = NULL;
    pdm__rows out;
    PDM__TRY(pdm__calc_ids(calc, 0, C_STAFF, &ids, &first, &count, err));
    PDM__TRY(pdm__calc_array(calc, count, sizeof *people, &people, err));
    for (int64_t i = 0; i < in->rows; i++) {
        person *p = &people[ids[i]];
        double attainment = pdm__number(&in->columns[C_ATTAINMENT], i, PDM__NAN);
        if (isnan(attainment)) {
            p->missing++;
            continue;
        }
        if (chosen->cap > 0.0) attainment = fmin(attainment, chosen->cap);
        pdm__sum_add(&p->top, in->columns[C_WEIGHT].f64[i] * attainment);
        pdm__sum_add(&p->weight, in->columns[C_WEIGHT].f64[i]);
        p->counted++;
    }
    PDM__TRY(pdm__rows_begin(calc, 0, count, &in->columns[C_STAFF], &out, err));
    for (int32_t k = 0; k < count; k++) {
        double weight = pdm__sum_of(&people[k].weight);
        pdm__put_key(&out, 0, k, &in->columns[C_STAFF], first[k]);
        pdm__put_float(&out, 1, k, weight > 0.0 ? pdm__sum_of(&people[k].top) / weight : PDM__NAN);
        pdm__put_int(&out, 2, k, people[k].counted);
        pdm__put_int(&out, 3, k, people[k].missing);
        pdm__put_status(&out, 4, k,
                        people[k].counted == 0 ? PDM_STATUS_MISSING
                        : weight > 0.0         ? PDM_STATUS_OK
                                               : PDM_STATUS_ZERO_BASE,
                        "nothing to average");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(composite, pdm_composite_options, "Composite index", "复合指标",
                "One number from several weighted attainments.");

/* ---- rank ---- */

enum { R_STAFF, R_VALUE, R_VOLUME };

static const char *const tie_names[] = {"min", "dense", "ordinal", NULL};

static const pdm_column_info rank_columns[] = {
    [R_STAFF] = PDM__COLUMN_OR_NULL("staff_id", PDM_ROLE_KEY, "", "Who; default: the row number."),
    [R_VALUE] = PDM__COLUMN_OR_NULL("value", PDM_ROLE_FLOAT, "", "What is ranked; null = unranked."),
    [R_VOLUME] = PDM__COLUMN_OR_NULL("volume", PDM_ROLE_FLOAT, "", "Volume behind it; compared with min_volume."),
};
static const pdm_list_info rank_inputs[] = {PDM__INPUT("staff", rank_columns, PDM_INPUT_ROWS, "Staff.")};
static const pdm__column_rule rank_rules[] = {PDM__NO_RULE};
static const pdm_option_info rank_options[] = {
    PDM__OPTION_STRICT(pdm_rank_options),
    PDM__OPTION_ENUM(pdm_rank_options, ties, tie_names, "What equal values get: 1 2 2 4, 1 2 2 3, or 1 2 3 4 by row."),
    PDM__OPTION_BOOL(pdm_rank_options, ascending, "The smallest value is first."),
    PDM__OPTION_FLOAT(pdm_rank_options, min_volume, 0.0, "", "Below this volume nobody is ranked."),
};
static const pdm_result_column_info rank_results[] = {
    PDM__RESULT("staff_id", PDM_TYPE_NONE, "", "Who."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "", "What is ranked."),
    PDM__RESULT("rank", PDM_TYPE_INT64, "", "1 = first; null = unranked."),
};
static const pdm_table_info rank_tables[] = {PDM__TABLE("staff", rank_results, "A person, in the order given.")};

static pdm_status rank_run(pdm__calc *calc, pdm_error *err) {
    const pdm_rank_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm__sort_pair *order = NULL;
    int64_t *rank = NULL;
    int64_t count = 0;
    pdm__rows out;
    PDM__TRY(pdm__calc_array(calc, 2 * in->rows, sizeof *order, &order, err));
    PDM__TRY(pdm__calc_array(calc, in->rows, sizeof *rank, &rank, err));
    for (int64_t i = 0; i < in->rows; i++) {
        bool small =
            chosen->min_volume > 0.0 && !(pdm__number(&in->columns[R_VOLUME], i, PDM__NAN) >= chosen->min_volume);
        if (!pdm__given(&in->columns[R_VALUE], i) || small) continue;
        uint64_t key = pdm__sort_key_f64(in->columns[R_VALUE].f64[i]);
        order[count++] = (pdm__sort_pair){chosen->ascending != 0 ? key : ~key, (uint64_t)i};
    }
    PDM__TRY(pdm__sort_pairs(&calc->run, order, order + in->rows, (size_t)count, err)); /* stable: ties by row */
    for (int64_t k = 0; k < count; k++) {
        bool tied = k > 0 && order[k].key == order[k - 1].key;
        int64_t before = k > 0 ? rank[order[k - 1].index] : 0;
        int64_t next = chosen->ties == PDM_RANK_DENSE ? before + 1 : k + 1;
        rank[order[k].index] = tied && chosen->ties != PDM_RANK_ORDINAL ? before : next;
    }
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[R_STAFF], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm__put_key(&out, 0, i, &in->columns[R_STAFF], i);
        pdm__put_float(&out, 1, i, pdm__number(&in->columns[R_VALUE], i, PDM__NAN));
        pdm__put_int(&out, 2, i, rank[i]);
        if (rank[i] == 0) pdm__put_null(&out, 2, i);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(rank, pdm_rank_options, "Rank", "排名",
                "Who is first, with a stated rule for ties and a least volume.");

/* ---- utilisation ---- */

static const pdm_column_info utilisation_columns[] = {
    PDM__COLUMN_OR_NULL("staff_id", PDM_ROLE_KEY, "", "Team; default: the row number."),
    PDM__COLUMN("customers", PDM_ROLE_FLOAT, "customers", "Customers looked after."),
    PDM__COLUMN("agents", PDM_ROLE_FLOAT, "agents", "Agents (accounts)."),
    PDM__COLUMN("limit", PDM_ROLE_FLOAT, "customers", "Customers one agent can hold."),
};
static const pdm_list_info utilisation_inputs[] = {PDM__INPUT("staff", utilisation_columns, PDM_INPUT_ROWS, "Teams.")};
static const pdm__column_rule utilisation_rules[] = {
    {0, 1, PDM_E_BAD_COUNT, 0.0, PDM__INF},
    {0, 2, PDM_E_BAD_COUNT, 0.0, PDM__INF},
    {0, 3, PDM_E_BAD_COUNT, 0.0, PDM__INF},
};
static const pdm_option_info utilisation_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info utilisation_results[] = {
    PDM__RESULT("staff_id", PDM_TYPE_NONE, "", "Team."),
    PDM__RESULT("capacity", PDM_TYPE_FLOAT64, "customers", "agents · limit."),
    PDM__RESULT("utilisation", PDM_TYPE_FLOAT64, "of the capacity", "customers / capacity."),
    PDM__RESULT("free", PDM_TYPE_FLOAT64, "customers", "capacity − customers."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info utilisation_tables[] = {PDM__TABLE("staff", utilisation_results, "A team.")};

static pdm_status utilisation_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[0], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double customers = in->columns[1].f64[i];
        double capacity = in->columns[2].f64[i] * in->columns[3].f64[i];
        pdm__put_key(&out, 0, i, &in->columns[0], i);
        pdm__put_float(&out, 1, i, capacity);
        pdm__put_float(&out, 2, i, capacity > 0.0 ? customers / capacity : PDM__NAN);
        pdm__put_float(&out, 3, i, capacity - customers);
        pdm__put_status(&out, 4, i, capacity > 0.0 ? PDM_STATUS_OK : PDM_STATUS_ZERO_BASE, "there is no capacity");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(utilisation, pdm_plan_options, "Utilisation", "承接负荷",
                "How much of the agents' capacity is in use.");
