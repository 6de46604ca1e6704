/**
 * @file state.h
 * @defgroup state States
 * @brief The life of every row metric: options → state → update · merge · serialize → result.
 *
 * A state is exact and mergeable: cut the rows any way, feed them in any order, on any number of threads or machines, serialise and
 * restore in between, and the result is the same to the last bit.
 *
 * A failed call leaves its object as it was. Calls on different states may run in parallel; a second call on a state that is in
 * use returns PDM_E_BUSY.
 * @{
 */
#ifndef PDMETRICS_STATE_H
#define PDMETRICS_STATE_H

#include <pdmetrics/arrow.h>
#include <pdmetrics/calendar.h>
#include <pdmetrics/column.h>
#include <pdmetrics/context.h>
#include <pdmetrics/metric.h>
#include <pdmetrics/table.h>

/** State of one metric; opaque. */
typedef struct pdm_state pdm_state;

PDM_BEGIN_DECLS

/**
 * Makes an empty state of @p metric. @p options is its options struct, NULL for all defaults. Every metric also has a typed
 * `pdm_<metric>_create()`.
 * Errors: PDM_E_BAD_OPTION and PDM_E_UNSUPPORTED_COMBINATION (naming the option), PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_state_create(pdm_context *context, const pdm_metric *metric, const void *options,
                                    pdm_state **out, pdm_error *err);

/** Releases @p state. NULL is allowed. */
PDM_EXPORT void pdm_state_free(pdm_state *state);

/** The metric of @p state. */
PDM_EXPORT const pdm_metric *pdm_state_metric(const pdm_state *state);

/** Rows taken so far (null rows that were skipped included). */
PDM_EXPORT int64_t pdm_state_rows(const pdm_state *state);

/**
 * Input column @p index of this state: those of its metric, then those that its lists name. NULL: there are no more, another call is
 * running, or the lists do not go together (the next update says why). Makes options and lists final. Borrowed from the state.
 */
PDM_EXPORT const pdm_column_info *pdm_state_column_at(const pdm_state *state, int32_t index);

/** Bytes the state holds. */
PDM_EXPORT uint64_t pdm_state_memory(const pdm_state *state);

/**
 * The calendar by which local days are cut; copied. Default: UTC, weeks from Monday. Before the first update.
 * Errors: PDM_E_BAD_OPTION, PDM_E_SEQUENCE, PDM_E_NOMEM, PDM_E_LIMIT, PDM_E_BUSY.
 */
PDM_API pdm_status pdm_state_set_calendar(pdm_state *state, const pdm_calendar *calendar, pdm_error *err);

/**
 * Hands over one of the metric's lists (its columns are in the registry); copied, replaces an earlier one. Before the first update.
 * Errors: PDM_E_ARGUMENT (no such list), PDM_E_SEQUENCE, PDM_E_MISSING_COLUMN, PDM_E_BAD_TYPE, PDM_E_NULL_VALUE,
 * PDM_E_BAD_OPTION (naming the row), PDM_E_SEGMENT_OVERLAP, PDM_E_NOMEM, PDM_E_LIMIT, PDM_E_BUSY.
 */
PDM_API pdm_status pdm_state_set_list(pdm_state *state, const char *list, const pdm_batch *rows, pdm_error *err);

/**
 * Takes a batch of rows. O(rows). Either all rows are taken or none.
 * Errors: PDM_E_MISSING_COLUMN, PDM_E_BAD_TYPE, PDM_E_NULL_VALUE, PDM_E_BAD_VALUE (also: a time that the state does not cover),
 * PDM_E_SEGMENT_OVERLAP (a time in a sealed segment, or before the watermark), PDM_E_OVERFLOW (naming row and column), PDM_E_STOPPED,
 * PDM_E_BUSY, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_state_update(pdm_state *state, const pdm_batch *batch, pdm_error *err);

/**
 * Takes every batch of an Arrow stream, and always releases the stream. A failed stream keeps the batches before the failing one:
 * @p batches (may be NULL) gets how many were taken; rows in @p err count from the start of the stream.
 * Errors: as pdm_state_update(), and PDM_E_STREAM.
 */
PDM_API pdm_status pdm_state_update_arrow(pdm_state *state, struct ArrowArrayStream *stream, int64_t *batches,
                                          pdm_error *err);

