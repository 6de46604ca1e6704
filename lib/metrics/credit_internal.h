/* What the files of credit share; see credit.c. */
#ifndef PDM_METRICS_CREDIT_INTERNAL_H
#define PDM_METRICS_CREDIT_INTERNAL_H

#include "core/metric_ops.h"
#include "core/value.h"

#include <pdmetrics/metrics/credit.h>

typedef struct pdm__credit_plan {
    const pdm__list *roles; /* NULL: none are given */
} pdm__credit_plan;

/* Row of a role in list `roles`, −1 if it is not there; its weight. */
int64_t pdm__credit_role(const pdm__list *roles, const void *text, size_t length, bool given);
double pdm__credit_weight(const pdm__list *roles, int64_t row);

/* Words of an order. */
enum { CREDIT_LEAST, CREDIT_MOST, CREDIT_ROWS };

/* All of its rows give the same amount. */
static inline bool pdm__credit_holds(const int64_t *order) { return order[CREDIT_LEAST] == order[CREDIT_MOST]; }

/* A (staff, role) of an order, with the bytes of both. */
typedef struct pdm__credit_part {
    const uint8_t *bytes;
    uint32_t staff_length;
    uint32_t length;
    int64_t credit;
    int64_t orders; /* 1 at the first part of a person in an order */
} pdm__credit_part;

/* A part from its key; false: these bytes are none. */
bool pdm__credit_part_read(pdm__key key, pdm__value *staff, pdm__value *role, pdm__credit_part *out);

#define CREDIT_TABLES 3
extern const pdm_table_info pdm__credit_tables[];
pdm_status pdm__credit_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err);

#endif
