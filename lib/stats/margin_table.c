#include "stats/margin_table.h"

const char *const pdm__margin_questions[] = {"noninferiority", "equivalence", NULL};
const char *const pdm__margin_scales[] = {"lift", "diff", NULL};
const char *const pdm__direction_names[] = {"higher", "lower", NULL};

pdm_status pdm__put_margin(const pdm__calc *calc, pdm__rows *out, int64_t row, const pdm__values *name,
                           const pdm__values *margin, pdm__margin_test test, const void *subject, pdm_error *err) {
    const pdm_margin_test_options *chosen = calc->options;
    bool both = chosen->question == PDM_MARGIN_EQUIVALENCE;
    double alpha = chosen->alpha != 0.0 ? chosen->alpha : both ? 0.05 : 0.025;
    bool sides[2] = {both || chosen->direction == PDM_HIGHER_IS_BETTER,
                     both || chosen->direction == PDM_LOWER_IS_BETTER};
    pdm_test tests[2];
    const pdm_test *decides = NULL;
    if (!(alpha > 0.0 && alpha < 1.0)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "alpha", "expected a number between 0 and 1, got %.17g", alpha);
    }
    if (!pdm__given(margin, row)) {
        pdm_status status = pdm__fail(err, PDM_E_MARGIN_REQUIRED, -1, "margin",
                                      "the margin is missing; how much worse is good enough is a business choice");
        return pdm__calc_row_failed(calc, 0, row, status, err);
    }
    for (int32_t s = 0; s < 2; s++) {
        if (!sides[s]) continue;
        double bound = s == 0 ? -margin->f64[row] : margin->f64[row];
        pdm_status status = test(subject, chosen, s == 0 ? PDM_GREATER : PDM_LESS, bound, &tests[s], err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, row, status, err);
        if (decides == NULL || !(tests[s].p <= decides->p)) decides = &tests[s];
    }
    const double numbers[] = {margin->f64[row],
                              decides->statistic,
                              decides->df,
                              decides->p,
                              decides->log_p,
                              sides[0] ? tests[0].p : PDM__NAN,
                              sides[1] ? tests[1].p : PDM__NAN,
                              alpha};
    pdm__put_key(out, 0, row, name, row);
    for (int32_t i = 0; i < PDM__COUNT(numbers); i++) pdm__put_limit(out, i + 1, row, numbers[i]);
    pdm__put_bool(out, 9, row, decides->p <= alpha);
    if (isnan(decides->p)) pdm__put_null(out, 9, row);
    pdm__put_status(out, 10, row, decides->status, NULL);
    return PDM_OK;
}