/**
 * Adds what @p src has seen to @p dst; @p src stays as it is. O(units of src).
 * Errors: PDM_E_OPTIONS_DIFFER (naming metric, option, list, calendar or the watermarks), PDM_E_SEGMENT_OVERLAP (both cover the same
 * time, and one is sealed or covers other time too; or both have advanced and know the same unit), PDM_E_OVERFLOW, PDM_E_ARGUMENT (the
 * same state twice), PDM_E_STOPPED, PDM_E_BUSY, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_state_merge(pdm_state *dst, const pdm_state *src, pdm_error *err);

/**
 * Says that the stretch of time which the state covers (options `segment_from` and `segment_to`; after merges, all of them) is complete:
 * from now on the metric keeps only what can still matter of its rows. Such states merge with those of other stretches and give the
 * same results, but take no more rows of theirs. O(rows).
 * Errors: PDM_E_UNSUPPORTED_COMBINATION (the metric has no such state, or not under these options: names the option), PDM_E_STOPPED,
 * PDM_E_BUSY, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_state_seal(pdm_state *state, pdm_error *err);

/**
 * Says that the time before @p watermark_us is complete: rows before it are promised to come no more. What they have given is settled;
 * of the rows only what later ones can still change is kept, so that a state that advances with its stream stays as small as the stretch
 * of time that its options look back. Results are the same, to the last bit. A row before the watermark is from now on
 * PDM_E_SEGMENT_OVERLAP or, with option `late_rows` drop, left out and counted. Advanced states merge if they have advanced as far and
 * no unit is in both. Advancing to where it is changes nothing. O(rows and units held + what is settled by it).
 *
 * @code
 * for (int64_t day = 0; day < 365; day++) {
 *     if (pdm_state_update(state, &rows[day], &err) != PDM_OK) return err.code;
 *     if (pdm_state_advance(state, (first_day + day + 1) * 86400000000, &err) != PDM_OK) return err.code;
 * }
 * @endcode
 *
 * Errors: PDM_E_UNSUPPORTED_COMBINATION (the metric has no such state, or not under these options: names the option), PDM_E_ARGUMENT
 * (the watermark is before that of the state, or the least int64), PDM_E_OVERFLOW, those of the metric's result that concern a unit,
 * PDM_E_STOPPED, PDM_E_BUSY, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_state_advance(pdm_state *state, int64_t watermark_us, pdm_error *err);

/**
 * Writes the state as deterministic CBOR (docs/format.cddl): equal states give equal bytes. @p size gets the bytes needed; with
 * `buffer == NULL` nothing else happens, so ask first, allocate, then write. What the asking has worked out (journals in bits) is kept for
 * the writing, until another call uses the state. O(n log n) in what the state keeps, O(n) in its journals.
 * Errors: PDM_E_LIMIT (@p capacity too small), PDM_E_STOPPED, PDM_E_BUSY, PDM_E_NOMEM.
 */
PDM_API pdm_status pdm_state_serialize(const pdm_state *state, void *buffer, size_t capacity, size_t *size,
                                       pdm_error *err);

/**
 * Restores a state, of whatever metric the bytes hold. Trusts nothing: what comes out is a valid state or an error.
 * Errors: PDM_E_CORRUPT_STATE, PDM_E_UNSUPPORTED_VERSION, PDM_E_STOPPED, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_state_deserialize(pdm_context *context, const void *bytes, size_t size, pdm_state **out,
                                         pdm_error *err);

/**
 * Computes the tables from what the state has seen so far; the state can go on. Release with pdm_result_free().
 * Errors: those of the metric, PDM_E_STOPPED, PDM_E_BUSY, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_state_result(const pdm_state *state, pdm_result **out, pdm_error *err);

/**
 * One shot with a state that has no rows: what pdm_state_update() of @p batch and pdm_state_result() would give, the same bits, perhaps
 * by a shorter way. The state stays without rows; its options and lists are final.
 * Errors: those of update and result, and PDM_E_SEQUENCE (the state has rows).
 */
PDM_API pdm_status pdm_state_compute(pdm_state *state, const pdm_batch *batch, pdm_result **out, pdm_error *err);

/** One shot: create, update, result. Same bits as doing it by hand. Errors: theirs. */
PDM_API pdm_status pdm_compute(pdm_context *context, const pdm_metric *metric, const void *options,
                               const pdm_batch *batch, pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
