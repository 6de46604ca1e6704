/*
 * How the funnel's parts fit together.
 *
 *   funnel.c            the face: columns, options, lists, registry entry          funnel_results.c    the tables' columns
 *   funnel_plan.c       lists become what each row satisfies                       funnel_rules.c      options, presets: switches
 *   funnel_state.c      which rows matter, what is kept of them (the journal)      funnel_facet.c      what tells events apart, as bytes
 *
 *   funnel_units.c      the journal, unit by unit: runs, sessions, cases           funnel_groups.c     facets in order, groups shown
 *   funnel_packed.c     packed records, unit by unit                               funnel_sorted.c     sorted rows of one shot
 *   funnel_case.c       attempts of a case, their groups, the trend                funnel_plain.c      a unit that is rows alone
 *   funnel_seal.c       rows of a finished segment become blocks                   funnel_block.c      their algebra
 *
 *   funnel_best.c       which evaluator serves                                     funnel_match.c      steps a tie group can fill
 *   funnel_walk.c       attempts by the walk                                       funnel_unordered.c  steps in any sequence
 *   funnel_scan.c       the chain scan of ClickHouse and StarRocks                 funnel_stepped.c    step windows, optional steps
 *
 *   funnel_log.c        attempts on their way to the tables                        funnel_tally.c      their counts and durations
 *   funnel_tables.c     steps, durations, totals                                   funnel_series.c     histogram, trend
 *   funnel_list.c       units
 */
#ifndef PDM_METRICS_FUNNEL_INTERNAL_H
#define PDM_METRICS_FUNNEL_INTERNAL_H

#include "core/metric_ops.h"

#include <pdmetrics/metrics/funnel.h>

#define FUNNEL_STEPS PDM_FUNNEL_MAX_STEPS

/* Input columns of the registry; boolean columns named in the lists come after them. */
enum {
    FUNNEL_UNIT,
    FUNNEL_TIME,
    FUNNEL_SEQ, /* the canonical order of rows is that of the columns: time, seq, the others */
    FUNNEL_EVENT,
    FUNNEL_MASK,
    FUNNEL_EXCLUDE,
    FUNNEL_SESSION,
    FUNNEL_HOLD,
    FUNNEL_BREAKDOWN,
    FUNNEL_EVENT_ID,
    FUNNEL_COLUMNS
};

enum { FUNNEL_LIST_STEPS, FUNNEL_LIST_EXCLUSIONS, FUNNEL_LIST_EDGES };

/* What to do with an attempt that an exclusion hits. */
typedef enum funnel_effect { FUNNEL_DROP_UNIT = 0, FUNNEL_END_ATTEMPT = 1, FUNNEL_WIPE_PROGRESS = 2 } funnel_effect;

/* What a scan does at an entry that does not fit. */
typedef enum funnel_scan_rule {
    FUNNEL_SCAN_IGNORE = 0,
    FUNNEL_SCAN_STOP = 1,
    FUNNEL_SCAN_SKIP = 2,
    FUNNEL_SCAN_RESET = 3
} funnel_scan_rule;

typedef struct pdm__funnel_exclusion {
    int32_t from; /* between steps from < to, 1-based */
    int32_t to;
    int32_t effect; /* funnel_effect */
} pdm__funnel_exclusion;

/* The switches of the evaluation: presets are resolved, nothing says "default" any more. */
typedef struct pdm__funnel_rules {
    int32_t steps; /* k */
    bool scan;     /* chain scan instead of the walk */
    int32_t order; /* pdm_funnel_order */
    int32_t entry;
    int32_t attempt_tie;
    bool event_reuse;
    bool row_order; /* ties */
    bool collapse_ties;
    int64_t grace;
    int32_t strict_increase;
    bool deduplication;
    bool strict_repeat;
    bool calendar_days; /* window counts local days */
    int64_t window;     /* µs or days; PDM_UNLIMITED */
    bool has_step_windows;
    int64_t step_windows[FUNNEL_STEPS]; /* [j − 1]: from step j − 1 to j; PDM_UNLIMITED = none */
    uint32_t optional;                  /* mask of steps */
    int32_t exclusion_count;
    pdm__funnel_exclusion exclusions[FUNNEL_STEPS];
    int32_t count;
    bool every_entry; /* totals */
    bool zero_rates;
    /* chain scan */
    bool scan_lowest; /* a row is its lowest step only */
    int32_t scan_foreign;
    int32_t scan_repeat;
    int32_t scan_leap;
    /* entries */
    bool has_entry_from;
    bool has_entry_to;
    int64_t entry_from;
    int64_t entry_to; /* exclusive */
    bool mature_only;
    const pdm_calendar *calendar;
} pdm__funnel_rules;

