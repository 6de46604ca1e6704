/* What list `models` asks for. */
#include "metrics/attribution_internal.h"

#include <math.h>
#include <stdio.h>

enum {
    MODEL_MODEL,
    MODEL_NAME,
    MODEL_ORDER,
    MODEL_IGNORE_NULLS,
    MODEL_SELF_TRANSITIONS,
    MODEL_WORTH,
    MODEL_REPEATS,
    MODEL_FIRST,
    MODEL_MIDDLE,
    MODEL_LAST,
    MODEL_TWO_TOUCH,
    MODEL_HALF_LIFE,
    MODEL_MODE,
    MODEL_AGE_FROM,
    MODEL_ANCHOR,
    MODEL_COLUMNS
};
enum { WEIGHT_MODEL, WEIGHT_POSITION, WEIGHT_MARK, WEIGHT_WEIGHT };

#define WEEK_US INT64_C(604800000000)
#define MOST_POSITIONS 65535

#define BIT(column) (UINT32_C(1) << (column))
#define POSITIONS (BIT(MODEL_FIRST) | BIT(MODEL_MIDDLE) | BIT(MODEL_LAST) | BIT(MODEL_TWO_TOUCH))

/* A word of list models: what it is, what it may be told, and what is fixed about it. */
typedef struct word {
    const char *name;
    int32_t kind;
    uint32_t columns;
    double first;
    double middle;
    double last;
    const char *marks[3]; /* w_shaped, full_path: weights of marks by name */
    double mark;
    double rest;
} word;

static const word words[] = {
    {.name = "first_touch", .kind = ATTRIBUTION_FIRST_TOUCH},
    {.name = "last_touch", .kind = ATTRIBUTION_LAST_TOUCH},
    {.name = "first_non_direct", .kind = ATTRIBUTION_FIRST_NON_DIRECT},
    {.name = "last_non_direct", .kind = ATTRIBUTION_LAST_NON_DIRECT},
    {.name = "linear", .kind = ATTRIBUTION_LINEAR},
    {.name = "linear_unique", .kind = ATTRIBUTION_LINEAR_UNIQUE},
    {.name = "participation", .kind = ATTRIBUTION_PARTICIPATION},
    {.name = "position_based",
     .kind = ATTRIBUTION_POSITION_BASED,
     .columns = POSITIONS,
     .first = 0.4,
     .middle = 0.2,
     .last = 0.4},
    {.name = "u_shaped",
     .kind = ATTRIBUTION_POSITION_BASED,
     .columns = BIT(MODEL_TWO_TOUCH),
     .first = 0.4,
     .middle = 0.2,
     .last = 0.4},
    {.name = "j_shaped",
     .kind = ATTRIBUTION_POSITION_BASED,
     .columns = BIT(MODEL_TWO_TOUCH),
     .first = 0.2,
     .middle = 0.2,
     .last = 0.6},
    {.name = "inverse_j_shaped",
     .kind = ATTRIBUTION_POSITION_BASED,
     .columns = BIT(MODEL_TWO_TOUCH),
     .first = 0.6,
     .middle = 0.2,
     .last = 0.2},
    {.name = "position_decay", .kind = ATTRIBUTION_POSITION_DECAY},
    {.name = "custom_weights", .kind = ATTRIBUTION_CUSTOM_WEIGHTS, .columns = BIT(MODEL_ANCHOR)},
    {.name = "milestone", .kind = ATTRIBUTION_MILESTONE},
    {.name = "w_shaped",
     .kind = ATTRIBUTION_MILESTONE,
     .first = 0.3,
     .marks = {"lead", "opportunity"},
     .mark = 0.3,
     .rest = 0.1},
    {.name = "full_path",
     .kind = ATTRIBUTION_MILESTONE,
     .first = 0.225,
     .last = 0.225,
     .marks = {"lead", "opportunity"},
     .mark = 0.225,
     .rest = 0.1},
    {.name = "time_decay",
     .kind = ATTRIBUTION_TIME_DECAY,
     .columns = BIT(MODEL_HALF_LIFE) | BIT(MODEL_MODE) | BIT(MODEL_AGE_FROM)},
    {.name = "markov",
     .kind = ATTRIBUTION_MARKOV,
     .columns = BIT(MODEL_ORDER) | BIT(MODEL_IGNORE_NULLS) | BIT(MODEL_SELF_TRANSITIONS)},
    {.name = "shapley", .kind = ATTRIBUTION_SHAPLEY, .columns = BIT(MODEL_WORTH)},
    {.name = "shapley_ordered", .kind = ATTRIBUTION_SHAPLEY_ORDERED, .columns = BIT(MODEL_REPEATS)},
};

