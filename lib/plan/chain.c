/* Orders of replacement: one given order, and the range over all. */
#include "plan/shapley.h"

#include <stdio.h>

pdm_status pdm__change_ends(pdm__arena *memory, const pdm__change *change, double *v0, double *v1, pdm_error *err) {
    pdm__point point;
    PDM__TRY(pdm__point_init(&point, change->tree, memory, err));
    *v0 = pdm__point_value(&point, change->x0);
    if (point.status != PDM_STATUS_OK) return pdm__point_fail(&point, err);
    *v1 = pdm__point_value(&point, change->x1);
    return point.status == PDM_STATUS_OK ? PDM_OK : pdm__point_fail(&point, err);
}

static void move(const pdm__change *change, int32_t player, bool there, double *leaves) {
    for (int32_t l = 0; l < change->tree->leaf_count; l++) {
        if (change->player[l] == player) leaves[l] = there ? change->x1[l] : change->x0[l];
    }
}

pdm_status pdm__chain(pdm__arena *memory, const pdm__change *change, const int32_t *order, double *effects,
                      pdm_error *err) {
    pdm__point point;
    double *leaves = NULL;
    PDM__TRY(pdm__point_init(&point, change->tree, memory, err));
    PDM__TRY(pdm__arena_take(memory, ((size_t)change->tree->leaf_count + 1) * sizeof *leaves, &leaves, err));
    memcpy(leaves, change->x0, (size_t)change->tree->leaf_count * sizeof *leaves);
    double before = pdm__point_value(&point, leaves);
    if (point.status != PDM_STATUS_OK) return pdm__point_fail(&point, err);
    for (int32_t i = 0; i < change->players; i++) {
        move(change, order[i], true, leaves);
        double after = pdm__point_value(&point, leaves);
        if (point.status != PDM_STATUS_OK) return pdm__point_fail(&point, err);
        effects[order[i]] = after - before;
        before = after;
    }
    return PDM_OK;
}

/* Players that have a leaf that changes. */
static int32_t movers(const pdm__change *change, int32_t *out, int32_t room) {
    int32_t count = 0;
    for (int32_t p = 0; p < change->players; p++) {
        bool moves = false;
        for (int32_t l = 0; l < change->tree->leaf_count && !moves; l++) {
            moves = change->player[l] == p && change->x0[l] != change->x1[l];
        }
        if (moves && count < room) out[count] = p;
        count += moves ? 1 : 0;
    }
    return count;
}

/* A player's effect in an order depends only on who moved before it: sets are enough, orders need not be walked. */
pdm_status pdm__order_range(pdm__arena *memory, const pdm__change *change, double *low, double *high, pdm_error *err) {
    int32_t moving[PDM__MAX_RANGE_PLAYERS];
    int32_t count = movers(change, moving, PDM__MAX_RANGE_PLAYERS);
    if (count > PDM__MAX_RANGE_PLAYERS) {
        return pdm__fail(err, PDM_E_TOO_MANY_FACTORS, -1, "method", "%d factors change; order_range takes up to %d",
                         count, PDM__MAX_RANGE_PLAYERS);
    }
    pdm__point point;
    double *leaves = NULL;
    double *values = NULL;
    uint32_t sets = UINT32_C(1) << count;
    PDM__TRY(pdm__point_init(&point, change->tree, memory, err));
    PDM__TRY(pdm__arena_take(memory, ((size_t)change->tree->leaf_count + 1) * sizeof *leaves, &leaves, err));
    PDM__TRY(pdm__arena_take(memory, (size_t)sets * sizeof *values, &values, err));
    memcpy(leaves, change->x0, (size_t)change->tree->leaf_count * sizeof *leaves);
    for (uint32_t mask = 0; mask < sets; mask++) {
        for (int32_t i = 0; i < count; i++) move(change, moving[i], (mask >> i & 1U) != 0, leaves);
        values[mask] = pdm__point_value(&point, leaves);
        if (point.status != PDM_STATUS_OK) return pdm__point_fail(&point, err);
    }
    for (int32_t p = 0; p < change->players; p++) low[p] = high[p] = 0.0;
    for (int32_t i = 0; i < count; i++) {
        low[moving[i]] = PDM__INF;
        high[moving[i]] = -PDM__INF;
        for (uint32_t mask = 0; mask < sets; mask++) {
            if ((mask >> i & 1U) != 0) continue;
            double effect = values[mask | UINT32_C(1) << i] - values[mask];
            low[moving[i]] = fmin(low[moving[i]], effect);
            high[moving[i]] = fmax(high[moving[i]], effect);
        }
    }
    return PDM_OK;
}

pdm_status pdm__product_text(pdm__arena *memory, int32_t count, pdm_leaf *leaves, char *text, pdm_error *err) {
    size_t used = 0;
    for (int32_t k = 0; k < count; k++) {
        char *name = NULL;
        PDM__TRY(pdm__arena_take(memory, 16, &name, err));
        (void)snprintf(name, 16, "f%u", (unsigned)k);
        leaves[k] = (pdm_leaf){.name = name};
        if (k > 0) text[used++] = '*';
        memcpy(text + used, name, strlen(name));
        used += strlen(name);
    }
    text[used] = '\0';
    return PDM_OK;
}