/* A row of a subject as evaluation sees it; rows come in canonical order: by time (with row_order by time, then seq). */
typedef struct pdm__funnel_row {
    int64_t time;
    uint32_t mask;    /* bit j − 1: it satisfies step j */
    uint32_t exclude; /* bit e − 1: it satisfies exclusion e */
} pdm__funnel_row;

/* An attempt that is reported. */
typedef struct pdm__funnel_attempt {
    int32_t level;    /* required steps done; optional ones do not count; 0 = none */
    int32_t standing; /* how far attempts hit by drop_unit stand; beyond `level` the subject is removed; 0 = none */
    uint32_t end;     /* row with which it was ended; UINT32_MAX = it was not */
    bool has_latest;
    int64_t latest;  /* entry of the subject's latest attempt, whatever became of it */
    uint32_t filled; /* mask of the steps that have a time */
    int64_t limit;   /* lim(entry); INT64_MAX if the window never ends */
    int64_t times[FUNNEL_STEPS];
    uint32_t rows[FUNNEL_STEPS]; /* index of the row that filled each step */
} pdm__funnel_attempt;

/* Entries that may start an attempt, besides what the rules say: those of one trend period, say. to is inclusive. */
typedef struct pdm__funnel_span {
    int64_t from;
    int64_t to;
} pdm__funnel_span;

/* Memory that evaluation reuses from subject to subject; one per thread. Zero = empty. */
typedef struct pdm__funnel_scratch {
    pdm_context *context;
    void *blocks[12]; /* each file's own use of them is said there */
    size_t sizes[12];
} pdm__funnel_scratch;

/* Makes block `index` at least `bytes` large and returns it; contents are kept. */
pdm_status pdm__funnel_scratch_need(pdm__funnel_scratch *scratch, int32_t index, size_t bytes, void *out,
                                    pdm_error *err);
void pdm__funnel_scratch_clear(pdm__funnel_scratch *scratch);

/* Last µs at which a step may follow an entry at `time`; INT64_MAX = never ends. */
int64_t pdm__funnel_limit(const pdm__funnel_rules *rules, int64_t time);
/* Whether an entry at `time` may start an attempt at all (time range, mature_only given as_of). */
bool pdm__funnel_entry_counts(const pdm__funnel_rules *rules, int64_t as_of, int64_t time);

/* One evaluation: rules, the instant up to which data are complete, memory. */
typedef struct pdm__funnel_eval {
    const pdm__funnel_rules *rules;
    int64_t as_of;
    pdm__funnel_scratch *scratch;
} pdm__funnel_eval;

/*
 * The reported attempt of a subject among the entries in `span` (level 0 if there is none). Dispatches to walk, scan, unordered or
 * stepped; adds optional steps. funnel_best.c.
 */
pdm_status pdm__funnel_best(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                            const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err);

/* Takes attempts one after the other. */
typedef struct pdm__funnel_sink {
    pdm_status (*take)(void *own, const pdm__funnel_attempt *attempt, pdm_error *err);
    void *own;
} pdm__funnel_sink;

/* Whether attempt a is reported rather than b; both have a level. */
bool pdm__funnel_better(const pdm__funnel_rules *rules, const pdm__funnel_attempt *a, const pdm__funnel_attempt *b);

/*
 * The reported attempt of every period of the entries, periods rising. take's attempt is good during the call; its period is that of
 * its entry (unordered: of its first row).
 */
typedef struct pdm__funnel_period_sink {
    pdm_status (*take)(void *own, int64_t period, const pdm__funnel_attempt *attempt, pdm_error *err);
    void *own;
    pdm_period kind;
} pdm__funnel_period_sink;
pdm_status pdm__funnel_by_period(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                 const pdm__funnel_period_sink *sink, pdm_error *err);

/* All attempts that count = totals counts, in the order of their entries; optional steps are added. */
pdm_status pdm__funnel_totals(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                              const pdm__funnel_sink *sink, pdm_error *err);

/* The same without optional steps. Walk only. */
pdm_status pdm__funnel_walk_totals(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                   const pdm__funnel_sink *sink, pdm_error *err);

