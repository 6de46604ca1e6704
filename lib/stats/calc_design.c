/* Calculators `sample_size`, `power`, `mde`, `more_traffic` and `duration`: planning an experiment. */
#include "stats/registry.h"

#include <pdmetrics/stats/calculators.h>

static const char *const question_names[] = {"difference", "noninferiority", "equivalence", NULL};
static const char *const kind_names[] = {"pooled", "unpooled", "evan_miller", "fleiss_cc", "arcsine", NULL};
static const char *const used_names[] = {"pooled", "unpooled", "evan_miller", "fleiss_cc", "arcsine", "t", "z", NULL};

enum { USED_T = 5, USED_Z = 6 };

#define DESIGN_OPTIONS                                                                                                 \
    PDM__OPTION_STRICT(pdm_design_options),                                                                            \
        PDM__OPTION_ENUM(pdm_design_options, question, question_names,                                                 \
                         "A difference; conversions also: not worse by a margin, or within it."),                      \
        PDM__OPTION_ENUM(pdm_design_options, kind, kind_names,                                                         \
                         "Formula for two conversion rates; the answer depends on it and names it."),                  \
        PDM__OPTION_BOOL(pdm_design_options, one_sided, "Alpha in one tail."),                                         \
        PDM__OPTION_BOOL(pdm_design_options, far_tail, "Adds the chance to be significant in the wrong direction."),   \
        PDM__OPTION_BOOL(pdm_design_options, normal, "Means: normal instead of noncentral t."),                        \
        PDM__OPTION_INT32(pdm_design_options, comparisons, 1, 1000000, 1, "treatments",                                \
                          "Treatments tested against one control: alpha is divided by it."),                           \
        PDM__OPTION_FLOAT(pdm_design_options, alpha, 0.0, "",                                                          \
                          "Level; default 0.05, one-sided 0.025 for noninferiority, 0.05 per side for equivalence."),  \
        PDM__OPTION_FLOAT(pdm_design_options, ratio, 1.0, "of n_control", "n_treatment / n_control.")
#define DESIGN_POWER PDM__OPTION_FLOAT(pdm_design_options, power, 0.8, "", "Power wanted.")

/* Columns of the input `designs`. */
enum { D_NAME, D_P_CONTROL, D_P_TREATMENT, D_DELTA, D_SD_CONTROL, D_SD_TREATMENT, D_MARGIN, D_N_CONTROL };

