#include "calculator_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_INPUTS 5
#define MOST_COLUMNS 16
#define MOST_ROWS 64
#define OPTIONS_BYTES 512

#define GMV "formula: text | gmv=old*cvr*aov*freq+new*fcvr*faov\n"
#define GMV_LEAVES                                                                                                     \
    "leaves: leaf value role | old 8000 count | cvr 0.25 rate | aov 180 money | freq 1.5 ratio | new 3000 count | "    \
    "fcvr 0.1 rate | faov 99 money\n"
#define GMV_CHANGE                                                                                                       \
    "leaves: leaf x0 x1 | old 8000 8800 | cvr 0.25 0.22 | aov 180 188 | freq 1.5 1.5 | new 3000 4000 | fcvr 0.1 0.12 | " \
    "faov 99 89\n"

const calculator_case calculator_cases[] = {
    {"apportion", "", "target: total | 100003\nparts: part weight | a 0.6 | b 0.2 | c 0 | d 7.25 | e 0.2"},
    {"apportion", "method=webster",
     "target: total | 100003\nparts: part weight | a 0.6 | b 0.2 | c 0 | d 7.25 | e 0.2"},
    {"apportion", "method=dhondt", "target: total | -91\nparts: weight | 1500 | 1500 | 900 | 500 | 500 | 200"},
    {"apportion", "method=adams", "target: total | 26\nparts: weight | 1500 | 1500 | 900 | 500 | 500 | 200"},
    {"apportion", "method=huntington", "target: total | 26\nparts: weight | 1500 | 1500 | 900 | 500 | 500 | 200"},
    {"apportion", "zero_policy=equal", "target: total | 11\nparts: weight | 0 | 0 | 0"},
    {"allocate", "exact_int=true",
     "target: total | 1000\nparts: part weight low high | a 5 0 300 | b 3 100 - | c 1 - 90"},
    {"allocate", "round_minor=true", "target: total | 1000\nparts: part weight | a 5 | b 3 | c 1"},
    {"allocate", "method=quadratic exact_int=true",
     "target: total | 1000\nparts: part base flex low high | a 500 1 0 600 | b 300 2 - - | c 150 0 - -"},
    {"nested", "",
     "target: total | 1000003\nlevels: level method | month - | channel webster | segment -\n"
     "shares: level parent part weight | month - m1 0.3 | month - m2 0.7 | channel - c1 2 | channel - c2 1 | "
     "segment c1 s1 1 | segment c1 s2 1.5 | segment c2 s1 1 | segment c2 s3 3"},
    {"two_way", "",
     "seed: row column value | a x 3 | a y 1 | b x 0 | b y 2\nrow_totals: row row_total | a 70 | b 30\n"
     "column_totals: column column_total | x 45 | y 55"},
    {"two_way", "method=biproportional",
     "seed: row column value | a x 3.3 | a y 1.7 | b x 2.9 | b y 2.2\nrow_totals: row row_total | a 70 | b 30\n"
     "column_totals: column column_total | x 45 | y 55"},
    {"shares", "", "history: period unit value | 1 a 3 | 1 b 5 | 2 a 4 | 2 b 1 | 3 a 0 | 3 b 0\ntarget: total | 999"},
    {"shares", "method=gross_sohl_a", "history: period unit value | 1 a 3 | 1 b 5 | 2 a 4 | 2 b 1"},
    {"forecast_proportions", "",
     "tree: node parent value | all - 0 | a all 3 | b all 2 | a1 a 5 | a2 a 1\ntarget: total | 1000"},
    {"blend", "",
     "sources: source unit share | past a 0.4 | past b 0.6 | cap a 0.5 | cap b 0.5\nalphas: source alpha | past 3 | cap 1"},
    {"formula", "", GMV GMV_LEAVES},
    {"formula", "root=x",
     "formula: text | y=min(a,b)^2;x=sum(channel:a*c)/b-max(c,2)\n"
     "leaves: leaf value month channel segment | a 1 m1 c1 s1 | a 2 m1 c2 s1 | a 3 m2 c1 s1 | a - m2 c2 s1 | b 4 m1 - - | "
     "b 0 m2 - - | c 3 - - -"},
    {"views", "", "formulas: view text | one a+b | two a*2 | three b+a+0.5\nleaves: leaf value | a 3 | b 3"},
    {"seasonal_index", "season_length=4", "history: value | 10 | 12 | 9 | 20 | 11 | 13 | 10 | 24"},
    {"seasonal_index", "season_length=4 method=cma",
     "history: value | 10 | 12 | 9 | 20 | 11 | 13 | 10 | 24 | 12 | 15 | 11 | 26"},
    {"seasonal_split", "exact_int=true",
     "target: total growth | 100000 0.02\nindex: index period | 0.9 1 | 1.1 2 | 1 3"},
    {"growth", "", "rows: name base growth periods | a 100 0.05 12 | b 5 -0.1 4"},
    {"event_days", "exact_int=true",
     "target: total first_day last_day | 1000003 2026-06-01 2026-06-30\nweekdays: weekday weight | 5 1.5 | 6 0.5\n"
     "events: event start end multiplier | 618 2026-06-16 2026-06-18 4 | warm 2026-06-10 2026-06-17 1.5"},
    {"s_curve", "steps=8", "target: total | 500"},
    {"denton", "season_length=4",
     "indicator: value | 9 | 10 | 12 | 14 | 9 | 11 | 12 | 15 | 10\nannual: total | 50 | 61"},
    {"denton", "season_length=4 method=additive",
     "indicator: value | 9 | 10 | 12 | 14 | 9 | 11 | 12 | 15 | 10\nannual: total | 50 | 61"},
    {"roll_forward", "exact_int=true",
     "start: users | 10001\nmonths: month churn conversion_rate order_value frequency first_conversion_rate "
     "first_order_value | m1 0.05 0.25 180.5 1.2 0.1 99 | m2 0.045 0.25 180.5 1.2 0.1 99 | m3 0.0333 0.3 170 1.1 0.1 89\n"
     "channels: month channel traffic touch add | m1 a 10000 0.3 0.155 | m1 b 777 1.5 0.2 | m2 a 9000 0.3 0.15 | "
     "m2 b 700 1.5 0.2 | m3 a 8000 0.3 0.15 | m3 b 123 1.5 0.21"},
    {"roll_forward", "exact_int=true rounding=carry new_churn=half touch_mode=independent",
     "start: users | 10001\nmonths: month churn conversion_rate order_value frequency first_conversion_rate "
     "first_order_value | m1 0.05 0.25 180.5 1.2 0.1 99 | m2 0.045 0.25 180.5 1.2 0.1 99\n"
     "channels: month channel traffic touch add | m1 a 10000 0.3 0.155 | m2 a 9000 0.3 0.15"},
    {"roll_inverse", "", "rows: name users_start users_end churn adds | a 1000 1100 0.05 - | b 1000 1100 - 160"},
    {"gap", "", "nodes: node top_down bottom_up | all 100 90 | a 60 - | b 0 5"},
    {"gap_split", "method=by_headroom",
     "target: top_down | 130\nunits: unit plan capacity floor | a 60 80 0 | b 40 55 0"},
    {"gap_split", "", "target: top_down | 130\nunits: unit plan | a 60 | b 40"},
    {"reconcile", "exact_int=true",
     "nodes: node parent value | all - 100 | a all 50.5 | b all 30.25 | a1 a 20 | a2 a 35"},
    {"reconcile", "bounded=true weights=struct",
     "nodes: node parent value low high | all - 10 0 - | a all 50 0 60 | b all -20 0 5"},
    {"review_rounds", "",
     "rounds: round unit proposed counter agreed | 1 a 100 90 - | 1 b 50 50 50 | 2 a 97 94 95 | 2 b - - -"},
    {"goal_seek", "", GMV GMV_LEAVES "target: target lever | 700000 cvr"},
    {"goal_seek", "find_all=true",
     "formula: text | x*x-y\nleaves: leaf value | x 1 | y 2\ntarget: target lever low high | 128 x -50 50"},
    {"equal_effort", "",
     GMV GMV_LEAVES "target: target | 600000\nlevers: lever weight high | cvr 1 0.26 | aov 2 - | new 1 -"},
    {"equal_effort", "method=min_sq", GMV GMV_LEAVES "target: target | 600000\nlevers: lever | cvr | aov | new"},
    {"tornado", "", GMV GMV_LEAVES},
    {"scenarios", "", GMV GMV_LEAVES "axes: lever value | cvr 0.2 | cvr 0.3 | new 2000 | new 4000 | new 5000"},
    {"decompose", "", GMV GMV_CHANGE},
    {"decompose", "", "formula: text | x=a*b;x/c+min(a,c)\nleaves: leaf x0 x1 | a 1 2 | b 2 3 | c 3 5"},
    {"decompose", "method=chain", "formula: text | a*b*c\nleaves: leaf x0 x1 order | a 1 2 2 | b 2 3 1 | c 3 5 3"},
    {"decompose", "method=order_range", "formula: text | a*b*c\nleaves: leaf x0 x1 | a 1 2 | b 2 3 | c 3 5"},
    {"lmdi", "", "factors: factor x0 x1 segment | q 3 4 a | p 2 2.5 a | q 5 1 b | p 7 8 b"},
    {"lmdi", "method=lmdi2", "factors: factor x0 x1 segment | q 3 4 a | p 2 2.5 a | q 5 1 b | p 7 8 b"},
    {"lmdi", "", "factors: factor x0 x1 | a 1 2 | b 2 3 | c 3 5\nformula: text | a*b+b*c"},
    {"funnel_change", "", "steps: step v0 v1 | view 1000 1200 | cart 300 330 | pay 100 140"},
    {"series_change", "",
     "formula: text | a*b\nleaves: leaf value period | a 1 1 | b 2 1 | a 2 2 | b 3 2 | a 4 3 | b 2.5 3"},
    {"pvm", "", "products: product price0 quantity0 price1 quantity1 | a 3 10 4 9 | b 5 4 5 6 | c - 0 2 3 | d 7 1 - 0"},
    {"rate_mix", "",
     "groups: group numerator0 denominator0 numerator1 denominator1 | a 30 100 36 110 | b 5 50 9 60 | c 0 0 4 9 | d 3 5 0 0"},
    {"sum_mix", "", "groups: group count0 mean0 count1 mean1 | a 30 100 36 110 | b 5 50 9 60 | c 0 - 4 9 | d 3 5 0 -"},
    {"contribution", "", "segments: segment v0 v1 | a 30 36 | b 5 9 | c 0 4"},
    {"root_cause", "",
     "rows: dimension element forecast actual | city x 50 20 | city y 50 49 | city z 20 20 | line p 60 45 | line q 60 44"},
    {"track", "mean_of_ratios=true",
     "rows: name actual target previous year_ago direction elapsed days | a 90 100 80 70 - 11 30 | b 5 4 6 - lower - - | "
     "c - 10 - - - - -"},
    {"pace", "", "pace: actual target elapsed total_days | 40 100 2 5\ndays: weight | 1 | 1 | 0 | 2 | 2"},
    {"pace", "", "pace: actual target first_day last_day today | 40 100 2026-06-01 2026-06-30 2026-06-11"},
    {"cumulative", "", "periods: period actual target | 1 10 12 | 2 13 12 | 3 - 12"},
    {"growth_series", "", "values: period value | 1 100 | 2 110 | 3 - | 4 133.1"},
    {"alerts", "", "rows: name value op threshold | a 0.05 le 0.05 | b - gt 1 | c 3 ge 4"},
    {"activity_pnl", "",
     "activities: name traffic conversion_rate order_value marketing_cost organisation_cost gross_margin refunds coupons | "
     "a 10000 0.05 180 20000 5000 0.4 900 100 | b 100 0.1 50 0 0 - 0 0"},
    {"amortise", "", "costs: name cost salvage months | a 10000 1 7 | b 100 - 3"},
    {"unit_economics", "",
     "rows: name cost new_customers effective_customers arpu margin churn horizon | a 1000 50 40 30 0.4 0.05 12 | b 5 0 0 1 1 0 -"},
    {"compound_change", "",
     "changes: factor change kind base | cvr 3 multiple - | aov -0.15 - - | margin -8 points 40"},
    {"commission", "exact_int=true",
     "amounts: staff_id amount | a 12345 | b 100000 | c 0\ntiers: from rate | 0 0.01 | 10000 0.0155 | 50000 0.02"},
    {"commission", "method=retroactive cap=1500",
     "amounts: staff_id amount | a 12345 | b 100000 | c 0\ntiers: from rate | 0 0.01 | 10000 0.015"},
    {"composite", "", "indicators: staff_id indicator attainment weight | a x 1.1 2 | a y 0.8 1 | b x - 2 | b y 0.9 1"},
    {"rank", "", "staff: staff_id value volume | a 3 10 | b 5 10 | c 5 10 | d - 10 | e 1 0"},
    {"utilisation", "", "staff: staff_id customers agents limit | a 4500 2 3000 | b 10 0 3000"},
    {"attainment", "",
     GMV
     "leaves: leaf value sd trials | old 8000 200 - | cvr 0.25 - 400 | aov 180 9 - | freq 1.5 0.1 - | new 3000 300 - | "
     "fcvr 0.1 0.01 - | faov 99 0 -\ncorrelations: leaf other correlation | aov freq -0.3\ntarget: target | 560000"},
    {"replan", "exact_int=true",
     "plan: annual | 1200001\nactuals: actual | 90000 | 81000\n"
     "remaining: period weight old_target high | m3 1 100000 200000 | m4 1.5 150000 - | m5 7 950001 -"},
    {"replan", "method=spread spread=2 exact_int=true apportion=webster",
     "plan: annual | 1200001\nactuals: actual | 90000 | 81000\n"
     "remaining: period weight old_target | m3 1 100000 | m4 1.5 150000 | m5 7 950001"},
    {"proportion_interval", "method=jeffreys", "rates: name successes trials | a 0 10 | b 3 10 | c 10 10 | d 0 0"},
    {"proportion_test", "",
     "counts: name x_control n_control x_treatment n_treatment | a 75 500 125 500 | b 0 50 3 50 | c 0 10 0 10 | d 0 0 1 2"},
    {"proportion_test", "test=fisher difference=newcombe ratio=delta alternative=greater",
     "counts: x_control n_control x_treatment n_treatment | 7 34 1 34 | 1 34 7 34"},
    {"proportion_margin_test", "question=equivalence scale=diff",
     "counts: name x_control n_control x_treatment n_treatment margin | a 75 500 80 500 0.05"},
    {"mean_test", "",
     "moments: name n_control mean_control variance_control n_treatment mean_treatment variance_treatment | "
     "a 100 5 4 120 5.5 3 | b 1 5 0 120 5.5 3 | c 10 0 0 10 0 0"},
    {"mean_test", "lift=delta theta=within",
     "moments: n_control mean_control variance_control n_treatment mean_treatment variance_treatment "
     "covariate_mean_control covariate_variance_control covariance_control covariate_mean_treatment "
     "covariate_variance_treatment covariance_treatment | 100 5 4 120 5.5 3 1 2 1.5 1.1 2.5 1.25"},
    {"cuped_test", "",
     "moments: n_control mean_control variance_control n_treatment mean_treatment variance_treatment | 100 5 4 120 5.5 3\n"
     "covariates: covariate mean_control covariance_control mean_treatment covariance_treatment | x 2 1.4 2.1 1.2 | "
     "y 1 0.5 1 0.4 | z 2 1.4 2.1 1.2\n"
     "covariances: covariate other control treatment | x x 1 1 | y y 2 2 | z z 1 1 | x y 0.3 0.2 | z x 1 1 | y z 0.3 0.2"},
    {"ratio_test", "",
     "moments: n_control numerator_mean_control denominator_mean_control numerator_variance_control "
     "denominator_variance_control covariance_control n_treatment numerator_mean_treatment denominator_mean_treatment "
     "numerator_variance_treatment denominator_variance_treatment covariance_treatment | "
     "200 90 1.5 400 0.5 5 210 99 1.5 410 0.5 6"},
    {"mean_margin_test", "direction=lower",
     "moments: n_control mean_control variance_control n_treatment mean_treatment variance_treatment margin | "
     "100 5 4 120 5.1 3 0.1"},
    {"sample_size", "comparisons=2",
     "designs: name p_control p_treatment delta sd_control | a 0.2 0.25 - - | b - - 0.5 2"},
    {"power", "", "designs: p_control p_treatment n_control | 0.15 0.25 250"},
    {"mde", "", "designs: p_control sd_control sd_treatment n_control | 0.15 - - 500 | - 2 3 500"},
    {"more_traffic", "", "effects: effect se | 0.02 0.01 | 0.5 0.01"},
    {"duration", "whole_weeks=true", "tests: n_total units_per_day share | 5000 321 0.5 | 10 0 -"},
    {"p_adjust", "method=hommel", "tests: name p | a 0.01 | b 0.04 | c 0.03 | d 1"},
    {"dunnett", "", "treatments: name statistic lambda | a 2.5 0.7 | b -1 0.5"},
    {"always_valid", "n_tune=5000 running_intersection=true",
     "looks: name estimate se n_total | d1 0.01 0.01 1000 | d2 0.02 0.008 2000"},
    {"weighted_alphas", "", "families: name primary_share treatments metrics | a 0.5 2 3 | b 0.8 1 1"},
    {"msprt_tau2", "", "plans: sigma pairs | 1 10000 | 2.5 400"},
    {"normal_mixture", "", "times: v s v_opt | 100 10 100 | 400 60 100 | 10 - 100"},
    {"normal_mixture", "alternative=greater exact=true", "times: v s v_opt | 100 -40 100 | 400 60 100"},
    {"group_sequential", "",
     "looks: name info estimate se | w1 0.2 0.01 0.01 | w2 0.5 0.03 0.008 | w3 0.8 - - | w4 1 - -"},
    {"group_sequential", "spending=power exponent=2 alternative=less spend_scale=total",
     "looks: info statistic | 0.3 -1 | 0.9 -3 | 1.1 -"},
    {"group_sequential", "classic=wang_tsiatis", "looks: info | 0.25 | 0.5 | 0.75 | 1"},
    {"srm", "", "arms: variant units weight name | a 502 1 x | b 498 1 x | a 3 1 y | b 9 1 y | c 0 0 y"},
    {"srm", "method=sequential", "arms: units | 5000 | 5400 | 4700"},
    {"srm", "", "arms: variant units weight | a 500 1 | b 510 1 | c 4 0"},
    {"heterogeneity", "",
     "segments: segment effect se name | new 0.02 0.01 x | old 0.05 0.012 x | new 0.1 0.03 y | old - - y | vip 0.2 0 y"},
    {"cochran_mantel_haenszel", "",
     "strata: stratum x_control n_control x_treatment n_treatment name | a 240 10000 200 10000 x | b 44 1000 50 1000 x | "
     "a 0 5 0 7 y"},
    {"beta_posterior", "", "counts: name x_control n_control x_treatment n_treatment | a 75 500 125 500 | b 0 0 0 0"},
    {"beta_posterior", "skip_difference=true prior_a=2 prior_b=8",
     "counts: x_control n_control x_treatment n_treatment | 7 34 1 34"},
    {"beta_best", "", "arms: variant x n name | a 40 500 x | b 50 500 x | c 55 500 x | a 1 9 y | b 2 9 y"},
    {"gamma_posterior", "",
     "counts: events_control exposure_control events_treatment exposure_treatment | 50 100 65 100.5"},
    {"normal_posterior", "direction=lower prior_scale=diff",
     "effects: name estimate se control prior_mean prior_sd | a 0.1 0.05 - - - | b -0.1 0.02 5 0 1 | c 0 0 - - - | "
     "d 0.1 0.1 0 0 1"},
    {"normal_best", "direction=lower conf_level=0.9",
     "arms: variant mean se name | a 52.1 1.5 x | b 50 2 x | - 51 0.1 x | a 1 1 y | b 2 1 y"},
    {"quantile", "", "values: value name | 7 - | 1 x | 3.5 x | 2 x"},
    {"quantile", "p=0.9 type=type8", "values: value | 5 | 1 | 2 | 99 | 3"},
    {"winsorise", "upper=0.8 lower=0.1",
     "values: value variant name | 7 a x | 1 b x | 3.5 a x | -99 a x | 1000 b x | 2 a y | 0 - -"},
    {"winsorise", "upper=0.9 ignore_zeros=true type=type1", "values: value | 0 | 0 | 10 | 20 | 300"},
    {"power_lift", "", "designs: mean variance n effect | 10 3910 133333 0.05"},
    {"mde_lift", "", "designs: name mean variance n | a 10 3910 133333 | b 10 3910 100"},
    {"design_effect", "", "clusters: size icc cv n | 20 0.02 - 1000 | 20 0.02 0.5 -"},
    {"assign", "",
     "units: unit | 1 | 2 | 3 | - | 1001 | -7\ntraffic: seed coverage holdout_seed holdout_share | exp 0.8 h 0.2\n"
     "variations: variant weight | A 0.5 | B 0.3 | C 0.2"},
    {"assign", "hash=v1 encoding=utf8",
     "units: unit | \xe7\x94\xa8\xe6\x88\xb7"
     "1001 | u2 | u3 | u4\n"
     "traffic: seed namespace namespace_low namespace_high | s ns 0 0.6"},
    {"assign", "hash=xxh3",
     "units: unit | a | b | c | d\ntraffic: seed | s\nvariations: low high | 0 0.3 | 0.5 1\n"
     "filters: seed low high hash filter | f 0 0.4 v2 1 | f 0.5 1 v2 1 | g 0 0.9 xxh3 2"},
    {"decide", "",
     "metrics: metric role margin low high scaled_low scaled_high diff se | repurchase - - 0.05 0.15 0.3 1.2 0.1 0.025 | "
     "aov guardrail 0.2 -30 -10 -0.3 -0.1 -20 5\n"
     "plan: required_n n_control n_treatment days srm_p crossover_share conflicts balance_p | 250 500 500 14 0.4 0 3 0.0001"},
    {"decide", "if_inconclusive=keep_running guardrail_rule=not_harmed",
     "metrics: metric role direction scale on_harm margin equivalence low high tost_low tost_high status | "
     "a goal lower diff - - 0.01 -0.02 0.03 -0.02 0.02 ok | b goal - diff - - - -1 inf - - ok | "
     "c guardrail - diff drop 0 - - - - - no_data\n"
     "plan: required_n n_control n_treatment days min_days max_crossover_share variant | 500 400 500 3 0 0 B"},
    {"distribution", "family=beta", "points: x a b | 0.2 2 3 | 0.9 0.5 0.5"},
};
const int32_t calculator_case_count = (int32_t)(sizeof calculator_cases / sizeof *calculator_cases);

