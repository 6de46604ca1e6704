/* Deterministic assignment. FNV-1a after Fowler, Noll and Vo; buckets as published by GrowthBook for its SDKs. */
#include <pdmetrics/stats/assign.h>

#include "core/convert.h"
#include "stats/calculator.h"

#include <xxhash.h>

#define MOST_VARIATIONS 1024
#define FNV_START 2166136261U
#define FNV_PRIME 16777619U
#define MILLION 1000000U
#define LONGEST_NUMBER 24

typedef struct text {
    const char *bytes;
    size_t length;
} text;

/* -------------------------------------------------------------------------------------------------------------- hashes */

static uint32_t fnv_step(uint32_t h, uint32_t unit) { return (h ^ unit) * FNV_PRIME; }

/* A code point of valid UTF-8, and how many bytes it has. */
static uint32_t read_point(const unsigned char *c, size_t *size) {
    if (c[0] < 0x80U) {
        *size = 1;
        return c[0];
    }
    if (c[0] < 0xE0U) {
        *size = 2;
        return ((c[0] & 0x1FU) << 6) | (c[1] & 0x3FU);
    }
    if (c[0] < 0xF0U) {
        *size = 3;
        return ((c[0] & 0x0FU) << 12) | ((c[1] & 0x3FU) << 6) | (c[2] & 0x3FU);
    }
    *size = 4;
    return ((c[0] & 0x07U) << 18) | ((c[1] & 0x3FU) << 12) | ((c[2] & 0x3FU) << 6) | (c[3] & 0x3FU);
}

/* Goes on from h over valid UTF-8. */
static uint32_t fnv_text(uint32_t h, text t, int32_t units) {
    const unsigned char *bytes = (const unsigned char *)t.bytes;
    size_t size = 1;
    for (size_t i = 0; i < t.length; i += size) {
        size = 1;
        if (bytes[i] < 0x80U || units == PDM_UNITS_UTF8) {
            h = fnv_step(h, bytes[i]);
            continue;
        }
        uint32_t point = read_point(bytes + i, &size);
        if (units == PDM_UNITS_UTF16 && point >= 0x10000U) {
            h = fnv_step(h, 0xD800U + ((point - 0x10000U) >> 10));
            h = fnv_step(h, 0xDC00U + ((point - 0x10000U) & 0x3FFU));
        } else {
            h = fnv_step(h, point);
        }
    }
    return h;
}

/* Decimal digits, from the end of the buffer. */
static text decimal_of(uint64_t magnitude, bool negative, char buffer[LONGEST_NUMBER]) {
    size_t at = LONGEST_NUMBER;
    do {
        buffer[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (negative) buffer[--at] = '-';
    return (text){buffer + at, LONGEST_NUMBER - at};
}

/* Valid texts to the bucket. */
static double bucket_of(text seed, text id, int32_t hash, int32_t units) {
    if (hash == PDM_BUCKET_XXH3) {
        uint64_t h = XXH3_64bits_withSeed(id.bytes, id.length, XXH3_64bits(seed.bytes, seed.length));
        return (double)(uint64_t)(((pdm__uint128)h * MILLION) >> 64) / MILLION;
    }
    if (hash == PDM_BUCKET_V1) {
        uint32_t h = fnv_text(fnv_text(FNV_START, id, units), seed, units);
        return (double)(h % 1000U) / 1000;
    }
    char buffer[LONGEST_NUMBER];
    uint32_t inner = fnv_text(fnv_text(FNV_START, seed, units), id, units);
    uint32_t outer = fnv_text(FNV_START, decimal_of(inner, false, buffer), PDM_UNITS_UTF8);
    return (double)(outer % 10000U) / 10000;
}

static bool is_valid(text t) { return pdm__is_utf8((const uint8_t *)t.bytes, t.length); }

static pdm_status check_text(text t, const char *name, int64_t row, pdm_error *err) {
    if (is_valid(t)) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_VALUE, row, name, "expected UTF-8, got %zu bytes that are not", t.length);
}

static text text_of(const char *s) { return s == NULL ? (text){"", 0} : (text){s, strlen(s)}; }

pdm_status pdm_fnv1a32(const char *bytes, size_t length, int32_t units, uint32_t *hash, pdm_error *err) {
    text t = {bytes, length};
    PDM__TRY(pdm__check_choice(units, PDM_UNITS_CODEPOINT + 1, "units", err));
    PDM__TRY(check_text(t, "text", -1, err));
    *hash = fnv_text(FNV_START, t, units);
    return PDM_OK;
}

pdm_status pdm_bucket(const char *seed, const char *id, size_t length, int32_t hash, int32_t units, double *n,
                      pdm_error *err) {
    text t = {id, length};
    PDM__TRY(pdm__check_choice(hash, PDM_BUCKET_XXH3 + 1, "hash", err));
    PDM__TRY(pdm__check_choice(units, PDM_UNITS_CODEPOINT + 1, "units", err));
    PDM__TRY(check_text(text_of(seed), "seed", -1, err));
    PDM__TRY(check_text(t, "id", -1, err));
    *n = bucket_of(text_of(seed), t, hash, units);
    return PDM_OK;
}

/* -------------------------------------------------------------------------------------------------------------- ranges */

int32_t pdm_bucket_choose(double n, const pdm_range *ranges, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (n >= ranges[i].low && n < ranges[i].high) return i;
    }
    return -1;
}

