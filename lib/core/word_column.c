#include "core/word_column.h"

enum { FORM_PLAIN, FORM_RISING, FORM_FEW, FORM_ONE };

#define FORM_BITS 2
#define LENGTH_BITS 6
#define FEW_BITS 8
#define MOST_VALUES 256
#define NUMBER_BITS 69 /* of the longest */

/* ---- bits out ---- */

void pdm__bits_clear(pdm__bits *bits) {
    if (bits->bytes != NULL) pdm__drop(bits->context, bits->bytes, bits->capacity, 1);
    memset(bits, 0, sizeof *bits);
}

/* After it so many bits can be put, and the last byte filled up. */
static pdm_status make_room(pdm__bits *bits, uint64_t more, pdm_error *err) {
    if (more / 8 > SIZE_MAX / 4) return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "a state larger than memory can be");
    size_t wanted = bits->size + (size_t)(more / 8) + 2 * sizeof bits->hold;
    if (wanted <= bits->capacity) return PDM_OK;
    PDM__TRY(pdm__renew(bits->context, bits->capacity, wanted, 1, &bits->bytes, err));
    bits->capacity = wanted;
    return PDM_OK;
}

/* count ≤ 56, and value has no more bits. */
static inline void put(pdm__bits *bits, uint64_t value, int32_t count) {
    bits->hold |= value << bits->held;
    bits->held += count;
    memcpy(bits->bytes + bits->size, &bits->hold, sizeof bits->hold);
    int32_t whole = bits->held >> 3;
    bits->size += (size_t)whole;
    bits->hold >>= 8 * whole;
    bits->held &= 7;
}

/* Columns begin with a byte of their own. */
static void end_column(pdm__bits *bits) {
    if (bits->held > 0) put(bits, 0, 8 - bits->held);
}

static inline int32_t length_of(uint64_t number) { return number < 2 ? 0 : 63 - __builtin_clzll(number); }

static inline int32_t bits_of(uint64_t number) {
    int32_t length = length_of(number);
    return LENGTH_BITS + (length == 0 ? 1 : length);
}

static inline void put_number(pdm__bits *bits, uint64_t number) {
    int32_t length = length_of(number);
    put(bits, (uint64_t)length, LENGTH_BITS);
    if (length == 0) {
        put(bits, number, 1);
        return;
    }
    uint64_t rest = number & ~(UINT64_C(1) << length);
    if (length > 32) {
        put(bits, rest & UINT32_MAX, 32);
        rest >>= 32;
        length -= 32;
    }
    put(bits, rest, length);
}

static inline uint64_t zigzag(int64_t value) { return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0); }
static inline int64_t unzigzag(uint64_t number) { return (int64_t)(number >> 1 ^ (0 - (number & 1))); }

/* ---- entries ---- */

pdm_status pdm__put_entries(pdm__bits *bits, const uint32_t *entries, size_t count, pdm_error *err) {
    size_t runs = 0;
    for (size_t i = 0; i < count; i++) runs += i == 0 || entries[i] != entries[i - 1];
    PDM__TRY(make_room(bits, (uint64_t)runs * 2 * NUMBER_BITS, err));
    uint32_t next = 0;
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && entries[end] == entries[i]) end++;
        put_number(bits, entries[i] - next);
        put_number(bits, end - i - 1);
        next = entries[i] + 1;
        i = end;
    }
    end_column(bits);
    return PDM_OK;
}

/* ---- words ---- */

/* What is known of a column before it is written. */
typedef struct survey {
    uint64_t least; /* as int64 */
    uint64_t divisor;
    bool rising;
    int32_t value_count; /* MOST_VALUES + 1 = more */
    int64_t values[MOST_VALUES];
    uint64_t costs[FORM_ONE + 1]; /* bits; UINT64_MAX: cannot be */
} survey;

static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Different values, unsorted, as long as they are few. */
typedef struct value_table {
    int64_t keys[2 * MOST_VALUES];
    bool used[2 * MOST_VALUES];
    int32_t count;
} value_table;

static inline size_t place_of(int64_t value) {
    return (size_t)(((uint64_t)value * UINT64_C(0x9E3779B97F4A7C15)) >> 55);
}

static void note_value(value_table *table, int64_t value) {
    size_t at = place_of(value);
    while (table->used[at] && table->keys[at] != value) at = (at + 1) % (2 * MOST_VALUES);
    if (table->used[at]) return;
    if (table->count < MOST_VALUES) {
        table->used[at] = true;
        table->keys[at] = value;
    }
    table->count++;
}

static void sort_values(const value_table *table, survey *s) {
    s->value_count = table->count;
    if (table->count > MOST_VALUES) return;
    int32_t n = 0;
    for (size_t at = 0; at < 2 * MOST_VALUES; at++) {
        if (!table->used[at]) continue;
        int32_t to = n++;
        for (; to > 0 && s->values[to - 1] > table->keys[at]; to--) s->values[to] = s->values[to - 1];
        s->values[to] = table->keys[at];
    }
}