#define DESIGN_COLUMNS                                                                                                 \
    [D_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Design; default: its row number."),                      \
    [D_P_CONTROL] = PDM__COLUMN_OR_NULL("p_control", PDM_ROLE_FLOAT, "", "Conversion rate of the control."),           \
    [D_P_TREATMENT] = PDM__COLUMN_OR_NULL("p_treatment", PDM_ROLE_FLOAT, "", "Conversion rate of the treatment."),     \
    [D_DELTA] = PDM__COLUMN_OR_NULL("delta", PDM_ROLE_FLOAT, "as the metric", "Means: the difference."),               \
    [D_SD_CONTROL] = PDM__COLUMN_OR_NULL("sd_control", PDM_ROLE_FLOAT, "as the metric",                                \
                                         "Means: standard deviation of a unit of the control."),                       \
    [D_SD_TREATMENT] =                                                                                                 \
        PDM__COLUMN_OR_NULL("sd_treatment", PDM_ROLE_FLOAT, "as the metric", "The treatment's; null = the same."),     \
    [D_MARGIN] = PDM__COLUMN_OR_NULL("margin", PDM_ROLE_FLOAT, "points", "Margin of noninferiority or equivalence.")

static const pdm_column_info size_columns[] = {DESIGN_COLUMNS};
static const pdm_column_info power_columns[] = {
    DESIGN_COLUMNS,
    [D_N_CONTROL] = PDM__COLUMN("n_control", PDM_ROLE_FLOAT, "units", "Units of the control."),
};

/* A row of the input: conversions, or means. */
typedef struct design {
    bool means;
    double p_control;
    double p_treatment;
    double delta;
    double sd_control;
    double sd_treatment;
    double margin;
    double n_control;
} design;

static pdm_status need(const pdm__calc *calc, int64_t row, int32_t column, const char *what, double *out,
                       pdm_error *err) {
    const pdm__values *cells = &calc->sheets[0].columns[column];
    if (!pdm__given(cells, row)) {
        pdm_status code = column == D_MARGIN ? PDM_E_MARGIN_REQUIRED : PDM_E_NULL_VALUE;
        return pdm__calc_fail(calc, 0, column, row, code, err, "%s need%s it", what,
                              what[strlen(what) - 1] == 's' ? "" : "s");
    }
    *out = cells->f64[row];
    return PDM_OK;
}

/* `effect`: what is to be shown is given too; `units`: how many there are. */
static pdm_status read_design(const pdm__calc *calc, int64_t row, bool effect, bool units, design *out,
                              pdm_error *err) {
    const pdm_design_options *chosen = calc->options;
    const pdm__values *cells = calc->sheets[0].columns;
    memset(out, 0, sizeof *out);
    out->means = pdm__given(&cells[D_SD_CONTROL], row);
    if (out->means == pdm__given(&cells[D_P_CONTROL], row)) {
        return pdm__calc_fail(calc, 0, D_P_CONTROL, row, PDM_E_NULL_VALUE, err,
                              "either p_control (conversions) or sd_control (means) is expected");
    }
    if (out->means && chosen->question != PDM_DESIGN_DIFFERENCE) {
        return pdm__calc_fail(calc, 0, D_SD_CONTROL, row, PDM_E_UNSUPPORTED_COMBINATION, err,
                              "question %s is for conversions", question_names[chosen->question]);
    }
    if (units) PDM__TRY(need(calc, row, D_N_CONTROL, "every design", &out->n_control, err));
    if (out->means) {
        out->sd_control = cells[D_SD_CONTROL].f64[row];
        out->sd_treatment = pdm__number(&cells[D_SD_TREATMENT], row, out->sd_control);
        return effect ? need(calc, row, D_DELTA, "means", &out->delta, err) : PDM_OK;
    }
    out->p_control = cells[D_P_CONTROL].f64[row];
    if (chosen->question != PDM_DESIGN_DIFFERENCE)
        PDM__TRY(need(calc, row, D_MARGIN, "this question", &out->margin, err));
    return effect ? need(calc, row, D_P_TREATMENT, "conversions", &out->p_treatment, err) : PDM_OK;
}

static pdm_power_options options_of(const pdm_design_options *chosen) {
    pdm_power_options options = pdm_power_options_default();
    options.kind = chosen->kind;
    options.one_sided = chosen->one_sided;
    options.strict = chosen->far_tail;
    options.normal = chosen->normal;
    options.comparisons = chosen->comparisons;
    options.alpha = chosen->alpha;
    options.power = chosen->power;
    options.ratio = chosen->ratio;
    return options;
}

static double alpha_of(const pdm_design_options *chosen) {
    double usual = chosen->question == PDM_DESIGN_NONINFERIORITY ? 0.025 : 0.05;
    return chosen->alpha != 0.0 ? chosen->alpha : usual;
}

static int32_t used(const design *d, const pdm_plan *answer) { return d->means ? USED_T + answer->kind : answer->kind; }

/* ---- sample_size ---- */

static const pdm_list_info sample_size_inputs[] = {
    PDM__INPUT("designs", size_columns, PDM_INPUT_ROWS, "What is expected; conversions or means.")};
static const pdm__column_rule sample_size_rules[] = {PDM__NO_RULE};
static const pdm_option_info sample_size_options[] = {DESIGN_OPTIONS, DESIGN_POWER};
static const pdm_result_column_info size_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("n_control", PDM_TYPE_INT64, "units", "Units of the control, rounded up."),
    PDM__RESULT("n_treatment", PDM_TYPE_INT64, "units", "Units of each treatment, rounded up."),
    PDM__RESULT("n_total", PDM_TYPE_INT64, "units", "All arms: the control and `comparisons` treatments."),
    PDM__RESULT("exact", PDM_TYPE_FLOAT64, "units", "n_control before rounding."),
    PDM__RESULT("kind", PDM_TYPE_DICTIONARY, "", "Formula used."),
    PDM__RESULT("alpha", PDM_TYPE_FLOAT64, "", "Level asked for."),
    PDM__RESULT("power", PDM_TYPE_FLOAT64, "", "Power asked for."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info sample_size_tables[] = {PDM__TABLE("answers", size_results, "A design.")};

static pdm_status find_size(const design *d, int32_t question, const pdm_power_options *options, pdm_plan *out,
                            pdm_error *err) {
    if (d->means) return pdm_sample_means(d->delta, d->sd_control, d->sd_treatment, options, out, err);
    if (question == PDM_DESIGN_NONINFERIORITY)
        return pdm_sample_noninferiority(d->p_control, d->p_treatment, d->margin, options, out, err);
    if (question == PDM_DESIGN_EQUIVALENCE)
        return pdm_sample_equivalence(d->p_control, d->p_treatment, d->margin, options, out, err);
    return pdm_sample_proportions(d->p_control, d->p_treatment, options, out, err);
}

static pdm_status sample_size_run(pdm__calc *calc, pdm_error *err) {
    const pdm_design_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm_power_options options = options_of(chosen);
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[D_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        design d;
        pdm_plan answer;
        PDM__TRY(read_design(calc, i, true, false, &d, err));
        pdm_status status = find_size(&d, chosen->question, &options, &answer, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        bool known = !isnan(answer.value);
        double treatment = known ? ceil(answer.value * chosen->ratio) : 0.0;
        const int64_t units[] = {answer.whole, (int64_t)treatment,
                                 answer.whole + chosen->comparisons * (int64_t)treatment};
        pdm__put_key(&out, 0, i, &in->columns[D_NAME], i);
        for (int32_t c = 0; c < 3; c++) {
            pdm__put_int(&out, c + 1, i, units[c]);
            if (!known) pdm__put_null(&out, c + 1, i);
        }
        pdm__put_float(&out, 4, i, answer.value);
        pdm__put_code(&out, 5, i, used(&d, &answer), used_names);
        pdm__put_float(&out, 6, i, alpha_of(chosen));
        pdm__put_float(&out, 7, i, chosen->power);
        pdm__put_status(&out, 8, i, answer.status, "no number of units shows it");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(sample_size, pdm_design_options, "Sample size", "样本量",
                "How many units an experiment needs to see an effect.");

/* ---- power ---- */

static const pdm_list_info power_inputs[] = {
    PDM__INPUT("designs", power_columns, PDM_INPUT_ROWS, "What is expected, with how many units.")};
static const pdm__column_rule power_rules[] = {PDM__NO_RULE};
static const pdm_option_info power_options[] = {DESIGN_OPTIONS};
static const pdm_result_column_info power_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("n_control", PDM_TYPE_FLOAT64, "units", "As given."),
    PDM__RESULT("power", PDM_TYPE_FLOAT64, "", "Chance to show it."),
    PDM__RESULT("kind", PDM_TYPE_DICTIONARY, "", "Formula used."),
    PDM__RESULT("alpha", PDM_TYPE_FLOAT64, "", "Level asked for."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info power_tables[] = {PDM__TABLE("answers", power_results, "A design.")};

static pdm_status find_power(const design *d, int32_t question, const pdm_power_options *options, pdm_plan *out,
                             pdm_error *err) {
    if (d->means) return pdm_power_means(d->delta, d->sd_control, d->sd_treatment, d->n_control, options, out, err);
    if (question == PDM_DESIGN_EQUIVALENCE)
        return pdm_power_equivalence(d->p_control, d->p_treatment, d->margin, d->n_control, options, out, err);
    if (question == PDM_DESIGN_NONINFERIORITY) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "question",
                         "the power of noninferiority is not offered; sample_size plans it");
    }
    return pdm_power_proportions(d->p_control, d->p_treatment, d->n_control, options, out, err);
}

static pdm_status power_run(pdm__calc *calc, pdm_error *err) {
    const pdm_design_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm_power_options options = options_of(chosen);
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[D_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        design d;
        pdm_plan answer;
        PDM__TRY(read_design(calc, i, true, true, &d, err));
        pdm_status status = find_power(&d, chosen->question, &options, &answer, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        pdm__put_key(&out, 0, i, &in->columns[D_NAME], i);
        pdm__put_float(&out, 1, i, d.n_control);
        pdm__put_float(&out, 2, i, answer.value);
        pdm__put_code(&out, 3, i, used(&d, &answer), used_names);
        pdm__put_float(&out, 4, i, alpha_of(chosen));
        pdm__put_status(&out, 5, i, answer.status, NULL);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(power, pdm_design_options, "Power", "检验功效",
                "How likely an experiment of a given size sees an effect.");

/* ---- mde ---- */

static const pdm_list_info mde_inputs[] = {
    PDM__INPUT("designs", power_columns, PDM_INPUT_ROWS, "The control's rate or spread, and how many units.")};
static const pdm__column_rule mde_rules[] = {PDM__NO_RULE};
static const pdm_option_info mde_options[] = {
    DESIGN_OPTIONS,
    DESIGN_POWER,
    PDM__OPTION_BOOL(pdm_design_options, downwards, "Conversions: the rate below the control's."),
};
static const pdm_result_column_info mde_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("n_control", PDM_TYPE_FLOAT64, "units", "As given."),
    PDM__RESULT("mde", PDM_TYPE_FLOAT64, "as the metric", "Smallest difference that is seen with the power wanted."),
    PDM__RESULT("mde_rel", PDM_TYPE_FLOAT64, "of p_control", "The same as a part of the control's rate."),
    PDM__RESULT("p_treatment", PDM_TYPE_FLOAT64, "", "Conversions: the rate it leads to."),
    PDM__RESULT("kind", PDM_TYPE_DICTIONARY, "", "Formula used."),
    PDM__RESULT("alpha", PDM_TYPE_FLOAT64, "", "Level asked for."),
    PDM__RESULT("power", PDM_TYPE_FLOAT64, "", "Power asked for."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info mde_tables[] = {PDM__TABLE("answers", mde_results, "A design.")};

static pdm_status mde_run(pdm__calc *calc, pdm_error *err) {
    const pdm_design_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm_power_options options = options_of(chosen);
    pdm__rows out;
    if (chosen->question != PDM_DESIGN_DIFFERENCE) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "question",
                         "a smallest effect is asked of a difference only");
    }
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[D_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        design d;
        pdm_plan answer;
        PDM__TRY(read_design(calc, i, false, true, &d, err));
        pdm_status status =
            d.means ? pdm_mde_means(d.sd_control, d.sd_treatment, d.n_control, &options, &answer, err)
                    : pdm_mde_proportions(d.p_control, d.n_control, chosen->downwards == 0, &options, &answer, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        double difference = d.means ? answer.value : answer.value - d.p_control;
        pdm__put_key(&out, 0, i, &in->columns[D_NAME], i);
        pdm__put_float(&out, 1, i, d.n_control);
        pdm__put_float(&out, 2, i, difference);
        pdm__put_float(&out, 3, i, d.means ? PDM__NAN : difference / d.p_control);
        pdm__put_float(&out, 4, i, d.means ? PDM__NAN : answer.value);
        pdm__put_code(&out, 5, i, used(&d, &answer), used_names);
        pdm__put_float(&out, 6, i, alpha_of(chosen));
        pdm__put_float(&out, 7, i, chosen->power);
        pdm__put_status(&out, 8, i, answer.status, "no effect is large enough");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(mde, pdm_design_options, "Minimum detectable effect", "最小可检测提升",
                "The smallest effect that an experiment of a given size sees.");

/* ---- more_traffic ---- */

enum { MORE_NAME, MORE_EFFECT, MORE_SE };

static const pdm_column_info more_columns[] = {
    [MORE_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: its row number."),
    [MORE_EFFECT] = PDM__COLUMN("effect", PDM_ROLE_FLOAT, "as the metric", "Effect to be seen, not 0."),
    [MORE_SE] = PDM__COLUMN("se", PDM_ROLE_FLOAT, "as the metric", "Its standard error now."),
};
static const pdm_list_info more_traffic_inputs[] = {
    PDM__INPUT("effects", more_columns, PDM_INPUT_ROWS, "Running comparisons.")};
static const pdm__column_rule more_traffic_rules[] = {PDM__NO_RULE};
static const pdm_option_info more_traffic_options[] = {
    PDM__OPTION_STRICT(pdm_design_options),
    PDM__OPTION_FLOAT(pdm_design_options, alpha, 0.05, "", "Level, both tails."),
    DESIGN_POWER,
};
static const pdm_result_column_info more_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("factor", PDM_TYPE_FLOAT64, "of the traffic so far", "Traffic still needed; 0 = there is enough."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info more_traffic_tables[] = {PDM__TABLE("answers", more_results, "A comparison.")};

static pdm_status more_traffic_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm_power_options options = options_of(calc->options);
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[MORE_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_plan answer;
        pdm_status status =
            pdm_more_traffic(in->columns[MORE_EFFECT].f64[i], in->columns[MORE_SE].f64[i], &options, &answer, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        pdm__put_key(&out, 0, i, &in->columns[MORE_NAME], i);
        pdm__put_float(&out, 1, i, answer.value);
        pdm__put_status(&out, 2, i, answer.status, NULL);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(more_traffic, pdm_design_options, "Traffic still needed", "还需流量",
                "How much more traffic a running experiment needs to see an effect.");

/* ---- duration ---- */

enum { DURATION_NAME, DURATION_TOTAL, DURATION_PER_DAY, DURATION_SHARE };

static const pdm_column_info duration_columns[] = {
    [DURATION_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Experiment; default: its row number."),
    [DURATION_TOTAL] = PDM__COLUMN("n_total", PDM_ROLE_FLOAT, "units", "Units needed in all arms."),
    [DURATION_PER_DAY] = PDM__COLUMN("units_per_day", PDM_ROLE_FLOAT, "units a day", "New units that come."),
    [DURATION_SHARE] =
        PDM__COLUMN_OR_NULL("share", PDM_ROLE_FLOAT, "of units", "Share that takes part (coverage); null = 1."),
};
static const pdm_list_info duration_inputs[] = {
    PDM__INPUT("tests", duration_columns, PDM_INPUT_ROWS, "Experiments and their traffic.")};
static const pdm__column_rule duration_rules[] = {PDM__NO_RULE};
static const pdm_option_info duration_options[] = {
    PDM__OPTION_STRICT(pdm_duration_options),
    PDM__OPTION_BOOL(pdm_duration_options, whole_weeks, "Up to full weeks, so that every weekday counts alike."),
};
static const pdm_result_column_info duration_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("days", PDM_TYPE_INT64, "days", "Days, rounded up."),
    PDM__RESULT("exact", PDM_TYPE_FLOAT64, "days", "Before rounding."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info duration_tables[] = {PDM__TABLE("answers", duration_results, "An experiment.")};

static pdm_status duration_run(pdm__calc *calc, pdm_error *err) {
    const pdm_duration_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[DURATION_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_plan answer;
        pdm_status status = pdm_plan_duration(in->columns[DURATION_TOTAL].f64[i], in->columns[DURATION_PER_DAY].f64[i],
                                              pdm__number(&in->columns[DURATION_SHARE], i, 1.0),
                                              chosen->whole_weeks != 0, &answer, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        pdm__put_key(&out, 0, i, &in->columns[DURATION_NAME], i);
        pdm__put_int(&out, 1, i, answer.whole);
        if (isnan(answer.value)) pdm__put_null(&out, 1, i);
        pdm__put_float(&out, 2, i, answer.value);
        pdm__put_status(&out, 3, i, answer.status, "nobody comes");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(duration, pdm_duration_options, "Duration of an experiment", "实验周期",
                "How many days an experiment takes with the traffic there is.");
