/* The table `effects` of the calculators that compare two arms. */
#ifndef PDM_STATS_EFFECT_TABLE_H
#define PDM_STATS_EFFECT_TABLE_H

#include "stats/registry.h"

#include <pdmetrics/stats/result.h>

/* What stands in a row, whatever was compared. NaN = no value. */
typedef struct pdm__effect {
    double control;
    double treatment;
    double difference;
    pdm_interval interval;
    pdm_test test;
    pdm_lift lift;
    double critical;
    double theta;
    double variance_reduction;
    double balance_p;
} pdm__effect;

extern const char *const pdm__alternative_names[];
extern const char *const pdm__lift_form_names[];

#define PDM__EFFECT_COLUMNS                                                                                            \
    PDM__RESULT("name", PDM_TYPE_NONE, "", "Comparison; its row number if it has no name."),                           \
        PDM__RESULT("control_value", PDM_TYPE_FLOAT64, "as the metric", "Value of the control, unadjusted."),          \
        PDM__RESULT("treatment_value", PDM_TYPE_FLOAT64, "as the metric", "Value of the treatment, unadjusted."),      \
        PDM__RESULT("diff", PDM_TYPE_FLOAT64, "as the metric", "Treatment less control (adjusted by a covariate)."),   \
        PDM__RESULT("se", PDM_TYPE_FLOAT64, "as the metric", "Standard error under the test; null for exact tests."),  \
        PDM__RESULT("df", PDM_TYPE_FLOAT64, "", "Degrees of freedom; infinite for z."),                                \
        PDM__RESULT("critical", PDM_TYPE_FLOAT64, "", "What the se is multiplied with; null for inverted tests."),     \
        PDM__RESULT("statistic", PDM_TYPE_FLOAT64, "", "z, t, χ² or G; null for exact tests."),                        \
        PDM__RESULT("p", PDM_TYPE_FLOAT64, "", "p-value; may underflow to 0."),                                        \
        PDM__RESULT("log_p", PDM_TYPE_FLOAT64, "", "Its natural logarithm, which does not."),                          \
        PDM__RESULT("low", PDM_TYPE_FLOAT64, "as the metric", "Interval of the difference."),                          \
        PDM__RESULT("high", PDM_TYPE_FLOAT64, "as the metric", "Its other end."),                                      \
        PDM__RESULT("status", PDM_TYPE_DICTIONARY, "", "ok, or why cells are null."),                                  \
        PDM__RESULT("lift", PDM_TYPE_FLOAT64, "of |control|", "Relative effect."),                                     \
        PDM__RESULT("lift_low", PDM_TYPE_FLOAT64, "of |control|", "Its confidence set, if that is an interval."),      \
        PDM__RESULT("lift_high", PDM_TYPE_FLOAT64, "of |control|", "Its other end."),                                  \
        PDM__RESULT("lift_status", PDM_TYPE_DICTIONARY, "", "ok, zero_base, unbounded …"),                             \
        PDM__RESULT("lift_form", PDM_TYPE_DICTIONARY, "", "interval, exterior of a gap, or the whole line."),          \
        PDM__RESULT("gap_low", PDM_TYPE_FLOAT64, "of |control|", "Form exterior: the set lies outside this gap."),     \
        PDM__RESULT("gap_high", PDM_TYPE_FLOAT64, "of |control|", "Its other end."),                                   \
        PDM__RESULT("g", PDM_TYPE_FLOAT64, "", "fieller: below 1 the set is an interval; null for other methods."),    \
        PDM__RESULT("lift_se", PDM_TYPE_FLOAT64, "of |control|",                                                       \
                    "delta: standard error of the lift; log: of ln(ratio)."),                                          \
        PDM__RESULT("lift_df", PDM_TYPE_FLOAT64, "", "Degrees of freedom of the set; infinite for z."),                \
        PDM__RESULT("lift_p", PDM_TYPE_FLOAT64, "",                                                                    \
                    "delta and log: their own p-value; else that of the difference holds."),                           \
        PDM__RESULT("lift_log_p", PDM_TYPE_FLOAT64, "", "Its natural logarithm."),                                     \
        PDM__RESULT("theta", PDM_TYPE_FLOAT64, "", "CUPED's coefficient; null without a covariate."),                  \
        PDM__RESULT("variance_reduction", PDM_TYPE_FLOAT64, "of se²", "What the covariate takes off."),                \
        PDM__RESULT("balance_p", PDM_TYPE_FLOAT64, "", "Welch p of the covariate: small, the split may be at fault."), \
        PDM__RESULT("significant", PDM_TYPE_BOOL, "", "The interval excludes 0."),                                     \
        PDM__RESULT("warnings", PDM_TYPE_LARGE_UTF8, "", "low_expected, p_exact; null = none.")

/* Puts row `row`; `name` is the input's column. */
void pdm__put_effect(pdm__rows *out, int64_t row, const pdm__values *name, const pdm__effect *effect);

#endif
