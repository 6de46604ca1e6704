/*
 * The binary interface, pinned: sizes and offsets of every public struct on LP64 systems, values of every public enumerator. Checked
 * when this file is compiled. Lines are appended, never edited: whoever must edit one breaks programs that are already built.
 */
#include <pdmetrics.h>

#include <limits.h>
#include <stdio.h>

/* SIZE: passed in arrays or by value, frozen. AT_LEAST: carries struct_size or comes by pointer from the library, may grow. */
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has changed its size")
#define AT_LEAST(type, bytes) _Static_assert(sizeof(type) >= (bytes), #type " has lost fields")
#define AT(type, member, bytes) _Static_assert(offsetof(type, member) == (bytes), #type "." #member " has moved")
#define VALUE(name, number) _Static_assert((int)(name) == (number), #name " has changed its value")

#if defined(__LP64__) && CHAR_BIT == 8

/* pdmetrics/arrow.h */
SIZE(struct ArrowSchema, 72);
AT(struct ArrowSchema, format, 0);
AT(struct ArrowSchema, name, 8);
AT(struct ArrowSchema, metadata, 16);
AT(struct ArrowSchema, flags, 24);
AT(struct ArrowSchema, n_children, 32);
AT(struct ArrowSchema, children, 40);
AT(struct ArrowSchema, dictionary, 48);
AT(struct ArrowSchema, release, 56);
AT(struct ArrowSchema, private_data, 64);

SIZE(struct ArrowArray, 80);
AT(struct ArrowArray, length, 0);
AT(struct ArrowArray, null_count, 8);
AT(struct ArrowArray, offset, 16);
AT(struct ArrowArray, n_buffers, 24);
AT(struct ArrowArray, n_children, 32);
AT(struct ArrowArray, buffers, 40);
AT(struct ArrowArray, children, 48);
AT(struct ArrowArray, dictionary, 56);
AT(struct ArrowArray, release, 64);
AT(struct ArrowArray, private_data, 72);

SIZE(struct ArrowArrayStream, 40);
AT(struct ArrowArrayStream, get_schema, 0);
AT(struct ArrowArrayStream, get_next, 8);
AT(struct ArrowArrayStream, get_last_error, 16);
AT(struct ArrowArrayStream, release, 24);
AT(struct ArrowArrayStream, private_data, 32);

/* pdmetrics/calendar.h */
AT_LEAST(pdm_calendar, 32);
AT(pdm_calendar, struct_size, 0);
AT(pdm_calendar, week_start, 4);
AT(pdm_calendar, utc_offset_s, 8);
AT(pdm_calendar, change_count, 12);
AT(pdm_calendar, change_s, 16);
AT(pdm_calendar, offset_s, 24);

/* pdmetrics/column.h */
SIZE(pdm_column, 112);
AT(pdm_column, name, 0);
AT(pdm_column, type, 8);
AT(pdm_column, index_type, 12);
AT(pdm_column, scale, 16);
AT(pdm_column, naive, 20);
AT(pdm_column, offset, 24);
AT(pdm_column, validity, 32);
AT(pdm_column, values, 40);
AT(pdm_column, offsets, 48);
AT(pdm_column, variadic, 56);
AT(pdm_column, variadic_sizes, 64);
AT(pdm_column, variadic_count, 72);
AT(pdm_column, dictionary, 80);
AT(pdm_column, dictionary_length, 88);
AT(pdm_column, items, 96);
AT(pdm_column, reserved, 104);

AT_LEAST(pdm_batch, 24);
AT(pdm_batch, struct_size, 0);
AT(pdm_batch, column_count, 4);
AT(pdm_batch, length, 8);
AT(pdm_batch, columns, 16);

/* pdmetrics/context.h */
SIZE(pdm_allocator, 16);
AT(pdm_allocator, resize, 0);
AT(pdm_allocator, user, 8);

AT_LEAST(pdm_context_options, 88);
AT(pdm_context_options, struct_size, 0);
AT(pdm_context_options, threads, 4);
AT(pdm_context_options, memory_limit, 8);
AT(pdm_context_options, hash_seed, 16);
AT(pdm_context_options, allocator, 24);
AT(pdm_context_options, parallel_for, 40);
AT(pdm_context_options, parallel_user, 48);
AT(pdm_context_options, progress, 56);
AT(pdm_context_options, progress_user, 64);
AT(pdm_context_options, should_stop, 72);
AT(pdm_context_options, stop_user, 80);

/* pdmetrics/metric.h */
SIZE(pdm_column_info, 40);
AT(pdm_column_info, name, 0);
AT(pdm_column_info, role, 8);
AT(pdm_column_info, required, 12);
AT(pdm_column_info, nullable, 16);
AT(pdm_column_info, items, 20);
AT(pdm_column_info, unit, 24);
AT(pdm_column_info, doc, 32);

SIZE(pdm_option_info, 80);
AT(pdm_option_info, name, 0);
AT(pdm_option_info, type, 8);
AT(pdm_option_info, offset, 12);
AT(pdm_option_info, values, 16);
AT(pdm_option_info, minimum, 24);
AT(pdm_option_info, maximum, 32);
AT(pdm_option_info, fallback, 40);
AT(pdm_option_info, fallback_float, 48);
AT(pdm_option_info, unit, 56);
AT(pdm_option_info, doc, 64);
AT(pdm_option_info, own, 72);
AT(pdm_option_info, reserved, 76);

SIZE(pdm_list_info, 32);
AT(pdm_list_info, name, 0);
AT(pdm_list_info, columns, 8);
AT(pdm_list_info, column_count, 16);
AT(pdm_list_info, shape, 20);
AT(pdm_list_info, doc, 24);

SIZE(pdm_result_column_info, 32);
AT(pdm_result_column_info, name, 0);
AT(pdm_result_column_info, type, 8);
AT(pdm_result_column_info, reserved, 12);
AT(pdm_result_column_info, unit, 16);
AT(pdm_result_column_info, doc, 24);

SIZE(pdm_table_info, 32);
AT(pdm_table_info, name, 0);
AT(pdm_table_info, columns, 8);
AT(pdm_table_info, column_count, 16);
AT(pdm_table_info, optional, 20);
AT(pdm_table_info, doc, 24);

