/* Examples of every list of every metric; events and columns that they name are those of rows.c. */
#include "cases.h"

#define DAY_US INT64_C(86400000000)
#define HOUR_US INT64_C(3600000000)

static pdm_column text_column(const char *name, const int32_t *offsets, const char *bytes) {
    return pdm_column_utf8(name, offsets, bytes);
}

static pdm_status give(pdm_state *state, const char *list, const pdm_column *columns, int32_t count, int64_t length,
                       pdm_error *err) {
    pdm_batch batch = pdm_batch_make(columns, count, length);
    return pdm_state_set_list(state, list, &batch, err);
}

static pdm_status two_windows(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 6, 12};
    static const int64_t from[] = {-40 * DAY_US, 0};
    static const int64_t to[] = {0, 40 * DAY_US};
    const pdm_column columns[] = {text_column("name", names, "before上月"), pdm_column_int64("from", from),
                                  pdm_column_int64("to", to)};
    return give(state, "windows", columns, 3, 2, err);
}

/* Overlapping ones, the first since ever, one with refunds known until later. */
static pdm_status three_windows(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 1, 2, 3};
    static const int64_t from[] = {0, -10 * DAY_US, 3 * DAY_US + 5};
    static const int64_t to[] = {-5 * DAY_US, 20 * DAY_US, 50 * DAY_US};
    static const int64_t as_of[] = {-5 * DAY_US, 45 * DAY_US, 0};
    static const uint8_t from_valid[] = {0x06};
    static const uint8_t as_of_valid[] = {0x03};
    pdm_column columns[] = {text_column("name", names, "abc"), pdm_column_int64("from", from),
                            pdm_column_int64("to", to), pdm_column_int64("as_of", as_of)};
    columns[1].validity = from_valid;
    columns[3].validity = as_of_valid;
    return give(state, "windows", columns, 4, 3, err);
}

static pdm_status segment_boxes(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 3, 6, 9};
    static const int32_t labels[] = {0, 6, 6, 12};
    static const uint8_t label_valid[] = {0x05};
    static const int64_t rank[] = {3, 1, 2};
    static const int64_t r_lo[] = {1, 4, 4};
    static const int64_t r_hi[] = {3, 5, 5};
    static const int64_t f_lo[] = {1, 1, 3};
    static const int64_t f_hi[] = {5, 2, 5};
    static const int64_t m_lo[] = {1, 1, 1};
    static const int64_t m_hi[] = {5, 5, 4};
    pdm_column columns[] = {text_column("segment", names, "oldnewtop"),
                            text_column("label_zh", labels, "老的最好"),
                            pdm_column_int64("rank", rank),
                            pdm_column_int64("r_lo", r_lo),
                            pdm_column_int64("r_hi", r_hi),
                            pdm_column_int64("f_lo", f_lo),
                            pdm_column_int64("f_hi", f_hi),
                            pdm_column_int64("m_lo", m_lo),
                            pdm_column_int64("m_hi", m_hi)};
    columns[1].validity = label_valid;
    return give(state, "segments", columns, 9, 3, err);
}

static pdm_status segment_codes(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 1, 2, 3};
    static const int32_t codes[] = {0, 3, 6, 11};
    const pdm_column columns[] = {text_column("segment", names, "xyx"), text_column("code", codes, "1112221-2-1")};
    return give(state, "segments", columns, 2, 3, err);
}

