/* Calculator `assign`: who sees which variant. */
#include "stats/registry.h"

#include <pdmetrics/stats/assign.h>
#include <pdmetrics/stats/calculators.h>

#include <stdio.h>

#define MOST_VARIATIONS 1024
#define BLOCK 65536

enum { IN_UNITS, IN_TRAFFIC, IN_VARIATIONS, IN_FILTERS };
enum { UNIT_UNIT };
enum { TRAFFIC_SEED, TRAFFIC_COVERAGE, TRAFFIC_NAMESPACE, TRAFFIC_LOW, TRAFFIC_HIGH, TRAFFIC_HOLDOUT, TRAFFIC_SHARE };
enum { VARIATION_VARIANT, VARIATION_WEIGHT, VARIATION_LOW, VARIATION_HIGH };
enum { FILTER_SEED, FILTER_LOW, FILTER_HIGH, FILTER_HASH, FILTER_FILTER };

static const char *const hash_names[] = {"v2", "v1", "xxh3", NULL};
static const char *const encoding_names[] = {"utf16", "utf8", "codepoint", NULL};
static const char *const reason_names[] = {"assigned", "holdout", "not_in_namespace", "not_covered", "no_id", NULL};

static const pdm_column_info unit_columns[] = {
    [UNIT_UNIT] = {.name = "unit",
                   .role = PDM_ROLE_KEY,
                   .required = 1,
                   .nullable = 1,
                   .unit = "",
                   .doc = "Id; whole numbers are hashed as their decimal text. Null or empty: not assigned."},
};
static const pdm_column_info traffic_columns[] = {
    [TRAFFIC_SEED] = PDM__COLUMN("seed", PDM_ROLE_TEXT, "", "Of this experiment; one of its own makes a layer."),
    [TRAFFIC_COVERAGE] =
        PDM__COLUMN_OR_NULL("coverage", PDM_ROLE_FLOAT, "of all", "Share of the traffic that takes part; default 1."),
    [TRAFFIC_NAMESPACE] = PDM__COLUMN_OR_NULL(
        "namespace", PDM_ROLE_TEXT, "", "Experiments of one namespace share no unit if their ranges are disjoint."),
    [TRAFFIC_LOW] =
        PDM__COLUMN_OR_NULL("namespace_low", PDM_ROLE_FLOAT, "", "This experiment's part of it; default 0."),
    [TRAFFIC_HIGH] = PDM__COLUMN_OR_NULL("namespace_high", PDM_ROLE_FLOAT, "", "Its end, exclusive; default 1."),
    [TRAFFIC_HOLDOUT] =
        PDM__COLUMN_OR_NULL("holdout_seed", PDM_ROLE_TEXT, "", "Of the units that are in no experiment."),
    [TRAFFIC_SHARE] = PDM__COLUMN_OR_NULL("holdout_share", PDM_ROLE_FLOAT, "of all", "How many they are."),
};
static const pdm_column_info variation_columns[] = {
    [VARIATION_VARIANT] = PDM__COLUMN_OR_NULL("variant", PDM_ROLE_TEXT, "", "Name; default: the variation's number."),
    [VARIATION_WEIGHT] =
        PDM__COLUMN_OR_NULL("weight", PDM_ROLE_FLOAT, "", "Share; together 0.99 to 1.01. Default: equal."),
    [VARIATION_LOW] = PDM__COLUMN_OR_NULL("low", PDM_ROLE_FLOAT, "",
                                          "Instead of weights and coverage: it has the buckets from here …"),
    [VARIATION_HIGH] = PDM__COLUMN_OR_NULL("high", PDM_ROLE_FLOAT, "", "… to here, exclusive."),
};
static const pdm_column_info filter_columns[] = {
    [FILTER_SEED] = PDM__COLUMN("seed", PDM_ROLE_TEXT, "", "The unit's bucket under this seed …"),
    [FILTER_LOW] = PDM__COLUMN("low", PDM_ROLE_FLOAT, "", "… must lie from here …"),
    [FILTER_HIGH] = PDM__COLUMN("high", PDM_ROLE_FLOAT, "", "… to here, exclusive."),
    [FILTER_HASH] = PDM__COLUMN_OR_NULL("hash", PDM_ROLE_TEXT, "", "v2, v1 or xxh3; default v2."),
    [FILTER_FILTER] =
        PDM__COLUMN_OR_NULL("filter", PDM_ROLE_KEY, "",
                            "Neighbouring rows of the same filter are its ranges, with the seed and hash of "
                            "the first; default: each row is one."),
};
static const pdm_list_info assign_inputs[] = {
    [IN_UNITS] = PDM__INPUT("units", unit_columns, PDM_INPUT_ROWS, "Who is to be assigned."),
    [IN_TRAFFIC] = PDM__INPUT("traffic", traffic_columns, PDM_INPUT_ONE, "The experiment's traffic."),
    [IN_VARIATIONS] = PDM__INPUT("variations", variation_columns, PDM_INPUT_OPTIONAL,
                                 "Variants, the control first; default: control and treatment, half each."),
    [IN_FILTERS] = PDM__INPUT("filters", filter_columns, PDM_INPUT_OPTIONAL,
                              "All must let a unit pass; they replace the namespace."),
};
static const pdm__column_rule assign_rules[] = {
    {IN_TRAFFIC, TRAFFIC_SHARE, PDM_E_BAD_OPTION, 0.0, 1.0},
};
static const pdm_option_info assign_options[] = {
    PDM__OPTION_STRICT(pdm_assign_options),
    PDM__OPTION_ENUM(pdm_assign_options, hash, hash_names,
                     "Bucket hash: GrowthBook's version 2, its version 1 (old assignments only), or XXH3 for shares "
                     "below 0.01 %."),
    PDM__OPTION_ENUM(pdm_assign_options, encoding, encoding_names,
                     "What v1 and v2 hash one after the other; ids in Chinese differ between them."),
    PDM__OPTION_BOOL(pdm_assign_options, growthbook_compat,
                     "Bad weights become equal, coverage is clamped, ranges may overlap, as in GrowthBook's SDKs."),
};
static const pdm_result_column_info assign_results[] = {
    PDM__RESULT("unit", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("n", PDM_TYPE_FLOAT64, "", "Its bucket, 0 ≤ n < 1."),
    PDM__RESULT("variation", PDM_TYPE_INT32, "", "Number of its variant from 0; −1 = none."),
    PDM__RESULT("variant", PDM_TYPE_DICTIONARY, "", "Name of its variant; null = none."),
    PDM__RESULT("reason", PDM_TYPE_DICTIONARY, "", "assigned, holdout, not_in_namespace, not_covered, no_id."),
};
static const pdm_result_column_info variation_results[] = {
    PDM__RESULT("variation", PDM_TYPE_INT32, "", "Its number."),
    PDM__RESULT("variant", PDM_TYPE_LARGE_UTF8, "", "Its name."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "", "It has the buckets from here …"),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "", "… to here, exclusive."),
    PDM__RESULT("units", PDM_TYPE_INT64, "units", "Units assigned: what srm is asked about."),
};
static const pdm_result_column_info reason_results[] = {
    PDM__RESULT("reason", PDM_TYPE_DICTIONARY, "", "Why units have their variant, or none."),
    PDM__RESULT("units", PDM_TYPE_INT64, "units", "How many."),
};
static const pdm_table_info assign_tables[] = {
    PDM__TABLE("assign", assign_results, "A unit."),
    PDM__TABLE("variations", variation_results, "A variation."),
    PDM__TABLE("reasons", reason_results, "A reason."),
};

