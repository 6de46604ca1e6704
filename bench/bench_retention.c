/*
 * Retention of events: the triangle of 30 days.
 *
 * Where the time goes: beside the run of `warm` the same columns are read by a loop that does nothing but add them up, and by one that
 * works out the day of each row and marks it in one word: what is left is finding the user of each row. `state` tells update and result
 * apart, and what a user takes.
 */
#include "retention_rows.h"

#include <pdmetrics/calendar.h>

#define ROW_BYTES (8 + 8)
#define READ_PASSES 5

static volatile uint64_t read_sink; /* or the loops would be removed */

/* Key and time of every row. */
static void read_rows(const bench_data *data, const pdm_calendar *calendar) {
    uint64_t sum = 0;
    (void)calendar;
    if (!data->text) {
        for (int64_t i = 0; i < data->rows; i++) sum += (uint64_t)data->key[i];
    }
    for (int64_t i = 0; i < data->rows; i++) sum += (uint64_t)data->time[i];
    read_sink = sum;
}

/* The day of every row, as the public calendar has it. */
static void find_days(const bench_data *data, const pdm_calendar *calendar) {
    uint64_t days = 0;
    for (int64_t i = 0; i < data->rows; i++) {
        days |= UINT64_C(1) << (pdm_calendar_period(calendar, PDM_PERIOD_DAY, data->time[i]) & 63);
    }
    read_sink = days;
}

/* Of the fastest of some passes: one that was interrupted would make the library look better. */
static double fastest(void (*pass)(const bench_data *, const pdm_calendar *), const bench_data *data,
                      const pdm_calendar *calendar) {
    double best = 0;
    for (int i = 0; i < READ_PASSES; i++) {
        double start = bench_now();
        pass(data, calendar);
        double ms = bench_now() - start;
        best = i == 0 || ms < best ? ms : best;
    }
    return best;
}

static bool warm(void *arg, bench_sample *sample) {
    const metric_subject *subject = arg;
    const bench_data *data = subject->data;
    const pdm_calendar utc = pdm_calendar_fixed(0);
    if (!metric_warm(arg, sample)) return false;
    double read = fastest(read_rows, data, &utc);
    bench_note(sample, "read_ms", read);
    bench_note(sample, "days_ms", fastest(find_days, data, &utc));
    if (!data->text) bench_note(sample, "read_gb_per_s", (double)data->rows * ROW_BYTES / 1e6 / read);
    return true;
}

static bool state(void *arg, bench_sample *sample) {
    if (!metric_state(arg, sample)) return false;
    for (int i = 0; i < sample->figure_count; i++) {
        if (strcmp(sample->figures[i].name, "state_bytes") == 0 && sample->answer[0] > 0) {
            bench_note(sample, "state_bytes_per_user", sample->figures[i].value / (double)sample->answer[0]);
            return true;
        }
    }
    return true;
}

static const bench_formulation formulations[] = {
    {"warm", "one shot, workspace kept", warm},
    {"cold", "one shot, fresh context", metric_cold},
    {"state", "one update, then the result", state},
    {"batches", "updates of 8192 rows", metric_batches},
};

int main(int argc, char **argv) {
    return metric_main(argc, argv, &retention_metric, formulations, sizeof formulations / sizeof *formulations);
}
