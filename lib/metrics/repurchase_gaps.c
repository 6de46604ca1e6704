/* Gaps between orders: the tables ladder and gaps. */
#include "metrics/repurchase_internal.h"
#include "stats/summary.h"

#include <stdlib.h>

#define POLL_BUYERS 4096

pdm_status pdm__repurchase_gap(int64_t earlier, int64_t later, int64_t *gap, pdm_error *err) {
    uint64_t wide = (uint64_t)later - (uint64_t)earlier;
    *gap = (int64_t)wide;
    if (wide <= (uint64_t)INT64_MAX) return PDM_OK;
    return pdm__fail(err, PDM_E_OVERFLOW, -1, "time", "from %lld µs to %lld µs it is longer than int64 holds",
                     (long long)earlier, (long long)later);
}

bool pdm__repurchase_open(const pdm__repurchase_facts *facts, const pdm__repurchase_buyer *buyer) {
    return facts->as_of.known && buyer->orders[buyer->count - 1].time <= facts->as_of.time;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

pdm_status pdm__repurchase_twice_median(const pdm__repurchase_buyer *buyer, int64_t *gaps, int64_t *twice,
                                        pdm_error *err) {
    size_t n = buyer->count - 1;
    for (size_t i = 0; i < n; i++)
        PDM__TRY(pdm__repurchase_gap(buyer->orders[i].time, buyer->orders[i + 1].time, &gaps[i], err));
    if (n > 1) qsort(gaps, n, sizeof *gaps, ascending);
    if (!__builtin_add_overflow(gaps[(n - 1) / 2], gaps[n / 2], twice)) return PDM_OK;
    return pdm__fail(err, PDM_E_OVERFLOW, -1, "time",
                     "the median gap of a unit, %lld µs, is longer than half of what int64 holds",
                     (long long)gaps[n / 2]);
}

/* ---- collecting ---- */

/* A step of the ladder: orders j of a group. */
typedef struct rung {
    int64_t units; /* with j orders or more */
    size_t gaps;   /* end of the gaps j → j + 1 among all gaps */
} rung;

/* What is known of a group's gaps. */
typedef struct span {
    size_t longest; /* most orders of a buyer */
    size_t rungs;   /* its first one; `longest` of them, and none beyond */
    size_t gaps;    /* its first gap */
    size_t medians; /* its first median; one each for the units of rung 2 */
    size_t open;    /* its first open gap */
    size_t open_count;
} span;

typedef struct collection {
    const pdm__repurchase_facts *facts;
    span *spans;      /* [groups + 1] */
    rung *rungs;      /* [rung_count] */
    int64_t *gaps;    /* [gap_count] by group, j */
    int64_t *medians; /* [median_count] twice the median of each unit, by group */
    int64_t *open;    /* [open_count] by group */
    int64_t *scratch; /* [longest] */
    size_t rung_count;
    size_t gap_count;
    size_t median_count;
    size_t open_count;
} collection;

typedef pdm_status (*visit)(collection *c, const pdm__repurchase_buyer *buyer, pdm_error *err);

static pdm_status each_buyer(collection *c, visit body, pdm_error *err) {
    size_t seen = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        for (size_t at = 0; at < c->facts->parts[p].count;) {
            pdm__repurchase_buyer buyer = pdm__repurchase_buyer_at(c->facts, p, at);
            PDM__TRY(body(c, &buyer, err));
            at += buyer.count;
            if (++seen % POLL_BUYERS == 0 && pdm__run_poll(c->facts->run, 0))
                return pdm__run_status(c->facts->run, err);
        }
    }
    return PDM_OK;
}

static pdm_status measure(collection *c, const pdm__repurchase_buyer *buyer, pdm_error *err) {
    (void)err;
    span *mine = &c->spans[buyer->orders[0].group];
    mine->longest = buyer->count > mine->longest ? buyer->count : mine->longest;
    return PDM_OK;
}

static pdm_status count(collection *c, const pdm__repurchase_buyer *buyer, pdm_error *err) {
    (void)err;
    c->rungs[c->spans[buyer->orders[0].group].rungs + buyer->count - 1].units += 1;
    return PDM_OK;
}

static pdm_status collect(collection *c, const pdm__repurchase_buyer *buyer, pdm_error *err) {
    span *mine = &c->spans[buyer->orders[0].group];
    for (size_t j = 1; j < buyer->count; j++) {
        int64_t *to = &c->gaps[c->rungs[mine->rungs + j - 1].gaps++];
        PDM__TRY(pdm__repurchase_gap(buyer->orders[j - 1].time, buyer->orders[j].time, to, err));
    }
    if (buyer->count > 1) PDM__TRY(pdm__repurchase_twice_median(buyer, c->scratch, &c->medians[mine->medians++], err));
    if (!pdm__repurchase_open(c->facts, buyer)) return PDM_OK;
    int64_t *to = &c->open[mine->open + mine->open_count++];
    return pdm__repurchase_gap(buyer->orders[buyer->count - 1].time, c->facts->as_of.time, to, err);
}

