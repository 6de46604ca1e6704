/* Scores, cuts and ladders of many columns against the formulas of the specification, value by value. */
#include "stats/score.h"
#include "stats/select.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

typedef struct bed {
    pdm_context *context;
    pdm__run run;
} bed;

static bed make_bed(int32_t threads) {
    bed b;
    pdm_context_options options = pdm_context_options_default();
    options.threads = threads;
    assert_int_equal(pdm_context_create(&options, &b.context, NULL), PDM_OK);
    pdm__run_begin(&b.run, b.context, -1);
    return b;
}

/* Also checks that everything was given back. */
static void free_bed(bed *b) {
    uint64_t now = 0;
    pdm_context *fresh = NULL;
    uint64_t fresh_now = 0;
    assert_int_equal(pdm_context_create(NULL, &fresh, NULL), PDM_OK);
    pdm_context_memory(b->context, &now, NULL);
    pdm_context_memory(fresh, &fresh_now, NULL);
    assert_int_equal(now, fresh_now);
    pdm_context_free(fresh);
    pdm_context_free(b->context);
}

static pdm__score_rule rule_of(int32_t policy, int32_t k) {
    return (pdm__score_rule){.policy = policy, .k = k, .delta = 1};
}

static uint64_t random_next(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ----------------------------------------------------------------------------- against the formulas, value by value */

static int compare_i64(const void *a, const void *b) {
    int64_t x;
    int64_t y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

typedef struct reference {
    const int64_t *sorted;
    size_t n;
    const pdm__score_rule *rule;
    pdm__int128 edges[PDM__SCORE_MAX_CLASSES + 1]; /* k · Q(i/k) */
} reference;

static size_t number_below(const reference *r, int64_t v, bool or_equal) {
    size_t low = 0;
    size_t high = r->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->sorted[middle] < v || (or_equal && r->sorted[middle] == v))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void find_edges(reference *r) {
    int64_t k = r->rule->k;
    for (int64_t i = 0; i <= k; i++) {
        int64_t h = ((int64_t)r->n - 1) * i;
        int64_t j = h / k;
        int64_t rem = h % k;
        pdm__int128 here = r->sorted[j];
        pdm__int128 next = rem > 0 ? r->sorted[j + 1] : r->sorted[j];
        r->edges[i] = k * here + rem * (next - here);
    }
}

/* The class of v, which is the `tie`-th of its equals, straight from the table of policies. */
static int32_t reference_class(const reference *r, int64_t v, size_t tie) {
    pdm__int128 k = r->rule->k;
    pdm__int128 n = (pdm__int128)r->n;
    pdm__int128 less = (pdm__int128)number_below(r, v, false);
    pdm__int128 equal = (pdm__int128)number_below(r, v, true) - less;
    pdm__int128 p = less + (pdm__int128)tie;
    int32_t class = 1;
    switch (r->rule->policy) {
    case PDM__SCORE_MIDRANK: return (int32_t)(k * (2 * less + equal) / (2 * n)) + 1;
    case PDM__SCORE_PCT_RANK: {
        pdm__int128 twice = 2 * less + equal + 1;
        if (r->rule->ties == PDM__SCORE_TIES_MIN) twice = 2 * (less + 1);
        if (r->rule->ties == PDM__SCORE_TIES_MAX) twice = 2 * (less + equal);
        return (int32_t)((k * twice + 2 * n - 1) / (2 * n));
    }
    case PDM__SCORE_NTILE: {
        pdm__int128 q = n / k;
        pdm__int128 m = n % k;
        return (int32_t)(p < m * (q + 1) ? p / (q + 1) + 1 : m + (p - m * (q + 1)) / q + 1);
    }
    case PDM__SCORE_RANK_FIRST:
        if (n == 1 || p == 0) return 1;
        return (int32_t)((k * p + n - 2) / (n - 1));
    case PDM__SCORE_QUANTILE_RIGHT: {
        if (r->sorted[0] == r->sorted[r->n - 1]) return 0;
        for (int64_t i = 1; i < k; i++) {
            pdm__int128 edge = r->edges[i];
            bool merged = edge == r->edges[i - 1] || edge == r->edges[k];
            if (!merged && edge < k * v) class ++;
        }
        return class;
    }
    case PDM__SCORE_QUANTILE_RFM_R:
        for (int64_t i = 1; i < k; i++) class += r->edges[i] + k * r->rule->delta <= k * v;
        return class;
    case PDM__SCORE_FIXED:
        for (int32_t i = 0; i < r->rule->cut_count; i++) class += r->rule->cuts[i] <= v;
        return class;
    default: return 0;
    }
}

static bool reference_split_high(const reference *r, int64_t v) {
    pdm__int128 left = v;
    pdm__int128 right = r->rule->split_value;
    if (r->rule->split_by == PDM__SCORE_SPLIT_MEAN) {
        left = (pdm__int128)r->n * v;
        right = 0;
        for (size_t i = 0; i < r->n; i++) right += r->sorted[i];
    } else if (r->rule->split_by == PDM__SCORE_SPLIT_MEDIAN) {
        left = 2 * (pdm__int128)v;
        right = (pdm__int128)r->sorted[(r->n - 1) / 2] + r->sorted[r->n / 2];
    }
    if (left == right) return r->rule->inclusive != 0;
    return r->rule->smaller_better ? left < right : left > right;
}

typedef struct column {
    int64_t *values;
    int64_t *sorted;
    size_t *tie;
    int32_t *scores;
    size_t n;
} column;

static void make_column(column *c, size_t n, int shape, uint64_t seed) {
    c->n = n;
    c->values = malloc(n * sizeof *c->values);
    c->sorted = malloc(n * sizeof *c->sorted);
    c->tie = calloc(n, sizeof *c->tie);
    c->scores = malloc(n * sizeof *c->scores);
    for (size_t i = 0; i < n; i++) {
        uint64_t x = random_next(&seed);
        switch (shape) {
        case 0: c->values[i] = (int64_t)(x % 7); break;                                          /* many ties */
        case 1: c->values[i] = (int64_t)(x % 2000001) - 1000000; break;                          /* money and refunds */
        case 2: c->values[i] = (int64_t)x; break;                                                /* the whole range */
        case 3: c->values[i] = (int64_t)(x >> 1 >> (x % 61)); break;                             /* a long tail */
        case 4: c->values[i] = 5; break;                                                         /* one value */
        case 5: c->values[i] = i % (n / 1024 + 1) == 0 ? 1000000 : (int64_t)(x % 100000); break; /* misleads a sample */
        case 6: c->values[i] = x % 9 < 4 ? INT64_MIN : x % 9 < 7 ? INT64_MAX : 0; break;         /* the ends */
        default: c->values[i] = INT64_MAX - (int64_t)(x % 50000); break;                         /* far from zero */
        }
    }
    memcpy(c->sorted, c->values, n * sizeof *c->values);
    qsort(c->sorted, n, sizeof *c->sorted, compare_i64);
}

static void free_column(column *c) {
    free(c->values);
    free(c->sorted);
    free(c->tie);
    free(c->scores);
}

static void number_ties(column *c) {
    size_t *seen = calloc(c->n, sizeof *seen);
    reference r = {.sorted = c->sorted, .n = c->n};
    for (size_t i = 0; i < c->n; i++) c->tie[i] = seen[number_below(&r, c->values[i], false)]++;
    free(seen);
}

/* The class table, recomputed from the scores. */
static void check_classes(const column *c, const pdm__score_rule *rule, const pdm__score_classes *classes) {
    int64_t size[PDM__SCORE_MAX_CLASSES + 1] = {0};
    int64_t min[PDM__SCORE_MAX_CLASSES + 1];
    int64_t max[PDM__SCORE_MAX_CLASSES + 1];
    for (size_t i = 0; i < c->n; i++) {
        int32_t score = c->scores[i];
        if (size[score] == 0 || c->values[i] < min[score]) min[score] = c->values[i];
        if (size[score] == 0 || c->values[i] > max[score]) max[score] = c->values[i];
        size[score]++;
    }
    int64_t largest = c->sorted[c->n - 1];
    int64_t cut = largest == INT64_MAX ? largest : largest + 1;
    for (int32_t i = classes->count; i >= 1; i--) {
        const pdm__score_class *class = &classes->classes[i - 1];
        int32_t score = rule->smaller_better ? classes->count + 1 - i : i;
        assert_int_equal(class->class_number, i);
        assert_int_equal(class->score, score);
        assert_int_equal(class->customers, size[score]);
        if (size[score] > 0) {
            assert_int_equal(class->value_min, min[score]);
            assert_int_equal(class->value_max, max[score]);
            cut = min[score];
        }
        assert_int_equal(class->has_cut, i > 1);
        if (i > 1) assert_int_equal(class->cut, cut);
    }
}

static void check_rule(bed *b, column *c, const pdm__score_rule *rule) {
    pdm__score_classes classes;
    reference r = {.sorted = c->sorted, .n = c->n, .rule = rule};
    find_edges(&r);
    assert_int_equal(pdm__score(&b->run, rule, "m", c->values, NULL, c->n, c->scores, &classes, NULL), PDM_OK);
    size_t stride = c->n > 1000 ? 7 : 1;
    for (size_t i = 0; i < c->n; i += stride) {
        int32_t expected;
        if (rule->policy == PDM__SCORE_SPLIT) {
            expected = reference_split_high(&r, c->values[i]) ? 2 : 1;
            if (i > 400) break; /* the reference adds up all values each time */
        } else {
            expected = reference_class(&r, c->values[i], c->tie[i]);
            if (rule->smaller_better && expected > 0) expected = classes.count + 1 - expected;
        }
        if (c->scores[i] != expected) {
            fail_msg("policy %d k %d n %zu value %lld: score %d, expected %d", rule->policy, rule->k, c->n,
                     (long long)c->values[i], c->scores[i], expected);
        }
    }
    check_classes(c, rule, &classes);
    if (rule->policy == PDM__SCORE_NTILE || rule->policy == PDM__SCORE_RANK_FIRST) return;
    pdm__score_rule frozen;
    int32_t *again = malloc(c->n * sizeof *again);
    pdm__score_freeze(rule, &classes, &frozen);
    assert_int_equal(frozen.policy, PDM__SCORE_FIXED);
    assert_int_equal(pdm__score(&b->run, &frozen, "m", c->values, NULL, c->n, again, &classes, NULL), PDM_OK);
    assert_memory_equal(again, c->scores, c->n * sizeof *again);
    free(again);
}

static void check_policies(bed *b, column *c, int32_t k, int32_t smaller_better) {
    for (int32_t policy = PDM__SCORE_MIDRANK; policy <= PDM__SCORE_SPLIT; policy++) {
        if (policy == 8) continue; /* nested is made of others */
        pdm__score_rule rule = rule_of(policy, policy == PDM__SCORE_SPLIT ? 2 : k);
        rule.smaller_better = smaller_better;
        rule.drop_duplicates = 1;
        rule.cut_count = k - 1;
        for (int32_t i = 0; i < k - 1; i++) rule.cuts[i] = c->sorted[(size_t)i * c->n / (size_t)k];
        rule.split_value = c->sorted[c->n / 2];
        rule.inclusive = k % 2;
        int32_t variants = policy == PDM__SCORE_PCT_RANK || policy == PDM__SCORE_SPLIT ? 3 : 1;
        for (int32_t v = 0; v < variants; v++) {
            rule.ties = v;
            rule.split_by = v + 1;
            check_rule(b, c, &rule);
        }
    }
}

static void test_small_columns_against_formulas(void **state) {
    (void)state;
    bed b = make_bed(1);
    for (size_t n = 1; n <= 40; n++) {
        for (int shape = 0; shape < 8; shape++) {
            column c;
            make_column(&c, n, shape, n * 100 + (size_t)shape);
            number_ties(&c);
            for (int32_t k = 2; k <= 10; k++) check_policies(&b, &c, k, (int32_t)(n % 2));
            free_column(&c);
        }
    }
    free_bed(&b);
}

static void test_large_columns_against_formulas(void **state) {
    (void)state;
    bed one = make_bed(1);
    bed three = make_bed(3);
    for (int shape = 0; shape < 8; shape++) {
        column c;
        make_column(&c, 150001, shape, (uint64_t)shape + 1);
        number_ties(&c);
        check_policies(&one, &c, 5, 0);
        check_policies(&three, &c, 10, 1);
        free_column(&c);
    }
    free_bed(&one);
    free_bed(&three);
}

static void test_select(void **state) {
    (void)state;
    bed b = make_bed(2);
    for (int shape = 0; shape < 8; shape++) {
        column c;
        make_column(&c, 200000, shape, (uint64_t)shape + 77);
        size_t positions[PDM__SELECT_MAX];
        pdm__select_group groups[PDM__SELECT_MAX];
        for (size_t i = 0; i < PDM__SELECT_MAX; i++) positions[i] = i * (c.n - 1) / (PDM__SELECT_MAX - 1);
        assert_int_equal(pdm__select(&b.run, c.values, c.n, positions, PDM__SELECT_MAX, groups, NULL), PDM_OK);
        reference r = {.sorted = c.sorted, .n = c.n};
        for (size_t i = 0; i < PDM__SELECT_MAX; i++) {
            assert_int_equal(groups[i].value, c.sorted[positions[i]]);
            assert_int_equal(groups[i].less, number_below(&r, groups[i].value, false));
            assert_int_equal(groups[i].less + groups[i].equal, number_below(&r, groups[i].value, true));
        }
        free_column(&c);
    }
    free_bed(&b);
}

/* First step with cumulative share > (2G + E)/(2n); shares in thousandths. */
static void test_ladder_against_definition(void **state) {
    (void)state;
    static const int64_t thousandths[][5] = {{1, 9, 90, 300, 600}, {200, 200, 200, 200, 200}, {996, 1, 1, 1, 1}};
    bed b = make_bed(3);
    for (int shape = 0; shape < 8; shape++) {
        for (size_t n = 1; n < 200000; n = n * 5 + 2) {
            column c;
            make_column(&c, n, shape, n + (size_t)shape);
            for (size_t list = 0; list < COUNT(thousandths); list++) {
                double shares[5];
                int64_t lowest[5];
                bool has[5];
                bool seen[5] = {false};
                for (size_t s = 0; s < 5; s++) shares[s] = (double)thousandths[list][s] / 1000;
                assert_int_equal(pdm__ladder_share(&b.run, c.values, n, shares, 5, c.scores, lowest, has, NULL),
                                 PDM_OK);
                reference r = {.sorted = c.sorted, .n = n};
                for (size_t i = 0; i < n; i++) {
                    size_t below = number_below(&r, c.values[i], false);
                    size_t up_to = number_below(&r, c.values[i], true);
                    int64_t twice = (int64_t)(2 * (n - up_to) + (up_to - below));
                    int32_t expected = 0;
                    int64_t reach = thousandths[list][0];
                    while (reach * 2 * (int64_t)n <= 1000 * twice) reach += thousandths[list][++expected];
                    assert_int_equal(c.scores[i], expected);
                    assert_true(has[expected] && lowest[expected] <= c.values[i]);
                    seen[expected] = seen[expected] || lowest[expected] == c.values[i];
                }
                assert_memory_equal(seen, has, sizeof has);
            }
            free_column(&c);
        }
    }
    free_bed(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_columns_against_formulas),
        cmocka_unit_test(test_large_columns_against_formulas),
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_ladder_against_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
