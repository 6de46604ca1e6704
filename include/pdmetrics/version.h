/**
 * @file version.h
 * @defgroup core_version Version
 * @ingroup core
 * @brief Version of the headers (macros) and of the library linked (functions).
 * @{
 */
#ifndef PDMETRICS_VERSION_H
#define PDMETRICS_VERSION_H

#include <pdmetrics/export.h>

#define PDM_VERSION_MAJOR 0 /**< of these headers */
#define PDM_VERSION_MINOR 1 /**< of these headers */
#define PDM_VERSION_PATCH 0 /**< of these headers */
/** Version of these headers, "major.minor.patch". */
#define PDM_VERSION "0.1.0"

PDM_BEGIN_DECLS

/** Version of the library that is running, "major.minor.patch"; static storage. */
PDM_EXPORT const char *pdm_version(void);

PDM_END_DECLS
/** @} */
#endif
