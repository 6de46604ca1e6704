/*
 * How the experiment's parts fit together.
 *
 *   experiment.c                the face: columns, options, lists, registry entry
 *   experiment_results.c        the tables' columns
 *   experiment_plan.c           lists become arms, metrics and slots
 *   experiment_metrics.c        list `metrics`, row by row
 *
 *   experiment_state.c          units: what is kept of a row
 *   experiment_sums.c           sums alone (moments_only)
 *   experiment_block.c          … of a block of rows
 *   experiment_keys.c           segment levels as bytes
 *
 *   experiment_units.c          kept units become sums
 *   experiment_cells.c          sums of a metric, an arm, a group
 *   experiment_caps.c           winsorising
 *   experiment_moments.c        sums become means, variances and covariances
 *
 *   experiment_effects.c        two arms compared
 *   experiment_horizon.c        … while still running
 *   experiment_family.c         several comparisons at once
 *   experiment_tables.c         arms, split, quality, metrics, moments
 *   experiment_effect_tables.c  effects, covariates, heterogeneity
 *   experiment_conclusions.c    margins, looks, decision and reasons
 *   experiment_posterior.c      what is believed of an effect
 *   experiment_best.c           the best of several arms
 */
#ifndef PDM_METRICS_EXPERIMENT_INTERNAL_H
#define PDM_METRICS_EXPERIMENT_INTERNAL_H

#include "core/metric_ops.h"
#include "stats/big.h"

#include <pdmetrics/metrics/experiment.h>
#include <pdmetrics/stats/group_sequential.h>
#include <pdmetrics/stats/mean.h>
#include <pdmetrics/stats/srm.h>

enum { EXPERIMENT_UNIT, EXPERIMENT_VARIANT, EXPERIMENT_COLUMNS };

enum {
    EXPERIMENT_LIST_ARMS,
    EXPERIMENT_LIST_METRICS,
    EXPERIMENT_LIST_COVARIATES,
    EXPERIMENT_LIST_SEGMENTS,
    EXPERIMENT_LIST_LOOKS,
    EXPERIMENT_LIST_PRIORS,
    EXPERIMENT_LIST_INTERVALS,
    EXPERIMENT_LISTS
};

#define EXPERIMENT_SLOTS 56                                   /* value columns kept of a unit */
#define EXPERIMENT_VECTOR (1 + PDM_EXPERIMENT_MAX_COVARIATES) /* columns of one metric */
#define EXPERIMENT_PAIRS (EXPERIMENT_VECTOR * (EXPERIMENT_VECTOR + 1) / 2)

typedef enum experiment_kind {
    EXPERIMENT_CONVERSION = 0,
    EXPERIMENT_COUNT = 1,
    EXPERIMENT_VALUE = 2,
    EXPERIMENT_RATIO = 3
} experiment_kind;

typedef enum experiment_type { EXPERIMENT_INT = 0, EXPERIMENT_DECIMAL = 1, EXPERIMENT_REAL = 2 } experiment_type;

typedef enum experiment_null {
    EXPERIMENT_NULL_ERROR = 0,
    EXPERIMENT_NULL_ZERO = 1,
    EXPERIMENT_NULL_EXCLUDE = 2
} experiment_null;

typedef enum experiment_role { EXPERIMENT_NO_ROLE = 0, EXPERIMENT_GOAL = 1, EXPERIMENT_GUARDRAIL = 2 } experiment_role;

typedef struct pdm__experiment_arm {
    const char *name; /* in a list, or in `number` */
    int64_t word;     /* arms that are integers */
    uint64_t length;
    double weight;
    char number[24];
} pdm__experiment_arm;

/* A value column that is kept of a unit; metrics share those they have in common. */
typedef struct pdm__experiment_slot {
    int32_t column; /* of the plan */
    experiment_type type;
    int32_t scale; /* decimal places */
    bool whole;    /* of type REAL, but read as an integer */
    bool bit;      /* 0 or 1; parts are or-ed */
    bool not_negative;
    bool null_error;
} pdm__experiment_slot;

