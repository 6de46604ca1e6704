/* Conformance vectors of bucketing. */
#include "vectors.h"

#include <pdmetrics/stats/assign.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 16
#define UNITS 100000

static void must(pdm_status status, const pdm_error *err) {
    if (status == PDM_OK) return;
    (void)printf("%s: %s\n", err->column, err->message);
    abort();
}

/* hash_version 1 or 2; anything else is passed on to be refused. */
static int32_t hash_of(double version) {
    return version == 1 ? PDM_BUCKET_V1 : version == 2 ? PDM_BUCKET_V2 : (int32_t)version;
}

static double bucket(const char *seed, const char *value, int32_t hash, int32_t units) {
    double n = (double)NAN;
    pdm_error err;
    return pdm_bucket(seed, value, strlen(value), hash, units, &n, &err) == PDM_OK ? n : (double)NAN;
}

static void run_hash(vector_case *c) {
    int32_t hash = hash_of(vector_real(c, "version"));
    vector_check(c, "n", bucket(vector_text(c, "seed"), vector_text(c, "value"), hash, PDM_UNITS_UTF16));
}

static void run_hash_encodings(vector_case *c) {
    static const char *const keys[] = {"utf16_units", "utf8_bytes", "code_points"};
    int32_t hash = hash_of(vector_real(c, "version"));
    for (int32_t units = 0; units < 3; units++) {
        vector_check(c, keys[units], bucket(vector_text(c, "seed"), vector_text(c, "value"), hash, units));
    }
}

static double fnv(const char *text, int32_t units) {
    uint32_t hash = 0;
    pdm_error err;
    must(pdm_fnv1a32(text, strlen(text), units, &hash, &err), &err);
    return hash;
}

static void run_fnv(vector_case *c) {
    const char *units = vector_text(c, "units");
    vector_check(c, "hash",
                 fnv(vector_text(c, "text"), strcmp(units, "utf-8") == 0 ? PDM_UNITS_UTF8 : PDM_UNITS_UTF16));
}

static void run_fnv_encodings(vector_case *c) {
    vector_check(c, "utf16_units", fnv(vector_text(c, "text"), PDM_UNITS_UTF16));
    vector_check(c, "utf8_bytes", fnv(vector_text(c, "text"), PDM_UNITS_UTF8));
    vector_check(c, "code_points", fnv(vector_text(c, "text"), PDM_UNITS_CODEPOINT));
}

static int32_t read_numbers(const json *list, double *out) {
    if (list == NULL || list->type != JSON_LIST) return 0;
    if (list->count > MOST) abort();
    for (size_t i = 0; i < list->count; i++) out[i] = json_number(json_at(list, i));
    return (int32_t)list->count;
}

static int32_t read_ranges(const json *list, pdm_range *out) {
    if (list == NULL) return 0;
    if (list->count > MOST) abort();
    for (size_t i = 0; i < list->count; i++) {
        const json *pair = json_at(list, i);
        out[i] = (pdm_range){json_number(json_at(pair, 0)), json_number(json_at(pair, 1))};
    }
    return (int32_t)list->count;
}

static void run_ranges(vector_case *c) {
    pdm_assignment plan = pdm_assignment_default();
    pdm_range ranges[MOST];
    double weights[MOST];
    double flat[2 * MOST];
    pdm_error err;
    plan.variations = (int32_t)vector_int(c, "n_variations");
    plan.coverage = vector_real(c, "coverage");
    plan.weight_count = read_numbers(json_member(c->in, "weights"), weights);
    plan.weights = weights;
    plan.growthbook_compat = 1;
    must(pdm_bucket_ranges(&plan, ranges, &err), &err);
    for (int32_t i = 0; i < plan.variations; i++) {
        flat[2 * i] = ranges[i].low;
        flat[2 * i + 1] = ranges[i].high;
    }
    vector_check_list(c, "ranges", flat, 2 * (size_t)plan.variations);
}

static void run_equal_weights(vector_case *c) {
    pdm_assignment plan = pdm_assignment_default();
    pdm_range ranges[MOST];
    double weights[MOST];
    pdm_error err;
    plan.variations = (int32_t)vector_int(c, "n");
    if (plan.variations > 0) must(pdm_bucket_ranges(&plan, ranges, &err), &err); /* none have no weights */
    for (int32_t i = 0; i < plan.variations; i++) weights[i] = ranges[i].high - ranges[i].low;
    vector_check_list(c, "weights", weights, (size_t)plan.variations);
}

static void run_choose(vector_case *c) {
    pdm_range ranges[MOST];
    int32_t count = read_ranges(json_member(c->in, "ranges"), ranges);
    vector_check(c, "variation", pdm_bucket_choose(vector_real(c, "n"), ranges, count));
}

static pdm_assigned assign_one(const pdm_assignment *plan, const char *id) {
    const int64_t offsets[2] = {0, (int64_t)strlen(id)};
    pdm_assigned out;
    pdm_error err;
    must(pdm_assign_texts(plan, id, offsets, 1, &out, &err), &err);
    return out;
}

