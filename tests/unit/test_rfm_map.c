/* Segment maps: those that come along, and those of users. */
#include "metrics/rfm_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(list) ((int32_t)(sizeof(list) / sizeof *(list)))

static const int32_t k5[3] = {5, 5, 5};
static const int32_t k3[3] = {3, 3, 3};
static const int32_t k2[3] = {2, 2, 2};

static pdm__rfm_map known(int32_t id, const int32_t k[3], const pdm_rfm_options *given) {
    pdm_context *context = NULL;
    pdm_rfm_options options = pdm_rfm_options_default();
    pdm__rfm_map map;
    assert_int_equal(pdm_context_create(NULL, &context, NULL), PDM_OK);
    assert_int_equal(pdm__rfm_map_make(context, given != NULL ? given : &options, id, k, NULL, 0, &map, NULL), PDM_OK);
    return map;
}

static void finish(pdm__rfm_map *map) {
    pdm_context *context = map->context;
    pdm__rfm_map_clear(map);
    assert_null(map->names);
    pdm_context_free(context);
}

static const char *segment_of(const pdm__rfm_map *map, const char *code) {
    for (int32_t i = 0; i < map->code_count; i++) {
        char text[16];
        pdm__rfm_map_code(map, i, text);
        if (strcmp(text, code) == 0) return map->names[map->segment[i] - 1];
    }
    fail_msg("no code %s", code);
    return NULL;
}

/* Every code has a segment, every segment a name and a rank of its own; sizes of the segments as expected. */
static void check_map(const pdm__rfm_map *map, const int32_t *sizes, const int32_t *ranks) {
    int32_t size[PDM__RFM_MAX_CODES + 1] = {0};
    bool taken[PDM__RFM_MAX_CODES + 1] = {false};
    assert_int_equal(map->code_count, map->k[0] * map->k[1] * map->k[2]);
    for (int32_t i = 0; i < map->code_count; i++) {
        assert_in_range(map->segment[i], 1, map->count);
        size[map->segment[i] - 1]++;
    }
    for (int32_t s = 0; s < map->count; s++) {
        if (sizes != NULL) assert_int_equal(size[s], sizes[s]);
        assert_int_equal(map->ranks[s], ranks != NULL ? ranks[s] : s + 1);
        assert_in_range(map->ranks[s], 1, map->count);
        assert_false(taken[map->ranks[s]]);
        taken[map->ranks[s]] = true;
        assert_true(map->names[s][0] != '\0');
        assert_true((unsigned char)map->names_zh[s][0] >= 0x80 || map->matches != NULL);
    }
}

static void test_en11(void **state) {
    (void)state;
    const int32_t sizes[] = {7, 8, 24, 7, 16, 8, 8, 22, 8, 11, 6};
    pdm__rfm_map map = known(PDM_RFM_MAP_EN11, k5, NULL);
    assert_int_equal(map.count, 11);
    assert_int_equal(map.other, 0);
    assert_null(map.matches);
    check_map(&map, sizes, NULL);
    assert_string_equal(segment_of(&map, "555"), "Champions");
    assert_string_equal(segment_of(&map, "335"), "Loyal Customers");
    assert_string_equal(segment_of(&map, "323"), "Potential Loyalist");
    assert_string_equal(segment_of(&map, "213"), "About To Sleep");
    assert_string_equal(segment_of(&map, "113"), "Cannot Lose Them");
    assert_string_equal(segment_of(&map, "111"), "Lost Customers");
    assert_string_equal(map.names_zh[6], "即将沉睡");
    finish(&map);
}

static void test_en10_rf(void **state) {
    (void)state;
    const int32_t k[3] = {5, 5, 10};
    const int32_t sizes[] = {20, 40, 40, 10, 10, 10, 20, 40, 20, 40};
    pdm__rfm_map map = known(PDM_RFM_MAP_EN10_RF, k, NULL);
    assert_int_equal(map.count, 10);
    check_map(&map, sizes, NULL);
    for (int32_t m = 1; m <= 10; m++) {
        char code[16];
        (void)snprintf(code, sizeof code, "1-5-%d", m);
        assert_string_equal(segment_of(&map, code), "Can't Lose");
        (void)snprintf(code, sizeof code, "3-3-%d", m);
        assert_string_equal(segment_of(&map, code), "Need Attention");
    }
    finish(&map);
}

