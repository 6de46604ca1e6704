/* States to bytes and back. docs/format.cddl has the grammar. */
#include "core/dedupe.h"

#include <inttypes.h>

#define SELF_DESCRIBED 55799
#define CHECKSUM_BYTES 8
#define TOP_ITEMS 7
#define HEAD_ITEMS 7
#define ADVANCED_ITEMS 4

static pdm_status corrupt(pdm_error *err, const char *what) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "these bytes are no valid state: %s", what);
}

/* ---- options ---- */

static bool is_int(const pdm_option_info *info) {
    return info->type != PDM_OPTION_TEXT && info->type != PDM_OPTION_FLOAT;
}

void pdm__options_encode(const pdm_metric *metric, const void *options, pdm__cbor_writer *w) {
    pdm__cbor_array(w, 2 * (size_t)metric->option_count);
    for (int32_t i = 0; i < metric->option_count; i++) {
        const pdm_option_info *info = &metric->options[i];
        const uint8_t *at = (const uint8_t *)options + info->offset;
        pdm__cbor_text(w, info->name, strlen(info->name));
        if (info->type == PDM_OPTION_TEXT) {
            pdm__cbor_text(w, (const char *)at, strlen((const char *)at));
        } else if (is_int(info)) {
            pdm__cbor_int(w, pdm__option_int(metric, options, info->name, 0));
        } else {
            double value = 0.0;
            memcpy(&value, at, sizeof value);
            pdm__cbor_double(w, value);
        }
    }
}

/* The option called so; NULL if this version has none. */
static const pdm_option_info *named_option(const pdm_metric *metric, const char *name, size_t length) {
    for (int32_t i = 0; i < metric->option_count; i++) {
        const char *mine = metric->options[i].name;
        if (strlen(mine) == length && memcmp(mine, name, length) == 0) return &metric->options[i];
    }
    return NULL;
}

static pdm_status decode_option(const pdm_option_info *info, void *options, pdm__cbor_reader *r, pdm_error *err) {
    uint8_t *at = (uint8_t *)options + info->offset;
    if (info->type == PDM_OPTION_TEXT) {
        const char *text = NULL;
        size_t length = 0;
        PDM__TRY(pdm__cbor_read_text(r, &text, &length, err));
        if (length > 63) return corrupt(err, "an option's text is too long");
        memset(at, 0, 64);
        memcpy(at, text, length);
        return strlen((const char *)at) == length ? PDM_OK : corrupt(err, "an option's text holds NUL");
    }
    if (!is_int(info)) {
        double value = 0.0;
        PDM__TRY(pdm__cbor_read_double(r, &value, err));
        static const double zero = 0.0; /* the other one is not written */
        bool none = value == 0.0 && (info->fallback_float != 0.0 || memcmp(&value, &zero, sizeof value) != 0);
        if (none) return corrupt(err, "an option is zero");
        memcpy(at, &value, sizeof value);
        return PDM_OK;
    }
    int64_t value = 0;
    PDM__TRY(pdm__cbor_read_int(r, &value, err));
    bool wide = pdm__option_is_wide(info);
    bool counted = info->type == PDM_OPTION_INT32 || wide;
    int64_t none = wide ? PDM_ZERO_INT64 : PDM_ZERO_INT32;
    /* What was written is final: 0 is a true zero, and "none" is none; say so in the notation of the caller. */
    if (value == none) {
        value = 0;
    } else if (value == 0 && counted && info->fallback != 0) {
        value = none;
    }
    if (wide) {
        memcpy(at, &value, sizeof value);
        return PDM_OK;
    }
    if (value < INT32_MIN || value > INT32_MAX) return corrupt(err, "an option is out of range");
    int32_t narrow = (int32_t)value;
    memcpy(at, &narrow, sizeof narrow);
    return PDM_OK;
}

