#include "core/ingest.h"

#include "core/convert.h"

pdm_status pdm__batch_check(const pdm_batch *batch, pdm_error *err) {
    if (batch == NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "batch is NULL");
    if (batch->struct_size != sizeof *batch) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "batch.struct_size is %u, %zu expected (use pdm_batch_make())",
                         batch->struct_size, sizeof *batch);
    }
    if (batch->length < 0 || batch->column_count < 0) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "batch has length %lld and %d columns; neither may be negative",
                         (long long)batch->length, batch->column_count);
    }
    if (batch->column_count > 0 && batch->columns == NULL) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "batch.columns is NULL but column_count is %d",
                         batch->column_count);
    }
    return PDM_OK;
}

static pdm_status find_column(const pdm_batch *batch, const char *name, const pdm_column **out, pdm_error *err) {
    *out = NULL;
    for (int32_t i = 0; i < batch->column_count; i++) {
        if (batch->columns[i].name == NULL || strcmp(batch->columns[i].name, name) != 0) continue;
        if (*out != NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, name, "two columns are called \"%s\"", name);
        *out = &batch->columns[i];
    }
    return PDM_OK;
}

pdm_status pdm__ingest_begin(pdm__ingest *in, const pdm_column_info *infos, int32_t count, const pdm__use *use,
                             const pdm_batch *batch, pdm_error *err) {
    PDM__TRY(pdm__batch_check(batch, err));
    in->infos = infos;
    in->count = count;
    for (int32_t i = 0; i < count; i++) {
        const pdm_column_info *info = &infos[i];
        in->columns[i] = NULL;
        in->kinds[i] = PDM__KEY_NONE;
        in->nullable[i] = info->nullable != 0;
        if (use[i] == PDM__UNUSED) continue;
        const pdm_column *column = NULL;
        PDM__TRY(find_column(batch, info->name, &column, err));
        if (column == NULL) {
            if (use[i] == PDM__OPTIONAL) continue;
            return pdm__fail(err, PDM_E_MISSING_COLUMN, -1, info->name, "column \"%s\" is missing (%s)", info->name,
                             info->doc);
        }
        int32_t scale = in->scales == NULL ? 0 : in->scales[i];
        PDM__TRY(pdm__convert_check(info, column, scale > 0 ? scale - 1 : in->currency_exponent, batch->length, err));
        in->columns[i] = column;
        in->kinds[i] = pdm__convert_key_kind(info, column);
    }
    return PDM_OK;
}

/* Memory of a block: per column words, lengths and one byte of validity a row, and one list of kept rows. */
static size_t block_words(int32_t columns, size_t rows) { return (size_t)columns * (2 * rows + (rows + 7) / 8) + rows; }

pdm_status pdm__block_init(pdm__block *block, pdm_context *context, int32_t column_count, size_t rows, pdm_error *err) {
    memset(block, 0, sizeof *block);
    if (rows > PDM__BLOCK_ROWS) rows = PDM__BLOCK_ROWS;
    if (rows == 0) rows = 1;
    PDM__TRY(pdm__new(context, block_words(column_count, rows), sizeof *block->memory, &block->memory, err));
    block->context = context;
    block->capacity = rows;
    block->column_count = column_count;
    return PDM_OK;
}

void pdm__block_clear(pdm__block *block) {
    if (block->context == NULL) return;
    pdm__drop(block->context, block->memory, block_words(block->column_count, block->capacity), sizeof *block->memory);
    memset(block, 0, sizeof *block);
}

static uint64_t *words_of(pdm__block *block, int32_t column) {
    return block->memory + (size_t)column * 2 * block->capacity;
}

static uint8_t *valid_of(pdm__block *block, int32_t column) {
    uint64_t *base = block->memory + (size_t)block->column_count * 2 * block->capacity;
    return (uint8_t *)(base + (size_t)column * ((block->capacity + 7) / 8));
}

static uint64_t *kept_of(const pdm__block *block) {
    return block->memory + block_words(block->column_count, block->capacity) - block->capacity;
}

/* The bytes of columns that need a value say nothing any more. */
static void forget_nulls(const pdm__ingest *in, pdm__block *block) {
    for (int32_t c = 0; c < in->count; c++) {
        if (!in->nullable[c]) block->cells[c].valid = NULL;
    }
}

void pdm__block_keep(const pdm__ingest *in, pdm__block *block, const uint32_t *which, size_t n) {
    uint64_t *kept = kept_of(block);
    for (size_t i = 0; i < n; i++) kept[i] = block->gaps ? kept[which[i]] : which[i];
    for (int32_t c = 0; c < in->count; c++) {
        pdm__cells *cells = &block->cells[c];
        if (!cells->present) continue;
        uint64_t *words = words_of(block, c);
        uint64_t *lengths = words + block->capacity;
        uint8_t *valid = valid_of(block, c);
        for (size_t i = 0; i < n; i++) words[i] = cells->words[which[i]];
        for (size_t i = 0; cells->lengths != NULL && i < n; i++) lengths[i] = cells->lengths[which[i]];
        for (size_t i = 0; cells->valid != NULL && i < n; i++) valid[i] = cells->valid[which[i]];
        cells->words = words;
        if (cells->lengths != NULL) cells->lengths = lengths;
        if (cells->valid != NULL) cells->valid = valid;
    }
    block->gaps = true;
    block->rows = n;
}