/* The plan, with what it points to. */
typedef struct traffic {
    pdm_assignment plan;
    pdm_range ranges[MOST_VARIATIONS];
    double weights[MOST_VARIATIONS];
    const char *names[MOST_VARIATIONS + 1]; /* NULL-terminated */
    char numbers[MOST_VARIATIONS][8];
    pdm_range found[MOST_VARIATIONS]; /* the ranges that hold */
} traffic;

/* ---- reading ---- */

static bool any_given(const pdm__sheet *sheet, int32_t column) {
    for (int64_t i = 0; i < sheet->rows; i++) {
        if (pdm__given(&sheet->columns[column], i)) return true;
    }
    return false;
}

static pdm_status need_all(const pdm__calc *calc, int32_t column, pdm_error *err) {
    const pdm__sheet *sheet = &calc->sheets[IN_VARIATIONS];
    for (int64_t i = 0; i < sheet->rows; i++) {
        if (pdm__given(&sheet->columns[column], i)) continue;
        return pdm__calc_fail(calc, IN_VARIATIONS, column, i, PDM_E_NULL_VALUE, err,
                              "other variations have it, this one has not");
    }
    return PDM_OK;
}

static pdm_status read_variations(const pdm__calc *calc, traffic *t, pdm_error *err) {
    const pdm__sheet *sheet = &calc->sheets[IN_VARIATIONS];
    t->names[0] = "control";
    t->names[1] = "treatment";
    if (sheet->rows == 0) return PDM_OK;
    if (sheet->rows > MOST_VARIATIONS) {
        return pdm__calc_fail(calc, IN_VARIATIONS, -1, -1, PDM_E_LIMIT, err, "%lld variations; up to %d are allowed",
                              (long long)sheet->rows, MOST_VARIATIONS);
    }
    int32_t count = (int32_t)sheet->rows;
    bool ranges = any_given(sheet, VARIATION_LOW) || any_given(sheet, VARIATION_HIGH);
    bool weights = any_given(sheet, VARIATION_WEIGHT);
    if (ranges) PDM__TRY(need_all(calc, VARIATION_LOW, err));
    if (ranges) PDM__TRY(need_all(calc, VARIATION_HIGH, err));
    if (weights) PDM__TRY(need_all(calc, VARIATION_WEIGHT, err));
    for (int32_t i = 0; i < count; i++) {
        (void)snprintf(t->numbers[i], sizeof t->numbers[i], "%d", i);
        t->names[i] = pdm__text_at(&sheet->columns[VARIATION_VARIANT], i, t->numbers[i]);
        t->ranges[i] = (pdm_range){pdm__number(&sheet->columns[VARIATION_LOW], i, 0.0),
                                   pdm__number(&sheet->columns[VARIATION_HIGH], i, 0.0)};
        t->weights[i] = pdm__number(&sheet->columns[VARIATION_WEIGHT], i, 0.0);
    }
    t->names[count] = NULL;
    t->plan.variations = count;
    t->plan.range_count = ranges ? count : 0;
    t->plan.ranges = ranges ? t->ranges : NULL;
    t->plan.weight_count = weights ? count : 0;
    t->plan.weights = weights ? t->weights : NULL;
    return PDM_OK;
}

