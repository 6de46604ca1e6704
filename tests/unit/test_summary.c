/* Mean and quantiles of integers: exact until they are rounded once, at the ends of their range too. */
#include "contexts.h"
#include "stats/summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define VALUES(...) ((const int64_t[]){__VA_ARGS__})

static pdm__summary summary_of(const int64_t *values, size_t n) {
    static const int32_t percents[] = {99, 50, 25, 0, 100};
    pdm_context *context = context_threads(1);
    pdm__run run;
    pdm__summary s;
    pdm__run_begin(&run, context, -1);
    assert_int_equal(pdm__summarise(&run, values, n, percents, 5, &s, NULL), PDM_OK);
    assert_true(s.quantiles[3] == (double)s.least);
    assert_true(s.quantiles[4] == (double)s.most);
    pdm_context_free(context);
    return s;
}

/* Expected values are exact fractions, rounded by Python. */
static void test_summary_rounds_once(void **unused) {
    (void)unused;
    pdm__summary s = summary_of(VALUES(INT64_MIN, INT64_MAX), 2);
    assert_true(s.mean == -0.5);
    assert_true(s.quantiles[0] == 0x1.f5c28f5c28f5cp+62 && s.quantiles[1] == -0.5 && s.quantiles[2] == -0x1p62);
    const int64_t odd = (INT64_C(1) << 53) + 1;
    s = summary_of(VALUES(odd, odd + 1, odd + 1), 3); /* in doubles 2^53 + 1 does not exist */
    assert_true(s.mean == 0x1.0000000000001p+53);
    s = summary_of(VALUES((INT64_C(1) << 60) + 1, (INT64_C(1) << 60) + 3, -7), 3);
    assert_true(s.mean == 0x1.5555555555555p+59);
    assert_true(s.least == -7 && s.most == (INT64_C(1) << 60) + 3);
    s = summary_of(VALUES(INT64_MAX, INT64_MAX, INT64_MAX, 1), 4);
    assert_true(s.mean == 0x1.8p+62 && s.quantiles[2] == 0x1.8p+62);
    s = summary_of(VALUES(INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN + 1), 4);
    assert_true(s.mean == -0x1p63);
    s = summary_of(VALUES(5), 1);
    assert_true(s.mean == 5 && s.quantiles[0] == 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary_rounds_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
