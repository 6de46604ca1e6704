/* The calculators of this floor, for the registry above it. */
#ifndef PDM_STATS_CALCULATORS_H
#define PDM_STATS_CALCULATORS_H

#include "core/calculator.h"

extern const pdm__calculator_list pdm__stats_calculators;

#endif