static void test_rfm_r10(void **state) {
    (void)state;
    const int32_t ranks[] = {1, 3, 2, 5, 4, 9, 8, 6, 7, 10, 11};
    const char *others[] = {"215", "241", "251", "252", "341", "351", "441", "451", "541", "551"};
    int32_t count = 0;
    pdm__rfm_map map = known(PDM_RFM_MAP_RFM_R10, k5, NULL);
    assert_int_equal(map.count, 11);
    assert_int_equal(map.other, 11);
    check_map(&map, NULL, ranks);
    for (int32_t i = 0; i < COUNT(others); i++) assert_string_equal(segment_of(&map, others[i]), "Others");
    for (int32_t i = 0; i < map.code_count; i++) count += map.segment[i] == map.other;
    assert_int_equal(count, COUNT(others));
    /* Codes in several boxes: the first one wins. */
    assert_string_equal(segment_of(&map, "555"), "Champions");
    assert_string_equal(segment_of(&map, "444"), "Potential Loyalist");
    assert_string_equal(segment_of(&map, "234"), "Loyal Customers");
    assert_string_equal(segment_of(&map, "415"), "Promising");
    assert_string_equal(segment_of(&map, "135"), "Can't Lose Them");
    assert_string_equal(segment_of(&map, "153"), "Need Attention");
    assert_string_equal(segment_of(&map, "221"), "About To Sleep");
    assert_string_equal(segment_of(&map, "142"), "Lost");
    finish(&map);
}

static void test_pymc5(void **state) {
    (void)state;
    const int32_t k[3] = {4, 4, 4};
    const int32_t sizes[] = {8, 7, 13, 11, 7, 18};
    pdm__rfm_map map = known(PDM_RFM_MAP_PYMC5, k, NULL);
    assert_int_equal(map.count, 6);
    assert_int_equal(map.other, 6);
    check_map(&map, sizes, NULL);
    assert_string_equal(segment_of(&map, "143"), "Repeat Customer");
    assert_string_equal(segment_of(&map, "144"), "Top Spender");
    assert_string_equal(segment_of(&map, "213"), "Other");
    assert_string_equal(map.names_zh[5], "其他");
    finish(&map);
}

static void expect_cn8(int32_t convention, int32_t names, const char *const expected[8]) {
    static const char *const bits[8] = {"111", "110", "101", "100", "011", "010", "001", "000"};
    pdm_rfm_options options = pdm_rfm_options_default();
    options.cn8_convention = convention;
    options.cn8_names = names;
    pdm__rfm_map map = known(PDM_RFM_MAP_CN8, k2, &options);
    assert_int_equal(map.count, 8);
    check_map(&map, (const int32_t[]){1, 1, 1, 1, 1, 1, 1, 1}, NULL);
    for (int32_t i = 0; i < 8; i++) assert_string_equal(segment_of(&map, bits[i]), expected[i]);
    finish(&map);
}

static void test_cn8(void **state) {
    (void)state;
    expect_cn8(PDM_RFM_CN8_RECENT_HIGH, PDM_RFM_CN8_STANDARD,
               (const char *const[8]){"重要价值客户", "一般价值客户", "重要发展客户", "一般发展客户", "重要保持客户",
                                      "一般保持客户", "重要挽留客户", "一般挽留客户"});
    expect_cn8(PDM_RFM_CN8_DAYS_HIGH, PDM_RFM_CN8_STANDARD,
               (const char *const[8]){"重要价值客户", "一般价值客户", "重要挽留客户", "一般挽留客户", "重要保持客户",
                                      "一般保持客户", "重要发展客户", "一般发展客户"});
    expect_cn8(PDM_RFM_CN8_RECENT_HIGH, PDM_RFM_CN8_ALT,
               (const char *const[8]){"重要价值客户", "潜力客户", "重要深耕客户", "新客户", "重要唤回客户",
                                      "一般维持客户", "重要挽留客户", "流失客户"});
    /* These names mean recent customers by recent_high bits whatever the bit: 1 = far swaps the halves of the list. */
    expect_cn8(PDM_RFM_CN8_DAYS_HIGH, PDM_RFM_CN8_ALT,
               (const char *const[8]){"重要唤回客户", "一般维持客户", "重要挽留客户", "流失客户", "重要价值客户",
                                      "潜力客户", "重要深耕客户", "新客户"});
}

