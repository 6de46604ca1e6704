/* Books, targets and truths. */
#include "sample/truths.h"

static const char *const TOPICS[] = {"rfm",    "retention", "funnel",  "attribution", "experiment",
                                     "season", "refunds",   "friends", "referral",    "targets"};
enum {
    TOPIC_RFM,
    TOPIC_RETENTION,
    TOPIC_FUNNEL,
    TOPIC_ATTRIBUTION,
    TOPIC_EXPERIMENT,
    TOPIC_SEASON,
    TOPIC_REFUNDS,
    TOPIC_FRIENDS,
    TOPIC_REFERRAL,
    TOPIC_TARGETS
};
static const char *const UNITS[] = {"share", "customers", "ratio", "yyyymm", "weight", "rate"};
enum { UNIT_SHARE, UNIT_CUSTOMERS, UNIT_RATIO, UNIT_YYYYMM, UNIT_WEIGHT, UNIT_RATE };

/* Where the value of a truth comes from, if it was not planted but counted. */
enum { FROM_PLAN, FROM_GROUPS, FROM_OTHER_REPEATS, FROM_REFERRED_SHARE, FROM_REFERRED_RATIO };

typedef struct truth {
    int32_t topic;
    int32_t unit;
    const char *name;
    double value;
    int32_t from;
    int32_t group;
    const char *text;
} truth;

