/*
 * A store from bytes that nobody vouches for: every count is checked against the bytes before memory is taken, keys must rise, sums must
 * be possible.
 */
#include "core/convert.h"
#include "core/state.h"
#include "core/store_internal.h"

#define MAX_FIELDS 1024

/* The columns of one level, in the input. */
typedef struct level_columns {
    const uint8_t *scope;
    const uint8_t *keys;
    const uint8_t *text;
    size_t text_size;
    const uint8_t *fields[MAX_FIELDS];
    int32_t field_count;
    uint64_t *text_at; /* [count] start of each text */
} level_columns;

typedef struct decoder {
    pdm__store *store;
    pdm__run *run;
    pdm__cbor_reader *r;
    int64_t rows;
    uint64_t money;
    pdm__entry_ref *refs[PDM__MAX_LEVELS]; /* entry at each canonical position; of a shared level the one made last */
    size_t counts[PDM__MAX_LEVELS];
    level_columns shared; /* such a level: its entries are made where tuples refer to them */
} decoder;

static bool is_scoped(const decoder *d, int32_t level) { return level > 0 && !d->store->schema.levels[level].shared; }

static pdm_status corrupt(pdm_error *err, const char *what) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "these bytes are no valid state: %s", what);
}

static uint32_t u32_at(const uint8_t *column, size_t i) {
    uint32_t value = 0;
    memcpy(&value, column + 4 * i, sizeof value);
    return value;
}

static uint64_t u64_at(const uint8_t *column, size_t i) {
    uint64_t value = 0;
    memcpy(&value, column + 8 * i, sizeof value);
    return value;
}

static pdm_status same_count(size_t expected, size_t count, pdm_error *err) {
    return expected == count ? PDM_OK : corrupt(err, "columns of different length");
}

static pdm_status read_keys(decoder *d, int32_t level, level_columns *c, pdm_error *err) {
    const pdm__level *info = &d->store->schema.levels[level];
    size_t count = 0;
    if (is_scoped(d, level))
        PDM__TRY(pdm__cbor_read_typed_array(d->r, PDM__CBOR_U32, &c->scope, &d->counts[level], err));
    if (pdm__key_is_bytes(info->key_kind)) {
        PDM__TRY(pdm__cbor_read_typed_array(d->r, PDM__CBOR_U32, &c->keys, &count, err));
        PDM__TRY(pdm__cbor_read_bytes(d->r, &c->text, &c->text_size, err));
    } else {
        pdm__cbor_typed type = info->key_kind == PDM__KEY_UINT ? PDM__CBOR_U64 : PDM__CBOR_I64;
        PDM__TRY(pdm__cbor_read_typed_array(d->r, type, &c->keys, &count, err));
    }
    if (is_scoped(d, level)) PDM__TRY(same_count(d->counts[level], count, err));
    d->counts[level] = count;
    if (info->key_kind == PDM__KEY_NONE && count > 0) return corrupt(err, "keys of no kind");
    return PDM_OK;
}

static pdm_status read_columns(decoder *d, int32_t level, level_columns *c, pdm_error *err) {
    const pdm__level *info = &d->store->schema.levels[level];
    size_t items = 0;
    uint64_t kind = 0;
    c->field_count = info->field_count * info->repeat;
    if ((int64_t)info->field_count * info->repeat > MAX_FIELDS) return corrupt(err, "too many columns");
    PDM__TRY(pdm__cbor_read_array(d->r, &items, err));
    PDM__TRY(pdm__cbor_read_uint(d->r, &kind, err));
    if (kind > PDM__KEY_BYTES) return corrupt(err, "unknown kind of keys");
    if (info->key_kind != (int32_t)kind && !pdm__store_set_key_kind(d->store, level, (int32_t)kind)) {
        return corrupt(err, "keys of the wrong kind");
    }
    size_t expected =
        (size_t)(2 + (pdm__key_is_bytes((int32_t)kind) ? 1 : 0) + (is_scoped(d, level) ? 1 : 0) + c->field_count);
    if (items != expected) return corrupt(err, "a level with the wrong number of columns");
    PDM__TRY(read_keys(d, level, c, err));
    for (int32_t f = 0; f < c->field_count; f++) {
        size_t count = 0;
        PDM__TRY(pdm__cbor_read_typed_array(d->r, PDM__CBOR_I64, &c->fields[f], &count, err));
        PDM__TRY(same_count(d->counts[level], count, err));
    }
    return PDM_OK;
}