/* The list at hand. */
typedef struct reading {
    const pdm__setup *setup;
    pdm__attribution_plan *plan;
    const pdm__list *list;
    const pdm__list *weights;
    double *room;
    uint8_t taken[ATTRIBUTION_MODELS]; /* models that list weights has weights of */
    pdm_error *err;
} reading;

static pdm_status bad_model(const reading *r, int64_t row, const char *what, const char *got) {
    return pdm__fail(r->err, PDM_E_BAD_OPTION, row, "models", "row %lld of list \"models\": %s%s%s%s", (long long)row,
                     what, got == NULL ? "" : ", got \"", got == NULL ? "" : got, got == NULL ? "" : "\"");
}

/* Which of the texts a cell is; the first where it is empty. */
static pdm_status choose(const reading *r, int64_t row, int32_t column, const char *const texts[], int32_t count,
                         int32_t *out) {
    *out = 0;
    if (!pdm__list_has(r->list, column, row)) return PDM_OK;
    const char *given = pdm__list_text(r->list, column, row);
    char possible[128];
    size_t used = 0;
    for (int32_t i = 0; i < count; i++) {
        if (strcmp(given, texts[i]) == 0) {
            *out = i;
            return PDM_OK;
        }
        int more = snprintf(possible + used, sizeof possible - used, "%s%s", i == 0 ? "" : " or ", texts[i]);
        used += more > 0 ? (size_t)more : 0;
    }
    return bad_model(r, row, possible, given);
}

static pdm_status read_flag(const reading *r, int64_t row, int32_t column, bool *out) {
    *out = false;
    if (!pdm__list_has(r->list, column, row)) return PDM_OK;
    int64_t given = pdm__list_int(r->list, column, row);
    if (given != 0 && given != 1) return bad_model(r, row, "ignore_nulls and self_transitions are 0 or 1", NULL);
    *out = given == 1;
    return PDM_OK;
}

static double list_double(const pdm__list *list, int32_t column, int64_t row) {
    double value = 0.0;
    memcpy(&value, &list->cells[column].words[row], sizeof value);
    return value;
}

/* ---- models one by one ---- */

static pdm_status read_positions(const reading *r, int64_t row, pdm__attribution_model *model) {
    static const char *const two_touch[] = {"renormalise", "split_middle"};
    double *const to[] = {&model->first, &model->middle, &model->last};
    int32_t chosen = 0;
    for (int32_t i = 0; i < 3; i++) {
        if (!pdm__list_has(r->list, MODEL_FIRST + i, row)) continue;
        *to[i] = list_double(r->list, MODEL_FIRST + i, row);
        if (*to[i] < 0.0) return bad_model(r, row, "a weight below 0", NULL);
    }
    double sum = model->first + model->middle + model->last;
    if (!(sum > 0.0) || !isfinite(sum)) return bad_model(r, row, "weights that add up to more than 0 expected", NULL);
    model->first /= sum;
    model->middle /= sum;
    model->last /= sum;
    PDM__TRY(choose(r, row, MODEL_TWO_TOUCH, two_touch, 2, &chosen));
    model->split_middle = chosen == 1;
    (void)snprintf(model->params, sizeof model->params, "first=%g middle=%g last=%g two_touch=%s", model->first,
                   model->middle, model->last, two_touch[chosen]);
    return PDM_OK;
}

static pdm_status read_decay(const reading *r, int64_t row, pdm__attribution_model *model) {
    static const char *const modes[] = {"continuous", "step"};
    static const char *const from[] = {"conversion", "last_touch"};
    int32_t mode = 0;
    int32_t age = 0;
    model->half_life = WEEK_US;
    if (pdm__list_has(r->list, MODEL_HALF_LIFE, row)) model->half_life = pdm__list_int(r->list, MODEL_HALF_LIFE, row);
    if (model->half_life <= 0) return bad_model(r, row, "half_life: more than 0 µs expected", NULL);
    PDM__TRY(choose(r, row, MODEL_MODE, modes, 2, &mode));
    PDM__TRY(choose(r, row, MODEL_AGE_FROM, from, 2, &age));
    model->step = mode == 1;
    model->from_last_touch = age == 1;
    model->age = r->plan->age_count++;
    (void)snprintf(model->params, sizeof model->params, "half_life=%lldus mode=%s age_from=%s",
                   (long long)model->half_life, modes[mode], from[age]);
    return PDM_OK;
}

