/*
 * The binary interface of the statistics, pinned as in layout.c: lines are appended, never edited.
 */
#include <pdmetrics.h>

#include <limits.h>
#include <stdio.h>

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has changed its size")
#define AT_LEAST(type, bytes) _Static_assert(sizeof(type) >= (bytes), #type " has lost fields")
#define AT(type, member, bytes) _Static_assert(offsetof(type, member) == (bytes), #type "." #member " has moved")
#define VALUE(name, number) _Static_assert((int)(name) == (number), #name " has changed its value")

#if defined(__LP64__) && CHAR_BIT == 8

/* pdmetrics/stats/assign.h */
SIZE(pdm_bucket_filter, 32);
AT(pdm_bucket_filter, seed, 0);
AT(pdm_bucket_filter, value, 8);
AT(pdm_bucket_filter, ranges, 16);
AT(pdm_bucket_filter, range_count, 24);
AT(pdm_bucket_filter, hash, 28);

AT_LEAST(pdm_assignment, 112);
AT(pdm_assignment, struct_size, 0);
AT(pdm_assignment, hash, 4);
AT(pdm_assignment, units, 8);
AT(pdm_assignment, growthbook_compat, 12);
AT(pdm_assignment, variations, 16);
AT(pdm_assignment, weight_count, 20);
AT(pdm_assignment, range_count, 24);
AT(pdm_assignment, filter_count, 28);
AT(pdm_assignment, seed, 32);
AT(pdm_assignment, weights, 40);
AT(pdm_assignment, coverage, 48);
AT(pdm_assignment, ranges, 56);
AT(pdm_assignment, name_space, 64);
AT(pdm_assignment, name_space_range, 72);
AT(pdm_assignment, filters, 88);
AT(pdm_assignment, holdout_seed, 96);
AT(pdm_assignment, holdout_share, 104);

SIZE(pdm_assigned, 16);
AT(pdm_assigned, n, 0);
AT(pdm_assigned, variation, 8);
AT(pdm_assigned, reason, 12);

/* pdmetrics/stats/decision.h */
SIZE(pdm_decision_metric, 160);
AT(pdm_decision_metric, role, 0);
AT(pdm_decision_metric, direction, 4);
AT(pdm_decision_metric, scale, 8);
AT(pdm_decision_metric, on_harm, 12);
AT(pdm_decision_metric, margin, 16);
AT(pdm_decision_metric, equivalence, 24);
AT(pdm_decision_metric, status, 32);
AT(pdm_decision_metric, reserved, 36);
AT(pdm_decision_metric, reported, 40);
AT(pdm_decision_metric, scaled, 56);
AT(pdm_decision_metric, adjusted, 72);
AT(pdm_decision_metric, two_alpha, 88);
AT(pdm_decision_metric, watched, 104);
AT(pdm_decision_metric, watched_scaled, 120);
AT(pdm_decision_metric, estimate, 136);
AT(pdm_decision_metric, se, 144);
AT(pdm_decision_metric, planned_effect, 152);

AT_LEAST(pdm_decision_options, 136);
AT(pdm_decision_options, struct_size, 0);
AT(pdm_decision_options, guardrail_rule, 4);
AT(pdm_decision_options, if_equivalent, 8);
AT(pdm_decision_options, if_inconclusive, 12);
AT(pdm_decision_options, last_look, 16);
AT(pdm_decision_options, srm_status, 20);
AT(pdm_decision_options, imbalance, 24);
AT(pdm_decision_options, reserved, 28);
AT(pdm_decision_options, required_n, 32);
AT(pdm_decision_options, n_control, 40);
AT(pdm_decision_options, n_treatment, 48);
AT(pdm_decision_options, conflicts, 56);
AT(pdm_decision_options, days, 64);
AT(pdm_decision_options, min_days, 72);
AT(pdm_decision_options, srm_p, 80);
AT(pdm_decision_options, srm_alpha, 88);
AT(pdm_decision_options, crossover_share, 96);
AT(pdm_decision_options, max_crossover_share, 104);
AT(pdm_decision_options, balance_p, 112);
AT(pdm_decision_options, alpha, 120);
AT(pdm_decision_options, power, 128);

