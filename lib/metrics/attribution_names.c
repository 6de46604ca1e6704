/* Channels by name: gathered from all partitions, ranked by their bytes. */
#include "core/sort.h"
#include "metrics/attribution_internal.h"

typedef struct naming {
    pdm__attribution_work *work;
    pdm__keymap *maps; /* [workers] */
    atomic_size_t next;
    pdm_status status[PDM__PARTITIONS]; /* by worker */
} naming;

/* Where in a memo a channel would be; *known: it is there. */
static size_t look_up(const pdm__attribution_memo *memo, const uint8_t *bytes, uint32_t length, bool *known) {
    uint32_t mixed = length == 0 ? 0 : 31 * length + 7 * bytes[0] + 13 * bytes[length / 2] + 3 * bytes[length - 1];
    size_t at = mixed % ATTRIBUTION_MEMO;
    *known = length > 0 && memo->lengths[at] == length && memcmp(memo->bytes[at], bytes, length) == 0;
    return at;
}

static pdm_status add_name(pdm__keymap *map, const uint8_t *bytes, uint32_t length) {
    pdm__key key = {.bytes = bytes, .length = length};
    bool added = false;
    pdm__key_hash(&key, true, map->seed);
    if (pdm__keymap_find(map, &key) != PDM__NO_ID) return PDM_OK;
    PDM__TRY(pdm__keymap_reserve(map, 1, length, NULL));
    (void)pdm__keymap_add(map, &key, &added);
    return PDM_OK;
}

static pdm_status note_name(pdm__keymap *map, pdm__attribution_memo *memo, const uint8_t *bytes, uint32_t length) {
    bool known = false;
    size_t at = look_up(memo, bytes, length, &known);
    if (known) return PDM_OK;
    memo->bytes[at] = bytes;
    memo->lengths[at] = length;
    return add_name(map, bytes, length);
}

static pdm_status name_partition(const pdm__attribution_work *work, pdm__keymap *map, size_t p) {
    const pdm__keymap *keys = &work->view->store->partitions[p].levels[work->plan->paths ? 0 : 1];
    pdm__attribution_memo memo = {.lengths = {0}};
    for (uint32_t id = 0; id < keys->count; id++) {
        pdm__key key = pdm__keymap_key(keys, id);
        if (!work->plan->paths) {
            PDM__TRY(note_name(map, &memo, key.bytes, key.length));
            continue;
        }
        const uint8_t *at = key.bytes;
        while (at < key.bytes + key.length) {
            const uint8_t *channel = NULL;
            uint32_t length = 0;
            uint32_t marks = 0;
            pdm__attribution_read_touch(&at, &channel, &length, &marks);
            PDM__TRY(note_name(map, &memo, channel, length));
        }
    }
    return PDM_OK;
}

static void name_some(void *argument, size_t worker) {
    naming *n = argument;
    size_t p = 0;
    while (n->status[worker] == PDM_OK && (p = atomic_fetch_add(&n->next, 1)) < PDM__PARTITIONS)
        n->status[worker] = name_partition(n->work, &n->maps[worker], p);
}

static pdm_status rank_names(pdm__attribution_work *work, pdm_error *err) {
    pdm__attribution_names *names = &work->names;
    pdm_context *context = work->context;
    pdm__sort_text *texts = NULL;
    pdm__sort_text *scratch = NULL;
    size_t count = names->map.count;
    if (count > PDM_ATTRIBUTION_MAX_CHANNELS)
        return pdm__fail(err, PDM_E_LIMIT, -1, "channel", "%zu channels; 65535 are allowed", count);
    names->count = (uint32_t)count;
    PDM__TRY(pdm__new(context, count, sizeof *names->ranks, &names->ranks, err));
    PDM__TRY(pdm__new(context, count, sizeof *names->sorted, &names->sorted, err));
    pdm_status status = pdm__new(context, count, sizeof *texts, &texts, err);
    if (status == PDM_OK) status = pdm__new(context, count, sizeof *scratch, &scratch, err);
    for (uint32_t id = 0; status == PDM_OK && id < count; id++) {
        pdm__key key = pdm__keymap_key(&names->map, id);
        texts[id] = (pdm__sort_text){.bytes = key.bytes, .length = key.length, .index = id};
    }
    if (status == PDM_OK) status = pdm__sort_texts(work->run, texts, scratch, count, err);
    for (uint32_t rank = 0; status == PDM_OK && rank < count; rank++) {
        names->ranks[texts[rank].index] = rank;
        names->sorted[rank] = pdm__keymap_key(&names->map, texts[rank].index);
    }
    pdm__drop(context, texts, count, sizeof *texts);
    pdm__drop(context, scratch, count, sizeof *scratch);
    return status;
}

