/* What the path table says without a model: paths, lengths, assists; and how long conversions took. */
#include "metrics/attribution_internal.h"

#include "stats/ratio.h"

#include <stdlib.h>

/* ---- paths ---- */

enum {
    PATH_COLUMN_PATH,
    PATH_COLUMN_LENGTH,
    PATH_COLUMN_CONVERSIONS,
    PATH_COLUMN_VALUE,
    PATH_COLUMN_NULLS,
    PATH_COLUMN_RATE,
    PATH_COLUMN_SHARE,
    PATH_COLUMN_CUMULATIVE
};

typedef struct ranked {
    const pdm__path *path;
    size_t place;
} ranked;

/* Most conversions, then most value, then the canonical order. */
static int by_rank(const void *left, const void *right) {
    const ranked *a = left;
    const ranked *b = right;
    if (a->path->conversions != b->path->conversions) return a->path->conversions > b->path->conversions ? -1 : 1;
    if (a->path->value < b->path->value || a->path->value > b->path->value)
        return a->path->value > b->path->value ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

static void sift_down(ranked *heap, size_t count, size_t at) {
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) return;
        if (child + 1 < count && by_rank(&heap[child], &heap[child + 1]) < 0) child++;
        if (by_rank(&heap[at], &heap[child]) >= 0) return;
        ranked moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
        at = child;
    }
}

/* The first `count` paths by rank, in order: a heap of those, the last of them on top. */
static void rank_first(const pdm__paths *paths, ranked *first, size_t count) {
    for (size_t p = 0; p < count; p++) first[p] = (ranked){&paths->items[p], p};
    for (size_t at = count / 2; count < paths->count && at-- > 0;) sift_down(first, count, at);
    for (size_t p = count; count > 0 && p < paths->count; p++) {
        ranked next = {&paths->items[p], p};
        if (by_rank(&next, &first[0]) > 0) continue;
        first[0] = next;
        sift_down(first, count, 0);
    }
    if (count > 0) qsort(first, count, sizeof *first, by_rank);
}

static pdm_status put_path(const pdm__attribution_facts *facts, pdm_table *table, int64_t row, const pdm__path *path,
                           int64_t so_far, pdm__attribution_text *text, pdm_error *err) {
    const pdm__paths *paths = facts->work->unmarked;
    bool some = paths->conversions > 0;
    int64_t journeys = path->conversions + path->nulls;
    PDM__TRY(pdm__attribution_text_touches(facts, path->touches, path->length, text, err));
    PDM__TRY(pdm__table_put_text(table, PATH_COLUMN_PATH, row, text->bytes, text->length, err));
    pdm__table_i64(table, PATH_COLUMN_LENGTH)[row] = path->length;
    pdm__table_i64(table, PATH_COLUMN_CONVERSIONS)[row] = path->conversions;
    pdm__table_f64(table, PATH_COLUMN_VALUE)[row] = path->value;
    pdm__table_i64(table, PATH_COLUMN_NULLS)[row] = path->nulls;
    PDM__TRY(pdm__table_put_ratio(table, PATH_COLUMN_RATE, row, paths->nulls > 0,
                                  pdm__ratio(path->conversions, journeys), err));
    PDM__TRY(pdm__table_put_ratio(table, PATH_COLUMN_SHARE, row, some,
                                  some ? pdm__ratio(path->conversions, paths->conversions) : 0.0, err));
    return pdm__table_put_ratio(table, PATH_COLUMN_CUMULATIVE, row, some,
                                some ? pdm__ratio(so_far, paths->conversions) : 0.0, err);
}

static pdm_status put_paths(const pdm__attribution_facts *facts, pdm_error *err) {
    const pdm__paths *paths = facts->work->unmarked;
    pdm__attribution_text text = {.context = facts->work->context};
    int32_t top = facts->work->plan->options->top;
    size_t count = top < 0 || (size_t)top > paths->count ? paths->count : (size_t)top;
    ranked *order = NULL;
    pdm_table *table = NULL;
    int64_t so_far = 0;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_PATHS], (int64_t)count,
                             PDM_TYPE_INT64, &table, err));
    PDM__TRY(pdm__new(text.context, count, sizeof *order, &order, err));
    rank_first(paths, order, count);
    pdm_status status = PDM_OK;
    for (size_t p = 0; p < count && status == PDM_OK; p++) {
        so_far += order[p].path->conversions;
        status = put_path(facts, table, (int64_t)p, order[p].path, so_far, &text, err);
    }
    pdm__drop(text.context, order, count, sizeof *order);
    pdm__attribution_text_clear(&text);
    return status;
}

