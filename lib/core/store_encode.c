/*
 * What a store holds, as columns in canonical order: equal stores, equal bytes. See docs/format.cddl. Every column of a level is started,
 * then all are filled in one walk over the entries. How long a journal is in bits is known only once it is written: it is kept from
 * measuring to writing.
 */
#include "core/sort.h"
#include "core/state.h"
#include "core/store_internal.h"

#define MAX_FIELDS 1024 /* fields times repeats of a level */
#define FILL_ROWS ((size_t)1 << 14)

typedef struct level_writer {
    const pdm__store *store;
    int32_t level;
    const pdm__entry_ref *order; /* NULL when measuring, unless the level is shared */
    size_t count;
    uint8_t *scope; /* u32: canonical position of the unit; NULL where entries have none */
    uint8_t *keys;  /* i64, u64, or u32 lengths */
    uint8_t *text;
    uint8_t **fields;
    const uint32_t *const *unit_ranks; /* [partition][id], level 1 */
} level_writer;

static size_t text_bytes(const pdm__store *store, int32_t level) {
    size_t bytes = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *map = &store->partitions[p].levels[level];
        for (uint32_t id = 0; id < map->count; id++) bytes += pdm__keymap_key(map, id).length;
    }
    return bytes;
}

static size_t ordered_text_bytes(const level_writer *lw) {
    size_t bytes = 0;
    for (size_t i = 0; i < lw->count; i++) bytes += pdm__store_key(lw->store, lw->level, lw->order[i]).length;
    return bytes;
}

static void start_columns(level_writer *lw, pdm__cbor_writer *w) {
    const pdm__level *level = &lw->store->schema.levels[lw->level];
    int32_t field_count = level->field_count * level->repeat;
    bool text = pdm__key_is_bytes(level->key_kind);
    bool scoped = lw->level > 0 && !level->shared;
    pdm__cbor_array(w, (size_t)(2 + (text ? 1 : 0) + (scoped ? 1 : 0) + field_count));
    pdm__cbor_uint(w, (uint64_t)level->key_kind);
    if (scoped) lw->scope = pdm__cbor_typed_array(w, PDM__CBOR_U32, lw->count);
    if (text) {
        lw->keys = pdm__cbor_typed_array(w, PDM__CBOR_U32, lw->count);
        lw->text = pdm__cbor_bytes(w, level->shared ? ordered_text_bytes(lw) : text_bytes(lw->store, lw->level));
    } else {
        lw->keys =
            pdm__cbor_typed_array(w, level->key_kind == PDM__KEY_UINT ? PDM__CBOR_U64 : PDM__CBOR_I64, lw->count);
    }
    for (int32_t f = 0; f < field_count; f++) lw->fields[f] = pdm__cbor_typed_array(w, PDM__CBOR_I64, lw->count);
}

static void fill_rows(void *argument, size_t piece) {
    const level_writer *lw = argument;
    const pdm__level *level = &lw->store->schema.levels[lw->level];
    int32_t field_count = level->field_count * level->repeat;
    size_t first = piece * FILL_ROWS;
    size_t end = lw->count - first < FILL_ROWS ? lw->count : first + FILL_ROWS;
    for (size_t i = first; i < end; i++) {
        if (i + 8 < end) {
            pdm__entry_ref ahead = lw->order[i + 8];
            __builtin_prefetch(pdm__keymap_entry(&lw->store->partitions[ahead.partition].levels[lw->level], ahead.id));
        }
        pdm__entry_ref ref = lw->order[i];
        pdm__key key = pdm__store_key(lw->store, lw->level, ref);
        if (pdm__key_is_bytes(level->key_kind)) {
            memcpy(lw->keys + 4 * i, &key.length, 4);
        } else {
            memcpy(lw->keys + 8 * i, &key.word, 8);
        }
        if (lw->scope != NULL) memcpy(lw->scope + 4 * i, &lw->unit_ranks[ref.partition][key.scope], 4);
        const int64_t *words = pdm__store_words(lw->store, lw->level, ref);
        for (int32_t f = 0; f < field_count; f++) memcpy(lw->fields[f] + 8 * i, &words[f], 8);
    }
}