AT_LEAST(pdm_metric, 96);
AT(pdm_metric, name, 0);
AT(pdm_metric, version, 8);
AT(pdm_metric, options_size, 12);
AT(pdm_metric, summary, 16);
AT(pdm_metric, title, 24);
AT(pdm_metric, title_zh, 32);
AT(pdm_metric, columns, 40);
AT(pdm_metric, column_count, 48);
AT(pdm_metric, option_count, 52);
AT(pdm_metric, options, 56);
AT(pdm_metric, lists, 64);
AT(pdm_metric, list_count, 72);
AT(pdm_metric, table_count, 76);
AT(pdm_metric, tables, 80);
AT(pdm_metric, ops, 88);

/* pdmetrics/metrics/rfm.h */
AT_LEAST(pdm_rfm_options, 336);
AT(pdm_rfm_options, struct_size, 0);
AT(pdm_rfm_options, null_rows, 4);
AT(pdm_rfm_options, dedupe, 8);
AT(pdm_rfm_options, zero_denominator, 12);
AT(pdm_rfm_options, naive_time, 16);
AT(pdm_rfm_options, currency_exponent, 20);
AT(pdm_rfm_options, currency, 24);
AT(pdm_rfm_options, grain, 88);
AT(pdm_rfm_options, refund_policy, 92);
AT(pdm_rfm_options, refund_cutoff, 96);
AT(pdm_rfm_options, count_zero_orders, 100);
AT(pdm_rfm_options, r_base, 104);
AT(pdm_rfm_options, f_basis, 108);
AT(pdm_rfm_options, m_basis, 112);
AT(pdm_rfm_options, policy, 116);
AT(pdm_rfm_options, policy_r, 120);
AT(pdm_rfm_options, policy_f, 124);
AT(pdm_rfm_options, policy_m, 128);
AT(pdm_rfm_options, base, 132);
AT(pdm_rfm_options, k, 136);
AT(pdm_rfm_options, k_r, 140);
AT(pdm_rfm_options, k_f, 144);
AT(pdm_rfm_options, k_m, 148);
AT(pdm_rfm_options, ties, 152);
AT(pdm_rfm_options, duplicates, 156);
AT(pdm_rfm_options, split_by, 160);
AT(pdm_rfm_options, split_by_r, 164);
AT(pdm_rfm_options, split_by_f, 168);
AT(pdm_rfm_options, split_by_m, 172);
AT(pdm_rfm_options, split_on, 176);
AT(pdm_rfm_options, compare, 180);
AT(pdm_rfm_options, map, 184);
AT(pdm_rfm_options, cn8_convention, 188);
AT(pdm_rfm_options, cn8_names, 192);
AT(pdm_rfm_options, ordered, 196);
AT(pdm_rfm_options, thresholds, 200);
AT(pdm_rfm_options, absent_detail, 204);
AT(pdm_rfm_options, tiers, 208);
AT(pdm_rfm_options, tier_value, 212);
AT(pdm_rfm_options, as_of, 216);
AT(pdm_rfm_options, delta_r, 224);
AT(pdm_rfm_options, delta_f, 232);
AT(pdm_rfm_options, delta_m, 240);
AT(pdm_rfm_options, split_r, 248);
AT(pdm_rfm_options, split_f, 256);
AT(pdm_rfm_options, split_m, 264);
AT(pdm_rfm_options, other_name, 272);

/* pdmetrics/metrics/tiers.h */
AT_LEAST(pdm_tiers_options, 24);
AT(pdm_tiers_options, struct_size, 0);
AT(pdm_tiers_options, null_rows, 4);
AT(pdm_tiers_options, dedupe, 8);
AT(pdm_tiers_options, zero_denominator, 12);
AT(pdm_tiers_options, method, 16);
AT(pdm_tiers_options, currency_exponent, 20);

/* pdmetrics/metrics/actuals.h */
AT_LEAST(pdm_actuals_options, 24);
AT(pdm_actuals_options, struct_size, 0);
AT(pdm_actuals_options, null_rows, 4);
AT(pdm_actuals_options, dedupe, 8);
AT(pdm_actuals_options, calendar_period, 12);
AT(pdm_actuals_options, naive_time, 16);
AT(pdm_actuals_options, currency_exponent, 20);

/* pdmetrics/metrics/credit.h */
AT_LEAST(pdm_credit_options, 16);
AT(pdm_credit_options, struct_size, 0);
AT(pdm_credit_options, null_rows, 4);
AT(pdm_credit_options, policy, 8);
AT(pdm_credit_options, currency_exponent, 12);