static pdm_status read_markov(const reading *r, int64_t row, pdm__attribution_model *model) {
    model->order = 1;
    if (pdm__list_has(r->list, MODEL_ORDER, row)) {
        int64_t order = pdm__list_int(r->list, MODEL_ORDER, row);
        if (order < 1 || order > PDM__MARKOV_MAX_ORDER) return bad_model(r, row, "order: 1 to 32 expected", NULL);
        model->order = (int32_t)order;
    }
    PDM__TRY(read_flag(r, row, MODEL_IGNORE_NULLS, &model->ignore_nulls));
    PDM__TRY(read_flag(r, row, MODEL_SELF_TRANSITIONS, &model->self_transitions));
    (void)snprintf(model->params, sizeof model->params, "order=%d ignore_nulls=%d self_transitions=%d", model->order,
                   model->ignore_nulls, model->self_transitions);
    return PDM_OK;
}

static pdm_status read_shapley(const reading *r, int64_t row, pdm__attribution_model *model) {
    static const char *const worths[] = {"conversions", "value", "rate_subsets"};
    static const char *const repeats[] = {"split", "full_each"};
    int32_t chosen = 0;
    PDM__TRY(choose(r, row, MODEL_WORTH, worths, 3, &model->worth));
    PDM__TRY(choose(r, row, MODEL_REPEATS, repeats, 2, &chosen));
    model->full_each = chosen == 1;
    bool ordered = model->kind == ATTRIBUTION_SHAPLEY_ORDERED;
    (void)snprintf(model->params, sizeof model->params, ordered ? "repeats=%s" : "worth=%s",
                   ordered ? repeats[chosen] : worths[model->worth]);
    return PDM_OK;
}

/* ---- weights ---- */

static int32_t mark_place(const reading *r, const char *mark) {
    static const char *const places[] = {"first", "last", "rest"};
    for (int32_t i = 0; i < r->plan->milestone_count; i++) {
        if (strcmp(r->plan->milestones[i], mark) == 0) return i;
    }
    for (int32_t i = 0; i < 3; i++) {
        if (strcmp(places[i], mark) == 0) return ATTRIBUTION_AT_FIRST + i;
    }
    return -1;
}

static pdm_status bad_weight(const reading *r, int64_t row, const char *what) {
    return pdm__fail(r->err, PDM_E_BAD_OPTION, row, "weights", "row %lld of list \"weights\": %s", (long long)row,
                     what);
}

/* Where in the model's weights a row of the list belongs. */
static pdm_status weight_place(const reading *r, int64_t row, const pdm__attribution_model *model, int64_t *out) {
    bool marks = model->kind == ATTRIBUTION_MILESTONE;
    if (pdm__list_has(r->weights, WEIGHT_MARK, row) != marks ||
        pdm__list_has(r->weights, WEIGHT_POSITION, row) == marks)
        return bad_weight(r, row, "a position for custom_weights, a mark for milestone expected");
    if (marks) {
        *out = mark_place(r, pdm__list_text(r->weights, WEIGHT_MARK, row));
        if (*out < 0) return bad_weight(r, row, "a mark of list milestones, or first, last or rest expected");
        return PDM_OK;
    }
    *out = pdm__list_int(r->weights, WEIGHT_POSITION, row) - 1;
    if (*out < 0 || *out >= MOST_POSITIONS) return bad_weight(r, row, "a position from 1 to 65535 expected");
    return PDM_OK;
}

