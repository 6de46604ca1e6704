/*
 * What is settled of a state that has advanced: everything that journeys add to a result, as sums under keys that hold names.
 *
 *   C channel                  it has been seen
 *   P touches                  a path: conversions, nulls, money. A touch is its channel, 0xFF, its marks, and under transform frequency its
 *                              count, 4 bytes big-endian
 *   N number                   totals, see below
 *   T measure bin              conversions within a bin of time_to_convert: how many, money
 *   S measure                  all of them: how many, the sum of times as parts 0 …; most in part −1, least, negated, in part −2
 *   W model channel            a model that needs ages: its weights; V model channel: weights times values
 *
 * Values that are doubles, weights and sums of times are exact: part i of an entry is limb i of a fixed sum.
 */
#include "core/convert.h"
#include "metrics/attribution_internal.h"

#include <math.h>

enum {
    TAG_CHANNEL = 'C',
    TAG_PATH = 'P',
    TAG_TOTAL = 'N',
    TAG_BIN = 'T',
    TAG_TIMES = 'S',
    TAG_WEIGHT = 'W',
    TAG_VALUE = 'V'
};
/* Totals: touches and used ones; without value and truncated; null journeys and unattributed ones; conversions with their values. */
enum { TOTAL_TOUCHES, TOTAL_ODD, TOTAL_NULLS, TOTAL_ALL, TOTAL_UNATTRIBUTED, TOTAL_IGNORED, TOTALS };
enum { PLACE_MOST = -1, PLACE_LEAST = -2 };
#define TIME_LIMBS 6 /* of 20 bits: 2^42 times of 63 bits */

/* ---- out ---- */

typedef struct writer {
    pdm__attribution_work *work;
    pdm__store *to;
    pdm__attribution_text key;
} writer;

static pdm_status begin_key(writer *w, char tag, const uint8_t *bytes, size_t length, pdm_error *err) {
    w->key.length = 0;
    PDM__TRY(pdm__attribution_text_put(&w->key, &tag, 1, err));
    return pdm__attribution_text_put(&w->key, (const char *)bytes, length, err);
}

static pdm__key key_of(const writer *w) {
    return (pdm__key){.bytes = (const uint8_t *)w->key.bytes, .length = (uint32_t)w->key.length};
}

static pdm_status put_words(writer *w, int64_t count, int64_t nulls, int64_t money, pdm_error *err) {
    const int64_t words[SETTLED_WORDS] = {count, nulls, money};
    pdm__key unit = key_of(w);
    return pdm__store_combine(w->to, &unit, NULL, words, err);
}

static pdm_status put_part(writer *w, int64_t place, int64_t sum, int64_t most, pdm_error *err) {
    const int64_t words[DIGIT_WORDS] = {sum, most};
    pdm__key unit = key_of(w);
    pdm__key part = {.word = (uint64_t)place};
    return pdm__store_combine(w->to, &unit, &part, words, err);
}

static pdm_status put_sum(writer *w, const pdm__fixed_sum *sum, pdm_error *err) {
    for (int32_t i = 0; i < PDM__FIXED_LIMBS; i++) {
        if (sum->limbs[i] != 0) PDM__TRY(put_part(w, i, sum->limbs[i], INT64_MIN, err));
    }
    return PDM_OK;
}

static pdm_status put_channels(writer *w, pdm_error *err) {
    for (uint32_t c = 0; c < w->work->names.count; c++) {
        const pdm__key *name = &w->work->names.sorted[c];
        PDM__TRY(begin_key(w, TAG_CHANNEL, name->bytes, name->length, err));
        PDM__TRY(put_words(w, 0, 0, 0, err));
    }
    return PDM_OK;
}