/* pdmetrics/metrics/attribution.h */
AT_LEAST(pdm_attribution_options, 232);
AT(pdm_attribution_options, struct_size, 0);
AT(pdm_attribution_options, null_rows, 4);
AT(pdm_attribution_options, dedupe, 8);
AT(pdm_attribution_options, naive_time, 12);
AT(pdm_attribution_options, currency_exponent, 16);
AT(pdm_attribution_options, rows, 20);
AT(pdm_attribution_options, value_type, 24);
AT(pdm_attribution_options, allow_negative_value, 28);
AT(pdm_attribution_options, reset, 32);
AT(pdm_attribution_options, lookback_kind, 36);
AT(pdm_attribution_options, lookback, 40);
AT(pdm_attribution_options, priority_mode, 48);
AT(pdm_attribution_options, direct_mode, 52);
AT(pdm_attribution_options, inherit_window, 56);
AT(pdm_attribution_options, transform, 64);
AT(pdm_attribution_options, max_touches, 68);
AT(pdm_attribution_options, nulls, 72);
AT(pdm_attribution_options, null_window, 76);
AT(pdm_attribution_options, top, 80);
AT(pdm_attribution_options, markov_orders, 84);
AT(pdm_attribution_options, list_journeys, 88);
AT(pdm_attribution_options, late_rows, 92);
AT(pdm_attribution_options, gross_margin, 96);
AT(pdm_attribution_options, base, 104);
AT(pdm_attribution_options, path_separator, 168);
/* pdmetrics/metrics/experiment.h */
AT_LEAST(pdm_experiment_options, 280);
AT(pdm_experiment_options, struct_size, 0);
AT(pdm_experiment_options, null_rows, 4);
AT(pdm_experiment_options, unit_rows, 8);
AT(pdm_experiment_options, moments_only, 12);
AT(pdm_experiment_options, crossover, 16);
AT(pdm_experiment_options, conflict, 20);
AT(pdm_experiment_options, comparisons, 24);
AT(pdm_experiment_options, max_levels, 28);
AT(pdm_experiment_options, alternative, 32);
AT(pdm_experiment_options, test, 36);
AT(pdm_experiment_options, difference_interval, 40);
AT(pdm_experiment_options, lift_interval, 44);
AT(pdm_experiment_options, rate_interval, 48);
AT(pdm_experiment_options, critical, 52);
AT(pdm_experiment_options, equal_var, 56);
AT(pdm_experiment_options, variance, 60);
AT(pdm_experiment_options, winsor_quantile, 64);
AT(pdm_experiment_options, srm_method, 68);
AT(pdm_experiment_options, horizon, 72);
AT(pdm_experiment_options, adjust, 76);
AT(pdm_experiment_options, adjust_segments, 80);
AT(pdm_experiment_options, spending, 84);
AT(pdm_experiment_options, spend_total, 88);
AT(pdm_experiment_options, harm_watch, 92);
AT(pdm_experiment_options, guardrail_rule, 96);
AT(pdm_experiment_options, if_equivalent, 100);
AT(pdm_experiment_options, if_inconclusive, 104);
AT(pdm_experiment_options, last_look, 108);
AT(pdm_experiment_options, min_days, 112);
AT(pdm_experiment_options, required_n, 120);
AT(pdm_experiment_options, planned_n_total, 128);
AT(pdm_experiment_options, alpha, 136);
AT(pdm_experiment_options, tau2, 144);
AT(pdm_experiment_options, srm_alpha, 152);
AT(pdm_experiment_options, srm_concentration, 160);
AT(pdm_experiment_options, primary_share, 168);
AT(pdm_experiment_options, spending_parameter, 176);
AT(pdm_experiment_options, days, 184);
AT(pdm_experiment_options, max_crossover_share, 192);
AT(pdm_experiment_options, power, 200);
AT(pdm_experiment_options, planned_lift, 208);
AT(pdm_experiment_options, control, 216);
AT(pdm_experiment_options, credible_level, 280);
AT(pdm_experiment_options, posterior, 288);
AT(pdm_experiment_options, posterior_scale, 292);

/* pdmetrics/metrics/funnel.h */
AT_LEAST(pdm_funnel_options, 288);
AT(pdm_funnel_options, struct_size, 0);
AT(pdm_funnel_options, null_rows, 4);
AT(pdm_funnel_options, dedupe, 8);
AT(pdm_funnel_options, zero_denominator, 12);
AT(pdm_funnel_options, naive_time, 16);
AT(pdm_funnel_options, preset, 20);
AT(pdm_funnel_options, step_count, 88);
AT(pdm_funnel_options, order, 92);
AT(pdm_funnel_options, entry, 96);
AT(pdm_funnel_options, attempt_tie, 100);
AT(pdm_funnel_options, event_reuse, 104);
AT(pdm_funnel_options, ties, 108);
AT(pdm_funnel_options, collapse_ties, 112);
AT(pdm_funnel_options, grace, 120);
AT(pdm_funnel_options, strict_increase, 128);
AT(pdm_funnel_options, deduplication, 132);
AT(pdm_funnel_options, strict_repeat, 136);
AT(pdm_funnel_options, window_kind, 140);
AT(pdm_funnel_options, window, 144);
AT(pdm_funnel_options, count, 152);
AT(pdm_funnel_options, totals_mode, 156);
AT(pdm_funnel_options, sessions, 160);
AT(pdm_funnel_options, hold_constant, 164);
AT(pdm_funnel_options, session_gap, 168);
AT(pdm_funnel_options, hold_count, 176);
AT(pdm_funnel_options, attribution, 180);
AT(pdm_funnel_options, attribution_step, 184);
AT(pdm_funnel_options, breakdown_limit, 188);
AT(pdm_funnel_options, time_from, 192);
AT(pdm_funnel_options, time_to, 200);
AT(pdm_funnel_options, range_applies_to, 208);
AT(pdm_funnel_options, mature_only, 212);
AT(pdm_funnel_options, as_of, 216);
AT(pdm_funnel_options, conf_level, 224);
AT(pdm_funnel_options, histogram_from, 232);
AT(pdm_funnel_options, histogram_to, 236);
AT(pdm_funnel_options, bins, 240);
AT(pdm_funnel_options, trend_period, 244);
AT(pdm_funnel_options, bin_unit, 248);
AT(pdm_funnel_options, trend_from, 256);
AT(pdm_funnel_options, trend_to, 260);
AT(pdm_funnel_options, trend_count, 264);
AT(pdm_funnel_options, list_units, 268);
AT(pdm_funnel_options, segment_from, 272);
AT(pdm_funnel_options, segment_to, 280);

/* pdmetrics/metrics/repurchase.h */
AT_LEAST(pdm_repurchase_options, 72);
AT(pdm_repurchase_options, struct_size, 0);
AT(pdm_repurchase_options, null_rows, 4);
AT(pdm_repurchase_options, dedupe, 8);
AT(pdm_repurchase_options, zero_denominator, 12);
AT(pdm_repurchase_options, naive_time, 16);
AT(pdm_repurchase_options, period, 20);
AT(pdm_repurchase_options, same_day, 24);
AT(pdm_repurchase_options, breakdown_by, 28);
AT(pdm_repurchase_options, list_units, 32);
AT(pdm_repurchase_options, reserved, 36);
AT(pdm_repurchase_options, date_from, 40);
AT(pdm_repurchase_options, date_to, 48);
AT(pdm_repurchase_options, as_of, 56);
AT(pdm_repurchase_options, conf_level, 64);

