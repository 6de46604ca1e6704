/* Random numbers of the simulator: splitmix64 streams, integers only, so that every machine draws the same. */
#ifndef PDM_SAMPLE_RANDOM_H
#define PDM_SAMPLE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* A stream of random numbers. */
typedef struct pdm__random {
    uint64_t state;
} pdm__random;

static inline uint64_t pdm__random_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The key of number `index` in a world: what all its streams start from. */
static inline uint64_t pdm__random_key(uint64_t seed, uint64_t index) {
    return pdm__random_mix(pdm__random_mix(seed + UINT64_C(0x9e3779b97f4a7c15)) ^
                           ((index + 1) * UINT64_C(0xd1342543de82ef95)));
}

/* Stream number `stream` of a key. Streams do not depend on each other, so that a table can be made without the others. */
static inline pdm__random pdm__random_start(uint64_t key, uint64_t stream) {
    pdm__random random = {pdm__random_mix(key + (stream + 1) * UINT64_C(0xa0761d6478bd642f))};
    return random;
}

static inline uint64_t pdm__random_next(pdm__random *random) {
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    return pdm__random_mix(random->state);
}

/* 0 … bound − 1; bound ≥ 1. */
static inline int32_t pdm__random_below(pdm__random *random, int32_t bound) {
    return (int32_t)(((pdm__random_next(random) >> 32) * (uint64_t)(uint32_t)bound) >> 32);
}

/* True in `part` of `whole` cases. */
static inline bool pdm__random_chance(pdm__random *random, int32_t part, int32_t whole) {
    return pdm__random_below(random, whole) < part;
}

#endif