typedef struct pdm__experiment_metric {
    const char *name;
    experiment_kind kind;
    experiment_type type; /* of its columns, if they are not winsorised */
    int32_t scale;
    int32_t columns;                   /* k */
    int32_t slots[EXPERIMENT_VECTOR];  /* numerator, denominator of a ratio, covariates */
    int32_t scales[EXPERIMENT_VECTOR]; /* decimal places of each: a value is its integer / 10^places */
    int32_t covariates;                /* of a ratio: 1 is a pair of columns */
    experiment_null null_value;
    experiment_null covariate_null;
    bool lower_is_better;
    double winsor_low;  /* 0 = off */
    double winsor_high; /* 1 = off */
    bool ignore_zeros;
    int32_t family;
    bool unadjusted; /* a guardrail without a family: all must pass */
    experiment_role role;
    bool has_margin;
    bool margin_is_difference;
    bool drop_on_harm;
    double margin;
    double equivalence; /* 0 = none */
    bool has_prior;
    double prior_a, prior_b;     /* of a conversion */
    double prior_mean, prior_sd; /* of another metric's effect; sd 0 = flat */
    bool prior_is_difference;
    /* where its sums stand among the words of a cell */
    int32_t at;
} pdm__experiment_metric;

/* Words of a metric in a cell: counts, then limbs of the sums, then limbs of the sums of products (i ≤ j). */
enum {
    EXPERIMENT_N,
    EXPERIMENT_EXCLUDED,        /* units without a value */
    EXPERIMENT_COVARIATE_NULLS, /* units whose covariate is null and counts as 0 */
    EXPERIMENT_CAPPED_LOW,      /* values of the first column that were raised to the cap, lowered to it */
    EXPERIMENT_CAPPED_HIGH,
    EXPERIMENT_COUNTS
};

/* What an earlier look said of a comparison. */
typedef struct pdm__experiment_interval {
    int32_t metric;
    int32_t pair;
    double low, high;
    double p; /* 1 = not given */
} pdm__experiment_interval;

typedef struct pdm__experiment_plan {
    const pdm_experiment_options *options;
    pdm__experiment_arm *arms;
    int32_t arm_count;
    int32_t control;
    bool text_arms;
    double weight_sum;
    pdm__experiment_metric *metrics;
    int32_t metric_count;
    pdm__experiment_slot slots[EXPERIMENT_SLOTS];
    int32_t slot_count;
    int32_t segments[PDM_EXPERIMENT_MAX_SEGMENTS]; /* columns of the plan */
    int32_t segment_count;
    const char *families[PDM_EXPERIMENT_MAX_METRICS];
    int32_t family_count;
    int32_t cell_words;                  /* units, then the words of each metric */
    int64_t *looks;                      /* units so far at each look, rising */
    pdm__experiment_interval *intervals; /* of earlier looks */
    int32_t interval_count;
    int32_t look_count;
    pdm_column_info *columns;
    int32_t column_count;
    int32_t *column_scales;
    pdm__field *fields; /* of a unit */
    int32_t field_count;
} pdm__experiment_plan;

/*
 * Words of a unit: rows, set of arms, slots with a null, slots with a value, then each slot's (min and max, or sums).
 */
enum { EXPERIMENT_ROWS, EXPERIMENT_ARMS, EXPERIMENT_NULLS, EXPERIMENT_VALUES, EXPERIMENT_UNIT_WORDS };

/* Words of a record, after the keys. */
enum { EXPERIMENT_RECORD_ARM, EXPERIMENT_RECORD_NULLS, EXPERIMENT_RECORD_VALUES };

static inline bool pdm__experiment_is_winsorised(const pdm__experiment_metric *m) {
    return m->winsor_low > 0 || m->winsor_high < 1;
}

/* Whether the metric's sums are those of doubles. */
static inline bool pdm__experiment_is_real(const pdm__experiment_metric *m) {
    return m->type == EXPERIMENT_REAL || pdm__experiment_is_winsorised(m);
}

static inline int32_t pdm__experiment_limbs(const pdm__experiment_metric *m) {
    return pdm__experiment_is_real(m) ? PDM__REAL_LIMBS : PDM__INT_LIMBS;
}
static inline int32_t pdm__experiment_product_limbs(const pdm__experiment_metric *m) {
    return pdm__experiment_is_real(m) ? PDM__REAL_PRODUCT_LIMBS : PDM__INT_PRODUCT_LIMBS;
}

/* Position of the pair (i, j), i ≤ j, of k columns. */
static inline int32_t pdm__experiment_pair(int32_t i, int32_t j, int32_t k) { return i * k - i * (i - 1) / 2 + j - i; }