static void test_other_k(void **state) {
    (void)state;
    const struct {
        int32_t map;
        int32_t k[3];
        const char *text;
    } cases[] = {
        {PDM_RFM_MAP_EN11, {5, 5, 4}, "map en11 is made for scores R, F, M of 1 to 5, 5, 5, got k = 5, 5, 4"},
        {PDM_RFM_MAP_EN10_RF, {5, 4, 5}, "map en10_rf is made for scores R, F, M of 1 to 5, 5, any, got k = 5, 4, 5"},
        {PDM_RFM_MAP_RFM_R10, {4, 5, 5}, "map rfm_r10 is made for scores R, F, M of 1 to 5, 5, 5, got k = 4, 5, 5"},
        {PDM_RFM_MAP_PYMC5, {5, 5, 5}, "map pymc5 is made for scores R, F, M of 1 to 4, 4, 4, got k = 5, 5, 5"},
        {PDM_RFM_MAP_CN8, {2, 2, 3}, "map cn8 is made for scores R, F, M of 1 to 2, 2, 2, got k = 2, 2, 3"},
    };
    pdm_rfm_options options = pdm_rfm_options_default();
    for (int32_t i = 0; i < COUNT(cases); i++) {
        pdm__rfm_map map;
        pdm_error err;
        assert_int_equal(pdm__rfm_map_make(NULL, &options, cases[i].map, cases[i].k, NULL, 0, &map, &err),
                         PDM_E_BAD_OPTION);
        assert_string_equal(err.column, "map");
        assert_string_equal(err.message, cases[i].text);
    }
}

/* A policy that may leave everybody without a score needs a segment for them. */
static void test_segment_of_no_score(void **state) {
    (void)state;
    pdm_rfm_options options = pdm_rfm_options_default();
    options.duplicates = PDM_RFM_DUPLICATES_DROP;
    options.policy_f = PDM_RFM_POLICY_QUANTILE_RIGHT;
    pdm__rfm_map map = known(PDM_RFM_MAP_EN11, k5, &options);
    assert_int_equal(map.count, 12);
    assert_int_equal(map.other, 12);
    check_map(&map, NULL, NULL);
    assert_string_equal(map.names[11], "Other");
    finish(&map);
    (void)snprintf(options.other_name, sizeof options.other_name, "无分");
    map = known(PDM_RFM_MAP_EN11, k5, &options);
    assert_string_equal(map.names[11], "无分");
    assert_string_equal(map.names_zh[11], "无分");
    finish(&map);
    map = known(PDM_RFM_MAP_RFM_R10, k5, &options);
    assert_int_equal(map.count, 11);
    assert_string_equal(map.names[10], "Others");
    finish(&map);
    options.duplicates = PDM_RFM_DUPLICATES_ERROR;
    map = known(PDM_RFM_MAP_EN11, k5, &options);
    assert_int_equal(map.other, 0);
    finish(&map);
}

/* -------------------------------------------------------------------------------------------------------- user maps */

static pdm_status make_user(const pdm_rfm_options *options, const int32_t k[3], const pdm__rfm_box *boxes,
                            int32_t count, pdm__rfm_map *map, pdm_error *err) {
    pdm_context *context = NULL;
    assert_int_equal(pdm_context_create(NULL, &context, NULL), PDM_OK);
    pdm_status status = pdm__rfm_map_make(context, options, PDM_RFM_MAP_USER, k, boxes, count, map, err);
    if (status != PDM_OK) {
        uint64_t now = 1;
        uint64_t fresh = 0;
        pdm_context *other = NULL;
        assert_int_equal(pdm_context_create(NULL, &other, NULL), PDM_OK);
        pdm_context_memory(context, &now, NULL);
        pdm_context_memory(other, &fresh, NULL);
        assert_int_equal(now, fresh); /* nothing is left behind */
        pdm_context_free(other);
        pdm_context_free(context);
    }
    return status;
}

