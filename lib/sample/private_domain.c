/*
 * The simulator. Customers are made twice for each log table: first to count its rows a day, then to put them into the days'
 * places, where they are sorted by second and written to columns. Memory: the result, and 32 bytes a row of one table.
 */
#include <pdmetrics/sample.h>

#include "core/parallel.h"
#include "sample/truths.h"

#define MAX_CUSTOMERS INT64_C(50000000)
#define DEFAULT_CUSTOMERS INT64_C(10000)
#define CUSTOMERS_A_POLL 512 /* of about 60 rows each */
#define ROWS_A_POLL INT64_C(32768)
#define SMALL_DAY 64

/* One call. */
typedef struct simulation {
    pdm_context *context;
    pdm_result *result;
    pdm__run run;
    pdm__sample_world world;
    pdm__sample_books books;
    pdm__sample_customer customer;
    pdm__sample_sink sinks[LOG_TABLE_COUNT]; /* counts of the first pass */
    pdm__sample_sink sink;                   /* places of the second */
    uint32_t customers;
} simulation;

static pdm_status check_options(const pdm_sample_options *options, pdm_error *err) {
    if (options->struct_size != sizeof *options) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size", "expected %zu, got %u", sizeof *options,
                         options->struct_size);
    }
    if (options->reserved != 0) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "reserved", "expected 0, got %d", (int)options->reserved);
    }
    if (options->customers < 0 || options->customers > MAX_CUSTOMERS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "customers", "expected 1 to %lld (0 = %lld), got %lld",
                         (long long)MAX_CUSTOMERS, (long long)DEFAULT_CUSTOMERS, (long long)options->customers);
    }
    return PDM_OK;
}

/* True = stop. Progress counts customers: once for counting, once for each table. */
static bool poll_customer(simulation *all, uint32_t index) {
    uint32_t made = (index + 1) % CUSTOMERS_A_POLL;
    if (made == 0) return pdm__run_poll(&all->run, CUSTOMERS_A_POLL);
    return index + 1 == all->customers && pdm__run_poll(&all->run, made);
}

static pdm_status count_rows(simulation *all, pdm_error *err) {
    for (uint32_t i = 0; i < all->customers; i++) {
        pdm__sample_customer_make(&all->world, i, &all->customer);
        pdm__sample_books_add(&all->world, &all->customer, &all->books);
        for (int32_t table = 0; table < LOG_TABLE_COUNT; table++) {
            pdm__sample_emit(&all->world, table, &all->customer, &all->sinks[table]);
        }
        if (poll_customer(all, i)) break;
    }
    return pdm__run_status(&all->run, err);
}

static void sort_small(pdm__sample_row *rows, int64_t count) {
    for (int64_t i = 1; i < count; i++) {
        pdm__sample_row row = rows[i];
        int64_t j = i;
        for (; j > 0 && rows[j - 1].second > row.second; j--) rows[j] = rows[j - 1];
        rows[j] = row;
    }
}

/* One stable pass by 9 bits of the second. False = stopped half way. */
static bool sort_pass(simulation *all, const pdm__sample_row *from, pdm__sample_row *to, int64_t count, int32_t shift) {
    int64_t places[512] = {0};
    for (int64_t i = 0; i < count; i++) places[(from[i].second >> shift) & 511]++;
    int64_t place = 0;
    for (int32_t i = 0; i < 512; i++) {
        int64_t here = places[i];
        places[i] = place;
        place += here;
    }
    for (int64_t i = 0; i < count; i++) {
        to[places[(from[i].second >> shift) & 511]++] = from[i];
        if (i % ROWS_A_POLL == ROWS_A_POLL - 1 && pdm__run_poll(&all->run, 0)) return false;
    }
    return true;
}

/* Sorts a day by second; rows of one second keep the order of customers. */
static pdm_status sort_day(simulation *all, pdm__sample_row *rows, pdm__sample_row *scratch, int64_t count,
                           pdm_error *err) {
    if (count <= SMALL_DAY) {
        sort_small(rows, count);
    } else if (sort_pass(all, rows, scratch, count, 0)) {
        (void)sort_pass(all, scratch, rows, count, 9);
    }
    return pdm__run_status(&all->run, err);
}

