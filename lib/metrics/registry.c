#include "metrics/registry.h"

/* clang-format off */
static const pdm_metric *const metrics[] = {
    &pdm__metric_activity,
    &pdm__metric_actuals,
    &pdm__metric_attribution,
    &pdm__metric_credit,
    &pdm__metric_experiment,
    &pdm__metric_funnel,
    &pdm__metric_lifecycle,
    &pdm__metric_repurchase,
    &pdm__metric_retention,
    &pdm__metric_retention_array,
    &pdm__metric_rfm,
    &pdm__metric_tiers,
};
/* clang-format on */

#define METRIC_COUNT ((int32_t)(sizeof metrics / sizeof metrics[0]))

int32_t pdm_metric_count(void) { return METRIC_COUNT; }

const pdm_metric *pdm_metric_at(int32_t index) { return index >= 0 && index < METRIC_COUNT ? metrics[index] : NULL; }

const pdm_metric *pdm_metric_find(const char *name) {
    for (int32_t i = 0; name != NULL && i < METRIC_COUNT; i++) {
        if (strcmp(metrics[i]->name, name) == 0) return metrics[i];
    }
    return NULL;
}
