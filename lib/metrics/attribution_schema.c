/*
 * What attribution's state keeps.
 *
 * Of events: level 0 holds the users, level 1, which they share, the channels. A row is a tuple of its user's: a touch one that refers to
 * its channel, any other one of another journal. Of paths: level 0 holds the paths, as bytes, with their sums; doubles are tuples of a
 * journal, summed when a result is made.
 */
#include "metrics/attribution_internal.h"

static const pdm__field touch_words[] = {
    [TOUCH_TIME] = {.name = "time", .merge = PDM__FREE},
    [TOUCH_SEQ] = {.name = "seq", .merge = PDM__FREE},
    [TOUCH_PRIORITY] = {.name = "priority", .merge = PDM__FREE},
};

static const pdm__field advanced_touch_words[] = {
    {.name = "time", .merge = PDM__FREE},
    {.name = "seq", .merge = PDM__FREE},
    {.name = "flags", .merge = PDM__FREE},
};

static const pdm__field advanced_ranked_words[] = {
    {.name = "time", .merge = PDM__FREE},
    {.name = "seq", .merge = PDM__FREE},
    {.name = "priority", .merge = PDM__FREE},
    {.name = "flags", .merge = PDM__FREE},
};

static const pdm__field user_fields[] = {
    [USER_FLAGS] = {.name = "flags", .merge = PDM__OR},
    [USER_LAST_TIME] = {.name = "last_time", .merge = PDM__MAX, .identity = INT64_MIN},
    [USER_LAST_SEQ] = {.name = "last_seq", .merge = PDM__MAX, .identity = INT64_MIN},
};

static const pdm__field settled_fields[] = {
    [SETTLED_COUNT] = {.name = "count", .merge = PDM__SUM_COUNT},
    [SETTLED_NULLS] = {.name = "nulls", .merge = PDM__SUM_COUNT},
    [SETTLED_MONEY] = {.name = "money", .merge = PDM__SUM_MONEY},
};

static const pdm__field digit_fields[] = {
    [DIGIT_SUM] = {.name = "sum", .merge = PDM__SUM_DIGIT},
    [DIGIT_MOST] = {.name = "most", .merge = PDM__MAX, .identity = INT64_MIN},
};

static const pdm__field money_words[] = {
    [EVENT_TIME] = {.name = "time", .merge = PDM__FREE},
    [EVENT_SEQ] = {.name = "seq", .merge = PDM__FREE},
    [EVENT_WHAT] = {.name = "what", .merge = PDM__FREE},
    [EVENT_VALUE] = {.name = "value", .merge = PDM__SUM_MONEY},
};

static const pdm__field double_words[] = {
    [EVENT_TIME] = {.name = "time", .merge = PDM__FREE},
    [EVENT_SEQ] = {.name = "seq", .merge = PDM__FREE},
    [EVENT_WHAT] = {.name = "what", .merge = PDM__FREE},
    [EVENT_VALUE] = {.name = "value", .merge = PDM__FREE},
};

static const pdm__field path_fields[] = {
    [PATH_CONVERSIONS] = {.name = "conversions", .merge = PDM__SUM_MONEY},
    [PATH_NULLS] = {.name = "nulls", .merge = PDM__SUM_MONEY},
    [PATH_VALUE] = {.name = "value", .merge = PDM__SUM_MONEY},
};

static const pdm__field amount_words[] = {{.name = "value", .merge = PDM__FREE}};

static void put_tuple(pdm__journal *journal, int64_t head, const uint64_t *words, int32_t count) {
    int64_t *to = journal->words + journal->count * (size_t)(1 + count);
    *to++ = head;
    for (int32_t w = 0; w < count; w++) *to++ = (int64_t)words[w];
    journal->count++;
}

static void step_events(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    const uint64_t *part = args->records + args->schema->part_at;
    size_t width = (size_t)args->schema->own_words;
    int32_t touch = args->schema->journals[0].word_count;
    uint64_t words[TOUCH_WORDS + 1] = {0}; /* flags, if there are any, are 0 */
    for (size_t i = 0; i < args->count; i++, own += stride, part += stride) {
        if (PDM__LIKELY(part[PART_MARK] != 0)) {
            memcpy(words, own, width * sizeof *words);
            put_tuple(&args->partition->journals[0], pdm__tuple_head(args->ids[i], args->parts[i]), words, touch);
        } else if ((int64_t)part[PART_WHAT] == EVENT_SKIPPED) {
            args->partition->counters[COUNT_SKIPPED] += 1;
        } else {
            const uint64_t event[EVENT_WORDS] = {own[TOUCH_TIME], own[TOUCH_SEQ], part[PART_WHAT], part[PART_VALUE]};
            put_tuple(&args->partition->journals[1], args->ids[i], event, EVENT_WORDS);
        }
    }
}

static void step_paths(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    const pdm__attribution_plan *plan = args->schema->plan;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t *words = args->units[i];
        words[PATH_CONVERSIONS] += (int64_t)own[PATH_CONVERSIONS];
        words[PATH_NULLS] += (int64_t)own[PATH_NULLS];
        args->partition->counters[COUNT_WITHOUT_VALUE] += (int64_t)own[OWN_WITHOUT];
        if (!plan->doubles) {
            words[PATH_VALUE] += (int64_t)own[PATH_VALUE];
        } else if (own[PATH_VALUE] != 0) {
            put_tuple(&args->partition->journals[0], args->ids[i], own + PATH_VALUE, 1);
        }
    }
}

