/* Non-inferiority and equivalence: what the calculators of rates and of means share. */
#ifndef PDM_STATS_MARGIN_TABLE_H
#define PDM_STATS_MARGIN_TABLE_H

#include "stats/registry.h"

#include <pdmetrics/stats/calculators.h>

extern const char *const pdm__margin_questions[];
extern const char *const pdm__margin_scales[];
extern const char *const pdm__direction_names[];

#define PDM__MARGIN_OPTIONS                                                                                            \
    PDM__OPTION_STRICT(pdm_margin_test_options),                                                                       \
        PDM__OPTION_ENUM(pdm_margin_test_options, question, pdm__margin_questions,                                     \
                         "Not worse by the margin, or within it both ways (TOST)."),                                   \
        PDM__OPTION_ENUM(pdm_margin_test_options, scale, pdm__margin_scales,                                           \
                         "The margin is a part of the control, or in points."),                                        \
        PDM__OPTION_ENUM(pdm_margin_test_options, direction, pdm__direction_names, "Which way is better."),            \
        PDM__OPTION_FLOAT(pdm_margin_test_options, alpha, 0.0, "",                                                     \
                          "One-sided; default 0.025 for noninferiority, 0.05 for equivalence.")

#define PDM__MARGIN_COLUMNS                                                                                            \
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),                                                               \
        PDM__RESULT("margin", PDM_TYPE_FLOAT64, "as `scale` says", "As given."),                                       \
        PDM__RESULT("statistic", PDM_TYPE_FLOAT64, "",                                                                 \
                    "Of the test that decides (of two the one with the larger p)."),                                   \
        PDM__RESULT("df", PDM_TYPE_FLOAT64, "", "Its degrees of freedom; infinite for z."),                            \
        PDM__RESULT("p", PDM_TYPE_FLOAT64, "", "One-sided p-value; of two tests the larger."),                         \
        PDM__RESULT("log_p", PDM_TYPE_FLOAT64, "", "Its natural logarithm."),                                          \
        PDM__RESULT("p_low", PDM_TYPE_FLOAT64, "", "That the effect is above −margin."),                               \
        PDM__RESULT("p_high", PDM_TYPE_FLOAT64, "", "That it is below +margin; null where not asked."),                \
        PDM__RESULT("alpha", PDM_TYPE_FLOAT64, "", "One-sided."),                                                      \
        PDM__RESULT("shown", PDM_TYPE_BOOL, "", "p ≤ alpha. Not shown does not mean the opposite is."),                \
        PDM__RESULT_STATUS

/* A one-sided test of `subject` against a margin. */
typedef pdm_status (*pdm__margin_test)(const void *subject, const pdm_margin_test_options *chosen, int32_t alternative,
                                       double margin, pdm_test *out, pdm_error *err);

/* Tests row `row` and puts it. */
pdm_status pdm__put_margin(const pdm__calc *calc, pdm__rows *out, int64_t row, const pdm__values *name,
                           const pdm__values *margin, pdm__margin_test test, const void *subject, pdm_error *err);

#endif
