/*
 * Radix sorts. The same few passes serve pairs, plain values and texts: they take records as bytes plus a description of
 * where the key is, which is constant wherever they are inlined. A sort that is stopped leaves its records in no order.
 */
#include "core/sort.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#define SMALL 32     /* fewer records than this are sorted by insertion */
#define LEAF_BITS 10 /* digits of a pass over a bucket: its counts fit the first cache level */
#define WIDE_BITS 11 /* digit of the first pass */
#define WIDE_BUCKETS (1 << WIDE_BITS)
#define WIDE_MIN 16384 /* fewer records than this: no first pass */
#define PACE 65536     /* records between two questions whether to stop; fewer are not worth a thread */
#define CHUNKS_MAX 64
#define TASK_MIN 4096
#define APART_MAX 4     /* a bucket of more than a quarter of all is no single task */
#define LEVELS_MAX 8    /* prefixes in a row, before texts are compared */
#define RECORD_MAX 64   /* bytes */
#define AHEAD 16        /* records between asking for a line and writing it */
#define FETCH_MAX 32768 /* bytes of the first cache level */

typedef struct layout {
    size_t size; /* of a record */
    size_t key;  /* offset of the key */
    uint64_t flip;
} layout;

/* What a look over some records finds. */
typedef struct survey {
    uint64_t low;
    uint64_t high;
    bool sorted;
} survey;

/* A digit of the distance to the lowest key. */
typedef struct digit {
    uint64_t low;
    unsigned shift;
} digit;

/* Sorts the records of `from`; the result is in `to` if `to_other`, else in `from`. Both are overwritten. */
typedef void leaf_sort(uint8_t *from, uint8_t *to, size_t count, bool to_other);

/* The passes, made for one layout. */
typedef struct passes {
    size_t size;
    survey (*look)(const uint8_t *from, size_t count);
    void (*tally)(const uint8_t *from, size_t count, digit d, uint32_t *counts);
    void (*scatter)(const uint8_t *from, size_t count, digit d, uint32_t *places, uint8_t *to);
    leaf_sort *leaf;
} passes;

ALWAYS_INLINE uint64_t key_of(layout l, const uint8_t *record) {
    uint64_t key;
    memcpy(&key, record + l.key, sizeof key);
    return key ^ l.flip;
}

ALWAYS_INLINE size_t digit_of(digit d, uint64_t key) { return (size_t)((key - d.low) >> d.shift); }

ALWAYS_INLINE survey look(layout l, const uint8_t *from, size_t count) {
    uint64_t previous = key_of(l, from);
    survey s = {previous, previous, true};
    unsigned falls = 0;
    for (size_t i = 1; i < count; i++) {
        uint64_t key = key_of(l, from + i * l.size);
        falls |= key < previous;
        s.low = key < s.low ? key : s.low;
        s.high = key > s.high ? key : s.high;
        previous = key;
    }
    s.sorted = falls == 0;
    return s;
}

ALWAYS_INLINE void tally(layout l, const uint8_t *from, size_t count, digit d, uint32_t *counts) {
    for (size_t i = 0; i < count; i++) counts[digit_of(d, key_of(l, from + i * l.size))]++;
}

ALWAYS_INLINE void scatter(layout l, const uint8_t *from, size_t count, digit d, uint32_t *places, uint8_t *to) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *record = from + i * l.size;
        memcpy(to + (size_t)places[digit_of(d, key_of(l, record))]++ * l.size, record, l.size);
    }
}

/* The same for what does not fit the cache: about twice as fast, as the lines to write are fetched side by side. */
ALWAYS_INLINE void scatter_far(layout l, const uint8_t *from, size_t count, digit d, uint32_t *places, uint8_t *to) {
    size_t near = count > AHEAD ? count - AHEAD : 0;
    for (size_t i = 0; i < near; i++) {
        const uint8_t *record = from + i * l.size;
        const uint8_t *later = record + AHEAD * l.size;
        __builtin_prefetch(to + (size_t)places[digit_of(d, key_of(l, later))] * l.size, 1);
        memcpy(to + (size_t)places[digit_of(d, key_of(l, record))]++ * l.size, record, l.size);
    }
    scatter(l, from + near * l.size, count - near, d, places, to);
}

/* Asks for the lines of a small bucket that is about to be written in no order. */
static void fetch(const uint8_t *to, size_t bytes) {
    for (size_t i = 0; bytes <= FETCH_MAX && i < bytes; i += 64) __builtin_prefetch(to + i, 1);
}

