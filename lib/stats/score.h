/*
 * Scoring a population: from values to classes 1…k by a named policy, exactly. Knows numbers only.
 * All comparisons are made in integers (128-bit where needed); ties beyond the value are broken by position, so the
 * caller hands the values over in canonical order.
 */
#ifndef PDM_STATS_SCORE_H
#define PDM_STATS_SCORE_H

#include "core/base.h"
#include "core/parallel.h"

#define PDM__SCORE_MAX_CLASSES 10

typedef enum pdm__score_policy {
    PDM__SCORE_MIDRANK = 1,
    PDM__SCORE_PCT_RANK = 2,
    PDM__SCORE_NTILE = 3,
    PDM__SCORE_RANK_FIRST = 4,
    PDM__SCORE_QUANTILE_RIGHT = 5,
    PDM__SCORE_QUANTILE_RFM_R = 6,
    PDM__SCORE_FIXED = 7,
    PDM__SCORE_SPLIT = 9
} pdm__score_policy;

typedef enum pdm__score_ties { PDM__SCORE_TIES_AVG, PDM__SCORE_TIES_MIN, PDM__SCORE_TIES_MAX } pdm__score_ties;
typedef enum pdm__score_split_by {
    PDM__SCORE_SPLIT_MEAN = 1,
    PDM__SCORE_SPLIT_MEDIAN = 2,
    PDM__SCORE_SPLIT_VALUE = 3
} pdm__score_split_by;

/* How one dimension is scored. */
typedef struct pdm__score_rule {
    int32_t policy;          /* pdm__score_policy */
    int32_t k;               /* classes, 2…10 (split: 2; a frozen rule: also 1, and 0 = no scores) */
    int32_t ties;            /* pct_rank */
    int32_t drop_duplicates; /* quantile_right: 1 = equal edges merge, 0 = they are an error */
    int32_t split_by;        /* split */
    int32_t inclusive;       /* split: 1 = a value on the split is high (ge), 0 = not (gt) */
    int32_t smaller_better;  /* 1: R days. Score = k' + 1 − class; split: high iff v < split (≤ if inclusive) */
    int64_t delta;           /* quantile_rfm_r */
    int64_t split_value;     /* split by value */
    int32_t cut_count;       /* fixed: k − 1, or fewer: nothing reaches the classes above */
    int64_t cuts[PDM__SCORE_MAX_CLASSES - 1]; /* fixed: non-decreasing */
} pdm__score_rule;

/* One class of the population. */
typedef struct pdm__score_class {
    int32_t class_number; /* 1…k, by rising value */
    int32_t score;        /* what its members get */
    int64_t customers;    /* members */
    int64_t value_min;    /* of the members; undefined if there are none */
    int64_t value_max;
    int64_t cut;  /* smallest value of the population in this class or a higher one; none: largest value + 1 */
    bool has_cut; /* false for class 1 and for an empty population */
} pdm__score_class;

typedef struct pdm__score_classes {
    int32_t count; /* k, or fewer after dropped duplicates, or 0 (all equal: scores are null) */
    pdm__score_class classes[PDM__SCORE_MAX_CLASSES];
    bool has_split;              /* split policy and a population */
    pdm__int128 split_numerator; /* the split is numerator / denominator, exactly */
    int64_t split_denominator;
} pdm__score_classes;

/*
 * Scores values[0..n) into scores[0..n) (1…k; 0 = no score: dropped duplicates left no class) and describes the
 * classes. members == NULL scores all; otherwise only positions members[0..n) of `values`/`scores` (ascending), for
 * nested scoring. O(n) (selection by histogram, no full sort). Results do not depend on the run's threads.
 * Errors: PDM_E_DUPLICATE_EDGES (column "r"/"f"/"m" is `name`), PDM_E_NOMEM, PDM_E_LIMIT (also more than 2^32 − 1
 * values), PDM_E_STOPPED; then the scores are undefined.
 */
pdm_status pdm__score(pdm__run *run, const pdm__score_rule *rule, const char *name, const int64_t *values,
                      const uint32_t *members, size_t n, int32_t *scores, pdm__score_classes *out, pdm_error *err);

/*
 * The rule that gives later populations the scores of this one: the cuts as `fixed`; for split the split itself (by
 * value, exact for integers) as `fixed` with the one cut that has the same effect. A population of nobody has no cuts:
 * the rule itself comes back.
 * Not for ntile and rank_first, which split ties (the caller refuses them).
 */
void pdm__score_freeze(const pdm__score_rule *rule, const pdm__score_classes *classes, pdm__score_rule *out);

#define PDM__LADDER_MAX_STEPS 64

/*
 * Steps from the top by shares: position i gets the first step whose cumulative share exceeds (2G + E)/(2n), G =
 * number larger, E = number equal. shares are read as their shortest decimals and must sum to exactly 1. step gets 0 …
 * count−1 (0 = the top), lowest[s] the smallest value in step s (has[s] false if empty). Errors: PDM_E_BAD_OPTION (a
 * share not in (0, 1] or of more than 22 decimal places, a sum other than 1, more than PDM__LADDER_MAX_STEPS shares;
 * row = the share), PDM_E_NOMEM, PDM_E_LIMIT, PDM_E_STOPPED.
 */
pdm_status pdm__ladder_share(pdm__run *run, const int64_t *values, size_t n, const double *shares, int32_t count,
                             int32_t *step, int64_t *lowest, bool *has, pdm_error *err);

#endif