static pdm_status read_filters(pdm__calc *calc, traffic *t, pdm_error *err) {
    const pdm__sheet *sheet = &calc->sheets[IN_FILTERS];
    pdm_bucket_filter *filters = NULL;
    pdm_range *ranges = NULL;
    PDM__TRY(pdm__calc_array(calc, sheet->rows, sizeof *filters, &filters, err));
    PDM__TRY(pdm__calc_array(calc, sheet->rows, sizeof *ranges, &ranges, err));
    const pdm__values *key = &sheet->columns[FILTER_FILTER];
    for (int64_t i = 0; i < sheet->rows; i++) {
        ranges[i] = (pdm_range){sheet->columns[FILTER_LOW].f64[i], sheet->columns[FILTER_HIGH].f64[i]};
        if (i > 0 && pdm__given(key, i) && pdm__keys_equal(key, i, key, i - 1)) {
            filters[t->plan.filter_count - 1].range_count++;
            continue;
        }
        pdm_bucket_filter *f = &filters[t->plan.filter_count++];
        *f = (pdm_bucket_filter){.seed = sheet->columns[FILTER_SEED].text[i], .ranges = &ranges[i], .range_count = 1};
        PDM__TRY(pdm__calc_choice(calc, IN_FILTERS, FILTER_HASH, i, hash_names, &f->hash, err));
    }
    t->plan.filters = filters;
    return PDM_OK;
}