SIZE(pdm_reason, 32);
AT(pdm_reason, code, 0);
AT(pdm_reason, metric, 4);
AT(pdm_reason, value, 8);
AT(pdm_reason, threshold, 16);
AT(pdm_reason, scale, 24);
AT(pdm_reason, reserved, 28);

SIZE(pdm_decision_result, 40);
AT(pdm_decision_result, decision, 0);
AT(pdm_decision_result, rule, 4);
AT(pdm_decision_result, is_final, 8);
AT(pdm_decision_result, reason_count, 12);
AT(pdm_decision_result, n_required, 16);
AT(pdm_decision_result, n_min, 24);
AT(pdm_decision_result, days, 32);

/* pdmetrics/stats/group_sequential.h */
AT_LEAST(pdm_spending_options, 32);
AT(pdm_spending_options, struct_size, 0);
AT(pdm_spending_options, spending, 4);
AT(pdm_spending_options, alternative, 8);
AT(pdm_spending_options, total, 12);
AT(pdm_spending_options, alpha, 16);
AT(pdm_spending_options, parameter, 24);

SIZE(pdm_look, 48);
AT(pdm_look, info, 0);
AT(pdm_look, z, 8);
AT(pdm_look, nominal_p, 16);
AT(pdm_look, log_nominal_p, 24);
AT(pdm_look, alpha_spent, 32);
AT(pdm_look, log_alpha_spent, 40);

/* pdmetrics/stats/mean.h */
SIZE(pdm_arm_moments, 24);
AT(pdm_arm_moments, n, 0);
AT(pdm_arm_moments, mean, 8);
AT(pdm_arm_moments, variance, 16);

SIZE(pdm_covariate_moments, 48);
AT(pdm_covariate_moments, n, 0);
AT(pdm_covariate_moments, mean, 8);
AT(pdm_covariate_moments, variance, 16);
AT(pdm_covariate_moments, covariate_mean, 24);
AT(pdm_covariate_moments, covariate_variance, 32);
AT(pdm_covariate_moments, covariance, 40);

SIZE(pdm_ratio_moments, 48);
AT(pdm_ratio_moments, n, 0);
AT(pdm_ratio_moments, numerator_mean, 8);
AT(pdm_ratio_moments, denominator_mean, 16);
AT(pdm_ratio_moments, numerator_variance, 24);
AT(pdm_ratio_moments, denominator_variance, 32);
AT(pdm_ratio_moments, covariance, 40);

SIZE(pdm_ratio_covariate_moments, 128);
AT(pdm_ratio_covariate_moments, now, 0);
AT(pdm_ratio_covariate_moments, before, 48);
AT(pdm_ratio_covariate_moments, numerator_numerator, 96);
AT(pdm_ratio_covariate_moments, numerator_denominator, 104);
AT(pdm_ratio_covariate_moments, denominator_numerator, 112);
AT(pdm_ratio_covariate_moments, denominator_denominator, 120);

AT_LEAST(pdm_mean_options, 56);
AT(pdm_mean_options, struct_size, 0);
AT(pdm_mean_options, alternative, 4);
AT(pdm_mean_options, equal_var, 8);
AT(pdm_mean_options, normal, 12);
AT(pdm_mean_options, lift, 16);
AT(pdm_mean_options, theta, 20);
AT(pdm_mean_options, unchecked, 24);
AT(pdm_mean_options, reserved, 28);
AT(pdm_mean_options, conf_level, 32);
AT(pdm_mean_options, critical_z, 40);
AT(pdm_mean_options, multiplier, 48);

SIZE(pdm_mean_effect, 232);
AT(pdm_mean_effect, control, 0);
AT(pdm_mean_effect, treatment, 8);
AT(pdm_mean_effect, difference, 16);
AT(pdm_mean_effect, se, 24);
AT(pdm_mean_effect, df, 32);
AT(pdm_mean_effect, statistic, 40);
AT(pdm_mean_effect, p, 48);
AT(pdm_mean_effect, log_p, 56);
AT(pdm_mean_effect, critical, 64);
AT(pdm_mean_effect, low, 72);
AT(pdm_mean_effect, high, 80);
AT(pdm_mean_effect, control_variance, 88);
AT(pdm_mean_effect, covariance, 96);
AT(pdm_mean_effect, theta, 104);
AT(pdm_mean_effect, variance_reduction, 112);
AT(pdm_mean_effect, balance_p, 120);
AT(pdm_mean_effect, reserved, 128);
AT(pdm_mean_effect, status, 136);
AT(pdm_mean_effect, warnings, 140);
AT(pdm_mean_effect, lift, 144);