/* Where each text begins; all of the bytes must be used. */
static pdm_status place_texts(decoder *d, int32_t level, level_columns *c, pdm_error *err) {
    size_t count = d->counts[level];
    PDM__TRY(pdm__new(d->store->context, count, sizeof *c->text_at, &c->text_at, err));
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        c->text_at[i] = at;
        at += u32_at(c->keys, i);
        if (at > c->text_size) return corrupt(err, "texts run out of their bytes");
        if (d->store->schema.levels[level].key_kind == PDM__KEY_TEXT &&
            !pdm__is_utf8(c->text + c->text_at[i], u32_at(c->keys, i)))
            return corrupt(err, "a text that is not UTF-8");
    }
    return at == c->text_size ? PDM_OK : corrupt(err, "bytes that belong to no text");
}

static pdm__key key_at(const pdm__store *store, int32_t level, const level_columns *c, size_t i) {
    pdm__key key = {0};
    if (pdm__key_is_bytes(store->schema.levels[level].key_kind)) {
        key.bytes = c->text + c->text_at[i];
        key.length = u32_at(c->keys, i);
    } else {
        key.word = u64_at(c->keys, i);
    }
    return key;
}

static bool key_rises(int32_t kind, const pdm__key *a, const pdm__key *b) {
    if (kind == PDM__KEY_INT) return (int64_t)a->word < (int64_t)b->word;
    if (kind == PDM__KEY_UINT) return a->word < b->word;
    uint32_t shorter = a->length < b->length ? a->length : b->length;
    int order = shorter == 0 ? 0 : memcmp(a->bytes, b->bytes, shorter);
    return order != 0 ? order < 0 : a->length < b->length;
}

static pdm_status check_order(const decoder *d, int32_t level, const level_columns *c, pdm_error *err) {
    int32_t kind = d->store->schema.levels[level].key_kind;
    bool scoped = is_scoped(d, level);
    for (size_t i = 0; i < d->counts[level]; i++) {
        if (scoped && u32_at(c->scope, i) >= d->counts[0]) return corrupt(err, "a part of no unit");
        if (i == 0) continue;
        bool same_scope = !scoped || u32_at(c->scope, i) == u32_at(c->scope, i - 1);
        if (!same_scope && u32_at(c->scope, i) < u32_at(c->scope, i - 1)) return corrupt(err, "units out of order");
        pdm__key a = key_at(d->store, level, c, i - 1);
        pdm__key b = key_at(d->store, level, c, i);
        if (same_scope && !key_rises(kind, &a, &b)) return corrupt(err, "keys out of order or twice");
    }
    return PDM_OK;
}

/* Sums of counts and of amounts that the rows of this state could have. */
static pdm_status check_sums(const decoder *d, const pdm__field *field, const uint8_t *column, size_t count,
                             pdm_error *err) {
    uint64_t bound = field->merge == PDM__SUM_MONEY ? d->money : (uint64_t)d->rows;
    uint64_t sum = 0;
    bool alone = field->merge == PDM__SUM_LIMB || d->store->schema.views; /* a row has limbs in several entries */
    if (field->merge == PDM__SUM_LIMB) {
        if (bound > PDM__LIMB_ROWS) return corrupt(err, "more rows than its sums hold");
        bound <<= 32;
    } else if (field->merge == PDM__SUM_DIGIT) {
        bound = d->store->schema.addends << 20;
    } else if (field->merge != PDM__SUM_COUNT && field->merge != PDM__SUM_MONEY) {
        return PDM_OK;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t value = u64_at(column, i);
        if ((int64_t)value < 0) {
            if (field->merge == PDM__SUM_COUNT) return corrupt(err, "a negative count");
            value = -value;
        }
        if (value > bound || sum > bound - value) return corrupt(err, "a sum larger than its rows allow");
        sum += alone ? 0 : value;
    }
    return PDM_OK;
}

typedef struct insert_work {
    decoder *d;
    int32_t level;
    const level_columns *c;
    const uint32_t *rows; /* canonical positions, partition after partition */
    size_t starts[PDM__PARTITIONS + 1];
    pdm_status status[PDM__PARTITIONS];
} insert_work;