static pdm_status read_traffic(pdm__calc *calc, traffic *t, pdm_error *err) {
    const pdm_assign_options *chosen = calc->options;
    const pdm__values *cells = calc->sheets[IN_TRAFFIC].columns;
    t->plan = pdm_assignment_default();
    t->plan.hash = chosen->hash;
    t->plan.units = chosen->encoding;
    t->plan.growthbook_compat = chosen->growthbook_compat;
    t->plan.seed = cells[TRAFFIC_SEED].text[0];
    t->plan.coverage = pdm__number(&cells[TRAFFIC_COVERAGE], 0, 1.0);
    t->plan.name_space = pdm__text_at(&cells[TRAFFIC_NAMESPACE], 0, NULL);
    t->plan.name_space_range =
        (pdm_range){pdm__number(&cells[TRAFFIC_LOW], 0, 0.0), pdm__number(&cells[TRAFFIC_HIGH], 0, 1.0)};
    t->plan.holdout_seed = pdm__text_at(&cells[TRAFFIC_HOLDOUT], 0, NULL);
    t->plan.holdout_share = pdm__number(&cells[TRAFFIC_SHARE], 0, 0.0);
    if ((t->plan.holdout_seed == NULL) == (t->plan.holdout_share > 0.0)) {
        int32_t missing = t->plan.holdout_seed == NULL ? TRAFFIC_HOLDOUT : TRAFFIC_SHARE;
        return pdm__calc_fail(calc, IN_TRAFFIC, missing, 0, PDM_E_NULL_VALUE, err,
                              "a holdout has a seed and a share above 0");
    }
    PDM__TRY(read_variations(calc, t, err));
    PDM__TRY(read_filters(calc, t, err));
    pdm_status status = pdm_bucket_ranges(&t->plan, t->found, err);
    bool in_row = status != PDM_OK && err != NULL && err->row >= 0;
    return in_row ? pdm__calc_row_failed(calc, IN_VARIATIONS, err->row, status, err) : status;
}

/* ---- assigning ---- */

/* The texts of a block one after the other; a missing one is empty. */
static pdm_status pack(pdm__calc *calc, const pdm__values *ids, char **bytes, int64_t *offsets, pdm_error *err) {
    size_t total = 0;
    for (int64_t i = 0; i < calc->sheets[IN_UNITS].rows; i++) total += strlen(pdm__text_at(ids, i, ""));
    PDM__TRY(pdm__calc_array(calc, (int64_t)total, 1, bytes, err));
    for (int64_t i = 0; i < calc->sheets[IN_UNITS].rows; i++) {
        const char *id = pdm__text_at(ids, i, "");
        size_t length = strlen(id);
        memcpy(*bytes + offsets[i], id, length);
        offsets[i + 1] = offsets[i] + (int64_t)length;
    }
    return PDM_OK;
}

