#include "core/keymap.h"

/*
 * Headers of entries: integer {word}; text {pointer, length, low 32 bits of the hash}; scoped ones end in {scope, 0}.
 * Texts keep half of their hash because growing the slots needs it and reading every text again would cost more.
 */

#define TEXT_BLOCK ((size_t)4096)
#define FIRST_ENTRIES 8U
#define FIRST_SLOTS 16U
#define TEXT_HASH_AT 12

#define GROUP 8U /* slots looked at together */

/* Partition bits come from the top of the hash; slot and tag from the low 32 bits. */
static inline uint8_t tag_of(uint64_t hash) { return (uint8_t)((uint32_t)hash >> 25 | 0x80U); }
static inline uint32_t slot_of(const pdm__keymap *map, uint64_t hash) { return (uint32_t)hash & map->slot_mask; }
static inline size_t tag_bytes(uint32_t mask) { return (size_t)mask + 1 + GROUP; }

/* The eight tags from `at` on, compared with `tag`: the lowest byte with its top bit set is the first that is equal. */
static inline uint64_t equal_tags(const uint8_t *tags, uint32_t at, uint8_t tag) {
    uint64_t eight = 0;
    memcpy(&eight, tags + at, sizeof eight);
    eight ^= (uint64_t)tag * UINT64_C(0x0101010101010101);
    return (eight - UINT64_C(0x0101010101010101)) & ~eight & UINT64_C(0x8080808080808080);
}

static inline void set_tag(uint8_t *tags, uint32_t mask, uint32_t at, uint8_t tag) {
    tags[at] = tag;
    if (at < GROUP) tags[(size_t)mask + 1 + at] = tag;
}

void pdm__keymap_init(pdm__keymap *map, pdm__arena *arena, uint64_t seed, bool is_text, bool is_scoped,
                      uint32_t words) {
    memset(map, 0, sizeof *map);
    map->arena = arena;
    map->seed = seed;
    map->is_text = is_text;
    map->is_scoped = is_scoped;
    map->header = (is_text ? 16U : 8U) + (is_scoped ? 8U : 0U);
    map->stride = map->header + words * (uint32_t)sizeof(int64_t);
}

void pdm__keymap_clear(pdm__keymap *map) {
    if (map->arena == NULL) return;
    pdm_context *context = map->arena->context;
    if (map->tags != NULL) {
        pdm__drop(context, map->tags, tag_bytes(map->slot_mask), 1);
        pdm__drop(context, map->ids, (size_t)map->slot_mask + 1, sizeof *map->ids);
    }
    if (map->block_count > 0) pdm__drop(context, map->blocks[0], map->first_capacity, map->stride);
    pdm__drop(context, map->blocks, map->block_capacity, sizeof *map->blocks);
    memset(map, 0, sizeof *map);
}

size_t pdm__keymap_memory(const pdm__keymap *map) {
    size_t slots = map->tags == NULL ? 0 : tag_bytes(map->slot_mask) + ((size_t)map->slot_mask + 1) * sizeof *map->ids;
    return slots + (size_t)map->first_capacity * map->stride + map->block_capacity * sizeof *map->blocks;
}

static inline bool entry_is(const pdm__keymap *map, uint32_t id, const pdm__key *key) {
    const uint8_t *entry = pdm__keymap_entry(map, id);
    if (map->is_scoped) {
        uint32_t scope = 0;
        memcpy(&scope, entry + map->header - 8, sizeof scope);
        if (scope != key->scope) return false;
    }
    if (!map->is_text) {
        uint64_t word = 0;
        memcpy(&word, entry, sizeof word);
        return word == key->word;
    }
    const uint8_t *bytes = NULL;
    uint32_t rest[2];
    memcpy(&bytes, entry, sizeof bytes);
    memcpy(rest, entry + 8, sizeof rest);
    return rest[0] == key->length && rest[1] == (uint32_t)key->hash && memcmp(bytes, key->bytes, key->length) == 0;
}