static pdm_status thresholds_of(pdm_state *state, const int64_t *r, const int64_t *f, const int64_t *m, int32_t n,
                                pdm_error *err) {
    static const int32_t names[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const char *const letters[] = {"", "rfm", "rrffmm", "rrrfffmmm", "rrrrffffmmmm"};
    int64_t cuts[12];
    for (int32_t i = 0; i < n; i++) {
        cuts[i] = r[i];
        cuts[n + i] = f[i];
        cuts[2 * n + i] = m[i];
    }
    const pdm_column columns[] = {text_column("dimension", names, letters[n]), pdm_column_int64("cut", cuts)};
    return give(state, "thresholds", columns, 2, 3 * (int64_t)n, err);
}

static pdm_status four_thresholds(pdm_state *state, pdm_error *err) {
    static const int64_t r[] = {3, 10, 10, 40};
    static const int64_t f[] = {1, 2, 3, 5};
    static const int64_t m[] = {-100, 0, 900, 2500};
    return thresholds_of(state, r, f, m, 4, err);
}

static pdm_status three_thresholds(pdm_state *state, pdm_error *err) {
    static const int64_t r[] = {3, 10, 40};
    static const int64_t f[] = {2, 3, 5};
    static const int64_t m[] = {0, 900, 2500};
    return thresholds_of(state, r, f, m, 3, err);
}

static pdm_status tier_cuts(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 3, 9, 15};
    static const int64_t cuts[] = {0, 800, 2500};
    static const uint8_t valid[] = {0x06};
    pdm_column columns[] = {text_column("tier", names, "low白银黄金"), pdm_column_int64("cut", cuts)};
    columns[1].validity = valid;
    return give(state, "tiers", columns, 2, 3, err);
}

static pdm_status tier_shares(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 1, 2, 3};
    static const double shares[] = {0.125, 0.375, 0.5};
    const pdm_column columns[] = {text_column("tier", names, "abc"),
                                  pdm_column_make("share", PDM_TYPE_FLOAT64, shares)};
    return give(state, "tiers", columns, 2, 3, err);
}

/* What rows.c makes of a role, with unlike weights; the role without a name, and none. */
static pdm_status four_roles(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 0, 2, 25, 50, 50};
    static const double weights[] = {0.6, 0.2, 0, 0.1, 0.3};
    static const uint8_t valid[] = {0x0F};
    pdm_column columns[] = {text_column("role", names, "c1很长的客户编号-2customer-with-a-long-id-3"),
                            pdm_column_make("weight", PDM_TYPE_FLOAT64, weights)};
    columns[0].validity = valid;
    return give(state, "roles", columns, 2, 5, err);
}

/* ---- funnels: four steps as a rule; events and columns are those of rows.c ---- */

static const int64_t one_to_four[] = {1, 2, 3, 4};

/* Texts; step 2 has two of them, step 4 is step 1 again; names for two steps. */
static pdm_status text_steps(pdm_state *state, pdm_error *err) {
    static const int64_t step[] = {1, 2, 2, 3, 4};
    static const int32_t events[] = {0, 2, 4, 29, 29, 31};
    static const int32_t names[] = {0, 6, 6, 6, 11, 11};
    static const uint8_t name_valid[] = {0x09};
    pdm_column columns[] = {pdm_column_int64("step", step),
                            text_column("event", events, "c1c4customer-with-a-long-id-3c1"),
                            text_column("name", names, "浏览order")};
    columns[2].validity = name_valid;
    return give(state, "steps", columns, 3, 5, err);
}

/* The empty text is an event like another. */
static pdm_status empty_text_steps(pdm_state *state, pdm_error *err) {
    static const int32_t events[] = {0, 0, 2, 4, 4};
    static const uint8_t event_valid[] = {0x07}; /* step 4: mask column */
    pdm_column columns[] = {pdm_column_int64("step", one_to_four), text_column("event", events, "c4c5")};
    columns[1].validity = event_valid;
    return give(state, "steps", columns, 2, 4, err);
}

static pdm_status code_steps(pdm_state *state, pdm_error *err) {
    static const int64_t step[] = {1, 2, 2, 3, 4};
    static const int64_t event[] = {1, 2, 5, 4, 1};
    const pdm_column columns[] = {pdm_column_int64("step", step), pdm_column_int64("event", event)};
    return give(state, "steps", columns, 2, 5, err);
}

/* Codes far apart. */
static pdm_status far_code_steps(pdm_state *state, pdm_error *err) {
    static const int64_t step[] = {1, 1, 1, 2, 2, 3, 4};
    static const int64_t event[] = {0, 3, INT64_MIN, INT64_MAX, 2, 4, 5};
    const pdm_column columns[] = {pdm_column_int64("step", step), pdm_column_int64("event", event)};
    return give(state, "steps", columns, 2, 7, err);
}