static const truth TRUTHS[] = {
    {TOPIC_RFM, UNIT_SHARE, "loyal_share", 0.15, FROM_PLAN, 0, "10 or more orders, the last at most 30 days ago"},
    {TOPIC_RFM, UNIT_SHARE, "lapsed_vip_share", 0.05, FROM_PLAN, 0, "9 or more orders, the last at least 180 days ago"},
    {TOPIC_RFM, UNIT_SHARE, "one_time_share", 0.40, FROM_PLAN, 0, "1 order, at least 90 days ago"},
    {TOPIC_RFM, UNIT_SHARE, "new_share", 0.10, FROM_PLAN, 0, "1 or 2 orders, the first at most 60 days ago"},
    {TOPIC_RFM, UNIT_SHARE, "regular_share", 0.22, FROM_PLAN, 0, "3 to 7 orders, the last at most 150 days ago"},
    {TOPIC_RFM, UNIT_SHARE, "silent_share", 0.08, FROM_PLAN, 0, "in friends, without any order"},
    {TOPIC_RFM, UNIT_CUSTOMERS, "loyal_customers", 0, FROM_GROUPS, GROUP_LOYAL, "customers of loyal_share, counted"},
    {TOPIC_RFM, UNIT_CUSTOMERS, "lapsed_vip_customers", 0, FROM_GROUPS, GROUP_LAPSED_VIP,
     "customers of lapsed_vip_share, counted"},
    {TOPIC_RFM, UNIT_CUSTOMERS, "one_time_customers", 0, FROM_GROUPS, GROUP_ONE_TIME,
     "customers of one_time_share, counted"},
    {TOPIC_RFM, UNIT_CUSTOMERS, "new_customers", 0, FROM_GROUPS, GROUP_NEW, "customers of new_share, counted"},
    {TOPIC_RFM, UNIT_CUSTOMERS, "regular_customers", 0, FROM_GROUPS, GROUP_REGULAR,
     "customers of regular_share, counted"},
    {TOPIC_RFM, UNIT_CUSTOMERS, "silent_customers", 0, FROM_GROUPS, GROUP_SILENT, "customers of silent_share, counted"},
    {TOPIC_RETENTION, UNIT_YYYYMM, "bad_cohort_month", 202503, FROM_PLAN, 0,
     "month of the first order, with channel livestream, of the cohort that does not come back"},
    {TOPIC_RETENTION, UNIT_RATE, "bad_cohort_repeat_rate", 1.0 / 13.0, FROM_PLAN, 0,
     "of that cohort, who ordered more than once"},
    {TOPIC_RETENTION, UNIT_RATE, "other_repeat_rate", 0, FROM_OTHER_REPEATS, 0,
     "of all other buyers, who ordered more than once; counted"},
    {TOPIC_FUNNEL, UNIT_RATE, "miniprogram_cart_to_order", 0.40, FROM_PLAN, 0,
     "of sessions on miniprogram with cart, those with order: the leak"},
    {TOPIC_FUNNEL, UNIT_RATE, "other_cart_to_order", 0.70, FROM_PLAN, 0,
     "of sessions on other channels with cart, those with order"},
    {TOPIC_FUNNEL, UNIT_RATE, "miniprogram_view_to_cart", 0.75, FROM_PLAN, 0,
     "of sessions on miniprogram with view, those with cart"},
    {TOPIC_FUNNEL, UNIT_RATE, "order_to_pay", 0.95, FROM_PLAN, 0, "of sessions with order, those with pay"},
    {TOPIC_ATTRIBUTION, UNIT_SHARE, "moments_path_share", PDM__SAMPLE_ASSIST_PERMILLE / 1000.0, FROM_PLAN, 0,
     "of conversions, those with a touch by moments since the conversion before"},
    {TOPIC_ATTRIBUTION, UNIT_SHARE, "moments_last_share", PDM__SAMPLE_ASSIST_LAST_PERMILLE / 1000.0, FROM_PLAN, 0,
     "of conversions, those whose last touch is moments: it assists and rarely closes"},
    {TOPIC_EXPERIMENT, UNIT_RATIO, "welcome_coupon_lift", PDM__SAMPLE_LIFT_PERCENT / 100.0, FROM_PLAN, 0,
     "conversion rate of treatment / of control - 1; the same for orders and value per customer"},
    {TOPIC_EXPERIMENT, UNIT_RATIO, "aa_check_lift", 0, FROM_PLAN, 0, "the same for aa_check: there is none"},
    {TOPIC_EXPERIMENT, UNIT_SHARE, "live_reminder_treatment_share", PDM__SAMPLE_SRM_PERCENT / 100.0, FROM_PLAN, 0,
     "share of treatment in live_reminder, planned as 0.5: a sample ratio mismatch; no lift"},
    {TOPIC_SEASON, UNIT_WEIGHT, "weekend_weight", PDM__SAMPLE_WEEKEND_WEIGHT / 100.0, FROM_PLAN, 0,
     "orders of a Saturday or Sunday / of a Monday to Thursday, outside of peaks"},
    {TOPIC_SEASON, UNIT_WEIGHT, "peak_1111_weight", PDM__SAMPLE_PEAK_1111, FROM_PLAN, 0,
     "orders of 2025-11-11 / of an ordinary Monday to Thursday from 3 to 30 November"},
    {TOPIC_SEASON, UNIT_WEIGHT, "peak_618_weight", PDM__SAMPLE_PEAK_618, FROM_PLAN, 0,
     "orders of 2025-06-18 / of an ordinary Monday to Thursday in the four weeks before 16 June"},
    {TOPIC_REFUNDS, UNIT_RATE, "device_refund_rate", PDM__SAMPLE_DEVICE_REFUND_PERMILLE / 1000.0, FROM_PLAN, 0,
     "refund rows / lines sold (amount > 0), category device: the bad one"},
    {TOPIC_REFUNDS, UNIT_RATE, "other_refund_rate", PDM__SAMPLE_REFUND_PERMILLE / 1000.0, FROM_PLAN, 0,
     "refund rows / lines sold (amount > 0), all other categories"},
    {TOPIC_REFUNDS, UNIT_SHARE, "unlinked_refund_share", PDM__SAMPLE_UNLINKED_PERCENT / 100.0, FROM_PLAN, 0,
     "of refund rows, those without original_order_id"},
    {TOPIC_FRIENDS, UNIT_RATE, "staff_07_delete_rate", PDM__SAMPLE_BAD_STAFF_PERCENT / 100.0, FROM_PLAN, 0,
     "of the customers that staff_07 ever added, those with a deletion"},
    {TOPIC_FRIENDS, UNIT_RATE, "other_delete_rate", PDM__SAMPLE_STAFF_PERCENT / 100.0, FROM_PLAN, 0,
     "the same, pairs of customer and any other staff member"},
    {TOPIC_REFERRAL, UNIT_SHARE, "referred_share", 0, FROM_REFERRED_SHARE, 0,
     "customers in invitations as invitee / all customers; counted"},
    {TOPIC_REFERRAL, UNIT_RATIO, "referred_value_ratio", 0, FROM_REFERRED_RATIO, 0,
     "sum of amount per referred customer / per other customer, silent ones too; counted"},
    {TOPIC_TARGETS, UNIT_YYYYMM, "shortfall_month", 202509, FROM_PLAN, 0, "the only month that misses its target"},
    {TOPIC_TARGETS, UNIT_RATIO, "shortfall_gmv_ratio", PDM__SAMPLE_SHORT_PERMILLE / 1000.0, FROM_PLAN, 0,
     "actual / target sales of that month"},
    {TOPIC_TARGETS, UNIT_RATIO, "shortfall_aov_ratio", PDM__SAMPLE_SHORT_PERMILLE / 1000.0, FROM_PLAN, 0,
     "actual / target sales per order of that month: all of the shortfall; buyers and orders are as planned"},
};

