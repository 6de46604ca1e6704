/*
 * keymap: from keys to dense ids 0, 1, 2 …, and with each id a few int64 words that belong to it.
 *
 * Keys are 64-bit integers or texts, compared in full, within a scope (0 for units; the unit's id for what belongs to a unit). Linear
 * probing over one byte of the hash per slot, eight slots at a time without a branch; entries lie in blocks that never move, so growth copies no entry. Entries
 * are added at the end and can be taken back from the end: that is how a failed call leaves no trace.
 */
#ifndef PDM_CORE_KEYMAP_H
#define PDM_CORE_KEYMAP_H

#include "core/arena.h"
#include "core/base.h"

#include <xxhash.h>

#define PDM__KEYMAP_BLOCK_BITS 8
#define PDM__KEYMAP_BLOCK ((uint32_t)1 << PDM__KEYMAP_BLOCK_BITS)
#define PDM__KEYMAP_MAX_IDS (((uint32_t)1 << 24) - 2)
#define PDM__NO_ID UINT32_MAX

/* What is looked up. */
typedef struct pdm__key {
    uint64_t hash;
    uint64_t word;        /* integer keys */
    const uint8_t *bytes; /* text keys */
    uint32_t length;      /* text keys */
    uint32_t scope;
} pdm__key;

/* An entry begins with its key; `words` int64 follow. */
typedef struct pdm__keymap {
    pdm__arena *arena; /* borrowed: full blocks and key bytes */
    uint8_t *
        tags; /* per slot: 0 = empty, else 7 bits of the hash; the first 8 stand again behind the last; NULL = none yet */
    uint32_t *ids;    /* per slot */
    uint8_t **blocks; /* of PDM__KEYMAP_BLOCK entries; the first may be smaller */
    uint8_t *text;    /* rest of the current block of key bytes */
    size_t text_left;
    uint32_t slot_mask;
    uint32_t count;
    uint32_t first_capacity; /* entries that block 0 has room for */
    uint32_t block_count;
    uint32_t block_capacity; /* of `blocks` */
    uint32_t stride;         /* bytes of an entry */
    uint32_t header;         /* bytes of the key, see keymap.c */
    uint64_t seed;           /* of the hashes */
    bool is_text;
    bool is_scoped;
} pdm__keymap;

void pdm__keymap_init(pdm__keymap *map, pdm__arena *arena, uint64_t seed, bool is_text, bool is_scoped, uint32_t words);
void pdm__keymap_clear(pdm__keymap *map);

/* Room for `more` keys with `bytes` bytes of text in all: after it as many pdm__keymap_add cannot fail. */
pdm_status pdm__keymap_reserve(pdm__keymap *map, size_t more, size_t bytes, pdm_error *err);

/* Id of a key, PDM__NO_ID if it is not there. */
uint32_t pdm__keymap_find(const pdm__keymap *map, const pdm__key *key);

/* Id of a key; adds it (room must have been reserved, words are not initialised) and says so if it was not there. */
uint32_t pdm__keymap_add(pdm__keymap *map, const pdm__key *key, bool *added);

/* Takes back all ids from `count` on. */
void pdm__keymap_truncate(pdm__keymap *map, uint32_t count);

/* Ids of many keys at once, hiding the memory's latency; PDM__NO_ID where absent. Returns how many are absent. */
size_t pdm__keymap_find_many(const pdm__keymap *map, const pdm__key *keys, size_t count, uint32_t *ids);

/*
 * The same for unscoped integers that are the first words of records, count ≤ PDM__KEYMAP_STRIP. words[i] = the entry's words, NULL if
 * the key is absent; then ids[i] is PDM__NO_ID.
 */
#define PDM__KEYMAP_STRIP 64
size_t pdm__keymap_find_words(const pdm__keymap *map, const uint64_t *records, size_t record_words, size_t count,
                              uint32_t *ids, int64_t **words);

/* Bytes held outside the arena. */
size_t pdm__keymap_memory(const pdm__keymap *map);

static inline uint8_t *pdm__keymap_entry(const pdm__keymap *map, uint32_t id) {
    return map->blocks[id >> PDM__KEYMAP_BLOCK_BITS] + (size_t)(id & (PDM__KEYMAP_BLOCK - 1)) * map->stride;
}

static inline int64_t *pdm__keymap_words(const pdm__keymap *map, uint32_t id) {
    return (int64_t *)(void *)(pdm__keymap_entry(map, id) + map->header);
}

/* The key of an entry (its hash is not set). */
static inline pdm__key pdm__keymap_key_at(const pdm__keymap *map, const uint8_t *entry) {
    pdm__key key = {0};
    if (map->is_text) {
        memcpy(&key.bytes, entry, sizeof key.bytes);
        memcpy(&key.length, entry + 8, sizeof key.length);
    } else {
        memcpy(&key.word, entry, sizeof key.word);
    }
    if (map->is_scoped) memcpy(&key.scope, entry + map->header - 8, sizeof key.scope);
    return key;
}

static inline pdm__key pdm__keymap_key(const pdm__keymap *map, uint32_t id) {
    return pdm__keymap_key_at(map, pdm__keymap_entry(map, id));
}

/*
 * Seeded hashes. Of integers: one multiplication, then the top half is folded onto the bottom one. Every bit of the key reaches the top
 * bits (the partition) as well as the bottom ones (the slot), and without a scope the key can be had back.
 */
#define PDM__HASH_FACTOR UINT64_C(0xE7037ED1A0B428DB)
#define PDM__HASH_INVERSE UINT64_C(0x2E1B9953F3B39353) /* modulo 2^64 */
static inline uint64_t pdm__hash_word(uint64_t word, uint32_t scope, uint64_t seed) {
    uint64_t mixed = (word ^ seed ^ ((uint64_t)scope * UINT64_C(0x9E3779B97F4A7C15))) * PDM__HASH_FACTOR;
    return mixed ^ mixed >> 32;
}
static inline uint64_t pdm__unhash_word(uint64_t hash, uint64_t seed) {
    return ((hash ^ hash >> 32) * PDM__HASH_INVERSE) ^ seed;
}

static inline uint64_t pdm__hash_text(const void *bytes, size_t length, uint32_t scope, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes, length, seed + scope);
}

static inline void pdm__key_hash(pdm__key *key, bool is_text, uint64_t seed) {
    key->hash = is_text ? pdm__hash_text(key->bytes, key->length, key->scope, seed)
                        : pdm__hash_word(key->word, key->scope, seed);
}

#endif
