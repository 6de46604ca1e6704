/*
 * The store: what every row metric's state is made of.
 *
 * Rows become records; records are scattered by the hash of their unit into partitions, and each partition folds its records into
 * entries of its own: no shared table, no locks, and the tables of a partition stay in the cache. Results cannot depend on where a
 * record went or when, because entries are combined only by sums, minima, maxima and sets.
 *
 * A metric describes what it keeps (pdm__schema) and how a record changes it (pdm__step). Merging, serialising, restoring, taking
 * back a failed call and counting memory follow from the description and are written once, here.
 */
#ifndef PDM_CORE_STORE_H
#define PDM_CORE_STORE_H

#include "core/arena.h"
#include "core/base.h"
#include "core/keymap.h"
#include "core/parallel.h"

#define PDM__PARTITION_BITS 8
#define PDM__PARTITIONS ((size_t)1 << PDM__PARTITION_BITS)
#define PDM__MAX_LEVELS 2
#define PDM__MAX_JOURNALS 2
#define PDM__MAX_RECORD_WORDS 64
#define PDM__BUCKET_RECORDS 64

/* What keys are. NONE: not known yet (no row had one). */
typedef enum pdm__key_kind {
    PDM__KEY_NONE = 0,
    PDM__KEY_INT = 1,
    PDM__KEY_UINT = 2,
    PDM__KEY_TEXT = 3,
    PDM__KEY_BYTES = 4 /* like text, but any bytes; the store's own, never the user's */
} pdm__key_kind;

/* Kinds whose keys are a pointer and a length. */
static inline bool pdm__key_is_bytes(int32_t kind) { return kind == PDM__KEY_TEXT || kind == PDM__KEY_BYTES; }

/*
 * How a word of an entry is combined, and by that what it may be: a sum of counts is bounded by the rows of the state, a sum of amounts
 * by their total magnitude, a sum of limbs by 2^32 times the rows. Restored states are held to these bounds, so no later sum can overflow.
 */
typedef enum pdm__merge {
    PDM__SUM_COUNT = 1,
    PDM__SUM_MONEY = 2,
    PDM__MIN = 3,
    PDM__MAX = 4,
    PDM__OR = 5,
    PDM__FREE = 6, /* words of journals that are never summed */
    PDM__SUM_LIMB =
        7, /* a digit of base 2^32 of numbers too wide for a word, added up without carrying: see plan->max_rows */
    PDM__SUM_DIGIT = 8 /* the same of base 2^20, of numbers that have schema->addends addends in all */
} pdm__merge;

/* Rows that a state with limbs has at most: then no sum of them leaves its word. */
#define PDM__LIMB_ROWS ((uint64_t)INT32_MAX)

/* Addends of the numbers in a store with digits of base 2^20 at most: then no sum of digits leaves its word. */
#define PDM__MOST_ADDENDS ((uint64_t)1 << 42)

/* A word of an entry. */
typedef struct pdm__field {
    const char *name; /* in the serialised state */
    int32_t merge;    /* pdm__merge */
    int32_t reserved;
    int64_t identity; /* of a new entry */
} pdm__field;

/*
 * A kind of entry. Level 0 holds the units. Level 1, if there is one, holds things that belong to a unit (orders, days), keyed within
 * it. The fields are repeated `repeat` times (one set per window, say).
 *
 * A shared level 1 belongs to no unit: few keys (channels, say) that tuples refer to, whoever's they are. Every partition has those that
 * its tuples refer to and no others; so a step appends a tuple for every record that has such a key. It has no fields.
 */
typedef struct pdm__level {
    const char *name;
    const pdm__field *fields;
    int32_t field_count;
    int32_t repeat;
    int32_t key_kind; /* pdm__key_kind */
    bool shared;
} pdm__level;

/*
 * An append-only sequence of word tuples, each belonging to an entry of `level`. The order of appending means nothing. Tuples of a
 * journal that refers also name an entry of the shared level 1; they belong to units then.
 */
