/**
 * @file assign.h
 * @defgroup stats_assign Assignment
 * @ingroup stats
 * @brief Who sees which variant (分流): deterministic assignment from a hash of seed and id. No state, no list of users.
 *
 * The same seed and id give the same variant everywhere and forever. A seed of its own makes a layer (正交层) independent of the others;
 * experiments in one namespace (互斥组) share no user; a holdout (长期留白) is in no experiment. Raising the coverage (5 % → 50 %)
 * keeps everyone where they are; changing weights does not. By default the buckets are those of GrowthBook's JavaScript SDK, also for
 * Chinese ids, where SDKs of one vendor differ because they hash different units of text.
 *
 * Texts are UTF-8. Whole-number ids are hashed as their decimal text.
 * @{
 */
#ifndef PDMETRICS_STATS_ASSIGN_H
#define PDMETRICS_STATS_ASSIGN_H

#include <pdmetrics/stats/result.h>

/** Bucket hash: seed and id to n in [0, 1). */
typedef enum pdm_bucket_hash {
    PDM_BUCKET_V2 = 0, /**< fnv(decimal(fnv(seed + id))) mod 10 000: GrowthBook's hashVersion 2 [default] */
    PDM_BUCKET_V1 =
        1, /**< fnv(id + seed) mod 1000: hashVersion 1, correlates layers with similar seeds; for old assignments */
    PDM_BUCKET_XXH3 =
        2 /**< XXH3 64 of the id, seeded with that of the seed, in millionths: for shares below 0.01 %; always UTF-8 bytes */
} pdm_bucket_hash;

/** What FNV-1a hashes one after the other. ASCII: all the same. */
typedef enum pdm_text_units {
    PDM_UNITS_UTF16 = 0,    /**< UTF-16 code units: JavaScript, Flutter, Kotlin [default] */
    PDM_UNITS_UTF8 = 1,     /**< bytes: Go */
    PDM_UNITS_CODEPOINT = 2 /**< code points: Python */
} pdm_text_units;

/** Why a unit has its variant, or none. */
typedef enum pdm_assign_reason {
    PDM_ASSIGN_ASSIGNED = 0,
    PDM_ASSIGN_HOLDOUT = 1,
    PDM_ASSIGN_NOT_IN_NAMESPACE = 2, /**< or stopped by a filter */
    PDM_ASSIGN_NOT_COVERED = 3,
    PDM_ASSIGN_NO_ID = 4
} pdm_assign_reason;

/** A condition to take part: the unit's bucket under another seed lies in one of the ranges. Frozen. */
typedef struct pdm_bucket_filter {
    const char *seed;        /**< NUL-terminated */
    const char *value;       /**< hashed instead of the id: another attribute of this unit; NULL = the id */
    const pdm_range *ranges; /**< low ≤ n < high */
    int32_t range_count;     /**< entries of `ranges` */
    int32_t hash;            /**< ::pdm_bucket_hash */
} pdm_bucket_filter;

/** An experiment's traffic. Start from pdm_assignment_default(); arrays and texts stay the caller's. */
typedef struct pdm_assignment {
    uint32_t struct_size; /**< sizeof(pdm_assignment) */
    int32_t hash;         /**< ::pdm_bucket_hash */
    int32_t units;        /**< ::pdm_text_units */
    int32_t
        growthbook_compat; /**< 1 = bad weights become equal, coverage is clamped, ranges may overlap, as in its SDKs */
    int32_t variations;    /**< 1 … 1024 */
    int32_t weight_count;  /**< entries of `weights`; 0 = equal weights */
    int32_t range_count;   /**< entries of `ranges`; 0 = from weights and coverage, else `variations` */
    int32_t filter_count;  /**< entries of `filters` */
    const char *seed;      /**< NUL-terminated; NULL = "" */
    const double *weights; /**< one per variation, ≥ 0, together 0.99 … 1.01 */
    double coverage;       /**< share of the traffic that takes part, 0 … 1; default 1 */
    const pdm_range *ranges;          /**< low ≤ n < high, no two overlapping; coverage and weights are not used then */
    const char *name_space;           /**< NULL = none */
    pdm_range name_space_range;       /**< this experiment's part of it */
    const pdm_bucket_filter *filters; /**< all must let the unit pass; they replace the namespace */
    const char *holdout_seed;         /**< NULL = none */
    double holdout_share;             /**< 0 … 1 */
} pdm_assignment;

/** Two variations of equal weight, everybody takes part. */
static inline pdm_assignment pdm_assignment_default(void) {
    pdm_assignment plan;
    memset(&plan, 0, sizeof plan);
    plan.struct_size = (uint32_t)sizeof plan;
    plan.variations = 2;
    plan.coverage = 1;
    return plan;
}

/** What became of a unit. Frozen. */
typedef struct pdm_assigned {
    double n;          /**< its bucket; NaN without an id */
    int32_t variation; /**< from 0; −1 = none */
    int32_t reason;    /**< ::pdm_assign_reason */
} pdm_assigned;

PDM_BEGIN_DECLS

/** FNV-1a, 32 bits, over @p units of the @p length bytes of @p text. Errors: PDM_E_BAD_VALUE (no UTF-8), PDM_E_BAD_OPTION. */
PDM_API pdm_status pdm_fnv1a32(const char *text, size_t length, int32_t units, uint32_t *hash, pdm_error *err);

/** The bucket n in [0, 1) of the @p length bytes of @p id under @p seed (NUL-terminated). Errors as above. */
PDM_API pdm_status pdm_bucket(const char *seed, const char *id, size_t length, int32_t hash, int32_t units, double *n,
                              pdm_error *err);

/**
 * The ranges of a plan's variations: start_i = w_1 + … + w_{i−1}, end_i = start_i + coverage·w_i. @p ranges has room for
 * `variations`. Errors: PDM_E_BAD_WEIGHTS (their number, a negative one, their sum; row), PDM_E_BAD_OPTION (coverage, ranges that
 * overlap or leave [0, 1]; row).
 */
PDM_API pdm_status pdm_bucket_ranges(const pdm_assignment *plan, pdm_range *ranges, pdm_error *err);

/** The first range that holds @p n (low ≤ n < high), −1 if none. */
PDM_EXPORT int32_t pdm_bucket_choose(double n, const pdm_range *ranges, int32_t count);

/**
 * Assigns @p count units: unit i has the bytes @p bytes[@p offsets[i]] … @p bytes[@p offsets[i + 1] − 1]; an empty id gets no_id. All
 * or nothing: an error leaves @p out as it was. O(total length). Errors: as above, PDM_E_BAD_VALUE with the row of an id that is no
 * UTF-8.
 */
PDM_API pdm_status pdm_assign_texts(const pdm_assignment *plan, const char *bytes, const int64_t *offsets, size_t count,
                                    pdm_assigned *out, pdm_error *err);

/** The same for whole-number ids. */
PDM_API pdm_status pdm_assign_integers(const pdm_assignment *plan, const int64_t *ids, size_t count, pdm_assigned *out,
                                       pdm_error *err);

/** "assigned", "holdout" …; "unknown" for a foreign number. Static storage. */
PDM_EXPORT const char *pdm_assign_reason_name(int32_t reason);

PDM_END_DECLS
/** @} */
#endif
