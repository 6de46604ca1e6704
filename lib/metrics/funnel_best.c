/* Which evaluator a funnel needs, and what is added to what it finds. Scratch: 8 rows with required steps only. */
#include "metrics/funnel_walk.h"

pdm_status pdm__funnel_scratch_need(pdm__funnel_scratch *scratch, int32_t index, size_t bytes, void *out,
                                    pdm_error *err) {
    if (scratch->sizes[index] < bytes) {
        PDM__TRY(pdm__renew(scratch->context, scratch->sizes[index], bytes, 1, &scratch->blocks[index], err));
        scratch->sizes[index] = bytes;
    }
    memcpy(out, &scratch->blocks[index], sizeof scratch->blocks[index]);
    return PDM_OK;
}

void pdm__funnel_scratch_clear(pdm__funnel_scratch *scratch) {
    for (size_t i = 0; i < PDM__COUNT(scratch->blocks); i++)
        pdm__drop(scratch->context, scratch->blocks[i], scratch->sizes[i], 1);
    memset(scratch, 0, sizeof *scratch);
}

/* The entry whose window may still be open: of the evaluators that do not say so themselves. */
static void find_latest(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                        pdm__funnel_attempt *out) {
    uint32_t bits = eval->rules->order == PDM_FUNNEL_ORDER_UNORDERED ? UINT32_MAX : 1;
    bool clean = eval->rules->order == PDM_FUNNEL_ORDER_UNORDERED;
    out->has_latest = false;
    for (size_t i = count; i-- > 0 && !out->has_latest;) {
        if ((rows[i].mask & bits) == 0 || (clean && rows[i].exclude != 0)) continue;
        if (!pdm__funnel_entry_counts(eval->rules, eval->as_of, rows[i].time)) continue;
        out->has_latest = true;
        out->latest = rows[i].time;
    }
}

/* The required steps alone, as a funnel of its own. */
static pdm_status compress(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                           pdm__funnel_rules *rules, const pdm__funnel_row **out, pdm_error *err) {
    pdm__funnel_row *required = NULL;
    PDM__TRY(pdm__funnel_scratch_need(eval->scratch, 8, count * sizeof *required, &required, err));
    pdm__funnel_required_rules(eval->rules, rules);
    pdm__funnel_required_rows(eval->rules, rows, count, required);
    *out = required;
    return PDM_OK;
}

/* Of an attempt that was ended, only what came before. */
static void add_optional(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                         pdm__funnel_attempt *attempt) {
    pdm__funnel_add_optional(eval->rules, rows, attempt->end < count ? attempt->end : count, attempt);
}

static pdm_status best_with_optional(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                     const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err) {
    pdm__funnel_rules rules;
    const pdm__funnel_row *required = NULL;
    PDM__TRY(compress(eval, rows, count, &rules, &required, err));
    pdm__funnel_eval inner = {&rules, eval->as_of, eval->scratch};
    PDM__TRY(pdm__funnel_walk_best(&inner, required, count, span, out, err));
    if (out->level > 0) add_optional(eval, rows, count, out);
    return PDM_OK;
}

pdm_status pdm__funnel_best(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                            const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err) {
    const pdm__funnel_rules *rules = eval->rules;
    out->standing = 0;
    out->level = 0;
    out->filled = 0;
    if (!rules->scan && rules->order != PDM_FUNNEL_ORDER_UNORDERED && !rules->has_step_windows) {
        return rules->optional != 0 ? best_with_optional(eval, rows, count, span, out, err)
                                    : pdm__funnel_walk_best(eval, rows, count, span, out, err);
    }
    find_latest(eval, rows, count, out);
    if (rules->scan) return pdm__funnel_scan_best(eval, rows, count, span, out, err);
    if (rules->has_step_windows) return pdm__funnel_stepped_best(eval, rows, count, span, out, err);
    return pdm__funnel_unordered_best(eval, rows, count, span, out, err);
}

/* ---- periods ---- */

static int64_t period_of(const pdm__funnel_eval *eval, pdm_period kind, int64_t time) {
    return pdm_calendar_period(eval->rules->calendar, kind, time);
}

