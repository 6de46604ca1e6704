/* The result of RFM, table by table. */
#include "metrics/rfm_internal.h"

#include "stats/ratio.h"

enum { COL_WINDOW, COL_R_SCORE = 11, COL_F_SCORE, COL_M_SCORE, COL_CODE, COL_SEGMENT_ID, COL_SEGMENT };

static pdm_status put_ratio(const pdm__rfm_work *work, pdm_table *table, int32_t column, int64_t row, int64_t a,
                            int64_t b, pdm_error *err) {
    bool zero = b == 0 && work->plan->options->zero_denominator != 0;
    return pdm__table_put_ratio(table, column, row, b != 0 || zero, b != 0 ? pdm__ratio(a, b) : 0.0, err);
}

static pdm_status add_table(pdm__rfm_work *work, int32_t index, int64_t rows, pdm_table **out, pdm_error *err) {
    int32_t key = pdm__key_column_type(work->view->store->schema.levels[0].key_kind);
    return pdm__result_add(work->result, &pdm__rfm_tables[index], rows, key, out, err);
}

static pdm_status set_windows(const pdm__rfm_work *work, pdm_table *table, int32_t column, pdm_error *err) {
    int32_t count = work->plan->window_count;
    const char **names = NULL;
    PDM__TRY(pdm__new(work->context, (size_t)count, sizeof *names, &names, err));
    for (int32_t i = 0; i < count; i++) names[i] = work->plan->windows[i].name;
    pdm_status status = pdm__table_set_dictionary(table, column, names, count, err);
    pdm__drop(work->context, names, (size_t)count, sizeof *names);
    return status;
}

/* ---- segments: sums over the customers of each ---- */

typedef struct sums {
    int64_t customers;
    int64_t orders;
    int64_t gmv;
    int64_t net;
    int64_t repeat;
    int64_t value[3];
    int64_t least[3];
    int64_t most[3];
} sums;

static void sums_begin(sums *s, int32_t count) {
    memset(s, 0, (size_t)count * sizeof *s);
    for (int32_t i = 0; i < count; i++) {
        for (int32_t d = 0; d < 3; d++) {
            s[i].least[d] = INT64_MAX;
            s[i].most[d] = INT64_MIN;
        }
    }
}

static void sums_add(sums *to, const sums *from) {
    to->customers += from->customers;
    to->orders += from->orders;
    to->gmv += from->gmv;
    to->net += from->net;
    to->repeat += from->repeat;
    for (int32_t d = 0; d < 3; d++) {
        to->value[d] += from->value[d];
        to->least[d] = from->least[d] < to->least[d] ? from->least[d] : to->least[d];
        to->most[d] = from->most[d] > to->most[d] ? from->most[d] : to->most[d];
    }
}

/* Customers of a piece of parallel work. */
#define PIECE ((size_t)1 << 14)

typedef struct classify_work {
    const pdm__rfm_work *work;
    const pdm__rfm_population *population;
    const int32_t *groups; /* 1 … group_count of each customer (segments or tiers); NULL = all are in one */
    int32_t group_count;
    sums *pieces; /* [pieces][group_count] */
} classify_work;

static void sum_piece(void *argument, size_t piece) {
    classify_work *c = argument;
    const pdm__rfm_population *population = c->population;
    size_t first = piece * PIECE;
    size_t end = first + PIECE < population->count ? first + PIECE : population->count;
    const int64_t *orders = pdm__table_i64(population->table, 7) + population->first_row;
    const int64_t *gmv = pdm__table_i64(population->table, 8) + population->first_row;
    const int64_t *net = pdm__table_i64(population->table, 10) + population->first_row;
    sums *mine = c->pieces + piece * (size_t)c->group_count;
    sums_begin(mine, c->group_count);
    for (size_t i = first; i < end; i++) {
        sums *s = &mine[c->groups == NULL ? 0 : c->groups[i] - 1];
        s->customers += 1;
        s->orders += orders[i];
        s->gmv += gmv[i];
        s->net += net[i];
        s->repeat += orders[i] >= 2;
        for (int32_t d = 0; d < 3; d++) {
            int64_t v = population->values[d][i];
            s->value[d] += v;
            s->least[d] = v < s->least[d] ? v : s->least[d];
            s->most[d] = v > s->most[d] ? v : s->most[d];
        }
    }
}