static inline int64_t *pdm__experiment_sum(const pdm__experiment_metric *m, int64_t *words, int32_t i) {
    return words + EXPERIMENT_COUNTS + i * pdm__experiment_limbs(m);
}
static inline int64_t *pdm__experiment_product(const pdm__experiment_metric *m, int64_t *words, int32_t pair) {
    return words + EXPERIMENT_COUNTS + m->columns * pdm__experiment_limbs(m) + pair * pdm__experiment_product_limbs(m);
}
static inline int32_t pdm__experiment_metric_words(const pdm__experiment_metric *m) {
    return EXPERIMENT_COUNTS + m->columns * pdm__experiment_limbs(m) +
           m->columns * (m->columns + 1) / 2 * pdm__experiment_product_limbs(m);
}

/* ---- plan ---- */

pdm_status pdm__experiment_check(const pdm__setup *setup, int32_t list, pdm_error *err);
pdm_status pdm__experiment_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err);
/* Rows of list `metrics` and `covariates`. */
pdm_status pdm__experiment_read_metrics(const pdm__setup *setup, pdm__experiment_plan *plan, pdm_error *err);
/* Slot of an input column of that type; makes one if there is none. */
pdm_status pdm__experiment_slot_of(pdm__experiment_plan *plan, const char *list, int64_t row, const char *name,
                                   const pdm__experiment_slot *wanted, int32_t *out, pdm_error *err);
pdm_status pdm__experiment_bad_row(const char *list, int64_t row, const char *what, pdm_error *err);

/* ---- rows ---- */

pdm_status pdm__experiment_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err);
pdm_status pdm__experiment_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err);
void pdm__experiment_step(const pdm__step_args *args);

/* Arm of each row; PDM_E_BAD_VALUE names the row and value of a variant that is no arm. */
pdm_status pdm__experiment_find_arms(const pdm__experiment_plan *plan, const pdm__block *block, uint64_t *arms,
                                     pdm_error *err);
/* Whether a slot takes integers that together have these bits. */
static inline bool pdm__experiment_takes(const pdm__experiment_slot *slot, uint64_t seen) {
    return (seen & ~(slot->bit ? 1 : slot->not_negative ? (uint64_t)INT64_MAX : UINT64_MAX)) == 0;
}

/* A slot's column row by row: integers, or doubles in an order of their own. Bit s of `nulls` is set where there is no
 * value. Errors name row and column. */
pdm_status pdm__experiment_slot_column(const pdm__experiment_plan *plan, int32_t s, const pdm__block *block,
                                       uint64_t *words, uint64_t *nulls, pdm_error *err);

/*
 * A segment level as bytes whose order is that of the levels: a kind (null, integer, text), then an integer's eight
 * bytes, or a text. Where several stand side by side texts are preceded by their length.
 */
enum { EXPERIMENT_LEVEL_NULL = 0, EXPERIMENT_LEVEL_INT = 1, EXPERIMENT_LEVEL_UINT = 2, EXPERIMENT_LEVEL_TEXT = 3 };
typedef struct pdm__experiment_level {
    const uint8_t *bytes; /* kind and value, as a key */
    uint32_t length;
} pdm__experiment_level;

size_t pdm__experiment_level_size(const pdm__cells *cells, size_t row);
uint8_t *pdm__experiment_level_put(const pdm__cells *cells, size_t row, uint8_t *to);
/*
 * Several levels behind each other, each with its length (four bytes) before it; false if that is not what the bytes
 * are.
 */
bool pdm__experiment_levels_split(const uint8_t *bytes, uint32_t length, int32_t count, pdm__experiment_level *levels);
bool pdm__experiment_level_valid(const uint8_t *bytes, uint32_t length);
/* As text for a table; false = null. `buffer` has room for 24 bytes. */
bool pdm__experiment_level_text(const pdm__experiment_level *level, char *buffer, const char **text, size_t *length);

/*
 * moments_only: an entry holds EXPERIMENT_CHUNK words of a cell; its key is the group (0, or the dimension + 1 and the
 * level), the arm and the number of the chunk (two bytes).
 */
#define EXPERIMENT_CHUNK 32
#define EXPERIMENT_MOST_CHUNKS 512 /* of a cell, for all groups of a row together */
typedef struct pdm__experiment_chunk {
    int32_t dimension; /* −1 = all units */
    pdm__experiment_level level;
    int32_t arm;
    int32_t number;
} pdm__experiment_chunk;

pdm_status pdm__experiment_select_sums(const pdm__plan *plan, const pdm__block *block, pdm__records *out,
                                       pdm_error *err);