/* ---- from text ---- */

typedef struct given_input {
    char name[32];
    const pdm_list_info *info;
    char names[MOST_COLUMNS][32];
    pdm_column columns[MOST_COLUMNS];
    int32_t column_count;
    int64_t rows;
    pdm_batch batch;
    int64_t integers[MOST_COLUMNS][MOST_ROWS];
    double floats[MOST_COLUMNS][MOST_ROWS];
    uint8_t valid[MOST_COLUMNS][MOST_ROWS / 8];
    int32_t offsets[MOST_COLUMNS][MOST_ROWS + 1];
    char texts[MOST_COLUMNS][1024];
} given_input;

struct calculator_call {
    const calculator_case *from;
    const pdm_calculator *calculator;
    uint64_t options[OPTIONS_BYTES / 8];
    given_input inputs[MOST_INPUTS];
    int32_t input_count;
};

static _Noreturn void stop(const calculator_case *c, const char *why, const char *what) {
    (void)fprintf(stderr, "case of %s: %s: %s\n", c->calculator, why, what);
    abort();
}

/* The next word, or "|" or "\n"; false at the end. */
static bool next_word(const char **at, char word[256]) {
    size_t n = 0;
    while (**at == ' ') (*at)++;
    if (**at == '\0') return false;
    if (**at == '|' || **at == '\n') {
        word[0] = *(*at)++;
        word[1] = '\0';
        return true;
    }
    while (**at != ' ' && **at != '|' && **at != '\n' && **at != '\0' && n < 255) word[n++] = *(*at)++;
    word[n] = '\0';
    return true;
}