/* One walk serves all periods: its attempts are in the order of their entries. */
static pdm_status periods_of_walk(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                  const pdm__funnel_period_sink *sink, pdm_error *err) {
    pdm__funnel_walk walk;
    pdm__funnel_rules required;
    pdm__funnel_eval inner = *eval;
    const pdm__funnel_row *seen = rows;
    const pdm__funnel_span all = {INT64_MIN, INT64_MAX};
    if (eval->rules->optional != 0) {
        PDM__TRY(compress(eval, rows, count, &required, &seen, err));
        inner.rules = &required;
    }
    PDM__TRY(pdm__funnel_walk_run(&walk, &inner, seen, count, &all, false, err));
    uint32_t cursor[FUNNEL_STEPS + 1];
    memcpy(cursor, walk.ends, sizeof cursor);
    size_t end = 0;
    for (size_t first = 0; first < walk.chain_count; first = end) {
        int64_t period = period_of(eval, sink->kind, walk.chains[first].entry);
        for (end = first + 1; end < walk.chain_count; end++) {
            if (period_of(eval, sink->kind, walk.chains[end].entry) != period) break;
        }
        pdm__funnel_attempt attempt;
        pdm__funnel_walk_pick(&walk, first, end, cursor, &attempt);
        if (attempt.level > 0 && eval->rules->optional != 0) add_optional(eval, rows, count, &attempt);
        if (attempt.level > 0 || attempt.standing > 0) PDM__TRY(sink->take(sink->own, period, &attempt, err));
    }
    return PDM_OK;
}

pdm_status pdm__funnel_by_period(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                 const pdm__funnel_period_sink *sink, pdm_error *err) {
    const pdm__funnel_rules *rules = eval->rules;
    bool unordered = rules->order == PDM_FUNNEL_ORDER_UNORDERED;
    if (!rules->scan && !unordered && !rules->has_step_windows) return periods_of_walk(eval, rows, count, sink, err);
    uint32_t bits = unordered ? UINT32_MAX : 1;
    bool any = false;
    int64_t done = 0;
    for (size_t i = 0; i < count; i++) {
        if ((rows[i].mask & bits) == 0) continue;
        int64_t period = period_of(eval, sink->kind, rows[i].time);
        if (any && period == done) continue;
        any = true;
        done = period;
        pdm__funnel_attempt attempt;
        pdm__funnel_span span = {pdm_calendar_period_start(rules->calendar, sink->kind, period),
                                 pdm_calendar_period_start(rules->calendar, sink->kind, period + 1) - 1};
        PDM__TRY(pdm__funnel_best(eval, rows, count, &span, &attempt, err));
        if (attempt.level > 0) PDM__TRY(sink->take(sink->own, period, &attempt, err));
    }
    return PDM_OK;
}

/* ---- totals ---- */

typedef struct adder {
    const pdm__funnel_eval *eval;
    const pdm__funnel_row *rows;
    size_t count;
    const pdm__funnel_sink *sink;
} adder;

static pdm_status take_required(void *own, const pdm__funnel_attempt *attempt, pdm_error *err) {
    const adder *a = own;
    pdm__funnel_attempt whole = *attempt;
    if (whole.level > 0) add_optional(a->eval, a->rows, a->count, &whole);
    return a->sink->take(a->sink->own, &whole, err);
}

pdm_status pdm__funnel_totals(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                              const pdm__funnel_sink *sink, pdm_error *err) {
    if (eval->rules->optional == 0) return pdm__funnel_walk_totals(eval, rows, count, sink, err);
    pdm__funnel_rules rules;
    const pdm__funnel_row *required = NULL;
    PDM__TRY(compress(eval, rows, count, &rules, &required, err));
    pdm__funnel_eval inner = {&rules, eval->as_of, eval->scratch};
    adder a = {eval, rows, count, sink};
    pdm__funnel_sink outer = {take_required, &a};
    return pdm__funnel_walk_totals(&inner, required, count, &outer, err);
}
