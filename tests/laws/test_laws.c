/*
 * What must hold for every metric under every option: a state does not know how its rows were cut, ordered, merged, stored, hashed or
 * spread over threads.
 */
#include "compare.h"
#include "contexts.h"
#include "share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What one case is tested with; contexts are shared by all. */
typedef struct bench {
    pdm_context *plain;
    pdm_context *other_seed;
    pdm_context *backwards;
    pdm_context *threads[3];
    int64_t failures;
    int64_t sealed;     /* cases whose state can be sealed */
    int64_t advanced;   /* the same, can advance: several cuts each */
    int64_t with_error; /* cases whose result is an error, such as duplicate_edges */
} bench;

static pdm_state *fresh(const law_case *c, pdm_context *context) {
    pdm_state *state = NULL;
    pdm_error err;
    if (case_create(c, context, &state, &err) != PDM_OK) fail_msg("%s: %s", c->name, err.message);
    return state;
}

static void take(const law_case *c, pdm_state *state, const rows *r, int64_t first, int64_t count) {
    pdm_error err;
    if (take_rows(state, r, first, count, &err) != PDM_OK) fail_msg("%s: %s", c->name, err.message);
}

static void join(const law_case *c, pdm_state *dst, const pdm_state *src) {
    pdm_error err;
    if (pdm_state_merge(dst, src, &err) != PDM_OK) fail_msg("%s: %s", c->name, err.message);
}

static pdm_state *restored(const law_case *c, pdm_context *context, bytes b) {
    pdm_state *state = NULL;
    pdm_error err;
    if (pdm_state_deserialize(context, b.data, b.size, &state, &err) != PDM_OK)
        fail_msg("%s: %s", c->name, err.message);
    return state;
}

static void expect(bench *b, const law_case *c, const char *law, const outcome *expected, pdm_state *state) {
    if (!state_is(c, law, expected, state)) b->failures++;
    pdm_state_free(state);
}

/* Batches of `size` rows; 0 = of random sizes, empty ones among them. */
static pdm_state *in_batches(const law_case *c, pdm_context *context, const rows *r, int64_t size, uint64_t seed) {
    pdm_state *state = fresh(c, context);
    for (int64_t first = 0; first < r->count;) {
        int64_t n = size > 0 ? size : rows_below(&seed, r->count / 2 + 2);
        if (n > r->count - first) n = r->count - first;
        take(c, state, r, first, n);
        first += n;
    }
    return state;
}

static void law_split(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    expect(b, c, "batches of 7 = whole", whole, in_batches(c, b->plain, r, 7, 0));
    expect(b, c, "random batches = whole", whole, in_batches(c, b->plain, r, 0, (uint64_t)c->number));
    if (r->count < 100) expect(b, c, "batches of 1 = whole", whole, in_batches(c, b->plain, r, 1, 0));
}

static void law_order(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    rows *shuffled = rows_shuffled(r, (uint64_t)c->number + 1);
    expect(b, c, "order of rows means nothing", whole, in_batches(c, b->plain, shuffled, r->count, 0));
    expect(b, c, "nor with a split", whole, in_batches(c, b->other_seed, shuffled, 0, 5));
    rows_free(shuffled);
}

/* Three parts, the middle one with another seed, so that merging between unlike contexts is walked too. */
static void law_merge(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    int64_t cut[4] = {0, r->count / 3, r->count / 3 + r->count / 4, r->count};
    pdm_state *part[3];
    for (int32_t i = 0; i < 3; i++) {
        part[i] = fresh(c, i == 1 ? b->other_seed : b->plain);
        take(c, part[i], r, cut[i], cut[i + 1] - cut[i]);
    }
    bytes second = state_bytes(part[1]);

    pdm_state *left = fresh(c, b->plain);
    for (int32_t i = 0; i < 3; i++) join(c, left, part[i]);
    expect(b, c, "((∅ + a) + b) + c = whole", whole, left);

    pdm_state *inner = restored(c, b->plain, second);
    join(c, inner, part[2]);
    pdm_state *right = fresh(c, c->number % 4 == 2 ? b->threads[0] : b->plain);
    take(c, right, r, cut[0], cut[1]);
    join(c, right, inner);
    expect(b, c, "a + (b + c) = whole", whole, right);
    pdm_state_free(inner);

    join(c, part[2], part[1]);
    join(c, part[2], part[0]);
    expect(b, c, "(c + b) + a = whole", whole, part[2]);

    bytes after = state_bytes(part[1]);
    if (!bytes_equal(second, after)) {
        print_error("%s: merging changed its source\n", c->name);
        b->failures++;
    }
    bytes_free(&after);
    bytes_free(&second);
    pdm_state_free(part[0]);
    pdm_state_free(part[1]);
}