typedef struct pdm__journal_info {
    const char *name;
    const pdm__field *words; /* names, and what they may be (nothing is combined) */
    int32_t word_count;
    int32_t level;
    bool refers;
} pdm__journal_info;

typedef struct pdm__journal {
    int64_t *words; /* [capacity][1 + word_count]: id of the entry and what it refers to, then the words */
    size_t count;
    size_t capacity;
} pdm__journal;

/* The first word of a tuple that refers; of others it is the id. */
static inline int64_t pdm__tuple_head(uint32_t id, uint32_t part) { return (int64_t)((uint64_t)part << 32 | id); }
static inline uint32_t pdm__tuple_id(int64_t head) { return (uint32_t)head; }
static inline uint32_t pdm__tuple_part(int64_t head) { return (uint32_t)((uint64_t)head >> 32); }

typedef struct pdm__partition {
    pdm__keymap levels[PDM__MAX_LEVELS];
    pdm__journal journals[PDM__MAX_JOURNALS];
    uint32_t *hints; /* [hint_capacity] parts that units were in last, see store.c */
    size_t hint_capacity;
    int64_t *counters; /* [counter_count], counts of rows; the sum over all partitions is what counts */
} pdm__partition;

/*
 * Records are arrays of 64-bit words: the unit's key (integer: 1 word; text: hash, pointer, length), then if there is a level 1 a word
 * that says whether the record has such a key (1) or not (0) and the key (integer: 1 word; text: pointer, length), then the metric's
 * own words. The words of a key that a record does not have are the metric's, too.
 */
struct pdm__schema;
typedef struct pdm__step_args {
    const struct pdm__schema *schema;
    pdm__partition *partition;
    const uint64_t *records; /* [count][record_words] */
    int64_t *const *units;   /* [count] words of each record's unit; NULL if units have none */
    const uint32_t *ids;     /* [count] its id, where level 1 or a journal needs it; else NULL */
    const uint32_t *parts;   /* [count] ids in level 1, PDM__NO_ID where the record has none; NULL without level 1 */
    size_t count;
} pdm__step_args;
/* Makes whole records of narrow ones. */
#define PDM__WIDE_WORDS 8
typedef void (*pdm__widen)(const struct pdm__schema *schema, const uint64_t *narrow, size_t count, uint64_t *records);
/* Applies records to their entries. Cannot fail: room for one more tuple per record has been made in every journal. */
typedef void (*pdm__step)(const pdm__step_args *args);

typedef struct pdm__schema {
    pdm__level levels[PDM__MAX_LEVELS];
    pdm__journal_info journals[PDM__MAX_JOURNALS];
    int32_t level_count;
    int32_t journal_count;
    int32_t counter_count;
    int32_t own_words; /* words of the metric in a record */
    /*
     * Not NULL: own words are a time and a code, and codes[code] (of 256) is what the step gets instead of it. Records of integer units
     * are then packed into two words, see store_scatter.c, and wait in their buckets until somebody needs them folded.
     */
    const uint64_t *codes;
    pdm__step step;
    /*
     * Not NULL: in buckets a record is its unit and `narrow_words` own words, nothing of level 1, and `widen` makes records of
     * PDM__WIDE_WORDS at most of them: less is carried about where an own word says it all.
     */
    pdm__widen widen;
    int32_t narrow_words;
    const void *plan; /* for the step; owned by the state */
    bool
        views; /* entries see the same rows in several ways: each of their sums is bounded by the rows, not all together */
    uint64_t addends; /* of all numbers whose digits the store has; bounds those of restored states */
    /* set by pdm__store_init: */
    int32_t record_words;
    int32_t bucket_words; /* of a record in a bucket */
    bool packed;
    bool unit_ids;   /* the step needs ids of units */
    int32_t own_at;  /* position of the metric's words */
    int32_t part_at; /* position of the level-1 mark */
    uint64_t seed;
} pdm__schema;