static pdm_status path_key(writer *w, const pdm__path_builder *b, const pdm__path_row *row, pdm_error *err) {
    bool counts = w->work->plan->options->transform == PDM_ATTRIBUTION_TRANSFORM_FREQUENCY;
    PDM__TRY(begin_key(w, TAG_PATH, NULL, 0, err));
    for (uint32_t i = 0; i < row->length; i++) {
        uint32_t touch = b->touches[row->at + i];
        const pdm__token *token = &b->tokens[pdm__touch_token(touch)];
        const pdm__key *name = &w->work->names.sorted[token->channel];
        uint8_t tail[6] = {ATTRIBUTION_PATH_END, (uint8_t)pdm__touch_marks(touch)};
        for (int32_t s = 0; s < 4; s++) tail[2 + s] = (uint8_t)(token->times >> (24 - 8 * s));
        PDM__TRY(pdm__attribution_text_put(&w->key, (const char *)name->bytes, name->length, err));
        PDM__TRY(pdm__attribution_text_put(&w->key, (const char *)tail, counts ? 6 : 2, err));
    }
    if (w->key.length <= UINT32_MAX) return PDM_OK;
    return pdm__fail(err, PDM_E_LIMIT, -1, "path", "a path longer than 4 GiB");
}

static pdm_status put_paths(writer *w, pdm_error *err) {
    pdm__path_builder *b = &w->work->workers[0].builder;
    size_t amount = 0;
    PDM__TRY(pdm__path_builder_settle(b, err));
    pdm__path_builder_order(b);
    for (size_t r = 0; r < b->row_count; r++) {
        pdm__fixed_sum sum;
        size_t first = amount;
        PDM__TRY(path_key(w, b, &b->rows[r], err));
        PDM__TRY(put_words(w, b->rows[r].conversions, b->rows[r].nulls, b->rows[r].money, err));
        while (amount < b->amount_count && b->amounts[amount].row == r) amount++;
        if (amount == first) continue;
        memset(&sum, 0, sizeof sum);
        for (size_t i = first; i < amount; i++) pdm__fixed_sum_add(&sum, b->amounts[i].amount);
        PDM__TRY(put_sum(w, &sum, err));
    }
    return PDM_OK;
}

static pdm_status put_count(writer *w, char tag, const uint8_t *bytes, size_t length,
                            const pdm__attribution_count *count, pdm_error *err) {
    if (count->conversions == 0) return PDM_OK;
    PDM__TRY(begin_key(w, tag, bytes, length, err));
    PDM__TRY(put_words(w, count->conversions, 0, count->value.money, err));
    return put_sum(w, &count->value.amount, err);
}

static pdm_status put_totals(writer *w, pdm_error *err) {
    const pdm__attribution_totals *t = &w->work->totals;
    const int64_t pairs[][2] = {[TOTAL_TOUCHES] = {t->touches, t->used_touches},
                                [TOTAL_ODD] = {t->without_value, t->truncated_paths},
                                [TOTAL_NULLS] = {t->null_journeys, t->unattributed_nulls}};
    const pdm__attribution_count *const counts[] = {&t->all, &t->unattributed, &t->ignored};
    for (uint8_t n = 0; n < TOTAL_ALL; n++) {
        if (pairs[n][0] == 0 && pairs[n][1] == 0) continue;
        PDM__TRY(begin_key(w, TAG_TOTAL, &n, 1, err));
        PDM__TRY(put_words(w, pairs[n][0], pairs[n][1], 0, err));
    }
    for (uint8_t n = TOTAL_ALL; n < TOTALS; n++) PDM__TRY(put_count(w, TAG_TOTAL, &n, 1, counts[n - TOTAL_ALL], err));
    return PDM_OK;
}

static pdm_status put_times(writer *w, uint8_t measure, pdm_error *err) {
    const pdm__attribution_times *times = &w->work->times[measure];
    if (times->conversions == 0) return PDM_OK;
    for (int32_t b = 0; b < w->work->plan->bin_count; b++) {
        const uint8_t bytes[2] = {measure, (uint8_t)b};
        PDM__TRY(put_count(w, TAG_BIN, bytes, sizeof bytes, &times->bins[b], err));
    }
    PDM__TRY(begin_key(w, TAG_TIMES, &measure, 1, err));
    PDM__TRY(put_words(w, times->conversions, 0, 0, err));
    pdm__uint128 left = times->sum;
    for (int32_t i = 0; left != 0; i++, left >>= PDM__FIXED_LIMB_BITS) {
        int64_t digit = (int64_t)(left & ((1 << PDM__FIXED_LIMB_BITS) - 1));
        if (digit != 0) PDM__TRY(put_part(w, i, digit, INT64_MIN, err));
    }
    PDM__TRY(put_part(w, PLACE_MOST, 0, (int64_t)times->most, err));
    return put_part(w, PLACE_LEAST, 0, -(int64_t)times->least, err);
}

