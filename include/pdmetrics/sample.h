/**
 * @file sample.h
 * @defgroup core_sample Sample data
 * @ingroup core
 * @brief Sample data: a simulated private domain of a beauty brand, with planted truths.
 *
 * For trying things out, for examples, tests and benchmarks. What is planted, and where an analysis should find it, is written in
 * docs/guide/sample-data.md and in the result's table `truths`.
 * @{
 */
#ifndef PDMETRICS_SAMPLE_H
#define PDMETRICS_SAMPLE_H

#include <pdmetrics/context.h>
#include <pdmetrics/table.h>

/** Start of the data, 2024-01-01 00:00 in China (+08:00), µs since the epoch. */
#define PDM_SAMPLE_FROM INT64_C(1704038400000000)
/** End of the data (exclusive) and the day to look back from: 2026-01-01 00:00 in China (+08:00), µs since the epoch. */
#define PDM_SAMPLE_AS_OF INT64_C(1767196800000000)
/** Offset of the local clock of the data, seconds east of UTC. */
#define PDM_SAMPLE_UTC_OFFSET_S 28800

/** Options of the simulator. */
typedef struct pdm_sample_options {
    uint32_t struct_size; /**< sizeof(pdm_sample_options) */
    int32_t reserved;     /**< 0 */
    int64_t customers;    /**< 1…50 000 000, 0 = 10 000; about 60 rows each in all tables together */
    uint64_t seed;        /**< any number */
} pdm_sample_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_sample_options pdm_sample_options_default(void) {
    pdm_sample_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/**
 * Simulates. The result's tables: orders (main), events, touches, friends, invitations, assignments, targets, truths. The first six
 * are sorted by time, customers of the same second by number. @p options may be NULL.
 *
 * Deterministic: the same customers and seed give the same rows, bit for bit, on every machine. A smaller world is a part of a larger
 * one of the same seed: it has the same rows of its customers in the same order (tables targets and truths, which add up, aside).
 *
 * O(rows). Memory: the result and 32 bytes for each row of its largest table. Progress counts customers: seven times each.
 * Errors: PDM_E_BAD_OPTION, PDM_E_ARGUMENT (@p out NULL), PDM_E_STOPPED, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_sample_private_domain(pdm_context *context, const pdm_sample_options *options, pdm_result **out,
                                             pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
