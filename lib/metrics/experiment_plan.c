/* From lists to arms, slots and metrics, or a clear refusal. */
#include "metrics/experiment_internal.h"

#include <stdio.h>

enum { ARM_VARIANT, ARM_WEIGHT };

pdm_status pdm__experiment_bad_row(const char *list, int64_t row, const char *what, pdm_error *err) {
    return pdm__fail(err, PDM_E_BAD_OPTION, row, list, "row %lld of list \"%s\": %s", (long long)row, list, what);
}

static pdm_status bad_option(const char *option, const char *what, pdm_error *err) {
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, option, "option \"%s\": %s", option, what);
}

/* ---- options ---- */

static bool is_share(double x) { return x > 0 && x < 1; }

pdm_status pdm__experiment_check(const pdm__setup *setup, int32_t list, pdm_error *err) {
    const pdm_experiment_options *o = setup->options;
    if (list >= 0) return PDM_OK; /* lists name one another: they are read together, see prepare */
    if (!is_share(o->alpha)) return bad_option("alpha", "a number between 0 and 1 expected", err);
    if (!is_share(o->power)) return bad_option("power", "a number between 0 and 1 expected", err);
    if (!is_share(o->credible_level)) return bad_option("credible_level", "a number between 0 and 1 expected", err);
    if (!is_share(o->srm_alpha)) return bad_option("srm_alpha", "a number between 0 and 1 expected", err);
    if (o->primary_share >= 1) return bad_option("primary_share", "a number between 0 and 1 expected", err);
    if (o->adjust == PDM_EXPERIMENT_ADJUST_WEIGHTED && o->primary_share == 0)
        return bad_option("primary_share", "adjust weighted needs the share of alpha of the first metric", err);
    bool two_sided = o->alternative == PDM_TWO_SIDED;
    if (!two_sided && (o->test == PDM_TEST_CHI2_YATES || o->test == PDM_TEST_G))
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "test", "this test is two-sided, alternative is not");
    if (!two_sided && (o->adjust == PDM_EXPERIMENT_ADJUST_DUNNETT || o->horizon == PDM_EXPERIMENT_MSPRT))
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "alternative",
                         "dunnett and msprt are two-sided, alternative is not");
    if (o->adjust == PDM_EXPERIMENT_ADJUST_DUNNETT &&
        (o->horizon != PDM_EXPERIMENT_FIXED || o->comparisons != PDM_EXPERIMENT_VERSUS_CONTROL))
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "adjust",
                         "dunnett compares with one control at a fixed horizon");
    if (o->moments_only != 0 && o->unit_rows != PDM_EXPERIMENT_ONE)
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "moments_only",
                         "moments_only is for one row a unit; parts of units (unit_rows sum) must be kept");
    if (!two_sided && (o->horizon == PDM_EXPERIMENT_ASYMP_CS || o->horizon == PDM_EXPERIMENT_HYBRID) && o->alpha >= 0.5)
        return bad_option("alpha", "one-sided sequences need less than 0.5", err);
    if (o->harm_watch != 0 && o->horizon != PDM_EXPERIMENT_HYBRID)
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "harm_watch",
                         "harm_watch is a kind of horizon hybrid");
    if (o->max_crossover_share > 1) return bad_option("max_crossover_share", "a share expected", err);
    if (o->horizon == PDM_EXPERIMENT_MSPRT && o->tau2 == 0)
        return bad_option("tau2", "msprt needs a mixing variance; see pdm_msprt_tau2()", err);
    bool planned = o->horizon != PDM_EXPERIMENT_FIXED && o->horizon != PDM_EXPERIMENT_MSPRT;
    if (planned && o->planned_n_total <= 0)
        return pdm__fail(err, PDM_E_PLAN_REQUIRED, -1, "planned_n_total",
                         "option \"planned_n_total\": how many units are planned must be given for this horizon");
    return PDM_OK;
}

/* ---- arms ---- */

static bool same_arm(const pdm__experiment_plan *plan, const pdm__experiment_arm *a, const pdm__experiment_arm *b) {
    if (!plan->text_arms) return a->word == b->word;
    return a->length == b->length && memcmp(a->name, b->name, (size_t)a->length) == 0;
}