/* pdmetrics/stats/posterior.h */
SIZE(pdm_posterior, 112);
AT(pdm_posterior, mean_control, 0);
AT(pdm_posterior, mean_treatment, 8);
AT(pdm_posterior, low_control, 16);
AT(pdm_posterior, high_control, 24);
AT(pdm_posterior, low_treatment, 32);
AT(pdm_posterior, high_treatment, 40);
AT(pdm_posterior, prob_better, 48);
AT(pdm_posterior, prob_worse, 56);
AT(pdm_posterior, log_prob_better, 64);
AT(pdm_posterior, log_prob_worse, 72);
AT(pdm_posterior, loss_if_treatment, 80);
AT(pdm_posterior, loss_if_control, 88);
AT(pdm_posterior, log_loss_if_treatment, 96);
AT(pdm_posterior, log_loss_if_control, 104);

SIZE(pdm_two_counts, 32);
AT(pdm_two_counts, events_control, 0);
AT(pdm_two_counts, events_treatment, 8);
AT(pdm_two_counts, exposure_control, 16);
AT(pdm_two_counts, exposure_treatment, 24);

AT_LEAST(pdm_normal_prior, 48);
AT(pdm_normal_prior, struct_size, 0);
AT(pdm_normal_prior, scale, 4);
AT(pdm_normal_prior, prior_scale, 8);
AT(pdm_normal_prior, lower, 12);
AT(pdm_normal_prior, prior_mean, 16);
AT(pdm_normal_prior, prior_sd, 24);
AT(pdm_normal_prior, control, 32);
AT(pdm_normal_prior, conf_level, 40);

SIZE(pdm_normal_result, 96);
AT(pdm_normal_result, mean, 0);
AT(pdm_normal_result, sd, 8);
AT(pdm_normal_result, low, 16);
AT(pdm_normal_result, high, 24);
AT(pdm_normal_result, chance_to_win, 32);
AT(pdm_normal_result, log_chance_to_win, 40);
AT(pdm_normal_result, log_chance_to_lose, 48);
AT(pdm_normal_result, risk_control, 56);
AT(pdm_normal_result, risk_treatment, 64);
AT(pdm_normal_result, log_risk_control, 72);
AT(pdm_normal_result, log_risk_treatment, 80);
AT(pdm_normal_result, win, 88);
AT(pdm_normal_result, status, 92);

/* pdmetrics/stats/power.h */
AT_LEAST(pdm_power_options, 48);
AT(pdm_power_options, struct_size, 0);
AT(pdm_power_options, kind, 4);
AT(pdm_power_options, one_sided, 8);
AT(pdm_power_options, strict, 12);
AT(pdm_power_options, normal, 16);
AT(pdm_power_options, comparisons, 20);
AT(pdm_power_options, alpha, 24);
AT(pdm_power_options, power, 32);
AT(pdm_power_options, ratio, 40);

SIZE(pdm_plan, 24);
AT(pdm_plan, value, 0);
AT(pdm_plan, whole, 8);
AT(pdm_plan, status, 16);
AT(pdm_plan, kind, 20);

/* pdmetrics/stats/proportion.h */
SIZE(pdm_two_proportions, 32);
AT(pdm_two_proportions, x_control, 0);
AT(pdm_two_proportions, n_control, 8);
AT(pdm_two_proportions, x_treatment, 16);
AT(pdm_two_proportions, n_treatment, 24);

/* pdmetrics/stats/result.h */
SIZE(pdm_test, 56);
AT(pdm_test, statistic, 0);
AT(pdm_test, se, 8);
AT(pdm_test, df, 16);
AT(pdm_test, p, 24);
AT(pdm_test, log_p, 32);
AT(pdm_test, status, 40);
AT(pdm_test, warnings, 44);
AT(pdm_test, reserved, 48);

SIZE(pdm_interval, 24);
AT(pdm_interval, low, 0);
AT(pdm_interval, high, 8);
AT(pdm_interval, status, 16);
AT(pdm_interval, reserved, 20);

SIZE(pdm_range, 16);
AT(pdm_range, low, 0);
AT(pdm_range, high, 8);

