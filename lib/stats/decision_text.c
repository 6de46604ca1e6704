/* Decisions and reasons in words. Numbers are written without the C library's locale. */
#include <pdmetrics/stats/decision.h>

#include "stats/calculator.h"

#include <stdio.h>

#define DIGITS 6 /* significant ones of a number */
#define LONGEST 64

/* What kind of number a reason has; {v} is its value, {t} its threshold, {m} the metric. */
typedef enum value_kind { KIND_EFFECT, KIND_SHARE, KIND_NUMBER, KIND_COUNT, KIND_STATUS } value_kind;

typedef struct wording {
    const char *name;
    value_kind kind;
    const char *text[2]; /* by pdm_language */
} wording;

static const wording wordings[] = {
    [PDM_REASON_SRM] = {"srm",
                        KIND_NUMBER,
                        {"The split is not the planned one (sample ratio mismatch, p = {v}, threshold {t}): find the "
                         "cause before concluding anything.",
                         "样本比例不均（SRM，p = {v}，阈值 {t}）：查明原因之前不能下结论。"}},
    [PDM_REASON_CROSSOVERS] = {"crossovers",
                               KIND_SHARE,
                               {"{v} of the units were seen in several arms; at most {t} are allowed.",
                                "{v} 的用户出现在多个分组（串组），最多允许 {t}。"}},
    [PDM_REASON_NO_DATA] = {"no_data", KIND_STATUS, {"{m} has no interval ({v}).", "{m} 没有可用的区间（{v}）。"}},
    [PDM_REASON_HARM_SHOWN_EARLY] = {"harm_shown_early",
                                     KIND_EFFECT,
                                     {"{m} is already shown to be worse: at best {v}.",
                                      "{m} 已被证实变差：最好也只有 {v}。"}},
    [PDM_REASON_BELOW_REQUIRED_SAMPLE] = {"below_required_sample",
                                          KIND_COUNT,
                                          {"The smaller arm lacks {v} of the {t} units that each arm needs.",
                                           "每组需要 {t} 个样本，较小的一组还差 {v} 个。"}},
    [PDM_REASON_BELOW_MIN_DAYS] = {"below_min_days",
                                   KIND_NUMBER,
                                   {"{v} of at least {t} days have passed.", "已运行 {v} 天，至少需要 {t} 天。"}},
    [PDM_REASON_GOAL_WORSE] = {"goal_worse",
                               KIND_EFFECT,
                               {"{m} became worse: at best {v}.", "{m} 变差：最好也只有 {v}。"}},
    [PDM_REASON_GOALS_DISAGREE] = {"goals_disagree",
                                   KIND_EFFECT,
                                   {"{m}, however, became better: at least {v}.", "但 {m} 变好：至少 {v}。"}},
    [PDM_REASON_GUARDRAIL_HARMED] = {"guardrail_harmed",
                                     KIND_EFFECT,
                                     {"Guardrail {m} is harmed: at worst {v}, allowed is {t}.",
                                      "护栏指标 {m} 受损：最差 {v}，允许 {t}。"}},
    [PDM_REASON_GOAL_BETTER] = {"goal_better",
                                KIND_EFFECT,
                                {"{m} became better: at least {v}.", "{m} 变好：至少 {v}。"}},
    [PDM_REASON_GUARDRAILS_SAFE] = {"guardrails_safe",
                                    KIND_COUNT,
                                    {"Guardrails that are safe: {v}, all of them.", "{v} 个护栏指标全部安全。"}},
    [PDM_REASON_WORSE_WITHIN_MARGIN] = {"worse_within_margin",
                                        KIND_EFFECT,
                                        {"Guardrail {m} is worse, but within its margin: at worst {v}, allowed is {t}.",
                                         "护栏指标 {m} 变差但未越线：最差 {v}，允许 {t}。"}},
    [PDM_REASON_GUARDRAIL_NOT_PROVEN] = {"guardrail_not_proven",
                                         KIND_EFFECT,
                                         {"Guardrail {m} is not shown to be safe: at worst {v}, allowed is {t}.",
                                          "护栏指标 {m} 尚未证明安全：最差可能 {v}，允许 {t}。"}},
    [PDM_REASON_EQUIVALENT] = {"equivalent",
                               KIND_EFFECT,
                               {"{m} shows no difference that matters: at most {v} either way, the bound is {t}.",
                                "{m} 无实质差异：无论升降最多 {v}，界限 {t}。"}},
    [PDM_REASON_INCONCLUSIVE] = {"inconclusive",
                                 KIND_COUNT,
                                 {"{m} is undecided; more units needed in all: {v}.",
                                  "{m} 尚无定论；还需样本（各组合计）：{v}。"}},
    [PDM_REASON_CONFLICTS] = {"conflicts",
                              KIND_COUNT,
                              {"Units left out because their rows contradict each other: {v}.",
                               "{v} 个用户因数据互相矛盾被排除。"}},
    [PDM_REASON_IMBALANCE] = {"imbalance",
                              KIND_NUMBER,
                              {"The arms differed before the experiment (p = {v}): the assignment may be at fault.",
                               "实验开始前各组已有差异（p = {v}）：分流可能有问题。"}},
};

