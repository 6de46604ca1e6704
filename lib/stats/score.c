#include "stats/score.h"

#include "stats/select.h"

#define MAX_EDGES (PDM__SCORE_MAX_CLASSES + 1)

/* A scoring under way. Every policy comes down to cuts: class c + 1 begins at cut c − 1. */
typedef struct scoring {
    pdm__run *run;
    const pdm__score_rule *rule;
    const char *name;
    const int64_t *values; /* of the members only, in order */
    size_t n;              /* > 0 */
    pdm__cuts cuts;
    pdm__score_classes *out;
    pdm_error *err;
} scoring;

/* --------------------------------------------------------------------------------------------------------- policies */

/* Midrank and percent rank: a class begins at the first run whose middle (or end) passes a rank. */
static pdm_status cut_by_rank(scoring *s) {
    pdm__int128 k = s->rule->k;
    pdm__int128 n = (pdm__int128)s->n;
    bool middle = s->rule->policy == PDM__SCORE_MIDRANK || s->rule->ties == PDM__SCORE_TIES_AVG;
    pdm__int128 rank[PDM__SCORE_MAX_CLASSES];
    size_t positions[PDM__SCORE_MAX_CLASSES] = {0};
    pdm__select_group groups[PDM__SCORE_MAX_CLASSES];
    int32_t count = 0;
    for (int32_t c = 1; c < s->rule->k; c++, count++) {
        if (s->rule->policy == PDM__SCORE_MIDRANK) {
            rank[count] = pdm__ceil_div(2 * n * c, k); /* k(2L + E) ≥ 2nc */
        } else if (middle) {
            rank[count] = 2 * n * c / k; /* k(2L + E + 1) > 2nc */
        } else {
            rank[count] = n * c / k; /* k(L + 1) > nc or k(L + E) > nc */
        }
        positions[count] = middle ? pdm__middle_position(rank[count]) : (size_t)rank[count];
        if (positions[count] >= s->n) break; /* nobody is that high */
    }
    PDM__TRY(pdm__select(s->run, s->values, s->n, positions, count, groups, s->err));
    for (int32_t i = 0; i < count; i++) {
        pdm__int128 at = groups[i].value;
        if (middle) {
            at = pdm__middle_cut(&groups[i], rank[i]);
        } else if (s->rule->ties == PDM__SCORE_TIES_MIN && groups[i].less < positions[i]) {
            at++;
        }
        pdm__cuts_add(&s->cuts, at, 0);
    }
    return PDM_OK;
}

/* First position of class c + 1; n or more if nobody gets there. */
static size_t first_position(const pdm__score_rule *rule, size_t n, size_t c) {
    size_t k = (size_t)rule->k;
    if (rule->policy == PDM__SCORE_RANK_FIRST) return c * (n - 1) / k + 1;
    size_t size = n / k;
    size_t larger = n % k; /* so many classes have one more */
    return c * size + (c < larger ? c : larger);
}

/* NTILE and rank first: a class begins at a position, possibly inside a run of ties. */
static pdm_status cut_by_position(scoring *s) {
    size_t positions[PDM__SCORE_MAX_CLASSES] = {0};
    pdm__select_group groups[PDM__SCORE_MAX_CLASSES];
    int32_t count = 0;
    for (int32_t c = 1; c < s->rule->k; c++) {
        size_t position = first_position(s->rule, s->n, (size_t)c);
        if (position >= s->n) break;
        positions[count++] = position;
    }
    PDM__TRY(pdm__select(s->run, s->values, s->n, positions, count, groups, s->err));
    for (int32_t i = 0; i < count; i++) pdm__cuts_add(&s->cuts, groups[i].value, positions[i] - groups[i].less);
    return PDM_OK;
}

static void insert_position(size_t *positions, int32_t *count, size_t position) {
    int32_t at = *count;
    while (at > 0 && positions[at - 1] > position) at--;
    if (at > 0 && positions[at - 1] == position) return;
    memmove(positions + at + 1, positions + at, (size_t)(*count - at) * sizeof *positions);
    positions[at] = position;
    (*count)++;
}

