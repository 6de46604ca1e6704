#include "core/keymap.h"

/*
 * Headers of entries: integer {word}; text {pointer, length, low 32 bits of the hash}; scoped ones end in {scope, 0}.
 * Texts keep half of their hash because growing the slots needs it and reading every text again would cost more.
 */

#define TEXT_BLOCK ((size_t)4096)
#define FIRST_ENTRIES 8U
#define FIRST_SLOTS 16U
#define TEXT_HASH_AT 12

/* Partition bits come from the top of the hash; slot and tag from the low 32 bits. */
static inline uint32_t tag_of(uint64_t hash) { return (uint32_t)hash & 0xFF000000U; }
static inline uint32_t slot_of(const pdm__keymap *map, uint64_t hash) { return (uint32_t)hash & map->slot_mask; }
static inline uint32_t id_of(uint32_t slot) { return (slot & 0xFFFFFFU) - 1; }

void pdm__keymap_init(pdm__keymap *map, pdm__arena *arena, uint64_t seed, bool is_text, bool is_scoped, uint32_t words) {
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
    if (map->slots != NULL) pdm__drop(context, map->slots, (size_t)map->slot_mask + 1, sizeof *map->slots);
    if (map->block_count > 0) pdm__drop(context, map->blocks[0], map->first_capacity, map->stride);
    pdm__drop(context, map->blocks, map->block_capacity, sizeof *map->blocks);
    memset(map, 0, sizeof *map);
}

size_t pdm__keymap_memory(const pdm__keymap *map) {
    size_t slots = map->slots == NULL ? 0 : ((size_t)map->slot_mask + 1) * sizeof *map->slots;
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
    uint32_t tag = tag_of(key->hash);
    for (;; at = (at + 1) & map->slot_mask) {
        uint32_t slot = map->slots[at];
        if (slot == 0) {
            *empty = at;
            return PDM__NO_ID;
        }
        if ((slot & 0xFF000000U) == tag && entry_is(map, id_of(slot), key)) return id_of(slot);
    }
}

uint32_t pdm__keymap_find(const pdm__keymap *map, const pdm__key *key) {
    uint32_t empty = 0;
    if (map->slots == NULL) return PDM__NO_ID;
    return probe(map, key, slot_of(map, key->hash), &empty);
}

#define FIND_STRIP PDM__KEYMAP_STRIP

/* Three passes over a strip, so that the misses of one key overlap with those of the others. */
static size_t find_strip(const pdm__keymap *map, const pdm__key *keys, size_t n, uint32_t *ids) {
    uint32_t start[FIND_STRIP];
    size_t absent = 0;
    for (size_t i = 0; i < n; i++) {
        start[i] = slot_of(map, keys[i].hash);
        __builtin_prefetch(&map->slots[start[i]]);
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t tag = tag_of(keys[i].hash);
        uint32_t at = start[i];
        uint32_t slot = map->slots[at];
        while (slot != 0 && (slot & 0xFF000000U) != tag) {
            at = (at + 1) & map->slot_mask;
            slot = map->slots[at];
        }
        start[i] = at;
        if (slot != 0) __builtin_prefetch(pdm__keymap_entry(map, id_of(slot)), 1);
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t empty = 0;
        ids[i] = probe(map, &keys[i], start[i], &empty);
        absent += ids[i] == PDM__NO_ID;
    }
    return absent;
}

size_t pdm__keymap_find_many(const pdm__keymap *map, const pdm__key *keys, size_t count, uint32_t *ids) {
    if (map->slots == NULL) {
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

/* As find_strip, with nothing but the word to compare; entries are computed once. */
size_t pdm__keymap_find_words(const pdm__keymap *map, const uint64_t *keys, const uint32_t *low, size_t count, uint32_t *ids,
                              int64_t **words) {
    uint32_t at[FIND_STRIP];
    size_t absent = 0;
    const uint32_t *slots = map->slots;
    uint32_t mask = map->slot_mask;
    if (slots == NULL) {
        for (size_t i = 0; i < count; i++) ids[i] = PDM__NO_ID;
        return count;
    }
    for (size_t i = 0; i < count; i++) __builtin_prefetch(&slots[low[i] & mask]);
    for (size_t i = 0; i < count; i++) {
        uint32_t tag = low[i] & 0xFF000000U;
        uint32_t place = low[i] & mask;
        uint32_t slot = slots[place];
        while (slot != 0 && (slot & 0xFF000000U) != tag) {
            place = (place + 1) & mask;
            slot = slots[place];
        }
        at[i] = place;
        ids[i] = slot;
        if (slot != 0) {
            uint8_t *entry = pdm__keymap_entry(map, id_of(slot));
            words[i] = (int64_t *)(void *)entry;
            __builtin_prefetch(entry, 1);
            __builtin_prefetch(entry + map->stride - 1, 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t slot = ids[i];
        uint32_t tag = low[i] & 0xFF000000U;
        while (slot != 0 && ((slot & 0xFF000000U) != tag || (uint64_t)words[i][0] != keys[i])) {
            at[i] = (at[i] + 1) & mask;
            slot = slots[at[i]];
            if (slot != 0) words[i] = (int64_t *)(void *)pdm__keymap_entry(map, id_of(slot));
        }
        ids[i] = slot == 0 ? PDM__NO_ID : id_of(slot);
        if (slot == 0) {
            absent += 1;
        } else {
            words[i] += 1; /* behind the key */
        }
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
    size_t wanted = map->slots == NULL ? FIRST_SLOTS : (size_t)map->slot_mask + 1;
    while (total * 4 > wanted * 3) wanted *= 2;
    if (map->slots != NULL && wanted == (size_t)map->slot_mask + 1) return PDM_OK;
    uint32_t *fresh = NULL;
    PDM__TRY(pdm__new_zero(map->arena->context, wanted, sizeof *fresh, &fresh, err));
    uint32_t mask = (uint32_t)(wanted - 1);
    for (uint32_t id = 0; id < map->count; id++) {
        uint64_t hash = entry_hash(map, id);
        uint32_t at = (uint32_t)hash & mask;
        while (fresh[at] != 0) at = (at + 1) & mask;
        fresh[at] = tag_of(hash) | (id + 1);
    }
    if (map->slots != NULL) pdm__drop(map->arena->context, map->slots, (size_t)map->slot_mask + 1, sizeof *map->slots);
    map->slots = fresh;
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
        PDM__TRY(pdm__arena_take(map->arena, (size_t)PDM__KEYMAP_BLOCK * map->stride, &map->blocks[map->block_count], err));
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
    map->slots[empty] = tag_of(key->hash) | (id + 1);
    return id;
}

void pdm__keymap_truncate(pdm__keymap *map, uint32_t count) {
    while (map->count > count) {
        uint32_t id = --map->count;
        /* Slots are filled in the order of ids (also when they grow), so emptying the last one restores what was there before. */
        uint32_t at = slot_of(map, entry_hash(map, id));
        while ((map->slots[at] & 0xFFFFFFU) != id + 1) at = (at + 1) & map->slot_mask;
        map->slots[at] = 0;
    }
}