/* ------------------------------------------------------------------------------------------------------------ numbers */

typedef struct number_text {
    char text[LONGEST];
    size_t length;
} number_text;

static void put(number_text *t, char c) {
    if (t->length + 1 < LONGEST) t->text[t->length++] = c;
    t->text[t->length] = '\0';
}

/* d.ddd… and the exponent of x > 0, whatever the decimal point of the locale. */
static int32_t digits_of(double x, char digits[DIGITS]) {
    char buffer[LONGEST];
    int32_t exponent = 0;
    int32_t sign = 1;
    int32_t found = 0;
    (void)snprintf(buffer, sizeof buffer, "%.*e", DIGITS - 1, x);
    const char *c = buffer;
    for (; *c != '\0' && *c != 'e'; c++) {
        if (*c >= '0' && *c <= '9' && found < DIGITS) digits[found++] = *c;
    }
    for (; *c != '\0'; c++) {
        if (*c == '-') sign = -1;
        if (*c >= '0' && *c <= '9') exponent = 10 * exponent + (*c - '0');
    }
    return sign * exponent;
}

static void put_digits(number_text *t, const char digits[DIGITS], int32_t count, int32_t exponent) {
    for (int32_t place = exponent < 0 ? exponent : 0; place < 0; place++) { /* 0.000… */
        put(t, '0');
        if (place == exponent) put(t, '.');
    }
    for (int32_t i = 0; i < count || i <= exponent; i++) {
        if (i == exponent + 1 && i > 0) put(t, '.');
        put(t, i < count ? digits[i] : '0');
    }
}

/* Six significant digits without trailing zeros: 0.0507413, 12, 1.5e-12. */
static void put_number(number_text *t, double x, bool with_sign) {
    char digits[DIGITS] = {0};
    if (isnan(x)) {
        put(t, '?');
        return;
    }
    if (x < 0) put(t, '-');
    if (x > 0 && with_sign) put(t, '+');
    if (x == 0 || isinf(x)) {
        const char *word = x == 0 ? "0" : "\xe2\x88\x9e"; /* ∞ */
        while (*word != '\0') put(t, *word++);
        return;
    }
    int32_t exponent = digits_of(fabs(x), digits);
    int32_t count = DIGITS;
    while (count > 1 && digits[count - 1] == '0') count--;
    if (exponent >= -5 && exponent < 16) {
        put_digits(t, digits, count, exponent);
        return;
    }
    put_digits(t, digits, count, 0);
    char tail[LONGEST];
    (void)snprintf(tail, sizeof tail, "e%d", exponent);
    for (const char *c = tail; *c != '\0'; c++) put(t, *c);
}