void pdm__experiment_step_sums(const pdm__step_args *args);
pdm_status pdm__experiment_verify_sums(const pdm__plan *plan, const pdm__store *store, pdm_error *err);
bool pdm__experiment_chunk_read(const pdm__experiment_plan *plan, const pdm__key *key, pdm__experiment_chunk *out);
static inline int32_t pdm__experiment_chunks(const pdm__experiment_plan *plan) {
    return (plan->cell_words + EXPERIMENT_CHUNK - 1) / EXPERIMENT_CHUNK;
}

/* ---- sums ---- */

/* All units together (dimension −1), or a level of a segment column. */
typedef struct pdm__experiment_group {
    int32_t dimension;
    pdm__experiment_level level;
} pdm__experiment_group;

/* A set of arms that units were seen in. */
typedef struct pdm__experiment_crossing {
    uint64_t arms;
    int64_t units;
} pdm__experiment_crossing;

typedef struct pdm__experiment_caps {
    bool low_on, high_on;
    double low, high;
} pdm__experiment_caps;

/* What a result is made from. */
typedef struct pdm__experiment_work {
    const pdm__view *view;
    pdm__run *run;
    const pdm__experiment_plan *plan;
    pdm_context *context;
    pdm_result *result;
    pdm__arena keys_arena;
    pdm__keymap keys;  /* dimension and level → id */
    uint32_t *rank_of; /* id → group; NULL until they are in order */
    int32_t level_counts[PDM_EXPERIMENT_MAX_SEGMENTS];
    pdm__experiment_group *groups; /* in order; the first is all units */
    int32_t group_count;
    int32_t first_of[PDM_EXPERIMENT_MAX_SEGMENTS + 1]; /* first group of a dimension; the last entry is group_count */
    int64_t *cells;                                    /* [group][arm][cell_words] */
    int64_t duplicate_rows;
    int64_t conflicts;
    int64_t segment_conflicts;
    int64_t crossovers;
    int64_t all_units;
    pdm__experiment_crossing *crossings;
    int32_t crossing_count;
    int32_t crossing_capacity;
    pdm__experiment_caps caps[PDM_EXPERIMENT_MAX_METRICS][EXPERIMENT_VECTOR];
    pdm_srm split;                        /* of all units */
    int8_t kept[PDM_EXPERIMENT_MAX_ARMS]; /* against the control; -1: not decided */
} pdm__experiment_work;

static inline int64_t *pdm__experiment_cell(const pdm__experiment_work *work, int32_t group, int32_t arm,
                                            int32_t metric) {
    size_t cell = (size_t)group * (size_t)work->plan->arm_count + (size_t)arm;
    return work->cells + cell * (size_t)work->plan->cell_words + work->plan->metrics[metric].at;
}
static inline int64_t pdm__experiment_units(const pdm__experiment_work *work, int32_t group, int32_t arm) {
    size_t cell = (size_t)group * (size_t)work->plan->arm_count + (size_t)arm;
    return work->cells[cell * (size_t)work->plan->cell_words];
}

/* Finds groups, caps and sums. */
pdm_status pdm__experiment_gather_units(pdm__experiment_work *work, pdm_error *err);
pdm_status pdm__experiment_gather_sums(pdm__experiment_work *work, pdm_error *err);
/*
 * Groups: notes a level while they are collected (id in `keys`), then puts them in order and makes room for their sums.
 */
pdm_status pdm__experiment_note_level(pdm__experiment_work *work, int32_t dimension, const pdm__experiment_level *level,
                                      uint32_t *id, pdm_error *err);
pdm_status pdm__experiment_order_groups(pdm__experiment_work *work, pdm_error *err);
void pdm__experiment_release(pdm__experiment_work *work);

/* Values of one unit for one metric. */
typedef struct pdm__experiment_values {
    int64_t whole[EXPERIMENT_VECTOR];
    double real[EXPERIMENT_VECTOR];
    bool covariate_null;
    bool excluded;
} pdm__experiment_values;

/* Adds a unit's values to the words of its metric; caps may be NULL. */
void pdm__experiment_add(const pdm__experiment_metric *m, pdm__experiment_values *values,
                         const pdm__experiment_caps *caps, int64_t *words);
/* Values of a metric from a unit's or record's slots: a word each, and the set of those that are null. */
void pdm__experiment_values_of(const pdm__experiment_plan *plan, const pdm__experiment_metric *m, const int64_t *slots,
                               uint64_t nulls, pdm__experiment_values *out);

/* Both at once. */
void pdm__experiment_add_slots(const pdm__experiment_plan *plan, const pdm__experiment_metric *m, const int64_t *slots,
                               uint64_t nulls, const pdm__experiment_caps *caps, int64_t *words);