/* Units with exactly j orders become units with j or more; what belongs to each group gets its place. */
static void add_up(collection *c) {
    for (int32_t g = 0; g < c->facts->group_count; g++) {
        span *mine = &c->spans[g];
        rung *rungs = c->rungs + mine->rungs;
        for (size_t j = mine->longest; j-- > 1;) rungs[j - 1].units += rungs[j].units;
        mine->gaps = c->gap_count;
        mine->medians = c->median_count;
        mine->open = c->open_count;
        if (mine->longest > 0) c->open_count += (size_t)rungs[0].units;
        if (mine->longest > 1) c->median_count += (size_t)rungs[1].units;
        for (size_t j = 1; j < mine->longest; j++) {
            rungs[j - 1].gaps = c->gap_count;
            c->gap_count += (size_t)rungs[j].units;
        }
    }
    c->spans[c->facts->group_count].gaps = c->gap_count;
}

static pdm_status collect_all(collection *c, pdm_error *err) {
    pdm_context *context = c->facts->run->context;
    size_t groups = (size_t)c->facts->group_count;
    PDM__TRY(pdm__new_zero(context, groups + 1, sizeof *c->spans, &c->spans, err));
    PDM__TRY(each_buyer(c, measure, err));
    for (size_t g = 0; g < groups; g++) {
        c->spans[g].rungs = c->rung_count;
        c->rung_count += c->spans[g].longest;
    }
    PDM__TRY(pdm__new_zero(context, c->rung_count, sizeof *c->rungs, &c->rungs, err));
    PDM__TRY(each_buyer(c, count, err));
    add_up(c);
    PDM__TRY(pdm__new(context, c->gap_count, sizeof *c->gaps, &c->gaps, err));
    PDM__TRY(pdm__new(context, c->median_count, sizeof *c->medians, &c->medians, err));
    PDM__TRY(pdm__new(context, c->open_count, sizeof *c->open, &c->open, err));
    PDM__TRY(pdm__new(context, c->facts->longest, sizeof *c->scratch, &c->scratch, err));
    return each_buyer(c, collect, err);
}

static void clear(collection *c) {
    pdm_context *context = c->facts->run->context;
    pdm__drop(context, c->spans, (size_t)c->facts->group_count + 1, sizeof *c->spans);
    pdm__drop(context, c->rungs, c->rung_count, sizeof *c->rungs);
    pdm__drop(context, c->gaps, c->gap_count, sizeof *c->gaps);
    pdm__drop(context, c->medians, c->median_count, sizeof *c->medians);
    pdm__drop(context, c->open, c->open_count, sizeof *c->open);
    pdm__drop(context, c->scratch, c->facts->longest, sizeof *c->scratch);
}

/* ---- tables ---- */

static const int32_t percents[REPURCHASE_QUANTILES] = {10, 25, 50, 75, 90};

/* Mean and quantiles from column `column` on; null without values. `unit`: values are that many times what is shown. */
static pdm_status put_summary(const collection *c, pdm_table *table, int32_t column, int64_t row, const int64_t *values,
                              size_t n, double unit, pdm_error *err) {
    if (n == 0) {
        for (int32_t i = 0; i <= REPURCHASE_QUANTILES; i++) PDM__TRY(pdm__table_set_null(table, column + i, row, err));
        return PDM_OK;
    }
    pdm__summary s;
    PDM__TRY(pdm__summarise(c->facts->run, values, n, percents, REPURCHASE_QUANTILES, &s, err));
    pdm__table_f64(table, column)[row] = s.mean / unit;
    for (int32_t i = 0; i < REPURCHASE_QUANTILES; i++)
        pdm__table_f64(table, column + 1 + i)[row] = s.quantiles[i] / unit;
    return PDM_OK;
}

enum { LADDER_GROUP, LADDER_FROM, LADDER_TO, LADDER_RATE, LADDER_STOPPED = LADDER_RATE + 5, LADDER_MEAN };

/* Row j − 1 of a group: units with j orders, those with j + 1, and the gaps between. */
static pdm_status put_rung(const collection *c, pdm_table *table, int64_t row, int32_t group, size_t j,
                           pdm_error *err) {
    const span *mine = &c->spans[group];
    const rung *rungs = c->rungs + mine->rungs;
    int64_t here = j <= mine->longest ? rungs[j - 1].units : 0;
    int64_t next = j < mine->longest ? rungs[j].units : 0;
    const int64_t *gaps = next > 0 ? c->gaps + rungs[j - 1].gaps - (size_t)next : NULL;
    PDM__TRY(pdm__repurchase_put_group(c->facts, table, LADDER_GROUP, row, group, err));
    pdm__table_i64(table, LADDER_FROM)[row] = (int64_t)j;
    pdm__table_i64(table, LADDER_TO)[row] = (int64_t)j + 1;
    PDM__TRY(pdm__repurchase_put_rate(c->facts, table, LADDER_RATE, row, true, next, here, err));
    pdm__table_i64(table, LADDER_STOPPED)[row] = here - next;
    return put_summary(c, table, LADDER_MEAN, row, gaps, (size_t)next, 1, err);
}