/* From slot `at` on: the id of the key, or PDM__NO_ID with *empty = the free slot that ends the probe. */
static inline uint32_t probe(const pdm__keymap *map, const pdm__key *key, uint32_t at, uint32_t *empty) {
    uint8_t tag = tag_of(key->hash);
    for (;; at = (at + 1) & map->slot_mask) {
        if (map->tags[at] == 0) {
            *empty = at;
            return PDM__NO_ID;
        }
        if (map->tags[at] == tag && entry_is(map, map->ids[at], key)) return map->ids[at];
    }
}

uint32_t pdm__keymap_find(const pdm__keymap *map, const pdm__key *key) {
    uint32_t empty = 0;
    if (map->tags == NULL) return PDM__NO_ID;
    return probe(map, key, slot_of(map, key->hash), &empty);
}

#define FIND_STRIP PDM__KEYMAP_STRIP

/* The id at the first slot of a group whose tag is equal; PDM__NO_ID if there is none. Most likely the one looked for. */
static inline uint32_t candidate(const pdm__keymap *map, uint32_t low) {
    uint32_t at = low & map->slot_mask;
    uint64_t equal = equal_tags(map->tags, at, tag_of(low));
    if (PDM__UNLIKELY(equal == 0)) return PDM__NO_ID;
    return map->ids[(at + (uint32_t)(__builtin_ctzll(equal) >> 3)) & map->slot_mask];
}

/* Texts lie apart from their entries, and those looked up apart from their records. */
static void prefetch_texts(const pdm__keymap *map, const pdm__key *keys, size_t n, const uint32_t *ids) {
    for (size_t i = 0; i < n; i++) {
        if (ids[i] == PDM__NO_ID) continue;
        const uint8_t *bytes = NULL;
        memcpy(&bytes, pdm__keymap_entry(map, ids[i]), sizeof bytes);
        __builtin_prefetch(bytes);
        __builtin_prefetch(bytes + keys[i].length);
    }
}

/* Passes over a strip, so that the misses of one key overlap with those of the others. */
static size_t find_strip(const pdm__keymap *map, const pdm__key *keys, size_t n, uint32_t *ids) {
    size_t absent = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t at = slot_of(map, keys[i].hash);
        __builtin_prefetch(&map->tags[at]);
        __builtin_prefetch(&map->ids[at]);
        if (!map->is_text) continue;
        __builtin_prefetch(keys[i].bytes);
        __builtin_prefetch(keys[i].bytes + keys[i].length);
    }
    for (size_t i = 0; i < n; i++) {
        ids[i] = candidate(map, (uint32_t)keys[i].hash);
        if (ids[i] != PDM__NO_ID) __builtin_prefetch(pdm__keymap_entry(map, ids[i]), 1);
    }
    if (map->is_text) prefetch_texts(map, keys, n, ids);
    for (size_t i = 0; i < n; i++) {
        if (ids[i] == PDM__NO_ID || !entry_is(map, ids[i], &keys[i])) ids[i] = pdm__keymap_find(map, &keys[i]);
        absent += ids[i] == PDM__NO_ID;
    }
    return absent;
}

size_t pdm__keymap_find_many(const pdm__keymap *map, const pdm__key *keys, size_t count, uint32_t *ids) {
    if (map->tags == NULL) {
        for (size_t i = 0; i < count; i++) ids[i] = PDM__NO_ID;
        return count;
    }
    size_t absent = 0;
    for (size_t base = 0; base < count; base += FIND_STRIP) {
        size_t n = count - base < FIND_STRIP ? count - base : FIND_STRIP;
        absent += find_strip(map, keys + base, n, ids + base);
    }
    return absent;
}