pdm_status pdm__options_decode(const pdm_metric *metric, void *options, pdm__cbor_reader *r, pdm_error *err) {
    size_t items = 0;
    memset(options, 0, metric->options_size);
    memcpy(options, &metric->options_size, sizeof metric->options_size);
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    if (items % 2 != 0) return corrupt(err, "an option without a value");
    for (size_t i = 0; i < items; i += 2) {
        const char *name = NULL;
        size_t length = 0;
        PDM__TRY(pdm__cbor_read_text(r, &name, &length, err));
        const pdm_option_info *info = named_option(metric, name, length);
        if (info == NULL) {
            return pdm__fail(err, PDM_E_UNSUPPORTED_VERSION, -1, NULL,
                             "the state has an option that this version does not know");
        }
        PDM__TRY(decode_option(info, options, r, err));
    }
    return PDM_OK;
}

/* ---- lists ---- */

static void encode_cells(const pdm__cells *cells, size_t rows, pdm__cbor_writer *w) {
    if (!cells->present) {
        pdm__cbor_null(w);
        return;
    }
    pdm__cbor_array(w, cells->lengths == NULL ? 2 : 3);
    uint8_t *valid = pdm__cbor_typed_array(w, PDM__CBOR_U8, rows);
    if (valid != NULL) memcpy(valid, cells->valid, rows);
    if (cells->lengths == NULL) {
        uint8_t *words = pdm__cbor_typed_array(w, PDM__CBOR_I64, rows);
        if (words != NULL) memcpy(words, cells->words, 8 * rows);
        return;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < rows; i++) bytes += (size_t)cells->lengths[i];
    uint8_t *lengths = pdm__cbor_typed_array(w, PDM__CBOR_U32, rows);
    for (size_t i = 0; lengths != NULL && i < rows; i++) {
        uint32_t length = (uint32_t)cells->lengths[i];
        memcpy(lengths + 4 * i, &length, sizeof length);
    }
    uint8_t *text = pdm__cbor_bytes(w, bytes);
    for (size_t i = 0; text != NULL && i < rows; i++) {
        memcpy(text, (const void *)(uintptr_t)cells->words[i], (size_t)cells->lengths[i]);
        text += cells->lengths[i];
    }
}

static void encode_lists(const pdm_state *state, pdm__cbor_writer *w) {
    const pdm_metric *metric = state->setup.metric;
    pdm__cbor_array(w, (size_t)metric->list_count);
    for (int32_t i = 0; i < metric->list_count; i++) {
        const pdm__list *list = &state->lists[i];
        int32_t columns = list->rows == 0 ? 0 : metric->lists[i].column_count;
        pdm__cbor_array(w, (size_t)(1 + columns));
        pdm__cbor_int(w, list->rows);
        for (int32_t c = 0; c < columns; c++) encode_cells(&list->cells[c], (size_t)list->rows, w);
    }
}

/* A column of a list, rebuilt as the caller would hand it over, so that it goes through the same checks. */
typedef struct list_column {
    uint8_t *validity;
    int64_t *values; /* words, or text offsets */
} list_column;

static pdm_status read_words(pdm_state *state, pdm__cbor_reader *r, const pdm_column_info *info, size_t rows,
                             list_column *memory, pdm_column *column, pdm_error *err) {
    const uint8_t *words = NULL;
    size_t count = 0;
    PDM__TRY(pdm__cbor_read_typed_array(r, PDM__CBOR_I64, &words, &count, err));
    if (count != rows) return corrupt(err, "a list with columns of different length");
    PDM__TRY(pdm__arena_take(&state->memory, (rows + 1) * sizeof *memory->values, &memory->values, err));
    if (rows > 0) memcpy(memory->values, words, rows * sizeof *memory->values);
    *column =
        pdm_column_make(info->name, info->role == PDM_ROLE_FLOAT ? PDM_TYPE_FLOAT64 : PDM_TYPE_INT64, memory->values);
    return PDM_OK;
}

