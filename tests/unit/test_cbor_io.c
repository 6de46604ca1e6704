/* CBOR written byte for byte as RFC 8949 and RFC 8746 have it, and read only if it is. */
#include "core/cbor_io.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CAPACITY 512

typedef struct output {
    uint8_t bytes[CAPACITY];
    pdm__cbor_writer writer;
} output;

static pdm__cbor_writer *start(output *out) {
    memset(out, 0xEE, sizeof *out);
    out->writer = (pdm__cbor_writer){out->bytes, sizeof out->bytes, 0, false};
    return &out->writer;
}

static void expect_bytes(const output *out, const char *hex) {
    assert_false(out->writer.overflow);
    assert_int_equal(out->writer.size, strlen(hex) / 2);
    for (size_t i = 0; i < out->writer.size; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        assert_int_equal(out->bytes[i], strtoul(digits, NULL, 16));
    }
}

/* Input of exactly its length on the heap, so that a sanitizer sees any step over the end. */
typedef struct input {
    uint8_t *bytes;
    pdm__cbor_reader reader;
} input;

static input given(const char *hex) {
    size_t size = strlen(hex) / 2;
    input in = {.bytes = malloc(size > 0 ? size : 1)};
    assert_non_null(in.bytes);
    for (size_t i = 0; i < size; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        in.bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    in.reader = (pdm__cbor_reader){.bytes = in.bytes, .size = size};
    return in;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static void integers_are_written_shortest(void **state) {
    (void)state;
    static const struct {
        int64_t value;
        const char *hex;
    } cases[] = {
        {0, "00"},
        {23, "17"},
        {24, "1818"},
        {255, "18ff"},
        {256, "190100"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {INT64_C(4294967295), "1affffffff"},
        {INT64_C(4294967296), "1b0000000100000000"},
        {INT64_MAX, "1b7fffffffffffffff"},
        {-1, "20"},
        {-24, "37"},
        {-25, "3818"},
        {-256, "38ff"},
        {-257, "390100"},
        {-65537, "3a00010000"},
        {INT64_C(-4294967297), "3b0000000100000000"},
        {INT64_MIN, "3b7fffffffffffffff"},
    };
    for (int32_t i = 0; i < PDM__COUNT(cases); i++) {
        output out;
        pdm__cbor_int(start(&out), cases[i].value);
        expect_bytes(&out, cases[i].hex);
        input in = given(cases[i].hex);
        int64_t value;
        assert_int_equal(pdm__cbor_read_int(&in.reader, &value, NULL), PDM_OK);
        assert_int_equal(value, cases[i].value);
        assert_int_equal(in.reader.position, in.reader.size);
        free(in.bytes);
    }
    output out;
    pdm__cbor_uint(start(&out), UINT64_MAX);
    expect_bytes(&out, "1bffffffffffffffff");
}

static void other_items_are_written(void **state) {
    (void)state;
    output out;
    pdm__cbor_tag(start(&out), 55799);
    pdm__cbor_array(&out.writer, 6);
    pdm__cbor_text(&out.writer, "pdm", 3);
    pdm__cbor_text(&out.writer, NULL, 0);
    pdm__cbor_null(&out.writer);
    pdm__cbor_double(&out.writer, 1.5);
    pdm__cbor_double(&out.writer, -0.0);
    uint8_t *to = pdm__cbor_bytes(&out.writer, 2);
    assert_non_null(to);
    to[0] = 0xAB;
    to[1] = 0xCD;
    expect_bytes(&out, "d9d9f7"
                       "86"
                       "6370646d"
                       "60"
                       "f6"
                       "fb3ff8000000000000"
                       "fb8000000000000000"
                       "42abcd");
    pdm__cbor_double(start(&out), (double)INFINITY);
    expect_bytes(&out, "fb7ff0000000000000");
}

static void typed_arrays_are_written(void **state) {
    (void)state;
    static const struct {
        pdm__cbor_typed type;
        size_t width;
        const char *head;
    } cases[] = {
        {PDM__CBOR_U8, 1, "d84043"},  {PDM__CBOR_U32, 4, "d8464c"},   {PDM__CBOR_U64, 8, "d8475818"},
        {PDM__CBOR_I32, 4, "d84e4c"}, {PDM__CBOR_I64, 8, "d84f5818"}, {PDM__CBOR_F64, 8, "d8565818"},
    };
    for (int32_t i = 0; i < PDM__COUNT(cases); i++) {
        output out;
        uint8_t *to = pdm__cbor_typed_array(start(&out), cases[i].type, 3);
        size_t head = strlen(cases[i].head) / 2;
        assert_ptr_equal(to, out.bytes + head);
        assert_int_equal(out.writer.size, head + 3 * cases[i].width);
        out.writer.size = head;
        expect_bytes(&out, cases[i].head);
        pdm__cbor_reader reader = {.bytes = out.bytes, .size = head + 3 * cases[i].width};
        const uint8_t *values;
        size_t count;
        assert_int_equal(pdm__cbor_read_typed_array(&reader, cases[i].type, &values, &count, NULL), PDM_OK);
        assert_int_equal(count, 3);
        assert_ptr_equal(values, to);
        assert_int_equal(reader.position, reader.size);
    }
}

static void write_sample(pdm__cbor_writer *w) {
    pdm__cbor_array(w, 4);
    pdm__cbor_uint(w, 1000);
    pdm__cbor_text(w, "hello", 5);
    uint8_t *to = pdm__cbor_typed_array(w, PDM__CBOR_I64, 4);
    if (to != NULL) memset(to, 7, 32);
    pdm__cbor_null(w);
}

/* Counting gives the size of writing; one byte less of room is an overflow that writes nothing outside. */
static void counting_and_overflow(void **state) {
    (void)state;
    pdm__cbor_writer counting = {NULL, 0, 0, false};
    write_sample(&counting);
    assert_false(counting.overflow);
    for (size_t room = 0; room <= counting.size; room++) {
        uint8_t *buffer = malloc(room > 0 ? room : 1);
        assert_non_null(buffer);
        pdm__cbor_writer w = {buffer, room, 0, false};
        write_sample(&w);
        assert_int_equal(w.size, counting.size);
        assert_int_equal(w.overflow, room < counting.size);
        free(buffer);
    }
    pdm__cbor_writer huge = {NULL, 0, 0, false};
    assert_null(pdm__cbor_typed_array(&huge, PDM__CBOR_F64, SIZE_MAX / 4));
    assert_true(huge.overflow);
    assert_int_equal(huge.size, SIZE_MAX);
    huge = (pdm__cbor_writer){NULL, 0, 0, false};
    assert_null(pdm__cbor_bytes(&huge, SIZE_MAX - 3));
    assert_true(huge.overflow);
    pdm__cbor_null(&huge);
    assert_int_equal(huge.size, SIZE_MAX);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

typedef enum ask {
    ASK_UINT,
    ASK_INT,
    ASK_DOUBLE,
    ASK_TEXT,
    ASK_ARRAY,
    ASK_TAG_64,
    ASK_BYTES,
    ASK_TYPED_I64,
    ASK_COUNT
} ask;

static pdm_status read_as(pdm__cbor_reader *r, ask what, pdm_error *err) {
    uint64_t u;
    int64_t i;
    double d;
    const char *text;
    const uint8_t *bytes;
    size_t count;
    switch (what) {
    case ASK_UINT: return pdm__cbor_read_uint(r, &u, err);
    case ASK_INT: return pdm__cbor_read_int(r, &i, err);
    case ASK_DOUBLE: return pdm__cbor_read_double(r, &d, err);
    case ASK_TEXT: return pdm__cbor_read_text(r, &text, &count, err);
    case ASK_ARRAY: return pdm__cbor_read_array(r, &count, err);
    case ASK_TAG_64: return pdm__cbor_read_tag(r, 64, err);
    case ASK_BYTES: return pdm__cbor_read_bytes(r, &bytes, &count, err);
    case ASK_TYPED_I64: return pdm__cbor_read_typed_array(r, PDM__CBOR_I64, &bytes, &count, err);
    case ASK_COUNT:
    default: fail(); return PDM_OK;
    }
}

static void good_items_are_read(void **state) {
    (void)state;
    input in = given("86"
                     "1bffffffffffffffff"
                     "fbc004000000000000"
                     "63e58583"
                     "f6"
                     "d84f480100000000000000"
                     "40");
    pdm__cbor_reader *r = &in.reader;
    size_t count;
    uint64_t u;
    double d;
    const char *text;
    bool was_null;
    const uint8_t *bytes;
    assert_int_equal(pdm__cbor_read_array(r, &count, NULL), PDM_OK);
    assert_int_equal(count, 6);
    assert_int_equal(pdm__cbor_read_null(r, &was_null, NULL), PDM_OK);
    assert_false(was_null);
    assert_int_equal(pdm__cbor_read_uint(r, &u, NULL), PDM_OK);
    assert_true(u == UINT64_MAX);
    assert_int_equal(pdm__cbor_read_double(r, &d, NULL), PDM_OK);
    assert_true(d == -2.5);
    assert_int_equal(pdm__cbor_read_text(r, &text, &count, NULL), PDM_OK);
    assert_int_equal(count, 3);
    assert_memory_equal(text, "\xE5\x85\x83", 3);
    assert_int_equal(pdm__cbor_read_null(r, &was_null, NULL), PDM_OK);
    assert_true(was_null);
    assert_int_equal(pdm__cbor_read_typed_array(r, PDM__CBOR_I64, &bytes, &count, NULL), PDM_OK);
    assert_int_equal(count, 1);
    assert_int_equal(bytes[0], 1);
    assert_int_equal(pdm__cbor_read_bytes(r, &bytes, &count, NULL), PDM_OK);
    assert_int_equal(count, 0);
    assert_int_equal(r->position, r->size);
    pdm_error err;
    assert_int_equal(pdm__cbor_read_null(r, &was_null, &err), PDM_E_CORRUPT_STATE);
    assert_int_equal(err.code, PDM_E_CORRUPT_STATE);
    free(in.bytes);
}

/* Each is refused by every kind of reading, with a message, and without moving on. */
static void bad_items_are_refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        /* not shortest: integers, lengths, counts, tags */
        "1800",
        "1817",
        "190017",
        "1900ff",
        "1a0000ffff",
        "1b00000000ffffffff",
        "3800",
        "3817",
        "3900ff",
        "3a0000ffff",
        "3b00000000ffffffff",
        "780161",
        "79000161",
        "7a0000000161",
        "7b000000000000000161",
        "580161",
        "59000161",
        "7b0000000000000000",
        "9800",
        "990001f6",
        "9b0000000000000001f6",
        "d90040",
        "d900404100",
        "da0000004f40",
        /* indefinite */
        "5f4100ff",
        "7f6161ff",
        "9f00ff",
        "bf6161f6ff",
        "ff",
        /* cut off */
        "18",
        "19",
        "1901",
        "1a010000",
        "1b01000000000000",
        "38",
        "3b01",
        "41",
        "420a",
        "61",
        "626d",
        "5818",
        "580a00",
        "7818",
        "98",
        "9903",
        "d8",
        "d9d9",
        "fb",
        "fb3ff80000000000",
        "d84f",
        "d84f58",
        "d84f5808",
        "d84f4800000000000000",
        /* lengths and counts beyond the end, up to the largest */
        "5bffffffffffffffff",
        "7bffffffffffffffff",
        "9bffffffffffffffff",
        "5b7fffffffffffffff00",
        "5affffffff00",
        "81",
        "8200",
        "9a0001000000",
        "9bfffffffffffffff0",
        /* other types, reserved heads */
        "a0",
        "a16161f6",
        "f4",
        "f5",
        "f7",
        "f93c00",
        "fa3f800000",
        "e0",
        "f3",
        "f818",
        "f8ff",
        "fc",
        "1c",
        "1f",
        "3f",
        "5c",
        "7e",
        "9d",
        "df",
        /* the wrong tag, or a typed array that is none */
        "d84100",
        "d84f00",
        "d84f4100",
        "d84f49000000000000000000",
        "d84f80",
        "d84fd84f40",
    };
    for (int32_t i = 0; i < PDM__COUNT(cases); i++) {
        for (int what = 0; what < ASK_COUNT; what++) {
            input in = given(cases[i]);
            pdm_error err;
            pdm_error_reset(&err);
            pdm_status status = read_as(&in.reader, (ask)what, &err);
            if (status != PDM_E_CORRUPT_STATE) fail_msg("%s read as %d: status %d", cases[i], what, (int)status);
            assert_int_equal(err.code, PDM_E_CORRUPT_STATE);
            assert_true(err.message[0] != '\0');
            assert_int_equal(in.reader.position, 0);
            free(in.bytes);
        }
    }
}

/* A well-formed item is read as what it is and as nothing else. */
static void wrong_types_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *hex;
        unsigned fits; /* bit per ask */
    } cases[] = {
        {"17", 1U << ASK_UINT | 1U << ASK_INT},
        {"1b8000000000000000", 1U << ASK_UINT},
        {"20", 1U << ASK_INT},
        {"3b8000000000000000", 0},
        {"3b7fffffffffffffff", 1U << ASK_INT},
        {"fb3ff8000000000000", 1U << ASK_DOUBLE},
        {"fb7ff8000000000000", 1U << ASK_DOUBLE},
        {"6161", 1U << ASK_TEXT},
        {"4161", 1U << ASK_BYTES},
        {"80", 1U << ASK_ARRAY},
        {"8100", 1U << ASK_ARRAY},
        {"f6", 0},
        {"d84000", 1U << ASK_TAG_64},
        {"d84f40", 1U << ASK_TYPED_I64},
        {"d84f480000000000000000", 1U << ASK_TYPED_I64},
        {"d847480000000000000000", 0},
        {"c000", 0},
    };
    for (int32_t i = 0; i < PDM__COUNT(cases); i++) {
        for (int what = 0; what < ASK_COUNT; what++) {
            input in = given(cases[i].hex);
            bool fits = (cases[i].fits >> what & 1U) != 0;
            pdm_status status = read_as(&in.reader, (ask)what, NULL);
            if (status != (fits ? PDM_OK : PDM_E_CORRUPT_STATE))
                fail_msg("%s as %d: %d", cases[i].hex, what, (int)status);
            assert_int_equal(in.reader.position != 0, fits);
            free(in.bytes);
        }
    }
}

