/*
 * How attribution's parts fit together.
 *
 *   attribution.c           the face: columns, options, lists, entry         attribution_results.c   the tables' columns
 *   attribution_plan.c      options and lists, checked                       attribution_models.c    what list `models` asks for
 *   attribution_schema.c    what is kept                                     attribution_verify.c    states from bytes
 *   attribution_state.c     which rows are rows, their records
 *
 *   attribution_gather.c    the store becomes journeys, partition by partition
 *   attribution_names.c     channels by name                                 attribution_paths.c     rows that are paths already
 *   attribution_users.c     a user's rows in order                           attribution_journeys.c  their journeys
 *   attribution_shape.c     priority, direct, transform, cap                 attribution_take.c      journeys into tables and sums
 *   attribution_advance.c   what a user may forget                           attribution_settled.c   what is settled, in and out
 *
 *   attribution_weights.c   the rules: weights of a path's touches           attribution_credits.c   all models over the path table
 *   attribution_tables.c    credits, comparison, conservation, totals        attribution_detail.c    tables of Markov and Shapley models
 *   attribution_reports.c   paths, lengths, times, assists                   attribution_returns.c   spend and what came of it
 *   attribution_listing.c   journeys
 *
 * The models that need only a path table are plain functions below: stats/paths, stats/markov, stats/coalition.
 */
#ifndef PDM_METRICS_ATTRIBUTION_INTERNAL_H
#define PDM_METRICS_ATTRIBUTION_INTERNAL_H

#include "core/calculator.h"
#include "core/metric_ops.h"
#include "stats/coalition.h"
#include "stats/fixed_sum.h"
#include "stats/markov.h"
#include "stats/paths.h"

#include <pdmetrics/metrics/attribution.h>

#define ATTRIBUTION_MODELS PDM_ATTRIBUTION_MAX_MODELS
#define ATTRIBUTION_MILESTONES PDM_ATTRIBUTION_MAX_MILESTONES
#define ATTRIBUTION_NAME 64
#define ATTRIBUTION_PARAMS 256
#define ATTRIBUTION_BINS 64

/* Input columns; the canonical order of rows is that of the columns. */
enum {
    ATTRIBUTION_USER,
    ATTRIBUTION_TIME,
    ATTRIBUTION_SEQ,
    ATTRIBUTION_KIND,
    ATTRIBUTION_CHANNEL,
    ATTRIBUTION_MARK,
    ATTRIBUTION_PRIORITY,
    ATTRIBUTION_VALUE,
    ATTRIBUTION_PATH,
    ATTRIBUTION_MARKS,
    ATTRIBUTION_CONVERSIONS,
    ATTRIBUTION_NULLS,
    ATTRIBUTION_EVENT_ID,
    ATTRIBUTION_COLUMNS
};

enum {
    ATTRIBUTION_LIST_MODELS,
    ATTRIBUTION_LIST_WEIGHTS,
    ATTRIBUTION_LIST_DIRECT,
    ATTRIBUTION_LIST_PRIORITIES,
    ATTRIBUTION_LIST_MILESTONES,
    ATTRIBUTION_LIST_SPEND,
    ATTRIBUTION_LIST_BINS,
    ATTRIBUTION_LISTS
};

/* ---- models ---- */

typedef enum attribution_kind {
    ATTRIBUTION_FIRST_TOUCH,
    ATTRIBUTION_LAST_TOUCH,
    ATTRIBUTION_FIRST_NON_DIRECT,
    ATTRIBUTION_LAST_NON_DIRECT,
    ATTRIBUTION_LINEAR,
    ATTRIBUTION_LINEAR_UNIQUE,
    ATTRIBUTION_PARTICIPATION,
    ATTRIBUTION_POSITION_BASED,
    ATTRIBUTION_POSITION_DECAY,
    ATTRIBUTION_CUSTOM_WEIGHTS,
    ATTRIBUTION_MILESTONE,
    ATTRIBUTION_TIME_DECAY,
    ATTRIBUTION_MARKOV,
    ATTRIBUTION_SHAPLEY,
    ATTRIBUTION_SHAPLEY_ORDERED
} attribution_kind;