/* ---- lengths ---- */

typedef struct length_count {
    int64_t conversions;
    int64_t nulls;
    pdm__sum value;
} length_count;

static pdm_status put_lengths(const pdm__attribution_facts *facts, pdm_error *err) {
    const pdm__paths *paths = facts->work->unmarked;
    pdm_context *context = facts->work->context;
    length_count *counts = NULL;
    pdm_table *table = NULL;
    size_t room = PDM__PATH_MAX_TOUCHES + 1;
    int64_t used = 0;
    int64_t row = 0;
    PDM__TRY(pdm__new_zero(context, room, sizeof *counts, &counts, err));
    for (size_t p = 0; p < paths->count; p++) {
        length_count *mine = &counts[paths->items[p].length];
        used += mine->conversions == 0 && mine->nulls == 0;
        mine->conversions += paths->items[p].conversions;
        mine->nulls += paths->items[p].nulls;
        pdm__sum_add(&mine->value, paths->items[p].value);
    }
    pdm_status status = pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_LENGTHS], used,
                                        PDM_TYPE_INT64, &table, err);
    for (size_t length = 0; status == PDM_OK && length < room; length++) {
        if (counts[length].conversions == 0 && counts[length].nulls == 0) continue;
        pdm__table_i64(table, 0)[row] = (int64_t)length;
        pdm__table_i64(table, 1)[row] = counts[length].conversions;
        pdm__table_f64(table, 2)[row] = pdm__sum_of(&counts[length].value);
        pdm__table_i64(table, 3)[row++] = counts[length].nulls;
    }
    pdm__drop(context, counts, room, sizeof *counts);
    return status;
}

/* ---- assists ---- */

enum { PART_ANY, PART_FIRST, PART_LAST, PART_ASSISTED, PART_ASSIST_ONLY, PARTS };

typedef struct part {
    int64_t counts[PARTS];
    pdm__sum values[PARTS];
    int64_t touches;
    int64_t nulls;
    size_t seen;     /* path + 1 that the channel was last seen in */
    size_t assisted; /* the same, before its last touch */
} part;

static void add_part(part *p, int32_t which, const pdm__path *path) {
    p->counts[which] += path->conversions;
    pdm__sum_add(&p->values[which], path->value);
}

static void take_null_parts(const pdm__paths *paths, size_t index, part *parts) {
    const pdm__path *path = &paths->items[index];
    for (uint32_t i = 0; i < path->length; i++) {
        part *mine = &parts[paths->tokens[pdm__touch_token(path->touches[i])].channel];
        if (mine->seen != index + 1) mine->nulls += path->nulls;
        mine->seen = index + 1;
    }
}

static pdm_status take_parts(const pdm__paths *paths, size_t index, part *parts, pdm_error *err) {
    const pdm__path *path = &paths->items[index];
    if (path->conversions == 0) { /* the usual one */
        take_null_parts(paths, index, parts);
        return PDM_OK;
    }
    uint32_t last = paths->tokens[pdm__touch_token(path->touches[path->length - 1])].channel;
    for (uint32_t i = 0; i < path->length; i++) {
        const pdm__token *token = &paths->tokens[pdm__touch_token(path->touches[i])];
        part *mine = &parts[token->channel];
        int64_t touches = 0;
        bool over = __builtin_mul_overflow(path->conversions, token->times == 0 ? 1 : (int64_t)token->times, &touches);
        if (over || __builtin_add_overflow(mine->touches, touches, &mine->touches))
            return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL, "conversions times touches exceed int64");
        if (mine->seen != index + 1) {
            mine->seen = index + 1;
            mine->nulls += path->nulls;
            add_part(mine, PART_ANY, path);
        }
        if (i == 0) add_part(mine, PART_FIRST, path);
        if (i + 1 == path->length) {
            add_part(mine, PART_LAST, path);
        } else if (mine->assisted != index + 1) {
            mine->assisted = index + 1;
            add_part(mine, PART_ASSISTED, path);
            if (token->channel != last) add_part(mine, PART_ASSIST_ONLY, path);
        }
    }
    return PDM_OK;
}

