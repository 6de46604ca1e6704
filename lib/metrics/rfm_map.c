#include "metrics/rfm_map.h"

#include <stdio.h>

#define MAX_KNOWN_BOXES 125 /* en11 lists every code */

/* --------------------------------------------------------------------------------------------- maps that come along */

/*
 * A segment of a map that comes along. cells: codes "555 554", or boxes "3-5|3-5|2-5", divided by blanks; what is left
 * out at the end of a code may be anything.
 */
typedef struct known_segment {
    const char *name;
    const char *name_zh; /* NULL = the name */
    const char *cells;
    int32_t rank;
} known_segment;

typedef struct known_map {
    const char *name;
    int32_t k[3]; /* 0 = any */
    int32_t bits; /* 1 = cells are written in bits */
    const char *other;
    const char *other_zh;
    int32_t count;
    known_segment segments[11];
} known_map;

static const known_map en11 = {
    .name = "en11",
    .k = {5, 5, 5},
    .count = 11,
    .segments = {{"Champions", "冠军客户", "555 554 544 545 454 455 445", 1},
                 {"Loyal Customers", "忠诚客户", "543 444 435 355 354 345 344 335", 2},
                 {"Potential Loyalist", "潜在忠诚",
                  "553 551 552 541 542 533 532 531 452 451 442 441 431 453 433 432 423 353 352 351 342 341 333 323", 3},
                 {"New Customers", "新客户", "512 511 422 421 412 411 311", 4},
                 {"Promising", "有潜力", "525 524 523 522 521 515 514 513 425 424 413 414 415 315 314 313", 5},
                 {"Need Attention", "需关注", "535 534 443 434 343 334 325 324", 6},
                 {"About To Sleep", "即将沉睡", "331 321 312 221 213 231 241 251", 7},
                 {"At Risk", "有流失风险",
                  "255 254 245 244 253 252 243 242 235 234 225 224 153 152 145 143 142 135 134 133 125 124", 8},
                 {"Cannot Lose Them", "不能流失", "155 154 144 214 215 115 114 113", 9},
                 {"Hibernating Customers", "沉睡客户", "332 322 233 232 223 222 132 123 122 212 211", 10},
                 {"Lost Customers", "已流失", "111 112 121 131 141 151", 11}},
};

static const known_map en10_rf = {
    .name = "en10_rf",
    .k = {5, 5, 0},
    .count = 10,
    .segments = {{"Champions", "冠军客户", "54 55", 1},
                 {"Loyal Customers", "忠诚客户", "34 35 44 45", 2},
                 {"Potential Loyalists", "潜在忠诚", "42 43 52 53", 3},
                 {"New Customers", "新客户", "51", 4},
                 {"Promising", "有潜力", "41", 5},
                 {"Need Attention", "需关注", "33", 6},
                 {"About To Sleep", "即将沉睡", "31 32", 7},
                 {"At Risk", "有流失风险", "13 14 23 24", 8},
                 {"Can't Lose", "不能流失", "15 25", 9},
                 {"Hibernating", "沉睡客户", "11 12 21 22", 10}},
};

/* The first box that matches wins. */
static const known_map rfm_r10 = {
    .name = "rfm_r10",
    .k = {5, 5, 5},
    .other = "Others",
    .other_zh = "其他",
    .count = 10,
    .segments = {{"Champions", "冠军客户", "5|5|5", 1},
                 {"Potential Loyalist", "潜在忠诚", "3-5|3-5|2-5", 3},
                 {"Loyal Customers", "忠诚客户", "2-4|2-4|2-4", 2},
                 {"Promising", "有潜力", "3-4|1-3|3-5", 5},
                 {"New Customers", "新客户", "4-5|1-3|1-5", 4},
                 {"Can't Lose Them", "不能流失", "1-2|3-4|4-5", 9},
                 {"At Risk", "有流失风险", "1-2|2-5|4-5", 8},
                 {"Need Attention", "需关注", "1-3|3-5|3-5", 6},
                 {"About To Sleep", "即将沉睡", "2-3|1-3|1-4", 7},
                 {"Lost", "已流失", "1|1-5|1-5", 10}},
};