/* Counts exactly; parts as percent; effects with their sign. */
static number_text write_number(double x, value_kind kind, const pdm_reason *reason) {
    number_text t = {{0}, 0};
    bool percent = kind == KIND_SHARE || (kind == KIND_EFFECT && reason->scale == PDM_SCALE_LIFT);
    bool with_sign = kind == KIND_EFFECT && reason->code != PDM_REASON_EQUIVALENT;
    if (kind == KIND_STATUS) {
        int32_t status = x >= 0 && x < PDM_ROW_STATUS_COUNT ? (int32_t)x : -1;
        for (const char *c = pdm_row_status_name(status); *c != '\0'; c++) put(&t, *c);
    } else if (kind == KIND_COUNT && fabs(x) < 0x1p53) {
        char buffer[LONGEST];
        (void)snprintf(buffer, sizeof buffer, "%lld", (long long)x);
        for (const char *c = buffer; *c != '\0'; c++) put(&t, *c);
    } else {
        put_number(&t, percent ? 100 * x : x, with_sign);
        if (percent) put(&t, '%');
    }
    return t;
}

/* ---------------------------------------------------------------------------------------------------------- sentences */

static const wording *wording_of(int32_t code) {
    return code > 0 && code < PDM__COUNT(wordings) ? &wordings[code] : NULL;
}

const char *pdm_reason_name(int32_t code) {
    const wording *w = wording_of(code);
    return w == NULL ? "unknown" : w->name;
}

const char *pdm_decision_name(int32_t decision, int32_t language) {
    static const char *const names[][2] = {
        [PDM_DECISION_KEEP] = {"keep", "保留"},     [PDM_DECISION_ADJUST] = {"adjust", "调整"},
        [PDM_DECISION_DROP] = {"drop", "砍掉"},     [PDM_DECISION_KEEP_RUNNING] = {"keep_running", "继续观察"},
        [PDM_DECISION_REVIEW] = {"review", "复核"},
    };
    if (decision < PDM_DECISION_KEEP || decision > PDM_DECISION_REVIEW) return "unknown";
    return names[decision][language == PDM_CHINESE ? 1 : 0];
}

typedef struct sentence {
    char *buffer;
    size_t capacity;
    size_t length; /* of the whole, also where it does not fit */
    size_t kept;   /* bytes that fit and end a character */
} sentence;

static size_t character_size(const char *text) {
    unsigned char lead = (unsigned char)*text;
    size_t size = lead < 0x80U ? 1 : lead < 0xE0U ? 2 : lead < 0xF0U ? 3 : 4;
    size_t left = strnlen(text, size);
    return left < size ? left : size;
}

/* Once a character did not fit, nothing more is written: no gap in the middle. */
static void append(sentence *s, const char *text) {
    while (*text != '\0') {
        size_t size = character_size(text);
        if (s->kept == s->length && s->kept + size < s->capacity) {
            memcpy(s->buffer + s->kept, text, size);
            s->kept += size;
        }
        s->length += size;
        text += size;
    }
}

size_t pdm_reason_text(const pdm_reason *reason, const char *metric, int32_t language, char *buffer, size_t capacity) {
    const wording *w = wording_of(reason->code);
    bool chinese = language == PDM_CHINESE;
    sentence s = {buffer, capacity, 0, 0};
    if (metric == NULL) metric = chinese ? "该指标" : "the metric";
    if (w == NULL) {
        append(&s, "unknown");
    } else {
        number_text value = write_number(reason->value, w->kind, reason);
        number_text threshold = write_number(reason->threshold, w->kind, reason);
        for (const char *c = w->text[chinese ? 1 : 0]; *c != '\0';) {
            size_t size = character_size(c);
            char one[5] = {0};
            if (c[0] == '{') {
                append(&s, c[1] == 'm' ? metric : c[1] == 'v' ? value.text : threshold.text);
                c += 3;
                continue;
            }
            memcpy(one, c, size);
            append(&s, one);
            c += size;
        }
    }
    if (capacity > 0) buffer[s.kept] = '\0';
    return s.length;
}