static void insert_partition(void *argument, size_t p) {
    insert_work *work = argument;
    decoder *d = work->d;
    pdm__keymap *map = &d->store->partitions[p].levels[work->level];
    size_t first = work->starts[p];
    size_t count = work->starts[p + 1] - first;
    size_t bytes = 0;
    for (size_t i = 0; map->is_text && i < count; i++) bytes += u32_at(work->c->keys, work->rows[first + i]);
    work->status[p] = count == 0 ? PDM_OK : pdm__keymap_reserve(map, count, bytes, NULL);
    for (size_t i = 0; work->status[p] == PDM_OK && i < count; i++) {
        uint32_t row = work->rows[first + i];
        pdm__key key = key_at(d->store, work->level, work->c, row);
        if (work->level > 0) key.scope = d->refs[0][u32_at(work->c->scope, row)].id;
        pdm__key_hash(&key, map->is_text, map->seed);
        bool added = false;
        uint32_t id = pdm__keymap_add(map, &key, &added);
        int64_t *words = pdm__keymap_words(map, id);
        for (int32_t f = 0; f < work->c->field_count; f++) words[f] = (int64_t)u64_at(work->c->fields[f], row);
        d->refs[work->level][row] = (pdm__entry_ref){(uint32_t)p, id};
    }
}

static size_t partition_at(const decoder *d, int32_t level, const level_columns *c, size_t i) {
    if (level > 0) return d->refs[0][u32_at(c->scope, i)].partition;
    pdm__key key = key_at(d->store, level, c, i);
    pdm__key_hash(&key, pdm__key_is_bytes(d->store->schema.levels[0].key_kind), d->store->schema.seed);
    return pdm__partition_of(key.hash);
}

/* Rows sorted by partition (a counting sort), then all partitions at once. */
static pdm_status insert_rows(insert_work *work, uint32_t *rows, uint8_t *partition_of, pdm_error *err) {
    decoder *d = work->d;
    size_t count = d->counts[work->level];
    size_t next[PDM__PARTITIONS + 1] = {0};
    for (size_t i = 0; i < count; i++) {
        partition_of[i] = (uint8_t)partition_at(d, work->level, work->c, i);
        next[partition_of[i] + 1]++;
    }
    for (size_t p = 0; p < PDM__PARTITIONS; p++) next[p + 1] += next[p];
    memcpy(work->starts, next, sizeof next);
    for (size_t i = 0; i < count; i++) rows[next[partition_of[i]]++] = (uint32_t)i;
    work->rows = rows;
    pdm__run_parallel(d->run, PDM__PARTITIONS, insert_partition, work);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (work->status[p] != PDM_OK)
            return pdm__fail(err, work->status[p], -1, NULL, "out of memory while restoring a state");
    }
    return PDM_OK;
}

static pdm_status insert_level(decoder *d, int32_t level, const level_columns *c, pdm_error *err) {
    pdm_context *context = d->store->context;
    size_t count = d->counts[level];
    insert_work work = {.d = d, .level = level, .c = c};
    uint32_t *rows = NULL;
    uint8_t *partition_of = NULL;
    pdm_status status = pdm__new(context, count, sizeof **d->refs, &d->refs[level], err);
    if (status == PDM_OK) status = pdm__new(context, count, sizeof *rows, &rows, err);
    if (status == PDM_OK) status = pdm__new(context, count, sizeof *partition_of, &partition_of, err);
    if (status == PDM_OK) status = insert_rows(&work, rows, partition_of, err);
    pdm__drop(context, rows, count, sizeof *rows);
    pdm__drop(context, partition_of, count, sizeof *partition_of);
    return status;
}

/* No partition has an entry of a shared level yet. */
static pdm_status await_references(decoder *d, int32_t level, pdm_error *err) {
    PDM__TRY(pdm__new(d->store->context, d->counts[level], sizeof **d->refs, &d->refs[level], err));
    for (size_t i = 0; i < d->counts[level]; i++) d->refs[level][i] = (pdm__entry_ref){0, PDM__NO_ID};
    return PDM_OK;
}

static pdm_status decode_level(decoder *d, int32_t level, pdm_error *err) {
    const pdm__level *info = &d->store->schema.levels[level];
    level_columns c;
    memset(&c, 0, sizeof c);
    PDM__TRY(read_columns(d, level, &c, err));
    pdm_status status = PDM_OK;
    if (d->counts[level] > UINT32_MAX) status = corrupt(err, "more entries than a state can hold");
    if (status == PDM_OK && pdm__key_is_bytes(info->key_kind)) status = place_texts(d, level, &c, err);
    if (status == PDM_OK) status = check_order(d, level, &c, err);
    for (int32_t f = 0; status == PDM_OK && f < c.field_count; f++) {
        status = check_sums(d, &info->fields[f % info->field_count], c.fields[f], d->counts[level], err);
    }
    if (status == PDM_OK && info->shared) {
        d->shared = c; /* and its memory */
        return await_references(d, level, err);
    }
    if (status == PDM_OK) status = insert_level(d, level, &c, err);
    pdm__drop(d->store->context, c.text_at, d->counts[level], sizeof *c.text_at);
    return status;
}

