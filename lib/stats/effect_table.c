#include "stats/effect_table.h"

const char *const pdm__alternative_names[] = {"two_sided", "greater", "less", NULL};
const char *const pdm__lift_form_names[] = {"interval", "exterior", "whole_line", NULL};

static const char *warning_text(int32_t warnings) {
    bool low = (warnings & PDM_WARNING_LOW_EXPECTED) != 0;
    bool exact = (warnings & PDM_WARNING_P_EXACT) != 0;
    return low && exact ? "low_expected, p_exact" : low ? "low_expected" : exact ? "p_exact" : NULL;
}

void pdm__put_effect(pdm__rows *out, int64_t row, const pdm__values *name, const pdm__effect *e) {
    const double numbers[] = {e->control,    e->treatment,    e->difference,     e->test.se,
                              e->test.df,    e->critical,     e->test.statistic, e->test.p,
                              e->test.log_p, e->interval.low, e->interval.high};
    const double lift[] = {e->lift.lift, e->lift.low, e->lift.high};
    const double rest[] = {
        e->lift.gap_low, e->lift.gap_high,      e->lift.g,   e->lift.se, e->lift.df, e->lift.p, e->lift.log_p,
        e->theta,        e->variance_reduction, e->balance_p};
    int32_t c = 0;
    pdm__put_key(out, c++, row, name, row);
    for (int32_t i = 0; i < PDM__COUNT(numbers); i++) pdm__put_limit(out, c++, row, numbers[i]);
    pdm__put_status(out, c++, row, e->test.status != PDM_STATUS_OK ? e->test.status : e->interval.status, NULL);
    for (int32_t i = 0; i < PDM__COUNT(lift); i++) pdm__put_limit(out, c++, row, lift[i]);
    pdm__put_code(out, c++, row, e->lift.status, pdm__row_status_names);
    pdm__put_code(out, c++, row, isnan(e->lift.lift) && isnan(e->lift.low) ? -1 : e->lift.form, pdm__lift_form_names);
    for (int32_t i = 0; i < PDM__COUNT(rest); i++) pdm__put_limit(out, c++, row, rest[i]);
    bool known = !isnan(e->interval.low) && !isnan(e->interval.high);
    pdm__put_bool(out, c, row, known && (e->interval.low > 0.0 || e->interval.high < 0.0));
    if (!known) pdm__put_null(out, c, row);
    pdm__put_text(out, c + 1, row, warning_text(e->test.warnings));
}