static pdm_status read_texts(pdm_state *state, pdm__cbor_reader *r, const pdm_column_info *info, size_t rows,
                             list_column *memory, pdm_column *column, pdm_error *err) {
    const uint8_t *lengths = NULL;
    const uint8_t *bytes = NULL;
    size_t count = 0;
    size_t size = 0;
    PDM__TRY(pdm__cbor_read_typed_array(r, PDM__CBOR_U32, &lengths, &count, err));
    PDM__TRY(pdm__cbor_read_bytes(r, &bytes, &size, err));
    if (count != rows) return corrupt(err, "a list with columns of different length");
    PDM__TRY(pdm__arena_take(&state->memory, (rows + 1) * sizeof *memory->values, &memory->values, err));
    memory->values[0] = 0;
    for (size_t i = 0; i < rows; i++) {
        uint32_t length = 0;
        memcpy(&length, lengths + 4 * i, sizeof length);
        memory->values[i + 1] = memory->values[i] + (int64_t)length;
    }
    if (memory->values[rows] != (int64_t)size) return corrupt(err, "texts of a list that do not fill their bytes");
    *column = pdm_column_make(info->name, PDM_TYPE_LARGE_UTF8, bytes);
    column->offsets = memory->values;
    return PDM_OK;
}

static pdm_status read_cells(pdm_state *state, pdm__cbor_reader *r, const pdm_column_info *info, size_t rows,
                             pdm_column *column, pdm_error *err) {
    size_t items = 0;
    size_t count = 0;
    const uint8_t *valid = NULL;
    list_column memory = {NULL, NULL};
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    if (items != 2 && items != 3) return corrupt(err, "a list column with the wrong number of parts");
    PDM__TRY(pdm__cbor_read_typed_array(r, PDM__CBOR_U8, &valid, &count, err));
    if (count != rows) return corrupt(err, "a list with columns of different length");
    PDM__TRY(pdm__arena_take(&state->memory, rows / 8 + 1, &memory.validity, err));
    memset(memory.validity, 0, rows / 8 + 1);
    for (size_t i = 0; i < rows; i++) {
        if (valid[i] > 1) return corrupt(err, "a validity byte other than 0 and 1");
        memory.validity[i >> 3] = (uint8_t)(memory.validity[i >> 3] | valid[i] << (i & 7));
    }
    if (items == 2) {
        PDM__TRY(read_words(state, r, info, rows, &memory, column, err));
    } else {
        PDM__TRY(read_texts(state, r, info, rows, &memory, column, err));
    }
    column->validity = memory.validity;
    return PDM_OK;
}

static pdm_status decode_list(pdm_state *state, int32_t list, pdm__cbor_reader *r, pdm_error *err) {
    const pdm_list_info *info = &state->setup.metric->lists[list];
    size_t items = 0;
    int64_t rows = 0;
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    if (items == 0) return corrupt(err, "a list without its length");
    PDM__TRY(pdm__cbor_read_int(r, &rows, err));
    if (rows == 0 && items == 1) return PDM_OK;
    if (rows < 1 || (size_t)rows > r->size || items != (size_t)(1 + info->column_count))
        return corrupt(err, "a list of a wrong shape");
    pdm_column columns[PDM__MAX_COLUMNS];
    int32_t present = 0;
    for (int32_t c = 0; c < info->column_count; c++) {
        bool absent = false;
        PDM__TRY(pdm__cbor_read_null(r, &absent, err));
        if (!absent) PDM__TRY(read_cells(state, r, &info->columns[c], (size_t)rows, &columns[present++], err));
    }
    pdm_batch batch = pdm_batch_make(columns, present, rows);
    return pdm_state_set_list(state, info->name, &batch, err);
}

/* Lists that a metric has got since are at the end: states from before do not have them. */
static pdm_status decode_lists(pdm_state *state, pdm__cbor_reader *r, pdm_error *err) {
    size_t items = 0;
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    if (items > (size_t)state->setup.metric->list_count) return corrupt(err, "more lists than the metric has");
    for (int32_t i = 0; i < (int32_t)items; i++) PDM__TRY(decode_list(state, i, r, err));
    return PDM_OK;
}

/* ---- calendar ---- */

static void encode_calendar(const pdm_calendar *calendar, pdm__cbor_writer *w) {
    size_t count = (size_t)calendar->change_count;
    pdm__cbor_array(w, 4);
    pdm__cbor_int(w, calendar->week_start);
    pdm__cbor_int(w, calendar->utc_offset_s);
    uint8_t *changes = pdm__cbor_typed_array(w, PDM__CBOR_I64, count);
    if (changes != NULL && count > 0) memcpy(changes, calendar->change_s, 8 * count);
    uint8_t *offsets = pdm__cbor_typed_array(w, PDM__CBOR_I32, count);
    if (offsets != NULL && count > 0) memcpy(offsets, calendar->offset_s, 4 * count);
}