/* edges[i] = k · Q(i/k), the type-7 quantiles for i = 0 … k. */
static pdm_status find_edges(scoring *s, pdm__int128 edges[MAX_EDGES]) {
    size_t k = (size_t)s->rule->k;
    size_t last = s->n - 1;
    size_t positions[2 * MAX_EDGES] = {0};
    pdm__select_group groups[2 * MAX_EDGES];
    int32_t count = 0;
    for (size_t i = 0; i <= k; i++) {
        size_t j = last * i / k;
        insert_position(positions, &count, j);
        if (j < last) insert_position(positions, &count, j + 1);
    }
    PDM__TRY(pdm__select(s->run, s->values, s->n, positions, count, groups, s->err));
    for (size_t i = 0; i <= k; i++) {
        size_t j = last * i / k;
        pdm__int128 here = pdm__select_at(groups, count, j)->value;
        pdm__int128 next = pdm__select_at(groups, count, j < last ? j + 1 : j)->value;
        edges[i] = (pdm__int128)k * here + (pdm__int128)(last * i % k) * (next - here);
    }
    return PDM_OK;
}

/* pandas qcut: class c + 1 holds the values above edge c. Edges that merge take their classes with them. */
static pdm_status cut_right_of_quantiles(scoring *s) {
    int32_t k = s->rule->k;
    pdm__int128 edges[MAX_EDGES];
    PDM__TRY(find_edges(s, edges));
    s->out->count = edges[0] < edges[k] ? 1 : 0;
    for (int32_t i = 1; i <= k; i++) {
        if (edges[i] == edges[i - 1] && !s->rule->drop_duplicates) {
            return pdm__fail(
                s->err, PDM_E_DUPLICATE_EDGES, -1, s->name,
                "expected %d distinct quantile edges of %s, got edges %d and %d both at %lld; duplicates = drop "
                "merges them",
                k + 1, s->name, i - 1, i, (long long)(edges[i] / k));
        }
        if (edges[i] == edges[i - 1] || edges[i] == edges[k]) continue;
        pdm__cuts_add(&s->cuts, pdm__floor_div(edges[i], k) + 1, 0);
        s->out->count++;
    }
    return PDM_OK;
}

/* R package rfm: class c + 1 holds the values from edge c + delta on. */
static pdm_status cut_left_of_quantiles(scoring *s) {
    pdm__int128 edges[MAX_EDGES];
    PDM__TRY(find_edges(s, edges));
    for (int32_t i = 1; i < s->rule->k; i++) {
        pdm__cuts_add(&s->cuts, pdm__ceil_div(edges[i], s->rule->k) + s->rule->delta, 0);
    }
    return PDM_OK;
}

/* The smallest integer above the split, or on it where the split itself belongs to the upper class. */
static pdm__int128 split_cut(const pdm__score_rule *rule, pdm__int128 numerator, int64_t denominator) {
    bool on_split_is_upper = (rule->inclusive != 0) != (rule->smaller_better != 0);
    return on_split_is_upper ? pdm__ceil_div(numerator, denominator) : pdm__floor_div(numerator, denominator) + 1;
}

static pdm_status sum_values(scoring *s, pdm__int128 *sum) {
    *sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (i % 65536 == 0 && pdm__run_poll(s->run, 0)) break;
        *sum += s->values[i];
    }
    return pdm__run_status(s->run, s->err);
}

static pdm_status cut_at_split(scoring *s) {
    pdm__int128 numerator = s->rule->split_value;
    int64_t denominator = 1;
    if (s->rule->split_by == PDM__SCORE_SPLIT_MEAN) {
        PDM__TRY(sum_values(s, &numerator));
        denominator = (int64_t)s->n;
    } else if (s->rule->split_by == PDM__SCORE_SPLIT_MEDIAN) {
        size_t positions[2] = {(s->n - 1) / 2, s->n / 2};
        pdm__select_group groups[2];
        PDM__TRY(pdm__select(s->run, s->values, s->n, positions, 2, groups, s->err));
        bool odd = positions[0] == positions[1];
        numerator = odd ? groups[0].value : (pdm__int128)groups[0].value + groups[1].value;
        denominator = odd ? 1 : 2;
    }
    s->out->has_split = true;
    s->out->split_numerator = numerator;
    s->out->split_denominator = denominator;
    pdm__cuts_add(&s->cuts, split_cut(s->rule, numerator, denominator), 0);
    return PDM_OK;
}

static pdm_status cut_at_thresholds(scoring *s) {
    for (int32_t i = 0; i < s->rule->cut_count; i++) pdm__cuts_add(&s->cuts, s->rule->cuts[i], 0);
    return PDM_OK;
}