/* Boolean columns and the mask column, which overlap. */
static pdm_status flag_steps(pdm_state *state, pdm_error *err) {
    static const int64_t step[] = {1, 2, 3, 3, 4};
    static const int32_t names[] = {0, 0, 7, 15, 15, 23};
    static const uint8_t valid[] = {0x16};
    pdm_column columns[] = {pdm_column_int64("step", step), text_column("column", names, "is_cartis_orderis_order")};
    columns[1].validity = valid;
    return give(state, "steps", columns, 2, 5, err);
}

static pdm_status optional_steps(pdm_state *state, pdm_error *err) {
    static const int64_t step[] = {1, 2, 3, 4, 5};
    static const int64_t optional[] = {0, 1, 0, 1, 0};
    const pdm_column columns[] = {pdm_column_int64("step", step), pdm_column_int64("optional", optional)};
    return give(state, "steps", columns, 2, 5, err);
}

static pdm_status timed_steps(pdm_state *state, pdm_error *err) {
    static const int64_t window[] = {0, DAY_US, 0, 12 * HOUR_US};
    static const uint8_t valid[] = {0x0E};
    pdm_column columns[] = {pdm_column_int64("step", one_to_four), pdm_column_int64("window", window)};
    columns[1].validity = valid;
    return give(state, "steps", columns, 2, 4, err);
}

/* Each step has its own column of the value held constant. */
static pdm_status held_steps(pdm_state *state, pdm_error *err) {
    static const int32_t columns_of[] = {0, 0, 7, 7, 7};
    static const int32_t holds[] = {0, 6, 12, 18, 24};
    static const uint8_t valid[] = {0x02};
    pdm_column columns[] = {pdm_column_int64("step", one_to_four), text_column("column", columns_of, "is_cart"),
                            text_column("hold", holds, "held_aheld_bheld_aheld_b")};
    columns[1].validity = valid;
    return give(state, "steps", columns, 3, 4, err);
}

static pdm_status one_step(pdm_state *state, pdm_error *err) {
    const pdm_column columns[] = {pdm_column_int64("step", one_to_four)};
    return give(state, "steps", columns, 1, 1, err);
}

/* By mask column `exclude`, boolean column and default effect. */
static pdm_status exclusions(pdm_state *state, pdm_error *err) {
    static const int64_t from[] = {1, 2, 1};
    static const int64_t to[] = {2, 4, 4};
    static const int32_t names[] = {0, 0, 0, 9};
    static const int32_t effects[] = {0, 0, 11, 20};
    static const uint8_t name_valid[] = {0x04};
    static const uint8_t effect_valid[] = {0x06};
    pdm_column columns[] = {pdm_column_int64("from", from), pdm_column_int64("to", to),
                            text_column("column", names, "is_refund"),
                            text_column("effect", effects, "end_attemptdrop_unit")};
    columns[2].validity = name_valid;
    columns[3].validity = effect_valid;
    return give(state, "exclusions", columns, 4, 3, err);
}

static pdm_status text_exclusions(pdm_state *state, pdm_error *err) {
    static const int64_t from[] = {1};
    static const int64_t to[] = {4};
    static const int32_t events[] = {0, 2};
    static const int32_t effects[] = {0, 13};
    const pdm_column columns[] = {pdm_column_int64("from", from), pdm_column_int64("to", to),
                                  text_column("event", events, "c5"), text_column("effect", effects, "wipe_progress")};
    return give(state, "exclusions", columns, 4, 1, err);
}

static pdm_status code_exclusions(pdm_state *state, pdm_error *err) {
    static const int64_t from[] = {1, 3};
    static const int64_t to[] = {3, 4};
    static const int64_t event[] = {5, 0};
    const pdm_column columns[] = {pdm_column_int64("from", from), pdm_column_int64("to", to),
                                  pdm_column_int64("event", event)};
    return give(state, "exclusions", columns, 3, 2, err);
}

/* The only kind that order unordered knows. */
static pdm_status whole_exclusion(pdm_state *state, pdm_error *err) {
    static const int64_t from[] = {1};
    static const int64_t to[] = {4};
    static const int32_t effects[] = {0, 13};
    const pdm_column columns[] = {pdm_column_int64("from", from), pdm_column_int64("to", to),
                                  text_column("effect", effects, "wipe_progress")};
    return give(state, "exclusions", columns, 3, 1, err);
}