static bool is_zero(const pdm__fixed_sum *sum) {
    for (int32_t i = 0; i < PDM__FIXED_LIMBS; i++) {
        if (sum->limbs[i] != 0) return false;
    }
    return true;
}

static pdm_status put_aged(writer *w, char tag, uint8_t model, uint32_t channel, const pdm__fixed_sum *sum,
                           pdm_error *err) {
    const pdm__key *name = &w->work->names.sorted[channel];
    if (is_zero(sum)) return PDM_OK;
    PDM__TRY(begin_key(w, tag, &model, 1, err));
    PDM__TRY(pdm__attribution_text_put(&w->key, (const char *)name->bytes, name->length, err));
    PDM__TRY(put_words(w, 0, 0, 0, err));
    return put_sum(w, sum, err);
}

static pdm_status put_all(writer *w, pdm_error *err) {
    const pdm__attribution_work *work = w->work;
    PDM__TRY(put_channels(w, err));
    PDM__TRY(put_paths(w, err));
    PDM__TRY(put_totals(w, err));
    for (uint8_t m = 0; m < ATTRIBUTION_MEASURES; m++) PDM__TRY(put_times(w, m, err));
    for (int32_t m = 0; m < work->plan->age_count; m++) {
        for (uint32_t c = 0; c < work->names.count; c++) {
            const pdm__attribution_aged *aged = &work->aged[(size_t)m * work->names.count + c];
            PDM__TRY(put_aged(w, TAG_WEIGHT, (uint8_t)m, c, &aged->conversions, err));
            PDM__TRY(put_aged(w, TAG_VALUE, (uint8_t)m, c, &aged->value, err));
        }
    }
    return PDM_OK;
}

pdm_status pdm__attribution_settled_write(pdm__attribution_work *work, pdm__store *to, pdm_error *err) {
    writer w = {.work = work, .to = to, .key = {.context = work->context}};
    pdm_status status = put_all(&w, err);
    pdm__attribution_text_clear(&w.key);
    return status;
}

/* ---- in ---- */

/* An entry and its parts. */
typedef struct entry {
    const uint8_t *bytes; /* behind the tag */
    const uint8_t *end;
    const int64_t *words;
    bool has_parts;
    pdm__fixed_sum sum;
    int64_t most;
    int64_t least;
    uint8_t tag;
} entry;

typedef pdm_status (*entry_sink)(void *own, const entry *e, pdm_error *err);

/* Parts of the entries of a partition, one after the other: starts by id. */
typedef struct part_index {
    size_t *starts; /* [entries + 1] */
    uint32_t *ids;
} part_index;

static pdm_status index_parts(const pdm__store *store, const pdm__partition *partition, part_index *index,
                              pdm_error *err) {
    const pdm__keymap *parts = &partition->levels[1];
    size_t entries = partition->levels[0].count;
    memset(index, 0, sizeof *index);
    PDM__TRY(pdm__new_zero(store->context, entries + 2, sizeof *index->starts, &index->starts, err));
    PDM__TRY(pdm__new(store->context, parts->count, sizeof *index->ids, &index->ids, err));
    for (uint32_t id = 0; id < parts->count; id++) index->starts[pdm__keymap_key(parts, id).scope + 2]++;
    for (size_t i = 0; i < entries; i++) index->starts[i + 2] += index->starts[i + 1];
    for (uint32_t id = 0; id < parts->count; id++)
        index->ids[index->starts[pdm__keymap_key(parts, id).scope + 1]++] = id;
    return PDM_OK;
}