static const known_map pymc5 = {
    .name = "pymc5",
    .k = {4, 4, 4},
    .other = "Other",
    .other_zh = "其他",
    .count = 5,
    .segments = {{"Premium Customer", "优质客户", "444 443 434 433 344 343 334 333", 1},
                 {"Repeat Customer", "复购客户", "332 244 243 234 233 232 143", 2},
                 {"Top Spender", "高消费客户", "424 423 414 413 324 323 314 313 224 144 134 133 124", 3},
                 {"At Risk Customer", "有流失风险", "422 412 322 312 223 222 214 212 132 123 122", 4},
                 {"Inactive Customer", "不活跃客户", "411 311 211 114 113 112 111", 5}},
};

/* R bit 1 = recent. */
static const known_map cn8_recent = {
    .name = "cn8",
    .k = {2, 2, 2},
    .bits = 1,
    .count = 8,
    .segments = {{"重要价值客户", NULL, "111", 1},
                 {"重要发展客户", NULL, "101", 2},
                 {"重要保持客户", NULL, "011", 3},
                 {"重要挽留客户", NULL, "001", 4},
                 {"一般价值客户", NULL, "110", 5},
                 {"一般发展客户", NULL, "100", 6},
                 {"一般保持客户", NULL, "010", 7},
                 {"一般挽留客户", NULL, "000", 8}},
};

/* R bit 1 = many days ago. */
static const known_map cn8_days = {
    .name = "cn8",
    .k = {2, 2, 2},
    .bits = 1,
    .count = 8,
    .segments = {{"重要价值客户", NULL, "111", 1},
                 {"重要发展客户", NULL, "001", 2},
                 {"重要保持客户", NULL, "011", 3},
                 {"重要挽留客户", NULL, "101", 4},
                 {"一般价值客户", NULL, "110", 5},
                 {"一般发展客户", NULL, "000", 6},
                 {"一般保持客户", NULL, "010", 7},
                 {"一般挽留客户", NULL, "100", 8}},
};

static const known_map cn8_recent_alt = {
    .name = "cn8",
    .k = {2, 2, 2},
    .bits = 1,
    .count = 8,
    .segments = {{"重要价值客户", NULL, "111", 1},
                 {"重要深耕客户", NULL, "101", 2},
                 {"重要唤回客户", NULL, "011", 3},
                 {"重要挽留客户", NULL, "001", 4},
                 {"潜力客户", NULL, "110", 5},
                 {"新客户", NULL, "100", 6},
                 {"一般维持客户", NULL, "010", 7},
                 {"流失客户", NULL, "000", 8}},
};

/* These names follow what R means, not the bit. */
static const known_map cn8_days_alt = {
    .name = "cn8",
    .k = {2, 2, 2},
    .bits = 1,
    .count = 8,
    .segments = {{"重要价值客户", NULL, "011", 1},
                 {"重要深耕客户", NULL, "001", 2},
                 {"重要唤回客户", NULL, "111", 3},
                 {"重要挽留客户", NULL, "101", 4},
                 {"潜力客户", NULL, "010", 5},
                 {"新客户", NULL, "000", 6},
                 {"一般维持客户", NULL, "110", 7},
                 {"流失客户", NULL, "100", 8}},
};

static const known_map *find_known(int32_t map, const pdm_rfm_options *options) {
    bool days = options->cn8_convention == PDM_RFM_CN8_DAYS_HIGH;
    bool alt = options->cn8_names == PDM_RFM_CN8_ALT;
    switch (map) {
    case PDM_RFM_MAP_EN11: return &en11;
    case PDM_RFM_MAP_EN10_RF: return &en10_rf;
    case PDM_RFM_MAP_CN8: return days ? (alt ? &cn8_days_alt : &cn8_days) : (alt ? &cn8_recent_alt : &cn8_recent);
    case PDM_RFM_MAP_RFM_R10: return &rfm_r10;
    case PDM_RFM_MAP_PYMC5: return &pymc5;
    default: return NULL;
    }
}