/* Bits of doubles as integers in the same order, and back; −0 is 0. */
static inline int64_t pdm__experiment_ordered(double value) {
    int64_t bits = 0;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}
static inline double pdm__experiment_unordered(int64_t word) {
    int64_t bits = word < 0 ? word ^ INT64_MAX : word;
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Caps of the winsorised metrics, from the values of all units. */
pdm_status pdm__experiment_find_caps(pdm__experiment_work *work, pdm_error *err);
/* The unit's slots as words; false: it is a crossover or in conflict. */
typedef enum experiment_unit_state {
    EXPERIMENT_UNIT_GOOD,
    EXPERIMENT_UNIT_CROSSOVER,
    EXPERIMENT_UNIT_CONFLICT
} experiment_unit_state;
experiment_unit_state pdm__experiment_unit_read(const pdm__experiment_plan *plan, const int64_t *words, int64_t *slots,
                                                uint64_t *nulls, int32_t *arm);
/* Parts of units leave int64: names the first slot that does, −1 if none. */
int32_t pdm__experiment_unit_overflows(const pdm__experiment_plan *plan, const int64_t *words);

/* ---- moments ---- */

/* Of a metric in an arm and group, in the input's own unit. Without enough units members are NaN. */
typedef struct pdm__experiment_moments {
    int64_t n;
    int64_t successes; /* conversions */
    double mean;       /* of a ratio: the ratio */
    double variance;   /* of a unit */
    /* covariates: means, variances and covariances of the (linearised) columns */
    double covariate_means[PDM_EXPERIMENT_MAX_COVARIATES];
    double covariances[PDM_EXPERIMENT_MAX_COVARIATES]; /* with the metric */
    double matrix[PDM_EXPERIMENT_MAX_COVARIATES][PDM_EXPERIMENT_MAX_COVARIATES];
} pdm__experiment_moments;

void pdm__experiment_moments_of(const pdm__experiment_work *work, int32_t group, int32_t arm, int32_t metric,
                                pdm__experiment_moments *out);

/* ---- effects ---- */

/* A comparison of two arms. */
typedef struct pdm__experiment_pair_of_arms {
    int32_t control;
    int32_t treatment;
} pdm__experiment_pair_of_arms;

typedef struct pdm__experiment_effect {
    int32_t group, metric;
    pdm__experiment_pair_of_arms arms;
    pdm__experiment_moments control, treatment;
    bool is_score;    /* counts and score intervals, not means */
    bool by_sequence; /* statistics hold at any look */
    double level;
    double critical;
    double diff, se, df, statistic, p, log_p, low, high;
    int32_t status;
    pdm_lift lift;
    double theta, variance_reduction, balance_p;
    double thetas[PDM_EXPERIMENT_MAX_COVARIATES]; /* NaN = dropped */
    double p_adjusted, level_adjusted, adj_low, adj_high;
    bool significant;
    uint32_t warnings;
    double power, mde;
    pdm_mean_effect mean; /* not is_score */
} pdm__experiment_effect;

/* All of them: [group][metric][pair]. */
typedef struct pdm__experiment_effects {
    pdm__experiment_effect *items;
    int32_t metrics;
    int32_t pairs;
} pdm__experiment_effects;
pdm__experiment_effect *pdm__experiment_effect_at(const pdm__experiment_effects *all, int32_t group, int32_t metric,
                                                  int32_t pair);

enum {
    EXPERIMENT_WARN_LOW_EXPECTED = 1,
    EXPERIMENT_WARN_P_EXACT = 2,
    EXPERIMENT_WARN_IMBALANCE = 4,
    EXPERIMENT_WARN_CUPED_OFF = 8,
    EXPERIMENT_WARN_COVARIATE_DROPPED = 16
};

/* What an effect has to clear at `alpha`: a level, a critical value (z > 0), or a sequence at that level. */
typedef struct pdm__experiment_bar {
    double alpha;
    double z;
    bool sequence;
} pdm__experiment_bar;

/* Compares the arms of an effect, whose group, metric and arms are given, at option `alpha`. */
pdm_status pdm__experiment_compare(const pdm__experiment_work *work, pdm__experiment_effect *e, pdm_error *err);
/* Without power and smallest detectable effect, which are dear. */
pdm_status pdm__experiment_compare_only(const pdm__experiment_work *work, pdm__experiment_effect *e, pdm_error *err);
/* Once compared, the same at another alpha. */
pdm_status pdm__experiment_compare_at(const pdm__experiment_work *work, double alpha, pdm__experiment_effect *e,
                                      pdm_error *err);
pdm_status pdm__experiment_bar_at(const pdm__experiment_work *work, const pdm__experiment_effect *e, double alpha,
                                  pdm__experiment_bar *bar, pdm_error *err);
/* Statistics and intervals become those of a sequence at `alpha`. */
pdm_status pdm__experiment_as_sequence(const pdm__experiment_work *work, double alpha, pdm__experiment_effect *e,
                                       pdm_error *err);
int64_t pdm__experiment_pair_units(const pdm__experiment_work *work, pdm__experiment_pair_of_arms arms);
/* The bound of the look at `units` units, after those of list `looks`. */
pdm_status pdm__experiment_look(const pdm__experiment_work *work, int64_t units, double alpha, pdm_look *look,
                                pdm_error *err);
/*
 * The same sums, compared another way: work->plan->options may be changed. Free with pdm__experiment_vary_end().
 */
typedef struct pdm__experiment_variation {
    pdm__experiment_work work;
    pdm__experiment_plan plan;
    pdm_experiment_options options;
} pdm__experiment_variation;
pdm_status pdm__experiment_vary(const pdm__experiment_work *work, pdm__experiment_variation **out, pdm_error *err);
void pdm__experiment_vary_end(pdm__experiment_variation *variation);
/* The pair's number of comparisons, and the nth. */
int32_t pdm__experiment_pairs(const pdm__experiment_plan *plan);
pdm__experiment_pair_of_arms pdm__experiment_nth_pair(const pdm__experiment_plan *plan, int32_t nth);
/* Adjusts effects[0..count) of one family. */
pdm_status pdm__experiment_adjust(const pdm__experiment_work *work, pdm__experiment_effect **effects, size_t count,
                                  int32_t method, pdm_error *err);

/* ---- tables ---- */

enum {
    EXPERIMENT_TABLE_EFFECTS,
    EXPERIMENT_TABLE_DECISION,
    EXPERIMENT_TABLE_REASONS,
    EXPERIMENT_TABLE_METRICS,
    EXPERIMENT_TABLE_ARMS,
    EXPERIMENT_TABLE_SRM,
    EXPERIMENT_TABLE_SRM_ARMS,
    EXPERIMENT_TABLE_QUALITY,
    EXPERIMENT_TABLE_CROSSOVERS,
    EXPERIMENT_TABLE_MOMENTS,
    EXPERIMENT_TABLE_COVARIATES,
    EXPERIMENT_TABLE_HETEROGENEITY,
    EXPERIMENT_TABLE_MARGINS,
    EXPERIMENT_TABLE_LOOKS,
    EXPERIMENT_TABLE_BEST,
    EXPERIMENT_TABLE_POSTERIOR,
    EXPERIMENT_TABLES
};
extern const pdm_table_info pdm__experiment_tables[EXPERIMENT_TABLES];

pdm_status pdm__experiment_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err);
pdm_status pdm__experiment_put_sample(pdm__experiment_work *work, pdm_error *err);  /* arms, quality, crossovers */
pdm_status pdm__experiment_put_moments(pdm__experiment_work *work, pdm_error *err); /* moments, metrics */
pdm_status pdm__experiment_put_effects(pdm__experiment_work *work, pdm_error *err);
pdm_status pdm__experiment_put_conclusions(pdm__experiment_work *work, const pdm__experiment_effects *all,
                                           pdm_error *err);
pdm_status pdm__experiment_put_best(pdm__experiment_work *work, pdm_error *err); /* after the conclusions */
pdm_status pdm__experiment_put_posteriors(pdm__experiment_work *work, const pdm__experiment_effects *all,
                                          pdm_error *err);
/* Each arm's chance to be the best in a metric, all units together, and expected loss; NaN where they cannot be said. */
pdm_status pdm__experiment_chances(const pdm__experiment_work *work, int32_t metric, double *prob_best, double *loss,
                                   pdm_error *err);
/* A number, NaN = null; a text, NULL = null. */
pdm_status pdm__experiment_put(pdm_table *table, int32_t column, int64_t row, double value, pdm_error *err);
pdm_status pdm__experiment_put_text(pdm_table *table, int32_t column, int64_t row, const char *text, pdm_error *err);
/* segment_dim, segment in columns 0 and 1: null for all units. */
pdm_status pdm__experiment_put_group(const pdm__experiment_work *work, pdm_table *table, int64_t row, int32_t group,
                                     pdm_error *err);

#endif