static void fill_text(const level_writer *lw) {
    uint8_t *to = lw->text;
    for (size_t i = 0; i < lw->count; i++) {
        pdm__key key = pdm__store_key(lw->store, lw->level, lw->order[i]);
        if (key.length > 0) memcpy(to, key.bytes, key.length);
        to += key.length;
    }
}

typedef struct encoder {
    const pdm__store *store;
    pdm__run *run;
    pdm__cbor_writer *w;
    pdm__images *images;
    pdm__entry_ref *order[PDM__MAX_LEVELS];
    size_t entries[PDM__MAX_LEVELS];                           /* in all partitions */
    size_t counts[PDM__MAX_LEVELS];                            /* that are written */
    uint32_t *ranks[PDM__MAX_LEVELS];                          /* all ids, partition after partition */
    const uint32_t *rank_of[PDM__MAX_LEVELS][PDM__PARTITIONS]; /* into ranks */
} encoder;

/* Whether an entry of a shared level has the key of the one before it, which lies in another partition then. */
static bool same_key(const encoder *e, int32_t level, size_t i) {
    pdm__key a = pdm__store_key(e->store, level, e->order[level][i - 1]);
    pdm__key b = pdm__store_key(e->store, level, e->order[level][i]);
    if (!pdm__key_is_bytes(e->store->schema.levels[level].key_kind)) return a.word == b.word;
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static pdm_status order_level(encoder *e, int32_t level, pdm_error *err) {
    pdm_context *context = e->store->context;
    bool shared = e->store->schema.levels[level].shared;
    PDM__TRY(pdm__new(context, e->entries[level], sizeof **e->order, &e->order[level], err));
    PDM__TRY(pdm__new(context, e->entries[level], sizeof **e->ranks, &e->ranks[level], err));
    PDM__TRY(pdm__store_order(e->store, e->run, level, e->order[level], err));
    uint32_t *at = e->ranks[level];
    uint32_t *starts[PDM__PARTITIONS];
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        starts[p] = at;
        e->rank_of[level][p] = at;
        at += e->store->partitions[p].levels[level].count;
    }
    size_t count = 0;
    for (size_t i = 0; i < e->entries[level]; i++) {
        pdm__entry_ref ref = e->order[level][i];
        if (!shared || i == 0 || !same_key(e, level, i)) e->order[level][count++] = ref;
        starts[ref.partition][ref.id] = (uint32_t)(count - 1);
    }
    e->counts[level] = count;
    return PDM_OK;
}

static pdm_status encode_level(encoder *e, int32_t level, pdm_error *err) {
    const pdm__level *info = &e->store->schema.levels[level];
    uint8_t *fields[MAX_FIELDS];
    if ((int64_t)info->field_count * info->repeat > MAX_FIELDS) {
        return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "more than %d columns in a state", MAX_FIELDS);
    }
    level_writer lw = {.store = e->store, .level = level, .count = e->counts[level], .fields = fields};
    lw.order = e->order[level];
    lw.unit_ranks = e->rank_of[0];
    start_columns(&lw, e->w);
    if (e->w->buffer == NULL || e->w->overflow) return PDM_OK;
    pdm__run_parallel(e->run, (lw.count + FILL_ROWS - 1) / FILL_ROWS, fill_rows, &lw);
    if (pdm__key_is_bytes(info->key_kind)) fill_text(&lw);
    return PDM_OK;
}

typedef struct journal_writer {
    const encoder *e;
    int32_t journal;
    size_t count;
    pdm__sort_pair *pairs;
    pdm__sort_pair *scratch;
} journal_writer;

static const int64_t *tuple_at(const journal_writer *jw, uint64_t index) {
    size_t tuple = (size_t)(1 + jw->e->store->schema.journals[jw->journal].word_count);
    return jw->e->store->partitions[index >> 32].journals[jw->journal].words + (size_t)(uint32_t)index * tuple;
}