/* The columns of a journal, in the input. */
typedef struct journal_columns {
    int32_t journal;
    size_t count;
    int32_t words;
    const uint8_t *entries;
    const uint8_t *parts; /* NULL: they refer to nothing */
    const uint8_t *columns[PDM__MAX_RECORD_WORDS];
    uint64_t *memory; /* of columns that were bits */
    size_t memory_words;
} journal_columns;

/* Whether tuple i may stand after the one before it; equal ones may. */
static bool tuple_in_order(const journal_columns *c, size_t i) {
    if (i == 0) return true;
    if (u32_at(c->entries, i - 1) != u32_at(c->entries, i)) return u32_at(c->entries, i - 1) < u32_at(c->entries, i);
    for (int32_t w = 0; w < c->words; w++) {
        int64_t before = (int64_t)u64_at(c->columns[w], i - 1);
        int64_t mine = (int64_t)u64_at(c->columns[w], i);
        if (before != mine) return before < mine;
    }
    return c->parts == NULL || u32_at(c->parts, i - 1) <= u32_at(c->parts, i);
}

/* A column that is written as bits. */
typedef struct packed_column {
    const uint8_t *bytes;
    size_t size;
} packed_column;

static bool unpack_entries(const packed_column *from, uint64_t limit, size_t count, uint32_t *entries,
                           uint8_t *begins) {
    pdm__entry_reader r;
    pdm__entries_begin(&r, from->bytes, from->size);
    for (size_t i = 0; i < count; i++) {
        bool first = false;
        if (!pdm__next_entry(&r, limit, &entries[i], &first)) return false;
        begins[i] = first;
    }
    return r.left == 0 && pdm__bits_at_end(&r.bits);
}

static bool unpack_words(const packed_column *from, bool first, size_t count, const uint8_t *begins, uint64_t *words) {
    pdm__word_reader r;
    if (!pdm__words_begin(&r, from->bytes, from->size, first)) return false;
    for (size_t i = 0; i < count; i++) {
        int64_t word = 0;
        if (!pdm__next_word(&r, begins[i] != 0, &word)) return false;
        words[i] = (uint64_t)word;
    }
    pdm__word_column column = {
        .words = (const int64_t *)(const void *)words, .begins = begins, .count = count, .first = first};
    return pdm__bits_at_end(&r.bits) && pdm__words_are_canonical(&r, &column);
}

static bool unpack_parts(const packed_column *from, size_t count, const uint8_t *begins, uint64_t *words,
                         uint32_t *parts) {
    if (!unpack_words(from, false, count, begins, words)) return false;
    for (size_t i = 0; i < count; i++) {
        if (words[i] > UINT32_MAX) return false;
        parts[i] = (uint32_t)words[i];
    }
    return true;
}

/* Columns as whole words, in one block: [words][count], then entries, what they refer to, and where entries begin. */
static pdm_status unpack_columns(decoder *d, journal_columns *c, const packed_column *from, pdm_error *err) {
    const pdm__journal_info *info = &d->store->schema.journals[c->journal];
    int32_t at = info->refers ? 2 : 1;                                              /* of the first word */
    if (c->count > 8 * from[at].size) return corrupt(err, "more tuples than bits"); /* see core/word_column.h */
    size_t tuple = (size_t)c->words + 1 + (info->refers ? 1 : 0);
    if (!pdm__mul_size(c->count, tuple, &c->memory_words)) return corrupt(err, "more tuples than a state can hold");
    PDM__TRY(pdm__new(d->store->context, c->memory_words, sizeof *c->memory, &c->memory, err));
    uint32_t *entries = (uint32_t *)(void *)(c->memory + (size_t)c->words * c->count);
    uint32_t *parts = entries + c->count; /* where there are parts, begins stand behind them */
    uint8_t *begins = (uint8_t *)(info->refers ? parts + c->count : parts);
    bool good = unpack_entries(&from[0], d->counts[info->level], c->count, entries, begins);
    if (good && info->refers) good = unpack_parts(&from[1], c->count, begins, c->memory, parts);
    for (int32_t w = 0; w < c->words && good; w++) {
        uint64_t *words = c->memory + (size_t)w * c->count;
        good = unpack_words(&from[at + w], w == 0, c->count, begins, words);
        c->columns[w] = (const uint8_t *)words;
    }
    c->entries = (const uint8_t *)entries;
    c->parts = info->refers ? (const uint8_t *)parts : NULL;
    return good ? PDM_OK : corrupt(err, "a journal that is no columns of tuples");
}