typedef struct pdm__attribution_model {
    char name[ATTRIBUTION_NAME];
    char params[ATTRIBUTION_PARAMS]; /* for people */
    int32_t kind;                    /* attribution_kind */
    double first;                    /* position_based */
    double middle;
    double last;
    bool split_middle;    /* two_touch */
    bool from_first;      /* custom_weights: anchor */
    bool step;            /* time_decay: whole half-lives */
    bool from_last_touch; /* time_decay: age_from */
    int64_t half_life;    /* µs */
    int32_t age;          /* index among the models that need ages, −1 = needs none */
    int32_t order;        /* markov */
    bool ignore_nulls;
    bool self_transitions;
    int32_t worth;  /* pdm__worth */
    bool full_each; /* shapley_ordered: repeats */
    /* custom_weights: by position; milestone: by mark, then first, last, rest */
    const double *weights;
    int32_t weight_count;
} pdm__attribution_model;

enum { ATTRIBUTION_AT_FIRST = ATTRIBUTION_MILESTONES, ATTRIBUTION_AT_LAST, ATTRIBUTION_AT_REST, ATTRIBUTION_PLACES };

/* Credits exceed what there is, on purpose. */
static inline bool pdm__attribution_inflates(const pdm__attribution_model *model) {
    return model->kind == ATTRIBUTION_PARTICIPATION || (model->kind == ATTRIBUTION_SHAPLEY_ORDERED && model->full_each);
}
/* Weights of touches, known without their ages. */
static inline bool pdm__attribution_is_rule(const pdm__attribution_model *model) {
    return model->kind < ATTRIBUTION_TIME_DECAY;
}

/* ---- what was asked for ---- */

typedef struct pdm__attribution_priority {
    int64_t priority;
    int64_t lookback;
} pdm__attribution_priority;

typedef struct pdm__attribution_plan {
    const pdm_attribution_options *options;
    const pdm_calendar *calendar;
    const pdm__list *lists;
    bool paths;   /* rows are paths */
    bool doubles; /* values are doubles */
    bool has_priority;
    int64_t day_lookback;  /* lookback in days, for calendar_days */
    int64_t most_lookback; /* the largest in use, a day more for calendar_days */
    int64_t widest;        /* the largest in use */
    char separator[64];
    size_t separator_length;
    int32_t base; /* model that is compared with */
    int32_t model_count;
    int32_t age_count; /* models that need ages */
    pdm__attribution_model models[ATTRIBUTION_MODELS];
    int32_t milestone_count;
    const char *milestones[ATTRIBUTION_MILESTONES];
    int32_t priority_count;
    const pdm__attribution_priority *priorities;
    int32_t bin_count;
    uint64_t bins[ATTRIBUTION_BINS];              /* lower edges, µs */
    pdm_column_info columns[ATTRIBUTION_COLUMNS]; /* as in the registry, but for the role of `value` */
} pdm__attribution_plan;

/* attribution_plan.c, attribution_models.c */
pdm_status pdm__attribution_check(const pdm__setup *setup, int32_t list, pdm_error *err);
pdm_status pdm__attribution_plan_make(const pdm__setup *setup, pdm__plan *plan, pdm_error *err);
/* Entries of weights and priorities that the lists ask for. */
size_t pdm__attribution_weight_count(const pdm__setup *setup);
/* `weights` has room for pdm__attribution_weight_count(). */
pdm_status pdm__attribution_models_make(const pdm__setup *setup, pdm__attribution_plan *plan, double *weights,
                                        pdm_error *err);
bool pdm__attribution_reserved(const char *text, size_t length);

/* ---- the state ---- */

/* Words of the journal of touches, which refer to their channels, and of that of the other rows; both are the users'. */
enum { TOUCH_TIME, TOUCH_SEQ, TOUCH_PRIORITY, TOUCH_WORDS };
enum { EVENT_TIME, EVENT_SEQ, EVENT_WHAT, EVENT_VALUE, EVENT_WORDS };
/* EVENT_WHAT: conversions, or EVENT_MILESTONE + number of the milestone. */
enum { EVENT_CONVERSION = 0, EVENT_WITHOUT_VALUE = 1, EVENT_MILESTONE = 2 };
/* Once a state has advanced touches have flags behind their words, and users words. */
enum { TOUCH_USED = 1, TOUCH_CLOSED = 2, TOUCH_FLAGS = 3 };
enum { USER_FLAGS, USER_LAST_TIME, USER_LAST_SEQ, USER_WORDS };
enum { USER_SEEN = 1, USER_CONVERTED = 2, USER_COUNTED = 4, USER_ALL_FLAGS = 7 };
/* What is settled: words of an entry (level 0) and of its parts (level 1, keys are places). */
enum { SETTLED_COUNT, SETTLED_NULLS, SETTLED_MONEY, SETTLED_WORDS };
enum { DIGIT_SUM, DIGIT_MOST, DIGIT_WORDS };
/* Words of a path (level 0). Doubles are in a journal. */
enum { PATH_CONVERSIONS, PATH_NULLS, PATH_VALUE, PATH_WORDS };
enum { EVENT_SKIPPED = -1 }; /* of records: a row without its channel or mark, counted and forgotten */
/* Counters: such rows; paths whose value was null. */
enum { COUNT_SKIPPED, COUNT_WITHOUT_VALUE, ATTRIBUTION_COUNTERS };