static const pdm__rfm_box user_boxes[] = {
    {"Loyal", "忠诚", {2, 3, 1}, {3, 3, 3}, 0, false},
    {"Big", NULL, {1, 1, 3}, {3, 3, 3}, 0, false},
    {"Recent", NULL, {3, 1, 1}, {3, 2, 3}, 0, false},
    {"Loyal top", NULL, {3, 3, 3}, {3, 3, 3}, 0, false},
};

static void test_user_boxes_ordered(void **state) {
    (void)state;
    /* Codes 111 … 333 with all segments that match, as the definition says; "" = unassigned. */
    static const char *const expected[27][2] = {
        {"Other", ""},   {"Other", ""},   {"Big", "2"},     {"Other", ""},   {"Other", ""},   {"Big", "2"},
        {"Other", ""},   {"Other", ""},   {"Big", "2"},     {"Other", ""},   {"Other", ""},   {"Big", "2"},
        {"Other", ""},   {"Other", ""},   {"Big", "2"},     {"Loyal", "1"},  {"Loyal", "1"},  {"Loyal", "12"},
        {"Recent", "3"}, {"Recent", "3"}, {"Big", "23"},    {"Recent", "3"}, {"Recent", "3"}, {"Big", "23"},
        {"Loyal", "1"},  {"Loyal", "1"},  {"Loyal", "124"},
    };
    pdm_rfm_options options = pdm_rfm_options_default();
    options.ordered = 1;
    pdm__rfm_map map;
    assert_int_equal(make_user(&options, k3, user_boxes, COUNT(user_boxes), &map, NULL), PDM_OK);
    assert_int_equal(map.count, 5);
    assert_int_equal(map.other, 5);
    check_map(&map, (const int32_t[]){6, 7, 4, 0, 10}, NULL); /* "Loyal top" is unreachable */
    assert_string_equal(map.names_zh[0], "忠诚");
    assert_string_equal(map.names_zh[1], "Big");
    for (int32_t i = 0; i < 27; i++) {
        uint64_t bits = 0;
        for (const char *at = expected[i][1]; *at != '\0'; at++) bits |= UINT64_C(1) << (*at - '1');
        assert_string_equal(map.names[map.segment[i] - 1], expected[i][0]);
        assert_int_equal(map.match_words, 1);
        assert_int_equal(map.matches[i], bits);
    }
    finish(&map);
}

static void test_user_boxes_overlap(void **state) {
    (void)state;
    pdm_rfm_options options = pdm_rfm_options_default();
    pdm__rfm_map map;
    pdm_error err;
    assert_int_equal(make_user(&options, k3, user_boxes, COUNT(user_boxes), &map, &err), PDM_E_SEGMENT_OVERLAP);
    assert_string_equal(err.column, "segments");
    assert_non_null(strstr(err.message, "4 codes in several: 233 313 323 333"));
    assert_null(strstr(err.message, "…"));
    const int32_t k10[3] = {10, 10, 10};
    const pdm__rfm_box all[] = {{"a", NULL, {1, 1, 1}, {10, 10, 10}, 0, false},
                                {"b", NULL, {1, 1, 1}, {10, 10, 10}, 0, false}};
    assert_int_equal(make_user(&options, k10, all, 2, &map, &err), PDM_E_SEGMENT_OVERLAP);
    assert_non_null(strstr(err.message, "1000 codes in several: 1-1-1 1-1-2"));
    assert_string_equal(err.message + strlen(err.message) - strlen(" …"), " …");
}

static void test_user_codes(void **state) {
    (void)state;
    const pdm__rfm_box boxes[] = {
        {"A", NULL, {1, 1, 1}, {1, 1, 1}, 2, false},
        {"B", NULL, {2, 1, 1}, {2, 1, 1}, 0, false},
        {"A", "甲", {1, 1, 2}, {1, 1, 2}, 0, false},
        {"B", NULL, {2, 1, 1}, {2, 2, 2}, 0, false}, /* a box may cover what its segment lists */
        {"C", NULL, {1, 2, 1}, {1, 2, 2}, 1, false},
    };
    pdm_rfm_options options = pdm_rfm_options_default();
    pdm__rfm_map map;
    assert_int_equal(make_user(&options, k2, boxes, COUNT(boxes), &map, NULL), PDM_OK);
    assert_int_equal(map.count, 3);
    assert_int_equal(map.other, 0); /* all codes are taken */
    check_map(&map, (const int32_t[]){2, 4, 2}, (const int32_t[]){2, 3, 1});
    assert_string_equal(map.names_zh[0], "甲");
    finish(&map);
}

