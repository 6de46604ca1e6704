/*
 * Small inputs for every calculator, as text: one table serves the tests that must hold for all of them. A calculator without a case is
 * an error, so nobody is forgotten.
 */
#ifndef PDM_TEST_CALCULATOR_CASES_H
#define PDM_TEST_CALCULATOR_CASES_H

#include <pdmetrics/calculator.h>
#include <pdmetrics/calendar.h>

typedef struct calculator_case {
    const char *calculator;
    const char *options; /* "method=webster exact_int=true" */
    const char *inputs;  /* "parts: part weight | a 3 | b 1", one input a line; - = null */
} calculator_case;

extern const calculator_case calculator_cases[];
extern const int32_t calculator_case_count;

/* A case made ready; aborts if it is not well written. */
typedef struct calculator_call calculator_call;
calculator_call *calculator_call_make(const calculator_case *c);
pdm_status calculator_call_run(const calculator_call *call, pdm_context *context, pdm_result **out, pdm_error *err);
void calculator_call_free(calculator_call *call);

/* Aborts if a calculator has no case. */
void calculator_cases_check(void);

#endif