static pdm_status decode_calendar(pdm_state *state, pdm__cbor_reader *r, pdm_error *err) {
    size_t items = 0;
    size_t changes = 0;
    size_t offsets = 0;
    int64_t week_start = 0;
    int64_t offset = 0;
    const uint8_t *change_bytes = NULL;
    const uint8_t *offset_bytes = NULL;
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    if (items != 4) return corrupt(err, "a calendar with the wrong number of parts");
    PDM__TRY(pdm__cbor_read_int(r, &week_start, err));
    PDM__TRY(pdm__cbor_read_int(r, &offset, err));
    PDM__TRY(pdm__cbor_read_typed_array(r, PDM__CBOR_I64, &change_bytes, &changes, err));
    PDM__TRY(pdm__cbor_read_typed_array(r, PDM__CBOR_I32, &offset_bytes, &offsets, err));
    if (changes != offsets || changes > INT32_MAX || week_start < 0 || week_start > 6 || offset < -100000 ||
        offset > 100000) {
        return corrupt(err, "a calendar that cannot be");
    }
    int64_t *change_s = NULL;
    int32_t *offset_s = NULL;
    PDM__TRY(pdm__arena_take(&state->memory, (changes + 1) * sizeof *change_s, &change_s, err));
    PDM__TRY(pdm__arena_take(&state->memory, (changes + 1) * sizeof *offset_s, &offset_s, err));
    if (changes > 0) {
        memcpy(change_s, change_bytes, changes * sizeof *change_s);
        memcpy(offset_s, offset_bytes, changes * sizeof *offset_s);
    }
    pdm_calendar calendar = pdm_calendar_fixed((int32_t)offset);
    calendar.week_start = (int32_t)week_start;
    calendar.change_count = (int32_t)changes;
    calendar.change_s = change_s;
    calendar.offset_s = offset_s;
    return pdm_state_set_calendar(state, &calendar, err);
}

/* ---- the whole ---- */

static pdm_status encode_advanced(const pdm_state *state, pdm__run *run, pdm__cbor_writer *w, pdm_error *err) {
    pdm__cbor_array(w, ADVANCED_ITEMS);
    pdm__cbor_int(w, pdm__state_watermark(state));
    pdm__cbor_int(w, state->rows_late);
    pdm__cbor_uint(w, state->addends);
    pdm__images none = {.ready = false}; /* it has no journals */
    return pdm__store_encode(&state->settled, run, &none, w, err);
}

static pdm_status encode_state(pdm_state *state, pdm__run *run, pdm__cbor_writer *w, pdm_error *err) {
    const pdm_metric *metric = state->setup.metric;
    pdm__cbor_tag(w, SELF_DESCRIBED);
    pdm__cbor_array(w, TOP_ITEMS);
    pdm__cbor_text(w, "pdm", 3);
    pdm__cbor_uint(w, PDM__FORMAT_VERSION);
    pdm__cbor_text(w, metric->name, strlen(metric->name));
    pdm__cbor_uint(w, (uint64_t)metric->version);
    pdm__cbor_array(w, 3);
    pdm__options_encode(metric, state->options, w);
    encode_lists(state, w);
    encode_calendar(&state->calendar, w);
    bool segmented = metric->ops->seal != NULL;
    pdm__cbor_array(w, (size_t)(HEAD_ITEMS + (segmented || state->advanced ? 1 : 0)));
    pdm__cbor_int(w, state->rows);
    pdm__cbor_int(w, state->rows_null);
    pdm__cbor_int(w, state->time_min);
    pdm__cbor_int(w, state->time_max);
    pdm__cbor_uint(w, state->money);
    pdm__cbor_array(w, (size_t)state->plan.column_count);
    for (int32_t c = 0; c < state->plan.column_count; c++) pdm__cbor_uint(w, (uint64_t)state->kinds[c]);
    if (segmented) pdm__segments_encode(&state->segments, w);
    if (state->advanced) PDM__TRY(encode_advanced(state, run, w, err));
    PDM__TRY(pdm__store_encode(&state->store, run, &state->images, w, err));
    size_t covered = w->size;
    uint8_t *checksum = pdm__cbor_bytes(w, CHECKSUM_BYTES);
    if (checksum != NULL) {
        uint64_t hash = XXH64(w->buffer, covered, 0);
        memcpy(checksum, &hash, sizeof hash);
    }
    return PDM_OK;
}

