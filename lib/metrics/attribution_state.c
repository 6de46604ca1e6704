/* Which rows are rows of attribution, and the records that they become. */
#include "core/items.h"
#include "metrics/attribution_internal.h"

#include <math.h>

/* ---- cells ---- */

static bool given(const pdm__cells *cells, size_t row) {
    return cells->present && (cells->valid == NULL || cells->valid[row] != 0);
}

static int64_t integer(const pdm__cells *cells, size_t row) {
    return given(cells, row) ? (int64_t)cells->words[row] : 0;
}

static const char *text_of(const pdm__cells *cells, size_t row, size_t *length) {
    *length = (size_t)cells->lengths[row];
    return pdm__pointer_of(cells->words[row]);
}

static bool cell_is(const pdm__cells *cells, size_t row, const char *word) {
    size_t length = strlen(word);
    return cells->lengths != NULL && cells->lengths[row] == length &&
           memcmp(pdm__pointer_of(cells->words[row]), word, length) == 0;
}

typedef enum row_kind { ROW_TOUCH, ROW_CONVERSION, ROW_MILESTONE, ROW_UNKNOWN } row_kind;

static inline row_kind kind_of(const pdm__block *block, size_t row) {
    const pdm__cells *kind = &block->cells[ATTRIBUTION_KIND];
    const char *text = pdm__pointer_of(kind->words[row]);
    switch (kind->lengths == NULL ? 0 : kind->lengths[row]) { /* no two are as long */
    case 5: return memcmp(text, "touch", 5) == 0 ? ROW_TOUCH : ROW_UNKNOWN;
    case 9: return memcmp(text, "milestone", 9) == 0 ? ROW_MILESTONE : ROW_UNKNOWN;
    case 10: return memcmp(text, "conversion", 10) == 0 ? ROW_CONVERSION : ROW_UNKNOWN;
    default: return ROW_UNKNOWN;
    }
}

static double double_of(uint64_t word) {
    double value = 0.0;
    memcpy(&value, &word, sizeof value);
    return value;
}

static int32_t milestone_of(const pdm__attribution_plan *plan, const pdm__cells *cells, size_t row) {
    for (int32_t i = 0; i < plan->milestone_count; i++) {
        if (cell_is(cells, row, plan->milestones[i])) return i;
    }
    return -1;
}

/* ---- rows that are none ---- */

#define SHOWN 40 /* bytes of a text in a message */

static pdm_status bad_cell(const pdm__block *block, size_t row, pdm_status code, const char *column, const char *what,
                           pdm_error *err) {
    long long number = (long long)pdm__block_row(block, row);
    return pdm__fail(err, code, number, column, "row %lld, column \"%s\": %s", number, column, what);
}

static pdm_status bad_text(const pdm__block *block, size_t row, int32_t column, const char *name, const char *expected,
                           pdm_error *err) {
    long long number = (long long)pdm__block_row(block, row);
    size_t length = 0;
    const char *text = text_of(&block->cells[column], row, &length);
    int shown = length > SHOWN ? SHOWN : (int)length;
    return pdm__fail(err, PDM_E_BAD_VALUE, number, name, "row %lld, column \"%s\": \"%.*s\"; %s", number, name, shown,
                     text, expected);
}

static pdm_status inspect_value(const pdm__attribution_plan *plan, const pdm__block *block, size_t row,
                                pdm_error *err) {
    const pdm__cells *value = &block->cells[ATTRIBUTION_VALUE];
    if (plan->options->allow_negative_value != 0 || !given(value, row)) return PDM_OK;
    bool negative = plan->doubles ? double_of(value->words[row]) < 0.0 : (int64_t)value->words[row] < 0;
    if (!negative) return PDM_OK;
    return bad_cell(block, row, PDM_E_BAD_VALUE, "value", "a value below 0; allow_negative_value takes it", err);
}

