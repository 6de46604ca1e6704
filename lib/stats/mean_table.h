/* What the calculators of means share: options, the row of the table `effects`, errors. */
#ifndef PDM_STATS_MEAN_TABLE_H
#define PDM_STATS_MEAN_TABLE_H

#include "stats/effect_table.h"

#include <pdmetrics/stats/calculators.h>

extern const char *const pdm__mean_lift_names[];
extern const char *const pdm__theta_names[];

#define PDM__MEAN_OPTIONS                                                                                              \
    PDM__OPTION_STRICT(pdm_mean_test_options),                                                                         \
        PDM__OPTION_ENUM(pdm_mean_test_options, alternative, pdm__alternative_names,                                   \
                         "What is shown: that they differ, that the treatment is greater, or less."),                  \
        PDM__OPTION_BOOL(pdm_mean_test_options, equal_var, "Pooled variance instead of Welch's test."),                \
        PDM__OPTION_BOOL(pdm_mean_test_options, normal, "Normal critical values instead of Student's."),               \
        PDM__OPTION_ENUM(pdm_mean_test_options, lift, pdm__mean_lift_names, "Confidence set of the lift."),            \
        PDM__OPTION_ENUM(pdm_mean_test_options, theta, pdm__theta_names,                                               \
                         "CUPED's coefficient: from both arms thrown together (auto for means), or from the sums "     \
                         "within the arms (auto for ratios)."),                                                        \
        PDM__OPTION_BOOL(pdm_mean_test_options, unchecked, "Impossible moments pass."),                                \
        PDM__OPTION_FLOAT(pdm_mean_test_options, conf_level, 0.95, "", "Confidence level.")

/* The options of a comparison; `ratio`: of ratios, for which theta "auto" is another. */
pdm_mean_options pdm__mean_options_of(const pdm_mean_test_options *chosen, bool ratio);

/* Puts row `row`; `name` is the input's column. */
void pdm__put_mean(pdm__rows *out, int64_t row, const pdm__values *name, const pdm_mean_effect *effect);

/* What a function said of the moments in one row. It names one code for everything that is no number; here it is known to be the moments. */
pdm_status pdm__moments_failed(const pdm__calc *calc, int64_t row, pdm_status status, pdm_error *err);

#endif