/* What tuples are sorted by, the least first: what they refer to, their words from the last one on, their entries. */
static uint64_t tuple_key(const journal_writer *jw, uint64_t index, int32_t word) {
    const pdm__journal_info *info = &jw->e->store->schema.journals[jw->journal];
    const int64_t *tuple = tuple_at(jw, index);
    if (word > info->word_count) return jw->e->rank_of[1][index >> 32][pdm__tuple_part(tuple[0])];
    return word > 0 ? pdm__sort_key_i64(tuple[word])
                    : jw->e->rank_of[info->level][index >> 32][pdm__tuple_id(tuple[0])];
}

/* The sorts are stable. */
static pdm_status order_tuples(journal_writer *jw, pdm_error *err) {
    const pdm__store *store = jw->e->store;
    const pdm__journal_info *info = &store->schema.journals[jw->journal];
    size_t at = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        for (size_t i = 0; i < store->partitions[p].journals[jw->journal].count; i++)
            jw->pairs[at++].index = (uint64_t)p << 32 | i;
    }
    for (int32_t word = info->word_count + (info->refers ? 1 : 0); word >= 0; word--) {
        for (size_t i = 0; i < jw->count; i++) jw->pairs[i].key = tuple_key(jw, jw->pairs[i].index, word);
        PDM__TRY(pdm__sort_pairs(jw->e->run, jw->pairs, jw->scratch, jw->count, err));
    }
    return PDM_OK;
}

/* Work memory for the columns of a journal. */
typedef struct tuple_columns {
    uint32_t *entries; /* or what is referred to */
    uint8_t *begins;
    int64_t *words;
} tuple_columns;

static pdm_status put_columns(journal_writer *jw, const tuple_columns *c, pdm_error *err) {
    const pdm__journal_info *info = &jw->e->store->schema.journals[jw->journal];
    pdm__images *images = jw->e->images;
    size_t *ends = images->ends[jw->journal];
    for (size_t i = 0; i < jw->count; i++) {
        c->entries[i] = (uint32_t)jw->pairs[i].key;
        c->begins[i] = i == 0 || c->entries[i] != c->entries[i - 1];
    }
    if (jw->count > 0) PDM__TRY(pdm__put_entries(&images->bits, c->entries, jw->count, err));
    *ends++ = images->bits.size;
    for (int32_t word = info->refers ? 0 : 1; word <= info->word_count; word++) {
        pdm__word_column column = {.words = c->words, .begins = c->begins, .count = jw->count, .first = word == 1};
        for (size_t i = 0; i < jw->count; i++) {
            const int64_t *tuple = tuple_at(jw, jw->pairs[i].index);
            c->words[i] =
                word > 0 ? tuple[word] : jw->e->rank_of[1][jw->pairs[i].index >> 32][pdm__tuple_part(tuple[0])];
        }
        if (jw->count > 0) PDM__TRY(pdm__put_words(&images->bits, &column, err));
        *ends++ = images->bits.size;
    }
    return PDM_OK;
}

static size_t tuple_count(const pdm__store *store, int32_t journal) {
    size_t count = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) count += store->partitions[p].journals[journal].count;
    return count;
}