/* Own words of a record of an event are those of a touch. What no touch has lies where a touch has its channel. */
enum { PART_MARK, PART_VALUE, PART_WHAT };
/* Own words of a record of a path: its sums, then 1 if the value was null. */
enum { OWN_WITHOUT = PATH_WORDS, OWN_PATH_WORDS };

/*
 * A path as bytes: every touch is its channel, a byte that is in no UTF-8, and its marks.
 */
#define ATTRIBUTION_PATH_END 0xFFU

pdm_status pdm__attribution_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err);
pdm_status pdm__attribution_inspect(const pdm__plan *plan, const pdm__block *block, pdm_error *err);
pdm_status pdm__attribution_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err);
/* PDM_E_UNSUPPORTED_COMBINATION, naming the option. */
pdm_status pdm__attribution_can_advance(const pdm__attribution_plan *plan, pdm_error *err);
pdm_status pdm__attribution_advance(const pdm__plan *plan, const pdm__store *store, int64_t watermark, pdm__run *run,
                                    pdm__store *out, pdm__store *settled, uint64_t *addends, pdm_error *err);
pdm_status pdm__attribution_verify_settled(const pdm__plan *plan, const pdm__store *store, const pdm__store *settled,
                                           int64_t watermark, uint64_t money, pdm__run *run, pdm_error *err);
pdm_status pdm__attribution_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err);
pdm_status pdm__attribution_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err);

/* Reads a touch of a path in bytes and moves on. */
void pdm__attribution_read_touch(const uint8_t **at, const uint8_t **channel, uint32_t *length, uint32_t *marks);

/* ---- journeys ---- */

/* Channels that were asked for last: there are few, and they come again and again. Zero it. */
#define ATTRIBUTION_MEMO 64
typedef struct pdm__attribution_memo {
    const uint8_t *bytes[ATTRIBUTION_MEMO]; /* they last longer than the memo */
    uint32_t lengths[ATTRIBUTION_MEMO];     /* 0 = nobody */
    uint32_t ranks[ATTRIBUTION_MEMO];
} pdm__attribution_memo;

/* Channels of the state in canonical order. */
typedef struct pdm__attribution_names {
    pdm__arena arena;
    pdm__keymap map;  /* ids in the order of coming */
    uint32_t *ranks;  /* [count] by id */
    pdm__key *sorted; /* [count] by rank */
    uint32_t count;
} pdm__attribution_names;

/* A sum of values, of either kind. */
typedef struct pdm__attribution_sum {
    int64_t money;
    pdm__fixed_sum amount;
} pdm__attribution_sum;

static inline void pdm__attribution_add(pdm__attribution_sum *sum, bool doubles, int64_t word) {
    if (doubles) {
        double value = 0.0;
        memcpy(&value, &word, sizeof value);
        pdm__fixed_sum_add(&sum->amount, value);
    } else {
        sum->money += word;
    }
}
static inline double pdm__attribution_sum_of(const pdm__attribution_sum *sum, bool doubles) {
    return doubles ? pdm__fixed_sum_value(&sum->amount) : (double)sum->money;
}

/* Conversions and their value. */
typedef struct pdm__attribution_count {
    int64_t conversions;
    pdm__attribution_sum value;
} pdm__attribution_count;

/* How long conversions took. */
typedef struct pdm__attribution_times {
    pdm__attribution_count bins[ATTRIBUTION_BINS];
    int64_t conversions;
    uint64_t least;
    uint64_t most;
    pdm__uint128 sum;
} pdm__attribution_times;

enum { ATTRIBUTION_SINCE_FIRST, ATTRIBUTION_SINCE_LAST, ATTRIBUTION_MEASURES };