SIZE(pdm_lift, 88);
AT(pdm_lift, lift, 0);
AT(pdm_lift, low, 8);
AT(pdm_lift, high, 16);
AT(pdm_lift, gap_low, 24);
AT(pdm_lift, gap_high, 32);
AT(pdm_lift, g, 40);
AT(pdm_lift, se, 48);
AT(pdm_lift, df, 56);
AT(pdm_lift, p, 64);
AT(pdm_lift, log_p, 72);
AT(pdm_lift, form, 80);
AT(pdm_lift, status, 84);

/* pdmetrics/stats/segments.h */
SIZE(pdm_heterogeneity, 80);
AT(pdm_heterogeneity, pooled, 0);
AT(pdm_heterogeneity, pooled_se, 8);
AT(pdm_heterogeneity, q, 16);
AT(pdm_heterogeneity, df, 24);
AT(pdm_heterogeneity, p, 32);
AT(pdm_heterogeneity, log_p, 40);
AT(pdm_heterogeneity, i2, 48);
AT(pdm_heterogeneity, tau2, 56);
AT(pdm_heterogeneity, z, 64);
AT(pdm_heterogeneity, used, 72);
AT(pdm_heterogeneity, status, 76);

SIZE(pdm_cmh, 96);
AT(pdm_cmh, chi2, 0);
AT(pdm_cmh, p, 8);
AT(pdm_cmh, log_p, 16);
AT(pdm_cmh, chi2_cc, 24);
AT(pdm_cmh, p_cc, 32);
AT(pdm_cmh, log_p_cc, 40);
AT(pdm_cmh, odds_ratio, 48);
AT(pdm_cmh, odds_low, 56);
AT(pdm_cmh, odds_high, 64);
AT(pdm_cmh, risk_ratio, 72);
AT(pdm_cmh, risk_difference, 80);
AT(pdm_cmh, used, 88);
AT(pdm_cmh, status, 92);

/* pdmetrics/stats/sequential.h */
SIZE(pdm_sequence, 64);
AT(pdm_sequence, multiplier, 0);
AT(pdm_sequence, low, 8);
AT(pdm_sequence, high, 16);
AT(pdm_sequence, p, 24);
AT(pdm_sequence, log_p, 32);
AT(pdm_sequence, log_e_value, 40);
AT(pdm_sequence, rho, 48);
AT(pdm_sequence, status, 56);
AT(pdm_sequence, reserved, 60);

/* pdmetrics/stats/srm.h */
AT_LEAST(pdm_srm_options, 24);
AT(pdm_srm_options, struct_size, 0);
AT(pdm_srm_options, method, 4);
AT(pdm_srm_options, alpha, 8);
AT(pdm_srm_options, concentration, 16);

SIZE(pdm_srm, 64);
AT(pdm_srm, chi2, 0);
AT(pdm_srm, df, 8);
AT(pdm_srm, p, 16);
AT(pdm_srm, log_p, 24);
AT(pdm_srm, log_bayes_factor, 32);
AT(pdm_srm, n, 40);
AT(pdm_srm, method, 48);
AT(pdm_srm, arms, 52);
AT(pdm_srm, status, 56);
AT(pdm_srm, warnings, 60);

/* pdmetrics/stats/mean.h */
SIZE(pdm_arm_covariates, 48);
AT(pdm_arm_covariates, n, 0);
AT(pdm_arm_covariates, mean, 8);
AT(pdm_arm_covariates, variance, 16);
AT(pdm_arm_covariates, means, 24);
AT(pdm_arm_covariates, covariances, 32);
AT(pdm_arm_covariates, matrix, 40);

/* pdmetrics/stats/robust.h */
AT_LEAST(pdm_winsor_options, 32);
AT(pdm_winsor_options, struct_size, 0);
AT(pdm_winsor_options, type, 4);
AT(pdm_winsor_options, ignore_zeros, 8);
AT(pdm_winsor_options, reserved, 12);
AT(pdm_winsor_options, upper, 16);
AT(pdm_winsor_options, lower, 24);

SIZE(pdm_winsorised, 64);
AT(pdm_winsorised, cap_low, 0);
AT(pdm_winsorised, cap_high, 8);
AT(pdm_winsorised, mean, 16);
AT(pdm_winsorised, variance, 24);
AT(pdm_winsorised, n, 32);
AT(pdm_winsorised, n_low, 40);
AT(pdm_winsorised, n_high, 48);
AT(pdm_winsorised, status, 56);
AT(pdm_winsorised, reserved, 60);

