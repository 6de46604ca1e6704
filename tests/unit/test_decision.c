/* The decision: every rule, the practice examples, both directions, running and final, words, refusals. */
#include <pdmetrics/stats/decision.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 4

static pdm_decision_result result;
static pdm_reason reasons[PDM_DECISION_REASONS(MOST)];

static pdm_decision_metric goal(double low, double high) {
    pdm_decision_metric m = pdm_decision_metric_default();
    m.reported = (pdm_range){low, high};
    m.adjusted = m.reported;
    m.scaled = m.reported;
    return m;
}

static pdm_decision_metric guardrail(double margin, double low, double high) {
    pdm_decision_metric m = goal(low, high);
    m.role = PDM_ROLE_GUARDRAIL;
    m.margin = margin;
    return m;
}

/* A fulfilled plan: 500 per arm, a week. */
static pdm_decision_options finished(void) {
    pdm_decision_options o = pdm_decision_options_default();
    o.required_n = 500;
    o.n_control = 500;
    o.n_treatment = 520;
    o.days = 7;
    return o;
}

static void decide(const pdm_decision_metric *metrics, int32_t count, const pdm_decision_options *o) {
    pdm_error err;
    memset(&result, 0xff, sizeof result);
    memset(reasons, 0xff, sizeof reasons);
    if (pdm_decide(metrics, count, o, &result, reasons, &err) != PDM_OK) fail_msg("%s: %s", err.column, err.message);
    assert_true(result.reason_count >= 1 && result.reason_count <= PDM_DECISION_REASONS(count));
}

/* Exactly these codes, in this order; 0 ends them. */
static void expect(int32_t decision, int32_t rule, const int32_t *codes) {
    assert_string_equal(pdm_decision_name(result.decision, 0), pdm_decision_name(decision, 0));
    assert_int_equal(result.rule, rule);
    int32_t count = 0;
    while (codes[count] != 0) count++;
    assert_int_equal(result.reason_count, count);
    for (int32_t i = 0; i < count; i++)
        assert_string_equal(pdm_reason_name(reasons[i].code), pdm_reason_name(codes[i]));
}

#define EXPECT(decision, rule, ...) expect(decision, rule, (const int32_t[]){__VA_ARGS__, 0})

/* The rules as teams practise them. */
static void test_practice(void **state) {
    (void)state;
    pdm_decision_options o = finished();
    pdm_decision_metric m[2] = {goal(0.050741, 0.149346)};
    decide(m, 1, &o); /* 15 % → 25 % of 500 */
    EXPECT(PDM_DECISION_KEEP, 6, PDM_REASON_GOAL_BETTER);
    assert_true(result.is_final == 1 && result.n_min == 500 && result.n_required == 500 && result.days == 7);
    m[1] = guardrail(0.20, -0.30, -0.10);
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_ADJUST, 5, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAIL_HARMED);
    assert_true(reasons[1].metric == 1 && reasons[1].value == -0.30 && reasons[1].threshold == -0.20);
    m[1] = guardrail(0.20, -0.15, -0.05);
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP, 6, PDM_REASON_GOAL_BETTER, PDM_REASON_WORSE_WITHIN_MARGIN, PDM_REASON_GUARDRAILS_SAFE);
    m[1] = guardrail(0.20, -0.30, 0.05);
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_ADJUST, 7, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAIL_NOT_PROVEN);
    o.guardrail_rule = PDM_GUARDRAIL_NOT_HARMED;
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP, 6, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAILS_SAFE);
    m[1] = guardrail(0.20, -0.15, -0.05); /* not_harmed looks at harm alone */
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_ADJUST, 5, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAIL_HARMED);
    m[0] = goal(-0.02, 0.02); /* 带新客数无差异 */
    m[0].equivalence = 0.03;
    m[0].two_alpha = (pdm_range){-0.015, 0.016};
    o = finished();
    decide(m, 1, &o);
    EXPECT(PDM_DECISION_DROP, 8, PDM_REASON_EQUIVALENT);
    assert_true(reasons[0].value == 0.016 && reasons[0].threshold == 0.03);
    o.if_equivalent = PDM_DECISION_KEEP;
    decide(m, 1, &o);
    EXPECT(PDM_DECISION_KEEP, 8, PDM_REASON_EQUIVALENT);
    m[0].two_alpha = (pdm_range){-0.2, 0.3};
    decide(m, 1, &o);
    EXPECT(PDM_DECISION_REVIEW, 9, PDM_REASON_INCONCLUSIVE);
    o.if_inconclusive = PDM_DECISION_KEEP_RUNNING;
    decide(m, 1, &o);
    EXPECT(PDM_DECISION_KEEP_RUNNING, 9, PDM_REASON_INCONCLUSIVE);
}