static pdm_status inspect_touch(const pdm__attribution_plan *plan, const pdm__block *block, size_t row,
                                pdm_error *err) {
    const pdm__cells *channel = &block->cells[ATTRIBUTION_CHANNEL];
    size_t length = 0;
    if (!given(channel, row)) {
        if (plan->options->null_rows != 0) return PDM_OK;
        return bad_cell(block, row, PDM_E_NULL_VALUE, "channel",
                        "null on a touch; null_rows = skip leaves such rows out and counts them", err);
    }
    const char *text = text_of(channel, row, &length);
    if (pdm__attribution_reserved(text, length))
        return bad_text(block, row, ATTRIBUTION_CHANNEL, "channel",
                        "the name of a channel expected: not empty, not (start), (conversion) or (null)", err);
    if (!plan->has_priority) return PDM_OK;
    int64_t priority = integer(&block->cells[ATTRIBUTION_PRIORITY], row);
    if (priority >= INT32_MIN && priority <= INT32_MAX) return PDM_OK;
    return bad_cell(block, row, PDM_E_OVERFLOW, "priority", "beyond int32", err);
}

static pdm_status inspect_milestone(const pdm__attribution_plan *plan, const pdm__block *block, size_t row,
                                    pdm_error *err) {
    const pdm__cells *mark = &block->cells[ATTRIBUTION_MARK];
    if (plan->milestone_count == 0) return PDM_OK;
    if (!given(mark, row)) {
        if (plan->options->null_rows != 0) return PDM_OK;
        return bad_cell(block, row, PDM_E_NULL_VALUE, "mark",
                        "null on a milestone; null_rows = skip leaves such rows out and counts them", err);
    }
    if (milestone_of(plan, mark, row) >= 0) return PDM_OK;
    return bad_text(block, row, ATTRIBUTION_MARK, "mark", "a mark of list milestones expected", err);
}

static pdm_status inspect_event(const pdm__attribution_plan *plan, const pdm__block *block, size_t row,
                                pdm_error *err) {
    row_kind kind = kind_of(block, row);
    if (kind == ROW_UNKNOWN)
        return bad_text(block, row, ATTRIBUTION_KIND, "kind", "touch, conversion or milestone expected", err);
    if (kind != ROW_TOUCH && given(&block->cells[ATTRIBUTION_CHANNEL], row))
        return bad_text(block, row, ATTRIBUTION_CHANNEL, "channel", "a channel on a row that is no touch", err);
    if (kind != ROW_MILESTONE && plan->milestone_count > 0 && given(&block->cells[ATTRIBUTION_MARK], row))
        return bad_text(block, row, ATTRIBUTION_MARK, "mark", "a mark on a row that is no milestone", err);
    if (kind != ROW_CONVERSION && given(&block->cells[ATTRIBUTION_VALUE], row))
        return bad_cell(block, row, PDM_E_BAD_VALUE, "value", "a value on a row that is no conversion", err);
    if (kind == ROW_TOUCH) return inspect_touch(plan, block, row, err);
    return kind == ROW_MILESTONE ? inspect_milestone(plan, block, row, err) : inspect_value(plan, block, row, err);
}

/* The usual row, seen to be one at a glance. */
static bool is_plain_touch(const pdm__attribution_plan *plan, const pdm__block *block, size_t row) {
    const pdm__cells *channel = &block->cells[ATTRIBUTION_CHANNEL];
    if (plan->has_priority || plan->milestone_count > 0 || kind_of(block, row) != ROW_TOUCH) return false;
    if (!given(channel, row) || given(&block->cells[ATTRIBUTION_VALUE], row) || channel->lengths[row] == 0)
        return false;
    return *(const char *)pdm__pointer_of(channel->words[row]) != '(';
}

/* ---- paths as lists, and as texts ---- */

/* Where the next separator is, `end` if there is none. */
static const char *separator_in(const pdm__attribution_plan *plan, const char *at, const char *end) {
    size_t length = plan->separator_length;
    while ((size_t)(end - at) >= length) {
        const char *found = memchr(at, plan->separator[0], (size_t)(end - at) - length + 1);
        if (found == NULL) return end;
        if (memcmp(found, plan->separator, length) == 0) return found;
        at = found + 1;
    }
    return end;
}