static pdm_status read_arm(const pdm__list *list, int64_t row, pdm__experiment_plan *plan, pdm_error *err) {
    pdm__experiment_arm *arm = &plan->arms[row];
    arm->word = pdm__list_int(list, ARM_VARIANT, row);
    if (plan->text_arms) {
        arm->name = pdm__list_text(list, ARM_VARIANT, row);
        arm->length = list->cells[ARM_VARIANT].lengths[row];
    } else {
        arm->length = (uint64_t)snprintf(arm->number, sizeof arm->number, "%lld", (long long)arm->word);
        arm->name = arm->number;
    }
    arm->weight = 1;
    if (pdm__list_has(list, ARM_WEIGHT, row)) {
        memcpy(&arm->weight, &list->cells[ARM_WEIGHT].words[row], sizeof arm->weight);
        if (!(arm->weight >= 0)) return pdm__experiment_bad_row("arms", row, "the weight is negative", err);
    }
    plan->weight_sum += arm->weight;
    for (int64_t i = 0; i < row; i++) {
        if (same_arm(plan, &plan->arms[i], arm))
            return pdm__experiment_bad_row("arms", row, "the arm is there already", err);
    }
    return PDM_OK;
}

static pdm_status read_arms(const pdm__setup *setup, pdm__experiment_plan *plan, pdm_error *err) {
    const pdm__list *list = &setup->lists[EXPERIMENT_LIST_ARMS];
    const char *control = plan->options->control;
    if (list->rows < 2 || list->rows > PDM_EXPERIMENT_MAX_ARMS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "arms", "list \"arms\": 2 to %d arms expected, %lld given",
                         PDM_EXPERIMENT_MAX_ARMS, (long long)list->rows);
    }
    plan->text_arms = list->cells[ARM_VARIANT].lengths != NULL;
    plan->arm_count = (int32_t)list->rows;
    for (int64_t row = 0; row < list->rows; row++) PDM__TRY(read_arm(list, row, plan, err));
    if (!(plan->weight_sum > 0 && plan->weight_sum <= 1e300))
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "arms", "list \"arms\": the weights add up to %g",
                         plan->weight_sum);
    for (int32_t a = 0; a < plan->arm_count && control[0] != '\0'; a++) {
        plan->control = a;
        if (strcmp(plan->arms[a].name, control) == 0) return PDM_OK;
    }
    plan->control = 0;
    if (control[0] == '\0') return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "control", "option \"control\": \"%s\" is none of the arms", control);
}

/* ---- input columns ---- */

static pdm_status add_column(pdm__experiment_plan *plan, const char *list, int64_t row, const char *name, int32_t role,
                             int32_t scale, const char *doc, int32_t *out, pdm_error *err) {
    if (name[0] == '\0') return pdm__experiment_bad_row(list, row, "the column's name is empty", err);
    for (int32_t c = EXPERIMENT_COLUMNS; c < plan->column_count; c++) {
        bool same = strcmp(plan->columns[c].name, name) == 0 && plan->columns[c].role == role;
        if (!same || plan->column_scales[c] != scale) continue;
        *out = c;
        return PDM_OK;
    }
    if (plan->column_count == PDM__MAX_COLUMNS)
        return pdm__experiment_bad_row(list, row, "too many columns are named", err);
    plan->columns[plan->column_count] =
        (pdm_column_info){.name = name, .role = role, .required = 1, .nullable = 1, .unit = "", .doc = doc};
    plan->column_scales[plan->column_count] = scale;
    *out = plan->column_count++;
    return PDM_OK;
}

pdm_status pdm__experiment_slot_of(pdm__experiment_plan *plan, const char *list, int64_t row, const char *name,
                                   const pdm__experiment_slot *wanted, int32_t *out, pdm_error *err) {
    pdm__experiment_slot slot = *wanted;
    bool decimal = slot.type == EXPERIMENT_DECIMAL;
    int32_t role = decimal                                       ? PDM_ROLE_MONEY
                   : slot.type == EXPERIMENT_REAL && !slot.whole ? PDM_ROLE_FLOAT
                                                                 : PDM_ROLE_INTEGER;
    PDM__TRY(add_column(plan, list, row, name, role, decimal ? PDM__SCALE(slot.scale) : 0, "Named by the lists.",
                        &slot.column, err));
    for (int32_t s = 0; s < plan->slot_count; s++) {
        pdm__experiment_slot *there = &plan->slots[s];
        if (there->column != slot.column || there->type != slot.type || there->bit != slot.bit) continue;
        there->not_negative |= slot.not_negative;
        there->null_error |= slot.null_error;
        *out = s;
        return PDM_OK;
    }
    if (plan->slot_count == EXPERIMENT_SLOTS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, row, list, "row %lld of list \"%s\": more than %d columns of values",
                         (long long)row, list, EXPERIMENT_SLOTS);
    }
    plan->slots[plan->slot_count] = slot;
    *out = plan->slot_count++;
    return PDM_OK;
}