/* Insertion sort from `from` to `to`, which may be the same. Linear where every record is near its place. */
ALWAYS_INLINE void insert_all(layout l, const uint8_t *from, uint8_t *to, size_t count) {
    uint64_t highest = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *next = from + i * l.size;
        uint64_t key = key_of(l, next);
        if (key >= highest) {
            highest = key;
            if (from != to) memcpy(to + i * l.size, next, l.size);
            continue;
        }
        uint8_t record[RECORD_MAX];
        memcpy(record, next, l.size);
        size_t place = i;
        do {
            memcpy(to + place * l.size, to + (place - 1) * l.size, l.size);
            place--;
        } while (place > 0 && key_of(l, to + (place - 1) * l.size) > key);
        memcpy(to + place * l.size, record, l.size);
    }
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static unsigned bits_of(uint64_t value) { return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value); }

/* Up to twice as many buckets as records: then most records are alone. */
static unsigned leaf_bits(size_t count, unsigned bits) {
    unsigned wanted = bits_of(count) < LEAF_BITS ? bits_of(count) : LEAF_BITS;
    return wanted < bits ? wanted : bits;
}

/* Turns counts into first places; returns the largest count. */
static uint32_t first_places(uint32_t *counts, size_t buckets) {
    uint32_t place = 0;
    uint32_t largest = 0;
    for (size_t i = 0; i < buckets; i++) {
        uint32_t count = counts[i];
        largest = count > largest ? count : largest;
        counts[i] = place;
        place += count;
    }
    return largest;
}

static void settle(uint8_t *at, uint8_t *wanted, size_t bytes) {
    if (at != wanted) memcpy(wanted, at, bytes);
}

/*
 * One pass on the upper bits in use of the keys' range, then each bucket again. The range of a bucket is LEAF_BITS bits (for
 * few records, log2 of their number) narrower than its parent's, so keys of any distribution take few rounds.
 */
ALWAYS_INLINE void leaf(layout l, uint8_t *from, uint8_t *to, size_t count, bool to_other, leaf_sort *again) {
    uint8_t *result = to_other ? to : from;
    if (count < SMALL) {
        insert_all(l, from, result, count);
        return;
    }
    survey s = look(l, from, count);
    if (s.sorted) {
        settle(from, result, count * l.size);
        return;
    }
    unsigned bits = bits_of(s.high - s.low);
    digit d = {s.low, bits - leaf_bits(count, bits)};
    uint32_t places[1 << LEAF_BITS];
    size_t buckets = digit_of(d, s.high) + 1;
    memset(places, 0, buckets * sizeof *places);
    fetch(to, count * l.size);
    tally(l, from, count, d, places);
    uint32_t largest = first_places(places, buckets);
    scatter(l, from, count, d, places, to);
    if (d.shift == 0) {
        settle(to, result, count * l.size);
    } else if (largest < SMALL) {
        insert_all(l, to, result, count);
    } else {
        for (size_t i = 0, start = 0; i < buckets; start = places[i++]) {
            if (places[i] == start) continue;
            again(to + start * l.size, from + start * l.size, places[i] - start, !to_other);
        }
    }
}

#define MAKE_PASSES(name, size, key, flip)                                                                             \
    static survey name##_look(const uint8_t *from, size_t count) {                                                     \
        return look((layout){size, key, flip}, from, count);                                                           \
    }                                                                                                                  \
    static void name##_tally(const uint8_t *from, size_t count, digit d, uint32_t *counts) {                           \
        tally((layout){size, key, flip}, from, count, d, counts);                                                      \
    }                                                                                                                  \
    static void name##_scatter(const uint8_t *from, size_t count, digit d, uint32_t *places, uint8_t *to) {            \
        scatter_far((layout){size, key, flip}, from, count, d, places, to);                                            \
    }                                                                                                                  \
    static void name##_leaf(uint8_t *from, uint8_t *to, size_t count, bool to_other) {                                 \
        leaf((layout){size, key, flip}, from, to, count, to_other, name##_leaf);                                       \
    }                                                                                                                  \
    static const passes name##_passes = {size, name##_look, name##_tally, name##_scatter, name##_leaf}