static void test_user_other(void **state) {
    (void)state;
    const pdm__rfm_box boxes[] = {{"Rest", NULL, {1, 1, 1}, {1, 1, 1}, 0, false},
                                  {"Best", NULL, {2, 2, 2}, {2, 2, 2}, 1, false}};
    pdm_rfm_options options = pdm_rfm_options_default();
    pdm__rfm_map map;
    (void)snprintf(options.other_name, sizeof options.other_name, "Rest");
    assert_int_equal(make_user(&options, k2, boxes, COUNT(boxes), &map, NULL), PDM_OK);
    assert_int_equal(map.count, 2);
    assert_int_equal(map.other, 1);
    check_map(&map, (const int32_t[]){7, 1}, (const int32_t[]){2, 1});
    assert_int_equal(map.matches[1], 0); /* unassigned, though it has a segment */
    finish(&map);
    /* Other codes may have a rank between those of the list: it gets what is left. */
    const pdm__rfm_box gap[] = {{"bad", NULL, {1, 1, 1}, {1, 1, 1}, 3, false},
                                {"good", NULL, {2, 2, 2}, {2, 2, 2}, 1, false}};
    options = pdm_rfm_options_default();
    assert_int_equal(make_user(&options, k2, gap, COUNT(gap), &map, NULL), PDM_OK);
    check_map(&map, (const int32_t[]){1, 1, 6}, (const int32_t[]){3, 1, 2});
    finish(&map);
}

static void test_many_segments(void **state) {
    (void)state;
    static char names[PDM__RFM_MAX_CODES + 1][8];
    static pdm__rfm_box boxes[PDM__RFM_MAX_CODES + 1];
    const int32_t k10[3] = {10, 10, 10};
    for (int32_t i = 0; i <= PDM__RFM_MAX_CODES; i++) {
        int32_t code = i % PDM__RFM_MAX_CODES;
        const int32_t cell[3] = {code / 100 + 1, code / 10 % 10 + 1, code % 10 + 1};
        (void)snprintf(names[i], sizeof names[i], "s%d", i);
        boxes[i] = (pdm__rfm_box){.segment = names[i]};
        memcpy(boxes[i].lo, cell, sizeof cell);
        memcpy(boxes[i].hi, cell, sizeof cell);
    }
    pdm_rfm_options options = pdm_rfm_options_default();
    pdm__rfm_map map;
    pdm_error err;
    assert_int_equal(make_user(&options, k10, boxes, PDM__RFM_MAX_CODES, &map, NULL), PDM_OK);
    assert_int_equal(map.count, PDM__RFM_MAX_CODES);
    check_map(&map, NULL, NULL);
    assert_string_equal(segment_of(&map, "10-3-1"), "s920");
    assert_int_equal(map.match_words, 16);
    finish(&map);
    assert_int_equal(make_user(&options, k10, boxes, PDM__RFM_MAX_CODES + 1, &map, &err), PDM_E_LIMIT);
}