/* Reads one cell of a known map into a box; returns what follows it. */
static const char *read_cell(const char *at, const known_map *known, const int32_t k[3], pdm__rfm_box *box) {
    for (int32_t d = 0; d < 3; d++) {
        if (*at == '\0' || *at == ' ') {
            box->lo[d] = 1;
            box->hi[d] = k[d];
            continue;
        }
        box->lo[d] = box->hi[d] = *at++ - '0' + known->bits;
        if (*at == '-') {
            box->hi[d] = at[1] - '0' + known->bits;
            at += 2;
        }
        if (*at == '|') at++;
    }
    return *at == ' ' ? at + 1 : at;
}

static int32_t write_boxes(const known_map *known, const int32_t k[3], pdm__rfm_box boxes[MAX_KNOWN_BOXES]) {
    int32_t count = 0;
    for (int32_t i = 0; i < known->count; i++) {
        const known_segment *segment = &known->segments[i];
        for (const char *at = segment->cells; *at != '\0'; count++) {
            boxes[count] =
                (pdm__rfm_box){.segment = segment->name, .label_zh = segment->name_zh, .rank = segment->rank};
            at = read_cell(at, known, k, &boxes[count]);
        }
    }
    return count;
}

static pdm_status check_known_k(const known_map *known, const int32_t k[3], pdm_error *err) {
    bool fits = true;
    for (int32_t d = 0; d < 3; d++) fits = fits && (known->k[d] == 0 || known->k[d] == k[d]);
    if (fits) return PDM_OK;
    char m[8] = "any";
    if (known->k[2] != 0) (void)snprintf(m, sizeof m, "%d", known->k[2]);
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "map",
                     "map %s is made for scores R, F, M of 1 to %d, %d, %s, got k = %d, %d, %d", known->name,
                     known->k[0], known->k[1], m, k[0], k[1], k[2]);
}

/* ---------------------------------------------------------------------------------------------- from boxes to a map */

/* A map in the making. */
typedef struct making {
    pdm__rfm_map *map;
    const pdm__rfm_box *boxes;
    int32_t box_count;
    bool ordered;
    const char *other;
    const char *other_zh;
    int32_t *box_segment; /* [box_count] id */
    int32_t *first_box;   /* [box_count] by id − 1 */
    int32_t segments;     /* without the one for other codes */
    uint64_t *listed;     /* [code_count][match_words] codes listed singly, user maps */
    pdm_error *err;
} making;

static const char *const box_columns[3][2] = {{"r_lo", "r_hi"}, {"f_lo", "f_hi"}, {"m_lo", "m_hi"}};

static pdm_status check_boxes(const making *m) {
    for (int32_t i = 0; i < m->box_count; i++) {
        const pdm__rfm_box *box = &m->boxes[i];
        if (box->segment == NULL || box->segment[0] == '\0') {
            return pdm__fail(m->err, PDM_E_BAD_OPTION, i, "segment",
                             "segments row %d: expected a segment name, got none", i);
        }
        for (int32_t d = 0; d < 3; d++) {
            int32_t k = m->map->k[d];
            if (box->lo[d] < 1 || box->lo[d] > k || box->hi[d] < 1 || box->hi[d] > k) {
                bool low = box->lo[d] < 1 || box->lo[d] > k;
                return pdm__fail(m->err, PDM_E_BAD_OPTION, i, box_columns[d][low ? 0 : 1],
                                 "segments row %d, segment \"%.60s\": expected a score in 1…%d, got %d", i,
                                 box->segment, k, low ? box->lo[d] : box->hi[d]);
            }
            if (box->lo[d] > box->hi[d]) {
                return pdm__fail(m->err, PDM_E_BAD_OPTION, i, box_columns[d][0],
                                 "segments row %d, segment \"%.60s\": expected %s ≤ %s, got %d and %d", i, box->segment,
                                 box_columns[d][0], box_columns[d][1], box->lo[d], box->hi[d]);
            }
        }
    }
    return PDM_OK;
}