pdm_status pdm__state_serialize(pdm_state *state, void *buffer, size_t capacity, size_t *size, pdm_error *err) {
    pdm__run run;
    pdm__run_begin(&run, state->context, 0);
    PDM__TRY(pdm__state_prepare(state, err));
    PDM__TRY(pdm__store_fold(&state->store, &run, err));
    PDM__TRY(pdm__state_settle(state, &run, err));
    pdm__cbor_writer measure = {.buffer = NULL};
    PDM__TRY(encode_state(state, &run, &measure, err));
    *size = measure.size;
    if (buffer == NULL) return PDM_OK;
    if (capacity < measure.size) {
        return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "the buffer has %zu bytes, the state needs %zu", capacity,
                         measure.size);
    }
    pdm__cbor_writer w = {.buffer = buffer, .capacity = capacity};
    pdm_status status = encode_state(state, &run, &w, err);
    pdm__images_clear(&state->images);
    return status;
}

pdm_status pdm_state_serialize(const pdm_state *state, void *buffer, size_t capacity, size_t *size, pdm_error *err) {
    if (size == NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "size is NULL");
    pdm_state *mine = NULL;
    PDM__TRY(pdm__state_enter_again(state, &mine, err));
    pdm_status status = pdm__state_serialize(mine, buffer, capacity, size, err);
    pdm__state_leave(mine);
    return status;
}

static pdm_status read_metric(pdm__cbor_reader *r, const pdm_metric **metric, pdm_error *err) {
    const char *text = NULL;
    size_t length = 0;
    uint64_t version = 0;
    char name[64];
    PDM__TRY(pdm__cbor_read_text(r, &text, &length, err));
    if (length != 3 || memcmp(text, "pdm", 3) != 0) return corrupt(err, "not written by this library");
    PDM__TRY(pdm__cbor_read_uint(r, &version, err));
    if (version == 0 || version > PDM__FORMAT_VERSION) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_VERSION, -1, NULL, "format %" PRIu64 "; this library reads 1 to %d",
                         version, PDM__FORMAT_VERSION);
    }
    r->format = (int32_t)version;
    PDM__TRY(pdm__cbor_read_text(r, &text, &length, err));
    if (length >= sizeof name) return corrupt(err, "the metric's name is too long");
    memcpy(name, text, length);
    name[length] = '\0';
    PDM__TRY(pdm__cbor_read_uint(r, &version, err));
    *metric = pdm_metric_find(name);
    if (*metric == NULL || version > (uint64_t)(*metric)->version) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_VERSION, -1, NULL,
                         "metric \"%s\" version %" PRIu64 " is not known to this library", name, version);
    }
    if (version < (uint64_t)(*metric)->ops->oldest_version) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_VERSION, -1, NULL,
                         "a state of metric \"%s\" version %" PRIu64 "; this library reads %d and later", name, version,
                         (*metric)->ops->oldest_version);
    }
    return PDM_OK;
}

/* Kinds of the key columns; those of the store's levels must agree with them. */
static pdm_status decode_kinds(pdm_state *state, pdm__cbor_reader *r, pdm_error *err) {
    const pdm__plan *plan = &state->plan;
    size_t items = 0;
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    if (items != (size_t)plan->column_count) return corrupt(err, "the wrong number of columns");
    for (int32_t c = 0; c < plan->column_count; c++) {
        uint64_t kind = 0;
        bool key = plan->columns[c].role == PDM_ROLE_KEY || plan->columns[c].role == PDM_ROLE_TEXT;
        PDM__TRY(pdm__cbor_read_uint(r, &kind, err));
        if (kind > (key ? PDM__KEY_TEXT : PDM__KEY_NONE)) return corrupt(err, "a key of unknown kind");
        state->kinds[c] = (int32_t)kind;
    }
    return PDM_OK;
}