static pdm_status check_ranges(const pdm_range *ranges, int32_t count, const char *name, pdm_error *err) {
    for (int32_t i = 0; i < count; i++) {
        if (ranges[i].low >= 0 && ranges[i].low <= ranges[i].high && ranges[i].high <= 1) continue;
        return pdm__fail(err, PDM_E_BAD_OPTION, i, name, "expected 0 <= low <= high <= 1, got %.17g to %.17g",
                         ranges[i].low, ranges[i].high);
    }
    return PDM_OK;
}

static bool overlap(pdm_range a, pdm_range b) {
    return a.low < b.high && b.low < a.high && a.low < a.high && b.low < b.high;
}

static pdm_status check_disjoint(const pdm_range *ranges, int32_t count, pdm_error *err) {
    for (int32_t i = 1; i < count; i++) {
        for (int32_t k = 0; k < i; k++) {
            if (!overlap(ranges[i], ranges[k])) continue;
            return pdm__fail(err, PDM_E_BAD_OPTION, i, "ranges", "range %.17g to %.17g overlaps range %d",
                             ranges[i].low, ranges[i].high, k);
        }
    }
    return PDM_OK;
}

static pdm_status given_ranges(const pdm_assignment *plan, pdm_range *ranges, pdm_error *err) {
    if (plan->range_count != plan->variations) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "ranges", "expected a range for each of %d variations, got %d",
                         plan->variations, plan->range_count);
    }
    PDM__TRY(check_ranges(plan->ranges, plan->range_count, "ranges", err));
    if (!plan->growthbook_compat) PDM__TRY(check_disjoint(plan->ranges, plan->range_count, err));
    memcpy(ranges, plan->ranges, (size_t)plan->range_count * sizeof *ranges);
    return PDM_OK;
}

/* Whether the plan's weights are used, or equal ones. */
static pdm_status check_weights(const pdm_assignment *plan, bool *use, pdm_error *err) {
    double sum = 0;
    *use = false;
    if (plan->weight_count == 0) return PDM_OK;
    if (plan->weight_count != plan->variations) {
        if (plan->growthbook_compat) return PDM_OK;
        return pdm__fail(err, PDM_E_BAD_WEIGHTS, -1, "weights", "expected a weight for each of %d variations, got %d",
                         plan->variations, plan->weight_count);
    }
    for (int32_t i = 0; i < plan->weight_count; i++) {
        sum += plan->weights[i];
        if (plan->weights[i] >= 0 || plan->growthbook_compat) continue;
        return pdm__fail(err, PDM_E_BAD_WEIGHTS, i, "weights", "expected weights of at least 0, got %.17g",
                         plan->weights[i]);
    }
    *use = sum >= 0.99 && sum <= 1.01;
    if (*use || plan->growthbook_compat) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_WEIGHTS, -1, "weights", "expected weights that add up to 1, got %.17g", sum);
}