static pdm_status read_segments(const pdm__setup *setup, pdm__experiment_plan *plan, pdm_error *err) {
    const pdm__list *list = &setup->lists[EXPERIMENT_LIST_SEGMENTS];
    if (list->rows > PDM_EXPERIMENT_MAX_SEGMENTS)
        return pdm__experiment_bad_row("segment_columns", PDM_EXPERIMENT_MAX_SEGMENTS, "more than 8 columns", err);
    for (int64_t row = 0; row < list->rows; row++) {
        int32_t before = plan->column_count;
        PDM__TRY(add_column(plan, "segment_columns", row, pdm__list_text(list, 0, row), PDM_ROLE_KEY, 0,
                            "A segment column.", &plan->segments[row], err));
        if (plan->column_count == before)
            return pdm__experiment_bad_row("segment_columns", row, "the column is there already", err);
    }
    plan->segment_count = (int32_t)list->rows;
    return PDM_OK;
}

static pdm_status read_looks(const pdm__setup *setup, pdm__experiment_plan *plan, pdm_error *err) {
    const pdm__list *list = &setup->lists[EXPERIMENT_LIST_LOOKS];
    if (list->rows > 0 && plan->options->horizon != PDM_EXPERIMENT_GROUP_SEQUENTIAL)
        return pdm__experiment_bad_row("looks", 0, "earlier looks are for horizon group_sequential", err);
    for (int64_t row = 0; row < list->rows; row++) {
        plan->looks[row] = pdm__list_int(list, 0, row);
        if (plan->looks[row] <= (row == 0 ? 0 : plan->looks[row - 1]))
            return pdm__experiment_bad_row("looks", row, "units must be positive and rise from look to look", err);
    }
    plan->look_count = (int32_t)list->rows;
    return PDM_OK;
}

/* ---- what is kept ---- */

static void make_fields(pdm__experiment_plan *plan) {
    static const pdm__field heads[EXPERIMENT_UNIT_WORDS] = {
        [EXPERIMENT_ROWS] = {.name = "rows", .merge = PDM__SUM_COUNT},
        [EXPERIMENT_ARMS] = {.name = "arms", .merge = PDM__OR},
        [EXPERIMENT_NULLS] = {.name = "nulls", .merge = PDM__OR},
        [EXPERIMENT_VALUES] = {.name = "values", .merge = PDM__OR},
    };
    static const pdm__field one[2] = {{.name = "min", .merge = PDM__MIN, .identity = INT64_MAX},
                                      {.name = "max", .merge = PDM__MAX, .identity = INT64_MIN}};
    static const pdm__field parts[2] = {{.name = "low", .merge = PDM__SUM_LIMB},
                                        {.name = "high", .merge = PDM__SUM_LIMB}};
    static const pdm__field bits[2] = {{.name = "any", .merge = PDM__OR}, {.name = "none", .merge = PDM__OR}};
    static const pdm__field sum = {.name = "sum", .merge = PDM__SUM_LIMB};
    if (plan->options->moments_only != 0) {
        plan->field_count = EXPERIMENT_CHUNK;
        for (int32_t f = 0; f < EXPERIMENT_CHUNK; f++) plan->fields[f] = sum;
        return;
    }
    memcpy(plan->fields, heads, sizeof heads);
    plan->field_count = EXPERIMENT_UNIT_WORDS;
    for (int32_t s = 0; s < plan->slot_count; s++, plan->field_count += 2) {
        bool adds = plan->options->unit_rows == PDM_EXPERIMENT_SUM;
        memcpy(&plan->fields[plan->field_count], !adds ? one : plan->slots[s].bit ? bits : parts, sizeof one);
    }
}

static void lay_out_cell(pdm__experiment_plan *plan) {
    plan->cell_words = 1;
    for (int32_t m = 0; m < plan->metric_count; m++) {
        plan->metrics[m].at = plan->cell_words;
        plan->cell_words += pdm__experiment_metric_words(&plan->metrics[m]);
    }
}

static pdm_status check_sums_only(const pdm__experiment_plan *plan, pdm_error *err) {
    int32_t chunks = pdm__experiment_chunks(plan) * (1 + plan->segment_count);
    if (chunks > EXPERIMENT_MOST_CHUNKS) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "moments_only",
                         "too many metrics, covariates and segments for moments_only (%d words for a row); keep units",
                         chunks * EXPERIMENT_CHUNK);
    }
    for (int32_t m = 0; m < plan->metric_count; m++) {
        if (!pdm__experiment_is_winsorised(&plan->metrics[m])) continue;
        return pdm__fail(err, PDM_E_NEEDS_UNITS, m, "metrics",
                         "row %d of list \"metrics\": winsorising needs units, moments_only does not keep them", m);
    }
    return PDM_OK;
}

/* Where a plan keeps its arrays: behind itself. */
typedef struct layout {
    size_t arms;
    size_t metrics;
    size_t looks;
    size_t intervals;
    size_t columns;
    size_t scales;
    size_t fields;
    size_t size;
} layout;