static const pdm_column_info *column_info(const calculator_call *call, const given_input *in, const char *name) {
    for (int32_t c = 0; c < in->info->column_count; c++) {
        if (strcmp(in->info->columns[c].name, name) == 0) return &in->info->columns[c];
    }
    stop(call->from, "no such column", name);
}

static void begin_input(calculator_call *call, given_input *in, const char *word) {
    const pdm_metric *about = &call->calculator->about;
    (void)snprintf(in->name, sizeof in->name, "%.*s", (int)strcspn(word, ":"), word);
    for (int32_t l = 0; l < about->list_count; l++) {
        if (strcmp(about->lists[l].name, in->name) == 0) in->info = &about->lists[l];
    }
    if (in->info == NULL) stop(call->from, "no such input", in->name);
}

static int64_t date_us(const char *word) {
    int year = 0;
    int month = 0;
    int day = 0;
    if (sscanf(word, "%d-%d-%d", &year, &month, &day) != 3) abort();
    return pdm_calendar_day_of_date(year, month, day) * INT64_C(86400000000);
}

static bool is_text(int32_t role) { return role == PDM_ROLE_KEY || role == PDM_ROLE_TEXT; }

static void put_cell(calculator_call *call, given_input *in, int32_t c, const char *word) {
    int32_t role = column_info(call, in, in->names[c])->role;
    int64_t row = in->rows;
    bool given = strcmp(word, "-") != 0;
    size_t length = given && is_text(role) ? strlen(word) : 0;
    if (given) in->valid[c][row / 8] = (uint8_t)(in->valid[c][row / 8] | 1 << row % 8);
    memcpy(in->texts[c] + in->offsets[c][row], word, length);
    in->offsets[c][row + 1] = in->offsets[c][row] + (int32_t)length;
    if (!given || is_text(role)) return;
    if (role == PDM_ROLE_FLOAT) {
        in->floats[c][row] = strtod(word, NULL);
    } else {
        in->integers[c][row] = role == PDM_ROLE_TIME ? date_us(word) : strtoll(word, NULL, 10);
    }
}