/* A journey of table `journeys`; its touches and ages lie in those of its worker. */
typedef struct pdm__attribution_listed {
    uint64_t unit; /* rank among the units; while gathering partition << 32 | id */
    int64_t number;
    int64_t time;
    int64_t value;
    size_t at;
    uint32_t length;
    bool converted;
} pdm__attribution_listed;

typedef struct pdm__attribution_totals {
    int64_t users;
    int64_t touches;
    int64_t used_touches;
    int64_t without_value;
    int64_t null_journeys;
    int64_t unattributed_nulls;
    int64_t truncated_paths;
    pdm__attribution_count all;
    pdm__attribution_count unattributed;
    pdm__attribution_count ignored;
} pdm__attribution_totals;

/* A touch on its way into a path. */
typedef struct pdm__attribution_step {
    uint64_t age; /* µs before the conversion (before the last touch where nothing converts) */
    uint32_t channel;
    uint32_t marks;
    uint32_t times; /* 0, or under frequency how often the channel stood there */
    int32_t priority;
    uint32_t touch; /* index among the user's */
    uint32_t reserved;
} pdm__attribution_step;

/* Sums of a model that needs ages, for a channel. */
typedef struct pdm__attribution_aged {
    pdm__fixed_sum conversions;
    pdm__fixed_sum value;
} pdm__attribution_aged;

struct pdm__attribution_work;

/* A partition's rows by user; memory that is used again for the next one. */
typedef struct pdm__attribution_bench {
    struct pdm__attribution_touch *touches;
    struct pdm__attribution_event *events;
    struct pdm__attribution_event *spare;
    size_t *touch_starts; /* [users + 1] */
    size_t *event_starts;
    uint32_t *ranks; /* of the partition's channels */
    size_t touch_room;
    size_t event_room;
    size_t spare_room;
    size_t touch_start_room;
    size_t event_start_room;
    size_t rank_room;
} pdm__attribution_bench;

/* One thread's share of the journeys: exact sums, so it does not matter which share. */
typedef struct pdm__attribution_worker {
    pdm__attribution_memo memo;
    struct pdm__attribution_work *work;
    pdm__path_builder builder;
    pdm__attribution_totals totals;
    pdm__attribution_times times[ATTRIBUTION_MEASURES];
    pdm__attribution_aged *aged; /* [age_count][channels] */
    pdm__attribution_listed *listed;
    size_t listed_count;
    size_t listed_room;
    pdm__attribution_step *listed_steps;
    size_t step_count;
    size_t step_room;
    pdm__attribution_step *steps; /* of the journey at hand */
    size_t steps_room;
    uint32_t *touches; /* the same as words */
    size_t touches_room;
    uint64_t addends; /* of the sums, at most */
    uint32_t *tokens; /* [channels] number of a channel's plain token in the builder, + 1 */
    pdm__attribution_bench bench;
    double *weights; /* the same, for models with ages */
    size_t weights_room;
    size_t *seen; /* [channels] where a channel stands in the path at hand, + 1 */
    pdm_status status;
    pdm_error err;
} pdm__attribution_worker;

/* For a state that advances: journeys that are over, and where everything else goes. */
typedef struct pdm__attribution_watermark {
    int64_t time;
    int64_t day; /* the first local day that a later row can have; calendar_days only */
    pdm__store *out;
} pdm__attribution_watermark;

/* All of it. */
typedef struct pdm__attribution_work {
    const pdm__view *view;
    const pdm__attribution_plan *plan;
    pdm_context *context;
    pdm__run *run;
    const pdm__attribution_watermark *watermark; /* NULL: all journeys */
    pdm__attribution_names names;
    uint8_t *direct; /* [channels] */
    pdm__attribution_worker *workers;
    int32_t worker_count;
    atomic_size_t next;             /* partition */
    pdm__attribution_totals totals; /* of all workers */
    pdm__attribution_times times[ATTRIBUTION_MEASURES];
    pdm__attribution_aged *aged;
    pdm__paths paths;           /* with marks, if there are any */
    pdm__paths plain;           /* without */
    const pdm__paths *unmarked; /* one of them */
} pdm__attribution_work;

/* attribution_names.c */
pdm_status pdm__attribution_names_make(pdm__attribution_work *work, pdm_error *err);
void pdm__attribution_names_clear(pdm__attribution_work *work);
uint32_t pdm__attribution_rank(const pdm__attribution_names *names, pdm__attribution_memo *memo, const uint8_t *bytes,
                               uint32_t length);