/* Ids in order of appearance. The last one is tried first: lists come segment by segment. */
static pdm_status number_segments(making *m) {
    for (int32_t i = 0; i < m->box_count; i++) {
        int32_t id = m->segments;
        while (id > 0 && strcmp(m->boxes[m->first_box[id - 1]].segment, m->boxes[i].segment) != 0) id--;
        if (id == 0) {
            if (m->segments == PDM__RFM_MAX_CODES) {
                return pdm__fail(m->err, PDM_E_LIMIT, i, "segment", "expected at most %d segments, got more",
                                 PDM__RFM_MAX_CODES);
            }
            m->first_box[m->segments++] = i;
            id = m->segments;
        }
        m->box_segment[i] = id;
    }
    return PDM_OK;
}

static int32_t code_index(const pdm__rfm_map *map, int32_t r, int32_t f, int32_t m) {
    return ((r - 1) * map->k[1] + f - 1) * map->k[2] + m - 1;
}

/* Sets the bit of segment `id`; false if it was set. */
static bool set_bit(const pdm__rfm_map *map, uint64_t *bits, int32_t code, int32_t id) {
    uint64_t *word = bits + (size_t)code * (size_t)map->match_words + (size_t)(id - 1) / 64;
    uint64_t bit = UINT64_C(1) << ((id - 1) % 64);
    bool is_new = (*word & bit) == 0;
    *word |= bit;
    return is_new;
}

static void fill_box(making *m, const pdm__rfm_box *box, int32_t id) {
    pdm__rfm_map *map = m->map;
    for (int32_t r = box->lo[0]; r <= box->hi[0]; r++) {
        for (int32_t f = box->lo[1]; f <= box->hi[1]; f++) {
            for (int32_t c = box->lo[2]; c <= box->hi[2]; c++) {
                int32_t code = code_index(map, r, f, c);
                if (map->segment[code] == 0) map->segment[code] = id;
                if (map->matches != NULL) (void)set_bit(map, map->matches, code, id);
            }
        }
    }
}

static pdm_status fill_codes(making *m) {
    for (int32_t i = 0; i < m->box_count; i++) {
        const pdm__rfm_box *box = &m->boxes[i];
        fill_box(m, box, m->box_segment[i]);
        if (m->listed == NULL || !box->is_code) continue;
        int32_t code = code_index(m->map, box->lo[0], box->lo[1], box->lo[2]);
        if (!set_bit(m->map, m->listed, code, m->box_segment[i])) {
            char text[16];
            pdm__rfm_map_code(m->map, code, text);
            return pdm__fail(m->err, PDM_E_BAD_OPTION, i, "segments",
                             "segments row %d: expected each code once in a segment, got %s twice in \"%.60s\"", i,
                             text, box->segment);
        }
    }
    return PDM_OK;
}

static bool overlaps(const pdm__rfm_map *map, int32_t code) {
    const uint64_t *words = map->matches + (size_t)code * (size_t)map->match_words;
    int32_t matches = 0;
    for (int32_t w = 0; w < map->match_words; w++) matches += __builtin_popcountll(words[w]);
    return matches > 1;
}

static pdm_status check_overlap(const making *m) {
    const pdm__rfm_map *map = m->map;
    if (map->matches == NULL || m->ordered) return PDM_OK;
    char codes[140] = ""; /* leaves room for the rest of the message */
    size_t length = 0;
    int32_t named = 0;
    int32_t count = 0;
    for (int32_t code = 0; code < map->code_count; code++) {
        if (!overlaps(map, code)) continue;
        count++;
        char text[16];
        pdm__rfm_map_code(map, code, text);
        if (named + 1 < count || length + strlen(text) + 2 > sizeof codes) continue;
        length += (size_t)snprintf(codes + length, sizeof codes - length, " %s", text);
        named++;
    }
    if (count == 0) return PDM_OK;
    return pdm__fail(m->err, PDM_E_SEGMENT_OVERLAP, -1, "segments",
                     "expected each code in one segment (or ordered = 1), got %d codes in several:%s%s", count, codes,
                     named < count ? " …" : "");
}

