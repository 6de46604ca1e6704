/*
 * Path tables: distinct paths of touches with what they brought. The form in which attribution models that need no ages see the world.
 *
 * A touch is a word: what was touched (a token, an index into the table's tokens) and eight mark bits. A token stands for a channel;
 * several tokens may stand for one (A once, A three times). Channels are numbers here, in the canonical order of their names, so the order
 * of tokens, touches and paths is canonical too: by channel, paths word by word, a prefix first.
 */
#ifndef PDM_STATS_PATHS_H
#define PDM_STATS_PATHS_H

#include "core/base.h"
#include "core/parallel.h"

#define PDM__PATH_MARK_BITS 8
#define PDM__PATH_MARKS 0xFFU
#define PDM__PATH_MAX_TOUCHES 65535
#define PDM__PATH_MAX_CHANNELS 65535
#define PDM__PATH_MAX_TOKENS ((uint32_t)1 << (32 - PDM__PATH_MARK_BITS))

static inline uint32_t pdm__touch_of(uint32_t token, uint32_t marks) { return token << PDM__PATH_MARK_BITS | marks; }
static inline uint32_t pdm__touch_token(uint32_t touch) { return touch >> PDM__PATH_MARK_BITS; }
static inline uint32_t pdm__touch_marks(uint32_t touch) { return touch & PDM__PATH_MARKS; }

/* A row of the table. */
typedef struct pdm__path {
    const uint32_t *touches;
    uint32_t length; /* at least 1 */
    int64_t conversions;
    int64_t nulls;
    double value; /* of the conversions, rounded once */
} pdm__path;

/* A token: a channel, and how often it stood there (0 = the token is the touch itself). */
typedef struct pdm__token {
    uint32_t channel;
    uint32_t times;
} pdm__token;

/* A finished table, in canonical order. */
typedef struct pdm__paths {
    pdm_context *context;
    pdm__path *items;
    size_t count;
    uint32_t *touches; /* of all paths, one after the other */
    size_t touch_count;
    pdm__token *tokens;
    uint32_t token_count;
    uint32_t channel_count; /* channels that are in no path included */
    bool plain;             /* token t is channel t */
    bool marked;            /* some touch bears a mark */
    int64_t conversions;    /* totals */
    int64_t nulls;
    double value;
} pdm__paths;

void pdm__paths_clear(pdm__paths *paths);

/* The same table without marks: paths that differed only in them are one. */
pdm_status pdm__paths_unmark(const pdm__paths *paths, pdm__run *run, pdm__paths *out, pdm_error *err);

/* ---- making one ---- */

/* What a journey, or several of the same path, add. Of the values the one that the builder is for. */
typedef struct pdm__path_gain {
    int64_t conversions;
    int64_t nulls;
    int64_t money;
    double amount;
    bool has_amount; /* `amount` is one value among those of the path */
} pdm__path_gain;

typedef struct pdm__path_row {
    size_t at; /* first touch */
    uint32_t length;
    uint32_t hash;
    int64_t conversions;
    int64_t nulls;
    int64_t money;
} pdm__path_row;

typedef struct pdm__path_slot {
    uint32_t hash;
    uint32_t row; /* + 1; 0 = none */
} pdm__path_slot;

typedef struct pdm__path_amount {
    uint32_t row;
    uint32_t reserved;
    double amount;
} pdm__path_amount;

/* A path that has been added but has not found its row yet. */
#define PDM__PATH_WAITING 32
typedef struct pdm__path_waiting {
    pdm__path_row path;
    double amount;
    size_t *place; /* where the number of its row goes; NULL = nobody asked */
    bool has_amount;
} pdm__path_waiting;

/*
 * Adds up rows of equal paths, in any order. Tokens are numbers of its own: index into `tokens`. Zero, and a context, = empty. Sums of
 * counts and money must not exceed int64 (the caller bounds them); amounts are summed exactly when the table is finished.
 */
typedef struct pdm__path_builder {
    pdm_context *context;
    uint32_t *touches;
    size_t touch_count;
    size_t touch_end; /* those of waiting paths included */
    size_t touch_room;
    pdm__path_row *rows;
    size_t row_count;
    size_t row_room;
    pdm__path_slot *slots;
    size_t slot_count;
    pdm__path_amount *amounts;
    size_t amount_count;
    size_t amount_room;
    pdm__token *tokens;
    uint32_t *token_slots;
    size_t token_count;
    size_t token_room;
    size_t token_slot_count;
    int32_t waiting_count;
    pdm__path_waiting waiting[PDM__PATH_WAITING];
} pdm__path_builder;

void pdm__path_builder_clear(pdm__path_builder *builder);
/* Number of a token; adds it if need be. */
pdm_status pdm__path_builder_token(pdm__path_builder *builder, pdm__token token, uint32_t *out, pdm_error *err);
/* length in [1, PDM__PATH_MAX_TOUCHES]. */
pdm_status pdm__path_builder_add(pdm__path_builder *builder, const uint32_t *touches, uint32_t length,
                                 const pdm__path_gain *gain, pdm_error *err);
/* Adds everything in `from`. */
pdm_status pdm__path_builder_merge(pdm__path_builder *builder, pdm__path_builder *from, pdm_error *err);
/* No path waits any more: needed by those who read the rows. */
pdm_status pdm__path_builder_settle(pdm__path_builder *builder, pdm_error *err);
/* Brings the amounts in order of their rows. */
void pdm__path_builder_order(pdm__path_builder *builder);
/* The table of it; what the builder holds may be gone, clear it. PDM_E_OVERFLOW: a sum of amounts is not finite. */
pdm_status pdm__path_builder_finish(pdm__path_builder *builder, pdm__run *run, uint32_t channels, pdm__paths *out,
                                    pdm_error *err);

#endif