/* A run of records on its way to a partition. */
typedef struct pdm__bucket {
    struct pdm__bucket *next;
    size_t count; /* valid once sealed */
    uint64_t records[];
} pdm__bucket;

/* Memory for buckets. */
typedef struct pdm__bucket_slab {
    uint8_t *memory;
    size_t buckets; /* it has room for */
} pdm__bucket_slab;

/* Where the next bucket comes from. */
typedef struct pdm__bucket_place {
    size_t slab;
    size_t used; /* buckets of that slab */
} pdm__bucket_place;

/* Buckets being filled: one list per partition, and the memory they come from. */
typedef struct pdm__buckets {
    uint64_t *next[PDM__PARTITIONS]; /* where the next record goes; == end: no room */
    uint64_t *end[PDM__PARTITIONS];
    pdm__bucket *first[PDM__PARTITIONS];
    pdm__bucket *last[PDM__PARTITIONS];
    uint32_t counts[PDM__PARTITIONS]; /* of buckets */
    pdm__bucket_slab *slabs;
    size_t slab_count;
    size_t slab_capacity;
    pdm__bucket_place place;
    pdm__arena text; /* copies of key bytes of records that outlive their call */
    int64_t records; /* held */
} pdm__buckets;

typedef struct pdm__store {
    pdm_context *context; /* borrowed from the state */
    pdm__schema schema;
    pdm__arena arena;
    pdm__partition *partitions; /* [PDM__PARTITIONS] */
    int64_t *counters;          /* of all partitions */
    pdm__buckets *pending;      /* [pending_count] records not folded yet */
    int32_t pending_count;
    bool ready;
} pdm__store;

/* Prepares an empty store. The schema is copied (what it points to is kept); unknown key kinds may be set later by _set_key_kind. */
pdm_status pdm__store_init(pdm__store *store, pdm_context *context, const pdm__schema *schema, pdm_error *err);
void pdm__store_clear(pdm__store *store);
/* Fixes the kind of the keys of a level once it is known; false if another one is already. Fold before. */
bool pdm__store_set_key_kind(pdm__store *store, int32_t level, int32_t kind);
/* Takes that back while the level is empty and nothing is pending. */
void pdm__store_reset_key_kind(pdm__store *store, int32_t level, int32_t kind);

int64_t pdm__store_pending(const pdm__store *store);
uint64_t pdm__store_memory(const pdm__store *store);
/* Entries in all partitions; fold first. Of a shared level a key counts in every partition that has it. */
size_t pdm__store_count(const pdm__store *store, int32_t level);

/* A place to scatter records from: one per thread. */
typedef struct pdm__scatter {
    pdm__store *store;
    pdm__buckets *buckets;
    bool copy_text; /* the records outlive the call: copy their texts */
} pdm__scatter;

/*
 * Scatters `n` records given as columns of words (columns[w][i] is word w of record i; a text unit's hash is computed here: columns
 * [0] may be NULL then). Fails only for lack of memory; what was scattered before stays until rolled back.
 */
pdm_status pdm__scatter_records(pdm__scatter *scatter, const uint64_t *const *columns, size_t n, pdm_error *err);

/* Marks, so that a batch can be taken back: one call before, one after a failure. */
typedef struct pdm__bucket_mark {
    uint64_t *next[PDM__PARTITIONS];
    pdm__bucket *last[PDM__PARTITIONS];
    uint32_t counts[PDM__PARTITIONS];
    pdm__bucket_place place;
    int64_t records;
} pdm__bucket_mark;
/* Records of a partition at most, as long as none has been folded. */
static inline size_t pdm__buckets_room(const pdm__buckets *buckets, size_t partition) {
    return (size_t)buckets->counts[partition] * PDM__BUCKET_RECORDS;
}
void pdm__buckets_mark(const pdm__buckets *buckets, pdm__bucket_mark *mark);
void pdm__buckets_rollback(pdm__buckets *buckets, const pdm__bucket_mark *mark);

