/* The inside of a context. Only context.c and parallel.c look at it. */
#ifndef PDM_CORE_CONTEXT_H
#define PDM_CORE_CONTEXT_H

#include "core/base.h"

struct pdm_context {
    pdm_context_options options; /* threads ≥ 1, allocator set */
    atomic_int references;
    _Atomic(uint64_t) now;  /* bytes held */
    _Atomic(uint64_t) peak; /* most bytes ever held */
};

#endif