static pdm_status four_edges(pdm_state *state, pdm_error *err) {
    static const int64_t edge[] = {0, 1, 6 * HOUR_US, DAY_US};
    const pdm_column columns[] = {pdm_column_int64("edge", edge)};
    return give(state, "edges", columns, 1, 4, err);
}

static pdm_status far_edges(pdm_state *state, pdm_error *err) {
    static const int64_t edge[] = {INT64_MIN, INT64_MAX};
    const pdm_column columns[] = {pdm_column_int64("edge", edge)};
    return give(state, "edges", columns, 1, 2, err);
}

static pdm_status three_n(pdm_state *state, pdm_error *err) {
    static const int64_t n[] = {1, 10, 36500};
    const pdm_column columns[] = {pdm_column_int64("n", n)};
    return give(state, "n", columns, 1, 3, err);
}

/* ---- cohorts ---- */

static pdm_status three_brackets(pdm_state *state, pdm_error *err) {
    static const int64_t from[] = {1, 3, 1};
    static const int64_t to[] = {2, 5, 40};
    const pdm_column columns[] = {pdm_column_int64("from", from), pdm_column_int64("to", to)};
    return give(state, "brackets", columns, 2, 3, err);
}

/* Two of one cohort, one of none that is shown. */
static pdm_status some_costs(pdm_state *state, pdm_error *err) {
    static const int64_t cohort[] = {-20 * DAY_US, -20 * DAY_US + HOUR_US, 3 * DAY_US, 50 * DAY_US, 5000 * DAY_US};
    static const int64_t cost[] = {100, 250, 0, 5000, 7};
    const pdm_column columns[] = {pdm_column_int64("cohort", cohort), pdm_column_int64("cost", cost)};
    return give(state, "costs", columns, 2, 5, err);
}

static pdm_status grouped_costs(pdm_state *state, pdm_error *err) {
    static const int64_t cohort[] = {50 * DAY_US, 55 * DAY_US, 57 * DAY_US};
    static const int64_t cost[] = {300, 900, 40};
    static const int32_t groups[] = {0, 2, 2, 4};
    static const uint8_t valid[] = {0x05};
    pdm_column columns[] = {pdm_column_int64("cohort", cohort), pdm_column_int64("cost", cost),
                            text_column("group", groups, "c1c4")};
    columns[2].validity = valid;
    return give(state, "costs", columns, 3, 3, err);
}

/* ---- attribution: channels and milestones are those of rows.c ---- */

/* All that go with both touches and milestones; the weights of two of them are in the next list. */
static pdm_status all_models(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 16, 29, 42, 56, 70, 79, 85, 95, 102, 117};
    static const char bytes[] = "first_non_directlinear_uniqueparticipationcustom_weights"
                                "position_basedmilestonemarkovtime_decayshapleyshapley_ordered";
    static const int64_t order[] = {0, 0, 0, 0, 0, 0, 2, 0, 0, 0};
    static const int64_t half_life[] = {0, 0, 0, 0, 0, 0, 0, DAY_US, 0, 0};
    static const uint8_t order_valid[] = {0x40, 0x00};
    static const uint8_t half_life_valid[] = {0x80, 0x00};
    pdm_column columns[] = {text_column("model", names, bytes), pdm_column_int64("order", order),
                            pdm_column_int64("half_life", half_life)};
    columns[1].validity = order_valid;
    columns[2].validity = half_life_valid;
    return give(state, "models", columns, 3, 10, err);
}

static pdm_status few_models(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 6, 13, 20};
    static const int32_t worths[] = {0, 0, 12, 17};
    static const uint8_t valid[] = {0x06};
    pdm_column columns[] = {text_column("model", names, "markovshapleyshapley"),
                            text_column("worth", worths, "rate_subsetsvalue")};
    columns[1].validity = valid;
    return give(state, "models", columns, 2, 3, err);
}