static void clear_index(const pdm__store *store, const pdm__partition *partition, part_index *index) {
    pdm__drop(store->context, index->starts, (size_t)partition->levels[0].count + 2, sizeof *index->starts);
    pdm__drop(store->context, index->ids, partition->levels[1].count, sizeof *index->ids);
}

static pdm_status corrupt(pdm_error *err, const char *what) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "these bytes are no valid state: %s", what);
}

static pdm_status read_entry(const pdm__partition *partition, const part_index *index, uint32_t id, entry *e,
                             pdm_error *err) {
    pdm__key key = pdm__keymap_key(&partition->levels[0], id);
    if (key.length == 0) return corrupt(err, "a settled entry without a name");
    e->tag = key.bytes[0];
    e->bytes = key.bytes + 1;
    e->end = key.bytes + key.length;
    e->words = pdm__keymap_words(&partition->levels[0], id);
    e->most = INT64_MIN;
    e->least = INT64_MIN;
    if (e->has_parts) memset(&e->sum, 0, sizeof e->sum);
    e->has_parts = index->starts[id + 1] > index->starts[id];
    for (size_t i = index->starts[id]; i < index->starts[id + 1]; i++) {
        int64_t place = (int64_t)pdm__keymap_key(&partition->levels[1], index->ids[i]).word;
        const int64_t *words = pdm__keymap_words(&partition->levels[1], index->ids[i]);
        if (place < PLACE_LEAST || place >= PDM__FIXED_LIMBS) return corrupt(err, "a digit that has no place");
        if (place >= 0 ? words[DIGIT_MOST] != INT64_MIN : words[DIGIT_SUM] != 0)
            return corrupt(err, "a digit that is none");
        if (place == PLACE_MOST) e->most = words[DIGIT_MOST];
        if (place == PLACE_LEAST) e->least = words[DIGIT_MOST];
        if (place >= 0) e->sum.limbs[place] = words[DIGIT_SUM];
    }
    return PDM_OK;
}

static pdm_status each_entry(const pdm__store *store, pdm__run *run, entry_sink sink, void *own, pdm_error *err) {
    pdm_status status = PDM_OK;
    entry e;
    memset(&e, 0, sizeof e);
    for (size_t p = 0; p < PDM__PARTITIONS && status == PDM_OK; p++) {
        const pdm__partition *partition = &store->partitions[p];
        part_index index;
        status = index_parts(store, partition, &index, err);
        for (uint32_t id = 0; id < partition->levels[0].count && status == PDM_OK; id++) {
            status = read_entry(partition, &index, id, &e, err);
            if (status == PDM_OK) status = sink(own, &e, err);
        }
        clear_index(store, partition, &index);
        if (status == PDM_OK && pdm__run_poll(run, (int64_t)partition->levels[0].count))
            status = pdm__run_status(run, err);
    }
    return status;
}

static void add_sum(const pdm__attribution_plan *plan, pdm__attribution_sum *to, const entry *e) {
    if (plan->doubles) {
        if (e->has_parts) pdm__fixed_sum_merge(&to->amount, &e->sum);
    } else {
        to->money += e->words[SETTLED_MONEY];
    }
}

static void add_count(const pdm__attribution_plan *plan, pdm__attribution_count *to, const entry *e) {
    to->conversions += e->words[SETTLED_COUNT];
    add_sum(plan, &to->value, e);
}

static void read_total(const pdm__attribution_plan *plan, pdm__attribution_totals *t, const entry *e) {
    int64_t first = e->words[SETTLED_COUNT];
    int64_t second = e->words[SETTLED_NULLS];
    switch (e->bytes[0]) {
    case TOTAL_TOUCHES:
        t->touches += first;
        t->used_touches += second;
        break;
    case TOTAL_ODD:
        t->without_value += first;
        t->truncated_paths += second;
        break;
    case TOTAL_NULLS:
        t->null_journeys += first;
        t->unattributed_nulls += second;
        break;
    case TOTAL_ALL: add_count(plan, &t->all, e); break;
    case TOTAL_UNATTRIBUTED: add_count(plan, &t->unattributed, e); break;
    default: add_count(plan, &t->ignored, e); break;
    }
}