/* The evaluators behind pdm__funnel_best, same arguments. funnel_walk.c, funnel_scan.c, funnel_unordered.c, funnel_stepped.c. */
pdm_status pdm__funnel_walk_best(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                 const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err);
pdm_status pdm__funnel_scan_best(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                 const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err);
pdm_status pdm__funnel_unordered_best(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                      const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err);
pdm_status pdm__funnel_stepped_best(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                    const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err);

/*
 * Optional steps, funnel_stepped.c: the walk runs on rules and rows in which only the required steps are left, renumbered 1, 2, …
 * Exclusions between steps a < b are renumbered too; one whose levels all fall on optional steps never applies. Rows keep their
 * places; out has room for them.
 */
void pdm__funnel_required_rules(const pdm__funnel_rules *rules, pdm__funnel_rules *out);
void pdm__funnel_required_rows(const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count,
                               pdm__funnel_row *out);
/*
 * Gives the steps of an attempt found that way their own numbers and fills the optional ones, each only if the required step before it
 * is. Full rules and rows. If the attempt was ended (by an exclusion, by deduplication), `count` may say where the ending group begins:
 * what comes later is no part of it.
 */
void pdm__funnel_add_optional(const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count,
                              pdm__funnel_attempt *attempt);

/*
 * funnel_match.c: which steps a tie group can fill. A group is rows[0..count). Steps are filled by distinct rows (bipartite matching,
 * steps ascending by augmenting paths), or by any (event_reuse).
 */
typedef struct pdm__funnel_fill {
    int32_t level;               /* reach(group, from) */
    uint32_t rows[FUNNEL_STEPS]; /* [j − 1]: row in the group that fills step j, for from < j ≤ level */
} pdm__funnel_fill;
/*
 * reach(group, from) among required steps (all steps that are not in rules->optional, renumbered by the caller if need be). Of the
 * possible rows the smallest, step by step. Under strict_increase at most from + 1; times are the caller's to look at. O(rows), and
 * where rows overlap O(steps⁴) at most.
 */
void pdm__funnel_reach(const pdm__funnel_rules *rules, const pdm__funnel_row *group, size_t count, int32_t from,
                       pdm__funnel_fill *fill);
/* The same, but no further than `to`; also the rows are those that suffice for that. */
void pdm__funnel_reach_to(const pdm__funnel_rules *rules, const pdm__funnel_row *group, size_t count, int32_t from,
                          int32_t to, pdm__funnel_fill *fill);
/* The level that one row alone reaches: it is all there is to know of most groups. from < steps. */
static inline int32_t pdm__funnel_reach_row(const pdm__funnel_rules *rules, uint32_t mask, int32_t from) {
    uint32_t ahead = mask >> from;
    if (!rules->event_reuse || rules->strict_increase != PDM_FUNNEL_INCREASE_OFF) return from + (int32_t)(ahead & 1);
    int32_t level = from + __builtin_ctzll(~(uint64_t)ahead);
    return level < rules->steps ? level : rules->steps;
}
/* Rows that may fill a step, [j − 1] for step j, in their order. More than FUNNEL_STEPS of them are never needed. */
typedef struct pdm__funnel_offers {
    int32_t count[FUNNEL_STEPS];
    uint32_t rows[FUNNEL_STEPS][FUNNEL_STEPS];
} pdm__funnel_offers;
/* Steps from + 1 … step − 1 have a row each, filled[j − 1]. Gives `step` one too, moving theirs if need be; false: impossible. */
bool pdm__funnel_place(const pdm__funnel_offers *offers, int32_t from, int32_t step, uint32_t *filled);