/* Sums by group, and of all in total[group_count]. */
static pdm_status sum_groups(const pdm__rfm_work *work, const pdm__rfm_population *population, const int32_t *groups,
                             int32_t group_count, sums *total, pdm_error *err) {
    size_t pieces = (population->count + PIECE - 1) / PIECE;
    classify_work c = {.work = work, .population = population, .groups = groups, .group_count = group_count};
    size_t entries = pieces * (size_t)group_count;
    PDM__TRY(pdm__new(work->context, entries, sizeof *c.pieces, &c.pieces, err));
    pdm__run_parallel(work->run, pieces, sum_piece, &c);
    sums_begin(total, group_count + 1);
    for (size_t i = 0; i < entries; i++) {
        sums_add(&total[i % (size_t)group_count], &c.pieces[i]);
        sums_add(&total[group_count], &c.pieces[i]);
    }
    pdm__drop(work->context, c.pieces, entries, sizeof *c.pieces);
    return PDM_OK;
}

/* An empty group has a share of 0, even of nothing. */
static pdm_status put_share(const pdm__rfm_work *work, pdm_table *table, int32_t column, int64_t row, int64_t members,
                            int64_t part, int64_t whole, pdm_error *err) {
    if (members == 0) return pdm__table_put_ratio(table, column, row, true, 0.0, err);
    return put_ratio(work, table, column, row, part, whole, err);
}

/* Columns shared by `segments` and `tier_segments`, from column 4 on. */
static pdm_status put_sums(const pdm__rfm_work *work, pdm_table *table, int64_t row, const sums *s, const sums *all,
                           pdm_error *err) {
    int32_t at = 4;
    pdm__table_i64(table, at++)[row] = s->customers;
    PDM__TRY(put_share(work, table, at++, row, s == all ? 1 : s->customers, s->customers, all->customers, err));
    pdm__table_i64(table, at++)[row] = s->orders;
    pdm__table_i64(table, at++)[row] = s->gmv;
    PDM__TRY(put_share(work, table, at++, row, s == all ? 1 : s->customers, s->gmv, all->gmv, err));
    pdm__table_i64(table, at++)[row] = s->net;
    PDM__TRY(put_ratio(work, table, at++, row, s->gmv, s->orders, err));
    PDM__TRY(put_ratio(work, table, at++, row, s->gmv, s->customers, err));
    pdm__table_i64(table, at++)[row] = s->repeat;
    PDM__TRY(put_ratio(work, table, at++, row, s->repeat, s->customers, err));
    for (int32_t d = 0; d < 3; d++) PDM__TRY(put_ratio(work, table, at++, row, s->value[d], s->customers, err));
    for (int32_t d = 0; d < 3; d++) {
        pdm__table_i64(table, at)[row] = s->least[d];
        pdm__table_i64(table, at + 1)[row] = s->most[d];
        for (int32_t i = 0; i < 2 && s->customers == 0; i++) PDM__TRY(pdm__table_set_null(table, at + i, row, err));
        at += 2;
    }
    return PDM_OK;
}

typedef struct group_names {
    int32_t count;
    const char *const *names;
    const char *const *names_zh;
} group_names;

/* One window's rows of `segments` or `tier_segments`. */
static pdm_status put_groups(const pdm__rfm_work *work, pdm_table *table, int32_t window, const group_names *names,
                             const sums *all, pdm_error *err) {
    for (int32_t g = 0; g <= names->count; g++) {
        int64_t row = (int64_t)window * (names->count + 1) + g;
        bool total = g == names->count;
        pdm__table_i32(table, 0)[row] = window;
        pdm__table_i32(table, 1)[row] = g + 1;
        if (total) PDM__TRY(pdm__table_set_null(table, 1, row, err));
        PDM__TRY(pdm__table_put_string(table, 2, row, total ? "total" : names->names[g], err));
        PDM__TRY(pdm__table_put_string(table, 3, row, total ? "合计" : names->names_zh[g], err));
        PDM__TRY(put_sums(work, table, row, &all[g], &all[names->count], err));
    }
    return PDM_OK;
}

