/*
 * Writes docs/metrics/reference/<metric>.md and docs/<family>/reference/<calculator>.md: columns, options, lists and tables of every metric,
 * inputs, options and tables of every calculator, from the registry.
 *
 *     pdm_reference DOCS            writes the pages
 *     pdm_reference --check DOCS    exit code 1 if a page there is not what would be written
 */
#define _POSIX_C_SOURCE 200809L

#include <pdmetrics.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- words ---- */

static const char *role_name(int32_t role) {
    switch (role) {
    case PDM_ROLE_KEY: return "key";
    case PDM_ROLE_TIME: return "time";
    case PDM_ROLE_MONEY: return "money";
    case PDM_ROLE_INTEGER: return "integer";
    case PDM_ROLE_FLOAT: return "number";
    case PDM_ROLE_TEXT: return "text";
    case PDM_ROLE_FLAG: return "flag";
    default: return "?";
    }
}

static const char *type_name(int32_t type) {
    switch (type) {
    case PDM_TYPE_NONE: return "key";
    case PDM_TYPE_INT32: return "int32";
    case PDM_TYPE_INT64: return "int64";
    case PDM_TYPE_FLOAT64: return "float64";
    case PDM_TYPE_TIMESTAMP_US: return "timestamp";
    case PDM_TYPE_BOOL: return "bool";
    case PDM_TYPE_LARGE_UTF8: return "text";
    case PDM_TYPE_DICTIONARY: return "text (dictionary)";
    default: return "?";
    }
}

/* ---- cells ---- */

/* Text of a table's cell: a bar would end it. */
static void put_text(FILE *out, const char *text) {
    for (const char *at = text == NULL ? "" : text; *at != '\0'; at++) {
        if (*at == '|') (void)fputc('\\', out);
        (void)fputc(*at, out);
    }
}

static void put_cell(FILE *out, const char *text) {
    (void)fputs(" | ", out);
    put_text(out, text);
}

static void put_values(FILE *out, const pdm_option_info *option) {
    (void)fputs(" | ", out);
    switch (option->type) {
    case PDM_OPTION_ENUM:
        for (int32_t i = 0; option->values[i] != NULL; i++) {
            (void)fprintf(out, i == 0 ? "`%s`" : ", `%s`", option->values[i]);
        }
        break;
    case PDM_OPTION_BOOL: (void)fputs("`false`, `true`", out); break;
    case PDM_OPTION_TIME: (void)fputs("instant", out); break;
    case PDM_OPTION_DURATION: (void)fputs(option->minimum > 0 ? "duration" : "duration, 0 too", out); break;
    case PDM_OPTION_TEXT: (void)fputs("text, up to 63 bytes", out); break;
    case PDM_OPTION_FLOAT: (void)fputs("number, 0 or more", out); break;
    default:
        if (option->minimum == -INT64_MAX && option->maximum == INT64_MAX) {
            (void)fputs("integer", out);
        } else {
            (void)fprintf(out, "%" PRId64 " … %" PRId64, option->minimum, option->maximum);
        }
    }
}

/* The shortest way to write a duration. */
static void put_duration(FILE *out, int64_t us) {
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {
        {"d", INT64_C(86400000000)}, {"h", INT64_C(3600000000)}, {"m", 60000000}, {"s", 1000000}, {"ms", 1000}};
    for (size_t u = 0; us != 0 && u < sizeof units / sizeof *units; u++) {
        if (us % units[u].us != 0) continue;
        (void)fprintf(out, "%" PRId64 "%s", us / units[u].us, units[u].name);
        return;
    }
    (void)fprintf(out, "%" PRId64 "us", us);
}