static void law_identity(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    pdm_state *empty = fresh(c, b->plain);
    pdm_state *state = in_batches(c, b->plain, r, r->count, 0);
    join(c, state, empty);
    expect(b, c, "whole + ∅ = whole", whole, state);
    state = fresh(c, b->plain);
    pdm_state *source = in_batches(c, b->other_seed, r, r->count, 0);
    join(c, state, source);
    expect(b, c, "∅ + whole = whole", whole, state);
    pdm_state_free(source);

    outcome nothing = outcome_of(empty);
    state = fresh(c, b->other_seed);
    join(c, state, empty);
    expect(b, c, "∅ + ∅ = ∅", &nothing, state);
    expect(b, c, "∅ read back = ∅", &nothing, restored(c, b->plain, nothing.state));
    outcome_free(&nothing);
    pdm_state_free(empty);
}

static void law_round_trip(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    expect(b, c, "write, read, write", whole, restored(c, b->plain, whole->state));
    expect(b, c, "read with another seed", whole, restored(c, b->other_seed, whole->state));
    if (c->number % 4 == 3) expect(b, c, "read by threads", whole, restored(c, b->threads[1], whole->state));
    pdm_state *half = fresh(c, b->plain);
    take(c, half, r, 0, r->count / 2);
    bytes stored = state_bytes(half);
    pdm_state *rest = restored(c, b->plain, stored);
    take(c, rest, r, r->count / 2, r->count - r->count / 2);
    expect(b, c, "go on after reading", whole, rest);
    bytes_free(&stored);
    pdm_state_free(half);
}

static void law_threads(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    static const char *const names[] = {"2 threads", "3 threads", "8 threads"};
    for (int32_t i = 0; i < 3; i++) expect(b, c, names[i], whole, in_batches(c, b->threads[i], r, 0, (uint64_t)i));
    expect(b, c, "lent threads, backwards", whole, in_batches(c, b->backwards, r, r->count, 0));
    expect(b, c, "another seed", whole, in_batches(c, b->other_seed, r, r->count, 0));
}

static void law_stream(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    pdm_state *state = fresh(c, b->plain);
    struct ArrowArrayStream stream;
    pdm_error err;
    int64_t batches = -1;
    int64_t size = r->count / 3 + 1;
    rows_stream(r, 0, r->count, size, &stream);
    if (pdm_state_update_arrow(state, &stream, &batches, &err) != PDM_OK) fail_msg("%s: %s", c->name, err.message);
    assert_int_equal(batches, (r->count + size - 1) / size);
    assert_null(stream.release);
    expect(b, c, "stream = batches", whole, state);
}

/* Looking does not change anything. */
static void law_looking(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    pdm_state *state = fresh(c, b->plain);
    for (int32_t i = 0; i < 3; i++) {
        take(c, state, r, r->count * i / 3, r->count * (i + 1) / 3 - r->count * i / 3);
        outcome seen = outcome_of(state);
        outcome_free(&seen);
    }
    expect(b, c, "results in between", whole, state);
}

static void expect_result(bench *b, const law_case *c, const char *law, const outcome *expected, pdm_status status,
                          pdm_result *result) {
    char why[256] = "status";
    if (status != expected->status || (status == PDM_OK && !results_equal(expected->result, result, why))) {
        print_error("%s: %s: %s\n", c->name, law, why);
        b->failures++;
    }
    pdm_result_free(result);
}

/* Writing a state folds what waits; a result may be made from rows that still wait. */
static void law_unfolded(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    pdm_context *contexts[] = {b->plain, b->other_seed, b->threads[1]};
    size_t count = c->number % 4 == 0 ? 3 : 2; /* starting threads is dear */
    for (size_t i = 0; i < count; i++) {
        pdm_state *state = in_batches(c, contexts[i], r, i == 0 ? r->count : 0, (uint64_t)c->number);
        pdm_result *result = NULL;
        pdm_status status = pdm_state_result(state, &result, NULL);
        expect_result(b, c, "result of rows that wait", whole, status, result);
        if (i == 0) {
            expect(b, c, "the state after it", whole, state);
        } else {
            pdm_state_free(state);
        }
    }
}