void pdm__sample_books_add(const pdm__sample_world *world, const pdm__sample_customer *customer,
                           pdm__sample_books *books) {
    books->groups[customer->group]++;
    bool referred = customer->source == SOURCE_REFERRAL;
    books->customers[referred]++;
    books->net[referred] += pdm__sample_customer_net(customer);
    if (customer->order_count > 0) books->buyers[customer->burst]++;
    if (customer->order_count > 1) books->repeats[customer->burst]++;
    int32_t month_before = -1;
    for (int32_t i = 0; i < customer->order_count; i++) {
        const pdm__sample_order *order = &customer->orders[i];
        int32_t month = world->month[order->time / PDM__SAMPLE_DAY_S];
        pdm__sample_month *sums = &books->months[month];
        sums->gmv += order->sale;
        sums->planned += order->planned;
        sums->orders++;
        if (month != month_before) sums->buyers++;
        month_before = month;
    }
}

pdm_status pdm__sample_targets_add(pdm_result *result, const pdm__sample_world *world, const pdm__sample_books *books,
                                   pdm_error *err) {
    /* Plans are a little below what happens without the shortfall, so that every other month meets its target. */
    static const int32_t permille[PDM__SAMPLE_MONTHS] = {960, 975, 985, 970, 965, 990, 975, 980, 960,  970, 990, 975,
                                                         980, 985, 970, 965, 975, 990, 960, 985, 1000, 975, 985, 970};
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &pdm__sample_targets_table, PDM__SAMPLE_MONTHS, PDM_TYPE_INT64, &table, err));
    int32_t day = 0;
    for (int32_t i = 0; i < PDM__SAMPLE_MONTHS; i++) {
        const pdm__sample_month *month = &books->months[i];
        int64_t gmv = month->planned * permille[i] / 1000;
        int64_t orders = month->orders * permille[i] / 1000;
        while (world->month[day] < i) day++;
        pdm__table_i64(table, TARGETS_MONTH)[i] = pdm__sample_time_us(day * PDM__SAMPLE_DAY_S);
        pdm__table_i64(table, TARGETS_TARGET_GMV)[i] = gmv;
        pdm__table_i64(table, TARGETS_ACTUAL_GMV)[i] = month->gmv;
        pdm__table_i64(table, TARGETS_TARGET_BUYERS)[i] = month->buyers * permille[i] / 1000;
        pdm__table_i64(table, TARGETS_ACTUAL_BUYERS)[i] = month->buyers;
        pdm__table_i64(table, TARGETS_TARGET_ORDERS)[i] = orders;
        pdm__table_i64(table, TARGETS_ACTUAL_ORDERS)[i] = month->orders;
        double target_aov = orders > 0 ? (double)gmv / (double)orders : 0;
        double actual_aov = month->orders > 0 ? (double)month->gmv / (double)month->orders : 0;
        PDM__TRY(pdm__table_put_ratio(table, TARGETS_TARGET_AOV, i, orders > 0, target_aov, err));
        PDM__TRY(pdm__table_put_ratio(table, TARGETS_ACTUAL_AOV, i, month->orders > 0, actual_aov, err));
    }
    return PDM_OK;
}

/* Value of a truth; false if nothing was there to count it from. */
static bool value_of(const truth *which, const pdm__sample_books *books, double *value) {
    double others = (double)books->customers[0], referred = (double)books->customers[1];
    switch (which->from) {
    case FROM_GROUPS: *value = (double)books->groups[which->group]; return true;
    case FROM_OTHER_REPEATS:
        if (books->buyers[0] == 0) return false;
        *value = (double)books->repeats[0] / (double)books->buyers[0];
        return true;
    case FROM_REFERRED_SHARE: *value = referred / (others + referred); return true;
    case FROM_REFERRED_RATIO:
        if (books->customers[1] == 0 || books->net[0] == 0) return false;
        *value = ((double)books->net[1] / referred) / ((double)books->net[0] / others);
        return true;
    default: *value = which->value; return true;
    }
}

pdm_status pdm__sample_truths_add(pdm_result *result, const pdm__sample_books *books, pdm_error *err) {
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &pdm__sample_truths_table, PDM__COUNT(TRUTHS), PDM_TYPE_INT64, &table, err));
    PDM__TRY(pdm__table_set_dictionary(table, TRUTHS_TOPIC, TOPICS, PDM__COUNT(TOPICS), err));
    PDM__TRY(pdm__table_set_dictionary(table, TRUTHS_UNIT, UNITS, PDM__COUNT(UNITS), err));
    for (int32_t i = 0; i < PDM__COUNT(TRUTHS); i++) {
        const truth *which = &TRUTHS[i];
        double value = 0;
        bool defined = value_of(which, books, &value);
        pdm__table_i32(table, TRUTHS_TOPIC)[i] = which->topic;
        pdm__table_i32(table, TRUTHS_UNIT)[i] = which->unit;
        PDM__TRY(pdm__table_put_ratio(table, TRUTHS_VALUE, i, defined, value, err));
        PDM__TRY(pdm__table_put_text(table, TRUTHS_NAME, i, which->name, strlen(which->name), err));
        PDM__TRY(pdm__table_put_text(table, TRUTHS_TEXT, i, which->text, strlen(which->text), err));
    }
    return PDM_OK;
}
