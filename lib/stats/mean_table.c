#include "stats/mean_table.h"

const char *const pdm__mean_lift_names[] = {"fieller", "delta", "log", NULL};
const char *const pdm__theta_names[] = {"auto", "total", "within", NULL};

pdm_mean_options pdm__mean_options_of(const pdm_mean_test_options *chosen, bool ratio) {
    pdm_mean_options options = pdm_mean_options_default();
    options.alternative = chosen->alternative;
    options.equal_var = chosen->equal_var;
    options.normal = chosen->normal;
    options.lift = chosen->lift;
    options.theta = chosen->theta == 0 ? (ratio ? PDM_THETA_WITHIN : PDM_THETA_TOTAL) : chosen->theta - 1;
    options.unchecked = chosen->unchecked;
    options.conf_level = chosen->conf_level;
    return options;
}

void pdm__put_mean(pdm__rows *out, int64_t row, const pdm__values *name, const pdm_mean_effect *e) {
    pdm__effect effect = {.control = e->control,
                          .treatment = e->treatment,
                          .difference = e->difference,
                          .interval = {.low = e->low, .high = e->high, .status = e->status},
                          .test = {.statistic = e->statistic,
                                   .se = e->se,
                                   .df = e->df,
                                   .p = e->p,
                                   .log_p = e->log_p,
                                   .status = e->status,
                                   .warnings = e->warnings},
                          .lift = e->lift,
                          .critical = e->critical,
                          .theta = e->theta,
                          .variance_reduction = e->variance_reduction,
                          .balance_p = e->balance_p};
    pdm__put_effect(out, row, name, &effect);
}

pdm_status pdm__moments_failed(const pdm__calc *calc, int64_t row, pdm_status status, pdm_error *err) {
    return pdm__calc_row_failed(calc, 0, row, status == PDM_E_BAD_VALUE ? PDM_E_BAD_MOMENTS : status, err);
}