static void messages_say_what_came(void **state) {
    (void)state;
    input in = given("006161");
    pdm_error err;
    uint64_t value;
    assert_int_equal(pdm__cbor_read_uint(&in.reader, &value, &err), PDM_OK);
    assert_int_equal(pdm__cbor_read_uint(&in.reader, &value, &err), PDM_E_CORRUPT_STATE);
    assert_string_equal(err.message, "expected an unsigned integer at byte 1, found a text");
    in.reader.position = 7; /* nonsense from a caller's own arithmetic must not read outside */
    assert_int_equal(pdm__cbor_read_uint(&in.reader, &value, &err), PDM_E_CORRUPT_STATE);
    free(in.bytes);
}

static uint64_t random_state = 7;

static uint64_t random64(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

/* Whatever is accepted is what the writer would have written: there is one form only. */
static void accepted_bytes_are_canonical(void **state) {
    (void)state;
    static const uint8_t heads[] = {0x00, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x20, 0x38, 0x3B, 0x40, 0x43, 0x58, 0x59, 0x5B,
                                    0x60, 0x62, 0x78, 0x80, 0x82, 0x98, 0xD8, 0xD9, 0xF6, 0xFB, 0xF9, 0x5F, 0x9F, 0xFF};
    for (int round = 0; round < 300000; round++) {
        size_t size = 1 + random64() % 12;
        uint8_t *bytes = malloc(size);
        assert_non_null(bytes);
        for (size_t i = 0; i < size; i++) bytes[i] = random64() % 3 ? (uint8_t)(random64() % 40) : (uint8_t)random64();
        bytes[0] = heads[random64() % sizeof heads];
        pdm__cbor_reader r = {.bytes = bytes, .size = size};
        output out;
        pdm__cbor_writer *w = start(&out);
        int64_t value;
        double number;
        const uint8_t *string;
        const char *text;
        size_t count;
        if (pdm__cbor_read_int(&r, &value, NULL) == PDM_OK) {
            pdm__cbor_int(w, value);
        } else if (pdm__cbor_read_double(&r, &number, NULL) == PDM_OK) {
            pdm__cbor_double(w, number);
        } else if (pdm__cbor_read_text(&r, &text, &count, NULL) == PDM_OK) {
            pdm__cbor_text(w, text, count);
        } else if (pdm__cbor_read_bytes(&r, &string, &count, NULL) == PDM_OK) {
            memcpy(pdm__cbor_bytes(w, count), string, count);
        } else if (pdm__cbor_read_array(&r, &count, NULL) == PDM_OK) {
            pdm__cbor_array(w, count);
        }
        assert_true(r.position <= size);
        assert_int_equal(w->size, r.position);
        assert_memory_equal(out.bytes, bytes, r.position);
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_written_shortest), cmocka_unit_test(other_items_are_written),
        cmocka_unit_test(typed_arrays_are_written),      cmocka_unit_test(counting_and_overflow),
        cmocka_unit_test(good_items_are_read),           cmocka_unit_test(bad_items_are_refused),
        cmocka_unit_test(wrong_types_are_refused),       cmocka_unit_test(messages_say_what_came),
        cmocka_unit_test(accepted_bytes_are_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
