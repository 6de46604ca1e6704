/**
 * @file group_sequential.h
 * @defgroup stats_group_sequential Group-sequential looks
 * @ingroup stats
 * @brief A few planned looks at a running experiment: how far the statistic must be out at each so that all together keep alpha.
 *
 * Looks come at information t_k = units so far / units planned. A spending function says how much of alpha may be used up by then, the
 * bounds follow from the joint distribution of the statistics (Lan & DeMets 1983); neither the number of looks nor their times need be
 * known before. Stop where |z| ≥ bound: the score z of conversions, for means the t whose tail is that of the bound (`nominal_p`).
 * Intervals that agree: pdm_proportion_difference_at() and _lift_at(), pdm_mean_options::critical_z.
 *
 * Method: the density of √t·Z on the region where one goes on, look by look, by Gauss–Legendre quadrature (Armitage, McPherson & Rowe
 * 1969); bounds to 1e-9. Tiny spends are handled by their logarithm: no bound is cut at 8. Work memory comes from the context
 * (NULL = default). Cost: some 10 µs for a look among five, some ms among hundreds.
 * @{
 */
#ifndef PDMETRICS_STATS_GROUP_SEQUENTIAL_H
#define PDMETRICS_STATS_GROUP_SEQUENTIAL_H

#include <pdmetrics/context.h>
#include <pdmetrics/stats/result.h>

/** How alpha is spent over information t. a is what one side may spend: alpha/2, or alpha where only one side is watched. */
typedef enum pdm_spending {
    PDM_SPENDING_OBRIEN_FLEMING = 0, /**< 2Q(z_{a/2}/√t), strict at first (Lan & DeMets 1983) [default] */
    PDM_SPENDING_POCOCK = 1,         /**< a·ln(1 + (e − 1)t), about the same bound at every look (likewise) */
    PDM_SPENDING_POWER = 2,          /**< a·t^parameter (Kim & DeMets 1987) */
    PDM_SPENDING_HWANG = 3           /**< a·(1 − e^{−parameter·t})/(1 − e^{−parameter}) (Hwang, Shih & DeCani 1990) */
} pdm_spending;

/** Options of alpha-spending; all-zero is every default. */
typedef struct pdm_spending_options {
    uint32_t struct_size; /**< sizeof(pdm_spending_options) */
    int32_t spending;     /**< ::pdm_spending */
    int32_t alternative;  /**< ::pdm_alternative: symmetric bounds, or one bound (its sign is left to the reader) */
    int32_t
        total; /**< 1 = two-sided: the function spends alpha and each side gets half (as ExpAn); 0 = each side spends alpha/2 */
    double alpha;     /**< in (0, 1); 0 = 0.05 */
    double parameter; /**< power: the exponent > 0 (0 = 1); Hwang: any finite number, 0 = linear */
} pdm_spending_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_spending_options pdm_spending_options_default(void) {
    pdm_spending_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** One look. Frozen. */
typedef struct pdm_look {
    double info;            /**< t */
    double z;               /**< the bound, symmetric unless one-sided */
    double nominal_p;       /**< p-value of a statistic on the bound, by the alternative; may underflow to 0 … */
    double log_nominal_p;   /**< … its natural logarithm does not */
    double alpha_spent;     /**< up to and with this look, of one side */
    double log_alpha_spent; /**< its natural logarithm */
} pdm_look;

PDM_BEGIN_DECLS

/**
 * Bounds of @p count looks at rising information @p info > 0. The look with t ≥ 1 is the last one and spends the rest. options NULL =
 * defaults. Errors: PDM_E_BAD_LOOKS (information that does not rise, or by less than 1e-6 of itself; row = the look),
 * PDM_E_AFTER_FINAL (a look after the last; row), PDM_E_BAD_OPTION, PDM_E_NOMEM, PDM_E_LIMIT (more than 10 000 looks).
 */
PDM_API pdm_status pdm_group_bounds(pdm_context *context, const double *info, int32_t count,
                                    const pdm_spending_options *options, pdm_look *looks, pdm_error *err);

/**
 * Classic bounds z_k = C·(k/K)^{shape − ½} of @p count equally spaced looks, two-sided at @p alpha: @p shape ½ = Pocock (1977), 0 =
 * O'Brien & Fleming (1979), between them Wang & Tsiatis (1987). @p shape in [−½, 1]. C is the bound of the last look. Errors as above.
 */
PDM_API pdm_status pdm_group_classic(pdm_context *context, int32_t count, double shape, double alpha, pdm_look *looks,
                                     pdm_error *err);

/**
 * Probability to cross the upper bounds (@p upper) and, two-sided, the lower ones (@p lower) up to the last of @p looks when E Z_k =
 * @p drift·√t_k. Either may be NULL. Errors as above (bounds may be any number above 0).
 */
PDM_API pdm_status pdm_group_crossing(pdm_context *context, const pdm_look *looks, int32_t count, int32_t alternative,
                                      double drift, double *upper, double *lower, pdm_error *err);

/**
 * By what the units of a fixed test at @p alpha must be multiplied so that these looks have its @p power (through the upper bounds):
 * (drift/(z_{alpha/2} + z_{1−power}))², z_alpha for one side. power in (alpha, 1). Errors as above.
 */
PDM_API pdm_status pdm_group_inflation(pdm_context *context, const pdm_look *looks, int32_t count, int32_t alternative,
                                       double alpha, double power, double *inflation, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