static pdm_status read_weights(reading *r, int32_t index) {
    pdm__attribution_model *model = &r->plan->models[index];
    double *to = r->room;
    double sum = 0.0;
    model->weights = to;
    model->weight_count = model->kind == ATTRIBUTION_MILESTONE ? ATTRIBUTION_PLACES : 0;
    for (int64_t row = 0; row < r->weights->rows; row++) {
        int64_t place = 0;
        if (strcmp(pdm__list_text(r->weights, WEIGHT_MODEL, row), model->name) != 0) continue;
        double weight = list_double(r->weights, WEIGHT_WEIGHT, row);
        if (!(weight >= 0.0)) return bad_weight(r, row, "a weight of 0 or more expected");
        PDM__TRY(weight_place(r, row, model, &place));
        to[place] = weight;
        sum += weight;
        if (place >= model->weight_count) model->weight_count = (int32_t)place + 1;
        r->taken[index] = 1;
    }
    r->room += model->weight_count;
    if (sum > 0.0 && isfinite(sum)) return PDM_OK;
    return pdm__fail(r->err, PDM_E_BAD_OPTION, -1, "weights",
                     "list \"weights\": model \"%s\" has no weights that add up to more than 0", model->name);
}

static void preset_weights(reading *r, const word *preset, pdm__attribution_model *model) {
    double *to = r->room;
    model->weights = to;
    model->weight_count = ATTRIBUTION_PLACES;
    to[ATTRIBUTION_AT_FIRST] = preset->first;
    to[ATTRIBUTION_AT_LAST] = preset->last;
    to[ATTRIBUTION_AT_REST] = preset->rest;
    for (int32_t i = 0; preset->marks[i] != NULL; i++) {
        int32_t place = mark_place(r, preset->marks[i]);
        if (place >= 0) to[place] = preset->mark;
    }
    r->room += ATTRIBUTION_PLACES;
}

/* Weights of all rows, with room for the presets'. A custom model's take the largest position. */
size_t pdm__attribution_weight_count(const pdm__setup *setup) {
    const pdm__list *weights = &setup->lists[ATTRIBUTION_LIST_WEIGHTS];
    size_t models = (size_t)setup->lists[ATTRIBUTION_LIST_MODELS].rows + 1;
    int64_t most = ATTRIBUTION_PLACES;
    for (int64_t row = 0; row < weights->rows; row++) {
        int64_t position =
            pdm__list_has(weights, WEIGHT_POSITION, row) ? pdm__list_int(weights, WEIGHT_POSITION, row) : 0;
        if (position > most && position <= MOST_POSITIONS) most = position;
    }
    return (models < ATTRIBUTION_MODELS ? models : ATTRIBUTION_MODELS) * (size_t)most;
}

/* ---- the list ---- */

static const word *find_word(const char *name) {
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].name, name) == 0) return &words[i];
    }
    return NULL;
}

/* "markov" for the usual one, "markov_2" for order 2, "shapley_value" … */
static void name_model(const word *preset, pdm__attribution_model *model) {
    static const char *const worths[] = {"", "_value", "_rate_subsets"};
    if (model->kind == ATTRIBUTION_MARKOV && model->order != 1) {
        (void)snprintf(model->name, sizeof model->name, "%s_%d", preset->name, model->order);
    } else {
        (void)snprintf(model->name, sizeof model->name, "%s%s", preset->name,
                       model->kind == ATTRIBUTION_SHAPLEY ? worths[model->worth] : "");
    }
}

static pdm_status read_model(reading *r, int64_t row, const word *preset, pdm__attribution_model *model) {
    *model = (pdm__attribution_model){
        .kind = preset->kind, .first = preset->first, .middle = preset->middle, .last = preset->last, .age = -1};
    for (int32_t c = MODEL_ORDER; row >= 0 && c < MODEL_COLUMNS; c++) {
        if (!pdm__list_has(r->list, c, row) || (preset->columns & BIT(c)) != 0) continue;
        char what[128];
        const pdm_list_info *info = &r->setup->metric->lists[ATTRIBUTION_LIST_MODELS];
        (void)snprintf(what, sizeof what, "model \"%s\" has no parameter \"%s\"", preset->name, info->columns[c].name);
        return bad_model(r, row, what, NULL);
    }
    switch (preset->kind) {
    case ATTRIBUTION_POSITION_BASED: return read_positions(r, row, model);
    case ATTRIBUTION_TIME_DECAY: return read_decay(r, row, model);
    case ATTRIBUTION_MARKOV: return read_markov(r, row, model);
    case ATTRIBUTION_SHAPLEY:
    case ATTRIBUTION_SHAPLEY_ORDERED: return read_shapley(r, row, model);
    default: return PDM_OK;
    }
}

