/* Options that every row metric has, described once. */
#ifndef PDM_CORE_COMMON_OPTIONS_H
#define PDM_CORE_COMMON_OPTIONS_H

#include <pdmetrics/metric.h>

static const char *const pdm__null_rows_values[] = {"error", "skip", NULL};
static const char *const pdm__dedupe_values[] = {"none", "event_id", NULL};
static const char *const pdm__zero_denominator_values[] = {"null", "zero", NULL};
static const char *const pdm__naive_time_values[] = {"utc", "local", NULL};

#define PDM__OPTION_ENUM(struct_type, member, names, text)                                                             \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_ENUM,                                                                                          \
     .offset = offsetof(struct_type, member),                                                                          \
     .values = names,                                                                                                  \
     .unit = "",                                                                                                       \
     .doc = text}
#define PDM__OPTION_BOOL(struct_type, member, text)                                                                    \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_BOOL,                                                                                          \
     .offset = offsetof(struct_type, member),                                                                          \
     .maximum = 1,                                                                                                     \
     .unit = "",                                                                                                       \
     .doc = text}

#define PDM__OPTION_COUNT(struct_type, member, low, high, base, of, text)                                              \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_INT32,                                                                                         \
     .offset = offsetof(struct_type, member),                                                                          \
     .minimum = low,                                                                                                   \
     .maximum = high,                                                                                                  \
     .fallback = base,                                                                                                 \
     .unit = of,                                                                                                       \
     .doc = text}
#define PDM__OPTION_TIME(struct_type, member, text)                                                                    \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_TIME,                                                                                          \
     .offset = offsetof(struct_type, member),                                                                          \
     .minimum = -INT64_MAX,                                                                                            \
     .maximum = INT64_MAX,                                                                                             \
     .fallback = PDM_ZERO_INT64,                                                                                       \
     .unit = "µs",                                                                                                     \
     .doc = text}
#define PDM__OPTION_CONF_LEVEL(struct_type)                                                                            \
    {.name = "conf_level",                                                                                             \
     .type = PDM_OPTION_FLOAT,                                                                                         \
     .offset = offsetof(struct_type, conf_level),                                                                      \
     .fallback_float = 0.95,                                                                                           \
     .unit = "",                                                                                                       \
     .doc = "Confidence level of the intervals."}

#define PDM__OPTION_NULL_ROWS(struct_type)                                                                             \
    PDM__OPTION_ENUM(                                                                                                  \
        struct_type, null_rows, pdm__null_rows_values,                                                                 \
        "Rows with null in a column that needs a value: an error that names the row, or skipped and counted.")
#define PDM__OPTION_DEDUPE(struct_type)                                                                                \
    PDM__OPTION_ENUM(                                                                                                  \
        struct_type, dedupe, pdm__dedupe_values,                                                                       \
        "Equal rows are real and all count; or rows with the same event_id count once (the least row stays).")
#define PDM__OPTION_ZERO_DENOMINATOR(struct_type)                                                                      \
    PDM__OPTION_ENUM(struct_type, zero_denominator, pdm__zero_denominator_values, "What a ratio with denominator 0 is.")
#define PDM__OPTION_NAIVE_TIME(struct_type)                                                                            \
    PDM__OPTION_ENUM(struct_type, naive_time, pdm__naive_time_values,                                                  \
                     "Timestamps without a zone are UTC, or wall-clock time of the calendar.")
#define PDM__OPTION_AS_OF(struct_type)                                                                                 \
    PDM__OPTION_TIME(struct_type, as_of,                                                                               \
                     "Instant (inclusive) up to which the data are complete; default the largest row time.")
#define PDM__OPTION_CURRENCY_EXPONENT(struct_type)                                                                     \
    {.name = "currency_exponent",                                                                                      \
     .type = PDM_OPTION_INT32,                                                                                         \
     .offset = offsetof(struct_type, currency_exponent),                                                               \
     .minimum = 0,                                                                                                     \
     .maximum = 9,                                                                                                     \
     .fallback = PDM_ZERO_INT64,                                                                                       \
     .unit = "decimal places",                                                                                         \
     .doc =                                                                                                            \
         "Decimal places of the currency, for decimal (default 2) and float amounts (required). Integers are minor units."}

#endif