static void events_schema(const pdm__attribution_plan *own, pdm__plan *plan) {
    pdm__schema *schema = &plan->schema;
    plan->unit_column = ATTRIBUTION_USER;
    plan->use[ATTRIBUTION_USER] = PDM__REQUIRED;
    plan->use[ATTRIBUTION_TIME] = PDM__REQUIRED;
    plan->use[ATTRIBUTION_SEQ] = PDM__OPTIONAL;
    plan->use[ATTRIBUTION_KIND] = PDM__REQUIRED;
    plan->use[ATTRIBUTION_CHANNEL] = PDM__OPTIONAL;
    plan->use[ATTRIBUTION_MARK] = own->milestone_count > 0 ? PDM__OPTIONAL : PDM__UNUSED;
    plan->use[ATTRIBUTION_PRIORITY] = own->has_priority ? PDM__OPTIONAL : PDM__UNUSED;
    plan->use[ATTRIBUTION_VALUE] = PDM__OPTIONAL;
    plan->use[ATTRIBUTION_EVENT_ID] = own->options->dedupe != 0 ? PDM__REQUIRED : PDM__UNUSED;
    plan->dedupe_by_unit = true;
    schema->levels[0] = (pdm__level){.name = "users", .repeat = 1};
    schema->levels[1] = (pdm__level){.name = "channels", .repeat = 1, .key_kind = PDM__KEY_TEXT, .shared = true};
    schema->level_count = 2;
    schema->journals[0] = (pdm__journal_info){.name = "touches",
                                              .words = touch_words,
                                              .word_count = own->has_priority ? TOUCH_WORDS : TOUCH_PRIORITY,
                                              .level = 0,
                                              .refers = true};
    schema->journals[1] = (pdm__journal_info){
        .name = "events", .words = own->doubles ? double_words : money_words, .word_count = EVENT_WORDS, .level = 0};
    schema->journal_count = 2;
    schema->own_words = own->has_priority ? TOUCH_WORDS : TOUCH_PRIORITY;
    schema->step = step_events;
}

/* The same rows once the state has advanced, and what is settled then. */
static void advanced_schema(const pdm__attribution_plan *own, pdm__plan *plan) {
    plan->advanced = plan->schema;
    plan->advanced.levels[0].fields = user_fields;
    plan->advanced.levels[0].field_count = USER_WORDS;
    plan->advanced.journals[0].words = own->has_priority ? advanced_ranked_words : advanced_touch_words;
    plan->advanced.journals[0].word_count += 1;
    plan->settled.levels[0] = (pdm__level){.name = "settled",
                                           .fields = settled_fields,
                                           .field_count = SETTLED_WORDS,
                                           .repeat = 1,
                                           .key_kind = PDM__KEY_BYTES};
    plan->settled.levels[1] = (pdm__level){
        .name = "digits", .fields = digit_fields, .field_count = DIGIT_WORDS, .repeat = 1, .key_kind = PDM__KEY_INT};
    plan->settled.level_count = 2;
    plan->settled.views = true;
    plan->max_rows = INT64_MAX / 2; /* what is settled and what is to come add up within int64 */
}

static void paths_schema(const pdm__attribution_plan *own, pdm__plan *plan) {
    pdm__schema *schema = &plan->schema;
    plan->unit_column = -1;
    plan->use[ATTRIBUTION_PATH] = PDM__REQUIRED;
    plan->use[ATTRIBUTION_MARKS] = own->milestone_count > 0 ? PDM__OPTIONAL : PDM__UNUSED;
    plan->use[ATTRIBUTION_CONVERSIONS] = PDM__REQUIRED;
    plan->use[ATTRIBUTION_NULLS] = PDM__OPTIONAL;
    plan->use[ATTRIBUTION_VALUE] = PDM__OPTIONAL;
    plan->summed[ATTRIBUTION_CONVERSIONS] = true;
    plan->summed[ATTRIBUTION_NULLS] = true;
    schema->levels[0] = (pdm__level){
        .name = "paths", .fields = path_fields, .field_count = PATH_WORDS, .repeat = 1, .key_kind = PDM__KEY_BYTES};
    schema->level_count = 1;
    if (own->doubles) {
        schema->journals[0] = (pdm__journal_info){.name = "values", .words = amount_words, .word_count = 1, .level = 0};
        schema->journal_count = 1;
    }
    schema->own_words = OWN_PATH_WORDS;
    schema->step = step_paths;
}

pdm_status pdm__attribution_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    PDM__TRY(pdm__attribution_plan_make(setup, plan, err));
    pdm__attribution_plan *own = plan->own;
    memcpy(own->columns, setup->metric->columns, sizeof own->columns);
    if (own->doubles) own->columns[ATTRIBUTION_VALUE].role = PDM_ROLE_FLOAT;
    plan->columns = own->columns;
    plan->schema.counter_count = ATTRIBUTION_COUNTERS;
    if (own->paths) {
        paths_schema(own, plan);
    } else {
        events_schema(own, plan);
        advanced_schema(own, plan);
    }
    return PDM_OK;
}