static pdm_status name_settled(naming *n) {
    const pdm__store *settled = n->work->view->settled;
    for (size_t p = 0; settled != NULL && p < PDM__PARTITIONS; p++) {
        const pdm__keymap *keys = &settled->partitions[p].levels[0];
        for (uint32_t id = 0; id < keys->count; id++) {
            pdm__key key = pdm__keymap_key(keys, id);
            const uint8_t *bytes = NULL;
            uint32_t length = 0;
            if (!pdm__attribution_settled_channel(&key, &bytes, &length)) continue;
            PDM__TRY(add_name(&n->work->names.map, bytes, length));
        }
    }
    return PDM_OK;
}

static pdm_status merge_names(naming *n, pdm_error *err) {
    pdm_status status = name_settled(n);
    for (int32_t w = 0; w < n->work->worker_count && status == PDM_OK; w++) {
        status = n->status[w];
        for (uint32_t id = 0; status == PDM_OK && id < n->maps[w].count; id++) {
            pdm__key key = pdm__keymap_key(&n->maps[w], id);
            status = add_name(&n->work->names.map, key.bytes, key.length);
        }
    }
    return status == PDM_OK ? PDM_OK : pdm__fail(err, status, -1, NULL, "out of memory for the names of channels");
}

pdm_status pdm__attribution_names_make(pdm__attribution_work *work, pdm_error *err) {
    naming *n = NULL;
    uint64_t seed = pdm__context_seed(work->context);
    size_t workers = (size_t)work->worker_count;
    PDM__TRY(pdm__new_zero(work->context, 1, sizeof *n, &n, err));
    n->work = work;
    pdm__arena_init(&work->names.arena, work->context);
    pdm__keymap_init(&work->names.map, &work->names.arena, seed, true, false, 0);
    pdm_status status = pdm__new_zero(work->context, workers, sizeof *n->maps, &n->maps, err);
    for (size_t w = 0; status == PDM_OK && w < workers; w++)
        pdm__keymap_init(&n->maps[w], &work->names.arena, seed, true, false, 0);
    if (status == PDM_OK) {
        pdm__run_parallel(work->run, workers, name_some, n);
        status = merge_names(n, err);
    }
    if (status == PDM_OK) status = rank_names(work, err);
    for (size_t w = 0; n->maps != NULL && w < workers; w++) pdm__keymap_clear(&n->maps[w]);
    pdm__drop(work->context, n->maps, workers, sizeof *n->maps);
    pdm__drop(work->context, n, 1, sizeof *n);
    return status;
}

void pdm__attribution_names_clear(pdm__attribution_work *work) {
    pdm__attribution_names *names = &work->names;
    if (names->map.arena == NULL) return;
    pdm__drop(work->context, names->ranks, names->map.count, sizeof *names->ranks);
    pdm__drop(work->context, names->sorted, names->map.count, sizeof *names->sorted);
    pdm__keymap_clear(&names->map);
    pdm__arena_clear(&names->arena);
}

static uint32_t rank_of(const pdm__attribution_names *names, const uint8_t *bytes, uint32_t length) {
    pdm__key key = {.bytes = bytes, .length = length};
    pdm__key_hash(&key, true, names->map.seed);
    uint32_t id = pdm__keymap_find(&names->map, &key);
    return id == PDM__NO_ID ? UINT32_MAX : names->ranks[id];
}

uint32_t pdm__attribution_rank(const pdm__attribution_names *names, pdm__attribution_memo *memo, const uint8_t *bytes,
                               uint32_t length) {
    bool known = false;
    size_t at = look_up(memo, bytes, length, &known);
    if (known) return memo->ranks[at];
    memo->bytes[at] = bytes;
    memo->lengths[at] = length;
    memo->ranks[at] = rank_of(names, bytes, length);
    return memo->ranks[at];
}

uint32_t pdm__attribution_find(const pdm__attribution_names *names, const char *text) {
    return rank_of(names, (const uint8_t *)text, (uint32_t)strlen(text));
}