static pdm_status check_coverage(const pdm_assignment *plan, double *coverage, pdm_error *err) {
    *coverage = plan->coverage;
    if (plan->growthbook_compat) {
        if (*coverage < 0) *coverage = 0;
        if (*coverage > 1) *coverage = 1;
    }
    if (*coverage >= 0 && *coverage <= 1) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "coverage", "expected a share from 0 to 1, got %.17g", plan->coverage);
}

static pdm_status check_plan(const pdm_assignment *plan, pdm_error *err) {
    if (plan->struct_size < sizeof *plan) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size", "expected at least %zu, got %u", sizeof *plan,
                         (unsigned)plan->struct_size);
    }
    if (plan->variations < 1 || plan->variations > MOST_VARIATIONS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "variations", "expected 1 to %d variations, got %d",
                         MOST_VARIATIONS, plan->variations);
    }
    PDM__TRY(pdm__check_choice(plan->hash, PDM_BUCKET_XXH3 + 1, "hash", err));
    PDM__TRY(pdm__check_choice(plan->units, PDM_UNITS_CODEPOINT + 1, "units", err));
    return pdm__check_choice(plan->growthbook_compat, 2, "growthbook_compat", err);
}

pdm_status pdm_bucket_ranges(const pdm_assignment *plan, pdm_range *ranges, pdm_error *err) {
    bool use = false;
    double coverage = 0;
    double start = 0;
    PDM__TRY(check_plan(plan, err));
    if (plan->range_count > 0) return given_ranges(plan, ranges, err);
    PDM__TRY(check_weights(plan, &use, err));
    PDM__TRY(check_coverage(plan, &coverage, err));
    for (int32_t i = 0; i < plan->variations; i++) {
        double weight = use ? plan->weights[i] : 1.0 / plan->variations;
        ranges[i] = (pdm_range){start, start + coverage * weight};
        start += weight;
    }
    return PDM_OK;
}

/* --------------------------------------------------------------------------------------------------------- assignment */

typedef struct prepared {
    const pdm_assignment *plan;
    pdm_range ranges[MOST_VARIATIONS];
} prepared;

static pdm_status check_filters(const pdm_assignment *plan, pdm_error *err) {
    for (int32_t i = 0; i < plan->filter_count; i++) {
        const pdm_bucket_filter *f = &plan->filters[i];
        pdm_status status = pdm__check_choice(f->hash, PDM_BUCKET_XXH3 + 1, "filters", err);
        if (status == PDM_OK) status = check_ranges(f->ranges, f->range_count, "filters", err);
        if (status == PDM_OK) status = check_text(text_of(f->seed), "filters", -1, err);
        if (status == PDM_OK) status = check_text(text_of(f->value), "filters", -1, err);
        if (status == PDM_OK) continue;
        if (err != NULL) err->row = i;
        return status;
    }
    return PDM_OK;
}

static pdm_status prepare(const pdm_assignment *plan, prepared *p, pdm_error *err) {
    p->plan = plan;
    PDM__TRY(pdm_bucket_ranges(plan, p->ranges, err));
    PDM__TRY(check_filters(plan, err));
    PDM__TRY(check_text(text_of(plan->seed), "seed", -1, err));
    PDM__TRY(check_text(text_of(plan->name_space), "name_space", -1, err));
    PDM__TRY(check_text(text_of(plan->holdout_seed), "holdout_seed", -1, err));
    if (plan->name_space != NULL) PDM__TRY(check_ranges(&plan->name_space_range, 1, "name_space_range", err));
    if (plan->holdout_seed == NULL || (plan->holdout_share >= 0 && plan->holdout_share <= 1)) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "holdout_share", "expected a share from 0 to 1, got %.17g",
                     plan->holdout_share);
}