/* Rank of a channel, UINT32_MAX if no row has it. */
uint32_t pdm__attribution_find(const pdm__attribution_names *names, const char *text);

/* attribution_gather.c: names, paths, totals. Under a watermark the paths stay in the first worker's builder. */
pdm_status pdm__attribution_gather(pdm__attribution_work *work, pdm_error *err);
void pdm__attribution_gather_clear(pdm__attribution_work *work);

/* attribution_settled.c: into the first worker; of all workers' sums and the first one's paths; and the names in it, to a map. */
pdm_status pdm__attribution_settled_read(pdm__attribution_work *work, pdm_error *err);
pdm_status pdm__attribution_settled_write(pdm__attribution_work *work, pdm__store *to, pdm_error *err);
/* A channel of an entry of what is settled; false: it is of another kind. */
bool pdm__attribution_settled_channel(const pdm__key *key, const uint8_t **bytes, uint32_t *length);

/* attribution_users.c, attribution_paths.c: one partition. */
pdm_status pdm__attribution_users(pdm__attribution_worker *worker, size_t partition, pdm_error *err);
void pdm__attribution_bench_clear(pdm_context *context, pdm__attribution_bench *m);
pdm_status pdm__attribution_path_rows(pdm__attribution_worker *worker, size_t partition, pdm_error *err);

/* A user's rows, each kind in order. */
typedef struct pdm__attribution_touch {
    int64_t time;
    int64_t seq;
    int32_t day; /* calendar_days only; int64 µs are fewer */
    int32_t priority;
    uint32_t inherits; /* index of the last touch before it that is not direct, UINT32_MAX = none */
    uint16_t channel;
    uint8_t marks;
    bool used : 1;
    bool closed : 1; /* its run has given its null journey (nulls expired) */
    bool kept : 1;
} pdm__attribution_touch;

typedef struct pdm__attribution_event {
    int64_t time;
    int64_t seq;
    int64_t what;
    int64_t value;
} pdm__attribution_event;

typedef struct pdm__attribution_user {
    size_t partition;
    uint32_t id;
    pdm__attribution_touch *touches;
    size_t touch_count;
    const pdm__attribution_event *conversions;
    size_t conversion_count;
    const pdm__attribution_event *milestones;
    size_t milestone_count;
    bool seen; /* had rows before */
    bool converted;
    bool counted;                /* a conversion that counts, settled */
    pdm__attribution_event last; /* the last such one: time and seq */
} pdm__attribution_user;

/* Those of a user's conversions that count, [first, end), and how many are taken now: all, or those before the watermark. */
typedef struct pdm__attribution_counted {
    size_t first;
    size_t end;
    size_t stop;
} pdm__attribution_counted;
pdm__attribution_counted pdm__attribution_count_of(const pdm__attribution_work *work,
                                                   const pdm__attribution_user *user);
/* Touches before an event: their number, given that the first `from` are. */
size_t pdm__attribution_touches_before(const pdm__attribution_user *user, size_t from,
                                       const pdm__attribution_event *event);

/* attribution_journeys.c: hands all journeys of a user to the worker. Errors: PDM_E_LIMIT (naming the user), PDM_E_NOMEM. */
pdm_status pdm__attribution_journeys(pdm__attribution_worker *worker, const pdm__attribution_user *user,
                                     pdm_error *err);

/* attribution_advance.c: what is still to be known of a user goes to the watermark's store, the rest to the totals. */
pdm_status pdm__attribution_forget(pdm__attribution_worker *worker, const pdm__attribution_user *user, pdm_error *err);

/*
 * attribution_shape.c: what is made of worker->steps[0 … *count): priority, direct, transform, cap. `touches` (may be NULL) are the
 * user's: those that come as far as the transform are marked as used. *cut: touches were left out by the cap.
 */
void pdm__attribution_shape(pdm__attribution_worker *worker, pdm__attribution_touch *touches, size_t *count, bool *cut);

/* attribution_take.c: the path in worker->steps into the tables. */
typedef struct pdm__attribution_gain {
    int64_t conversions;
    int64_t nulls;
    int64_t value; /* of the conversions, as a word */
    bool has_ages;
    const pdm__attribution_user *user; /* NULL: the rows are paths */
    int64_t time;
    int64_t number; /* of the journey within its user */
} pdm__attribution_gain;
pdm_status pdm__attribution_take(pdm__attribution_worker *worker, size_t count, bool cut,
                                 const pdm__attribution_gain *gain, pdm_error *err);