static pdm_status make_image(const encoder *e, int32_t journal, pdm_error *err) {
    pdm_context *context = e->store->context;
    journal_writer jw = {.e = e, .journal = journal, .count = tuple_count(e->store, journal)};
    tuple_columns c = {NULL, NULL, NULL};
    pdm_status status = pdm__new(context, jw.count, sizeof *jw.pairs, &jw.pairs, err);
    if (status == PDM_OK) status = pdm__new(context, jw.count, sizeof *jw.scratch, &jw.scratch, err);
    if (status == PDM_OK) status = order_tuples(&jw, err);
    pdm__drop(context, jw.scratch, jw.count, sizeof *jw.scratch);
    if (status == PDM_OK) status = pdm__new(context, jw.count, sizeof *c.entries, &c.entries, err);
    if (status == PDM_OK) status = pdm__new(context, jw.count, sizeof *c.begins, &c.begins, err);
    if (status == PDM_OK) status = pdm__new(context, jw.count, sizeof *c.words, &c.words, err);
    if (status == PDM_OK) status = put_columns(&jw, &c, err);
    pdm__drop(context, c.words, jw.count, sizeof *c.words);
    pdm__drop(context, c.begins, jw.count, sizeof *c.begins);
    pdm__drop(context, c.entries, jw.count, sizeof *c.entries);
    pdm__drop(context, jw.pairs, jw.count, sizeof *jw.pairs);
    return status;
}

void pdm__images_clear(pdm__images *images) {
    if (images->bits.context != NULL) pdm__bits_clear(&images->bits);
    images->ready = false;
}

static pdm_status make_images(encoder *e, pdm_error *err) {
    const pdm__schema *schema = &e->store->schema;
    pdm__images_clear(e->images);
    e->images->bits.context = e->store->context;
    for (int32_t j = 0; j < schema->journal_count; j++) PDM__TRY(make_image(e, j, err));
    e->images->ready = true;
    return PDM_OK;
}

/* Of a journal as it is written. */
static int32_t columns_of(const pdm__store *store, int32_t journal) {
    const pdm__journal_info *info = &store->schema.journals[journal];
    return 1 + (info->refers ? 1 : 0) + info->word_count;
}

static void encode_journal(const encoder *e, int32_t journal) {
    const pdm__images *images = e->images;
    int32_t columns = columns_of(e->store, journal);
    size_t from = journal == 0 ? 0 : images->ends[journal - 1][columns_of(e->store, journal - 1) - 1];
    pdm__cbor_array(e->w, 1 + (size_t)columns);
    pdm__cbor_uint(e->w, tuple_count(e->store, journal));
    for (int32_t c = 0; c < columns; c++) {
        size_t size = images->ends[journal][c] - from;
        uint8_t *to = pdm__cbor_bytes(e->w, size);
        if (to != NULL && size > 0) memcpy(to, images->bits.bytes + from, size);
        from = images->ends[journal][c];
    }
}

static pdm_status encode(encoder *e, pdm_error *err) {
    const pdm__schema *schema = &e->store->schema;
    for (int32_t l = 0; l < schema->level_count; l++) {
        e->entries[l] = pdm__store_count(e->store, l);
        e->counts[l] = e->entries[l];
        bool shared = schema->levels[l].shared;
        if (e->w->buffer != NULL || shared || !e->images->ready) PDM__TRY(order_level(e, l, err));
    }
    if (!e->images->ready) PDM__TRY(make_images(e, err));
    pdm__cbor_array(e->w, (size_t)(schema->level_count + schema->journal_count + 1));
    for (int32_t l = 0; l < schema->level_count; l++) PDM__TRY(encode_level(e, l, err));
    for (int32_t j = 0; j < schema->journal_count; j++) encode_journal(e, j);
    pdm__cbor_array(e->w, (size_t)schema->counter_count);
    for (int32_t c = 0; c < schema->counter_count; c++) pdm__cbor_int(e->w, pdm__store_counter(e->store, c));
    return PDM_OK;
}

pdm_status pdm__store_encode(const pdm__store *store, pdm__run *run, pdm__images *images, pdm__cbor_writer *w,
                             pdm_error *err) {
    encoder e = {.store = store, .run = run, .w = w, .images = images};
    if (store->schema.journal_count == 0) images->ready = true;
    pdm_status status = encode(&e, err);
    for (int32_t l = 0; l < store->schema.level_count; l++) {
        pdm__drop(store->context, e.order[l], e.entries[l], sizeof **e.order);
        pdm__drop(store->context, e.ranks[l], e.entries[l], sizeof **e.ranks);
    }
    return status;
}