/* The next touch in [*at, end): trimmed, not empty. false: there is none. *at becomes NULL after the last. */
static bool next_of_text(const pdm__attribution_plan *plan, const char **at, const char *end, const char **token,
                         size_t *length) {
    while (*at != NULL) {
        const char *first = *at;
        const char *stop = separator_in(plan, first, end);
        *at = stop < end ? stop + plan->separator_length : NULL; /* NULL: that was the last */
        while (first < stop && *first == ' ') first++;
        while (stop > first && stop[-1] == ' ') stop--;
        if (first == stop) continue;
        *token = first;
        *length = (size_t)(stop - first);
        return true;
    }
    return false;
}

/* A number from 0 to 255, −1 otherwise. */
static int32_t number_of(const char *text, size_t length) {
    int32_t number = 0;
    if (length == 0 || length > 3) return -1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number <= 255 ? number : -1;
}

/* What a cell of path or marks holds, one after the other: nothing where there is no cell. */
typedef struct cell_reader {
    const pdm__attribution_plan *plan;
    const pdm_column *items; /* NULL: a text */
    uint64_t place;
    uint64_t left;
    const char *at;
    const char *end;
    bool given;
} cell_reader;

static cell_reader read_cell(const pdm__attribution_plan *plan, const pdm__block *block, int32_t column, size_t row) {
    const pdm__cells *cells = &block->cells[column];
    cell_reader reader = {.plan = plan, .given = given(cells, row)};
    size_t length = 0;
    if (!reader.given) return reader;
    if (cells->items != NULL) {
        reader.items = cells->items;
        reader.place = cells->words[row];
        reader.left = cells->lengths[row];
        return reader;
    }
    reader.at = text_of(cells, row, &length);
    reader.end = reader.at + length;
    return reader;
}

static bool next_touch(cell_reader *reader, const char **token, size_t *length) {
    if (reader->items == NULL) return next_of_text(reader->plan, &reader->at, reader->end, token, length);
    if (reader->left == 0) return false;
    reader->left--;
    *token = pdm__item_text(reader->items, reader->place++, length);
    return true;
}

/* −2: there is none; −1: it is no mask of the milestones. */
static int32_t next_mark(cell_reader *reader) {
    const char *token = NULL;
    size_t length = 0;
    int64_t mask = 0;
    if (!reader->given) return 0;
    if (reader->items == NULL) {
        if (!next_of_text(reader->plan, &reader->at, reader->end, &token, &length)) return -2;
        mask = number_of(token, length);
    } else {
        if (reader->left == 0) return -2;
        reader->left--;
        mask = pdm__item_integer(reader->items, reader->place++);
    }
    return mask >= 0 && mask >> reader->plan->milestone_count == 0 ? (int32_t)mask : -1;
}

/* A text is shown as a whole, of a list the number of the touch. */
static pdm_status bad_touch(const pdm__block *block, size_t row, int32_t column, const char *name, size_t touch,
                            const char *expected, pdm_error *err) {
    if (block->cells[column].items == NULL) return bad_text(block, row, column, name, expected, err);
    long long number = (long long)pdm__block_row(block, row);
    return pdm__fail(err, PDM_E_BAD_VALUE, number, name, "row %lld, column \"%s\": item %zu of the list; %s", number,
                     name, touch, expected);
}

static pdm_status inspect_touches(const pdm__attribution_plan *plan, const pdm__block *block, size_t row,
                                  pdm_error *err) {
    cell_reader path = read_cell(plan, block, ATTRIBUTION_PATH, row);
    cell_reader marks = read_cell(plan, block, ATTRIBUTION_MARKS, row);
    size_t length = 0;
    size_t touches = 0;
    uint64_t bytes = 0;
    const char *token = NULL;
    for (; next_touch(&path, &token, &length); touches++) {
        if (length == 0)
            return bad_touch(block, row, ATTRIBUTION_PATH, "path", touches, "a channel has a name, this one is empty",
                             err);
        if (pdm__attribution_reserved(token, length))
            return bad_touch(block, row, ATTRIBUTION_PATH, "path", touches,
                             "(start), (conversion) and (null) are no channels", err);
        if (next_mark(&marks) < 0)
            return bad_touch(block, row, ATTRIBUTION_MARKS, "marks", touches,
                             "for each touch of the path a number whose bits are places in list milestones expected",
                             err);
        bytes += length + 2;
    }
    if (marks.given && next_mark(&marks) != -2)
        return bad_touch(block, row, ATTRIBUTION_MARKS, "marks", touches, "more marks than touches", err);
    if (touches > PDM__PATH_MAX_TOUCHES)
        return bad_cell(block, row, PDM_E_LIMIT, "path", "more than 65535 touches", err);
    return bytes <= UINT32_MAX ? PDM_OK : bad_cell(block, row, PDM_E_LIMIT, "path", "longer than 4 GiB", err);
}