static pdm_status model_weights(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 14, 28, 37, 46, 55};
    static const char bytes[] = "custom_weightscustom_weightsmilestonemilestonemilestone";
    static const int64_t positions[] = {1, 3, 0, 0, 0};
    static const int32_t marks[] = {0, 0, 0, 4, 9, 13};
    static const double weights[] = {2, 1, 0.5, 0.25, 0.25};
    static const uint8_t position_valid[] = {0x03};
    static const uint8_t mark_valid[] = {0x1C};
    pdm_column columns[] = {text_column("model", names, bytes), pdm_column_int64("position", positions),
                            text_column("mark", marks, "leadfirstrest"),
                            pdm_column_make("weight", PDM_TYPE_FLOAT64, weights)};
    columns[1].validity = position_valid;
    columns[2].validity = mark_valid;
    return give(state, "weights", columns, 4, 5, err);
}

static pdm_status milestones(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 11, 15};
    const pdm_column columns[] = {text_column("mark", names, "opportunitylead")};
    return give(state, "milestones", columns, 1, 2, err);
}

static pdm_status direct(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 2, 4};
    const pdm_column columns[] = {text_column("channel", names, "c1zz")};
    return give(state, "direct", columns, 1, 2, err);
}

static pdm_status priorities(pdm_state *state, pdm_error *err) {
    static const int64_t priority[] = {1, 3};
    static const int64_t lookback[] = {7 * DAY_US, 0};
    const pdm_column columns[] = {pdm_column_int64("priority", priority), pdm_column_int64("lookback", lookback)};
    return give(state, "priority_lookbacks", columns, 2, 2, err);
}

static pdm_status spend(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 2, 4, 6, 8};
    static const int64_t amounts[] = {500, 0, 250, 9};
    const pdm_column columns[] = {text_column("channel", names, "c4c1c4zz"), pdm_column_int64("spend", amounts)};
    return give(state, "spend", columns, 2, 4, err);
}

static pdm_status time_bins(pdm_state *state, pdm_error *err) {
    static const int64_t edge[] = {0, 6 * HOUR_US, 2 * DAY_US};
    const pdm_column columns[] = {pdm_column_int64("edge", edge)};
    return give(state, "time_bins", columns, 1, 3, err);
}

/* ---- experiments: three arms; columns are those of rows.c ---- */

static pdm_status text_arms(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 0, 2, 25};
    static const double weights[] = {1, 1, 2.5};
    const pdm_column columns[] = {text_column("variant", names, "c1很长的客户编号-2"),
                                  pdm_column_make("weight", PDM_TYPE_FLOAT64, weights)};
    return give(state, "arms", columns, 2, 3, err);
}

static pdm_status code_arms(pdm_state *state, pdm_error *err) {
    static const int64_t codes[] = {1, 0, 2};
    const pdm_column columns[] = {pdm_column_int64("variant", codes)};
    return give(state, "arms", columns, 1, 3, err);
}

/* Nulls count as zero or leave the unit out; both are goals or guardrails of something. */
static pdm_status plain_metrics(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 6, 12, 17, 20};
    static const int32_t kinds[] = {0, 10, 15, 20, 25};
    static const int32_t sources[] = {0, 0, 0, 0, 5};
    static const int32_t denominators[] = {0, 0, 0, 0, 6};
    static const int32_t nulls[] = {0, 4, 11, 15, 19};
    static const int32_t roles[] = {0, 4, 4, 8, 17};
    static const double margins[] = {0, 0, 0, 0.5};
    static const double equivalences[] = {0.2, 0, 0, 0};
    static const uint8_t last[] = {0x08};
    static const uint8_t first[] = {0x01};
    static const uint8_t most[] = {0x0D};
    pdm_column columns[] = {text_column("metric", names, "boughtordersspendaov"),
                            text_column("kind", kinds, "conversioncountvalueratio"),
                            text_column("column", sources, "spend"),
                            text_column("denominator", denominators, "orders"),
                            text_column("null_value", nulls, "zeroexcludezerozero"),
                            text_column("role", roles, "goalgoalguardrail"),
                            pdm_column_make("margin", PDM_TYPE_FLOAT64, margins),
                            pdm_column_make("equivalence", PDM_TYPE_FLOAT64, equivalences)};
    columns[2].validity = last;
    columns[3].validity = last;
    columns[5].validity = most;
    columns[6].validity = last;
    columns[7].validity = first;
    return give(state, "metrics", columns, 8, 4, err);
}