/* ---- codes and segments of customers ---- */

typedef struct code_work {
    const pdm__rfm_work *work;
    pdm__rfm_population *population;
    int32_t *codes;
    int32_t *segment_codes;
} code_work;

static void code_piece(void *argument, size_t piece) {
    code_work *c = argument;
    const pdm__rfm_map *map = &c->work->map;
    pdm__rfm_population *population = c->population;
    size_t end = (piece + 1) * PIECE < population->count ? (piece + 1) * PIECE : population->count;
    const int32_t *r = population->scores[0];
    const int32_t *f = population->scores[1];
    const int32_t *m = population->scores[2];
    for (size_t i = piece * PIECE; i < end; i++) {
        bool scored = r[i] > 0 && f[i] > 0 && m[i] > 0;
        int32_t code = scored ? ((r[i] - 1) * map->k[1] + f[i] - 1) * map->k[2] + m[i] - 1 : 0;
        c->codes[i] = code;
        int32_t segment = map->count == 0 ? 1 : scored ? map->segment[code] : map->other;
        population->segments[i] = segment;
        c->segment_codes[i] = segment - 1;
    }
}

/* Cells of customers without a score (dropped edges left no class). */
static pdm_status null_scores(pdm__rfm_population *population, pdm_error *err) {
    for (int32_t d = 0; d < 3; d++) {
        if (population->count == 0 || population->classes[d].count > 0) continue;
        for (size_t i = 0; i < population->count; i++) {
            int64_t row = population->first_row + (int64_t)i;
            PDM__TRY(pdm__table_set_null(population->table, COL_R_SCORE + d, row, err));
            PDM__TRY(pdm__table_set_null(population->table, COL_CODE, row, err));
        }
    }
    return PDM_OK;
}

static pdm_status null_segments(pdm__rfm_population *population, pdm_error *err) {
    for (size_t i = 0; i < population->count; i++) {
        int64_t row = population->first_row + (int64_t)i;
        PDM__TRY(pdm__table_set_null(population->table, COL_SEGMENT_ID, row, err));
        PDM__TRY(pdm__table_set_null(population->table, COL_SEGMENT, row, err));
        population->segments[i] = 1; /* sums of all are taken over one group */
    }
    return PDM_OK;
}

static pdm_status classify(pdm__rfm_work *work, int32_t window, pdm_error *err) {
    pdm__rfm_population *population = &work->populations[window];
    code_work c = {.work = work, .population = population};
    c.codes = pdm__table_i32(population->table, COL_CODE) + population->first_row;
    c.segment_codes = pdm__table_i32(population->table, COL_SEGMENT) + population->first_row;
    pdm__run_parallel(work->run, (population->count + PIECE - 1) / PIECE, code_piece, &c);
    if (work->map.count == 0) PDM__TRY(null_segments(population, err));
    return null_scores(population, err);
}

static pdm_status set_code_names(const pdm__rfm_work *work, pdm_table *table, pdm_error *err) {
    const pdm__rfm_map *map = &work->map;
    static const char *const nothing[] = {""};
    size_t count = (size_t)map->code_count;
    char(*texts)[16] = NULL;
    const char **names = NULL;
    pdm_status status = pdm__new(work->context, count, sizeof *texts, &texts, err);
    if (status == PDM_OK) status = pdm__new(work->context, count, sizeof *names, &names, err);
    for (int32_t i = 0; status == PDM_OK && i < map->code_count; i++) {
        pdm__rfm_map_code(map, i, texts[i]);
        names[i] = texts[i];
    }
    if (status == PDM_OK) status = pdm__table_set_dictionary(table, COL_CODE, names, map->code_count, err);
    const char *const *segments = map->count == 0 ? nothing : map->names;
    if (status == PDM_OK)
        status = pdm__table_set_dictionary(table, COL_SEGMENT, segments, map->count == 0 ? 1 : map->count, err);
    pdm__drop(work->context, texts, count, sizeof *texts);
    pdm__drop(work->context, names, count, sizeof *names);
    return status;
}