static pdm_status read_packed(decoder *d, journal_columns *c, size_t items, pdm_error *err) {
    packed_column from[2 + PDM__MAX_RECORD_WORDS];
    size_t bytes = 0;
    uint64_t count = 0;
    PDM__TRY(pdm__cbor_read_uint(d->r, &count, err));
    for (size_t i = 0; i + 1 < items; i++) {
        PDM__TRY(pdm__cbor_read_bytes(d->r, &from[i].bytes, &from[i].size, err));
        bytes += from[i].size;
    }
    if (count > UINT32_MAX) return corrupt(err, "more tuples than a state can hold");
    c->count = (size_t)count;
    if (c->count > 0) return unpack_columns(d, c, from, err);
    return bytes == 0 ? PDM_OK : corrupt(err, "columns of no tuples");
}

/* As format 1 has them. */
static pdm_status read_arrays(decoder *d, journal_columns *c, pdm_error *err) {
    const pdm__journal_info *info = &d->store->schema.journals[c->journal];
    size_t other = 0;
    PDM__TRY(pdm__cbor_read_typed_array(d->r, PDM__CBOR_U32, &c->entries, &c->count, err));
    if (info->refers) {
        PDM__TRY(pdm__cbor_read_typed_array(d->r, PDM__CBOR_U32, &c->parts, &other, err));
        PDM__TRY(same_count(c->count, other, err));
    }
    for (int32_t w = 0; w < c->words; w++) {
        PDM__TRY(pdm__cbor_read_typed_array(d->r, PDM__CBOR_I64, &c->columns[w], &other, err));
        PDM__TRY(same_count(c->count, other, err));
    }
    return PDM_OK;
}

static pdm_status read_journal(decoder *d, journal_columns *c, pdm_error *err) {
    const pdm__journal_info *info = &d->store->schema.journals[c->journal];
    bool packed = d->r->format >= PDM__FORMAT_PACKED;
    size_t items = 0;
    c->words = info->word_count;
    PDM__TRY(pdm__cbor_read_array(d->r, &items, err));
    if (items != (size_t)(1 + (packed ? 1 : 0) + (info->refers ? 1 : 0) + info->word_count))
        return corrupt(err, "a journal with the wrong number of columns");
    PDM__TRY(packed ? read_packed(d, c, items, err) : read_arrays(d, c, err));
    for (int32_t w = 0; w < c->words; w++) PDM__TRY(check_sums(d, &info->words[w], c->columns[w], c->count, err));
    for (size_t i = 0; i < c->count; i++) {
        if (u32_at(c->entries, i) >= d->counts[info->level]) return corrupt(err, "a journal tuple of no entry");
        if (c->parts != NULL && u32_at(c->parts, i) >= d->counts[1])
            return corrupt(err, "a tuple that refers to nothing");
        if (!tuple_in_order(c, i)) return corrupt(err, "a journal out of order");
    }
    return PDM_OK;
}

/* The id in partition p of an entry of the shared level; made for the first tuple there that refers to it. */
static pdm_status refer(decoder *d, size_t p, uint32_t position, uint32_t *id, pdm_error *err) {
    pdm__entry_ref *last = &d->refs[1][position];
    if (last->partition != p || last->id == PDM__NO_ID) {
        pdm__keymap *map = &d->store->partitions[p].levels[1];
        pdm__key key = key_at(d->store, 1, &d->shared, position);
        pdm__key_hash(&key, map->is_text, map->seed);
        PDM__TRY(pdm__level_resolve(&d->store->schema.levels[1], map, &key, 1, &last->id, err));
        last->partition = (uint32_t)p;
    }
    *id = last->id;
    return PDM_OK;
}