static void test_goals(void **state) {
    (void)state;
    pdm_decision_options o = finished();
    pdm_decision_metric m[3] = {goal(-0.3, -0.1), goal(0.1, 0.2), guardrail(0, 0.01, 0.1)};
    decide(m, 3, &o);
    EXPECT(PDM_DECISION_ADJUST, 4, PDM_REASON_GOAL_WORSE, PDM_REASON_GOALS_DISAGREE);
    m[1] = goal(-0.1, 0.2);
    decide(m, 3, &o);
    EXPECT(PDM_DECISION_DROP, 4, PDM_REASON_GOAL_WORSE);
    m[0] = goal(-0.01, 0.1);
    decide(m, 3, &o); /* a guardrail that is better is no success */
    EXPECT(PDM_DECISION_REVIEW, 9, PDM_REASON_INCONCLUSIVE, PDM_REASON_INCONCLUSIVE);
    m[2] = guardrail(0.01, -0.2, -0.1);
    decide(m, 3, &o);
    EXPECT(PDM_DECISION_DROP, 5, PDM_REASON_GUARDRAIL_HARMED);
    m[0] = goal(0.01, 0.1);
    m[2].on_harm = PDM_DECISION_DROP;
    decide(m, 3, &o);
    EXPECT(PDM_DECISION_DROP, 5, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAIL_HARMED);
    m[0].adjusted = (pdm_range){-0.01, 0.12}; /* the family's interval decides, not the plain one */
    m[2] = guardrail(0.01, 0, 0.2);
    decide(m, 3, &o);
    EXPECT(PDM_DECISION_REVIEW, 9, PDM_REASON_INCONCLUSIVE, PDM_REASON_INCONCLUSIVE);
    m[0].adjusted = (pdm_range){(double)NAN, (double)NAN};
    decide(m, 3, &o);
    EXPECT(PDM_DECISION_KEEP, 6, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAILS_SAFE);
}

/* Mirrored metrics decide the same; a zero or a margin on the edge proves nothing. */
static void test_direction_and_edges(void **state) {
    (void)state;
    pdm_decision_options o = finished();
    const double ends[] = {-0.3, -0.2, -0.1, 0, 0.1};
    for (int32_t i = 0; i < 25; i++) {
        for (int32_t k = 0; k < 25; k++) {
            pdm_decision_metric m[2] = {goal(ends[i / 5], ends[i % 5]), guardrail(0.2, ends[k / 5], ends[k % 5])};
            if (i / 5 > i % 5 || k / 5 > k % 5) continue;
            decide(m, 2, &o);
            pdm_decision_result up = result;
            for (int32_t j = 0; j < 2; j++) {
                m[j].direction = PDM_LOWER_IS_BETTER;
                m[j].reported = (pdm_range){-m[j].reported.high, -m[j].reported.low};
                m[j].adjusted = (pdm_range){-m[j].adjusted.high, -m[j].adjusted.low};
                m[j].scaled = (pdm_range){-m[j].scaled.high, -m[j].scaled.low};
            }
            decide(m, 2, &o);
            assert_memory_equal(&up, &result, sizeof up);
            bool better = ends[i / 5] > 0;
            bool safe = ends[k / 5] > -0.2;
            assert_int_equal(result.decision == PDM_DECISION_KEEP, better && safe);
        }
    }
    pdm_decision_metric m[2] = {goal(0.1, 0.2), guardrail(0.2, -0.3, -0.1)};
    m[1].scaled = (pdm_range){(double)NAN, (double)NAN}; /* no lift: the difference shows harm, nothing shows safety */
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_ADJUST, 5, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAIL_HARMED);
    assert_true(isinf(reasons[1].value) && reasons[1].value < 0);
    m[1].scale = PDM_SCALE_DIFFERENCE; /* on the difference there is one interval, not two */
    m[1].margin = 0.4;
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP, 6, PDM_REASON_GOAL_BETTER, PDM_REASON_WORSE_WITHIN_MARGIN, PDM_REASON_GUARDRAILS_SAFE);
}

