/*
 * Count, sum, minimum and maximum of every key: the ground floor by itself, without a metric on top. It uses the library's store (lib/core),
 * which is not public; what every metric pays for finding units and touching their entries is seen here.
 */
#include "harness.h"

#include "core/store.h"

#include <pdmetrics.h>

#include <string.h>

enum { GROUP_COUNT, GROUP_SUM, GROUP_MIN, GROUP_MAX, GROUP_FIELDS };

/* Rows scattered before they are folded. */
#define PIECE ((int64_t)1 << 20)

static const pdm__field fields[GROUP_FIELDS] = {
    [GROUP_COUNT] = {.name = "count", .merge = PDM__SUM_COUNT},
    [GROUP_SUM] = {.name = "sum", .merge = PDM__SUM_MONEY},
    [GROUP_MIN] = {.name = "min", .merge = PDM__MIN, .identity = INT64_MAX},
    [GROUP_MAX] = {.name = "max", .merge = PDM__MAX, .identity = INT64_MIN},
};

typedef struct group_subject {
    const bench_data *data;
    int threads;
    pdm_context *context;
} group_subject;

static void step(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t value = (int64_t)own[0];
        int64_t *words = args->units[i];
        words[GROUP_COUNT] += 1;
        words[GROUP_SUM] += value;
        words[GROUP_MIN] = value < words[GROUP_MIN] ? value : words[GROUP_MIN];
        words[GROUP_MAX] = value > words[GROUP_MAX] ? value : words[GROUP_MAX];
    }
}

typedef struct scatter_work {
    pdm__store *store;
    const bench_data *data;
    int64_t first;
    int64_t rows;
    int slices;
    pdm_status status[64];
} scatter_work;

static void scatter_slice(void *argument, size_t slice) {
    scatter_work *work = argument;
    int64_t from = work->first + work->rows * (int64_t)slice / work->slices;
    int64_t to = work->first + work->rows * ((int64_t)slice + 1) / work->slices;
    pdm__scatter scatter = {.store = work->store, .buckets = &work->store->pending[slice]};
    const uint64_t *columns[2] = {(const uint64_t *)work->data->key + from, (const uint64_t *)work->data->value + from};
    work->status[slice] = pdm__scatter_records(&scatter, columns, (size_t)(to - from), NULL);
}

static bool group(const group_subject *subject, pdm_context *context, pdm__store *store) {
    pdm__schema schema = {.level_count = 1, .own_words = 1, .step = step};
    schema.levels[0] = (pdm__level){
        .name = "units", .fields = fields, .field_count = GROUP_FIELDS, .repeat = 1, .key_kind = PDM__KEY_INT};
    pdm__run run;
    pdm__run_begin(&run, context, 0);
    if (pdm__store_init(store, context, &schema, NULL) != PDM_OK) return false;
    if (pdm__store_need_buckets(store, subject->threads, NULL) != PDM_OK) return false;
    scatter_work work = {.store = store, .data = subject->data, .slices = subject->threads};
    for (work.first = 0; work.first < subject->data->rows; work.first += PIECE) {
        int64_t left = subject->data->rows - work.first;
        work.rows = left < PIECE ? left : PIECE;
        pdm__run_parallel(&run, (size_t)work.slices, scatter_slice, &work);
        for (int i = 0; i < work.slices; i++) {
            if (work.status[i] != PDM_OK) return false;
        }
        if (pdm__store_fold(store, &run, NULL) != PDM_OK) return false;
    }
    return true;
}

/* The totals that tell whether two engines found the same groups. */
static void answer(const pdm__store *store, int64_t *out) {
    memset(out, 0, 7 * sizeof *out);
    out[4] = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *units = &store->partitions[p].levels[0];
        for (uint32_t id = 0; id < units->count; id++) {
            const int64_t *words = pdm__keymap_words(units, id);
            int64_t key = (int64_t)pdm__keymap_key(units, id).word;
            out[0] += 1;
            out[1] += words[GROUP_COUNT];
            out[2] += words[GROUP_COUNT] * words[GROUP_COUNT];
            out[3] += words[GROUP_SUM];
            out[4] += words[GROUP_MIN];
            out[5] += words[GROUP_MAX];
            out[6] += (key & 1023) * words[GROUP_COUNT];
        }
    }
}

static bool run_in(const group_subject *subject, pdm_context *context, bench_sample *sample) {
    pdm__store store;
    memset(&store, 0, sizeof store);
    double start = bench_now();
    bool ok = group(subject, context, &store);
    sample->ms = bench_now() - start;
    if (ok) answer(&store, sample->answer);
    if (ok) bench_note(sample, "state_bytes", (double)pdm__store_memory(&store));
    pdm__store_clear(&store);
    return ok;
}

static bool make_context(int threads, pdm_context **out) {
    pdm_context_options options = pdm_context_options_default();
    options.threads = threads;
    return pdm_context_create(&options, out, NULL) == PDM_OK;
}

static bool warm(void *argument, bench_sample *sample) {
    const group_subject *subject = argument;
    return run_in(subject, subject->context, sample);
}

static bool cold(void *argument, bench_sample *sample) {
    const group_subject *subject = argument;
    pdm_context *context = NULL;
    if (!make_context(subject->threads, &context)) return false;
    bool ok = run_in(subject, context, sample);
    pdm_context_free(context);
    return ok;
}

static const bench_formulation formulations[] = {
    {"warm", "one store; the context keeps its work memory", warm},
    {"cold", "one store in a fresh context", cold},
};

static const char *const answer_names[] = {"users", "rows", "squares", "sum", "min", "max", "keyed", NULL};

static const bench_task task = {"group", answer_names, 0, formulations, 2};

int main(int argc, char **argv) {
    bench_call call;
    bench_data data;
    group_subject subject;
    int failed = 1;
    memset(&subject, 0, sizeof subject);
    if (!bench_parse(argc, argv, &call)) return 2;
    if (call.threads < 1 || call.threads > 64) return 2;
    subject.data = &data;
    subject.threads = call.threads;
    if (bench_load(&call, &data) && make_context(call.threads, &subject.context))
        failed = bench_main(&call, &task, &data, &subject);
    pdm_context_free(subject.context);
    bench_unload(&data);
    return failed;
}
