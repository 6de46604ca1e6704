/* Calculator `roll_forward`: users and GMV month by month, in reals and in integers that carry. */
#include "plan/exact.h"
#include "plan/registry.h"

#include <pdmetrics/plan/rollforward.h>

enum { IN_START, IN_MONTHS, IN_CHANNELS };
enum { MONTH_MONTH, MONTH_CHURN, MONTH_RATE, MONTH_VALUE, MONTH_FREQUENCY, MONTH_FIRST_RATE, MONTH_FIRST_VALUE };
enum { CHANNEL_MONTH, CHANNEL_NAME, CHANNEL_TRAFFIC, CHANNEL_TOUCH, CHANNEL_ADD };
enum { TABLE_MONTHS, TABLE_ADDS, TABLE_TOTAL, TABLE_MONTHS_INT, TABLE_ADDS_INT };

static const char *const touch_names[] = {"product", "independent", NULL};
static const char *const churn_names[] = {"none", "half", NULL};
static const char *const rounding_names[] = {"half_even", "carry", NULL};

static const pdm_column_info start_columns[] = {
    PDM__COLUMN("users", PDM_ROLE_FLOAT, "users", "Users before the first month, 0 or more."),
};
static const pdm_column_info month_columns[] = {
    [MONTH_MONTH] = PDM__COLUMN("month", PDM_ROLE_KEY, "", "Month; the order of the rows counts."),
    [MONTH_CHURN] = PDM__COLUMN("churn", PDM_ROLE_FLOAT, "of users", "Share of the users that are lost, 0 to 1."),
    [MONTH_RATE] =
        PDM__COLUMN_OR_NULL("conversion_rate", PDM_ROLE_FLOAT, "of users", "Share of the old users that buy."),
    [MONTH_VALUE] = PDM__COLUMN_OR_NULL("order_value", PDM_ROLE_FLOAT, "money", "Mean order of old users."),
    [MONTH_FREQUENCY] = PDM__COLUMN_OR_NULL("frequency", PDM_ROLE_FLOAT, "orders", "Orders of a buyer; null = 1."),
    [MONTH_FIRST_RATE] =
        PDM__COLUMN_OR_NULL("first_conversion_rate", PDM_ROLE_FLOAT, "of users", "Share of the new that buy."),
    [MONTH_FIRST_VALUE] = PDM__COLUMN_OR_NULL("first_order_value", PDM_ROLE_FLOAT, "money", "Mean first order."),
};
static const pdm_column_info channel_columns[] = {
    [CHANNEL_MONTH] = PDM__COLUMN("month", PDM_ROLE_KEY, "", "Month, as in months."),
    [CHANNEL_NAME] = PDM__COLUMN("channel", PDM_ROLE_TEXT, "", "Channel; it needs every month."),
    [CHANNEL_TRAFFIC] = PDM__COLUMN("traffic", PDM_ROLE_FLOAT, "people", "People that come by."),
    [CHANNEL_TOUCH] =
        PDM__COLUMN_OR_NULL("touch", PDM_ROLE_FLOAT, "per person", "Touches a person, may exceed 1; null = 1."),
    [CHANNEL_ADD] = PDM__COLUMN("add", PDM_ROLE_FLOAT, "per touch", "Share that is added (加粉率), 0 to 1."),
};
static const pdm_list_info roll_forward_inputs[] = {
    [IN_START] = PDM__INPUT("start", start_columns, PDM_INPUT_ONE, "Where it begins."),
    [IN_MONTHS] = PDM__INPUT("months", month_columns, PDM_INPUT_ROWS, "Churn and conversion by month."),
    [IN_CHANNELS] = PDM__INPUT("channels", channel_columns, PDM_INPUT_OPTIONAL, "Sources of new users by month."),
};
static const pdm__column_rule roll_forward_rules[] = {
    {IN_START, 0, PDM_E_BAD_COUNT, 0.0, PDM__INF},
    {IN_MONTHS, MONTH_CHURN, PDM_E_BAD_RATE, 0.0, 1.0},
    {IN_MONTHS, MONTH_RATE, PDM_E_BAD_RATE, 0.0, 1.0},
    {IN_MONTHS, MONTH_VALUE, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {IN_MONTHS, MONTH_FREQUENCY, PDM_E_BAD_RATE, 0.0, PDM__INF},
    {IN_MONTHS, MONTH_FIRST_RATE, PDM_E_BAD_RATE, 0.0, 1.0},
    {IN_MONTHS, MONTH_FIRST_VALUE, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {IN_CHANNELS, CHANNEL_TRAFFIC, PDM_E_BAD_COUNT, 0.0, PDM__INF},
    {IN_CHANNELS, CHANNEL_TOUCH, PDM_E_BAD_RATE, 0.0, PDM__INF},
    {IN_CHANNELS, CHANNEL_ADD, PDM_E_BAD_RATE, 0.0, 1.0},
};
static const pdm_option_info roll_forward_options[] = {
    PDM__OPTION_STRICT(pdm_roll_forward_options),
    PDM__OPTION_ENUM(pdm_roll_forward_options, touch_mode, touch_names,
                     "traffic · touch · add, or traffic · (1 − (1 − add)^touch)."),
    PDM__OPTION_ENUM(pdm_roll_forward_options, new_churn, churn_names,
                     "People added this month stay this month, or lose half the churn."),
    PDM__OPTION_BOOL(pdm_roll_forward_options, exact_int, "Adds tables of whole people and minor units."),
    PDM__OPTION_ENUM(
        pdm_roll_forward_options, rounding, rounding_names,
        "Each flow half to even, or differences of rounded cumulative flows (never more than half a unit off)."),
};

#define MONTH_RESULTS(number)                                                                                          \
    PDM__RESULT("start", number, "users", "Users at the beginning."),                                                  \
        PDM__RESULT("lost", number, "users", "Users lost."),                                                           \
        PDM__RESULT("old", number, "users", "start without the lost of it."),                                          \
        PDM__RESULT("new", number, "users", "Users added by all channels."),                                           \
        PDM__RESULT("end", number, "users", "start − lost + new."),                                                    \
        PDM__RESULT("net", number, "users", "end − start."),                                                           \
        PDM__RESULT("gmv_old", number, "money", "old · conversion rate · order value · frequency."),                   \
        PDM__RESULT("gmv_new", number, "money", "new · first conversion rate · first order value."),                   \
        PDM__RESULT("gmv", number, "money", "gmv_old + gmv_new.")

static const pdm_result_column_info month_results[] = {
    PDM__RESULT("month", PDM_TYPE_NONE, "", "Month."),
    MONTH_RESULTS(PDM_TYPE_FLOAT64),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info month_int_results[] = {
    PDM__RESULT("month", PDM_TYPE_NONE, "", "Month."),
    MONTH_RESULTS(PDM_TYPE_INT64),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info total_results[] = {MONTH_RESULTS(PDM_TYPE_FLOAT64), PDM__RESULT_STATUS};
static const pdm_result_column_info add_results[] = {
    PDM__RESULT("month", PDM_TYPE_NONE, "", "Month."),
    PDM__RESULT("channel", PDM_TYPE_LARGE_UTF8, "", "Channel."),
    PDM__RESULT("adds", PDM_TYPE_FLOAT64, "users", "Users added."),
};
static const pdm_result_column_info add_int_results[] = {
    PDM__RESULT("month", PDM_TYPE_NONE, "", "Month."),
    PDM__RESULT("channel", PDM_TYPE_LARGE_UTF8, "", "Channel."),
    PDM__RESULT("adds", PDM_TYPE_INT64, "users", "Users added."),
};
static const pdm_table_info roll_forward_tables[] = {
    [TABLE_MONTHS] = PDM__TABLE("months", month_results, "A month, in reals."),
    [TABLE_ADDS] = PDM__TABLE("adds", add_results, "A channel in a month, in reals."),
    [TABLE_TOTAL] = PDM__TABLE("total", total_results, "One row: first start, last end, sums of flows and GMV."),
    [TABLE_MONTHS_INT] = {.name = "months_int",
                          .columns = month_int_results,
                          .column_count = PDM__COUNT(month_int_results),
                          .optional = 1,
                          .doc = "A month, in whole people and minor units, with exact_int."},
    [TABLE_ADDS_INT] = {.name = "adds_int",
                        .columns = add_int_results,
                        .column_count = PDM__COUNT(add_int_results),
                        .optional = 1,
                        .doc = "A channel in a month, in whole people, with exact_int."},
};

/* Columns of a month behind its key. */
enum { F_START, F_LOST, F_OLD, F_NEW, F_END, F_NET, F_GMV_OLD, F_GMV_NEW, F_GMV, F_COUNT };

typedef struct month_row {
    double real[F_COUNT];
    int64_t whole[F_COUNT];
} month_row;

typedef struct roll {
    pdm__calc *calc;
    const pdm_roll_forward_options *chosen;
    int64_t months;
    int32_t channels;
    int64_t *channel_row; /* first row of each channel */
    int64_t *rows;        /* [month · channels + channel]: row of channels */
    double *adds;         /* likewise */
    int64_t *adds_int;
    month_row *result;
    bool has_gmv[2]; /* columns for old and new are there */
} roll;

/* ---- input ---- */

static pdm_status arrange(roll *r, pdm_error *err) {
    const pdm__sheet *months = &r->calc->sheets[IN_MONTHS];
    const pdm__sheet *in = &r->calc->sheets[IN_CHANNELS];
    int32_t *ids = NULL;
    r->months = months->rows;
    PDM__TRY(pdm__calc_ids(r->calc, IN_CHANNELS, CHANNEL_NAME, &ids, &r->channel_row, &r->channels, err));
    int64_t cells = r->months * r->channels;
    PDM__TRY(pdm__calc_array(r->calc, cells, sizeof *r->rows, &r->rows, err));
    PDM__TRY(pdm__calc_array(r->calc, cells, sizeof *r->adds, &r->adds, err));
    PDM__TRY(pdm__calc_array(r->calc, cells, sizeof *r->adds_int, &r->adds_int, err));
    PDM__TRY(pdm__calc_array(r->calc, r->months, sizeof *r->result, &r->result, err));
    for (int64_t c = 0; c < cells; c++) r->rows[c] = -1;
    for (int64_t row = 0; row < in->rows; row++) {
        int64_t month = pdm__key_row(months, MONTH_MONTH, &in->columns[CHANNEL_MONTH], row);
        if (month < 0) {
            return pdm__calc_fail(r->calc, IN_CHANNELS, CHANNEL_MONTH, row, PDM_E_LENGTH, err,
                                  "input \"months\" has no such month");
        }
        int64_t *place = &r->rows[month * r->channels + ids[row]];
        if (*place >= 0) {
            return pdm__calc_fail(r->calc, IN_CHANNELS, CHANNEL_NAME, row, PDM_E_DUPLICATE_NAME, err,
                                  "the channel has this month already");
        }
        *place = row;
    }
    for (int64_t c = 0; c < cells; c++) {
        if (r->rows[c] >= 0) continue;
        return pdm__calc_fail(r->calc, IN_CHANNELS, CHANNEL_NAME, r->channel_row[c % r->channels], PDM_E_LENGTH, err,
                              "channel \"%.40s\" has no row for month number %lld",
                              in->columns[CHANNEL_NAME].text[r->channel_row[c % r->channels]],
                              (long long)(c / r->channels));
    }
    const pdm__values *c = months->columns;
    r->has_gmv[0] = c[MONTH_RATE].present && c[MONTH_VALUE].present;
    r->has_gmv[1] = c[MONTH_FIRST_RATE].present && c[MONTH_FIRST_VALUE].present;
    return PDM_OK;
}

/* ---- reals ---- */

static double adds_of(const roll *r, int64_t row) {
    const pdm__values *c = r->calc->sheets[IN_CHANNELS].columns;
    double traffic = c[CHANNEL_TRAFFIC].f64[row];
    double touch = pdm__number(&c[CHANNEL_TOUCH], row, 1.0);
    double add = c[CHANNEL_ADD].f64[row];
    if (r->chosen->touch_mode == PDM_TOUCH_PRODUCT) return traffic * touch * add;
    return add == 1.0 ? (touch > 0.0 ? traffic : 0.0) : traffic * -expm1(touch * log1p(-add));
}

static void run_reals(roll *r) {
    const pdm__values *c = r->calc->sheets[IN_MONTHS].columns;
    double users = r->calc->sheets[IN_START].columns[0].f64[0];
    for (int64_t m = 0; m < r->months; m++) {
        double *v = r->result[m].real;
        double churn = c[MONTH_CHURN].f64[m];
        pdm__sum added = {0.0, 0.0};
        for (int32_t k = 0; k < r->channels; k++) {
            int64_t at = m * r->channels + k;
            r->adds[at] = adds_of(r, r->rows[at]);
            pdm__sum_add(&added, r->adds[at]);
        }
        v[F_START] = users;
        v[F_NEW] = pdm__sum_of(&added);
        double lost_new = r->chosen->new_churn == PDM_NEW_CHURN_HALF ? v[F_NEW] * (churn / 2.0) : 0.0;
        v[F_OLD] = users - users * churn;
        v[F_LOST] = users * churn + lost_new;
        v[F_END] = v[F_OLD] + v[F_NEW] - lost_new;
        v[F_NET] = v[F_END] - users;
        v[F_GMV_OLD] = v[F_OLD] * pdm__number(&c[MONTH_RATE], m, PDM__NAN) * pdm__number(&c[MONTH_VALUE], m, PDM__NAN) *
                       pdm__number(&c[MONTH_FREQUENCY], m, 1.0);
        v[F_GMV_NEW] =
            v[F_NEW] * pdm__number(&c[MONTH_FIRST_RATE], m, PDM__NAN) * pdm__number(&c[MONTH_FIRST_VALUE], m, PDM__NAN);
        v[F_GMV] = (r->has_gmv[0] ? v[F_GMV_OLD] : 0.0) + (r->has_gmv[1] ? v[F_GMV_NEW] : 0.0);
        if (!r->has_gmv[0] && !r->has_gmv[1]) v[F_GMV] = PDM__NAN;
        users = v[F_END];
    }
}

/* ---- integers ---- */

static pdm__decimal cell_decimal(const pdm__values *column, int64_t row, int64_t missing) {
    if (!pdm__given(column, row)) return pdm__decimal_of_int(missing);
    return column->i64 != NULL ? pdm__decimal_of_int(column->i64[row]) : pdm__decimal_of_double(column->f64[row]);
}

/* The factors of a channel's adds; independent touches make no finite decimal, so their double is read as one. */
static int32_t add_factors(const roll *r, int64_t at, pdm__decimal factors[3]) {
    const pdm__values *c = r->calc->sheets[IN_CHANNELS].columns;
    int64_t row = r->rows[at];
    if (r->chosen->touch_mode == PDM_TOUCH_INDEPENDENT) {
        factors[0] = pdm__decimal_of_double(r->adds[at]);
        return 1;
    }
    factors[0] = cell_decimal(&c[CHANNEL_TRAFFIC], row, 0);
    factors[1] = cell_decimal(&c[CHANNEL_TOUCH], row, 1);
    factors[2] = cell_decimal(&c[CHANNEL_ADD], row, 0);
    return 3;
}

static pdm__decimal half_of(pdm__decimal d) {
    pdm__decimal half = {d.digits * 5, d.exponent - 1, d.negative}; /* 17 digits times 5 fit 64 bits */
    return half;
}

/* Factors of GMV behind the users: old (rate, value, frequency) or new (rate, value). */
static int32_t gmv_factors(const roll *r, int64_t m, bool of_new, pdm__decimal factors[3]) {
    const pdm__values *c = r->calc->sheets[IN_MONTHS].columns;
    factors[0] = cell_decimal(&c[of_new ? MONTH_FIRST_RATE : MONTH_RATE], m, 0);
    factors[1] = cell_decimal(&c[of_new ? MONTH_FIRST_VALUE : MONTH_VALUE], m, 0);
    factors[2] = of_new ? pdm__decimal_of_int(1) : cell_decimal(&c[MONTH_FREQUENCY], m, 1);
    return 3;
}

static bool add_to(int64_t a, int64_t b, int64_t *out) { return !__builtin_add_overflow(a, b, out); }

static bool finish_month(int64_t *v) {
    return add_to(v[F_OLD], v[F_NEW], &v[F_END]) && !__builtin_sub_overflow(v[F_END], v[F_START], &v[F_NET]) &&
           add_to(v[F_GMV_OLD], v[F_GMV_NEW], &v[F_GMV]);
}

static bool round_month(roll *r, int64_t m, int64_t users) {
    int64_t *v = r->result[m].whole;
    pdm__decimal churn = cell_decimal(&r->calc->sheets[IN_MONTHS].columns[MONTH_CHURN], m, 0);
    pdm__decimal factors[4];
    int64_t lost_new = 0;
    v[F_START] = users;
    for (int32_t k = 0; k < r->channels; k++) {
        int64_t at = m * r->channels + k;
        int32_t n = add_factors(r, at, factors);
        if (!pdm__product_half_even(factors, n, &r->adds_int[at])) return false;
        if (!add_to(v[F_NEW], r->adds_int[at], &v[F_NEW])) return false;
    }
    pdm__decimal lost[2] = {pdm__decimal_of_int(users), churn};
    pdm__decimal early[2] = {pdm__decimal_of_int(v[F_NEW]), half_of(churn)};
    if (!pdm__product_half_even(lost, 2, &v[F_LOST])) return false;
    if (r->chosen->new_churn == PDM_NEW_CHURN_HALF && !pdm__product_half_even(early, 2, &lost_new)) return false;
    v[F_OLD] = users - v[F_LOST];
    for (int32_t side = 0; side < 2; side++) {
        factors[0] = pdm__decimal_of_int(v[side == 0 ? F_OLD : F_NEW]);
        int32_t n = gmv_factors(r, m, side == 1, factors + 1);
        if (!pdm__product_half_even(factors, n + 1, &v[side == 0 ? F_GMV_OLD : F_GMV_NEW])) return false;
    }
    if (!finish_month(v) || !add_to(v[F_LOST], lost_new, &v[F_LOST])) return false;
    v[F_END] -= lost_new;
    v[F_NET] -= lost_new;
    return true;
}

static bool run_half_even(roll *r, int64_t users) {
    for (int64_t m = 0; m < r->months; m++) {
        if (!round_month(r, m, users)) return false;
        users = r->result[m].whole[F_END];
    }
    return true;
}

/* A flow that is added up exactly and paid out in whole units. */
typedef struct meter {
    pdm__wide sum;
    int64_t paid;
} meter;

static bool pay(meter *m, const pdm__wide *flow, int64_t *out) {
    int64_t rounded = 0;
    if (!pdm__wide_add(&m->sum, flow) || !pdm__wide_round(&m->sum, &rounded)) return false;
    *out = rounded - m->paid;
    m->paid = rounded;
    return true;
}

static bool multiply(pdm__wide *a, const pdm__decimal *factors, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (!pdm__wide_mul(a, factors[i])) return false;
    }
    return true;
}

typedef struct meters {
    meter lost;
    meter early; /* of those lost, the ones added in the same month */
    meter gmv[2];
    meter *channels;
} meters;

/* One month of the exact real run; `users` is its start and becomes its end, `whole` likewise in integers. */
static bool carry_month(roll *r, int64_t m, pdm__wide *users, int64_t *whole, meters *all) {
    int64_t *v = r->result[m].whole;
    pdm__decimal churn = cell_decimal(&r->calc->sheets[IN_MONTHS].columns[MONTH_CHURN], m, 0);
    pdm__decimal factors[3];
    pdm__wide added = {.exponent = 0};
    v[F_START] = *whole;
    for (int32_t k = 0; k < r->channels; k++) {
        int64_t at = m * r->channels + k;
        int32_t n = add_factors(r, at, factors);
        pdm__wide flow = pdm__wide_of(factors[0]);
        if (!multiply(&flow, factors + 1, n - 1) || !pay(&all->channels[k], &flow, &r->adds_int[at])) return false;
        if (!pdm__wide_add(&added, &flow) || !add_to(v[F_NEW], r->adds_int[at], &v[F_NEW])) return false;
    }
    pdm__wide lost = *users;
    pdm__wide old = *users;
    pdm__wide early = added;
    if (!pdm__wide_mul(&lost, churn) || !pdm__wide_sub(&old, &lost)) return false;
    if (!pdm__wide_mul(&early, r->chosen->new_churn == PDM_NEW_CHURN_HALF ? half_of(churn) : pdm__decimal_of_int(0)))
        return false;
    for (int32_t side = 0; side < 2; side++) {
        pdm__wide flow = side == 0 ? old : added;
        int32_t n = gmv_factors(r, m, side == 1, factors);
        if (!multiply(&flow, factors, n) || !pay(&all->gmv[side], &flow, &v[side == 0 ? F_GMV_OLD : F_GMV_NEW]))
            return false;
    }
    int64_t lost_new = 0;
    if (!pay(&all->early, &early, &lost_new)) return false;
    if (!pdm__wide_add(&lost, &early) || !pay(&all->lost, &lost, &v[F_LOST])) return false;
    v[F_OLD] = v[F_START] - (v[F_LOST] - lost_new);
    if (!finish_month(v)) return false;
    v[F_END] -= lost_new;
    v[F_NET] -= lost_new;
    *users = old;
    *whole = v[F_END];
    return pdm__wide_add(users, &added) && pdm__wide_sub(users, &early);
}

static pdm_status run_integers(roll *r, pdm_error *err) {
    int64_t start = 0;
    bool fits = false;
    PDM__TRY(pdm__calc_whole(r->calc, IN_START, 0, 0, PDM_E_BAD_COUNT, &start, err));
    if (r->chosen->rounding == PDM_ROLL_HALF_EVEN) {
        fits = run_half_even(r, start);
    } else {
        meters *all = NULL;
        PDM__TRY(pdm__calc_array(r->calc, 1, sizeof *all, &all, err));
        PDM__TRY(pdm__calc_array(r->calc, r->channels, sizeof *all->channels, &all->channels, err));
        pdm__wide users = pdm__wide_of(pdm__decimal_of_int(start));
        fits = true;
        for (int64_t m = 0; fits && m < r->months; m++) fits = carry_month(r, m, &users, &start, all);
    }
    if (fits) return PDM_OK;
    return pdm__fail(
        err, PDM_E_OVERFLOW, -1, NULL,
        "a flow leaves int64, or the exact run needs more than %d digits; fewer decimals or months would do",
        PDM__MAX_WORDS * 64 * 301 / 1000);
}

/* ---- output ---- */

static int32_t month_status(const roll *r, int64_t m) {
    const double *v = r->result[m].real;
    bool missing = (r->has_gmv[0] && isnan(v[F_GMV_OLD])) || (r->has_gmv[1] && isnan(v[F_GMV_NEW]));
    if (missing) return PDM_STATUS_MISSING;
    return isfinite(v[F_END]) ? PDM_STATUS_OK : PDM_STATUS_OVERFLOW;
}

static pdm_status put_months(const roll *r, pdm_error *err) {
    const pdm__values *month = &r->calc->sheets[IN_MONTHS].columns[MONTH_MONTH];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(r->calc, TABLE_MONTHS, r->months, month, &out, err));
    for (int64_t m = 0; m < r->months; m++) {
        pdm__put_key(&out, 0, m, month, m);
        for (int32_t f = 0; f < F_COUNT; f++) pdm__put_float(&out, 1 + f, m, r->result[m].real[f]);
        pdm__put_status(&out, 1 + F_COUNT, m, month_status(r, m), "a rate or value of the month is null");
    }
    return pdm__rows_end(&out);
}

static pdm_status put_adds(const roll *r, bool whole, pdm_error *err) {
    const pdm__values *month = &r->calc->sheets[IN_MONTHS].columns[MONTH_MONTH];
    const pdm__values *channel = &r->calc->sheets[IN_CHANNELS].columns[CHANNEL_NAME];
    pdm__rows out;
    int64_t rows = r->months * r->channels;
    PDM__TRY(pdm__rows_begin(r->calc, whole ? TABLE_ADDS_INT : TABLE_ADDS, rows, month, &out, err));
    for (int64_t i = 0; i < rows; i++) {
        pdm__put_key(&out, 0, i, month, i / r->channels);
        pdm__put_text(&out, 1, i, channel->text[r->channel_row[i % r->channels]]);
        if (whole) {
            pdm__put_int(&out, 2, i, r->adds_int[i]);
        } else {
            pdm__put_float(&out, 2, i, r->adds[i]);
        }
    }
    return pdm__rows_end(&out);
}

static pdm_status put_total(const roll *r, pdm_error *err) {
    pdm__rows out;
    int32_t status = PDM_STATUS_OK;
    PDM__TRY(pdm__rows_begin(r->calc, TABLE_TOTAL, 1, NULL, &out, err));
    for (int32_t f = 0; f < F_COUNT; f++) {
        pdm__sum sum = {0.0, 0.0};
        for (int64_t m = 0; m < r->months; m++) pdm__sum_add(&sum, r->result[m].real[f]);
        double value = pdm__sum_of(&sum);
        if (f == F_START) value = r->result[0].real[f];
        if (f == F_END) value = r->result[r->months - 1].real[f];
        pdm__put_float(&out, f, 0, f == F_OLD ? PDM__NAN : value);
    }
    for (int64_t m = 0; m < r->months && status == PDM_STATUS_OK; m++) status = month_status(r, m);
    pdm__put_status(&out, F_COUNT, 0, status, NULL);
    return pdm__rows_end(&out);
}

static pdm_status put_months_int(const roll *r, pdm_error *err) {
    const pdm__values *month = &r->calc->sheets[IN_MONTHS].columns[MONTH_MONTH];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(r->calc, TABLE_MONTHS_INT, r->months, month, &out, err));
    for (int64_t m = 0; m < r->months; m++) {
        pdm__put_key(&out, 0, m, month, m);
        for (int32_t f = 0; f < F_COUNT; f++) {
            pdm__put_int(&out, 1 + f, m, r->result[m].whole[f]);
            /* Where the real run has no GMV there is none. */
            if (f >= F_GMV_OLD && isnan(r->result[m].real[f])) pdm__put_null(&out, 1 + f, m);
        }
        pdm__put_status(&out, 1 + F_COUNT, m, month_status(r, m), NULL);
    }
    return pdm__rows_end(&out);
}

static pdm_status roll_forward_run(pdm__calc *calc, pdm_error *err) {
    roll r = {.calc = calc, .chosen = calc->options};
    PDM__TRY(arrange(&r, err));
    run_reals(&r);
    PDM__TRY(put_months(&r, err));
    PDM__TRY(put_adds(&r, false, err));
    PDM__TRY(put_total(&r, err));
    if (r.chosen->exact_int == 0) return PDM_OK;
    PDM__TRY(run_integers(&r, err));
    PDM__TRY(put_months_int(&r, err));
    return put_adds(&r, true, err);
}

PDM__CALCULATOR(roll_forward, pdm_roll_forward_options, "Roll-forward", "用户与GMV测算表",
                "Rolls users and GMV forward from churn, traffic and conversion, month by month.");