/* ---- tiers ---- */

typedef struct tier_tables {
    pdm_table *tiers;
    pdm_table *segments;
    pdm_table *cuts;
} tier_tables;

static pdm_status add_tier_tables(pdm__rfm_work *work, int64_t customers, tier_tables *out, pdm_error *err) {
    const pdm__tier_ladder *ladder = &work->plan->tiers;
    int64_t windows = work->plan->window_count;
    PDM__TRY(add_table(work, RFM_TABLE_TIERS, customers, &out->tiers, err));
    PDM__TRY(add_table(work, RFM_TABLE_TIER_SEGMENTS, windows * (ladder->count + 1), &out->segments, err));
    PDM__TRY(add_table(work, RFM_TABLE_TIER_CUTS, windows * ladder->count, &out->cuts, err));
    PDM__TRY(set_windows(work, out->tiers, 0, err));
    PDM__TRY(set_windows(work, out->segments, 0, err));
    PDM__TRY(set_windows(work, out->cuts, 0, err));
    return pdm__table_set_dictionary(out->tiers, 4, ladder->names, ladder->count, err);
}

static const int64_t *tier_values(const pdm__rfm_work *work, const pdm__rfm_population *population) {
    static const int32_t columns[] = {10, 4, 8, 7, 3}; /* net, monetary, gmv, orders, frequency */
    return pdm__table_i64(population->table, columns[work->plan->options->tier_value]) + population->first_row;
}

static pdm_status put_tier_cuts(const pdm__rfm_work *work, int32_t window, pdm_table *table, const int64_t *lowest,
                                const bool *has, pdm_error *err) {
    const pdm__tier_ladder *ladder = &work->plan->tiers;
    for (int32_t t = 0; t < ladder->count; t++) {
        int64_t row = (int64_t)window * ladder->count + t;
        pdm__table_i32(table, 0)[row] = window;
        pdm__table_i32(table, 1)[row] = t + 1;
        PDM__TRY(pdm__table_put_string(table, 2, row, ladder->names[t], err));
        PDM__TRY(pdm__table_put_string(table, 3, row, ladder->names_zh[t], err));
        bool cut = ladder->by_cut ? t > 0 : has[t];
        pdm__table_i64(table, 4)[row] = ladder->by_cut ? ladder->cuts[t] : lowest[t];
        if (!cut) PDM__TRY(pdm__table_set_null(table, 4, row, err));
        PDM__TRY(pdm__table_put_ratio(table, 5, row, !ladder->by_cut, ladder->shares[t], err));
    }
    return PDM_OK;
}

static pdm_status put_tiers(pdm__rfm_work *work, int32_t window, const tier_tables *tables, pdm_error *err) {
    const pdm__tier_ladder *ladder = &work->plan->tiers;
    const pdm__rfm_population *population = &work->populations[window];
    const int64_t *values = tier_values(work, population);
    int32_t *ids = pdm__table_i32(tables->tiers, 3) + population->first_row;
    int64_t lowest[PDM__MAX_TIERS] = {0};
    bool has[PDM__MAX_TIERS] = {false};
    sums all[PDM__MAX_TIERS + 1];
    PDM__TRY(pdm__tier_assign(work->run, ladder, values, population->count, ids, lowest, has, err));
    PDM__TRY(sum_groups(work, population, ids, ladder->count, all, err));
    for (size_t i = 0; i < population->count; i++) {
        size_t row = (size_t)population->first_row + i;
        pdm__table_i32(tables->tiers, 0)[row] = window;
        pdm__table_i64(tables->tiers, 2)[row] = values[i];
        pdm__table_i32(tables->tiers, 4)[row] = ids[i] - 1;
    }
    if (work->view->store->schema.levels[0].key_kind != PDM__KEY_TEXT) {
        memcpy(pdm__table_i64(tables->tiers, 1) + population->first_row,
               pdm__table_i64(population->table, 1) + population->first_row, population->count * sizeof(int64_t));
    } else {
        for (size_t i = 0; i < population->count; i++) {
            pdm__key key = pdm__rfm_unit_key(work, population->position[i]);
            PDM__TRY(pdm__table_put_key(tables->tiers, 1, population->first_row + (int64_t)i, key, err));
        }
    }
    group_names names = {.count = ladder->count, .names = ladder->names, .names_zh = ladder->names_zh};
    PDM__TRY(put_groups(work, tables->segments, window, &names, all, err));
    return put_tier_cuts(work, window, tables->cuts, lowest, has, err);
}