MAKE_PASSES(pair, sizeof(pdm__sort_pair), offsetof(pdm__sort_pair, key), 0);
MAKE_PASSES(value, sizeof(int64_t), 0, UINT64_C(1) << 63);
MAKE_PASSES(text, sizeof(pdm__sort_text), offsetof(pdm__sort_text, prefix), 0);

/* ---- the first pass, on all threads ----------------------------------------------------------------------------- */

/* Neighbouring buckets that are sorted in one go. */
typedef struct task {
    uint16_t first;
    uint16_t end;
} task;

typedef struct wide {
    pdm__run *run; /* NULL: one thread, and nobody to ask */
    const passes *use;
    uint8_t *from;
    uint8_t *to;
    size_t count;
    bool to_other;
    digit d;
    size_t buckets;
    size_t chunks;
    size_t chunk_records;
    survey surveys[CHUNKS_MAX];
    uint32_t *places; /* WIDE_BUCKETS per chunk */
    task tasks[WIDE_BUCKETS];
    size_t task_count;
    uint16_t apart[APART_MAX]; /* buckets too large for a task */
    size_t apart_count;
} wide;

static void for_each(pdm__run *run, size_t count, pdm_parallel_body body, void *work) {
    if (run != NULL) {
        pdm__run_parallel(run, count, body, work);
        return;
    }
    for (size_t i = 0; i < count; i++) body(work, i);
}

static bool stopped(pdm__run *run) { return run != NULL && pdm__run_poll(run, 0); }

/* The records of a chunk, at most PACE at a time. */
typedef struct block {
    size_t start;
    size_t count;
    size_t end;
} block;

static block chunk_begin(const wide *w, size_t chunk) {
    size_t start = least(chunk * w->chunk_records, w->count);
    return (block){start, 0, least(start + w->chunk_records, w->count)};
}

static bool chunk_next(const wide *w, block *b) {
    b->start += b->count;
    b->count = least(b->end - b->start, PACE);
    return b->count > 0 && !stopped(w->run);
}

static survey join(survey a, survey b) {
    return (survey){a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high,
                    a.sorted && b.sorted && a.high <= b.low};
}

static void look_body(void *work, size_t chunk) {
    wide *w = work;
    block b = chunk_begin(w, chunk);
    survey all = {0, 0, true};
    for (bool first = true; chunk_next(w, &b); first = false) {
        survey s = w->use->look(w->from + b.start * w->use->size, b.count);
        all = first ? s : join(all, s);
    }
    w->surveys[chunk] = all;
}

static void tally_body(void *work, size_t chunk) {
    wide *w = work;
    uint32_t *counts = w->places + chunk * WIDE_BUCKETS;
    memset(counts, 0, w->buckets * sizeof *counts);
    for (block b = chunk_begin(w, chunk); chunk_next(w, &b);) {
        w->use->tally(w->from + b.start * w->use->size, b.count, w->d, counts);
    }
}

static void scatter_body(void *work, size_t chunk) {
    wide *w = work;
    for (block b = chunk_begin(w, chunk); chunk_next(w, &b);) {
        w->use->scatter(w->from + b.start * w->use->size, b.count, w->d, w->places + chunk * WIDE_BUCKETS, w->to);
    }
}

static void wide_places(wide *w) {
    uint32_t place = 0;
    for (size_t bucket = 0; bucket < w->buckets; bucket++) {
        for (size_t chunk = 0; chunk < w->chunks; chunk++) {
            uint32_t *at = &w->places[chunk * WIDE_BUCKETS + bucket];
            uint32_t count = *at;
            *at = place;
            place += count;
        }
    }
}

/* After the scatter: where a bucket ends, hence the next one begins. */
static size_t bucket_end(const wide *w, size_t bucket) { return w->places[(w->chunks - 1) * WIDE_BUCKETS + bucket]; }
static size_t bucket_start(const wide *w, size_t bucket) { return bucket == 0 ? 0 : bucket_end(w, bucket - 1); }

static void task_body(void *work, size_t index) {
    wide *w = work;
    size_t size = w->use->size;
    if (stopped(w->run)) return;
    for (size_t i = w->tasks[index].first; i < w->tasks[index].end; i++) {
        size_t start = bucket_start(w, i);
        size_t count = bucket_end(w, i) - start;
        if (count > 0) w->use->leaf(w->to + start * size, w->from + start * size, count, !w->to_other);
    }
}

