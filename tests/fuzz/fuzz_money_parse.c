/* Money from text: whatever the bytes, an amount or an error; an amount written out plainly reads back as itself. */
#include <pdmetrics/money.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_at(int condition, int line) {
    if (condition) return;
    (void)fprintf(stderr, "%s:%d: this must not be\n", __FILE__, line);
    abort();
}
#define check(condition) check_at(condition, __LINE__)

/* −12.05 for −1205 with two places; " (12.05)" and "¥12.05元" mean the same amounts. */
static void write_plainly(int64_t minor, int32_t exponent, char *out, size_t room) {
    uint64_t magnitude = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    char digits[40];
    int length = snprintf(digits, sizeof digits, "%0*llu", (int)exponent + 1, (unsigned long long)magnitude);
    int whole = length - (int)exponent;
    (void)snprintf(out, room, "%s%.*s%s%s", minor < 0 ? "-" : "", whole, digits, exponent > 0 ? "." : "",
                   digits + whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    int32_t exponent = (int32_t)(data[0] % 12) - 1;
    const char *text = (const char *)data + 1;
    int64_t minor = 0;
    pdm_error err;
    pdm_error_reset(&err);
    pdm_status status = pdm_money_parse(text, size - 1, exponent, &minor, &err);
    if (status != PDM_OK) {
        check(status == PDM_E_BAD_VALUE || status == PDM_E_OVERFLOW || status == PDM_E_ARGUMENT);
        check(err.code == (int32_t)status && err.message[0] != '\0' && strchr(err.message, '\n') == NULL);
        check((status == PDM_E_ARGUMENT) == (exponent < 0 || exponent > 9));
        return 0;
    }
    char plain[64];
    int64_t again = ~minor;
    write_plainly(minor, exponent, plain, sizeof plain);
    check(pdm_money_parse(plain, strlen(plain), exponent, &again, NULL) == PDM_OK && again == minor);
    /* A blank around it changes nothing, a letter behind it spoils it. */
    char *longer = malloc(size + 2);
    if (longer == NULL) return 0;
    longer[0] = ' ';
    memcpy(longer + 1, text, size - 1);
    longer[size] = '\t';
    again = ~minor;
    check(pdm_money_parse(longer, size + 1, exponent, &again, NULL) == PDM_OK && again == minor);
    longer[size] = 'x';
    check(pdm_money_parse(longer, size + 1, exponent, &again, NULL) == PDM_E_BAD_VALUE);
    free(longer);
    return 0;
}