/* pdmetrics/stats/segments.h */
SIZE(pdm_trend, 48);
AT(pdm_trend, slope, 0);
AT(pdm_trend, slope_se, 8);
AT(pdm_trend, z, 16);
AT(pdm_trend, p, 24);
AT(pdm_trend, log_p, 32);
AT(pdm_trend, used, 40);
AT(pdm_trend, status, 44);

#endif

/* pdmetrics/stats/assign.h */
VALUE(PDM_BUCKET_V2, 0);
VALUE(PDM_BUCKET_V1, 1);
VALUE(PDM_BUCKET_XXH3, 2);

VALUE(PDM_UNITS_UTF16, 0);
VALUE(PDM_UNITS_UTF8, 1);
VALUE(PDM_UNITS_CODEPOINT, 2);

VALUE(PDM_ASSIGN_ASSIGNED, 0);
VALUE(PDM_ASSIGN_HOLDOUT, 1);
VALUE(PDM_ASSIGN_NOT_IN_NAMESPACE, 2);
VALUE(PDM_ASSIGN_NOT_COVERED, 3);
VALUE(PDM_ASSIGN_NO_ID, 4);

/* pdmetrics/stats/decision.h */
VALUE(PDM_DECISION_KEEP, 1);
VALUE(PDM_DECISION_ADJUST, 2);
VALUE(PDM_DECISION_DROP, 3);
VALUE(PDM_DECISION_KEEP_RUNNING, 4);
VALUE(PDM_DECISION_REVIEW, 5);

VALUE(PDM_REASON_SRM, 1);
VALUE(PDM_REASON_CROSSOVERS, 2);
VALUE(PDM_REASON_NO_DATA, 3);
VALUE(PDM_REASON_HARM_SHOWN_EARLY, 4);
VALUE(PDM_REASON_BELOW_REQUIRED_SAMPLE, 5);
VALUE(PDM_REASON_BELOW_MIN_DAYS, 6);
VALUE(PDM_REASON_GOAL_WORSE, 7);
VALUE(PDM_REASON_GOALS_DISAGREE, 8);
VALUE(PDM_REASON_GUARDRAIL_HARMED, 9);
VALUE(PDM_REASON_GOAL_BETTER, 10);
VALUE(PDM_REASON_GUARDRAILS_SAFE, 11);
VALUE(PDM_REASON_WORSE_WITHIN_MARGIN, 12);
VALUE(PDM_REASON_GUARDRAIL_NOT_PROVEN, 13);
VALUE(PDM_REASON_EQUIVALENT, 14);
VALUE(PDM_REASON_INCONCLUSIVE, 15);
VALUE(PDM_REASON_CONFLICTS, 16);
VALUE(PDM_REASON_IMBALANCE, 17);

VALUE(PDM_ROLE_GOAL, 0);
VALUE(PDM_ROLE_GUARDRAIL, 1);

VALUE(PDM_HIGHER_IS_BETTER, 0);
VALUE(PDM_LOWER_IS_BETTER, 1);

VALUE(PDM_GUARDRAIL_NON_INFERIOR, 0);
VALUE(PDM_GUARDRAIL_NOT_HARMED, 1);

VALUE(PDM_ENGLISH, 0);
VALUE(PDM_CHINESE, 1);

/* pdmetrics/stats/group_sequential.h */
VALUE(PDM_SPENDING_OBRIEN_FLEMING, 0);
VALUE(PDM_SPENDING_POCOCK, 1);
VALUE(PDM_SPENDING_POWER, 2);
VALUE(PDM_SPENDING_HWANG, 3);

/* pdmetrics/stats/mean.h */
VALUE(PDM_MEAN_LIFT_FIELLER, 0);
VALUE(PDM_MEAN_LIFT_DELTA, 1);
VALUE(PDM_MEAN_LIFT_LOG, 2);

VALUE(PDM_THETA_TOTAL, 0);
VALUE(PDM_THETA_WITHIN, 1);