static void finish_input(calculator_call *call, given_input *in) {
    for (int32_t c = 0; c < in->column_count; c++) {
        int32_t role = column_info(call, in, in->names[c])->role;
        in->columns[c] = is_text(role)            ? pdm_column_utf8(in->names[c], in->offsets[c], in->texts[c])
                         : role == PDM_ROLE_FLOAT ? pdm_column_make(in->names[c], PDM_TYPE_FLOAT64, in->floats[c])
                                                  : pdm_column_int64(in->names[c], in->integers[c]);
        in->columns[c].validity = in->valid[c];
    }
    in->batch = pdm_batch_make(in->columns, in->column_count, in->rows);
}

/* A line: name and columns, then rows. */
static void read_input(calculator_call *call, given_input *in, const char **at) {
    char word[256];
    int32_t column = 0;
    bool head = true;
    (void)next_word(at, word);
    begin_input(call, in, word);
    while (next_word(at, word) && strcmp(word, "\n") != 0) {
        if (strcmp(word, "|") == 0) {
            if (!head && column != in->column_count) stop(call->from, "a row of the wrong length in", in->name);
            if (!head) in->rows++;
            head = false;
            column = 0;
        } else if (head) {
            (void)snprintf(in->names[in->column_count++], sizeof in->names[0], "%.31s", word);
        } else {
            put_cell(call, in, column++, word);
        }
    }
    if (column != in->column_count) stop(call->from, "a row of the wrong length in", in->name);
    in->rows++;
    finish_input(call, in);
}