/* Gives back memory of (empty) buckets beyond what `records` need. */
void pdm__store_trim_buckets(pdm__store *store, int64_t records);

/* At least `count` sets of pending buckets exist after this. */
pdm_status pdm__store_need_buckets(pdm__store *store, int32_t count, pdm_error *err);

/* Makes the counts of the buckets right, for those who read pending records. */
void pdm__store_seal(pdm__store *store);

/* Folds all pending records. On failure (memory) what is not folded stays pending: the store means the same. */
pdm_status pdm__store_fold(pdm__store *store, pdm__run *run, pdm_error *err);

/* Adds src's entries to dst (both folded, schemas alike). On failure dst is as it was. */
pdm_status pdm__store_merge(pdm__store *dst, const pdm__store *src, pdm__run *run, pdm_error *err);

/*
 * Appends tuples of a journal (their words, without an entry) to a unit, or to the part of it that is given; adds those if they are not
 * there. Tuples of a journal that refers are the unit's and refer to the part. Of the keys only word, bytes and length are looked at.
 * One thread to a partition. On failure a unit without tuples may be left.
 */
pdm_status pdm__store_append(pdm__store *store, size_t partition, const pdm__key *unit, const pdm__key *part,
                             int32_t journal, const int64_t *words, size_t count, pdm_error *err);
/*
 * Combines words with those of a unit (of keys that are bytes), or of the part of it that is given; adds those if they are not there.
 * The same is looked at of the keys. One thread to a store. On failure a unit with nothing but identities may be left.
 */
pdm_status pdm__store_combine(pdm__store *store, const pdm__key *unit, const pdm__key *part, const int64_t *words,
                              pdm_error *err);
/* Makes a unit, if it is not there, and combines its words. The rest is as in pdm__store_append. */
pdm_status pdm__store_keep(pdm__store *store, size_t partition, const pdm__key *unit, const int64_t *words,
                           pdm_error *err);
/* Puts `by`, in which nothing is pending, in the place of `store`, which is cleared. */
void pdm__store_replace(pdm__store *store, pdm__store *by);

/* A canonical order of the entries of a level: units by key; parts by (unit, key), shared ones by (key, partition). */
typedef struct pdm__entry_ref {
    uint32_t partition;
    uint32_t id;
} pdm__entry_ref;
/* order has room for pdm__store_count(level) refs; */
pdm_status pdm__store_order(const pdm__store *store, pdm__run *run, int32_t level, pdm__entry_ref *order,
                            pdm_error *err);

/* The same for units, as addresses of their entries: without the way through partition and block. */
pdm_status pdm__store_units(const pdm__store *store, pdm__run *run, const uint8_t **entries, pdm_error *err);

static inline pdm__key pdm__store_key(const pdm__store *store, int32_t level, pdm__entry_ref ref) {
    return pdm__keymap_key(&store->partitions[ref.partition].levels[level], ref.id);
}
static inline const int64_t *pdm__store_words(const pdm__store *store, int32_t level, pdm__entry_ref ref) {
    return pdm__keymap_words(&store->partitions[ref.partition].levels[level], ref.id);
}
int64_t pdm__store_counter(const pdm__store *store, int32_t counter);

/* The key of a packed record's first word: it is the hash without its top bits, which are the partition, and the code. */
static inline uint64_t pdm__packed_key(const pdm__schema *schema, size_t partition, uint64_t word) {
    return pdm__unhash_word((uint64_t)partition << (64 - PDM__PARTITION_BITS) | word >> 8, schema->seed);
}

static inline size_t pdm__partition_of(uint64_t hash) { return (size_t)(hash >> (64 - PDM__PARTITION_BITS)); }

#endif
