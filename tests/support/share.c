#include "share.h"

#include <stdlib.h>

static int32_t share = 0;
static int32_t shares = 1;

bool share_read(int count, char **arguments) {
    if (count == 3) {
        share = (int32_t)strtol(arguments[1], NULL, 10);
        shares = (int32_t)strtol(arguments[2], NULL, 10);
    }
    return shares >= 1 && share >= 0 && share < shares;
}

const pdm_metric *share_metric(int32_t n) {
    int32_t index = share + n * shares;
    return index < pdm_metric_count() ? pdm_metric_at(index) : NULL;
}