static pdm_status find_cuts(scoring *s) {
    switch (s->rule->policy) {
    case PDM__SCORE_NTILE:
    case PDM__SCORE_RANK_FIRST: return cut_by_position(s);
    case PDM__SCORE_QUANTILE_RIGHT: return cut_right_of_quantiles(s);
    case PDM__SCORE_QUANTILE_RFM_R: return cut_left_of_quantiles(s);
    case PDM__SCORE_FIXED: return cut_at_thresholds(s);
    case PDM__SCORE_SPLIT: return cut_at_split(s);
    default: return cut_by_rank(s);
    }
}

/* ---------------------------------------------------------------------------------------------------------- scoring */

static int32_t class_score(const pdm__score_rule *rule, int32_t count, int32_t class_number) {
    return rule->smaller_better ? count + 1 - class_number : class_number;
}

/* found: the classes that can have members, the lowest ones. A cut is where the next class that has any begins. */
static void describe_classes(const scoring *s, const pdm__cut_class *found, int32_t found_count, int64_t largest) {
    pdm__score_classes *out = s->out;
    int64_t cut = largest < INT64_MAX ? largest + 1 : largest;
    for (int32_t c = out->count; c >= 1; c--) {
        pdm__score_class *class = &out->classes[c - 1];
        *class = (pdm__score_class){.class_number = c, .score = class_score(s->rule, out->count, c)};
        if (c <= found_count && found[c - 1].count > 0) {
            class->customers = (int64_t)found[c - 1].count;
            class->value_min = found[c - 1].min;
            class->value_max = found[c - 1].max;
            cut = class->value_min;
        }
        class->has_cut = c > 1 && s->n > 0;
        class->cut = class->has_cut ? cut : 0;
    }
}

static pdm_status score_members(scoring *s, const uint32_t *members, int32_t *scores) {
    PDM__TRY(find_cuts(s));
    int32_t first = class_score(s->rule, s->out->count, 1);
    int32_t step = s->rule->smaller_better ? -1 : 1;
    if (s->out->count == 0) first = step = 0; /* no class, no score */
    pdm__cut_class found[PDM__SCORE_MAX_CLASSES];
    PDM__TRY(pdm__cuts_apply(s->run, &s->cuts, s->values, members, s->n, first, step, scores, found, s->err));
    int32_t top = s->cuts.count;
    while (found[top].count == 0) top--;
    describe_classes(s, found, s->cuts.count + 1, found[top].max);
    return PDM_OK;
}

pdm_status pdm__score(pdm__run *run, const pdm__score_rule *rule, const char *name, const int64_t *values,
                      const uint32_t *members, size_t n, int32_t *scores, pdm__score_classes *out, pdm_error *err) {
    memset(out, 0, sizeof *out);
    out->count = rule->policy == PDM__SCORE_SPLIT ? 2 : rule->k;
    scoring s = {.run = run, .rule = rule, .name = name, .values = values, .n = n, .out = out, .err = err};
    if (n == 0) {
        describe_classes(&s, NULL, 0, 0);
        return PDM_OK;
    }
    if (members == NULL) return score_members(&s, NULL, scores);
    int64_t *own = NULL;
    PDM__TRY(pdm__new(run->context, n, sizeof *own, &own, err));
    for (size_t i = 0; i < n; i++) own[i] = values[members[i]];
    s.values = own;
    pdm_status status = score_members(&s, members, scores);
    pdm__drop(run->context, own, n, sizeof *own);
    return status;
}

void pdm__score_freeze(const pdm__score_rule *rule, const pdm__score_classes *classes, pdm__score_rule *out) {
    *out = *rule;
    if (rule->policy == PDM__SCORE_FIXED) return;
    bool is_split = rule->policy == PDM__SCORE_SPLIT;
    bool was_empty = classes->count > 1 && !classes->classes[1].has_cut;
    if (was_empty) return;
    pdm__cuts cuts = {0};
    if (is_split) {
        pdm__cuts_add(&cuts, split_cut(rule, classes->split_numerator, classes->split_denominator), 0);
    } else {
        int64_t rest = 0;
        for (int32_t c = classes->count; c > 1; c--) rest += classes->classes[c - 1].customers;
        for (int32_t c = 2; c <= classes->count; c++) {
            const pdm__score_class *class = &classes->classes[c - 1];
            /*
             * The largest value + 1 does not exist if that is the largest of all integers: then nothing reaches the
             * class.
             */
            if (rest > 0 || class->cut < INT64_MAX) pdm__cuts_add(&cuts, class->cut, 0);
            rest -= class->customers;
        }
    }
    out->policy = PDM__SCORE_FIXED;
    out->k = classes->count;
    out->cut_count = cuts.count;
    for (int32_t c = 0; c < cuts.count; c++) out->cuts[c] = cuts.cut[c].at;
}