static size_t ladder_rows(const span *mine) { return mine->longest > 2 ? mine->longest - 1 : 1; }

static pdm_status put_ladder(const collection *c, pdm_result *result, pdm_error *err) {
    pdm_table *table = NULL;
    int64_t rows = 0;
    int64_t row = 0;
    for (int32_t g = 0; g < c->facts->group_count; g++) rows += (int64_t)ladder_rows(&c->spans[g]);
    PDM__TRY(
        pdm__result_add(result, &pdm__repurchase_tables[REPURCHASE_TABLE_LADDER], rows, PDM_TYPE_INT64, &table, err));
    for (int32_t g = 0; g < c->facts->group_count; g++) {
        for (size_t j = 1; j <= ladder_rows(&c->spans[g]); j++) PDM__TRY(put_rung(c, table, row++, g, j, err));
    }
    return PDM_OK;
}

enum {
    GAP_GROUP,
    GAP_OVER,
    GAP_N,
    GAP_MEAN,
    GAP_SINGLE = GAP_MEAN + 1 + REPURCHASE_QUANTILES,
    GAP_OPEN,
    GAP_OPEN_MEAN,
    GAP_OPEN_MEDIAN
};

static pdm_status put_beside(const collection *c, pdm_table *table, int64_t row, int32_t group, pdm_error *err) {
    static const int32_t half[] = {50};
    const span *mine = &c->spans[group];
    const rung *rungs = c->rungs + mine->rungs;
    int64_t here = mine->longest > 0 ? rungs[0].units : 0;
    pdm__table_i64(table, GAP_SINGLE)[row] = here - (mine->longest > 1 ? rungs[1].units : 0);
    pdm__table_i64(table, GAP_OPEN)[row] = (int64_t)mine->open_count;
    if (mine->open_count == 0) {
        PDM__TRY(pdm__table_set_null(table, GAP_OPEN_MEAN, row, err));
        return pdm__table_set_null(table, GAP_OPEN_MEDIAN, row, err);
    }
    pdm__summary s;
    PDM__TRY(pdm__summarise(c->facts->run, c->open + mine->open, mine->open_count, half, 1, &s, err));
    pdm__table_f64(table, GAP_OPEN_MEAN)[row] = s.mean;
    pdm__table_f64(table, GAP_OPEN_MEDIAN)[row] = s.quantiles[0];
    return PDM_OK;
}

static pdm_status put_over(const collection *c, pdm_table *table, int64_t row, int32_t group, bool units,
                           pdm_error *err) {
    const span *mine = &c->spans[group];
    size_t repeaters = mine->longest > 1 ? (size_t)c->rungs[mine->rungs + 1].units : 0;
    size_t n = units ? repeaters : c->spans[group + 1].gaps - mine->gaps;
    const int64_t *values = units ? c->medians + mine->medians - repeaters : c->gaps + mine->gaps;
    PDM__TRY(pdm__repurchase_put_group(c->facts, table, GAP_GROUP, row, group, err));
    pdm__table_i32(table, GAP_OVER)[row] = units;
    pdm__table_i64(table, GAP_N)[row] = (int64_t)n;
    PDM__TRY(put_summary(c, table, GAP_MEAN, row, values, n, units ? 2 : 1, err));
    return put_beside(c, table, row, group, err);
}

static pdm_status put_gaps(const collection *c, pdm_result *result, pdm_error *err) {
    static const char *const names[] = {"gaps", "units"};
    pdm_table *table = NULL;
    int64_t rows = 2 * (int64_t)c->facts->group_count;
    PDM__TRY(
        pdm__result_add(result, &pdm__repurchase_tables[REPURCHASE_TABLE_GAPS], rows, PDM_TYPE_INT64, &table, err));
    for (int32_t g = 0; g < c->facts->group_count; g++) {
        PDM__TRY(put_over(c, table, 2 * (int64_t)g, g, false, err));
        PDM__TRY(put_over(c, table, 2 * (int64_t)g + 1, g, true, err));
    }
    return pdm__table_set_dictionary(table, GAP_OVER, names, PDM__COUNT(names), err);
}

pdm_status pdm__repurchase_put_gap_tables(const pdm__repurchase_facts *facts, pdm_result *result, pdm_error *err) {
    collection c = {.facts = facts};
    pdm_status status = collect_all(&c, err);
    if (status == PDM_OK) status = put_ladder(&c, result, err);
    if (status == PDM_OK) status = put_gaps(&c, result, err);
    clear(&c);
    return status;
}