static pdm_status inspect_path(const pdm__attribution_plan *plan, const pdm__block *block, size_t row, pdm_error *err) {
    int64_t conversions = integer(&block->cells[ATTRIBUTION_CONVERSIONS], row);
    if (conversions < 0)
        return bad_cell(block, row, PDM_E_BAD_COUNT, "conversions", "a count of 0 or more expected", err);
    if (integer(&block->cells[ATTRIBUTION_NULLS], row) < 0)
        return bad_cell(block, row, PDM_E_BAD_COUNT, "nulls", "a count of 0 or more expected", err);
    const pdm__cells *value = &block->cells[ATTRIBUTION_VALUE];
    bool worth = given(value, row) && (plan->doubles ? double_of(value->words[row]) != 0.0 : value->words[row] != 0);
    if (conversions == 0 && worth)
        return bad_cell(block, row, PDM_E_BAD_VALUE, "value", "a value on a row without conversions", err);
    PDM__TRY(inspect_value(plan, block, row, err));
    return inspect_touches(plan, block, row, err);
}

/* Columns that were all null have no texts. */
static bool is_texts(const pdm__cells *cells) { return !cells->present || cells->lengths != NULL; }

pdm_status pdm__attribution_inspect(const pdm__plan *plan, const pdm__block *block, pdm_error *err) {
    const pdm__attribution_plan *own = plan->own;
    static const int32_t texts[] = {ATTRIBUTION_KIND, ATTRIBUTION_PATH};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (block->rows > 0 && !is_texts(&block->cells[texts[i]]))
            return pdm__fail(err, PDM_E_BAD_TYPE, -1, own->columns[texts[i]].name, "column \"%s\": texts expected",
                             own->columns[texts[i]].name);
    }
    for (size_t row = 0; own->paths && row < block->rows; row++) PDM__TRY(inspect_path(own, block, row, err));
    for (size_t row = 0; !own->paths && row < block->rows; row++) {
        if (!is_plain_touch(own, block, row)) PDM__TRY(inspect_event(own, block, row, err));
    }
    return PDM_OK;
}

/* ---- rows to records ---- */

/* What a row that is no touch with a channel is to the step. */
static int64_t what_of(const pdm__attribution_plan *plan, const pdm__block *block, size_t row, row_kind kind) {
    const pdm__cells *mark = &block->cells[ATTRIBUTION_MARK];
    if (kind == ROW_CONVERSION)
        return given(&block->cells[ATTRIBUTION_VALUE], row) ? EVENT_CONVERSION : EVENT_WITHOUT_VALUE;
    if (kind != ROW_MILESTONE || !given(mark, row)) return EVENT_SKIPPED;
    return EVENT_MILESTONE + milestone_of(plan, mark, row);
}

/* 0 as a double is +0, so that equal values are equal words. */
static uint64_t value_word(const pdm__attribution_plan *plan, const pdm__block *block, size_t row) {
    const pdm__cells *value = &block->cells[ATTRIBUTION_VALUE];
    if (!given(value, row)) return 0;
    return plan->doubles && double_of(value->words[row]) == 0.0 ? 0 : value->words[row];
}

