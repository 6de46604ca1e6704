/* Contexts: what they accept, how they count, how long they live; what the default allocator does with small and large blocks. */
#include "contexts.h"
#include "core/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_options(void **unused) {
    (void)unused;
    pdm_context *context = NULL;
    pdm_error err;
    pdm_context_options options = pdm_context_options_default();
    assert_int_equal(pdm_context_create(NULL, &context, &err), PDM_OK);
    assert_int_equal(pdm__context_threads(context), 1);
    pdm_context_free(context);

    assert_int_equal(pdm_context_create(&options, NULL, &err), PDM_E_ARGUMENT);
    static const int32_t bad[] = {-1, 1025, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        context = NULL;
        options.threads = bad[i];
        assert_int_equal(pdm_context_create(&options, &context, &err), PDM_E_BAD_OPTION);
        assert_string_equal(err.column, "threads");
        assert_null(context);
    }
    static const int32_t good[] = {0, 1, 2, 1024};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        options.threads = good[i];
        assert_int_equal(pdm_context_create(&options, &context, &err), PDM_OK);
        assert_int_equal(pdm__context_threads(context), good[i] == 0 ? 1 : good[i]);
        pdm_context_free(context);
    }
}

static void test_struct_size(void **unused) {
    (void)unused;
    pdm_context *context = NULL;
    pdm_error err;
    pdm_context_options options = pdm_context_options_default();
    options.threads = 3;
    options.hash_seed = 77;
    options.struct_size = 0;
    assert_int_equal(pdm_context_create(&options, &context, &err), PDM_E_BAD_OPTION);
    options.struct_size = (uint32_t)sizeof options + 1;
    assert_int_equal(pdm_context_create(&options, &context, &err), PDM_E_BAD_OPTION);
    /* An older caller's shorter struct: what it does not have is the default. */
    options.struct_size = (uint32_t)offsetof(pdm_context_options, memory_limit);
    assert_int_equal(pdm_context_create(&options, &context, &err), PDM_OK);
    assert_int_equal(pdm__context_threads(context), 3);
    assert_int_equal(pdm__context_seed(context), 0);
    pdm_context_free(context);
}

static void test_counting(void **unused) {
    (void)unused;
    pdm_context *context = context_threads(1);
    uint64_t now = 1;
    uint64_t peak = 1;
    uint8_t *block = NULL;
    pdm_context_memory(context, &now, &peak);
    assert_int_equal(now, 0);
    assert_int_equal(peak, 0);
    assert_int_equal(pdm__new(context, 10, 100, &block, NULL), PDM_OK);
    assert_int_equal(pdm__renew(context, 10, 30, 100, &block, NULL), PDM_OK);
    pdm_context_memory(context, &now, &peak);
    assert_int_equal(now, 3000);
    assert_int_equal(pdm__renew(context, 30, 5, 100, &block, NULL), PDM_OK);
    pdm_context_memory(context, &now, NULL);
    assert_int_equal(now, 500);
    pdm__drop(context, block, 5, 100);
    pdm_context_memory(context, &now, NULL);
    assert_int_equal(now, 0);
    pdm_context_memory(context, NULL, &peak);
    assert_true(peak >= 3000);
    pdm_context_memory(NULL, &now, &peak);
    assert_int_equal(now + peak, 0);
    pdm_context_free(context);
}

static void test_limit(void **unused) {
    (void)unused;
    pdm_context_options options = pdm_context_options_default();
    options.memory_limit = 1000;
    pdm_context *context = context_of(&options);
    uint8_t *block = NULL;
    uint8_t *more = NULL;
    pdm_error err;
    uint64_t now = 0;
    assert_int_equal(pdm__new(context, 1, 1001, &block, &err), PDM_E_LIMIT);
    assert_null(block);
    assert_int_equal(pdm__new(context, 1, 1000, &block, &err), PDM_OK);
    assert_int_equal(pdm__new(context, 1, 1, &more, &err), PDM_E_LIMIT);
    block[999] = 7;
    uint8_t *same = block;
    assert_int_equal(pdm__renew(context, 1000, 1001, 1, &block, &err), PDM_E_LIMIT);
    assert_ptr_equal(block, same);
    assert_int_equal(block[999], 7);
    pdm_context_memory(context, &now, NULL);
    assert_int_equal(now, 1000);
    pdm__drop(context, block, 1000, 1);
    assert_int_equal(pdm__new(context, 1, 1000, &block, &err), PDM_OK);
    pdm__drop(context, block, 1, 1000);
    pdm_context_free(context);
}