/* Decimals and winsorised integers; lower is better. */
static pdm_status capped_metrics(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 5, 10};
    static const int32_t kinds[] = {0, 5, 10};
    static const int32_t types[] = {0, 7, 10};
    static const int64_t scale[] = {3, 0};
    static const int32_t nulls[] = {0, 4, 11};
    static const int32_t directions[] = {0, 6, 11};
    static const double lower[] = {0, 0.1};
    static const double upper[] = {1, 0.9};
    static const int32_t roles[] = {0, 4, 8};
    const pdm_column columns[] = {text_column("metric", names, "pricespend"),
                                  text_column("kind", kinds, "valuevalue"),
                                  text_column("value_type", types, "decimalint"),
                                  pdm_column_int64("scale", scale),
                                  text_column("null_value", nulls, "zeroexclude"),
                                  text_column("direction", directions, "higherlower"),
                                  pdm_column_make("winsor_lower", PDM_TYPE_FLOAT64, lower),
                                  pdm_column_make("winsor_upper", PDM_TYPE_FLOAT64, upper),
                                  text_column("role", roles, "goalgoal")};
    return give(state, "metrics", columns, 9, 2, err);
}

static pdm_status real_metrics(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 5, 11};
    static const int32_t kinds[] = {0, 5, 15};
    static const int32_t types[] = {0, 4, 8};
    static const int32_t nulls[] = {0, 7, 11};
    static const int32_t roles[] = {0, 4, 8};
    const pdm_column columns[] = {
        text_column("metric", names, "scorebought"), text_column("kind", kinds, "valueconversion"),
        text_column("value_type", types, "realreal"), text_column("null_value", nulls, "excludezero"),
        text_column("role", roles, "goalgoal")};
    return give(state, "metrics", columns, 5, 2, err);
}

static pdm_status ratio_covariates(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 5, 10, 13};
    static const int32_t sources[] = {0, 12, 25, 37};
    static const int32_t denominators[] = {0, 0, 0, 13};
    static const uint8_t last[] = {0x04};
    pdm_column columns[] = {text_column("metric", names, "spendspendaov"),
                            text_column("column", sources, "spend_beforeorders_beforespend_before"),
                            text_column("denominator", denominators, "orders_before")};
    columns[2].validity = last;
    return give(state, "covariates", columns, 3, 3, err);
}

static pdm_status two_segments(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 4, 8};
    const pdm_column columns[] = {text_column("column", names, "citytier")};
    return give(state, "segment_columns", columns, 1, 2, err);
}

static pdm_status one_look(pdm_state *state, pdm_error *err) {
    static const int64_t units[] = {1};
    const pdm_column columns[] = {pdm_column_int64("units", units)};
    return give(state, "looks", columns, 1, 1, err);
}

static pdm_status some_priors(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 6, 11, 14};
    static const double a[] = {2, 0, 0};
    static const double b[] = {7.5, 0, 0};
    static const double mean[] = {0, -0.05, 10};
    static const double sd[] = {0, 0.3, 50};
    static const int32_t scales[] = {0, 0, 0, 4};
    static const uint8_t first[] = {0x01};
    static const uint8_t others[] = {0x06};
    static const uint8_t last[] = {0x04};
    pdm_column columns[] = {
        text_column("metric", names, "boughtspendaov"), pdm_column_make("a", PDM_TYPE_FLOAT64, a),
        pdm_column_make("b", PDM_TYPE_FLOAT64, b),      pdm_column_make("mean", PDM_TYPE_FLOAT64, mean),
        pdm_column_make("sd", PDM_TYPE_FLOAT64, sd),    text_column("scale", scales, "diff")};
    columns[1].validity = columns[2].validity = first;
    columns[3].validity = columns[4].validity = others;
    columns[5].validity = last;
    return give(state, "priors", columns, 6, 3, err);
}

static pdm_status some_intervals(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 6, 11, 17};
    static const int32_t variants[] = {0, 1, 2, 3};
    static const double low[] = {-0.25, -20, 0};
    static const double high[] = {0.5, 40, 0};
    static const double p[] = {0.04, 0.3, 0};
    static const uint8_t two[] = {0x03};
    pdm_column columns[] = {text_column("metric", names, "boughtspendbought"), text_column("variant", variants, "020"),
                            pdm_column_make("low", PDM_TYPE_FLOAT64, low),
                            pdm_column_make("high", PDM_TYPE_FLOAT64, high),
                            pdm_column_make("p_always_valid", PDM_TYPE_FLOAT64, p)};
    columns[2].validity = columns[3].validity = columns[4].validity = two;
    return give(state, "intervals", columns, 5, 3, err);
}

