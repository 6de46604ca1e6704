/* How much of a long test this program does: all metrics or a share of them, all cases or, where every access is watched, fewer. */
#ifndef PDM_TEST_SHARE_H
#define PDM_TEST_SHARE_H

#include <pdmetrics/metric.h>

#include <stdbool.h>

#if defined(__SANITIZE_THREAD__)
#define WATCHED_THREADS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WATCHED_THREADS 1
#endif
#endif
#ifndef WATCHED_THREADS
#define WATCHED_THREADS 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED_MEMORY 1
#endif
#endif
#ifndef WATCHED_MEMORY
#define WATCHED_MEMORY 0
#endif

#define WATCHED (WATCHED_THREADS || WATCHED_MEMORY)

/* The arguments of main: "laws 1 4" is the second quarter of the metrics, so that tests can run side by side. False: no such share. */
bool share_read(int count, char **arguments);
/* The nth metric of the share, NULL behind the last. */
const pdm_metric *share_metric(int32_t n);

#endif