/* A fallback outside the range, or none at all, means that the metric decides: the meaning says how. */
static void put_default(FILE *out, const pdm_option_info *option) {
    (void)fputs(" | ", out);
    bool outside = option->fallback < option->minimum || option->fallback > option->maximum;
    switch (option->type) {
    case PDM_OPTION_ENUM: (void)fprintf(out, "`%s`", option->values[0]); break;
    case PDM_OPTION_BOOL: (void)fputs("`false`", out); break;
    case PDM_OPTION_TEXT: (void)fputs("empty", out); break;
    case PDM_OPTION_FLOAT: (void)fprintf(out, "%g", option->fallback_float); break;
    default:
        if (option->fallback == PDM_ZERO_INT64 || outside) {
            (void)fputs("see meaning", out);
        } else if (option->type == PDM_OPTION_DURATION) {
            put_duration(out, option->fallback);
        } else {
            (void)fprintf(out, "%" PRId64, option->fallback);
        }
    }
}

/* ---- tables ---- */

static void put_columns(FILE *out, const pdm_column_info *columns, int32_t count) {
    (void)fputs("| column | used as | required | null | unit | meaning |\n|---|---|---|---|---|---|\n", out);
    for (int32_t i = 0; i < count; i++) {
        (void)fprintf(out, "| `%s`", columns[i].name);
        put_cell(out, role_name(columns[i].role));
        if (columns[i].items != 0)
            (void)fputs(columns[i].items == PDM_ROLE_INTEGER ? ", or lists of integers" : ", or lists of text", out);
        put_cell(out, columns[i].required != 0 ? "yes" : "no");
        put_cell(out, columns[i].nullable != 0 ? "allowed" : "no");
        put_cell(out, columns[i].unit);
        put_cell(out, columns[i].doc);
        (void)fputs(" |\n", out);
    }
}

static void put_options(FILE *out, const pdm_metric *metric) {
    (void)fputs("| option | values | default | unit | meaning |\n|---|---|---|---|---|\n", out);
    for (int32_t i = 0; i < metric->option_count; i++) {
        const pdm_option_info *option = &metric->options[i];
        (void)fprintf(out, "| `%s`", option->name);
        put_values(out, option);
        put_default(out, option);
        put_cell(out, option->unit);
        put_cell(out, option->doc);
        (void)fputs(" |\n", out);
    }
}

static void put_table(FILE *out, const pdm_table_info *table) {
    (void)fprintf(out, "\n### %s\n\n%s%s\n\n", table->name, table->doc,
                  table->optional != 0 ? " Present only if an option or list asks for it." : "");
    (void)fputs("| column | type | unit | meaning |\n|---|---|---|---|\n", out);
    for (int32_t i = 0; i < table->column_count; i++) {
        const pdm_result_column_info *column = &table->columns[i];
        (void)fprintf(out, "| `%s`", column->name);
        put_cell(out, type_name(column->type));
        put_cell(out, column->unit);
        put_cell(out, column->doc);
        (void)fputs(" |\n", out);
    }
}

static void put_page(FILE *out, const pdm_metric *metric) {
    (void)fprintf(out, "# Reference: %s\n\n", metric->name);
    (void)fprintf(out,
                  "%s (%s). %s Made from the registry of the library, version %" PRId32
                  " of the metric; to write it anew:\n",
                  metric->title, metric->title_zh, metric->summary, metric->version);
    (void)fputs("`cmake --build build/release --target reference`. What it means is in ", out);
    (void)fprintf(out, "[%s](../%s.md).\n\n## Input columns\n\n", metric->title, metric->name);
    put_columns(out, metric->columns, metric->column_count);
    (void)fprintf(
        out, "\n## Options\n\nMembers of `pdm_%s_options`, keyword arguments in Python, flags of `pdmetrics %s`.\n\n",
        metric->name, metric->name);
    put_options(out, metric);
    if (metric->list_count > 0)
        (void)fputs("\n## Lists\n\nHanded over by `pdm_state_set_list()` before the first row.\n", out);
    for (int32_t i = 0; i < metric->list_count; i++) {
        (void)fprintf(out, "\n### list %s\n\n%s\n\n", metric->lists[i].name, metric->lists[i].doc);
        put_columns(out, metric->lists[i].columns, metric->lists[i].column_count);
    }
    (void)fputs("\n## Result tables\n\nThe first one is the main table. A cell that is not defined is null.\n", out);
    for (int32_t i = 0; i < metric->table_count; i++) put_table(out, &metric->tables[i]);
}