static pdm_status assign_all(pdm__calc *calc, const pdm_assignment *plan, pdm_assigned *out, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[IN_UNITS];
    const pdm__values *ids = &in->columns[UNIT_UNIT];
    char *bytes = NULL;
    int64_t *offsets = NULL;
    if (ids->text != NULL) {
        PDM__TRY(pdm__calc_array(calc, in->rows, sizeof *offsets, &offsets, err));
        PDM__TRY(pack(calc, ids, &bytes, offsets, err));
    }
    for (int64_t i = 0; i < in->rows; i += BLOCK) {
        size_t count = (size_t)(in->rows - i < BLOCK ? in->rows - i : BLOCK);
        PDM__TRY(pdm__calc_poll(calc, BLOCK, err));
        pdm_status status = ids->text != NULL ? pdm_assign_texts(plan, bytes, offsets + i, count, out + i, err)
                                              : pdm_assign_integers(plan, ids->i64 + i, count, out + i, err);
        bool in_row = status != PDM_OK && err != NULL && err->row >= 0 && strcmp(err->column, "id") == 0;
        if (in_row) return pdm__calc_row_failed(calc, IN_UNITS, i + err->row, status, err);
        if (status != PDM_OK) return status;
    }
    for (int64_t i = 0; i < in->rows; i++) {
        if (!pdm__given(ids, i)) out[i] = (pdm_assigned){PDM__NAN, -1, PDM_ASSIGN_NO_ID};
    }
    return PDM_OK;
}

/* ---- tables ---- */

static pdm_status put_units(pdm__calc *calc, const traffic *t, const pdm_assigned *units, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[IN_UNITS];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[UNIT_UNIT], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm__put_key(&out, 0, i, &in->columns[UNIT_UNIT], i);
        pdm__put_float(&out, 1, i, units[i].n);
        pdm__put_int(&out, 2, i, units[i].variation);
        pdm__put_code(&out, 3, i, units[i].variation, t->names);
        pdm__put_code(&out, 4, i, units[i].reason, reason_names);
    }
    return pdm__rows_end(&out);
}

static pdm_status put_counts(pdm__calc *calc, const traffic *t, const pdm_assigned *units, pdm_error *err) {
    int64_t *assigned = NULL;
    int64_t reasons[PDM_ASSIGN_NO_ID + 1] = {0};
    pdm__rows out;
    PDM__TRY(pdm__calc_array(calc, t->plan.variations, sizeof *assigned, &assigned, err));
    for (int64_t i = 0; i < calc->sheets[IN_UNITS].rows; i++) {
        reasons[units[i].reason]++;
        if (units[i].variation >= 0) assigned[units[i].variation]++;
    }
    PDM__TRY(pdm__rows_begin(calc, 1, t->plan.variations, NULL, &out, err));
    for (int32_t v = 0; v < t->plan.variations; v++) {
        pdm__put_int(&out, 0, v, v);
        pdm__put_text(&out, 1, v, t->names[v]);
        pdm__put_float(&out, 2, v, t->found[v].low);
        pdm__put_float(&out, 3, v, t->found[v].high);
        pdm__put_int(&out, 4, v, assigned[v]);
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, 2, PDM__COUNT(reasons), NULL, &out, err));
    for (int32_t r = 0; r < PDM__COUNT(reasons); r++) {
        pdm__put_code(&out, 0, r, r, reason_names);
        pdm__put_int(&out, 1, r, reasons[r]);
    }
    return pdm__rows_end(&out);
}

static pdm_status assign_run(pdm__calc *calc, pdm_error *err) {
    traffic *t = NULL;
    pdm_assigned *units = NULL;
    PDM__TRY(pdm__calc_array(calc, 1, sizeof *t, &t, err));
    PDM__TRY(pdm__calc_array(calc, calc->sheets[IN_UNITS].rows, sizeof *units, &units, err));
    PDM__TRY(read_traffic(calc, t, err));
    PDM__TRY(assign_all(calc, &t->plan, units, err));
    PDM__TRY(put_units(calc, t, units, err));
    return put_counts(calc, t, units, err);
}

PDM__CALCULATOR(assign, pdm_assign_options, "Assignment", "实验分流",
                "Who sees which variant: the same id and seed give the same answer everywhere and forever.");