static void test_quality(void **state) {
    (void)state;
    pdm_decision_options o = finished();
    pdm_decision_metric m[2] = {goal(0.1, 0.2), guardrail(0.1, -0.01, 0.2)};
    o.srm_status = PDM_STATUS_MISMATCH;
    o.srm_p = 1e-9;
    o.crossover_share = 0.02;
    o.conflicts = 3;
    o.imbalance = 1;
    o.balance_p = 1e-5;
    m[1].status = PDM_STATUS_TOO_FEW;
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_REVIEW, 1, PDM_REASON_SRM, PDM_REASON_CROSSOVERS, PDM_REASON_NO_DATA, PDM_REASON_CONFLICTS,
           PDM_REASON_IMBALANCE);
    assert_true(reasons[0].threshold == 0.001 && reasons[1].threshold == 0.01 && reasons[2].metric == 1);
    m[1].status = PDM_STATUS_OK;
    o.srm_status = PDM_STATUS_OK;
    o.max_crossover_share = 0.05;
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP, 6, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAILS_SAFE, PDM_REASON_CONFLICTS,
           PDM_REASON_IMBALANCE);
    m[0].reported.low = (double)NAN; /* zero variance: no interval */
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_REVIEW, 1, PDM_REASON_NO_DATA, PDM_REASON_CONFLICTS, PDM_REASON_IMBALANCE);
    m[0] = goal(0.1, 0.2);
    m[0].status = PDM_STATUS_DEGENERATE; /* all converted: there are intervals */
    o.crossover_share = 1e-9;
    o.max_crossover_share = -1;
    decide(m, 2, &o);
    assert_int_equal(result.rule, 1);
    o.crossover_share = 0;
    decide(m, 2, &o);
    assert_int_equal(result.rule, 6);
}

/* Before the end only intervals that may be watched decide. */
static void test_running(void **state) {
    (void)state;
    pdm_decision_options o = finished();
    pdm_decision_metric m[2] = {goal(0.1, 0.2), guardrail(0.1, -0.01, 0.2)};
    o.n_control = 400;
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP_RUNNING, 3, PDM_REASON_BELOW_REQUIRED_SAMPLE);
    assert_true(reasons[0].value == 100 && reasons[0].threshold == 500 && result.is_final == 0);
    o.days = 3;
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP_RUNNING, 3, PDM_REASON_BELOW_REQUIRED_SAMPLE, PDM_REASON_BELOW_MIN_DAYS);
    o.n_control = 500;
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP_RUNNING, 3, PDM_REASON_BELOW_MIN_DAYS);
    o.min_days = -1;
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP, 6, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAILS_SAFE);
    o.min_days = 0;
    o.last_look = 1;
    decide(m, 2, &o);
    assert_int_equal(result.decision, PDM_DECISION_KEEP);
    o.last_look = 0;
    m[0].watched = (pdm_range){-(double)INFINITY, -0.001}; /* harm_watch: one-sided */
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_DROP, 2, PDM_REASON_HARM_SHOWN_EARLY);
    m[0].watched = (pdm_range){0.01, 0.3}; /* a sequential bound, the good one; the guardrail is not watched */
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP_RUNNING, 7, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAIL_NOT_PROVEN);
    m[1].watched = m[1].watched_scaled = (pdm_range){-0.09, 0.3};
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP, 6, PDM_REASON_GOAL_BETTER, PDM_REASON_GUARDRAILS_SAFE);
    m[1].watched = m[1].watched_scaled = (pdm_range){-0.3, -0.01};
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_DROP, 2, PDM_REASON_HARM_SHOWN_EARLY);
    m[1].watched = m[1].watched_scaled = (pdm_range){-0.09, -0.01}; /* worse, but within the margin: no harm */
    decide(m, 2, &o);
    EXPECT(PDM_DECISION_KEEP, 6, PDM_REASON_GOAL_BETTER, PDM_REASON_WORSE_WITHIN_MARGIN, PDM_REASON_GUARDRAILS_SAFE);
    m[0].watched = (pdm_range){-0.01, 0.3};
    m[0].equivalence = 1;
    m[0].two_alpha = (pdm_range){-0.1, 0.1};
    decide(m, 2, &o); /* nothing is equivalent before the end */
    EXPECT(PDM_DECISION_KEEP_RUNNING, 3, PDM_REASON_BELOW_MIN_DAYS);
}