static layout lay_out(const pdm__setup *setup) {
    layout at = {.arms = (sizeof(pdm__experiment_plan) + 15) / 16 * 16};
    at.metrics = at.arms + (size_t)setup->lists[EXPERIMENT_LIST_ARMS].rows * sizeof(pdm__experiment_arm);
    at.looks = at.metrics + (size_t)setup->lists[EXPERIMENT_LIST_METRICS].rows * sizeof(pdm__experiment_metric);
    at.intervals = at.looks + (size_t)setup->lists[EXPERIMENT_LIST_LOOKS].rows * sizeof(int64_t);
    at.columns = at.intervals + (size_t)setup->lists[EXPERIMENT_LIST_INTERVALS].rows * sizeof(pdm__experiment_interval);
    at.scales = at.columns + PDM__MAX_COLUMNS * sizeof(pdm_column_info);
    at.fields = at.scales + PDM__MAX_COLUMNS * sizeof(int32_t);
    at.size = at.fields + (EXPERIMENT_UNIT_WORDS + 2 * EXPERIMENT_SLOTS) * sizeof(pdm__field);
    return at;
}

static pdm_status make_plan(const pdm__setup *setup, pdm__experiment_plan *plan, pdm_error *err) {
    layout at = lay_out(setup);
    uint8_t *base = (uint8_t *)plan;
    plan->options = setup->options;
    plan->arms = (pdm__experiment_arm *)(void *)(base + at.arms);
    plan->metrics = (pdm__experiment_metric *)(void *)(base + at.metrics);
    plan->looks = (int64_t *)(void *)(base + at.looks);
    plan->intervals = (pdm__experiment_interval *)(void *)(base + at.intervals);
    plan->columns = (pdm_column_info *)(void *)(base + at.columns);
    plan->column_scales = (int32_t *)(void *)(base + at.scales);
    plan->fields = (pdm__field *)(void *)(base + at.fields);
    plan->column_count = EXPERIMENT_COLUMNS;
    memcpy(plan->columns, setup->metric->columns, EXPERIMENT_COLUMNS * sizeof *plan->columns);
    PDM__TRY(read_arms(setup, plan, err));
    PDM__TRY(pdm__experiment_read_metrics(setup, plan, err));
    PDM__TRY(read_segments(setup, plan, err));
    PDM__TRY(read_looks(setup, plan, err));
    bool goal = plan->options->required_n == 0;
    for (int32_t m = 0; m < plan->metric_count; m++) goal |= plan->metrics[m].role == EXPERIMENT_GOAL;
    if (!goal) return bad_option("required_n", "a decision needs a goal: role goal in list metrics", err);
    lay_out_cell(plan);
    make_fields(plan);
    return plan->options->moments_only != 0 ? check_sums_only(plan, err) : PDM_OK;
}

static void make_schema(const pdm__experiment_plan *own, pdm__plan *plan) {
    pdm__schema *schema = &plan->schema;
    bool sums = own->options->moments_only != 0;
    schema->levels[0] = (pdm__level){.name = sums ? "sums" : "units",
                                     .fields = own->fields,
                                     .field_count = own->field_count,
                                     .repeat = 1,
                                     .key_kind = sums ? PDM__KEY_BYTES : PDM__KEY_NONE};
    schema->levels[1] = (pdm__level){.name = "segments", .repeat = 1, .key_kind = PDM__KEY_BYTES};
    schema->level_count = own->segment_count > 0 && !sums ? 2 : 1;
    schema->own_words = sums ? EXPERIMENT_CHUNK : EXPERIMENT_RECORD_VALUES + own->slot_count;
    schema->step = sums ? pdm__experiment_step_sums : pdm__experiment_step;
    plan->unit_column = sums ? -1 : EXPERIMENT_UNIT;
    plan->fanout = sums ? pdm__experiment_chunks(own) * (1 + own->segment_count) : 1;
    plan->max_rows = (int64_t)PDM__LIMB_ROWS; /* units become limbs in the result, if not before */
}

pdm_status pdm__experiment_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    plan->own_size = lay_out(setup).size;
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    pdm__experiment_plan *own = plan->own;
    PDM__TRY(make_plan(setup, own, err));
    plan->columns = own->columns;
    plan->column_count = own->column_count;
    plan->scales = own->column_scales;
    plan->use[EXPERIMENT_UNIT] = own->options->moments_only != 0 ? PDM__UNUSED : PDM__REQUIRED;
    for (int32_t c = EXPERIMENT_VARIANT; c < own->column_count; c++) plan->use[c] = PDM__REQUIRED;
    make_schema(own, plan);
    return PDM_OK;
}
