/* The behaviour log of one customer. */
#ifndef PDM_SAMPLE_EVENTS_H
#define PDM_SAMPLE_EVENTS_H

#include "sample/rows.h"

/* Views, carts, orders, payments, and what happens beside them; visits have session numbers of the customer's own. */
void pdm__sample_emit_events(const pdm__sample_customer *customer, pdm__sample_sink *sink);

#endif