static bool passes(const pdm_bucket_filter *f, text id, int32_t units) {
    text value = f->value == NULL ? id : text_of(f->value);
    return pdm_bucket_choose(bucket_of(text_of(f->seed), value, f->hash, units), f->ranges, f->range_count) >= 0;
}

/* GrowthBook's namespaces: v1 of the id with the seed "__" + name. */
static bool is_in_namespace(const pdm_assignment *plan, text id) {
    uint32_t h = fnv_text(fnv_text(FNV_START, id, plan->units), (text){"__", 2}, plan->units);
    h = fnv_text(h, text_of(plan->name_space), plan->units);
    return pdm_bucket_choose((double)(h % 1000U) / 1000, &plan->name_space_range, 1) == 0;
}

static bool takes_part(const pdm_assignment *plan, text id) {
    for (int32_t i = 0; i < plan->filter_count; i++) {
        if (!passes(&plan->filters[i], id, plan->units)) return false;
    }
    return plan->filter_count > 0 || plan->name_space == NULL || is_in_namespace(plan, id);
}

static pdm_assigned assign(const prepared *p, text id) {
    const pdm_assignment *plan = p->plan;
    pdm_assigned out = {PDM__NAN, -1, PDM_ASSIGN_NO_ID};
    if (id.length == 0) return out;
    out.n = bucket_of(text_of(plan->seed), id, plan->hash, plan->units);
    if (plan->holdout_seed != NULL &&
        bucket_of(text_of(plan->holdout_seed), id, plan->hash, plan->units) < plan->holdout_share) {
        out.reason = PDM_ASSIGN_HOLDOUT;
    } else if (!takes_part(plan, id)) {
        out.reason = PDM_ASSIGN_NOT_IN_NAMESPACE;
    } else {
        out.variation = pdm_bucket_choose(out.n, p->ranges, plan->variations);
        out.reason = out.variation < 0 ? PDM_ASSIGN_NOT_COVERED : PDM_ASSIGN_ASSIGNED;
    }
    return out;
}

pdm_status pdm_assign_texts(const pdm_assignment *plan, const char *bytes, const int64_t *offsets, size_t count,
                            pdm_assigned *out, pdm_error *err) {
    prepared p;
    PDM__TRY(prepare(plan, &p, err));
    if (bytes == NULL) bytes = ""; /* nobody has an id */
    for (size_t i = 0; i < count; i++) {
        if (offsets[i] < 0 || offsets[i + 1] < offsets[i]) {
            return pdm__fail(err, PDM_E_BAD_VALUE, (int64_t)i, "offsets", "expected offsets that rise, got %lld, %lld",
                             (long long)offsets[i], (long long)offsets[i + 1]);
        }
        text id = {bytes + offsets[i], (size_t)(offsets[i + 1] - offsets[i])};
        PDM__TRY(check_text(id, "id", (int64_t)i, err));
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = assign(&p, (text){bytes + offsets[i], (size_t)(offsets[i + 1] - offsets[i])});
    }
    return PDM_OK;
}

pdm_status pdm_assign_integers(const pdm_assignment *plan, const int64_t *ids, size_t count, pdm_assigned *out,
                               pdm_error *err) {
    prepared p;
    PDM__TRY(prepare(plan, &p, err));
    for (size_t i = 0; i < count; i++) {
        char buffer[LONGEST_NUMBER];
        uint64_t magnitude = ids[i] < 0 ? 0 - (uint64_t)ids[i] : (uint64_t)ids[i];
        out[i] = assign(&p, decimal_of(magnitude, ids[i] < 0, buffer));
    }
    return PDM_OK;
}

const char *pdm_assign_reason_name(int32_t reason) {
    static const char *const names[] = {"assigned", "holdout", "not_in_namespace", "not_covered", "no_id"};
    return reason < 0 || reason >= PDM__COUNT(names) ? "unknown" : names[reason];
}
