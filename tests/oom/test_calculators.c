/*
 * Calculators whose memory fails: the n-th allocation, once or from there on, or a limit that is too low. The call says so, hands out
 * nothing and keeps nothing; with enough memory it gives what it always gives.
 */
#include "calculator_cases.h"
#include "compare.h"
#include "contexts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void note(const calculator_case *c, const char *what, int64_t n) {
    fail_msg("%s %s: %s at %lld", c->calculator, c->options, what, (long long)n);
}

/* Fails call number n; returns whether memory was asked for that often. */
static bool fail_at(const calculator_case *c, const calculator_call *call, const pdm_result *expected, int64_t n,
                    bool from_there_on) {
    failing_memory memory = {0};
    pdm_error err;
    pdm_result *result = NULL;
    pdm_context *context = context_failing(&memory, pdm_context_options_default());
    memory.fail_at = memory.calls + n;
    memory.from_there_on = from_there_on;
    pdm_status status = calculator_call_run(call, context, &result, &err);
    memory.fail_at = 0;
    bool failed = memory.failures > 0;
    char why[256];
    if (failed && (status != PDM_E_NOMEM || result != NULL)) note(c, "a failure that is not told", n);
    if (failed && (err.code != PDM_E_NOMEM || err.message[0] == '\0')) note(c, "no message", n);
    if (!failed && (status != PDM_OK || !results_equal(expected, result, why))) note(c, "another result", n);
    pdm_result_free(result);
    uint64_t held = 1;
    pdm_context_memory(context, &held, NULL);
    pdm_context_free(context);
    if (held != 0 || memory.outstanding != 0 || memory.bytes != 0) note(c, "memory leaked, failure", n);
    if (memory.wrong_size) note(c, "a block came back with another size, failure", n);
    return failed;
}

/* All limits below what it needs are PDM_E_LIMIT and harmless. */
static int64_t limit_each(const calculator_case *c, const calculator_call *call) {
    pdm_context_options options = pdm_context_options_default();
    pdm_context *context = context_of(&options);
    pdm_result *result = NULL;
    uint64_t peak = 0;
    int64_t limited = 0;
    assert_int_equal(calculator_call_run(call, context, &result, NULL), PDM_OK);
    pdm_context_memory(context, NULL, &peak);
    pdm_result_free(result);
    pdm_context_free(context);
    for (uint64_t part = 0; part < 8; part++) {
        pdm_error err;
        uint64_t held = 1;
        options.memory_limit = 1 + peak * part / 9;
        context = context_of(&options);
        result = NULL;
        pdm_status status = calculator_call_run(call, context, &result, &err);
        if (status != PDM_E_LIMIT || err.code != PDM_E_LIMIT || result != NULL)
            note(c, pdm_status_name((int32_t)status), (int64_t)part);
        pdm_context_memory(context, &held, NULL);
        if (held != 0) note(c, "memory leaked, limit", (int64_t)part);
        pdm_context_free(context);
        limited++;
    }
    return limited;
}

static void test_memory_fails(void **unused) {
    (void)unused;
    int64_t failures = 0;
    int64_t limited = 0;
    calculator_cases_check();
    for (int32_t i = 0; i < calculator_case_count; i++) {
        const calculator_case *c = &calculator_cases[i];
        calculator_call *call = calculator_call_make(c);
        pdm_result *expected = NULL;
        pdm_error err;
        if (calculator_call_run(call, NULL, &expected, &err) != PDM_OK)
            fail_msg("%s %s: %s", c->calculator, c->options, err.message);
        int64_t before = failures;
        for (int32_t mode = 0; mode < 2; mode++) {
            for (int64_t n = 1; fail_at(c, call, expected, n, mode == 1); n += 1 + n / 100) failures++;
        }
        if (failures - before < 6) note(c, "fewer failures than tables have columns", failures - before);
        limited += limit_each(c, call);
        pdm_result_free(expected);
        calculator_call_free(call);
    }
    print_message("%lld failures survived, %lld limits\n", (long long)failures, (long long)limited);
    assert_true(failures > 1000 && limited > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