static pdm_status check_kinds(const pdm_state *state, pdm_error *err) {
    const pdm__plan *plan = &state->plan;
    int32_t unit = state->dedupe ? pdm__dedupe_column(state->setup.metric) : plan->unit_column;
    bool good = unit < 0 || state->store.schema.levels[0].key_kind == state->kinds[unit];
    if (plan->part_column >= 0) {
        int32_t own = state->kinds[plan->part_column];
        int32_t other = plan->part_column_too < 0 ? PDM__KEY_NONE : state->kinds[plan->part_column_too];
        good = good && (own == PDM__KEY_NONE || other == PDM__KEY_NONE || own == other);
        if (!state->dedupe)
            good = good && state->store.schema.levels[1].key_kind == (own == PDM__KEY_NONE ? other : own);
    }
    return good ? PDM_OK : corrupt(err, "keys of a kind that their columns do not have");
}

/* They were made of one that the options ask for: what they span together. */
static pdm_status decode_segments(pdm_state *state, pdm__cbor_reader *r, pdm_error *err) {
    pdm__segments read;
    PDM__TRY(pdm__segments_decode(state->context, r, &read, err));
    pdm__segment asked = state->segments.items[0];
    pdm__segments_clear(state->context, &state->segments);
    state->segments = read;
    if (read.items[0].from != asked.from || read.items[read.count - 1].last != asked.last)
        return corrupt(err, "segments that the options do not ask for");
    return state->dedupe && pdm__segments_any_sealed(&read) ? corrupt(err, "sealed segments of rows") : PDM_OK;
}

static pdm_status decode_advanced(pdm_state *state, pdm__run *run, pdm__cbor_reader *r, pdm_error *err) {
    size_t items = 0;
    int64_t watermark = 0;
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    if (items != ADVANCED_ITEMS) return corrupt(err, "the wrong number of parts of what is settled");
    PDM__TRY(pdm__cbor_read_int(r, &watermark, err));
    PDM__TRY(pdm__cbor_read_int(r, &state->rows_late, err));
    PDM__TRY(pdm__cbor_read_uint(r, &state->addends, err));
    bool can = state->plan.settled.level_count > 0 && !state->dedupe;
    if (watermark == INT64_MIN || !can || state->addends > PDM__MOST_ADDENDS)
        return corrupt(err, "it cannot have advanced so");
    PDM__TRY(pdm__state_begin_advanced(state, watermark, err));
    bool drops = state->plan.late_before != INT64_MIN;
    if (state->rows_late < 0 || state->rows_late > (drops ? state->rows - state->rows_null : 0))
        return corrupt(err, "late rows that cannot be");
    state->settled.schema.addends = state->addends;
    return pdm__store_decode(&state->settled, run, r, state->rows, state->money, err);
}

static pdm_status decode_payload(pdm_state *state, pdm__cbor_reader *r, pdm_error *err) {
    size_t items = 0;
    pdm__run run;
    pdm__run_begin(&run, state->context, 0);
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    const pdm__metric_ops *ops = state->setup.metric->ops;
    bool segmented = ops->seal != NULL;
    bool advanced = ops->advance != NULL && items == HEAD_ITEMS + 1;
    if (items != (size_t)(HEAD_ITEMS + (segmented || advanced ? 1 : 0)))
        return corrupt(err, "the wrong number of totals");
    PDM__TRY(pdm__cbor_read_int(r, &state->rows, err));
    PDM__TRY(pdm__cbor_read_int(r, &state->rows_null, err));
    PDM__TRY(pdm__cbor_read_int(r, &state->time_min, err));
    PDM__TRY(pdm__cbor_read_int(r, &state->time_max, err));
    PDM__TRY(pdm__cbor_read_uint(r, &state->money, err));
    if (state->rows < 0 || state->rows_null < 0 || state->rows_null > state->rows ||
        state->money > (uint64_t)INT64_MAX) {
        return corrupt(err, "totals that cannot be");
    }
    PDM__TRY(pdm__state_prepare(state, err));
    if (pdm__state_check_rows(state, state->rows, NULL) != PDM_OK) return corrupt(err, "more rows than it can hold");
    PDM__TRY(decode_kinds(state, r, err));
    if (segmented) PDM__TRY(decode_segments(state, r, err));
    if (advanced) PDM__TRY(decode_advanced(state, &run, r, err));
    PDM__TRY(pdm__store_decode(&state->store, &run, r, state->rows, state->money, err));
    PDM__TRY(check_kinds(state, err));
    if (state->dedupe) return pdm__dedupe_check(state, err);
    if (ops->verify != NULL) PDM__TRY(ops->verify(&state->plan, &state->store, &run, err));
    if (!advanced || ops->verify_settled == NULL) return PDM_OK;
    return ops->verify_settled(&state->plan, &state->store, &state->settled, pdm__state_watermark(state), state->money,
                               &run, err);
}

