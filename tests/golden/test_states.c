/*
 * States written by earlier versions are read by this one, and mean what they meant: tests/golden/format1 and format2 hold them with
 * the tables that they gave when they were written.
 *
 * A new metric, or a new case in cases_few(), gets its files by running this test once from the source root with PDM_GOLDEN_WRITE=1
 * in the environment; files that exist are never written over. When format or meaning change on purpose, add a folder and keep the
 * old ones: they are other people's data. tests/golden/refused holds states of versions that no release has written and that are
 * no longer read: they are called that, not damaged.
 */
#include "compare.h"
#include "contexts.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER PDM_SOURCE_DIR "/tests/golden/format"
#define FORMAT 2 /* that is written today */
#define REFUSED PDM_SOURCE_DIR "/tests/golden/refused"
#define ROWS 26

static bytes read_file(const char *path) {
    bytes b = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) return b;
    size_t room = (size_t)1 << 20;
    b.data = malloc(room);
    if (b.data == NULL) abort();
    b.size = fread(b.data, 1, room, file);
    (void)fclose(file);
    return b;
}

static void path_of(int format, const char *name, const char *suffix, char path[512]) {
    (void)snprintf(path, 512, "%s%d/%s%s", FOLDER, format, name, suffix);
}

static bytes dump_of(const pdm_result *result) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) abort();
    result_dump(result, out);
    (void)fclose(out);
    return (bytes){(uint8_t *)text, size};
}

/* ---- writing, once ---- */

static void write_new(const char *path, bytes b) {
    FILE *file = fopen(path, "wbx");
    if (file == NULL) return; /* there already */
    print_message("written: %s\n", path);
    if (fwrite(b.data, 1, b.size, file) != b.size) abort();
    (void)fclose(file);
}

/* A state as it is, under its case's name and `suffix`. */
static void write_state(const law_case *c, const pdm_state *state, const char *suffix) {
    char name[64];
    char path[512];
    pdm_result *result = NULL;
    assert_int_equal(pdm_state_result(state, &result, NULL), PDM_OK);
    bytes written = state_bytes(state);
    bytes dump = dump_of(result);
    (void)snprintf(name, sizeof name, "%s-%lld%s", c->metric->name, (long long)c->number, suffix);
    path_of(FORMAT, name, ".state", path);
    write_new(path, written);
    path_of(FORMAT, name, ".txt", path);
    write_new(path, dump);
    bytes_free(&written);
    bytes_free(&dump);
    pdm_result_free(result);
}

static void write_case(const law_case *c, void *user) {
    (void)user;
    pdm_state *state = NULL;
    rows *r = rows_make(c->metric, 4711 + (uint64_t)c->number, ROWS, case_style(c), c->skips_nulls);
    assert_int_equal(case_create(c, NULL, &state, NULL), PDM_OK);
    assert_int_equal(take_rows(state, r, 0, r->count, NULL), PDM_OK);
    write_state(c, state, "");
    if (pdm_state_advance(state, 86400000000, NULL) == PDM_OK) write_state(c, state, "-advanced");
    pdm_state_free(state);
    rows_free(r);
}

/* ---- reading ---- */

static void first_difference(const char *name, bytes expected, bytes got) {
    size_t at = 0;
    size_t line = 1;
    while (at < expected.size && at < got.size && expected.data[at] == got.data[at])
        line += expected.data[at++] == '\n';
    fail_msg("%s: the tables differ from line %zu on", name, line);
}

static void check_file(int format, const char *name) {
    char path[512];
    pdm_error err;
    pdm_state *state = NULL;
    pdm_result *result = NULL;
    path_of(format, name, ".state", path);
    bytes stored = read_file(path);
    path_of(format, name, ".txt", path);
    bytes expected = read_file(path);
    if (stored.data == NULL || expected.data == NULL) fail_msg("%s: state or tables are missing", name);
    if (pdm_state_deserialize(NULL, stored.data, stored.size, &state, &err) != PDM_OK)
        fail_msg("%s: %s", name, err.message);
    if (pdm_state_result(state, &result, &err) != PDM_OK) fail_msg("%s: %s", name, err.message);
    bytes got = dump_of(result);
    if (!bytes_equal(expected, got)) first_difference(name, expected, got);
    /* While format and metric version are the ones of the file, writing gives the file again. */
    bytes again = state_bytes(state);
    if (format == FORMAT && !bytes_equal(stored, again)) fail_msg("%s: written again the state has other bytes", name);
    pdm_result_free(result);
    pdm_state_free(state);
    bytes_free(&stored);
    bytes_free(&expected);
    bytes_free(&got);
    bytes_free(&again);
}

static bool has_suffix(const char *text, const char *suffix) {
    size_t a = strlen(text);
    size_t b = strlen(suffix);
    return a > b && strcmp(text + a - b, suffix) == 0;
}

static void check_folder(int format) {
    int32_t seen[64] = {0};
    char path[512];
    path_of(format, "", "", path);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    const struct dirent *entry = NULL;
    while ((entry = readdir(folder)) != NULL) {
        char name[256];
        if (!has_suffix(entry->d_name, ".state")) continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)(strlen(entry->d_name) - strlen(".state")), entry->d_name);
        check_file(format, name);
        for (int32_t m = 0; m < pdm_metric_count() && m < 64; m++) {
            size_t length = strlen(pdm_metric_at(m)->name);
            seen[m] += strncmp(name, pdm_metric_at(m)->name, length) == 0 && name[length] == '-';
        }
    }
    (void)closedir(folder);
    for (int32_t m = 0; m < pdm_metric_count() && m < 64; m++) {
        if (seen[m] == 0)
            fail_msg("no stored state of metric \"%s\"; see the head of this file", pdm_metric_at(m)->name);
    }
}

static void test_stored_states(void **unused) {
    (void)unused;
    if (getenv("PDM_GOLDEN_WRITE") != NULL) {
        for (int32_t m = 0; m < pdm_metric_count(); m++) cases_few(pdm_metric_at(m), write_case, NULL);
    }
    for (int format = 1; format <= FORMAT; format++) check_folder(format);
}

static void test_refused_states(void **unused) {
    (void)unused;
    DIR *folder = opendir(REFUSED);
    const struct dirent *entry = NULL;
    int seen = 0;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char path[512];
        pdm_error err;
        pdm_state *state = NULL;
        if (!has_suffix(entry->d_name, ".state")) continue;
        (void)snprintf(path, sizeof path, "%s/%.200s", REFUSED, entry->d_name);
        bytes stored = read_file(path);
        pdm_status status = pdm_state_deserialize(NULL, stored.data, stored.size, &state, &err);
        if (status != PDM_E_UNSUPPORTED_VERSION) fail_msg("%s: status %d", entry->d_name, (int)status);
        if (strstr(err.message, "reads 2 and later") == NULL) fail_msg("%s: %s", entry->d_name, err.message);
        bytes_free(&stored);
        seen++;
    }
    (void)closedir(folder);
    assert_true(seen > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stored_states),
        cmocka_unit_test(test_refused_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
