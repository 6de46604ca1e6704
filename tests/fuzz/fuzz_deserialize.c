/*
 * Bytes as a state. The checksum is put right first, so that what lies behind it is reached. What is taken for a valid state must act
 * like one: written again it is stable, merged with itself it is a state, and its result can be asked for.
 */
#include "contexts.h"

#include <pdmetrics/state.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECKSUM 8

static void check_at(int condition, int line) {
    if (condition) return;
    (void)fprintf(stderr, "%s:%d: this must not be\n", __FILE__, line);
    abort();
}
#define check(condition) check_at(condition, __LINE__)

static uint8_t *copy_with_checksum(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) return NULL;
    if (size > 0) memcpy(copy, data, size);
    if (size <= CHECKSUM) return copy;
    size_t covered = size - CHECKSUM - 1;
    copy[covered] = 0x40 + CHECKSUM;
    uint64_t hash = XXH64(copy, covered, 0);
    memcpy(copy + covered + 1, &hash, sizeof hash);
    return copy;
}

static uint8_t *write_state(const pdm_state *state, size_t *size) {
    size_t needed = 0;
    pdm_status status = pdm_state_serialize(state, NULL, 0, &needed, NULL);
    if (status == PDM_E_LIMIT || status == PDM_E_NOMEM) return NULL;
    check(status == PDM_OK);
    uint8_t *bytes = malloc(needed);
    if (bytes == NULL) return NULL;
    status = pdm_state_serialize(state, bytes, needed, size, NULL);
    check((status == PDM_OK && *size == needed) || status == PDM_E_LIMIT || status == PDM_E_NOMEM);
    if (status == PDM_OK) return bytes;
    free(bytes);
    return NULL;
}

/* Written, read and written again: the same bytes. */
static pdm_state *read_back(pdm_context *context, const pdm_state *state) {
    size_t size = 0;
    pdm_state *again = NULL;
    uint8_t *first = write_state(state, &size);
    if (first == NULL) return NULL;
    pdm_status status = pdm_state_deserialize(context, first, size, &again, NULL);
    check(status == PDM_OK || status == PDM_E_LIMIT || status == PDM_E_NOMEM);
    if (status == PDM_OK) {
        size_t second_size = 0;
        uint8_t *second = write_state(again, &second_size);
        check(second == NULL || (second_size == size && memcmp(first, second, size) == 0));
        free(second);
    }
    free(first);
    return again;
}

static void ask_result(const pdm_state *state) {
    pdm_result *result = NULL;
    pdm_error err;
    pdm_status status = pdm_state_result(state, &result, &err);
    check(status != PDM_OK || pdm_result_table_count(result) > 0);
    if (status != PDM_OK && getenv("PDM_TEST_TRACE") != NULL)
        (void)fprintf(stderr, "result: %d %s\n", (int)status, err.message);
    check(status != PDM_E_BUSY && status != PDM_E_ARGUMENT && status != PDM_E_CORRUPT_STATE);
    check(status == PDM_OK || err.code == (int32_t)status);
    if (status == PDM_OK) {
        for (int32_t t = 0; t < pdm_result_table_count(result); t++) {
            struct ArrowSchema schema;
            struct ArrowArray array;
            status = pdm_table_export(pdm_result_table_at(result, t), &schema, &array, NULL);
            if (status != PDM_OK) continue;
            schema.release(&schema);
            array.release(&array);
        }
    }
    pdm_result_free(result);
}

static void use(pdm_context *context, pdm_context *other, pdm_state *state) {
    ask_result(state);
    pdm_state *again = read_back(other, state);
    pdm_state *third = read_back(context, state);
    if (again != NULL && third != NULL) {
        int64_t rows = pdm_state_rows(state);
        pdm_status status = pdm_state_merge(state, third, NULL);
        if (status == PDM_OK) {
            check(pdm_state_rows(state) == 2 * rows);
            ask_result(state);
            pdm_state_free(read_back(other, state));
            status = pdm_state_merge(state, again, NULL);
        }
        /* What is sealed or settled is not merged with itself. */
        check(status == PDM_OK || status == PDM_E_OVERFLOW || status == PDM_E_LIMIT || status == PDM_E_NOMEM ||
              status == PDM_E_SEGMENT_OVERLAP);
    }
    if (pdm_state_advance(state, INT64_MAX, NULL) == PDM_OK) {
        ask_result(state);
        pdm_state_free(read_back(other, state));
    }
    pdm_state_free(third);
    pdm_state_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pdm_context_options options = pdm_context_options_default();
    options.memory_limit = UINT64_C(64) << 20;
    pdm_context *context = context_of(&options);
    options.hash_seed = 99;
    pdm_context *other = context_of(&options);
    uint8_t *bytes = copy_with_checksum(data, size);
    pdm_state *state = NULL;
    pdm_error err;
    pdm_status status = bytes == NULL ? PDM_E_NOMEM : pdm_state_deserialize(context, bytes, size, &state, &err);
    check((status == PDM_OK) == (state != NULL));
    check(status == PDM_OK || status == PDM_E_CORRUPT_STATE || status == PDM_E_UNSUPPORTED_VERSION ||
          status == PDM_E_NOMEM || status == PDM_E_LIMIT);
    free(bytes);
    if (status == PDM_OK) use(context, other, state);
    pdm_state_free(state);
    uint64_t held = 1;
    pdm_context_memory(context, &held, NULL);
    check(held == 0);
    pdm_context_memory(other, &held, NULL);
    check(held == 0);
    pdm_context_free(other);
    pdm_context_free(context);
    return 0;
}