static void read_times(pdm__attribution_times *times, const entry *e) {
    times->conversions += e->words[SETTLED_COUNT];
    for (int32_t i = 0; i < TIME_LIMBS; i++)
        times->sum += (pdm__uint128)(uint64_t)e->sum.limbs[i] << (PDM__FIXED_LIMB_BITS * i);
    uint64_t least = (uint64_t)-e->least;
    times->least = least < times->least ? least : times->least;
    times->most = (uint64_t)e->most > times->most ? (uint64_t)e->most : times->most;
}

static void read_aged(pdm__attribution_worker *worker, const entry *e) {
    const pdm__attribution_names *names = &worker->work->names;
    uint32_t channel = pdm__attribution_rank(names, &worker->memo, e->bytes + 1, (uint32_t)(e->end - e->bytes - 1));
    pdm__attribution_aged *aged = &worker->aged[(size_t)e->bytes[0] * names->count + channel];
    pdm__fixed_sum_merge(e->tag == TAG_WEIGHT ? &aged->conversions : &aged->value, &e->sum);
}

/* Reads a touch and moves on. */
static void next_touch(const pdm__attribution_plan *plan, const uint8_t **at, const uint8_t **channel, uint32_t *length,
                       uint32_t *marks, uint32_t *times) {
    pdm__attribution_read_touch(at, channel, length, marks);
    *times = 0;
    if (plan->options->transform != PDM_ATTRIBUTION_TRANSFORM_FREQUENCY) return;
    for (int32_t s = 0; s < 4; s++) *times = *times << 8 | *(*at)++;
}

static pdm_status read_path(pdm__attribution_worker *worker, const entry *e, pdm_error *err) {
    const pdm__attribution_work *work = worker->work;
    const uint8_t *at = e->bytes;
    uint32_t count = 0;
    PDM__TRY(pdm__attribution_room(work->context, &worker->touches, &worker->touches_room,
                                   (size_t)(e->end - e->bytes) / 3 + 1, sizeof *worker->touches, err));
    while (at < e->end) {
        const uint8_t *channel = NULL;
        uint32_t length = 0;
        uint32_t marks = 0;
        uint32_t token = 0;
        pdm__token wanted = {0, 0};
        next_touch(work->plan, &at, &channel, &length, &marks, &wanted.times);
        wanted.channel = pdm__attribution_rank(&work->names, &worker->memo, channel, length);
        PDM__TRY(pdm__path_builder_token(&worker->builder, wanted, &token, err));
        worker->touches[count++] = pdm__touch_of(token, marks);
    }
    pdm__path_gain gain = {
        .conversions = e->words[SETTLED_COUNT], .nulls = e->words[SETTLED_NULLS], .money = e->words[SETTLED_MONEY]};
    PDM__TRY(pdm__path_builder_add(&worker->builder, worker->touches, count, &gain, err));
    if (!e->has_parts) return PDM_OK;
    double parts[PDM__FIXED_PARTS];
    int32_t n = pdm__fixed_sum_parts(&e->sum, parts);
    if (n < 0)
        return pdm__fail(err, PDM_E_OVERFLOW, -1, "value", "the sum of the values is beyond what a double holds");
    for (int32_t i = 0; i < n; i++) {
        pdm__path_gain more = {.amount = parts[i], .has_amount = true};
        PDM__TRY(pdm__path_builder_add(&worker->builder, worker->touches, count, &more, err));
    }
    return PDM_OK;
}

static pdm_status take_entry(void *own, const entry *e, pdm_error *err) {
    pdm__attribution_worker *worker = own;
    const pdm__attribution_plan *plan = worker->work->plan;
    switch (e->tag) {
    case TAG_PATH: return read_path(worker, e, err);
    case TAG_TOTAL: read_total(plan, &worker->totals, e); break;
    case TAG_BIN: add_count(plan, &worker->times[e->bytes[0]].bins[e->bytes[1]], e); break;
    case TAG_TIMES: read_times(&worker->times[e->bytes[0]], e); break;
    case TAG_WEIGHT:
    case TAG_VALUE:
        if (e->has_parts) read_aged(worker, e);
        break;
    default: break;
    }
    return PDM_OK;
}