static void read_options(calculator_call *call) {
    const pdm_metric *about = &call->calculator->about;
    const char *at = call->from->options;
    char word[256];
    if (about->options_size > OPTIONS_BYTES) stop(call->from, "OPTIONS_BYTES is too small", "");
    memcpy(call->options, &about->options_size, sizeof about->options_size);
    while (next_word(&at, word)) {
        char *equals = strchr(word, '=');
        pdm_error err;
        if (equals == NULL) stop(call->from, "no option", word);
        *equals = '\0';
        if (pdm_options_set(about, call->options, word, equals + 1, &err) != PDM_OK)
            stop(call->from, "refused", err.message);
    }
}

calculator_call *calculator_call_make(const calculator_case *c) {
    calculator_call *call = calloc(1, sizeof *call);
    if (call == NULL) abort();
    call->from = c;
    call->calculator = pdm_calculator_find(c->calculator);
    if (call->calculator == NULL) stop(c, "no such calculator", c->calculator);
    read_options(call);
    const char *at = c->inputs;
    while (*at != '\0') {
        if (call->input_count == MOST_INPUTS) stop(c, "too many inputs", "");
        read_input(call, &call->inputs[call->input_count++], &at);
    }
    return call;
}

pdm_status calculator_call_run(const calculator_call *call, pdm_context *context, pdm_result **out, pdm_error *err) {
    pdm_input inputs[MOST_INPUTS];
    memset(inputs, 0, sizeof inputs);
    for (int32_t i = 0; i < call->input_count; i++) {
        inputs[i].name = call->inputs[i].name;
        inputs[i].rows = &call->inputs[i].batch;
    }
    return pdm_calculator_run(context, call->calculator, call->options, inputs, call->input_count, out, err);
}

void calculator_call_free(calculator_call *call) { free(call); }

void calculator_cases_check(void) {
    for (int32_t i = 0; i < pdm_calculator_count(); i++) {
        const char *name = pdm_calculator_at(i)->about.name;
        bool found = false;
        for (int32_t c = 0; c < calculator_case_count; c++)
            found = found || strcmp(calculator_cases[c].calculator, name) == 0;
        if (found) continue;
        (void)fprintf(stderr, "tests/support/calculator_cases.c has no case of calculator \"%s\"\n", name);
        abort();
    }
}