/* Bits that tell so many apart. */
static int32_t index_bits(int32_t values) {
    int32_t bits = 1;
    while ((1 << bits) < values) bits++;
    return bits;
}

static uint64_t steps_of(const survey *s, int64_t word) {
    uint64_t difference = (uint64_t)word - s->least;
    return s->divisor == 1 ? difference : difference / s->divisor;
}

static void find_least_and_divisor(const pdm__word_column *column, survey *s) {
    int64_t least = column->words[0];
    for (size_t i = 1; i < column->count; i++) least = column->words[i] < least ? column->words[i] : least;
    s->least = (uint64_t)least;
    uint64_t divisor = 0;
    for (size_t i = 0; i < column->count && divisor != 1; i++)
        divisor = common_divisor((uint64_t)column->words[i] - s->least, divisor);
    s->divisor = divisor == 0 ? 1 : divisor;
}

static void add_costs(const pdm__word_column *column, survey *s) {
    uint64_t head = FORM_BITS + (uint64_t)bits_of(zigzag((int64_t)s->least)) + (uint64_t)bits_of(s->divisor);
    uint64_t plain = head;
    uint64_t rising = head;
    uint64_t before = 0;
    for (size_t i = 0; i < column->count; i++) {
        uint64_t steps = steps_of(s, column->words[i]);
        bool begins = column->begins[i] != 0;
        plain += (uint64_t)bits_of(steps);
        rising += (uint64_t)bits_of(begins ? steps : steps - before);
        s->rising &= begins || steps >= before;
        before = steps;
    }
    s->costs[FORM_PLAIN] = plain;
    s->costs[FORM_RISING] = s->rising ? rising : UINT64_MAX;
    s->costs[FORM_FEW] = UINT64_MAX;
    s->costs[FORM_ONE] = UINT64_MAX;
    if (s->value_count > MOST_VALUES) return;
    uint64_t few = FORM_BITS + FEW_BITS + (uint64_t)bits_of(zigzag(s->values[0]));
    for (int32_t v = 1; v < s->value_count; v++)
        few += (uint64_t)bits_of((uint64_t)s->values[v] - (uint64_t)s->values[v - 1] - 1);
    s->costs[FORM_FEW] = few + (uint64_t)column->count * (uint64_t)index_bits(s->value_count);
    if (s->value_count == 1 && !column->first) s->costs[FORM_ONE] = FORM_BITS + (uint64_t)bits_of(zigzag(s->values[0]));
}

static int32_t shortest(const survey *s) {
    int32_t best = FORM_PLAIN;
    for (int32_t form = FORM_RISING; form <= FORM_ONE; form++) best = s->costs[form] < s->costs[best] ? form : best;
    return best;
}

static void put_steps(pdm__bits *bits, const pdm__word_column *column, const survey *s, bool rising) {
    uint64_t before = 0;
    put_number(bits, zigzag((int64_t)s->least));
    put_number(bits, s->divisor);
    for (size_t i = 0; i < column->count; i++) {
        uint64_t steps = steps_of(s, column->words[i]);
        put_number(bits, rising && column->begins[i] == 0 ? steps - before : steps);
        before = steps;
    }
}

static void put_few(pdm__bits *bits, const pdm__word_column *column, const survey *s) {
    uint8_t index_of[2 * MOST_VALUES] = {0}; /* at the place of a value, or behind it */
    int64_t keys[2 * MOST_VALUES];
    bool used[2 * MOST_VALUES] = {false};
    int32_t width = index_bits(s->value_count);
    put(bits, (uint64_t)(s->value_count - 1), FEW_BITS);
    put_number(bits, zigzag(s->values[0]));
    for (int32_t v = 0; v < s->value_count; v++) {
        if (v > 0) put_number(bits, (uint64_t)s->values[v] - (uint64_t)s->values[v - 1] - 1);
        size_t at = place_of(s->values[v]);
        while (used[at]) at = (at + 1) % (2 * MOST_VALUES);
        used[at] = true;
        keys[at] = s->values[v];
        index_of[at] = (uint8_t)v;
    }
    for (size_t i = 0; i < column->count; i++) {
        size_t at = place_of(column->words[i]);
        while (keys[at] != column->words[i] || !used[at]) at = (at + 1) % (2 * MOST_VALUES);
        put(bits, index_of[at], width);
    }
}

/* Returns the form to write. */
static int32_t look_at(const pdm__word_column *column, survey *s) {
    value_table table = {.count = 0};
    s->rising = true;
    find_least_and_divisor(column, s);
    for (size_t i = 0; i < column->count && table.count <= MOST_VALUES; i++) note_value(&table, column->words[i]);
    sort_values(&table, s);
    add_costs(column, s);
    return shortest(s);
}