static void law_compute(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    pdm_column columns[ROWS_MAX_COLUMNS];
    pdm_batch batch = rows_slice(r, 0, r->count, columns);
    pdm_result *result = NULL;
    pdm_context *context = c->number % 4 == 1 ? b->threads[0] : b->plain;
    pdm_state *state = fresh(c, context);
    bytes empty = state_bytes(state);
    pdm_status status = pdm_state_compute(state, &batch, &result, NULL);
    expect_result(b, c, "compute = update, result", whole, status, result);
    bytes after = state_bytes(state);
    if (!bytes_equal(empty, after) || pdm_state_rows(state) != 0) {
        print_error("%s: compute left something in the state\n", c->name);
        b->failures++;
    }
    bytes_free(&after);
    bytes_free(&empty);
    pdm_state_free(state);
    if (c->list_count > 0 || c->calendar != 0) return; /* the one-shot function has no lists */
    result = NULL;
    status = pdm_compute(context, c->metric, c->options, &batch, &result, NULL);
    expect_result(b, c, "compute = create, update, result", whole, status, result);
}

/* A sealed state gives what the rows would, written and read back too, and takes no more of them. Where it cannot be, nothing happens. */
static void law_seal(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    pdm_state *state = in_batches(c, b->plain, r, r->count, 0);
    pdm_error err;
    pdm_status status = pdm_state_seal(state, &err);
    if (status == PDM_E_UNSUPPORTED_COMBINATION) {
        expect(b, c, "refusing to seal changes nothing", whole, state);
        return;
    }
    if (status != PDM_OK) fail_msg("%s: %s", c->name, err.message);
    b->sealed++;
    outcome sealed = outcome_of(state);
    char why[256] = "status or rows";
    bool same = sealed.status == whole->status && sealed.rows == whole->rows &&
                (sealed.status != PDM_OK || results_equal(whole->result, sealed.result, why));
    if (!same) {
        print_error("%s: sealed = open: %s\n", c->name, why);
        b->failures++;
    }
    expect(b, c, "sealed, written, read", &sealed, restored(c, b->other_seed, sealed.state));
    status = take_rows(state, r, 0, 1, &err);
    if (status != PDM_E_SEGMENT_OVERLAP && !(c->skips_nulls && status == PDM_OK)) {
        print_error("%s: a sealed state takes rows: %s\n", c->name, pdm_status_name((int32_t)status));
        b->failures++;
    }
    if (status == PDM_OK) {
        pdm_state_free(state);
    } else {
        expect(b, c, "a refused row changes nothing", &sealed, state);
    }
    outcome_free(&sealed);
}

/*
 * A state that has advanced, wherever time is cut, gives what the rows would, written and read back too; it stays the one that it is beside
 * one that knows nothing, and late rows are refused. Where it cannot be, nothing happens.
 */
static void law_advance(bench *b, const law_case *c, const rows *r, const outcome *whole) {
    static const int64_t cuts[] = {-86400000000, 3600000000, 3 * INT64_C(86400000000), INT64_MAX};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        pdm_state *state = in_batches(c, b->plain, r, r->count, 0);
        pdm_error err;
        pdm_status status = pdm_state_advance(state, cuts[i], &err);
        if (status == PDM_E_UNSUPPORTED_COMBINATION) {
            expect(b, c, "refusing to advance changes nothing", whole, state);
            return;
        }
        if (status != PDM_OK) fail_msg("%s: %s", c->name, err.message);
        b->advanced++;
        outcome now = outcome_of(state);
        char why[256] = "status or rows";
        bool same = now.status == whole->status && now.rows == whole->rows &&
                    (now.status != PDM_OK || results_equal(whole->result, now.result, why));
        if (!same) {
            print_error("%s: advanced = not advanced: %s\n", c->name, why);
            b->failures++;
        }
        expect(b, c, "advanced, written, read", &now, restored(c, b->other_seed, now.state));
        pdm_state *empty = fresh(c, b->other_seed);
        join(c, state, empty);
        expect(b, c, "advanced + ∅ = advanced", &now, restored(c, b->plain, now.state));
        join(c, empty, state);
        expect(b, c, "∅ + advanced = advanced", &now, empty);
        expect(b, c, "advanced stays", &now, state);
        outcome_free(&now);
    }
}

/* The columns are the registry's, in its order; a table may stop early: t_1 … t_k of 32. */
static void check_columns(const law_case *c, const pdm_table_info *info, const pdm_table *table) {
    int32_t count = pdm_table_column_count(table);
    if (count < 1 || count > info->column_count) fail_msg("%s: table \"%s\" has other columns", c->name, info->name);
    for (int32_t k = 0; k < count; k++) {
        assert_string_equal(pdm_table_column_name(table, k), info->columns[k].name);
        int32_t type = pdm_table_column_type(table, k);
        if (info->columns[k].type != PDM_TYPE_NONE) {
            assert_int_equal(type, info->columns[k].type);
        } else {
            assert_true(type == PDM_TYPE_INT64 || type == PDM_TYPE_UINT64 || type == PDM_TYPE_LARGE_UTF8);
        }
    }
}