static pdm_status insert_tuple(decoder *d, const journal_columns *c, size_t p, size_t row, pdm_error *err) {
    pdm__journal *to = &d->store->partitions[p].journals[c->journal];
    int64_t *tuple = to->words + to->count * (size_t)(1 + c->words);
    uint32_t id = d->refs[d->store->schema.journals[c->journal].level][u32_at(c->entries, row)].id;
    uint32_t part = 0;
    if (c->parts != NULL) PDM__TRY(refer(d, p, u32_at(c->parts, row), &part, err));
    tuple[0] = pdm__tuple_head(id, part);
    for (int32_t w = 0; w < c->words; w++) tuple[1 + w] = (int64_t)u64_at(c->columns[w], row);
    to->count++;
    return PDM_OK;
}

/* Tuples partition by partition (a counting sort). rows: [count]. */
static pdm_status insert_tuples(decoder *d, const journal_columns *c, uint32_t *rows, pdm_error *err) {
    const pdm__journal_info *info = &d->store->schema.journals[c->journal];
    const pdm__entry_ref *refs = d->refs[info->level];
    size_t next[PDM__PARTITIONS + 1] = {0};
    for (size_t i = 0; i < c->count; i++) next[refs[u32_at(c->entries, i)].partition + 1]++;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        pdm__journal *to = &d->store->partitions[p].journals[c->journal];
        PDM__TRY(pdm__journal_reserve(d->store->context, info, to, next[p + 1], err));
        next[p + 1] += next[p];
    }
    for (size_t i = 0; i < c->count; i++) rows[next[refs[u32_at(c->entries, i)].partition]++] = (uint32_t)i;
    size_t at = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        for (; at < next[p]; at++) PDM__TRY(insert_tuple(d, c, p, rows[at], err));
    }
    return PDM_OK;
}

static pdm_status decode_journal(decoder *d, int32_t journal, pdm_error *err) {
    journal_columns c = {.journal = journal};
    uint32_t *rows = NULL;
    pdm_status status = read_journal(d, &c, err);
    if (status == PDM_OK && c.count > UINT32_MAX) status = corrupt(err, "more tuples than a state can hold");
    if (status == PDM_OK) status = pdm__new(d->store->context, c.count, sizeof *rows, &rows, err);
    if (status == PDM_OK) status = insert_tuples(d, &c, rows, err);
    pdm__drop(d->store->context, rows, c.count, sizeof *rows);
    pdm__drop(d->store->context, c.memory, c.memory_words, sizeof *c.memory);
    return status;
}

/* Equal states are equal bytes: a shared level has what is referred to, and nothing else. */
static pdm_status check_references(const decoder *d, pdm_error *err) {
    const pdm__schema *schema = &d->store->schema;
    if (schema->level_count < 2 || !schema->levels[1].shared) return PDM_OK;
    for (size_t i = 0; i < d->counts[1]; i++) {
        if (d->refs[1][i].id == PDM__NO_ID) return corrupt(err, "a key that nothing refers to");
    }
    return PDM_OK;
}

static pdm_status decode(decoder *d, pdm_error *err) {
    const pdm__schema *schema = &d->store->schema;
    size_t items = 0;
    PDM__TRY(pdm__cbor_read_array(d->r, &items, err));
    if (items != (size_t)(schema->level_count + schema->journal_count + 1))
        return corrupt(err, "the wrong number of parts");
    for (int32_t l = 0; l < schema->level_count; l++) PDM__TRY(decode_level(d, l, err));
    for (int32_t j = 0; j < schema->journal_count; j++) PDM__TRY(decode_journal(d, j, err));
    PDM__TRY(check_references(d, err));
    PDM__TRY(pdm__cbor_read_array(d->r, &items, err));
    if (items != (size_t)schema->counter_count) return corrupt(err, "the wrong number of counters");
    for (int32_t c = 0; c < schema->counter_count; c++) {
        int64_t value = 0;
        PDM__TRY(pdm__cbor_read_int(d->r, &value, err));
        if (value < 0 || value > d->rows) return corrupt(err, "a counter that its rows do not allow");
        d->store->partitions[0].counters[c] = value;
    }
    return PDM_OK;
}

pdm_status pdm__store_decode(pdm__store *store, pdm__run *run, pdm__cbor_reader *r, int64_t rows, uint64_t money,
                             pdm_error *err) {
    decoder d = {.store = store, .run = run, .r = r, .rows = rows, .money = money};
    pdm_status status = decode(&d, err);
    pdm__drop(store->context, d.shared.text_at, d.counts[1], sizeof *d.shared.text_at);
    for (int32_t l = 0; l < store->schema.level_count; l++) {
        pdm__drop(store->context, d.refs[l], d.counts[l], sizeof **d.refs);
    }
    return status;
}