/* pdmetrics/stats/multiplicity.h */
VALUE(PDM_ADJUST_NONE, 0);
VALUE(PDM_ADJUST_BONFERRONI, 1);
VALUE(PDM_ADJUST_HOLM, 2);
VALUE(PDM_ADJUST_HOCHBERG, 3);
VALUE(PDM_ADJUST_BH, 4);
VALUE(PDM_ADJUST_BY, 5);
VALUE(PDM_ADJUST_SIDAK, 6);
VALUE(PDM_ADJUST_HOLM_SIDAK, 7);
VALUE(PDM_ADJUST_HOMMEL, 8);

/* pdmetrics/stats/power.h */
VALUE(PDM_POWER_POOLED, 0);
VALUE(PDM_POWER_UNPOOLED, 1);
VALUE(PDM_POWER_EVAN_MILLER, 2);
VALUE(PDM_POWER_FLEISS_CC, 3);
VALUE(PDM_POWER_ARCSINE, 4);

/* pdmetrics/stats/proportion.h */
VALUE(PDM_RATE_WILSON, 0);
VALUE(PDM_RATE_WILSON_CC, 1);
VALUE(PDM_RATE_CLOPPER_PEARSON, 2);
VALUE(PDM_RATE_JEFFREYS, 3);
VALUE(PDM_RATE_AGRESTI_COULL, 4);
VALUE(PDM_RATE_WALD, 5);

VALUE(PDM_TEST_POOLED, 0);
VALUE(PDM_TEST_POOLED_CC, 1);
VALUE(PDM_TEST_UNPOOLED, 2);
VALUE(PDM_TEST_CHI2_YATES, 3);
VALUE(PDM_TEST_G, 4);
VALUE(PDM_TEST_FISHER, 5);
VALUE(PDM_TEST_MIDP, 6);

VALUE(PDM_DIFFERENCE_MEE, 0);
VALUE(PDM_DIFFERENCE_MIETTINEN_NURMINEN, 1);
VALUE(PDM_DIFFERENCE_NEWCOMBE, 2);
VALUE(PDM_DIFFERENCE_NEWCOMBE_CC, 3);
VALUE(PDM_DIFFERENCE_AGRESTI_CAFFO, 4);
VALUE(PDM_DIFFERENCE_WALD, 5);

VALUE(PDM_RATIO_KOOPMAN, 0);
VALUE(PDM_RATIO_LOG, 1);
VALUE(PDM_RATIO_LOG_ADJUSTED, 2);
VALUE(PDM_RATIO_FIELLER, 3);
VALUE(PDM_RATIO_DELTA, 4);

VALUE(PDM_MARGIN_SCORE, 0);
VALUE(PDM_MARGIN_MIETTINEN_NURMINEN, 1);
VALUE(PDM_MARGIN_WALD, 2);

VALUE(PDM_SCALE_LIFT, 0);
VALUE(PDM_SCALE_DIFFERENCE, 1);

/* pdmetrics/stats/result.h */
VALUE(PDM_WARNING_LOW_EXPECTED, 1);
VALUE(PDM_WARNING_P_EXACT, 2);
VALUE(PDM_WARNING_ZERO_WEIGHT_TRAFFIC, 4);

VALUE(PDM_TWO_SIDED, 0);
VALUE(PDM_GREATER, 1);
VALUE(PDM_LESS, 2);

VALUE(PDM_LIFT_INTERVAL, 0);
VALUE(PDM_LIFT_EXTERIOR, 1);
VALUE(PDM_LIFT_WHOLE_LINE, 2);

/* pdmetrics/stats/srm.h */
VALUE(PDM_SRM_AUTO, 0);
VALUE(PDM_SRM_CHI2, 1);
VALUE(PDM_SRM_EXACT, 2);
VALUE(PDM_SRM_Z_CC, 3);
VALUE(PDM_SRM_SEQUENTIAL, 4);

/* pdmetrics/stats/robust.h */
VALUE(PDM_QUANTILE_TYPE7, 0);
VALUE(PDM_QUANTILE_TYPE1, 1);
VALUE(PDM_QUANTILE_TYPE2, 2);
VALUE(PDM_QUANTILE_TYPE6, 3);
VALUE(PDM_QUANTILE_TYPE8, 4);

int main(void) {
#if defined(__LP64__) && CHAR_BIT == 8
    (void)printf("sizes, offsets and values are as pinned\n");
    return 0;
#else
    (void)printf("skipped: the layout is pinned for LP64 systems\n");
    return 77;
#endif
}