/* ---- coverage of a user's map ---- */

static pdm_status put_coverage(pdm__rfm_work *work, pdm_error *err) {
    const pdm__rfm_map *map = &work->map;
    pdm_table *table = NULL;
    PDM__TRY(add_table(work, RFM_TABLE_COVERAGE, map->code_count, &table, err));
    static const char *const statuses[] = {"ok", "unassigned", "overlap"};
    PDM__TRY(pdm__table_set_dictionary(table, 2, statuses, PDM__COUNT(statuses), err));
    for (int32_t code = 0; code < map->code_count; code++) {
        const uint64_t *matches = map->matches + (size_t)code * (size_t)map->match_words;
        char text[16];
        char all[4096];
        size_t used = 0;
        int32_t found = 0;
        pdm__rfm_map_code(map, code, text);
        for (int32_t s = 0; s < map->count; s++) {
            if ((matches[s / 64] >> (s % 64) & 1) == 0) continue;
            size_t length = strlen(map->names[s]);
            if (used + length + 3 > sizeof all) break;
            if (found++ > 0) all[used++] = '|';
            memcpy(all + used, map->names[s], length);
            used += length;
        }
        PDM__TRY(pdm__table_put_string(table, 0, code, text, err));
        PDM__TRY(pdm__table_put_string(table, 1, code, map->names[map->segment[code] - 1], err));
        pdm__table_i32(table, 2)[code] = found == 0 ? 1 : found == 1 ? 0 : 2;
        PDM__TRY(pdm__table_put_text(table, 3, code, all, used, err));
    }
    return PDM_OK;
}

static bool reachable(const pdm__rfm_map *map, int32_t segment) {
    for (int32_t code = 0; code < map->code_count; code++) {
        if (map->segment[code] == segment) return true;
    }
    return false;
}

static pdm_status put_map(pdm__rfm_work *work, pdm_error *err) {
    const pdm__rfm_map *map = &work->map;
    pdm_table *table = NULL;
    PDM__TRY(add_table(work, RFM_TABLE_MAP, map->count, &table, err));
    for (int32_t s = 0; s < map->count; s++) {
        int64_t codes = 0;
        for (int32_t code = 0; code < map->code_count; code++) codes += map->segment[code] == s + 1;
        pdm__table_i32(table, 0)[s] = s + 1;
        PDM__TRY(pdm__table_put_string(table, 1, s, map->names[s], err));
        PDM__TRY(pdm__table_put_string(table, 2, s, map->names_zh[s], err));
        pdm__table_i32(table, 3)[s] = map->ranks[s];
        pdm__table_i64(table, 4)[s] = codes;
        pdm__table_bool(table, 5)[s] = reachable(map, s + 1);
    }
    return PDM_OK;
}

/* ---- stats ---- */

static pdm_status put_stats(const pdm__rfm_work *work, pdm_table *table, int32_t window, const pdm__rfm_stats *stats,
                            pdm_error *err) {
    const pdm__rfm_window *w = &work->plan->windows[window];
    int64_t as_of = pdm__rfm_as_of(work, window);
    const int64_t values[] = {work->view->rows,
                              work->view->rows_null,
                              work->view->rows_duplicate,
                              stats->rows_outside,
                              stats->linked,
                              stats->unlinked,
                              stats->unmatched,
                              stats->late,
                              (int64_t)work->populations[window].count,
                              stats->customers_without_order,
                              stats->money_without_order,
                              w->from,
                              w->has_to ? w->to : as_of,
                              as_of};
    pdm__table_i32(table, 0)[window] = window;
    for (int32_t i = 0; i < PDM__COUNT(values); i++) pdm__table_i64(table, 1 + i)[window] = values[i];
    return w->has_from ? PDM_OK : pdm__table_set_null(table, 12, window, err);
}