/* pdmetrics/sample.h */
AT_LEAST(pdm_sample_options, 24);
AT(pdm_sample_options, struct_size, 0);
AT(pdm_sample_options, reserved, 4);
AT(pdm_sample_options, customers, 8);
AT(pdm_sample_options, seed, 16);

/* pdmetrics/status.h */
SIZE(pdm_error, 336);
AT(pdm_error, code, 0);
AT(pdm_error, reserved, 4);
AT(pdm_error, row, 8);
AT(pdm_error, column, 16);
AT(pdm_error, message, 80);

/* pdmetrics/metrics/lifecycle.h */
AT_LEAST(pdm_lifecycle_options, 64);
AT(pdm_lifecycle_options, struct_size, 0);
AT(pdm_lifecycle_options, null_rows, 4);
AT(pdm_lifecycle_options, dedupe, 8);
AT(pdm_lifecycle_options, zero_denominator, 12);
AT(pdm_lifecycle_options, naive_time, 16);
AT(pdm_lifecycle_options, period, 20);
AT(pdm_lifecycle_options, dormant_after, 24);
AT(pdm_lifecycle_options, first_seen, 28);
AT(pdm_lifecycle_options, breakdown_by, 32);
AT(pdm_lifecycle_options, list_units, 36);
AT(pdm_lifecycle_options, date_from, 40);
AT(pdm_lifecycle_options, date_to, 48);
AT(pdm_lifecycle_options, as_of, 56);

/* pdmetrics/metrics/activity.h */
AT_LEAST(pdm_activity_options, 80);
AT(pdm_activity_options, struct_size, 0);
AT(pdm_activity_options, null_rows, 4);
AT(pdm_activity_options, dedupe, 8);
AT(pdm_activity_options, zero_denominator, 12);
AT(pdm_activity_options, naive_time, 16);
AT(pdm_activity_options, period, 20);
AT(pdm_activity_options, every, 24);
AT(pdm_activity_options, criteria, 28);
AT(pdm_activity_options, criteria_rows, 32);
AT(pdm_activity_options, cumulative, 36);
AT(pdm_activity_options, mau_days, 40);
AT(pdm_activity_options, breakdown_by, 44);
AT(pdm_activity_options, list_units, 48);
AT(pdm_activity_options, date_from, 56);
AT(pdm_activity_options, date_to, 64);
AT(pdm_activity_options, as_of, 72);

/* pdmetrics/metrics/retention.h */
AT_LEAST(pdm_retention_options, 120);
AT(pdm_retention_options, struct_size, 0);
AT(pdm_retention_options, null_rows, 4);
AT(pdm_retention_options, dedupe, 8);
AT(pdm_retention_options, zero_denominator, 12);
AT(pdm_retention_options, naive_time, 16);
AT(pdm_retention_options, currency_exponent, 20);
AT(pdm_retention_options, period, 24);
AT(pdm_retention_options, cohort_entry, 28);
AT(pdm_retention_options, intervals, 32);
AT(pdm_retention_options, mode, 36);
AT(pdm_retention_options, clock, 40);
AT(pdm_retention_options, min_occurrences, 44);
AT(pdm_retention_options, denominator, 48);
AT(pdm_retention_options, floor, 52);
AT(pdm_retention_options, window_entry, 56);
AT(pdm_retention_options, future_cells, 60);
AT(pdm_retention_options, breakdown_by, 64);
AT(pdm_retention_options, hold_constant, 68);
AT(pdm_retention_options, average, 72);
AT(pdm_retention_options, retained_value, 76);
AT(pdm_retention_options, list_units, 80);
AT(pdm_retention_options, reserved, 84);
AT(pdm_retention_options, date_to, 96);
AT(pdm_retention_options, as_of, 104);
AT(pdm_retention_options, conf_level, 112);

/* pdmetrics/metrics/retention_array.h */
AT_LEAST(pdm_retention_array_options, 32);
AT(pdm_retention_array_options, struct_size, 0);
AT(pdm_retention_array_options, null_rows, 4);
AT(pdm_retention_array_options, dedupe, 8);
AT(pdm_retention_array_options, zero_denominator, 12);
AT(pdm_retention_array_options, condition_count, 16);
AT(pdm_retention_array_options, list_units, 20);
AT(pdm_retention_array_options, conf_level, 24);

#endif

/* pdmetrics/calendar.h */
VALUE(PDM_MONDAY, 0);
VALUE(PDM_TUESDAY, 1);
VALUE(PDM_WEDNESDAY, 2);
VALUE(PDM_THURSDAY, 3);
VALUE(PDM_FRIDAY, 4);
VALUE(PDM_SATURDAY, 5);
VALUE(PDM_SUNDAY, 6);

VALUE(PDM_PERIOD_HOUR, 0);
VALUE(PDM_PERIOD_DAY, 1);
VALUE(PDM_PERIOD_WEEK, 2);
VALUE(PDM_PERIOD_MONTH, 3);
VALUE(PDM_PERIOD_QUARTER, 4);
VALUE(PDM_PERIOD_YEAR, 5);

/* pdmetrics/column.h */
VALUE(PDM_TYPE_NONE, 0);
VALUE(PDM_TYPE_INT8, 1);
VALUE(PDM_TYPE_INT16, 2);
VALUE(PDM_TYPE_INT32, 3);
VALUE(PDM_TYPE_INT64, 4);
VALUE(PDM_TYPE_UINT8, 5);
VALUE(PDM_TYPE_UINT16, 6);
VALUE(PDM_TYPE_UINT32, 7);
VALUE(PDM_TYPE_UINT64, 8);
VALUE(PDM_TYPE_FLOAT64, 9);
VALUE(PDM_TYPE_BOOL, 10);
VALUE(PDM_TYPE_UTF8, 11);
VALUE(PDM_TYPE_LARGE_UTF8, 12);
VALUE(PDM_TYPE_UTF8_VIEW, 13);
VALUE(PDM_TYPE_DICTIONARY, 14);
VALUE(PDM_TYPE_DATE32, 15);
VALUE(PDM_TYPE_TIMESTAMP_S, 16);
VALUE(PDM_TYPE_TIMESTAMP_MS, 17);
VALUE(PDM_TYPE_TIMESTAMP_US, 18);
VALUE(PDM_TYPE_TIMESTAMP_NS, 19);
VALUE(PDM_TYPE_DECIMAL128, 20);
VALUE(PDM_TYPE_FLOAT32, 21);
VALUE(PDM_TYPE_ALL_NULL, 22);
VALUE(PDM_TYPE_LIST, 23);
VALUE(PDM_TYPE_LARGE_LIST, 24);