static pdm_status decode_body(pdm_state *state, pdm__cbor_reader *r, pdm_error *err) {
    PDM__TRY(decode_lists(state, r, err));
    PDM__TRY(decode_calendar(state, r, err));
    return decode_payload(state, r, err);
}

/* A state that was never valid must not claim a fault of the caller's options. */
static pdm_status as_corrupt(pdm_status status, pdm_error *err) {
    if (status == PDM_OK || status == PDM_E_CORRUPT_STATE || status == PDM_E_UNSUPPORTED_VERSION ||
        status == PDM_E_NOMEM || status == PDM_E_LIMIT || status == PDM_E_STOPPED) {
        return status;
    }
    pdm_error inner;
    pdm_error_reset(&inner);
    if (err != NULL) inner = *err;
    return corrupt(err, inner.message);
}

static pdm_status deserialize(pdm_context *context, pdm__cbor_reader *r, pdm_state **out, pdm_error *err) {
    size_t items = 0;
    const pdm_metric *metric = NULL;
    PDM__TRY(pdm__cbor_read_tag(r, SELF_DESCRIBED, err));
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    if (items != TOP_ITEMS) return corrupt(err, "the wrong number of parts");
    PDM__TRY(read_metric(r, &metric, err));
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    if (items != 3) return corrupt(err, "the wrong number of settings");
    void *options = NULL;
    PDM__TRY(pdm__new_zero(context, 1, metric->options_size, &options, err));
    pdm_state *state = NULL;
    pdm_status status = pdm__options_decode(metric, options, r, err);
    if (status == PDM_OK) status = pdm_state_create(context, metric, options, &state, err);
    pdm__drop(context, options, 1, metric->options_size);
    if (status == PDM_OK) status = decode_body(state, r, err);
    /* Nine bytes are left: the checksum's head and the checksum. */
    if (status == PDM_OK && r->size - r->position != CHECKSUM_BYTES + 1) status = corrupt(err, "bytes after the end");
    if (status != PDM_OK) {
        pdm_state_free(state);
        return as_corrupt(status, err);
    }
    *out = state;
    return PDM_OK;
}

pdm_status pdm_state_deserialize(pdm_context *context, const void *bytes, size_t size, pdm_state **out,
                                 pdm_error *err) {
    pdm_error_reset(err);
    if (bytes == NULL || out == NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "bytes and out must not be NULL");
    /* The checksum first: a damaged file should be called that, not blamed on whatever its damage looks like. */
    const uint8_t *all = bytes;
    if (size < CHECKSUM_BYTES + 1) return corrupt(err, "too short");
    uint64_t expected = 0;
    memcpy(&expected, all + size - CHECKSUM_BYTES, sizeof expected);
    if (all[size - CHECKSUM_BYTES - 1] != 0x40 + CHECKSUM_BYTES ||
        XXH64(all, size - CHECKSUM_BYTES - 1, 0) != expected) {
        return corrupt(err, "the checksum does not fit (cut off or damaged)");
    }
    pdm_context *held = NULL;
    PDM__TRY(pdm__context_or_default(context, &held, err));
    pdm__cbor_reader r = {.bytes = all, .size = size};
    pdm_status status = deserialize(held, &r, out, err);
    pdm_context_free(held);
    return status;
}
