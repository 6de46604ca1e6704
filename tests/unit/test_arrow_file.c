/* The reader of Arrow files in examples/c is there to be copied: it never looks outside of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../examples/c/arrow_ipc.h"

/* Bytes on the heap, so that sanitizers see a step beside them. */
static uint8_t *read_orders(size_t *size) {
    FILE *file = fopen("examples/c/orders.arrow", "rb");
    assert_non_null(file);
    uint8_t *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1 << 20, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(*size, 1000, (1 << 20) - 1);
    bytes = realloc(bytes, *size);
    assert_non_null(bytes);
    return bytes;
}

/* Bytes that readers of a column may look at, from what its format letters promise. */
static size_t reach(const ipc_reader *r, const ipc_batch *batch, int64_t column, int64_t buffer) {
    const size_t rows = (size_t)batch->rows, width = (size_t)r->bits[column] / 8;
    if (rows == 0 || batch->buffers[column][buffer] == NULL) return 0;
    if (buffer == 0) return (rows + 7) / 8;
    if (r->buffers[column] == 2) return r->bits[column] == 1 ? (rows + 7) / 8 : rows * width;
    if (buffer == 1) return (rows + 1) * width;
    int64_t end = 0;
    for (size_t row = 0; row <= rows; row++) {
        int64_t next = 0;
        memcpy(&next, (const uint8_t *)batch->buffers[column][1] + row * width, width);
        assert_true(next >= end);
        end = next;
    }
    return (size_t)end;
}

/* Reads all there is and checks every buffer. How many rows there were, or -1 if the file was refused. */
static int64_t walk(const uint8_t *bytes, size_t size) {
    ipc_reader reader = {.file = {.bytes = bytes, .size = size}};
    ipc_batch batch;
    int64_t rows = 0;
    ipc_open(&reader);
    if (reader.file.wrong != NULL) return -1;
    assert_in_range(reader.columns, 0, IPC_COLUMNS);
    while (ipc_next(&reader, &batch)) {
        for (int64_t i = 0; i < reader.columns; i++) {
            assert_in_range(strlen(reader.formats[i]), 1, sizeof reader.formats[i] - 1);
            assert_in_range(strlen(reader.names[i]), 0, size);
            for (int64_t k = 0; k < reader.buffers[i]; k++) {
                const uint8_t *buffer = batch.buffers[i][k];
                const size_t needed = reach(&reader, &batch, i, k);
                if (needed == 0) continue;
                assert_true(buffer >= bytes && buffer <= bytes + size && needed <= (size_t)(bytes + size - buffer));
            }
            assert_true(batch.nulls[i] == 0 || batch.rows == 0 || batch.buffers[i][0] != NULL);
        }
        rows += batch.rows;
    }
    return reader.file.wrong == NULL ? rows : -1;
}

static void test_reads_the_orders(void **state) {
    (void)state;
    size_t size = 0;
    uint8_t *bytes = read_orders(&size);
    assert_int_equal(walk(bytes, size), 375);
    ipc_reader reader = {.file = {.bytes = bytes, .size = size}};
    ipc_open(&reader);
    assert_int_equal(reader.columns, 5);
    static const char *const columns[][2] = {
        {"customer_id", "u"}, {"order_id", "l"}, {"time", "tsu:UTC"}, {"amount", "l"}, {"original_order_id", "l"}};
    for (int64_t i = 0; i < reader.columns; i++) {
        assert_string_equal(reader.names[i], columns[i][0]);
        assert_string_equal(reader.formats[i], columns[i][1]);
    }
    free(bytes);
}

/* Every byte of the file once wrong in a few ways. */
static void test_wrong_bytes(void **state) {
    (void)state;
    size_t size = 0;
    uint8_t *bytes = read_orders(&size);
    int64_t refused = 0;
    for (size_t at = 0; at < size; at++) {
        const uint8_t good = bytes[at], bad[] = {0, 0x7F, 0xFF, (uint8_t)(good ^ 1), (uint8_t)(good + 8)};
        for (size_t i = 0; i < sizeof bad; i++) {
            bytes[at] = bad[i];
            refused += walk(bytes, size) < 0;
        }
        bytes[at] = good;
    }
    assert_true(refused > 1000);
    assert_int_equal(walk(bytes, size), 375);
    free(bytes);
}

/* A file that ends early is refused, even if it ends as a file should: no rows are lost in silence. */
static void test_missing_bytes(void **state) {
    (void)state;
    size_t size = 0;
    uint8_t *bytes = read_orders(&size);
    for (size_t left = 0; left < size; left++) {
        uint8_t *part = malloc(left + 1);
        assert_non_null(part);
        memcpy(part, bytes, left);
        assert_int_equal(walk(part, left), -1);
        if (left >= 16) memcpy(part + left - 6, "ARROW1", 6);
        assert_int_equal(walk(part, left), -1);
        free(part);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_the_orders),
        cmocka_unit_test(test_wrong_bytes),
        cmocka_unit_test(test_missing_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