/* pdmetrics/metric.h */
VALUE(PDM_ROLE_KEY, 1);
VALUE(PDM_ROLE_TIME, 2);
VALUE(PDM_ROLE_MONEY, 3);
VALUE(PDM_ROLE_INTEGER, 4);
VALUE(PDM_ROLE_FLOAT, 5);
VALUE(PDM_ROLE_TEXT, 6);
VALUE(PDM_ROLE_FLAG, 7);

VALUE(PDM_OPTION_ENUM, 1);
VALUE(PDM_OPTION_BOOL, 2);
VALUE(PDM_OPTION_INT32, 3);
VALUE(PDM_OPTION_INT64, 4);
VALUE(PDM_OPTION_TIME, 5);
VALUE(PDM_OPTION_FLOAT, 6);
VALUE(PDM_OPTION_TEXT, 7);
VALUE(PDM_OPTION_DURATION, 8);

/* pdmetrics/metrics/rfm.h */
VALUE(PDM_RFM_GRAIN_LINE, 0);
VALUE(PDM_RFM_GRAIN_ORDER, 1);

VALUE(PDM_RFM_NET_IN_M_KEEP_F, 0);
VALUE(PDM_RFM_DROP_FULLY_REFUNDED, 1);
VALUE(PDM_RFM_GROSS, 2);

VALUE(PDM_RFM_CUTOFF_AS_OF, 0);
VALUE(PDM_RFM_CUTOFF_NONE, 1);

VALUE(PDM_RFM_AS_OF_DAY, 0);
VALUE(PDM_RFM_LAST_DAY, 1);

VALUE(PDM_RFM_F_ORDERS, 0);
VALUE(PDM_RFM_F_DAYS, 1);
VALUE(PDM_RFM_F_ROWS, 2);
VALUE(PDM_RFM_F_REPEAT, 3);

VALUE(PDM_RFM_M_NET_SUM, 0);
VALUE(PDM_RFM_M_GROSS_SUM, 1);
VALUE(PDM_RFM_M_NET_MEAN, 2);
VALUE(PDM_RFM_M_NET_MAX, 3);

VALUE(PDM_RFM_POLICY_DEFAULT, 0);
VALUE(PDM_RFM_POLICY_MIDRANK, 1);
VALUE(PDM_RFM_POLICY_PCT_RANK, 2);
VALUE(PDM_RFM_POLICY_NTILE, 3);
VALUE(PDM_RFM_POLICY_RANK_FIRST, 4);
VALUE(PDM_RFM_POLICY_QUANTILE_RIGHT, 5);
VALUE(PDM_RFM_POLICY_QUANTILE_RFM_R, 6);
VALUE(PDM_RFM_POLICY_FIXED, 7);
VALUE(PDM_RFM_POLICY_NESTED, 8);
VALUE(PDM_RFM_POLICY_SPLIT, 9);

VALUE(PDM_RFM_TIES_AVG, 0);
VALUE(PDM_RFM_TIES_MIN, 1);
VALUE(PDM_RFM_TIES_MAX, 2);

VALUE(PDM_RFM_DUPLICATES_ERROR, 0);
VALUE(PDM_RFM_DUPLICATES_DROP, 1);

VALUE(PDM_RFM_SPLIT_DEFAULT, 0);
VALUE(PDM_RFM_SPLIT_MEAN, 1);
VALUE(PDM_RFM_SPLIT_MEDIAN, 2);
VALUE(PDM_RFM_SPLIT_VALUE, 3);

VALUE(PDM_RFM_COMPARE_DEFAULT, 0);
VALUE(PDM_RFM_COMPARE_GT, 1);
VALUE(PDM_RFM_COMPARE_GE, 2);

VALUE(PDM_RFM_MAP_EN11, 0);
VALUE(PDM_RFM_MAP_EN10_RF, 1);
VALUE(PDM_RFM_MAP_CN8, 2);
VALUE(PDM_RFM_MAP_RFM_R10, 3);
VALUE(PDM_RFM_MAP_PYMC5, 4);
VALUE(PDM_RFM_MAP_USER, 5);
VALUE(PDM_RFM_MAP_NONE, 6);

VALUE(PDM_RFM_CN8_RECENT_HIGH, 0);
VALUE(PDM_RFM_CN8_DAYS_HIGH, 1);

VALUE(PDM_RFM_CN8_STANDARD, 0);
VALUE(PDM_RFM_CN8_ALT, 1);

VALUE(PDM_RFM_SPLIT_RAW, 0);
VALUE(PDM_RFM_SPLIT_SCORE, 1);

VALUE(PDM_RFM_PER_WINDOW, 0);
VALUE(PDM_RFM_FROZEN, 1);

VALUE(PDM_RFM_TIERS_NONE, 0);
VALUE(PDM_RFM_TIERS_CUT, 1);
VALUE(PDM_RFM_TIERS_SHARE, 2);

VALUE(PDM_RFM_TIER_NET, 0);
VALUE(PDM_RFM_TIER_MONETARY, 1);
VALUE(PDM_RFM_TIER_GMV, 2);
VALUE(PDM_RFM_TIER_ORDERS, 3);
VALUE(PDM_RFM_TIER_FREQUENCY, 4);

/* pdmetrics/metrics/tiers.h */
VALUE(PDM_TIERS_AUTO, 0);
VALUE(PDM_TIERS_CUT, 1);
VALUE(PDM_TIERS_SHARE, 2);