static void test_sizes_that_cannot_be(void **unused) {
    (void)unused;
    pdm_context *context = context_threads(1);
    uint8_t *block = NULL;
    pdm_error err;
    assert_int_equal(pdm__new(context, SIZE_MAX, 2, &block, &err), PDM_E_NOMEM);
    assert_int_equal(pdm__new_zero(context, SIZE_MAX / 4, 8, &block, &err), PDM_E_NOMEM);
    assert_null(block);
    /* Nothing is something: an empty array has an address. */
    assert_int_equal(pdm__new_zero(context, 0, 16, &block, &err), PDM_OK);
    assert_non_null(block);
    pdm__drop(context, block, 0, 16);
    uint64_t now = 1;
    pdm_context_memory(context, &now, NULL);
    assert_int_equal(now, 0);
    pdm_context_free(context);
}

/* Across the size from which blocks have pages of their own, growing and shrinking keep the contents. */
static void test_large_blocks(void **unused) {
    (void)unused;
    static const size_t sizes[] = {100,
                                   (size_t)1 << 20,
                                   ((size_t)1 << 22) - 1,
                                   (size_t)1 << 22,
                                   ((size_t)1 << 22) + 1,
                                   (size_t)5 << 20,
                                   (size_t)9 << 20,
                                   (size_t)1 << 22,
                                   4096,
                                   64};
    pdm_context *context = context_threads(1);
    uint8_t *block = NULL;
    size_t size = 100;
    assert_int_equal(pdm__new(context, size, 1, &block, NULL), PDM_OK);
    for (size_t i = 0; i < size; i++) block[i] = (uint8_t)(i * 7);
    for (size_t s = 1; s < sizeof sizes / sizeof *sizes; s++) {
        assert_int_equal(pdm__renew(context, size, sizes[s], 1, &block, NULL), PDM_OK);
        assert_int_equal((uintptr_t)block % 16, 0);
        size_t kept = size < sizes[s] ? size : sizes[s];
        for (size_t i = 0; i < kept; i++) assert_int_equal(block[i], (uint8_t)(i * 7));
        for (size_t i = kept; i < sizes[s]; i++) block[i] = (uint8_t)(i * 7);
        size = sizes[s];
    }
    pdm__drop(context, block, size, 1);
    uint8_t *zeros = NULL;
    size = (size_t)6 << 20;
    assert_int_equal(pdm__new_zero(context, size, 1, &zeros, NULL), PDM_OK); /* perhaps where the other one was */
    for (size_t i = 0; i < size; i += 997) assert_int_equal(zeros[i], 0);
    pdm__drop(context, zeros, size, 1);
    pdm_context_free(context);
}

static void test_allocator(void **unused) {
    (void)unused;
    failing_memory memory = {.fail_at = 1};
    pdm_context_options options = pdm_context_options_default();
    pdm_context *context = NULL;
    pdm_error err;
    context = context_failing(&(failing_memory){0}, options);
    pdm_context_free(context);
    context = NULL;
    memory.fail_at = 0;
    context = context_failing(&memory, options);
    assert_int_equal(memory.outstanding, 1);
    uint8_t *block = NULL;
    memory.fail_at = memory.calls + 1;
    assert_int_equal(pdm__new(context, 8, 8, &block, &err), PDM_E_NOMEM);
    uint64_t now = 1;
    pdm_context_memory(context, &now, NULL);
    assert_int_equal(now, 0);
    assert_int_equal(pdm__new(context, 8, 8, &block, &err), PDM_OK);
    memory.fail_at = memory.calls + 1;
    assert_int_equal(pdm__renew(context, 8, 16, 8, &block, &err), PDM_E_NOMEM);
    pdm_context_memory(context, &now, NULL);
    assert_int_equal(now, 64);
    pdm__drop(context, block, 8, 8);
    pdm_context_free(context);
    assert_int_equal(memory.outstanding, 0);
    assert_false(memory.wrong_size);
}

static void test_references(void **unused) {
    (void)unused;
    failing_memory memory = {0};
    pdm_context *context = context_failing(&memory, pdm_context_options_default());
    pdm_context *held = NULL;
    assert_int_equal(pdm__context_or_default(context, &held, NULL), PDM_OK);
    assert_ptr_equal(held, context);
    pdm_context_free(context);
    assert_int_equal(memory.outstanding, 1);
    pdm_context_free(held);
    assert_int_equal(memory.outstanding, 0);
    assert_int_equal(pdm__context_or_default(NULL, &held, NULL), PDM_OK);
    pdm_context_free(held);
    pdm_context_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_struct_size),
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_sizes_that_cannot_be),
        cmocka_unit_test(test_large_blocks),
        cmocka_unit_test(test_allocator),
        cmocka_unit_test(test_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