static void plan_tasks(wide *w) {
    size_t target = least(w->count / (w->chunks * 8) + 1, PACE);
    if (target < TASK_MIN) target = TASK_MIN;
    size_t large = w->count / APART_MAX > PACE ? w->count / APART_MAX : PACE;
    size_t held = 0; /* records of the task under way */
    for (size_t i = 0; i < w->buckets; i++) {
        size_t count = bucket_end(w, i) - bucket_start(w, i);
        if (count > large) {
            w->apart[w->apart_count++] = (uint16_t)i;
            held = 0;
            continue;
        }
        if (held == 0) w->tasks[w->task_count++] = (task){(uint16_t)i, (uint16_t)i};
        w->tasks[w->task_count - 1].end = (uint16_t)(i + 1);
        held += count + 1; /* an empty bucket counts too, so that 0 means none */
        if (held >= target) held = 0;
    }
}

static void wide_sort(wide *w);

/* The buckets too large for a task get a first pass of their own: outliers among the keys must not cost the threads. */
static void sort_apart(const wide *w) {
    size_t starts[APART_MAX];
    size_t counts[APART_MAX];
    for (size_t i = 0; i < w->apart_count; i++) {
        starts[i] = bucket_start(w, w->apart[i]);
        counts[i] = bucket_end(w, w->apart[i]) - starts[i];
    }
    for (size_t i = 0; i < w->apart_count; i++) { /* `places` is used again from here on */
        wide inner;
        memset(&inner, 0, sizeof inner);
        inner.run = w->run;
        inner.use = w->use;
        inner.from = w->to + starts[i] * w->use->size;
        inner.to = w->from + starts[i] * w->use->size;
        inner.count = counts[i];
        inner.to_other = !w->to_other;
        inner.chunks = w->chunks;
        inner.places = w->places;
        wide_sort(&inner);
    }
}

/* One pass over all, on all threads, then the buckets by themselves. Gives up when stopped. */
static void wide_sort(wide *w) {
    uint8_t *result = w->to_other ? w->to : w->from;
    size_t bytes = w->count * w->use->size;
    w->chunk_records = (w->count + w->chunks - 1) / w->chunks;
    w->chunks = (w->count + w->chunk_records - 1) / w->chunk_records;
    for_each(w->run, w->chunks, look_body, w);
    survey all = w->surveys[0];
    for (size_t i = 1; i < w->chunks; i++) all = join(all, w->surveys[i]);
    if (stopped(w->run)) return;
    if (all.sorted) {
        settle(w->from, result, bytes);
        return;
    }
    unsigned bits = bits_of(all.high - all.low);
    w->d = (digit){all.low, bits > WIDE_BITS ? bits - WIDE_BITS : 0};
    w->buckets = digit_of(w->d, all.high) + 1;
    for_each(w->run, w->chunks, tally_body, w);
    if (stopped(w->run)) return;
    wide_places(w);
    for_each(w->run, w->chunks, scatter_body, w);
    if (stopped(w->run)) return;
    if (w->d.shift == 0) {
        settle(w->to, result, bytes);
        return;
    }
    plan_tasks(w);
    for_each(w->run, w->task_count, task_body, w);
    if (!stopped(w->run)) sort_apart(w);
}

static size_t chunks_for(const pdm__run *run, size_t count) {
    if (run == NULL || run->threads <= 1 || count < 2 * PACE) return 1;
    return least((size_t)run->threads, CHUNKS_MAX);
}

static pdm_status check_count(size_t count, pdm_error *err) {
    if (count <= UINT32_MAX) return PDM_OK;
    return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "at most %lu records can be sorted, not %zu",
                     (unsigned long)UINT32_MAX, count);
}

/* Sorts `records` by key; stable. */
static pdm_status radix_sort(pdm__run *run, const passes *use, void *records, void *scratch, size_t count,
                             pdm_error *err) {
    PDM__TRY(check_count(count, err));
    if (count < WIDE_MIN) {
        if (count > 1) use->leaf(records, scratch, count, false);
        return PDM_OK;
    }
    uint32_t alone[WIDE_BUCKETS];
    size_t chunks = chunks_for(run, count);
    wide w;
    memset(&w, 0, sizeof w);
    w.run = run;
    w.use = use;
    w.from = records;
    w.to = scratch;
    w.count = count;
    w.chunks = chunks;
    w.places = alone;
    if (chunks > 1) PDM__TRY(pdm__new(run->context, chunks * WIDE_BUCKETS, sizeof *w.places, &w.places, err));
    wide_sort(&w);
    if (chunks > 1) pdm__drop(run->context, w.places, chunks * WIDE_BUCKETS, sizeof *w.places);
    return run == NULL ? PDM_OK : pdm__run_status(run, err);
}