/* pdmetrics/metrics/actuals.h */
VALUE(PDM_ACTUALS_DEDUPE_NONE, 0);
VALUE(PDM_ACTUALS_DEDUPE_ORDER_ID, 1);
VALUE(PDM_ACTUALS_NONE, 0);
VALUE(PDM_ACTUALS_HOUR, 1);
VALUE(PDM_ACTUALS_DAY, 2);
VALUE(PDM_ACTUALS_WEEK, 3);
VALUE(PDM_ACTUALS_MONTH, 4);
VALUE(PDM_ACTUALS_QUARTER, 5);
VALUE(PDM_ACTUALS_YEAR, 6);

/* pdmetrics/metrics/credit.h */
VALUE(PDM_CREDIT_DEDUP, 0);
VALUE(PDM_CREDIT_FULL, 1);
VALUE(PDM_CREDIT_SPLIT, 2);
/* pdmetrics/metrics/repurchase.h */
VALUE(PDM_REPURCHASE_PERIOD_MONTH, 0);
VALUE(PDM_REPURCHASE_PERIOD_HOUR, 1);
VALUE(PDM_REPURCHASE_PERIOD_DAY, 2);
VALUE(PDM_REPURCHASE_PERIOD_WEEK, 3);
VALUE(PDM_REPURCHASE_PERIOD_QUARTER, 4);
VALUE(PDM_REPURCHASE_PERIOD_YEAR, 5);

VALUE(PDM_REPURCHASE_SAME_DAY_SEPARATE, 0);
VALUE(PDM_REPURCHASE_SAME_DAY_MERGE, 1);

VALUE(PDM_REPURCHASE_BREAKDOWN_NONE, 0);
VALUE(PDM_REPURCHASE_BREAKDOWN_ENTRY, 1);
VALUE(PDM_REPURCHASE_BREAKDOWN_SAME_VALUE, 2);
VALUE(PDM_REPURCHASE_BREAKDOWN_LATEST, 3);
/* pdmetrics/metrics/attribution.h */
VALUE(PDM_ATTRIBUTION_EVENTS, 0);
VALUE(PDM_ATTRIBUTION_PATHS, 1);
VALUE(PDM_ATTRIBUTION_MONEY, 0);
VALUE(PDM_ATTRIBUTION_DOUBLE, 1);
VALUE(PDM_ATTRIBUTION_RESET_NONE, 0);
VALUE(PDM_ATTRIBUTION_RESET_AFTER_CONVERSION, 1);
VALUE(PDM_ATTRIBUTION_RESET_FIRST_ONLY, 2);
VALUE(PDM_ATTRIBUTION_RESET_LAST_ONLY, 3);
VALUE(PDM_ATTRIBUTION_LOOKBACK_ELAPSED, 0);
VALUE(PDM_ATTRIBUTION_LOOKBACK_CALENDAR_DAYS, 1);
VALUE(PDM_ATTRIBUTION_PRIORITY_OFF, 0);
VALUE(PDM_ATTRIBUTION_PRIORITY_HIGHEST_ONLY, 1);
VALUE(PDM_ATTRIBUTION_DIRECT_KEEP, 0);
VALUE(PDM_ATTRIBUTION_DIRECT_EXCLUDE_UNLESS_ALL, 1);
VALUE(PDM_ATTRIBUTION_DIRECT_STRIP_TAIL, 2);
VALUE(PDM_ATTRIBUTION_DIRECT_EXCLUDE, 3);
VALUE(PDM_ATTRIBUTION_DIRECT_INHERIT_PREVIOUS, 4);
VALUE(PDM_ATTRIBUTION_TRANSFORM_NONE, 0);
VALUE(PDM_ATTRIBUTION_TRANSFORM_EXPOSURE, 1);
VALUE(PDM_ATTRIBUTION_TRANSFORM_FIRST, 2);
VALUE(PDM_ATTRIBUTION_TRANSFORM_FREQUENCY, 3);
VALUE(PDM_ATTRIBUTION_NULLS_TRAILING, 0);
VALUE(PDM_ATTRIBUTION_NULLS_NON_CONVERTERS, 1);
VALUE(PDM_ATTRIBUTION_NULLS_NONE, 2);
VALUE(PDM_ATTRIBUTION_NULLS_EXPIRED, 3);
VALUE(PDM_ATTRIBUTION_NULL_WINDOW_ALL, 0);
VALUE(PDM_ATTRIBUTION_NULL_WINDOW_LOOKBACK, 1);

/* pdmetrics/metrics/funnel.h */
VALUE(PDM_FUNNEL_PRESET_NONE, 0);
VALUE(PDM_FUNNEL_PRESET_CLICKHOUSE, 1);
VALUE(PDM_FUNNEL_PRESET_DORIS, 2);
VALUE(PDM_FUNNEL_PRESET_DORIS41, 3);
VALUE(PDM_FUNNEL_PRESET_STARROCKS, 4);
VALUE(PDM_FUNNEL_PRESET_POSTHOG, 5);
VALUE(PDM_FUNNEL_PRESET_MIXPANEL, 6);
VALUE(PDM_FUNNEL_PRESET_MIXPANEL_REENTRY, 7);
VALUE(PDM_FUNNEL_PRESET_AMPLITUDE, 8);

VALUE(PDM_FUNNEL_ORDER_DEFAULT, 0);
VALUE(PDM_FUNNEL_ORDER_ORDERED, 1);
VALUE(PDM_FUNNEL_ORDER_STRICT, 2);
VALUE(PDM_FUNNEL_ORDER_FIXED, 3);
VALUE(PDM_FUNNEL_ORDER_UNORDERED, 4);

VALUE(PDM_FUNNEL_ENTRY_DEFAULT, 0);
VALUE(PDM_FUNNEL_ENTRY_BEST, 1);
VALUE(PDM_FUNNEL_ENTRY_FIRST, 2);
VALUE(PDM_FUNNEL_ENTRY_LAST, 3);

VALUE(PDM_FUNNEL_TIE_DEFAULT, 0);
VALUE(PDM_FUNNEL_TIE_FIRST_COMPLETED, 1);
VALUE(PDM_FUNNEL_TIE_FIRST_ENTERED, 2);

VALUE(PDM_FUNNEL_REUSE_DEFAULT, 0);
VALUE(PDM_FUNNEL_REUSE_FORBID, 1);
VALUE(PDM_FUNNEL_REUSE_ALLOW, 2);