/* ---- all of it ---- */

typedef struct result_tables {
    pdm_table *segments;
    pdm_table *thresholds;
    pdm_table *stats;
    tier_tables tiers;
    int64_t threshold_row;
} result_tables;

/* How many customers each window has, and with that the main table. */
static pdm_status count_windows(pdm__rfm_work *work, pdm_error *err) {
    int64_t rows = 0;
    for (int32_t w = 0; w < work->plan->window_count; w++) {
        PDM__TRY(pdm__rfm_derive(work, w, &work->populations[w].stats, err));
        PDM__TRY(pdm__rfm_count(work, w, &work->populations[w].stats, err));
        work->populations[w].first_row = rows;
        rows += (int64_t)work->populations[w].count;
        PDM__TRY(pdm__run_status(work->run, err));
    }
    pdm_table *table = NULL;
    PDM__TRY(add_table(work, RFM_TABLE_RFM, rows, &table, err));
    PDM__TRY(set_windows(work, table, COL_WINDOW, err));
    PDM__TRY(set_code_names(work, table, err));
    for (int32_t w = 0; w < work->plan->window_count; w++) {
        pdm__rfm_population *population = &work->populations[w];
        population->table = table;
        for (int32_t d = 0; d < 3; d++)
            population->scores[d] = pdm__table_i32(table, COL_R_SCORE + d) + population->first_row;
        population->segments = pdm__table_i32(table, COL_SEGMENT_ID) + population->first_row;
    }
    return PDM_OK;
}

static pdm_status add_tables(pdm__rfm_work *work, result_tables *t, pdm_error *err) {
    static const char *const dimensions[] = {"r", "f", "m", "r_score", "f_score", "m_score"};
    int64_t windows = work->plan->window_count;
    int64_t customers = 0;
    for (int32_t w = 0; w < work->plan->window_count; w++) customers += (int64_t)work->populations[w].count;
    PDM__TRY(add_table(work, RFM_TABLE_SEGMENTS, windows * (work->map.count + 1), &t->segments, err));
    PDM__TRY(add_table(work, RFM_TABLE_THRESHOLDS, windows * pdm__rfm_threshold_rows(work->plan), &t->thresholds, err));
    PDM__TRY(add_table(work, RFM_TABLE_STATS, windows, &t->stats, err));
    PDM__TRY(set_windows(work, t->segments, 0, err));
    PDM__TRY(set_windows(work, t->thresholds, 0, err));
    PDM__TRY(set_windows(work, t->stats, 0, err));
    PDM__TRY(pdm__table_set_dictionary(t->thresholds, 1, dimensions, PDM__COUNT(dimensions), err));
    if (!work->plan->has_tiers) return PDM_OK;
    return add_tier_tables(work, customers, &t->tiers, err);
}

static pdm_status put_segments(pdm__rfm_work *work, int32_t window, pdm_table *table, pdm_error *err) {
    const pdm__rfm_population *population = &work->populations[window];
    int32_t count = work->map.count == 0 ? 1 : work->map.count;
    sums *all = NULL;
    PDM__TRY(pdm__new(work->context, (size_t)count + 1, sizeof *all, &all, err));
    pdm_status status =
        sum_groups(work, population, work->map.count == 0 ? NULL : population->segments, count, all, err);
    group_names names = {.count = work->map.count, .names = work->map.names, .names_zh = work->map.names_zh};
    const sums *shown = work->map.count == 0 ? all + 1 : all; /* without a map: the total alone */
    if (status == PDM_OK) status = put_groups(work, table, window, &names, shown, err);
    pdm__drop(work->context, all, (size_t)count + 1, sizeof *all);
    return status;
}