pdm_status pdm__sort_pairs(pdm__run *run, pdm__sort_pair *pairs, pdm__sort_pair *scratch, size_t count,
                           pdm_error *err) {
    return radix_sort(run, &pair_passes, pairs, scratch, count, err);
}

pdm_status pdm__sort_i64(pdm__run *run, int64_t *values, int64_t *scratch, size_t count, pdm_error *err) {
    return radix_sort(run, &value_passes, values, scratch, count, err);
}

/* ---- texts ------------------------------------------------------------------------------------------------------ */

/* Order of two texts that agree in their first `offset` bytes. */
static int compare(const pdm__sort_text *a, const pdm__sort_text *b, uint32_t offset) {
    uint32_t common = (a->length < b->length ? a->length : b->length) - offset;
    int order = common == 0 ? 0 : memcmp(a->bytes + offset, b->bytes + offset, common);
    if (order != 0) return order;
    if (a->length != b->length) return a->length < b->length ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void insert_texts(pdm__sort_text *texts, size_t count, uint32_t offset) {
    for (size_t i = 1; i < count; i++) {
        pdm__sort_text one = texts[i];
        size_t place = i;
        for (; place > 0 && compare(&texts[place - 1], &one, offset) > 0; place--) texts[place] = texts[place - 1];
        texts[place] = one;
    }
}

/* By comparison: O(n log n) whatever the texts are. */
static void merge_sort(pdm__sort_text *texts, pdm__sort_text *scratch, size_t count, uint32_t offset) {
    if (count < SMALL / 2) {
        insert_texts(texts, count, offset);
        return;
    }
    size_t left_count = count / 2;
    merge_sort(texts, scratch, left_count, offset);
    merge_sort(texts + left_count, scratch, count - left_count, offset);
    if (compare(&texts[left_count - 1], &texts[left_count], offset) < 0) return;
    memcpy(scratch, texts, left_count * sizeof *texts);
    size_t left = 0;
    size_t right = left_count;
    for (size_t out = 0; left < left_count; out++) {
        bool take_left = right == count || compare(&scratch[left], &texts[right], offset) < 0;
        texts[out] = take_left ? scratch[left++] : texts[right++];
    }
}

/* How many bytes from `offset` on all texts share, at most `most`. */
static uint32_t shared_bytes(const pdm__sort_text *texts, size_t count, uint32_t offset, uint32_t most) {
    const uint8_t *first = texts[0].bytes;
    uint32_t shared = texts[0].length - offset < most ? texts[0].length - offset : most;
    for (size_t i = 1; i < count && shared > 0; i++) {
        uint32_t limit = texts[i].length - offset < shared ? texts[i].length - offset : shared;
        if (limit == shared && memcmp(first + offset, texts[i].bytes + offset, shared) == 0) continue;
        for (shared = 0; shared < limit && first[offset + shared] == texts[i].bytes[offset + shared];) shared++;
    }
    return shared;
}

/* The eight bytes from `offset` on as a number that sorts alike, zeros after the end. */
static void set_prefixes(pdm__sort_text *texts, size_t count, uint32_t offset) {
    for (size_t i = 0; i < count; i++) {
        uint32_t left = texts[i].length - offset;
        uint64_t prefix = 0;
        if (left > 0) memcpy(&prefix, texts[i].bytes + offset, left < 8 ? left : 8);
        texts[i].prefix = __builtin_bswap64(prefix);
    }
}

static void sort_run(pdm__run *run, pdm__sort_text *texts, pdm__sort_text *scratch, size_t count, uint32_t offset,
                     int level);

/* Sorts each run of equal prefixes, in texts sorted by prefix. */
static void sort_runs(pdm__run *run, pdm__sort_text *texts, pdm__sort_text *scratch, size_t count, uint32_t offset,
                      int level) {
    size_t begin = 0;
    while (begin < count) {
        size_t next = begin + 1;
        while (next < count && texts[next].prefix == texts[begin].prefix) next++;
        if (next - begin > 1) sort_run(run, texts + begin, scratch + begin, next - begin, offset, level);
        begin = next;
    }
}

/*
 * Texts that agree in their first `offset` bytes: sorts by the next eight bytes where they differ again, a few times over.
 * Texts that are alike for longer, and padding that cannot be told from zero bytes, are left to comparison.
 */
static void sort_run(pdm__run *run, pdm__sort_text *texts, pdm__sort_text *scratch, size_t count, uint32_t offset,
                     int level) {
    if (stopped(run)) return;
    if (count < SMALL || level == LEVELS_MAX) {
        merge_sort(texts, scratch, count, offset);
        return;
    }
    offset += shared_bytes(texts, count, offset, UINT32_MAX);
    set_prefixes(texts, count, offset);
    text_leaf((uint8_t *)texts, (uint8_t *)scratch, count, false);
    bool split = texts[0].prefix != texts[count - 1].prefix;
    sort_runs(run, texts, scratch, count, offset, split ? level + 1 : LEVELS_MAX);
}

typedef struct text_work {
    pdm__run *run;
    pdm__sort_text *texts;
    pdm__sort_text *scratch;
    size_t count;
    uint32_t offset;
    uint32_t shared[CHUNKS_MAX];
    size_t chunks;
    size_t run_start[CHUNKS_MAX + 1]; /* of the first run of each chunk */
} text_work;

static size_t text_chunk(const text_work *w, size_t chunk) { return w->count / w->chunks * chunk; }
static size_t text_chunk_end(const text_work *w, size_t chunk) {
    return chunk + 1 == w->chunks ? w->count : text_chunk(w, chunk + 1);
}

/* Every chunk is compared with the first text of all. */
static void shared_body(void *work, size_t chunk) {
    text_work *w = work;
    size_t start = text_chunk(w, chunk);
    uint32_t shared = w->texts[0].length;
    while (start < text_chunk_end(w, chunk) && shared > 0 && !stopped(w->run)) {
        size_t count = least(text_chunk_end(w, chunk) - start, PACE);
        pdm__sort_text pair[2] = {w->texts[0], w->texts[start]};
        shared = shared_bytes(pair, 2, 0, shared);
        shared = shared_bytes(w->texts + start, count, 0, shared);
        start += count;
    }
    w->shared[chunk] = shared;
}

static void prefix_body(void *work, size_t chunk) {
    text_work *w = work;
    for (size_t start = text_chunk(w, chunk); start < text_chunk_end(w, chunk) && !stopped(w->run);) {
        size_t count = least(text_chunk_end(w, chunk) - start, PACE);
        set_prefixes(w->texts + start, count, w->offset);
        start += count;
    }
}

static void runs_body(void *work, size_t chunk) {
    text_work *w = work;
    size_t begin = w->run_start[chunk];
    sort_runs(w->run, w->texts + begin, w->scratch + begin, w->run_start[chunk + 1] - begin, w->offset, 1);
}

/* Cuts between runs. Done before any of them is sorted, because that overwrites the prefixes. */
static void cut_runs(text_work *w) {
    for (size_t chunk = 0; chunk < w->chunks; chunk++) {
        size_t at = text_chunk(w, chunk);
        while (at > 0 && at < w->count && w->texts[at].prefix == w->texts[at - 1].prefix) at++;
        w->run_start[chunk] = at;
    }
    w->run_start[w->chunks] = w->count;
}

pdm_status pdm__sort_texts(pdm__run *run, pdm__sort_text *texts, pdm__sort_text *scratch, size_t count,
                           pdm_error *err) {
    PDM__TRY(check_count(count, err));
    if (count == 0) return PDM_OK;
    text_work w;
    memset(&w, 0, sizeof w);
    w.run = run;
    w.texts = texts;
    w.scratch = scratch;
    w.count = count;
    w.chunks = chunks_for(run, count);
    for_each(run, w.chunks, shared_body, &w);
    w.offset = texts[0].length;
    for (size_t i = 0; i < w.chunks; i++) w.offset = w.shared[i] < w.offset ? w.shared[i] : w.offset;
    if (stopped(run)) return pdm__run_status(run, err);
    for_each(run, w.chunks, prefix_body, &w);
    PDM__TRY(radix_sort(run, &text_passes, texts, scratch, count, err));
    cut_runs(&w);
    for_each(run, w.chunks, runs_body, &w);
    return run == NULL ? PDM_OK : pdm__run_status(run, err);
}