/* Index of the first row at or after `time`. */
static inline size_t pdm__funnel_row_at(const pdm__funnel_row *rows, size_t count, int64_t time) {
    size_t low = 0;
    for (size_t high = count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (rows[middle].time < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
/* The end of the instant that begins with row `begin`. */
static inline size_t pdm__funnel_instant_end(const pdm__funnel_row *rows, size_t count, size_t begin) {
    size_t end = begin + 1;
    while (end < count && rows[end].time == rows[begin].time) end++;
    return end;
}
/* The end of the tie group that begins with row `begin`. */
static inline size_t pdm__funnel_group_end(const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count,
                                           size_t begin) {
    size_t end = begin + 1;
    if (rules->row_order) return end;
    uint64_t first = (uint64_t)rows[begin].time;
    while (end < count && (uint64_t)rows[end].time - first <= (uint64_t)rules->grace) end++;
    return end;
}

/*
 * collapse_ties for a whole subject, except that rows with an exclusion stay as they are: in `out` a row satisfies no step if an
 * earlier one of its tie group satisfies the same ones. `out` is `rows` if there is nothing to do, else it lives in block 6 until it
 * is asked for again; block 5 is used, too.
 */
pdm_status pdm__funnel_collapse(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                const pdm__funnel_row **out, pdm_error *err);

/* ---- what tables are made from ---- */

/*
 * The attempts that count, of one partition: word by word, so that an attempt costs what it holds, 3 words and one more for each
 * filled step as a rule. Zero = empty. How an attempt is laid out is known to funnel_log.c alone.
 */
typedef struct pdm__funnel_log {
    int64_t *words;
    size_t count; /* words in use */
    size_t capacity;
} pdm__funnel_log;

/* An attempt read from a log. */
typedef struct pdm__funnel_seen {
    int32_t level;
    uint32_t filled;
    int32_t group;  /* index into groups, −1 = no breakdown or none */
    uint32_t unit;  /* id of the unit in its partition */
    int64_t facet;  /* session or value held constant: id of the level-1 entry, or session number; −1 = none */
    int64_t number; /* of the attempt within its subject, from 1 */
    int64_t
        limit; /* of the subject's latest entry (count totals: of the attempt's own): up to it, it may still convert */
    bool dropped;         /* removed by drop_unit: in no count, but in table units */
    const int64_t *times; /* of the filled steps, ascending by step */
} pdm__funnel_seen;
/* Appends. The log is as it was on failure. */
pdm_status pdm__funnel_log_put(pdm_context *context, pdm__funnel_log *log, const pdm__funnel_seen *seen,
                               pdm_error *err);
/* Reads the attempt at word `at`, returns where the next begins. times points into the log. */
size_t pdm__funnel_log_get(const pdm__funnel_log *log, size_t at, pdm__funnel_seen *seen);
/* group becomes map[group], −1 stays −1. */
void pdm__funnel_log_regroup(pdm__funnel_log *log, const int32_t *map);
void pdm__funnel_log_clear(pdm_context *context, pdm__funnel_log *log);

/* A trend bucket's counts. */
typedef struct pdm__funnel_bucket {
    int32_t group; /* 0 without breakdown */
    int64_t period;
    int64_t from; /* attempts that reached trend_from */
    int64_t to;   /* of those, that reached trend_to */
} pdm__funnel_bucket;

/* A value of the breakdown; the empty value is `null`. */
typedef struct pdm__funnel_group {
    const char *text; /* UTF-8; integers as decimals; NULL = the empty value */
    size_t length;
} pdm__funnel_group;

/* Sums over all units. */
typedef struct pdm__funnel_totals {
    int64_t units;        /* with a row that satisfies a step */
    int64_t entered;      /* of them, those with an attempt that counts */
    int64_t dropped;      /* subjects removed by exclusions */
    int64_t unattributed; /* subjects in no group (attribution step n) */
    int64_t entries;      /* rows (tie groups) that satisfy step 1 and may start an attempt */
    int64_t attempts;     /* that are counted: entries of the logs */
} pdm__funnel_totals_sums;

/* A session or a value held constant, as shown. */
typedef struct pdm__funnel_shown {
    const char *text; /* borrowed from the state, or `digits` */
    size_t length;
    char digits[24]; /* room for the text of an integer */
} pdm__funnel_shown;

/* All that the tables need. */
typedef struct pdm__funnel_facts {
    const pdm__view *view;
    const struct pdm__funnel_plan *plan;
    pdm__run *run;
    int64_t as_of;
    bool has_groups;
    int32_t group_count;               /* in their order: after breakdown_limit; without breakdown 1 */
    const pdm__funnel_group *groups;   /* [group_count]; NULL without breakdown */
    const pdm__funnel_log *logs;       /* [PDM__PARTITIONS] */
    const pdm__funnel_bucket *buckets; /* by (group, period), merged: each pair at most once */
    size_t bucket_count;
    pdm__funnel_totals_sums sums;
    /* How the session, or the value held constant, of a facet ≥ 0 is shown; false: it has none. Facets are in the order of numbers. */
    bool (*show_facet)(const struct pdm__funnel_facts *facts, size_t partition, int64_t facet, bool session,
                       pdm__funnel_shown *out);
    const struct pdm__funnel_work *work; /* for show_facet */
} pdm__funnel_facts;

/* funnel_tables.c: all tables that the options ask for, in the registry's order. Linear in the logs. */
pdm_status pdm__funnel_tables(const pdm__funnel_facts *facts, pdm_result *result, pdm_error *err);

/* ---- the plan ---- */

/* An event that means something, sorted by key: rows of list steps and exclusions that name it. */
typedef struct pdm__funnel_event {
    uint64_t word;     /* integer events */
    const char *bytes; /* text events */
    uint64_t length;
    uint32_t mask;
    uint32_t exclude;
} pdm__funnel_event;

/* A boolean column that means something. */
typedef struct pdm__funnel_flag {
    int32_t column; /* index of the input column */
    uint32_t mask;
    uint32_t exclude;
} pdm__funnel_flag;

/* How what a row satisfies becomes a code of eight bits. */
enum {
    FUNNEL_PACKED_NOT = 0,
    FUNNEL_PACKED_BITS = 1, /* steps, then exclusions, bit by bit */
    FUNNEL_PACKED_ONE = 2   /* it satisfies one thing at most: its number, 0 = nothing */
};

/* Few int64 codes in a narrow range are looked up in a table. */
#define FUNNEL_CODES 4096

typedef struct pdm__funnel_plan {
    const pdm_funnel_options *options;
    pdm__funnel_rules rules;
    char names[FUNNEL_STEPS][64]; /* of the steps, as shown */
    int32_t event_count;
    pdm__funnel_event *events; /* sorted; */
    bool text_events;
    int64_t code_base;    /* of `codes` */
    size_t code_count;    /* 0 = no table */
    uint64_t *codes;      /* mask | exclude << 32 of integer events code_base … */
    uint8_t *event_codes; /* the same, packed; one past the last is 0 in both */
    int32_t flag_count;
    pdm__funnel_flag *flags;
    uint32_t mask_bits;                 /* steps that the mask column decides */
    uint32_t exclude_bits;              /* exclusions that the exclude column decides */
    int32_t hold_columns[FUNNEL_STEPS]; /* hold_constant = steps: input column of each step */
    bool one_each;                      /* no row satisfies two things */
    int32_t packing;                    /* FUNNEL_PACKED_… */
    uint64_t packed_words[256];         /* what a code satisfies */
    bool keep_foreign;                  /* rows that satisfy nothing matter (strict, sessions by gap, …) */
    bool has_facets;                    /* level 1: session, value held constant, breakdown */
    bool has_session;
    bool has_hold;
    bool has_breakdown;
    int64_t *edges; /* of the histogram */
    int32_t edge_count;
    pdm_column_info *columns; /* input columns with the boolean ones */
    int32_t column_count;
} pdm__funnel_plan;

/* What a row satisfies as a code; plan->packed_words is the way back. */
static inline uint64_t pdm__funnel_code(const pdm__funnel_plan *plan, uint64_t word) {
    if (plan->packing == FUNNEL_PACKED_BITS) return (word | word >> 32 << plan->rules.steps) & 0xFF;
    return word == 0 ? 0 : 1 + (uint64_t)__builtin_ctzll(word);
}

/* funnel_plan.c */
pdm_status pdm__funnel_check(const pdm__setup *setup, int32_t list, pdm_error *err);
size_t pdm__funnel_plan_size(const pdm__setup *setup);
pdm_status pdm__funnel_plan_make(const pdm__setup *setup, pdm__funnel_plan *plan, pdm_error *err);
int pdm__funnel_compare_texts(const char *a, uint64_t a_length, const char *b, uint64_t b_length);
/* funnel_rules.c: options and presets to switches; k, step windows, optional steps and exclusions are set already. */
pdm_status pdm__funnel_rules_make(const pdm_funnel_options *options, pdm__funnel_rules *rules, pdm_error *err);
int32_t pdm__funnel_default_effect(const pdm_funnel_options *options);
/* funnel_state.c */
pdm_status pdm__funnel_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err);
pdm_status pdm__funnel_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err);
pdm_status pdm__funnel_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err);
/* funnel_seal.c */
pdm_status pdm__funnel_seal(const pdm__plan *plan, const pdm__store *store, const pdm__segments *after, pdm__run *run,
                            pdm__store *out, pdm_error *err);
pdm_status pdm__funnel_verify_sealed(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err);
/* funnel_units.c */
pdm_status pdm__funnel_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err);

/* Tables by index. */
enum {
    FUNNEL_TABLE_STEPS,
    FUNNEL_TABLE_DURATIONS,
    FUNNEL_TABLE_HISTOGRAM,
    FUNNEL_TABLE_TREND,
    FUNNEL_TABLE_UNITS,
    FUNNEL_TABLE_TOTALS,
    FUNNEL_TABLES
};
extern const pdm_table_info pdm__funnel_tables_info[FUNNEL_TABLES];

#endif
