/**
 * @file season.h
 * @defgroup plan_season Seasonality and phasing
 * @ingroup plan
 * @brief Seasonality and phasing (季节指数与节奏): what share of a year falls into which period, and on which day.
 *
 * Calculators (inputs → tables):
 * - `seasonal_index`: history(value), or indices made elsewhere → index(period, raw, index), summary(factor, years, single_year).
 * - `seasonal_split`: target(total, growth), index(period, index) → split(period, weight, amount), summary.
 * - `growth`: rows(name, base, growth, periods) → growth(target, per_period, compound).
 * - `event_days`: target(total, first_day, last_day), weekdays(weekday, weight), events(event, start, end, multiplier) → days, summary.
 * - `s_curve`: target(total), optional → points(step, u, cumulative, increment).
 * - `denton`: indicator(value), annual(total) → periods(period, year, indicator, value, ratio), years(total, closure).
 *
 * Days are local calendar days; a date is a date32, or any instant of it in UTC. Moving feasts (CNY 春节) are listed year by year by
 * the caller. Methods: ratio to moving average as in Hyndman & Athanasopoulos, Forecasting, 3.4; benchmarking as Denton 1971 with
 * Cholette's 1984 start, first differences.
 * @{
 */
#ifndef PDMETRICS_PLAN_SEASON_H
#define PDMETRICS_PLAN_SEASON_H

#include <pdmetrics/calculator.h>

/** How a seasonal index is made. */
typedef enum pdm_seasonal_method {
    PDM_SEASONAL_MEAN_RATIO = 0,    /**< mean over the years of period / mean of its year [default] */
    PDM_SEASONAL_RATIO_OF_SUMS = 1, /**< sum of the period / mean of all */
    PDM_SEASONAL_CMA = 2,           /**< ratio to the centred moving average; needs two years */
    PDM_SEASONAL_NORMALISE = 3      /**< the values are raw indices; they are only normalised */
} pdm_seasonal_method;

/** Options of `seasonal_index`. */
typedef struct pdm_seasonal_index_options {
    uint32_t struct_size;  /**< sizeof(pdm_seasonal_index_options) */
    int32_t strict;        /**< row statuses fail the call */
    int32_t method;        /**< ::pdm_seasonal_method */
    int32_t season_length; /**< periods of a year, 2 or more, 0 = 12 */
    double base;           /**< what the indices average to, 0 = 1 (100 for percentages) */
} pdm_seasonal_index_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_seasonal_index_options pdm_seasonal_index_options_default(void) {
    pdm_seasonal_index_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `seasonal_split`. */
typedef struct pdm_seasonal_split_options {
    uint32_t struct_size; /**< sizeof(pdm_seasonal_split_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t exact_int;    /**< 1 = whole amounts by largest remainders */
} pdm_seasonal_split_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_seasonal_split_options pdm_seasonal_split_options_default(void) {
    pdm_seasonal_split_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `event_days`. */
typedef struct pdm_event_days_options {
    uint32_t struct_size; /**< sizeof(pdm_event_days_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t exact_int;    /**< 1 = whole amounts by largest remainders */
} pdm_event_days_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_event_days_options pdm_event_days_options_default(void) {
    pdm_event_days_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `s_curve`. */
typedef struct pdm_s_curve_options {
    uint32_t struct_size; /**< sizeof(pdm_s_curve_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t steps;        /**< number of periods n, 0 = 10; there are n + 1 points */
    int32_t reserved;     /**< 0 */
    double steepness;     /**< k > 0, 0 = 10 */
    double midpoint;      /**< m in (0, 1), 0 = 0.5 */
} pdm_s_curve_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_s_curve_options pdm_s_curve_options_default(void) {
    pdm_s_curve_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** What is kept smooth. */
typedef enum pdm_denton_method {
    PDM_DENTON_PROPORTIONAL = 0, /**< the ratio to the indicator: least Σ(x_t/z_t − x_{t−1}/z_{t−1})² [default] */
    PDM_DENTON_ADDITIVE = 1,     /**< the difference: least Σ((x_t − z_t) − (x_{t−1} − z_{t−1}))² */
    PDM_DENTON_PRO_RATA = 2      /**< nothing: each year by its own ratio, for comparison */
} pdm_denton_method;

/** Options of `denton`. */
typedef struct pdm_denton_options {
    uint32_t struct_size;  /**< sizeof(pdm_denton_options) */
    int32_t strict;        /**< row statuses fail the call */
    int32_t method;        /**< ::pdm_denton_method */
    int32_t season_length; /**< periods of a year, 1 or more, 0 = 12 */
} pdm_denton_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_denton_options pdm_denton_options_default(void) {
    pdm_denton_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** @} */
#endif
