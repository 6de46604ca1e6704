/**
 * @file money.h
 * @defgroup core_money Money
 * @ingroup core
 * @brief Money is int64 minor units (分). These turn other notations into it exactly, or say that it is not possible.
 * @{
 */
#ifndef PDMETRICS_MONEY_H
#define PDMETRICS_MONEY_H

#include <pdmetrics/status.h>

PDM_BEGIN_DECLS

/**
 * Minor units of the amount @p value with @p exponent decimal places (2 for yuan and 分): 5.05 → 505. Exact: @p value must be the
 * double nearest to a whole number of minor units.
 * Errors: PDM_E_BAD_VALUE (NaN, infinite, a fraction of a minor unit), PDM_E_OVERFLOW, PDM_E_ARGUMENT (exponent outside 0…9).
 */
PDM_API pdm_status pdm_money_from_double(double value, int32_t exponent, int64_t *minor, pdm_error *err);

/**
 * Minor units of the decimal high·2^64 + low (two's complement) scaled by 10^−scale.
 * Errors: PDM_E_BAD_VALUE (a fraction of a minor unit), PDM_E_OVERFLOW, PDM_E_ARGUMENT (exponent outside 0…9, scale outside −38…38).
 */
PDM_API pdm_status pdm_money_from_decimal(uint64_t low, int64_t high, int32_t scale, int32_t exponent, int64_t *minor,
                                          pdm_error *err);

/**
 * Minor units of a text such as "-1,234.50", "¥12", "￥1,200.00元" or "(3.10)" (accounting negative): an optional sign, an optional
 * currency mark, digits with optional thousands separators, at most @p exponent decimals (more only if they are zeros).
 * Errors: PDM_E_BAD_VALUE (anything else), PDM_E_OVERFLOW, PDM_E_ARGUMENT.
 */
PDM_API pdm_status pdm_money_parse(const char *text, size_t length, int32_t exponent, int64_t *minor, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