static pdm_status read_anchor(const reading *r, int64_t row, pdm__attribution_model *model) {
    static const char *const anchors[] = {"last", "first"};
    int32_t chosen = 0;
    PDM__TRY(choose(r, row, MODEL_ANCHOR, anchors, 2, &chosen));
    model->from_first = chosen == 1;
    (void)snprintf(model->params, sizeof model->params, "anchor=%s", anchors[chosen]);
    return PDM_OK;
}

/* row −1: the model as it is by default. */
static pdm_status add_model(reading *r, int64_t row, const char *name) {
    pdm__attribution_plan *plan = r->plan;
    const word *preset = find_word(name);
    if (preset == NULL) return bad_model(r, row, "a model expected", name);
    if (plan->model_count == ATTRIBUTION_MODELS) return bad_model(r, row, "64 models are allowed", NULL);
    int32_t index = plan->model_count;
    pdm__attribution_model *model = &plan->models[index];
    PDM__TRY(read_model(r, row, preset, model));
    name_model(preset, model);
    if (row >= 0 && pdm__list_has(r->list, MODEL_NAME, row)) {
        const char *given = pdm__list_text(r->list, MODEL_NAME, row);
        if (given[0] == '\0' || strlen(given) >= sizeof model->name)
            return bad_model(r, row, "a name of 1 to 63 bytes expected", given);
        memcpy(model->name, given, strlen(given) + 1);
    }
    for (int32_t before = 0; before < index; before++) {
        if (strcmp(plan->models[before].name, model->name) == 0)
            return bad_model(r, row, "two models of one name; give them others in column name", model->name);
    }
    plan->model_count++;
    if (strcmp(preset->name, "custom_weights") == 0) PDM__TRY(read_anchor(r, row, model));
    if (preset->kind == ATTRIBUTION_CUSTOM_WEIGHTS || strcmp(preset->name, "milestone") == 0)
        return read_weights(r, index);
    if (preset->kind == ATTRIBUTION_MILESTONE) preset_weights(r, preset, model);
    return PDM_OK;
}

static pdm_status add_usual(reading *r) {
    static const char *const usual[] = {"first_touch", "last_touch",       "last_non_direct", "linear", "u_shaped",
                                        "j_shaped",    "inverse_j_shaped", "position_decay",  "markov", "shapley"};
    for (int32_t i = 0; i < PDM__COUNT(usual); i++) PDM__TRY(add_model(r, -1, usual[i]));
    return r->plan->milestone_count > 0 ? add_model(r, -1, "w_shaped") : PDM_OK;
}

static pdm_status check_weights_used(const reading *r) {
    for (int64_t row = 0; row < r->weights->rows; row++) {
        const char *name = pdm__list_text(r->weights, WEIGHT_MODEL, row);
        bool found = false;
        for (int32_t m = 0; m < r->plan->model_count; m++)
            found = found || (r->taken[m] != 0 && strcmp(r->plan->models[m].name, name) == 0);
        if (!found) return bad_weight(r, row, "a model custom_weights or milestone of list models expected");
    }
    return PDM_OK;
}

static pdm_status find_base(reading *r) {
    const char *base = r->plan->options->base;
    const char *wanted = base[0] == '\0' ? "last_touch" : base;
    for (int32_t m = 0; m < r->plan->model_count; m++) {
        if (strcmp(r->plan->models[m].name, wanted) != 0) continue;
        r->plan->base = m;
        return PDM_OK;
    }
    r->plan->base = 0;
    if (base[0] == '\0') return PDM_OK;
    return pdm__fail(r->err, PDM_E_BAD_OPTION, -1, "base", "option \"base\": no model is called \"%s\"", base);
}

pdm_status pdm__attribution_models_make(const pdm__setup *setup, pdm__attribution_plan *plan, double *weights,
                                        pdm_error *err) {
    reading r = {.setup = setup,
                 .plan = plan,
                 .list = &setup->lists[ATTRIBUTION_LIST_MODELS],
                 .weights = &setup->lists[ATTRIBUTION_LIST_WEIGHTS],
                 .room = weights,
                 .err = err};
    for (int64_t row = 0; row < r.list->rows; row++)
        PDM__TRY(add_model(&r, row, pdm__list_text(r.list, MODEL_MODEL, row)));
    if (r.list->rows == 0) PDM__TRY(add_usual(&r));
    PDM__TRY(check_weights_used(&r));
    return find_base(&r);
}