static pdm_status write_day(simulation *all, pdm_table *target, int32_t table, int64_t at, int32_t day,
                            const pdm__sample_row *rows, int64_t count, pdm_error *err) {
    for (int64_t done = 0; done < count; done += ROWS_A_POLL) {
        int64_t part = count - done < ROWS_A_POLL ? count - done : ROWS_A_POLL;
        PDM__TRY(pdm__sample_table_write(target, table, at + done, day, rows + done, part, err));
        if (pdm__run_poll(&all->run, 0)) break;
    }
    return pdm__run_status(&all->run, err);
}

/* Puts the rows of all customers in place, then sorts and writes them day by day. */
static pdm_status fill_days(simulation *all, pdm_table *target, int32_t table, pdm__sample_row *rows,
                            pdm__sample_row *scratch, pdm_error *err) {
    const int64_t *counts = all->sinks[table].at;
    all->sink.rows = rows;
    int64_t at = 0;
    for (int32_t day = 0; day < PDM__SAMPLE_DAYS; day++) {
        all->sink.at[day] = at;
        at += counts[day];
    }
    for (uint32_t i = 0; i < all->customers; i++) {
        pdm__sample_customer_make(&all->world, i, &all->customer);
        pdm__sample_emit(&all->world, table, &all->customer, &all->sink);
        if (poll_customer(all, i)) break;
    }
    PDM__TRY(pdm__run_status(&all->run, err));
    at = 0;
    for (int32_t day = 0; day < PDM__SAMPLE_DAYS; day++) {
        PDM__TRY(sort_day(all, rows + at, scratch, counts[day], err));
        PDM__TRY(write_day(all, target, table, at, day, rows + at, counts[day], err));
        at += counts[day];
    }
    return PDM_OK;
}

static pdm_status make_table(simulation *all, int32_t table, pdm_error *err) {
    int64_t count = 0, largest = 0;
    for (int32_t day = 0; day < PDM__SAMPLE_DAYS; day++) {
        int64_t here = all->sinks[table].at[day];
        count += here;
        if (here > largest) largest = here;
    }
    pdm_table *target = NULL;
    pdm__sample_row *rows = NULL, *scratch = NULL;
    PDM__TRY(pdm__sample_table_add(all->result, table, count, &target, err));
    /* One entry more, so that a table without rows needs no case of its own. */
    pdm_status status = pdm__new(all->context, (size_t)count + 1, sizeof *rows, &rows, err);
    if (status != PDM_OK) goto cleanup;
    status = pdm__new(all->context, (size_t)largest + 1, sizeof *scratch, &scratch, err);
    if (status == PDM_OK) status = fill_days(all, target, table, rows, scratch, err);
cleanup:
    pdm__drop(all->context, scratch, (size_t)largest + 1, sizeof *scratch);
    pdm__drop(all->context, rows, (size_t)count + 1, sizeof *rows);
    return status;
}

static pdm_status make_tables(simulation *all, pdm_error *err) {
    PDM__TRY(pdm__result_new(all->context, &all->result, err));
    PDM__TRY(count_rows(all, err));
    for (int32_t table = 0; table < LOG_TABLE_COUNT; table++) PDM__TRY(make_table(all, table, err));
    PDM__TRY(pdm__sample_targets_add(all->result, &all->world, &all->books, err));
    return pdm__sample_truths_add(all->result, &all->books, err);
}

static pdm_status simulate(pdm_context *context, const pdm_sample_options *options, pdm_result **out, pdm_error *err) {
    simulation *all = NULL;
    PDM__TRY(pdm__new_zero(context, 1, sizeof *all, &all, err));
    all->context = context;
    all->customers = (uint32_t)(options->customers == 0 ? DEFAULT_CUSTOMERS : options->customers);
    pdm__sample_world_init(&all->world, options->seed);
    pdm__run_begin(&all->run, context, (int64_t)all->customers * (1 + LOG_TABLE_COUNT));
    pdm_status status = make_tables(all, err);
    if (status == PDM_OK) {
        *out = all->result;
    } else {
        pdm_result_free(all->result);
    }
    pdm__drop(context, all, 1, sizeof *all);
    return status;
}

pdm_status pdm_sample_private_domain(pdm_context *context, const pdm_sample_options *options, pdm_result **out,
                                     pdm_error *err) {
    pdm_sample_options defaults = pdm_sample_options_default();
    pdm_context *own = NULL;
    pdm_error_reset(err);
    if (out == NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, "out", "expected a pointer, got NULL");
    *out = NULL;
    if (options == NULL) options = &defaults;
    PDM__TRY(check_options(options, err));
    PDM__TRY(pdm__context_or_default(context, &own, err));
    pdm_status status = simulate(own, options, out, err);
    pdm_context_free(own);
    return status;
}