static void select_events(const pdm__attribution_plan *plan, int64_t late_before, const pdm__block *block,
                          pdm__records *out) {
    const pdm__cells *user = &block->cells[ATTRIBUTION_USER];
    const pdm__cells *channel = &block->cells[ATTRIBUTION_CHANNEL];
    const pdm__cells *seq = &block->cells[ATTRIBUTION_SEQ];
    const uint64_t *times = block->cells[ATTRIBUTION_TIME].words;
    bool text = user->lengths != NULL;
    uint64_t **part = out->scratch + (text ? 3 : 1);
    uint64_t **own = part + 3;
    size_t n = 0;
    for (size_t row = 0; row < block->rows; row++) {
        if ((int64_t)times[row] < late_before) {
            out->late++;
            continue;
        }
        row_kind kind = kind_of(block, row);
        if (plan->milestone_count == 0 && kind == ROW_MILESTONE) continue;
        bool touch = kind == ROW_TOUCH && given(channel, row);
        out->scratch[text ? 1 : 0][n] = user->words[row];
        if (text) out->scratch[2][n] = user->lengths[row];
        part[PART_MARK][n] = touch ? 1 : 0;
        part[PART_VALUE][n] = touch ? channel->words[row] : value_word(plan, block, row);
        part[PART_WHAT][n] = touch ? channel->lengths[row] : (uint64_t)what_of(plan, block, row, kind);
        own[TOUCH_TIME][n] = times[row];
        own[TOUCH_SEQ][n] = (uint64_t)integer(seq, row);
        if (plan->has_priority)
            own[TOUCH_PRIORITY][n] = touch ? (uint64_t)integer(&block->cells[ATTRIBUTION_PRIORITY], row) : 0;
        n++;
    }
    out->count = n;
}

/* Bytes that the path of a row takes: of a text no more than it and two for each touch. */
static size_t path_bytes(const pdm__attribution_plan *plan, const pdm__block *block, size_t row) {
    cell_reader path = read_cell(plan, block, ATTRIBUTION_PATH, row);
    if (path.items == NULL) return 2 * (size_t)block->cells[ATTRIBUTION_PATH].lengths[row] + 2;
    const char *token = NULL;
    size_t length = 0;
    size_t bytes = 0;
    while (next_touch(&path, &token, &length)) bytes += length + 2;
    return bytes;
}

static uint8_t *put_path(const pdm__attribution_plan *plan, const pdm__block *block, size_t row, uint8_t *to) {
    cell_reader path = read_cell(plan, block, ATTRIBUTION_PATH, row);
    cell_reader marks = read_cell(plan, block, ATTRIBUTION_MARKS, row);
    size_t length = 0;
    const char *token = NULL;
    while (next_touch(&path, &token, &length)) {
        memcpy(to, token, length);
        to += length;
        *to++ = ATTRIBUTION_PATH_END;
        *to++ = (uint8_t)next_mark(&marks);
    }
    return to;
}

void pdm__attribution_read_touch(const uint8_t **at, const uint8_t **channel, uint32_t *length, uint32_t *marks) {
    const uint8_t *stop = *at;
    while (*stop != ATTRIBUTION_PATH_END) stop++;
    *channel = *at;
    *length = (uint32_t)(stop - *at);
    *marks = stop[1];
    *at = stop + 2;
}

static pdm_status select_paths(const pdm__attribution_plan *plan, const pdm__block *block, pdm__records *out,
                               pdm_error *err) {
    size_t bytes = 0;
    size_t n = 0;
    for (size_t row = 0; row < block->rows; row++) bytes += path_bytes(plan, block, row);
    PDM__TRY(pdm__key_bytes_need(block->context, out->bytes, bytes, err));
    uint8_t *to = out->bytes->memory;
    uint64_t **own = out->scratch + 3;
    for (size_t row = 0; row < block->rows; row++) {
        int64_t conversions = integer(&block->cells[ATTRIBUTION_CONVERSIONS], row);
        int64_t nulls = integer(&block->cells[ATTRIBUTION_NULLS], row);
        if (conversions == 0 && nulls == 0) continue;
        uint8_t *end = put_path(plan, block, row, to);
        out->scratch[1][n] = pdm__word_of(to);
        out->scratch[2][n] = (uint64_t)(end - to);
        own[PATH_CONVERSIONS][n] = (uint64_t)conversions;
        own[PATH_NULLS][n] = (uint64_t)nulls;
        own[PATH_VALUE][n] = value_word(plan, block, row);
        own[OWN_WITHOUT][n] = conversions > 0 && !given(&block->cells[ATTRIBUTION_VALUE], row) ? 1 : 0;
        to = end;
        n++;
    }
    out->count = n;
    return PDM_OK;
}

pdm_status pdm__attribution_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    const pdm__attribution_plan *own = plan->own;
    if (own->paths) return select_paths(own, block, out, err);
    select_events(own, plan->late_before, block, out);
    return PDM_OK;
}