/* Gives codes without a segment, and customers without a score, the segment for others. */
static void find_other(making *m, bool null_scores) {
    pdm__rfm_map *map = m->map;
    bool needed = null_scores;
    for (int32_t code = 0; code < map->code_count; code++) needed = needed || map->segment[code] == 0;
    map->count = m->segments;
    if (!needed) return;
    for (int32_t id = 1; id <= m->segments && map->other == 0; id++) {
        if (strcmp(m->boxes[m->first_box[id - 1]].segment, m->other) == 0) map->other = id;
    }
    if (map->other == 0) map->other = ++map->count;
    for (int32_t code = 0; code < map->code_count; code++) {
        if (map->segment[code] == 0) map->segment[code] = map->other;
    }
}

static pdm_status name_segments(making *m) {
    pdm__rfm_map *map = m->map;
    size_t count = (size_t)map->count;
    PDM__TRY(pdm__new_zero(map->context, count, sizeof *map->names, &map->names, m->err));
    PDM__TRY(pdm__new_zero(map->context, count, sizeof *map->names_zh, &map->names_zh, m->err));
    for (int32_t i = 0; i < m->box_count; i++) {
        int32_t at = m->box_segment[i] - 1;
        map->names[at] = m->boxes[m->first_box[at]].segment;
        if (map->names_zh[at] == NULL) map->names_zh[at] = m->boxes[i].label_zh;
    }
    if (map->count > m->segments) {
        map->names[m->segments] = m->other;
        map->names_zh[m->segments] = m->other_zh;
    }
    for (int32_t at = 0; at < map->count; at++) {
        if (map->names_zh[at] == NULL) map->names_zh[at] = map->names[at];
    }
    return PDM_OK;
}

/* Takes the ranks that were given, then deals out those that are left. owner: [count], zeroed. */
static pdm_status deal_ranks(const making *m, int32_t *owner) {
    pdm__rfm_map *map = m->map;
    for (int32_t i = 0; i < m->box_count; i++) {
        int32_t rank = m->boxes[i].rank;
        int32_t id = m->box_segment[i];
        const char *name = map->names[id - 1];
        if (rank == 0) continue;
        if (rank < 0 || rank > map->count) {
            return pdm__fail(m->err, PDM_E_BAD_OPTION, i, "segment_rank",
                             "segments row %d, segment \"%.60s\": expected a rank in 1…%d, got %d", i, name, map->count,
                             rank);
        }
        if (owner[rank - 1] != 0 && owner[rank - 1] != id) {
            return pdm__fail(m->err, PDM_E_BAD_OPTION, i, "segment_rank",
                             "segments row %d: expected each rank once, got rank %d for \"%.60s\" and \"%.60s\"", i,
                             rank, map->names[owner[rank - 1] - 1], name);
        }
        if (map->ranks[id - 1] != 0 && map->ranks[id - 1] != rank) {
            return pdm__fail(m->err, PDM_E_BAD_OPTION, i, "segment_rank",
                             "segments row %d: expected one rank for segment \"%.60s\", got %d and %d", i, name,
                             map->ranks[id - 1], rank);
        }
        owner[rank - 1] = id;
        map->ranks[id - 1] = rank;
    }
    int32_t next = 0;
    for (int32_t at = 0; at < map->count; at++) {
        if (map->ranks[at] != 0) continue;
        while (owner[next] != 0) next++;
        map->ranks[at] = ++next;
    }
    return PDM_OK;
}

static pdm_status rank_segments(const making *m) {
    pdm__rfm_map *map = m->map;
    size_t count = (size_t)map->count;
    int32_t *owner = NULL;
    PDM__TRY(pdm__new_zero(map->context, count, sizeof *map->ranks, &map->ranks, m->err));
    PDM__TRY(pdm__new_zero(map->context, count, sizeof *owner, &owner, m->err));
    pdm_status status = deal_ranks(m, owner);
    pdm__drop(map->context, owner, count, sizeof *owner);
    return status;
}

static size_t match_count(const pdm__rfm_map *map) { return (size_t)map->code_count * (size_t)map->match_words; }