/* As find_strip, with nothing to compare but a word. Nearly all keys are there, at the first slot with their tag. */
size_t pdm__keymap_find_words(const pdm__keymap *map, const uint64_t *records, size_t record_words, size_t count,
                              uint32_t *ids, int64_t **words) {
    int64_t nobody[2] = {0, 0}; /* what a key without candidate is compared with; a match there is looked up again */
    uint32_t low[FIND_STRIP];
    const uint64_t *keys = records;
    uint8_t *const *blocks = map->blocks;
    size_t stride = map->stride;
    uint32_t mask = map->slot_mask;
    size_t absent = 0;
    if (map->tags == NULL) {
        for (size_t i = 0; i < count; i++) words[i] = NULL;
        for (size_t i = 0; i < count; i++) ids[i] = PDM__NO_ID;
        return count;
    }
    for (size_t i = 0; i < count; i++, keys += record_words) {
        low[i] = (uint32_t)pdm__hash_word(*keys, 0, map->seed);
        __builtin_prefetch(&map->tags[low[i] & mask]);
        __builtin_prefetch(&map->ids[low[i] & mask]);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t id = ids[i] = candidate(map, low[i]);
        uint8_t *entry = (uint8_t *)(void *)nobody;
        if (PDM__LIKELY(id != PDM__NO_ID))
            entry = blocks[id >> PDM__KEYMAP_BLOCK_BITS] + (id & (PDM__KEYMAP_BLOCK - 1)) * stride;
        words[i] = (int64_t *)(void *)entry;
        __builtin_prefetch(entry, 1);
    }
    keys = records;
    for (size_t i = 0; i < count; i++, keys += record_words) {
        if (PDM__LIKELY((uint64_t)words[i][0] == *keys && words[i] != nobody)) {
            words[i] += 1; /* behind the key */
            continue;
        }
        pdm__key key = {.hash = low[i], .word = *keys};
        ids[i] = pdm__keymap_find(map, &key);
        words[i] = ids[i] == PDM__NO_ID ? NULL : pdm__keymap_words(map, ids[i]);
        absent += ids[i] == PDM__NO_ID;
    }
    return absent;
}

static uint64_t entry_hash(const pdm__keymap *map, uint32_t id) {
    const uint8_t *entry = pdm__keymap_entry(map, id);
    if (map->is_text) {
        uint32_t low = 0;
        memcpy(&low, entry + TEXT_HASH_AT, sizeof low);
        return low;
    }
    uint64_t word = 0;
    uint32_t scope = 0;
    memcpy(&word, entry, sizeof word);
    if (map->is_scoped) memcpy(&scope, entry + map->header - 8, sizeof scope);
    return pdm__hash_word(word, scope, map->seed);
}

static pdm_status reserve_slots(pdm__keymap *map, size_t total, pdm_error *err) {
    pdm_context *context = map->arena->context;
    size_t wanted = map->tags == NULL ? FIRST_SLOTS : (size_t)map->slot_mask + 1;
    while (total * 4 > wanted * 3) wanted *= 2;
    if (map->tags != NULL && wanted == (size_t)map->slot_mask + 1) return PDM_OK;
    uint32_t mask = (uint32_t)(wanted - 1);
    uint8_t *tags = NULL;
    uint32_t *ids = NULL;
    PDM__TRY(pdm__new_zero(context, tag_bytes(mask), 1, &tags, err));
    pdm_status status = pdm__new(context, wanted, sizeof *ids, &ids, err);
    if (status != PDM_OK) {
        pdm__drop(context, tags, tag_bytes(mask), 1);
        return status;
    }
    for (uint32_t id = 0; id < map->count; id++) {
        uint64_t hash = entry_hash(map, id);
        uint32_t at = (uint32_t)hash & mask;
        while (tags[at] != 0) at = (at + 1) & mask;
        set_tag(tags, mask, at, tag_of(hash));
        ids[at] = id;
    }
    if (map->tags != NULL) {
        pdm__drop(context, map->tags, tag_bytes(map->slot_mask), 1);
        pdm__drop(context, map->ids, (size_t)map->slot_mask + 1, sizeof *map->ids);
    }
    map->tags = tags;
    map->ids = ids;
    map->slot_mask = mask;
    return PDM_OK;
}

static pdm_status reserve_block_table(pdm__keymap *map, uint32_t blocks, pdm_error *err) {
    if (blocks <= map->block_capacity) return PDM_OK;
    uint32_t capacity = map->block_capacity < 4 ? 4 : map->block_capacity;
    while (capacity < blocks) capacity += capacity / 2;
    PDM__TRY(pdm__renew(map->arena->context, map->block_capacity, capacity, sizeof *map->blocks, &map->blocks, err));
    map->block_capacity = capacity;
    return PDM_OK;
}