static const char *shape_words(int32_t shape) {
    switch (shape) {
    case PDM_INPUT_ROWS: return "Required, one row or more.";
    case PDM_INPUT_ONE: return "Required, one row: in Python its columns are keyword arguments of their own.";
    case PDM_INPUT_OPTIONAL_ONE:
        return "One row, may be left out: in Python its columns are keyword arguments of their own.";
    default: return "May be left out.";
    }
}

static void put_calculator(FILE *out, const pdm_metric *about) {
    (void)fprintf(out, "# Reference: %s\n\n", about->name);
    (void)fprintf(out,
                  "%s (%s). %s Made from the registry of the library, version %" PRId32
                  " of the calculator; to write it anew:\n",
                  about->title, about->title_zh, about->summary, about->version);
    (void)fputs(
        "`cmake --build build/release --target reference`. What it means is in the [guide](../overview.md).\n\n", out);
    (void)fprintf(out,
                  "From C `pdm_calculator_find(\"%s\")` and `pdm_calculator_run()`, from Python `pdmetrics.%s.%s()`.\n",
                  about->name, pdm_calculator_find(about->name)->family, about->name);
    (void)fputs("\n## Inputs\n", out);
    for (int32_t i = 0; i < about->list_count; i++) {
        const pdm_list_info *input = &about->lists[i];
        (void)fprintf(out, "\n### input %s\n\n%s %s\n\n", input->name, input->doc, shape_words(input->shape));
        put_columns(out, input->columns, input->column_count);
    }
    (void)fputs("\n## Options\n\nMembers of its options struct, keyword arguments in Python.\n\n", out);
    put_options(out, about);
    (void)fputs("\n## Result tables\n\nThe first one is the main table. A cell that is not defined is null.\n", out);
    for (int32_t i = 0; i < about->table_count; i++) put_table(out, &about->tables[i]);
}

/* ---- pages ---- */

static bool same_as_file(const char *path, const char *text, size_t length) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    bool same = true;
    for (size_t i = 0; i < length && same; i++) same = fgetc(file) == (unsigned char)text[i];
    same = same && fgetc(file) == EOF;
    (void)fclose(file);
    return same;
}

static bool write_file(const char *path, const char *text, size_t length) {
    FILE *file = fopen(path, "wb");
    if (file == NULL) return false;
    bool good = fwrite(text, 1, length, file) == length;
    return fclose(file) == 0 && good;
}

typedef void (*put_body)(FILE *out, const pdm_metric *about);

static bool do_page(const pdm_metric *metric, put_body put, const char *docs, const char *kind, bool check) {
    char path[1024];
    char *text = NULL;
    size_t length = 0;
    if (snprintf(path, sizeof path, "%s/%s/reference/%s.md", docs, kind, metric->name) >= (int)sizeof path)
        return false;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) return false;
    put(out, metric);
    bool good = fclose(out) == 0;
    if (good) good = check ? same_as_file(path, text, length) : write_file(path, text, length);
    free(text);
    if (!good)
        (void)fprintf(stderr, check ? "%s: not up to date (build target reference)\n" : "%s: cannot be written\n",
                      path);
    return good;
}

int main(int count, char **arguments) {
    bool check = count == 3 && strcmp(arguments[1], "--check") == 0;
    if (count != 2 && !check) {
        (void)fprintf(stderr, "usage: %s [--check] docs\n", arguments[0]);
        return 2;
    }
    bool good = true;
    const char *docs = arguments[count - 1];
    for (int32_t i = 0; i < pdm_metric_count(); i++)
        good = do_page(pdm_metric_at(i), put_page, docs, "metrics", check) && good;
    for (int32_t i = 0; i < pdm_calculator_count(); i++) {
        const pdm_calculator *calculator = pdm_calculator_at(i);
        good = do_page(&calculator->about, put_calculator, docs, calculator->family, check) && good;
    }
    return good ? 0 : 1;
}