/* The tables are those that the registry tells of, the main one first. */
static void law_registry(bench *b, const law_case *c, const outcome *whole) {
    if (whole->status != PDM_OK) {
        if (getenv("PDM_TEST_TRACE") != NULL) print_message("  %s\n", pdm_status_name((int32_t)whole->status));
        b->with_error++;
        return;
    }
    int32_t known = 0;
    for (int32_t i = 0; i < c->metric->table_count; i++) {
        const pdm_table_info *info = &c->metric->tables[i];
        const pdm_table *table = pdm_result_table(whole->result, info->name);
        if (table == NULL && info->optional == 0) fail_msg("%s: table \"%s\" is missing", c->name, info->name);
        if (table == NULL) continue;
        if (i == 0) assert_ptr_equal(table, pdm_result_table_at(whole->result, 0));
        known++;
        check_columns(c, info, table);
    }
    assert_int_equal(known, pdm_result_table_count(whole->result));
}

static void all_laws(const law_case *c, void *user) {
    bench *b = user;
    if (WATCHED && (c->number % 4 == 1 || c->number % 4 == 2)) return;
    if (getenv("PDM_TEST_TRACE") != NULL) print_message("%s\n", c->name);
    static const int64_t sizes[] = {40, 90, 200, 1, 150, 60, 12};
    int64_t count = c->number % 40 == 39 ? 2500 : sizes[c->number % 7];
    rows *r = rows_make(c->metric, (uint64_t)c->number * 77 + 1, count, case_style(c), c->skips_nulls);
    pdm_state *state = in_batches(c, b->plain, r, count, 0);
    outcome whole = outcome_of(state);
    pdm_state_free(state);
    law_registry(b, c, &whole);
    law_split(b, c, r, &whole);
    law_order(b, c, r, &whole);
    law_merge(b, c, r, &whole);
    law_identity(b, c, r, &whole);
    law_round_trip(b, c, r, &whole);
    if (c->number % 4 == 0) law_threads(b, c, r, &whole); /* starting threads is most of the time */
    law_stream(b, c, r, &whole);
    law_looking(b, c, r, &whole);
    law_unfolded(b, c, r, &whole);
    law_seal(b, c, r, &whole);
    law_advance(b, c, r, &whole);
    law_compute(b, c, r, &whole);
    outcome_free(&whole);
    rows_free(r);
}

static void test_every_metric(void **unused) {
    (void)unused;
    bench b = {
        .plain = context_threads(1), .other_seed = context_seed(0xDEADBEEFCAFE), .backwards = context_backwards(4)};
    static const int32_t threads[3] = {2, 3, 8};
    for (int32_t i = 0; i < 3; i++) b.threads[i] = context_threads(threads[i]);
    const pdm_metric *metric = NULL;
    for (int32_t n = 0; (metric = share_metric(n)) != NULL; n++) {
        case_counts counts;
        b.with_error = 0;
        b.sealed = 0;
        b.advanced = 0;
        cases_walk(metric, 120, all_laws, &b, &counts);
        print_message("%s: %lld cases, %lld of them end in an error of the data; %lld combinations refused (%s …)\n",
                      metric->name, (long long)counts.visited, (long long)b.with_error, (long long)counts.refused,
                      counts.first_refusal);
        assert_true(counts.visited > metric->option_count);
        assert_true(b.with_error * 3 < counts.visited);
        law_case c;
        case_begin(&c, metric, "");
        if (case_set(&c, "segment_from", "0")) assert_true(b.sealed * 20 > counts.visited);
        if (case_set(&c, "late_rows", "drop")) assert_true(b.advanced * 5 > counts.visited);
        if (counts.unvisited > 0)
            fail_msg("%lld values of options were refused in every case: %s …", (long long)counts.unvisited,
                     counts.first_unvisited);
    }
    assert_int_equal(b.failures, 0);
    pdm_context_free(b.plain);
    pdm_context_free(b.other_seed);
    pdm_context_free(b.backwards);
    for (int32_t i = 0; i < 3; i++) pdm_context_free(b.threads[i]);
}

int main(int count, char **arguments) {
    if (!share_read(count, arguments)) return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