pdm_status pdm__attribution_settled_read(pdm__attribution_work *work, pdm_error *err) {
    return each_entry(work->view->settled, work->run, take_entry, &work->workers[0], err);
}

bool pdm__attribution_settled_channel(const pdm__key *key, const uint8_t **bytes, uint32_t *length) {
    if (key->length == 0 || key->bytes[0] != TAG_CHANNEL) return false;
    *bytes = key->bytes + 1;
    *length = key->length - 1;
    return true;
}

/* ---- whether it could have been ---- */

/* Sums of entries that must agree. */
typedef struct checking {
    const pdm__attribution_plan *plan;
    const pdm__store *settled;
    uint8_t *name;      /* room for the longest key */
    pdm__uint128 paths; /* conversions */
    pdm__uint128 nulls;
    pdm__int128 value; /* money of paths, and its magnitudes */
    pdm__uint128 money;
    int64_t pairs[TOTALS][2];
    int64_t values[TOTALS];
    pdm__uint128 bins[ATTRIBUTION_MEASURES];
    pdm__uint128 bin_money[ATTRIBUTION_MEASURES];
    int64_t times[ATTRIBUTION_MEASURES];
} checking;

static bool is_name(const uint8_t *bytes, size_t length) {
    return length > 0 && pdm__is_utf8(bytes, length) && !pdm__attribution_reserved((const char *)bytes, length);
}

/* Whatever names a channel names one that has been seen. */
static bool is_seen(const checking *c, const uint8_t *bytes, size_t length) {
    if (!is_name(bytes, length)) return false;
    c->name[0] = TAG_CHANNEL;
    memcpy(c->name + 1, bytes, length);
    pdm__key key = {.bytes = c->name, .length = (uint32_t)length + 1};
    pdm__key_hash(&key, true, c->settled->schema.seed);
    return pdm__keymap_find(&c->settled->partitions[pdm__partition_of(key.hash)].levels[0], &key) != PDM__NO_ID;
}

static bool fits_path(const checking *c, const entry *e) {
    bool counts = c->plan->options->transform == PDM_ATTRIBUTION_TRANSFORM_FREQUENCY;
    size_t touches = 0;
    for (const uint8_t *at = e->bytes; at < e->end; touches++) {
        const uint8_t *stop = memchr(at, ATTRIBUTION_PATH_END, (size_t)(e->end - at));
        if (stop == NULL || e->end - stop < (counts ? 6 : 2) || touches == PDM__PATH_MAX_TOUCHES) return false;
        if (!is_seen(c, at, (size_t)(stop - at)) || stop[1] >> c->plan->milestone_count != 0) return false;
        if (counts && (stop[2] | stop[3] | stop[4] | stop[5]) == 0) return false;
        at = stop + (counts ? 6 : 2);
    }
    return touches > 0;
}

static uint64_t magnitude(int64_t word) { return word < 0 ? 0 - (uint64_t)word : (uint64_t)word; }

static pdm_status check_path(checking *c, const entry *e, pdm_error *err) {
    int64_t conversions = e->words[SETTLED_COUNT];
    int64_t nulls = e->words[SETTLED_NULLS];
    int64_t money = e->words[SETTLED_MONEY];
    bool worthless = conversions == 0 && (money != 0 || e->has_parts);
    if (conversions == 0 && nulls == 0) return corrupt(err, "a path without journeys");
    if (worthless || !fits_path(c, e)) return corrupt(err, "a path that is none");
    c->paths += (uint64_t)conversions;
    c->nulls += (uint64_t)nulls;
    c->value += money;
    c->money += magnitude(money);
    return PDM_OK;
}