static pdm_status put_window(pdm__rfm_work *work, int32_t window, result_tables *t, pdm_error *err) {
    pdm__rfm_stats again;
    /* With one window what was derived for counting is still there. */
    if (work->plan->window_count > 1) PDM__TRY(pdm__rfm_derive(work, window, &again, err));
    PDM__TRY(pdm__rfm_fill(work, window, err));
    PDM__TRY(pdm__run_status(work->run, err));
    PDM__TRY(pdm__rfm_score(work, window, t->thresholds, &t->threshold_row, err));
    PDM__TRY(classify(work, window, err));
    PDM__TRY(put_segments(work, window, t->segments, err));
    PDM__TRY(put_stats(work, t->stats, window, &work->populations[window].stats, err));
    if (!work->plan->has_tiers) return PDM_OK;
    return put_tiers(work, window, &t->tiers, err);
}

/* First counted order of every unit, in all of time. */
static pdm_status note_firsts(pdm__rfm_work *work, pdm_error *err) {
    pdm__rfm_stats stats;
    int32_t window = work->plan->stored_windows - 1;
    PDM__TRY(pdm__new(work->context, work->units, sizeof *work->firsts, &work->firsts, err));
    PDM__TRY(pdm__rfm_derive(work, window, &stats, err));
    for (size_t i = 0; i < work->units; i++) work->firsts[i] = pdm__rfm_unit_words(work, window, i)[RFM_FIRST];
    return PDM_OK;
}

static pdm_status order_units(pdm__rfm_work *work, pdm_error *err) {
    if (pdm__rfm_derives(work->plan)) {
        PDM__TRY(pdm__new(work->context, work->units, sizeof *work->order, &work->order, err));
        return pdm__store_order(work->view->store, work->run, 0, work->order, err);
    }
    PDM__TRY(pdm__new(work->context, work->units, sizeof *work->entries, &work->entries, err));
    return pdm__store_units(work->view->store, work->run, work->entries, err);
}

static pdm_status make_tables(pdm__rfm_work *work, pdm_error *err) {
    result_tables t;
    memset(&t, 0, sizeof t);
    PDM__TRY(pdm__rfm_plan_map(work->view->setup, work->plan, &work->map, err));
    PDM__TRY(order_units(work, err));
    PDM__TRY(count_windows(work, err));
    PDM__TRY(add_tables(work, &t, err));
    for (int32_t w = 0; w < work->plan->window_count; w++) PDM__TRY(put_window(work, w, &t, err));
    pdm__table_truncate(t.thresholds, t.threshold_row);
    if (work->map.count > 0) PDM__TRY(put_map(work, err));
    if (work->map.matches != NULL) PDM__TRY(put_coverage(work, err));
    if (work->plan->options->absent_detail != 0) PDM__TRY(note_firsts(work, err));
    return work->plan->window_count > 1 ? pdm__rfm_migration(work, err) : PDM_OK;
}

static void clear_work(pdm__rfm_work *work) {
    for (int32_t w = 0; work->populations != NULL && w < work->plan->window_count; w++) {
        pdm__rfm_population *population = &work->populations[w];
        pdm__drop(work->context, population->starts, pdm__rfm_pieces(work), sizeof *population->starts);
        pdm__drop(work->context, population->position, population->count, sizeof *population->position);
        pdm__drop(work->context, population->values[0], population->count, sizeof *population->values[0]);
    }
    pdm__drop(work->context, work->populations, (size_t)work->plan->window_count, sizeof *work->populations);
    pdm__drop(work->context, work->order, work->units, sizeof *work->order);
    pdm__drop(work->context, work->entries, work->units, sizeof *work->entries);
    pdm__drop(work->context, work->derived, work->units * RFM_WORDS, sizeof *work->derived);
    pdm__drop(work->context, work->firsts, work->units, sizeof *work->firsts);
    if (work->map.context != NULL) pdm__rfm_map_clear(&work->map);
}

pdm_status pdm__rfm_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    pdm__rfm_work work;
    memset(&work, 0, sizeof work);
    work.view = view;
    work.plan = view->plan->own;
    work.context = view->setup->context;
    work.run = run;
    work.result = result;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        work.unit_start[p] = work.units;
        work.units += view->store->partitions[p].levels[0].count;
    }
    size_t windows = (size_t)work.plan->window_count;
    pdm_status status = pdm__new_zero(work.context, windows, sizeof *work.populations, &work.populations, err);
    if (status == PDM_OK) status = make_tables(&work, err);
    clear_work(&work);
    return status;
}