/* Makes a block at least `need` entries large; what is in it is kept. */
pdm_status pdm__attribution_room(pdm_context *context, void *block, size_t *room, size_t need, size_t size,
                                 pdm_error *err);

/* ---- credits ---- */

/* Weights of the touches of a path, [length]. direct: by channel. Scratch: [channels] zeros, left so. */
void pdm__attribution_weights(const pdm__attribution_model *model, const pdm__paths *paths, const pdm__path *path,
                              const uint8_t *direct, uint32_t *scratch, double *weights);
/* The same for models with ages, youngest last. */
void pdm__attribution_age_weights(const pdm__attribution_model *model, const pdm__attribution_step *steps, size_t count,
                                  double *weights);

/* What a model gave. */
typedef struct pdm__attribution_credit {
    double *conversions; /* [channels] */
    double *value;
    double conversion_sum;
    double value_sum;
    bool no_value;       /* credits of value are undefined */
    bool no_conversions; /* the same for conversions */
    double *shapley;     /* [channels] in units of the worth; NULL for others */
    pdm__markov markov;  /* of such a model */
    pdm__shapley_place *places;
    size_t place_count;
} pdm__attribution_credit;

pdm_status pdm__attribution_credits(pdm__attribution_work *work, pdm__attribution_credit *credits, pdm_error *err);
void pdm__attribution_credits_clear(const pdm__attribution_work *work, pdm__attribution_credit *credits);

/* ---- tables ---- */

enum {
    ATTRIBUTION_TABLE_CREDITS,
    ATTRIBUTION_TABLE_COMPARISON,
    ATTRIBUTION_TABLE_CONSERVATION,
    ATTRIBUTION_TABLE_TOTALS,
    ATTRIBUTION_TABLE_PATHS,
    ATTRIBUTION_TABLE_LENGTHS,
    ATTRIBUTION_TABLE_ASSISTS,
    ATTRIBUTION_TABLE_TIMES,
    ATTRIBUTION_TABLE_TIME_SUMMARY,
    ATTRIBUTION_TABLE_REMOVAL,
    ATTRIBUTION_TABLE_TRANSITIONS,
    ATTRIBUTION_TABLE_MARKOV,
    ATTRIBUTION_TABLE_ORDERS,
    ATTRIBUTION_TABLE_SHAPLEY,
    ATTRIBUTION_TABLE_POSITIONS,
    ATTRIBUTION_TABLE_RETURNS,
    ATTRIBUTION_TABLE_JOURNEYS,
    ATTRIBUTION_TABLES
};
extern const pdm_table_info pdm__attribution_tables_info[ATTRIBUTION_TABLES];

/* What tables are made from. */
typedef struct pdm__attribution_facts {
    pdm__attribution_work *work;
    pdm__attribution_credit *credits; /* [model_count] */
    pdm_result *result;
    double conversions; /* attributed */
    double value;
} pdm__attribution_facts;

/* A channel's name, NULL channel = UINT32_MAX; rows ascending. */
pdm_status pdm__attribution_put_channel(const pdm__attribution_facts *facts, pdm_table *table, int32_t column,
                                        int64_t row, uint32_t channel, pdm_error *err);
/* A path as text. `times` of tokens are shown. */
typedef struct pdm__attribution_text {
    pdm_context *context;
    char *bytes;
    size_t length;
    size_t room;
} pdm__attribution_text;
pdm_status pdm__attribution_text_put(pdm__attribution_text *text, const char *bytes, size_t length, pdm_error *err);
pdm_status pdm__attribution_text_touches(const pdm__attribution_facts *facts, const uint32_t *touches, uint32_t length,
                                         pdm__attribution_text *text, pdm_error *err);
void pdm__attribution_text_clear(pdm__attribution_text *text);

pdm_status pdm__attribution_put_credits(const pdm__attribution_facts *facts, pdm_error *err);
pdm_status pdm__attribution_put_detail(const pdm__attribution_facts *facts, pdm_error *err);
pdm_status pdm__attribution_put_reports(const pdm__attribution_facts *facts, pdm_error *err);
pdm_status pdm__attribution_put_returns(const pdm__attribution_facts *facts, pdm_error *err);
pdm_status pdm__attribution_put_journeys(const pdm__attribution_facts *facts, pdm_error *err);

#endif