pdm_status pdm__put_words(pdm__bits *bits, const pdm__word_column *column, pdm_error *err) {
    survey s;
    int32_t form = look_at(column, &s);
    PDM__TRY(make_room(bits, s.costs[form], err));
    put(bits, (uint64_t)form, FORM_BITS);
    switch (form) {
    case FORM_ONE: put_number(bits, zigzag(s.values[0])); break;
    case FORM_FEW: put_few(bits, column, &s); break;
    default: put_steps(bits, column, &s, form == FORM_RISING); break;
    }
    end_column(bits);
    return PDM_OK;
}

/* ---- bits in ---- */

/* At least 56 bits are held after it, as far as there are any. */
static inline void refill(pdm__bit_reader *r) {
    while (r->held <= 56 && r->at < r->size) {
        r->hold |= (uint64_t)r->bytes[r->at++] << r->held;
        r->held += 8;
    }
}

/* count ≤ 56 */
static inline uint64_t get(pdm__bit_reader *r, int32_t count) {
    if (r->held < count) refill(r);
    if (PDM__UNLIKELY(r->held < count)) {
        r->failed = true;
        return 0;
    }
    uint64_t value = r->hold & ((UINT64_C(1) << count) - 1);
    r->hold >>= count;
    r->held -= count;
    return value;
}

static inline uint64_t get_number(pdm__bit_reader *r) {
    int32_t length = (int32_t)get(r, LENGTH_BITS);
    if (length == 0) return get(r, 1);
    uint64_t low = get(r, length > 32 ? 32 : length);
    if (length > 32) low |= get(r, length - 32) << 32;
    return low | UINT64_C(1) << length;
}

bool pdm__bits_at_end(const pdm__bit_reader *r) {
    return !r->failed && r->at == r->size && r->held < 8 && r->hold == 0;
}

void pdm__entries_begin(pdm__entry_reader *r, const uint8_t *bytes, size_t size) {
    *r = (pdm__entry_reader){.bits = {.bytes = bytes, .size = size}};
}

bool pdm__next_entry(pdm__entry_reader *r, uint64_t limit, uint32_t *entry, bool *begins) {
    *begins = r->left == 0;
    if (*begins) {
        uint64_t gap = get_number(&r->bits);
        uint64_t next = r->started ? r->entry + 1 : 0;
        r->left = get_number(&r->bits);
        if (r->bits.failed || next >= limit || gap >= limit - next || r->left == UINT64_MAX) return false;
        r->entry = next + gap;
        r->started = true;
        r->left++;
    }
    r->left--;
    *entry = (uint32_t)r->entry;
    return true;
}

static bool read_values(pdm__word_reader *r) {
    r->value_count = (int32_t)get(&r->bits, FEW_BITS) + 1;
    r->width = index_bits(r->value_count);
    r->values[0] = unzigzag(get_number(&r->bits));
    for (int32_t v = 1; v < r->value_count; v++) {
        uint64_t more = get_number(&r->bits);
        if (more >= (uint64_t)INT64_MAX - (uint64_t)r->values[v - 1]) return false;
        r->values[v] = (int64_t)((uint64_t)r->values[v - 1] + more + 1);
    }
    return !r->bits.failed;
}

bool pdm__words_begin(pdm__word_reader *r, const uint8_t *bytes, size_t size, bool first) {
    memset(r, 0, sizeof *r);
    r->bits = (pdm__bit_reader){.bytes = bytes, .size = size};
    r->form = (int32_t)get(&r->bits, FORM_BITS);
    if (r->form == FORM_FEW) return read_values(r);
    r->least = (uint64_t)unzigzag(get_number(&r->bits));
    if (r->form == FORM_ONE) return !first && !r->bits.failed;
    r->divisor = get_number(&r->bits);
    return r->divisor > 0 && !r->bits.failed;
}

bool pdm__next_word(pdm__word_reader *r, bool begins, int64_t *word) {
    *word = (int64_t)r->least;
    if (r->form == FORM_ONE) return true;
    if (r->form == FORM_FEW) {
        uint64_t index = get(&r->bits, r->width);
        if (r->bits.failed || index >= (uint64_t)r->value_count) return false;
        *word = r->values[index];
        return true;
    }
    uint64_t steps = get_number(&r->bits);
    if (r->form == FORM_RISING && !begins && __builtin_add_overflow(steps, r->step, &steps)) return false;
    r->step = steps;
    uint64_t difference = 0;
    if (__builtin_mul_overflow(steps, r->divisor, &difference)) return false;
    if (difference > (uint64_t)INT64_MAX - r->least) return false; /* modulo 2^64: how far the largest int64 is */
    *word = (int64_t)(r->least + difference);
    return !r->bits.failed;
}

bool pdm__words_are_canonical(const pdm__word_reader *r, const pdm__word_column *column) {
    survey s;
    if (look_at(column, &s) != r->form) return false;
    switch (r->form) {
    case FORM_ONE: return true;
    case FORM_FEW: return s.value_count == r->value_count; /* they ascend, and all that come are among them */
    default: return s.least == r->least && s.divisor == r->divisor;
    }
}