static pdm_status check_times(checking *c, const entry *e, pdm_error *err) {
    size_t length = (size_t)(e->end - e->bytes);
    int32_t measure = length == 0 ? ATTRIBUTION_MEASURES : e->bytes[0];
    if (measure >= ATTRIBUTION_MEASURES || e->words[SETTLED_COUNT] == 0) return corrupt(err, "times that are none");
    if (e->tag == TAG_BIN) {
        if (length != 2 || e->bytes[1] >= c->plan->bin_count) return corrupt(err, "a bin that is none");
        c->bins[measure] += (uint64_t)e->words[SETTLED_COUNT];
        c->bin_money[measure] += magnitude(e->words[SETTLED_MONEY]);
        return PDM_OK;
    }
    bool fits = length == 1 && e->words[SETTLED_MONEY] == 0 && e->least <= 0 && e->least > INT64_MIN && e->most >= 0 &&
                e->most >= -e->least;
    for (int32_t i = 0; i < PDM__FIXED_LIMBS; i++)
        fits = fits && e->sum.limbs[i] >= 0 && (i < TIME_LIMBS || e->sum.limbs[i] == 0);
    if (!fits) return corrupt(err, "times that cannot be");
    c->times[measure] = e->words[SETTLED_COUNT];
    return PDM_OK;
}

static pdm_status check_entry(void *own, const entry *e, pdm_error *err) {
    checking *c = own;
    size_t length = (size_t)(e->end - e->bytes);
    bool plain = e->words[SETTLED_COUNT] == 0 && e->words[SETTLED_NULLS] == 0 && e->words[SETTLED_MONEY] == 0;
    bool valued =
        e->tag == TAG_PATH || e->tag == TAG_BIN || (e->tag == TAG_TOTAL && length == 1 && *e->bytes >= TOTAL_ALL);
    if (valued && (c->plan->doubles ? e->words[SETTLED_MONEY] != 0 : e->has_parts))
        return corrupt(err, "a value of the wrong kind");
    if (e->tag != TAG_TIMES && (e->most != INT64_MIN || e->least != INT64_MIN))
        return corrupt(err, "an extreme of what has none");
    if (e->tag != TAG_PATH && e->tag != TAG_TOTAL && e->words[SETTLED_NULLS] != 0)
        return corrupt(err, "null journeys of what has none");
    switch (e->tag) {
    case TAG_CHANNEL:
        return plain && !e->has_parts && is_name(e->bytes, length) ? PDM_OK : corrupt(err, "no name of a channel");
    case TAG_PATH: return check_path(c, e, err);
    case TAG_TOTAL:
        if (length != 1 || *e->bytes >= TOTALS || (!valued && (e->has_parts || e->words[SETTLED_MONEY] != 0)) ||
            (valued && e->words[SETTLED_NULLS] != 0))
            return corrupt(err, "a total that is none");
        c->pairs[*e->bytes][0] = e->words[SETTLED_COUNT];
        c->pairs[*e->bytes][1] = e->words[SETTLED_NULLS];
        c->values[*e->bytes] = e->words[SETTLED_MONEY];
        return PDM_OK;
    case TAG_BIN:
    case TAG_TIMES: return check_times(c, e, err);
    case TAG_WEIGHT:
    case TAG_VALUE:
        if (plain && length > 1 && *e->bytes < c->plan->age_count && is_seen(c, e->bytes + 1, length - 1))
            return PDM_OK;
        return corrupt(err, "a model's sum that is none");
    default: return corrupt(err, "a settled entry of no kind");
    }
}