VALUE(PDM_FUNNEL_TIES_DEFAULT, 0);
VALUE(PDM_FUNNEL_TIES_FAVOURABLE, 1);
VALUE(PDM_FUNNEL_TIES_ROW_ORDER, 2);

VALUE(PDM_FUNNEL_INCREASE_DEFAULT, 0);
VALUE(PDM_FUNNEL_INCREASE_OFF, 1);
VALUE(PDM_FUNNEL_INCREASE_SKIP, 2);
VALUE(PDM_FUNNEL_INCREASE_BREAK, 3);

VALUE(PDM_FUNNEL_DEDUPLICATION_DEFAULT, 0);
VALUE(PDM_FUNNEL_DEDUPLICATION_OFF, 1);
VALUE(PDM_FUNNEL_DEDUPLICATION_BREAK_ATTEMPT, 2);

VALUE(PDM_FUNNEL_SWITCH_DEFAULT, 0);
VALUE(PDM_FUNNEL_SWITCH_OFF, 1);
VALUE(PDM_FUNNEL_SWITCH_ON, 2);

VALUE(PDM_FUNNEL_WINDOW_ELAPSED, 0);
VALUE(PDM_FUNNEL_WINDOW_CALENDAR_DAYS, 1);

VALUE(PDM_FUNNEL_COUNT_UNIQUES, 0);
VALUE(PDM_FUNNEL_COUNT_TOTALS, 1);
VALUE(PDM_FUNNEL_COUNT_SESSIONS, 2);

VALUE(PDM_FUNNEL_TOTALS_DEFAULT, 0);
VALUE(PDM_FUNNEL_TOTALS_SEQUENTIAL, 1);
VALUE(PDM_FUNNEL_TOTALS_EVERY_ENTRY, 2);

VALUE(PDM_FUNNEL_SESSIONS_GAP, 0);
VALUE(PDM_FUNNEL_SESSIONS_COLUMN, 1);

VALUE(PDM_FUNNEL_HOLD_NONE, 0);
VALUE(PDM_FUNNEL_HOLD_COLUMN, 1);
VALUE(PDM_FUNNEL_HOLD_STEPS, 2);

VALUE(PDM_FUNNEL_HOLD_PER_VALUE, 0);
VALUE(PDM_FUNNEL_HOLD_PER_UNIT, 1);

VALUE(PDM_FUNNEL_ATTRIBUTION_NONE, 0);
VALUE(PDM_FUNNEL_ATTRIBUTION_FIRST_TOUCH, 1);
VALUE(PDM_FUNNEL_ATTRIBUTION_LAST_TOUCH, 2);
VALUE(PDM_FUNNEL_ATTRIBUTION_ALL_EVENTS, 3);
VALUE(PDM_FUNNEL_ATTRIBUTION_STEP, 4);

VALUE(PDM_FUNNEL_RANGE_ROWS, 0);
VALUE(PDM_FUNNEL_RANGE_ENTRIES, 1);

VALUE(PDM_FUNNEL_TREND_NONE, 0);
VALUE(PDM_FUNNEL_TREND_HOUR, 1);
VALUE(PDM_FUNNEL_TREND_DAY, 2);
VALUE(PDM_FUNNEL_TREND_WEEK, 3);
VALUE(PDM_FUNNEL_TREND_MONTH, 4);
VALUE(PDM_FUNNEL_TREND_QUARTER, 5);
VALUE(PDM_FUNNEL_TREND_YEAR, 6);

VALUE(PDM_FUNNEL_TREND_ONCE, 0);
VALUE(PDM_FUNNEL_TREND_EVERY, 1);