/* More units by the usual formula: se shrinks with √n, (1.96 + 0.84)² se² over effect². */
static void test_units_missing(void **state) {
    (void)state;
    pdm_decision_options o = finished();
    pdm_decision_metric m = goal(-0.02, 0.06);
    m.estimate = 0.02;
    m.se = 0.02;
    decide(&m, 1, &o);
    assert_true(fabs(reasons[0].value / (1020 * (7.8489 - 1)) - 1) < 1e-3);
    m.planned_effect = -0.04;
    decide(&m, 1, &o);
    assert_true(fabs(reasons[0].value / (1020 * (7.8489 / 4 - 1)) - 1) < 1e-3);
    m.estimate = m.planned_effect = 0;
    decide(&m, 1, &o);
    assert_true(isnan(reasons[0].value));
}

static void says(pdm_reason reason, int32_t language, const char *metric, const char *expected) {
    char text[512];
    size_t length = pdm_reason_text(&reason, metric, language, text, sizeof text);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static pdm_reason reason(int32_t code, double value, double threshold, int32_t scale) {
    return (pdm_reason){code, 0, value, threshold, scale, 0};
}

static void test_words(void **state) {
    (void)state;
    const int32_t points = PDM_SCALE_DIFFERENCE;
    says(reason(PDM_REASON_GOAL_BETTER, 0.0507413, 0, points), 0, "repurchase_rate",
         "repurchase_rate became better: at least +0.0507413.");
    says(reason(PDM_REASON_GUARDRAIL_HARMED, -0.3, -0.2, PDM_SCALE_LIFT), 0, "aov",
         "Guardrail aov is harmed: at worst -30%, allowed is -20%.");
    says(reason(PDM_REASON_GUARDRAIL_HARMED, -0.3, -0.2, PDM_SCALE_LIFT), 1, "客单价",
         "护栏指标 客单价 受损：最差 -30%，允许 -20%。");
    says(reason(PDM_REASON_BELOW_REQUIRED_SAMPLE, 1902, 2402, points), 1, NULL,
         "每组需要 2402 个样本，较小的一组还差 1902 个。");
    says(reason(PDM_REASON_EQUIVALENT, 0.0155, 0.03, PDM_SCALE_LIFT), 0, NULL,
         "the metric shows no difference that matters: at most 1.55% either way, the bound is 3%.");
    says(reason(PDM_REASON_NO_DATA, PDM_STATUS_TOO_FEW, 0, points), 0, "spend", "spend has no interval (too_few).");
    says(reason(PDM_REASON_CROSSOVERS, 0.0234567, 0.01, points), 0, NULL,
         "2.34567% of the units were seen in several arms; at most 1% are allowed.");
    says(reason(PDM_REASON_INCONCLUSIVE, (double)NAN, 0, points), 1, "A", "A 尚无定论；还需样本（各组合计）：?。");
    says(reason(PDM_REASON_GOAL_WORSE, -123456789.0, 0, points), 0, "gmv", "gmv became worse: at best -123457000.");
    says(reason(PDM_REASON_GOAL_WORSE, -2.5e-12, 0, points), 0, "x", "x became worse: at best -2.5e-12.");
    says(reason(PDM_REASON_GUARDRAIL_NOT_PROVEN, -(double)INFINITY, -0.05, PDM_SCALE_LIFT), 0, "x",
         "Guardrail x is not shown to be safe: at worst -\xe2\x88\x9e%, allowed is -5%.");
    says(reason(99, 0, 0, points), 0, "x", "unknown");
    for (int32_t code = PDM_REASON_SRM; code <= PDM_REASON_IMBALANCE; code++) {
        char text[512];
        pdm_reason r = reason(code, 1, 2, 0);
        assert_string_not_equal(pdm_reason_name(code), "unknown");
        for (int32_t language = 0; language < 2; language++) {
            size_t whole = pdm_reason_text(&r, "复购率", language, text, sizeof text);
            assert_true(whole > 10 && strchr(text, '{') == NULL);
            for (size_t capacity = 0; capacity <= whole + 1; capacity++) { /* cut, but never within a character */
                char cut[512];
                memset(cut, 'X', sizeof cut);
                assert_int_equal(pdm_reason_text(&r, "复购率", language, cut, capacity), whole);
                if (capacity == 0) continue;
                assert_true(strlen(cut) < capacity && strlen(cut) + 4 >= (capacity < whole ? capacity : whole));
                assert_memory_equal(cut, text, strlen(cut));
                assert_true(((unsigned char)text[strlen(cut)] & 0xC0U) != 0x80U);
            }
        }
    }
    assert_string_equal(pdm_decision_name(PDM_DECISION_KEEP_RUNNING, 1), "继续观察");
    assert_string_equal(pdm_decision_name(PDM_DECISION_REVIEW, 0), "review");
    assert_string_equal(pdm_decision_name(0, 0), "unknown");
    assert_string_equal(pdm_reason_name(0), "unknown");
}

static void refused(const pdm_decision_metric *m, int32_t count, const pdm_decision_options *o, pdm_status code,
                    const char *column, int64_t row) {
    pdm_error err;
    result.rule = 77;
    assert_int_equal(pdm_decide(m, count, o, &result, reasons, &err), code);
    assert_string_equal(err.column, column);
    assert_int_equal(err.row, row);
    assert_int_equal(result.rule, 77);
}

static void test_refusals(void **state) {
    (void)state;
    pdm_decision_options o = finished();
    pdm_decision_metric m[2] = {goal(0.1, 0.2), guardrail(0.1, -0.01, 0.2)};
    refused(m, 2, NULL, PDM_E_PLAN_REQUIRED, "required_n", -1);
    refused(m + 1, 1, &o, PDM_E_BAD_OPTION, "role", -1);
    m[1].margin = pdm_decision_metric_default().margin;
    refused(m, 2, &o, PDM_E_MARGIN_REQUIRED, "margin", 1);
    m[1].margin = -0.1;
    refused(m, 2, &o, PDM_E_BAD_OPTION, "margin", 1);
    m[1].margin = 0;
    m[1].role = 2;
    refused(m, 2, &o, PDM_E_BAD_OPTION, "role", 1);
    m[1].role = PDM_ROLE_GUARDRAIL;
    m[1].on_harm = PDM_DECISION_KEEP;
    refused(m, 2, &o, PDM_E_BAD_OPTION, "on_harm", 1);
    m[0].equivalence = -1;
    refused(m, 2, &o, PDM_E_BAD_OPTION, "equivalence", 0);
    o.days = -1;
    refused(m, 2, &o, PDM_E_BAD_VALUE, "days", -1);
    o.days = 1;
    o.n_control = -1;
    refused(m, 2, &o, PDM_E_BAD_VALUE, "n", -1);
    o.n_control = 1;
    o.crossover_share = 1.5;
    refused(m, 2, &o, PDM_E_BAD_VALUE, "crossover_share", -1);
    o.if_equivalent = PDM_DECISION_REVIEW;
    refused(m, 2, &o, PDM_E_BAD_OPTION, "if_equivalent", -1);
    o.guardrail_rule = 2;
    refused(m, 2, &o, PDM_E_BAD_OPTION, "guardrail_rule", -1);
    o.struct_size = 8;
    refused(m, 2, &o, PDM_E_BAD_OPTION, "struct_size", -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_practice), cmocka_unit_test(test_goals),    cmocka_unit_test(test_direction_and_edges),
        cmocka_unit_test(test_quality),  cmocka_unit_test(test_running),  cmocka_unit_test(test_units_missing),
        cmocka_unit_test(test_words),    cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