const case_list case_examples[] = {
    {"windows", "two_windows", two_windows, CASE_NO_EVENTS},
    {"windows", "three_windows", three_windows, CASE_NO_EVENTS},
    {"segments", "segment_boxes", segment_boxes, CASE_NO_EVENTS},
    {"segments", "segment_codes", segment_codes, CASE_NO_EVENTS},
    {"thresholds", "four_thresholds", four_thresholds, CASE_NO_EVENTS},
    {"thresholds", "three_thresholds", three_thresholds, CASE_NO_EVENTS},
    {"tiers", "tier_cuts", tier_cuts, CASE_NO_EVENTS},
    {"tiers", "tier_shares", tier_shares, CASE_NO_EVENTS},
    {"roles", "four_roles", four_roles, CASE_NO_EVENTS},
    {"steps", "text_steps", text_steps, CASE_TEXTS},
    {"steps", "empty_text_steps", empty_text_steps, CASE_TEXTS},
    {"steps", "code_steps", code_steps, CASE_CODES},
    {"steps", "far_code_steps", far_code_steps, CASE_CODES},
    {"steps", "flag_steps", flag_steps, CASE_NO_EVENTS},
    {"steps", "optional_steps", optional_steps, CASE_NO_EVENTS},
    {"steps", "timed_steps", timed_steps, CASE_NO_EVENTS},
    {"steps", "held_steps", held_steps, CASE_NO_EVENTS},
    {"steps", "one_step", one_step, CASE_NO_EVENTS},
    {"exclusions", "exclusions", exclusions, CASE_NO_EVENTS},
    {"exclusions", "text_exclusions", text_exclusions, CASE_TEXTS},
    {"exclusions", "code_exclusions", code_exclusions, CASE_CODES},
    {"exclusions", "whole_exclusion", whole_exclusion, CASE_NO_EVENTS},
    {"arms", "text_arms", text_arms, CASE_TEXTS},
    {"arms", "code_arms", code_arms, CASE_CODES},
    {"metrics", "plain_metrics", plain_metrics, CASE_NO_EVENTS},
    {"metrics", "capped_metrics", capped_metrics, CASE_NO_EVENTS},
    {"metrics", "real_metrics", real_metrics, CASE_NO_EVENTS},
    {"covariates", "ratio_covariates", ratio_covariates, CASE_NO_EVENTS},
    {"segment_columns", "two_segments", two_segments, CASE_NO_EVENTS},
    {"looks", "one_look", one_look, CASE_NO_EVENTS},
    {"priors", "some_priors", some_priors, CASE_NO_EVENTS},
    {"intervals", "some_intervals", some_intervals, CASE_NO_EVENTS},
    {"edges", "four_edges", four_edges, CASE_NO_EVENTS},
    {"edges", "far_edges", far_edges, CASE_NO_EVENTS},
    {"n", "three_n", three_n, CASE_NO_EVENTS},
    {"brackets", "three_brackets", three_brackets, CASE_NO_EVENTS},
    {"costs", "some_costs", some_costs, CASE_NO_EVENTS},
    {"costs", "grouped_costs", grouped_costs, CASE_NO_EVENTS},
    {"models", "all_models", all_models, CASE_NO_EVENTS},
    {"models", "few_models", few_models, CASE_NO_EVENTS},
    {"weights", "model_weights", model_weights, CASE_NO_EVENTS},
    {"milestones", "milestones", milestones, CASE_NO_EVENTS},
    {"direct", "direct", direct, CASE_NO_EVENTS},
    {"priority_lookbacks", "priorities", priorities, CASE_NO_EVENTS},
    {"spend", "spend", spend, CASE_NO_EVENTS},
    {"time_bins", "time_bins", time_bins, CASE_NO_EVENTS},
};
const int32_t case_example_count = (int32_t)(sizeof case_examples / sizeof *case_examples);