static void read_namespace(const json *list, pdm_assignment *plan) {
    if (list == NULL) return;
    plan->name_space = json_at(list, 0)->text;
    plan->name_space_range = (pdm_range){json_number(json_at(list, 1)), json_number(json_at(list, 2))};
}

static void run_namespace(vector_case *c) {
    pdm_assignment plan = pdm_assignment_default();
    read_namespace(json_member(c->in, "namespace"), &plan);
    vector_check(c, "in", assign_one(&plan, vector_text(c, "id")).reason != PDM_ASSIGN_NOT_IN_NAMESPACE);
}

static void run_assign(vector_case *c) {
    pdm_assignment plan = pdm_assignment_default();
    pdm_bucket_filter filters[MOST];
    pdm_range filter_ranges[MOST][MOST];
    pdm_range ranges[MOST];
    double weights[MOST];
    const json *list = json_member(c->in, "filters");
    plan.growthbook_compat = 1;
    plan.seed = vector_text(c, "seed");
    plan.hash = hash_of(vector_real(c, "hash_version"));
    plan.variations = (int32_t)vector_int(c, "n_variations");
    plan.coverage = vector_real_or(c, "coverage", 1);
    plan.weight_count = read_numbers(json_member(c->in, "weights"), weights);
    plan.weights = weights;
    plan.range_count = read_ranges(json_member(c->in, "ranges"), ranges);
    plan.ranges = ranges;
    read_namespace(json_member(c->in, "namespace"), &plan);
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const json *f = json_at(list, i);
        const json *attribute = json_member(f, "attribute");
        filters[i] = (pdm_bucket_filter){.seed = json_member(f, "seed")->text, .ranges = filter_ranges[i]};
        filters[i].range_count = read_ranges(json_member(f, "ranges"), filter_ranges[i]);
        if (attribute != NULL) {
            filters[i].value = json_member(json_member(c->in, "attributes"), attribute->text)->text;
        }
        plan.filter_count++;
    }
    plan.filters = filters;
    vector_check(c, "variation", assign_one(&plan, vector_text(c, "id")).variation);
}

/* Variations of user_0 … user_99999; the caller frees them. */
static pdm_assigned *assign_users(const pdm_assignment *plan) {
    char *bytes = malloc(UNITS * 10);
    int64_t *offsets = malloc((UNITS + 1) * sizeof *offsets);
    pdm_assigned *out = malloc(UNITS * sizeof *out);
    pdm_error err;
    if (bytes == NULL || offsets == NULL || out == NULL) abort();
    offsets[0] = 0;
    for (int32_t i = 0; i < UNITS; i++) {
        char id[32];
        int length = snprintf(id, sizeof id, "user_%d", i);
        memcpy(bytes + offsets[i], id, (size_t)length);
        offsets[i + 1] = offsets[i] + length;
    }
    must(pdm_assign_texts(plan, bytes, offsets, UNITS, out, &err), &err);
    free(bytes);
    free(offsets);
    return out;
}

static void run_counts(vector_case *c) {
    pdm_assignment plan = pdm_assignment_default();
    double weights[MOST];
    double counts[MOST] = {0};
    double nobody = 0;
    plan.seed = vector_text(c, "seed");
    plan.hash = hash_of(vector_real(c, "version"));
    plan.weight_count = plan.variations = read_numbers(json_member(c->in, "weights"), weights);
    plan.weights = weights;
    pdm_assigned *all = assign_users(&plan);
    for (int32_t i = 0; i < UNITS; i++) {
        if (all[i].variation < 0) {
            nobody++;
        } else {
            counts[all[i].variation]++;
        }
    }
    free(all);
    vector_check_list(c, "counts", counts, (size_t)plan.variations);
    vector_check(c, "unassigned", nobody);
}

static void run_crosstab(vector_case *c) {
    const json *seeds = json_member(c->in, "seeds");
    pdm_assignment plan = pdm_assignment_default();
    pdm_assigned *layers[2];
    double table[4] = {0};
    plan.hash = hash_of(vector_real(c, "version"));
    for (size_t i = 0; i < 2; i++) {
        plan.seed = json_at(seeds, i)->text;
        layers[i] = assign_users(&plan);
    }
    for (int32_t i = 0; i < UNITS; i++) table[2 * layers[0][i].variation + layers[1][i].variation]++;
    free(layers[0]);
    free(layers[1]);
    vector_check_list(c, "table", table, 4);
}

int main(void) {
    static const vector_handler handlers[] = {
        {"gb_hash", run_hash},
        {"gb_hash_encodings", run_hash_encodings},
        {"fnv1a32", run_fnv},
        {"fnv1a32_encodings", run_fnv_encodings},
        {"gb_bucket_ranges", run_ranges},
        {"gb_equal_weights", run_equal_weights},
        {"gb_choose_variation", run_choose},
        {"gb_in_namespace", run_namespace},
        {"gb_assign", run_assign},
        {"gb_assign_counts", run_counts},
        {"gb_layer_crosstab", run_crosstab},
        {"eppo_shard", NULL}, /* a later release */
        {"md5_hex", NULL},
    };
    return vectors_run("experiment/hash_bucketing.json", handlers, sizeof handlers / sizeof *handlers);
}