/* Whether flags and times are such; magnitudes of the values that are still there are added up. */
static pdm_status check_rows(const pdm__attribution_plan *plan, const pdm__store *store, int64_t watermark,
                             pdm__uint128 *money, pdm_error *err) {
    size_t stride = 1 + (size_t)store->schema.journals[0].word_count;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__partition *partition = &store->partitions[p];
        const pdm__journal *touches = &partition->journals[0];
        const pdm__journal *events = &partition->journals[1];
        for (uint32_t id = 0; id < partition->levels[0].count; id++) {
            const int64_t *words = pdm__keymap_words(&partition->levels[0], id);
            bool counted = (words[USER_FLAGS] & USER_COUNTED) != 0;
            bool fits = (words[USER_FLAGS] & ~(int64_t)USER_ALL_FLAGS) == 0 &&
                        (counted ? words[USER_LAST_TIME] < watermark
                                 : words[USER_LAST_TIME] == INT64_MIN && words[USER_LAST_SEQ] == INT64_MIN);
            if (!fits) return corrupt(err, "a user that cannot be");
        }
        for (size_t i = 0; i < touches->count; i++) {
            int64_t flags = touches->words[(i + 1) * stride - 1];
            bool later = touches->words[i * stride + 1 + TOUCH_TIME] >= watermark;
            if ((flags & ~(int64_t)TOUCH_FLAGS) != 0 || (later && flags != 0))
                return corrupt(err, "a touch that cannot be");
        }
        for (size_t i = 0; !plan->doubles && i < events->count; i++)
            *money += magnitude(events->words[i * (1 + EVENT_WORDS) + 1 + EVENT_VALUE]);
    }
    return PDM_OK;
}

/* Whatever a sum of money is made of, what is settled and what is to come stay within the money that the rows had. */
static bool money_agrees(const checking *c, pdm__uint128 rows, uint64_t money) {
    const int64_t *v = c->values;
    pdm__int128 all = c->value + v[TOTAL_UNATTRIBUTED] + v[TOTAL_IGNORED];
    bool fits = all == v[TOTAL_ALL] &&
                c->money + magnitude(v[TOTAL_UNATTRIBUTED]) + magnitude(v[TOTAL_IGNORED]) + rows <= money;
    for (int32_t m = 0; m < ATTRIBUTION_MEASURES; m++) fits = fits && c->bin_money[m] + rows <= money;
    return fits;
}

static pdm__uint128 wide(int64_t count) { return (uint64_t)count; }

static bool agrees(const checking *c) {
    const int64_t(*pairs)[2] = c->pairs;
    pdm__uint128 rest = wide(pairs[TOTAL_UNATTRIBUTED][0]) + wide(pairs[TOTAL_IGNORED][0]);
    bool fits = c->paths + rest == wide(pairs[TOTAL_ALL][0]) &&
                c->nulls + wide(pairs[TOTAL_NULLS][1]) == wide(pairs[TOTAL_NULLS][0]) &&
                pairs[TOTAL_TOUCHES][1] <= pairs[TOTAL_TOUCHES][0] && pairs[TOTAL_ODD][0] <= pairs[TOTAL_ALL][0];
    for (int32_t m = 0; m < ATTRIBUTION_MEASURES; m++)
        fits = fits && wide(c->times[m]) == c->paths && c->bins[m] == c->paths;
    return fits;
}

static size_t longest_key(const pdm__store *store) {
    size_t most = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *keys = &store->partitions[p].levels[0];
        for (uint32_t id = 0; id < keys->count; id++) {
            size_t length = pdm__keymap_key(keys, id).length;
            most = length > most ? length : most;
        }
    }
    return most;
}

pdm_status pdm__attribution_verify_settled(const pdm__plan *plan, const pdm__store *store, const pdm__store *settled,
                                           int64_t watermark, uint64_t money, pdm__run *run, pdm_error *err) {
    checking c = {.plan = plan->own, .settled = settled};
    pdm__uint128 rows = 0;
    if (pdm__attribution_can_advance(c.plan, NULL) != PDM_OK) return corrupt(err, "it cannot have advanced");
    PDM__TRY(check_rows(c.plan, store, watermark, &rows, err));
    size_t room = longest_key(settled) + 1;
    PDM__TRY(pdm__new(settled->context, room, 1, &c.name, err));
    pdm_status status = each_entry(settled, run, check_entry, &c, err);
    pdm__drop(settled->context, c.name, room, 1);
    if (status != PDM_OK) return status;
    if (agrees(&c) && money_agrees(&c, rows, money)) return PDM_OK;
    return corrupt(err, "settled sums that do not agree");
}