/* Leaves out the rows in which a column that needs a value has none. */
static void leave_out_nulls(const pdm__ingest *in, pdm__block *block) {
    uint32_t kept[PDM__BLOCK_ROWS];
    size_t n = 0;
    for (size_t r = 0; r < block->rows; r++) {
        bool whole = true;
        for (int32_t c = 0; c < in->count && whole; c++) {
            whole = in->nullable[c] || block->cells[c].valid == NULL || block->cells[c].valid[r] != 0;
        }
        if (whole) kept[n++] = (uint32_t)r;
    }
    block->skipped = (int64_t)(block->rows - n);
    if (block->skipped > 0) pdm__block_keep(in, block, kept, n);
    forget_nulls(in, block);
}

static pdm_status check_nulls(const pdm__ingest *in, pdm__block *block, int64_t first, pdm_error *err) {
    bool any = false;
    for (int32_t c = 0; c < in->count; c++) any = any || (!in->nullable[c] && block->cells[c].valid != NULL);
    if (!any) return PDM_OK;
    if (in->skip_nulls) {
        leave_out_nulls(in, block);
        return PDM_OK;
    }
    for (size_t r = 0; r < block->rows; r++) {
        for (int32_t c = 0; c < in->count; c++) {
            if (in->nullable[c] || block->cells[c].valid == NULL || block->cells[c].valid[r] != 0) continue;
            int64_t row = first + (int64_t)r;
            return pdm__fail(err, PDM_E_NULL_VALUE, row, in->infos[c].name,
                             "row %lld, column \"%s\": null; null_rows = skip leaves such rows out and counts them",
                             (long long)row, in->infos[c].name);
        }
    }
    forget_nulls(in, block); /* the bytes were there, no null was */
    return PDM_OK;
}

static uint64_t magnitude(uint64_t word) { return (int64_t)word < 0 ? -word : word; }

static void add_money(pdm__block *block, const pdm__cells *cells) {
    uint64_t sum = 0;
    uint64_t all = 0;
    for (size_t r = 0; r < block->rows; r++) {
        uint64_t m = magnitude(cells->words[r]);
        sum += m;
        all |= m;
    }
    if (all < (UINT64_C(1) << 53)) { /* 1024 of these fit */
        block->money += sum;
        return;
    }
    for (size_t r = 0; r < block->rows; r++) block->money += magnitude(cells->words[r]);
}

static void note_times(pdm__block *block, const pdm__cells *cells) {
    int64_t least = block->time_min;
    int64_t most = block->time_max;
    for (size_t r = 0; r < block->rows; r++) {
        int64_t t = (int64_t)cells->words[r];
        least = t < least ? t : least;
        most = t > most ? t : most;
    }
    block->time_min = least;
    block->time_max = most;
}

int64_t pdm__block_row(const pdm__block *block, size_t r) {
    return block->first + (int64_t)(block->gaps ? kept_of(block)[r] : r);
}

static pdm_status check_segments(const pdm__ingest *in, const pdm__block *block, int32_t column, pdm_error *err) {
    const pdm__segment *segment = pdm__segments_find(in->segments, block->time_min);
    if (block->rows == 0 || (segment != NULL && !segment->sealed && segment->last >= block->time_max)) return PDM_OK;
    for (size_t r = 0; r < block->rows; r++) {
        int64_t time = (int64_t)block->cells[column].words[r];
        segment = pdm__segments_find(in->segments, time);
        if (segment != NULL && !segment->sealed) continue;
        return pdm__segments_refuse(in->segments, pdm__block_row(block, r), in->infos[column].name, time, err);
    }
    return PDM_OK;
}

pdm_status pdm__ingest_block(const pdm__ingest *in, pdm__block *block, int64_t first, size_t rows, pdm_error *err) {
    block->rows = rows;
    block->first = first;
    block->skipped = 0;
    block->gaps = false;
    block->money = 0;
    block->time_min = INT64_MAX;
    block->time_max = INT64_MIN;
    for (int32_t c = 0; c < in->count; c++) {
        pdm__cells *cells = &block->cells[c];
        memset(cells, 0, sizeof *cells);
        if (in->columns[c] == NULL) continue;
        uint64_t *words = words_of(block, c);
        pdm__convert_to to = {.words = words, .lengths = words + block->capacity, .valid = valid_of(block, c)};
        PDM__TRY(pdm__convert(in, c, first, rows, &to, cells, err));
        cells->is_unsigned = in->kinds[c] == PDM__KEY_UINT;
    }
    PDM__TRY(check_nulls(in, block, first, err));
    bool timed = false;
    for (int32_t c = 0; c < in->count; c++) {
        if (!block->cells[c].present) continue;
        bool scaled = in->scales != NULL && in->scales[c] != 0;
        if ((in->infos[c].role == PDM_ROLE_MONEY && !scaled) || in->summed[c]) add_money(block, &block->cells[c]);
        if (in->infos[c].role == PDM_ROLE_TIME && !timed) {
            note_times(block, &block->cells[c]);
            timed = true;
            if (in->segments != NULL) PDM__TRY(check_segments(in, block, c, err));
        }
    }
    return PDM_OK;
}