/* The first block doubles (it moves, while it is small); further ones are whole and stay where they are. */
static pdm_status reserve_entries(pdm__keymap *map, size_t total, pdm_error *err) {
    uint32_t blocks = (uint32_t)((total + PDM__KEYMAP_BLOCK - 1) >> PDM__KEYMAP_BLOCK_BITS);
    PDM__TRY(reserve_block_table(map, blocks, err));
    if (total > map->first_capacity && map->first_capacity < PDM__KEYMAP_BLOCK) {
        uint32_t capacity = map->first_capacity < FIRST_ENTRIES ? FIRST_ENTRIES : map->first_capacity;
        while (capacity < total && capacity < PDM__KEYMAP_BLOCK) capacity *= 2;
        uint8_t *block = map->block_count == 0 ? NULL : map->blocks[0];
        PDM__TRY(pdm__renew(map->arena->context, map->first_capacity, capacity, map->stride, &block, err));
        map->blocks[0] = block;
        map->first_capacity = capacity;
        if (map->block_count == 0) map->block_count = 1;
    }
    while (map->block_count < blocks) {
        PDM__TRY(
            pdm__arena_take(map->arena, (size_t)PDM__KEYMAP_BLOCK * map->stride, &map->blocks[map->block_count], err));
        map->block_count++;
    }
    return PDM_OK;
}

pdm_status pdm__keymap_reserve(pdm__keymap *map, size_t more, size_t bytes, pdm_error *err) {
    size_t total = map->count + more;
    if (total > PDM__KEYMAP_MAX_IDS) {
        return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "more than %u keys in one partition", PDM__KEYMAP_MAX_IDS);
    }
    PDM__TRY(reserve_slots(map, total, err));
    PDM__TRY(reserve_entries(map, total, err));
    if (map->is_text && (bytes > map->text_left || map->text == NULL)) { /* an empty text has a place too */
        size_t block = bytes > TEXT_BLOCK ? bytes : TEXT_BLOCK;
        PDM__TRY(pdm__arena_take(map->arena, block, &map->text, err));
        map->text_left = block;
    }
    return PDM_OK;
}

static void write_entry(pdm__keymap *map, uint32_t id, const pdm__key *key) {
    uint8_t *entry = pdm__keymap_entry(map, id);
    if (map->is_text) {
        uint32_t rest[2] = {key->length, (uint32_t)key->hash};
        if (key->length > 0) memcpy(map->text, key->bytes, key->length);
        memcpy(entry, &map->text, sizeof map->text);
        memcpy(entry + 8, rest, sizeof rest);
        map->text += key->length;
        map->text_left -= key->length;
    } else {
        memcpy(entry, &key->word, sizeof key->word);
    }
    if (map->is_scoped) {
        uint32_t rest[2] = {key->scope, 0};
        memcpy(entry + map->header - 8, rest, sizeof rest);
    }
}

uint32_t pdm__keymap_add(pdm__keymap *map, const pdm__key *key, bool *added) {
    uint32_t empty = 0;
    uint32_t id = probe(map, key, slot_of(map, key->hash), &empty);
    *added = id == PDM__NO_ID;
    if (!*added) return id;
    id = map->count++;
    write_entry(map, id, key);
    set_tag(map->tags, map->slot_mask, empty, tag_of(key->hash));
    map->ids[empty] = id;
    return id;
}

void pdm__keymap_truncate(pdm__keymap *map, uint32_t count) {
    while (map->count > count) {
        uint32_t id = --map->count;
        /* Slots are filled in the order of ids (also when they grow), so emptying the last one restores what was there before. */
        uint32_t at = slot_of(map, entry_hash(map, id));
        while (map->tags[at] == 0 || map->ids[at] != id) at = (at + 1) & map->slot_mask;
        set_tag(map->tags, map->slot_mask, at, 0);
    }
}