/* pdmetrics/status.h */
VALUE(PDM_OK, 0);
VALUE(PDM_E_ARGUMENT, 1);
VALUE(PDM_E_NOMEM, 2);
VALUE(PDM_E_LIMIT, 3);
VALUE(PDM_E_BUSY, 4);
VALUE(PDM_E_STOPPED, 5);
VALUE(PDM_E_SEQUENCE, 6);
VALUE(PDM_E_BAD_OPTION, 7);
VALUE(PDM_E_UNSUPPORTED_COMBINATION, 8);
VALUE(PDM_E_MISSING_COLUMN, 9);
VALUE(PDM_E_BAD_TYPE, 10);
VALUE(PDM_E_NULL_VALUE, 11);
VALUE(PDM_E_BAD_VALUE, 12);
VALUE(PDM_E_OVERFLOW, 13);
VALUE(PDM_E_OPTIONS_DIFFER, 14);
VALUE(PDM_E_CORRUPT_STATE, 15);
VALUE(PDM_E_UNSUPPORTED_VERSION, 16);
VALUE(PDM_E_STREAM, 17);
VALUE(PDM_E_SEGMENT_OVERLAP, 18);
VALUE(PDM_E_DUPLICATE_EDGES, 19);
VALUE(PDM_E_EMPTY_PERIOD, 20);
VALUE(PDM_E_EMPTY, 21);
VALUE(PDM_E_LENGTH, 22);
VALUE(PDM_E_BAD_TOTAL, 23);
VALUE(PDM_E_BAD_WEIGHT, 24);
VALUE(PDM_E_ZERO_WEIGHTS, 25);
VALUE(PDM_E_BAD_BOUNDS, 26);
VALUE(PDM_E_BAD_RATE, 27);
VALUE(PDM_E_BAD_COUNT, 28);
VALUE(PDM_E_BAD_AMOUNT, 29);
VALUE(PDM_E_BAD_PERIOD, 30);
VALUE(PDM_E_BAD_TIERS, 31);
VALUE(PDM_E_BELOW_FIRST_TIER, 32);
VALUE(PDM_E_BAD_TREE, 33);
VALUE(PDM_E_MARGINS_DISAGREE, 34);
VALUE(PDM_E_PARSE, 35);
VALUE(PDM_E_UNKNOWN_NAME, 36);
VALUE(PDM_E_DUPLICATE_NAME, 37);
VALUE(PDM_E_CYCLE, 38);
VALUE(PDM_E_NOT_PRODUCT_FORM, 39);
VALUE(PDM_E_TOO_MANY_FACTORS, 40);
VALUE(PDM_E_TOO_MANY_CELLS, 41);
VALUE(PDM_E_BAD_WEIGHTS, 42);
VALUE(PDM_E_BAD_MOMENTS, 43);
VALUE(PDM_E_BAD_LOOKS, 44);
VALUE(PDM_E_AFTER_FINAL, 45);
VALUE(PDM_E_UNKNOWN_VARIANT, 46);
VALUE(PDM_E_CROSSOVER, 47);
VALUE(PDM_E_NEEDS_UNITS, 48);
VALUE(PDM_E_NEEDS_SCALE, 49);
VALUE(PDM_E_MARGIN_REQUIRED, 50);
VALUE(PDM_E_PLAN_REQUIRED, 51);
VALUE(PDM_STATUS_OK, 0);
VALUE(PDM_STATUS_MISSING, 1);
VALUE(PDM_STATUS_MISSING_LEAF, 2);
VALUE(PDM_STATUS_ZERO_TARGET, 3);
VALUE(PDM_STATUS_ZERO_BASE, 4);
VALUE(PDM_STATUS_ZERO_CHANGE, 5);
VALUE(PDM_STATUS_ZERO_COST, 6);
VALUE(PDM_STATUS_DIV_BY_ZERO, 7);
VALUE(PDM_STATUS_NO_ELAPSED, 8);
VALUE(PDM_STATUS_INFEASIBLE, 9);
VALUE(PDM_STATUS_NO_CONVERGENCE, 10);
VALUE(PDM_STATUS_OUT_OF_BOUNDS, 11);
VALUE(PDM_STATUS_NO_SOLUTION, 12);
VALUE(PDM_STATUS_NO_EFFECT, 13);
VALUE(PDM_STATUS_SIGN_CHANGE, 14);
VALUE(PDM_STATUS_MET, 15);
VALUE(PDM_STATUS_CLOSURE, 16);
VALUE(PDM_STATUS_CONFLICT, 17);
VALUE(PDM_STATUS_OVERFLOW, 18);
VALUE(PDM_STATUS_NO_DATA, 19);
VALUE(PDM_STATUS_TOO_FEW, 20);
VALUE(PDM_STATUS_ZERO_VARIANCE, 21);
VALUE(PDM_STATUS_ZERO_DENOMINATOR, 22);
VALUE(PDM_STATUS_DEGENERATE, 23);
VALUE(PDM_STATUS_NO_EVENTS, 24);
VALUE(PDM_STATUS_UNREACHABLE, 25);
VALUE(PDM_STATUS_UNBOUNDED, 26);
VALUE(PDM_STATUS_UNBOUNDED_ABOVE, 27);
VALUE(PDM_STATUS_MISMATCH, 28);
VALUE(PDM_STATUS_SINGLE_ARM, 29);
VALUE(PDM_STATUS_NO_CONVERSIONS, 30);
VALUE(PDM_STATUS_NO_VALUE, 31);
VALUE(PDM_STATUS_NO_NULL_JOURNEYS, 32);

/* pdmetrics/metrics/lifecycle.h */
VALUE(PDM_COHORT_DAY, 0);
VALUE(PDM_COHORT_HOUR, 1);
VALUE(PDM_COHORT_WEEK, 2);
VALUE(PDM_COHORT_MONTH, 3);
VALUE(PDM_COHORT_QUARTER, 4);
VALUE(PDM_COHORT_YEAR, 5);

VALUE(PDM_COHORT_BREAKDOWN_NONE, 0);
VALUE(PDM_COHORT_BREAKDOWN_ENTRY, 1);
VALUE(PDM_COHORT_BREAKDOWN_SAME_VALUE, 2);
VALUE(PDM_COHORT_BREAKDOWN_LATEST, 3);

VALUE(PDM_LIFECYCLE_FIRST_SEEN_NONE, 0);
VALUE(PDM_LIFECYCLE_FIRST_SEEN_COLUMN, 1);

/* pdmetrics/metrics/activity.h */
VALUE(PDM_ACTIVITY_GTE, 0);
VALUE(PDM_ACTIVITY_LTE, 1);
VALUE(PDM_ACTIVITY_EXACT, 2);

/* pdmetrics/metrics/retention.h */
VALUE(PDM_RETENTION_FIRST_TIME, 0);
VALUE(PDM_RETENTION_RECURRING, 1);
VALUE(PDM_RETENTION_FIRST_EVER, 2);

VALUE(PDM_RETENTION_N_DAY, 0);
VALUE(PDM_RETENTION_ON_OR_AFTER, 1);
VALUE(PDM_RETENTION_BRACKETS, 2);

VALUE(PDM_RETENTION_CALENDAR, 0);
VALUE(PDM_RETENTION_ROLLING_24H, 1);

VALUE(PDM_RETENTION_COHORT_SIZE, 0);
VALUE(PDM_RETENTION_PREVIOUS_INTERVAL, 1);

VALUE(PDM_RETENTION_FLOOR_NONE, 0);
VALUE(PDM_RETENTION_FLOOR_HOUR, 1);
VALUE(PDM_RETENTION_FLOOR_DAY, 2);

VALUE(PDM_RETENTION_FIRST_IN_PERIOD, 0);
VALUE(PDM_RETENTION_EVERY_START, 1);

VALUE(PDM_RETENTION_FUTURE_NULL, 0);
VALUE(PDM_RETENTION_FUTURE_ZERO, 1);

VALUE(PDM_RETENTION_HOLD_NONE, 0);
VALUE(PDM_RETENTION_HOLD_COLUMN, 1);

VALUE(PDM_RETENTION_WEIGHTED, 0);
VALUE(PDM_RETENTION_SIMPLE, 1);
VALUE(PDM_RETENTION_NO_AVERAGE, 2);

int main(void) {
#if defined(__LP64__) && CHAR_BIT == 8
    (void)printf("sizes, offsets and values are as pinned\n");
    return 0;
#else
    (void)printf("skipped: the layout is pinned for LP64 systems\n");
    return 77;
#endif
}