static void test_bad_boxes(void **state) {
    (void)state;
    const struct {
        pdm__rfm_box boxes[2];
        int32_t row;
        const char *column;
        const char *text;
    } cases[] = {
        {{{"a", NULL, {1, 1, 1}, {2, 2, 2}, 0, false}, {"b", NULL, {1, 0, 1}, {2, 2, 2}, 0, false}},
         1,
         "f_lo",
         "1…3, got 0"},
        {{{"a", NULL, {1, 1, 1}, {2, 2, 4}, 0, false}, {"b", NULL, {1, 1, 1}, {2, 2, 2}, 0, false}},
         0,
         "m_hi",
         "1…3, got 4"},
        {{{"a", NULL, {3, 1, 1}, {2, 2, 2}, 0, false}, {"b", NULL, {1, 1, 1}, {2, 2, 2}, 0, false}},
         0,
         "r_lo",
         "got 3 and 2"},
        {{{"a", NULL, {1, 1, 1}, {1, 1, 1}, 0, false}, {"", NULL, {2, 1, 1}, {2, 1, 1}, 0, false}},
         1,
         "segment",
         "name"},
        {{{"a", NULL, {1, 1, 1}, {1, 1, 1}, 0, false}, {NULL, NULL, {2, 1, 1}, {2, 1, 1}, 0, false}},
         1,
         "segment",
         "name"},
        {{{"a", NULL, {1, 2, 3}, {1, 2, 3}, 0, true}, {"a", NULL, {1, 2, 3}, {1, 2, 3}, 0, true}},
         1,
         "segments",
         "123 twice"},
        {{{"a", NULL, {1, 1, 1}, {1, 1, 1}, 4, false}, {"b", NULL, {2, 1, 1}, {2, 1, 1}, 0, false}},
         0,
         "segment_rank",
         "1…3, got 4"},
        {{{"a", NULL, {1, 1, 1}, {1, 1, 1}, -1, false}, {"b", NULL, {2, 1, 1}, {2, 1, 1}, 0, false}},
         0,
         "segment_rank",
         "got -1"},
        {{{"a", NULL, {1, 1, 1}, {1, 1, 1}, 2, false}, {"b", NULL, {2, 1, 1}, {2, 1, 1}, 2, false}},
         1,
         "segment_rank",
         "rank 2 for"},
        {{{"a", NULL, {1, 1, 1}, {1, 1, 1}, 2, false}, {"a", NULL, {2, 1, 1}, {2, 1, 1}, 1, false}},
         1,
         "segment_rank",
         "2 and 1"},
    };
    pdm_rfm_options options = pdm_rfm_options_default();
    pdm__rfm_map map;
    pdm_error err;
    for (int32_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(make_user(&options, k3, cases[i].boxes, 2, &map, &err), PDM_E_BAD_OPTION);
        assert_int_equal(err.row, cases[i].row);
        assert_string_equal(err.column, cases[i].column);
        if (strstr(err.message, cases[i].text) == NULL) fail_msg("%s", err.message);
        assert_null(map.segment);
    }
    assert_int_equal(make_user(&options, k3, NULL, 0, &map, &err), PDM_E_BAD_OPTION);
}

typedef struct failing {
    int64_t left;
    int64_t live;
} failing;

static void *failing_resize(void *user, void *block, size_t old_size, size_t new_size) {
    failing *f = user;
    (void)old_size;
    if (new_size == 0) {
        if (block != NULL) f->live--;
        free(block);
        return NULL;
    }
    if (f->left-- <= 0) return NULL;
    if (block == NULL) f->live++;
    return realloc(block, new_size);
}

static void test_out_of_memory(void **state) {
    (void)state;
    pdm_rfm_options options = pdm_rfm_options_default();
    options.ordered = 1;
    int64_t allowed = 0;
    for (pdm_status status = PDM_E_NOMEM; status != PDM_OK; allowed++) {
        failing f = {INT64_MAX, 0};
        pdm_context *context = NULL;
        pdm_context_options with = pdm_context_options_default();
        with.allocator = (pdm_allocator){failing_resize, &f};
        assert_int_equal(pdm_context_create(&with, &context, NULL), PDM_OK);
        int64_t live = f.live;
        f.left = allowed;
        pdm__rfm_map map;
        status = pdm__rfm_map_make(context, &options, PDM_RFM_MAP_USER, k3, user_boxes, COUNT(user_boxes), &map, NULL);
        if (status == PDM_OK)
            pdm__rfm_map_clear(&map);
        else
            assert_int_equal(status, PDM_E_NOMEM);
        assert_int_equal(f.live, live);
        pdm_context_free(context);
        assert_int_equal(f.live, 0);
    }
    assert_true(allowed > 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_en11),
        cmocka_unit_test(test_en10_rf),
        cmocka_unit_test(test_rfm_r10),
        cmocka_unit_test(test_pymc5),
        cmocka_unit_test(test_cn8),
        cmocka_unit_test(test_other_k),
        cmocka_unit_test(test_segment_of_no_score),
        cmocka_unit_test(test_user_boxes_ordered),
        cmocka_unit_test(test_user_boxes_overlap),
        cmocka_unit_test(test_user_codes),
        cmocka_unit_test(test_user_other),
        cmocka_unit_test(test_many_segments),
        cmocka_unit_test(test_bad_boxes),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