/* user: keeps which segments match which code. */
static pdm_status make_map(making *m, bool user, bool null_scores) {
    pdm__rfm_map *map = m->map;
    PDM__TRY(check_boxes(m));
    PDM__TRY(number_segments(m));
    map->code_count = map->k[0] * map->k[1] * map->k[2];
    PDM__TRY(pdm__new_zero(map->context, (size_t)map->code_count, sizeof *map->segment, &map->segment, m->err));
    if (user) {
        map->match_words = (m->segments + 63) / 64;
        PDM__TRY(pdm__new_zero(map->context, match_count(map), sizeof *map->matches, &map->matches, m->err));
        PDM__TRY(pdm__new_zero(map->context, match_count(map), sizeof *m->listed, &m->listed, m->err));
    }
    PDM__TRY(fill_codes(m));
    PDM__TRY(check_overlap(m));
    find_other(m, null_scores);
    PDM__TRY(name_segments(m));
    return rank_segments(m);
}

/* All customers equal leave quantile_right with duplicates = drop without a class. */
static bool may_lack_scores(const pdm_rfm_options *options) {
    const int32_t policies[] = {options->policy, options->policy_r, options->policy_f, options->policy_m,
                                options->base};
    if (options->duplicates != PDM_RFM_DUPLICATES_DROP) return false;
    for (int32_t i = 0; i < PDM__COUNT(policies); i++) {
        if (policies[i] == PDM_RFM_POLICY_QUANTILE_RIGHT) return true;
    }
    return false;
}

pdm_status pdm__rfm_map_make(pdm_context *context, const pdm_rfm_options *options, int32_t map, const int32_t k[3],
                             const pdm__rfm_box *boxes, int32_t box_count, pdm__rfm_map *out, pdm_error *err) {
    memset(out, 0, sizeof *out);
    out->context = context;
    memcpy(out->k, k, sizeof out->k);
    bool named = options->other_name[0] != '\0';
    making m = {.map = out, .boxes = boxes, .box_count = box_count, .ordered = options->ordered != 0, .err = err};
    m.other = named ? options->other_name : "Other";
    m.other_zh = named ? NULL : "其他";
    const known_map *known = find_known(map, options);
    pdm__rfm_box known_boxes[MAX_KNOWN_BOXES];
    if (known != NULL) {
        PDM__TRY(check_known_k(known, k, err));
        out->bits = known->bits;
        m.boxes = known_boxes;
        m.box_count = write_boxes(known, k, known_boxes);
        if (known->other != NULL) {
            m.other = known->other;
            m.other_zh = known->other_zh;
        }
    } else if (box_count < 1) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "segments", "map user: expected rows in list segments, got none");
    }
    size_t count = (size_t)m.box_count;
    pdm_status status = pdm__new(context, 2 * count, sizeof *m.box_segment, &m.box_segment, err);
    if (status == PDM_OK) {
        m.first_box = m.box_segment + count;
        status = make_map(&m, known == NULL, may_lack_scores(options));
        pdm__drop(context, m.listed, match_count(out), sizeof *m.listed);
        pdm__drop(context, m.box_segment, 2 * count, sizeof *m.box_segment);
    }
    if (status != PDM_OK) pdm__rfm_map_clear(out);
    return status;
}

void pdm__rfm_map_clear(pdm__rfm_map *map) {
    size_t count = (size_t)map->count;
    pdm__drop(map->context, map->names, count, sizeof *map->names);
    pdm__drop(map->context, map->names_zh, count, sizeof *map->names_zh);
    pdm__drop(map->context, map->ranks, count, sizeof *map->ranks);
    pdm__drop(map->context, map->segment, (size_t)map->code_count, sizeof *map->segment);
    pdm__drop(map->context, map->matches, match_count(map), sizeof *map->matches);
    memset(map, 0, sizeof *map);
}

void pdm__rfm_map_code(const pdm__rfm_map *map, int32_t code, char buffer[16]) {
    int32_t m = code % map->k[2];
    int32_t f = code / map->k[2] % map->k[1];
    int32_t r = code / map->k[2] / map->k[1];
    int32_t first = map->bits ? 0 : 1;
    bool wide = map->k[0] > 9 || map->k[1] > 9 || map->k[2] > 9;
    (void)snprintf(buffer, 16, wide ? "%d-%d-%d" : "%d%d%d", r + first, f + first, m + first);
}