static pdm_status put_part(const pdm__attribution_facts *facts, pdm_table *table, int64_t row, const part *p,
                           pdm_error *err) {
    int32_t column = 0;
    int64_t closed = p->counts[PART_LAST];
    int64_t journeys = p->counts[PART_ANY] + p->nulls;
    PDM__TRY(pdm__attribution_put_channel(facts, table, column++, row, (uint32_t)row, err));
    for (int32_t i = 0; i < PARTS; i++) pdm__table_i64(table, column++)[row] = p->counts[i];
    PDM__TRY(pdm__table_put_ratio(table, column++, row, closed > 0,
                                  closed > 0 ? pdm__ratio(p->counts[PART_ASSISTED], closed) : 0.0, err));
    for (int32_t i = 0; i < PARTS; i++) pdm__table_f64(table, column++)[row] = pdm__sum_of(&p->values[i]);
    pdm__table_i64(table, column++)[row] = p->touches;
    pdm__table_i64(table, column++)[row] = p->nulls;
    bool rated = facts->work->unmarked->nulls > 0 && journeys > 0;
    return pdm__table_put_ratio(table, column, row, rated, rated ? pdm__ratio(p->counts[PART_ANY], journeys) : 0.0,
                                err);
}

static pdm_status put_assists(const pdm__attribution_facts *facts, pdm_error *err) {
    const pdm__paths *paths = facts->work->unmarked;
    pdm_context *context = facts->work->context;
    uint32_t channels = facts->work->names.count;
    part *parts = NULL;
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_ASSISTS], channels,
                             PDM_TYPE_INT64, &table, err));
    PDM__TRY(pdm__new_zero(context, channels, sizeof *parts, &parts, err));
    pdm_status status = PDM_OK;
    for (size_t p = 0; p < paths->count && status == PDM_OK; p++) status = take_parts(paths, p, parts, err);
    for (uint32_t c = 0; c < channels && status == PDM_OK; c++) status = put_part(facts, table, c, &parts[c], err);
    pdm__drop(context, parts, channels, sizeof *parts);
    return status;
}

/* ---- times ---- */

static const char *const measure_names[] = {"first_touch", "last_touch"};

static double seconds(uint64_t us) { return (double)us / 1e6; }

static pdm_status put_times(const pdm__attribution_facts *facts, pdm_error *err) {
    const pdm__attribution_plan *plan = facts->work->plan;
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_TIMES],
                             (int64_t)ATTRIBUTION_MEASURES * plan->bin_count, PDM_TYPE_INT64, &table, err));
    int64_t row = 0;
    for (int32_t m = 0; m < ATTRIBUTION_MEASURES; m++) {
        const pdm__attribution_times *times = &facts->work->times[m];
        for (int32_t b = 0; b < plan->bin_count; b++, row++) {
            bool open = b + 1 == plan->bin_count;
            const pdm__attribution_count *bin = &times->bins[b];
            PDM__TRY(pdm__table_put_string(table, 0, row, measure_names[m], err));
            pdm__table_f64(table, 1)[row] = seconds(plan->bins[b]);
            PDM__TRY(pdm__table_put_ratio(table, 2, row, !open, open ? 0.0 : seconds(plan->bins[b + 1]), err));
            pdm__table_i64(table, 3)[row] = bin->conversions;
            pdm__table_f64(table, 4)[row] = pdm__attribution_sum_of(&bin->value, plan->doubles);
            bool some = times->conversions > 0;
            PDM__TRY(pdm__table_put_ratio(table, 5, row, some,
                                          some ? pdm__ratio(bin->conversions, times->conversions) : 0.0, err));
        }
    }
    return PDM_OK;
}

static pdm_status put_time_summary(const pdm__attribution_facts *facts, pdm_error *err) {
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_TIME_SUMMARY],
                             ATTRIBUTION_MEASURES, PDM_TYPE_INT64, &table, err));
    for (int32_t m = 0; m < ATTRIBUTION_MEASURES; m++) {
        const pdm__attribution_times *times = &facts->work->times[m];
        bool some = times->conversions > 0;
        double mean = some ? (double)((long double)times->sum / 1e6L / (long double)times->conversions) : 0.0;
        PDM__TRY(pdm__table_put_string(table, 0, m, measure_names[m], err));
        pdm__table_i64(table, 1)[m] = times->conversions;
        PDM__TRY(pdm__table_put_ratio(table, 2, m, some, seconds(times->least), err));
        PDM__TRY(pdm__table_put_ratio(table, 3, m, some, seconds(times->most), err));
        PDM__TRY(pdm__table_put_ratio(table, 4, m, some, mean, err));
    }
    return PDM_OK;
}

pdm_status pdm__attribution_put_reports(const pdm__attribution_facts *facts, pdm_error *err) {
    PDM__TRY(put_paths(facts, err));
    PDM__TRY(put_lengths(facts, err));
    PDM__TRY(put_assists(facts, err));
    if (facts->work->plan->paths) return PDM_OK;
    PDM__TRY(put_times(facts, err));
    return put_time_summary(facts, err);
}
