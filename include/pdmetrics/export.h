/**
 * @file export.h
 * @defgroup core_export Attributes of declarations
 * @ingroup core
 * @brief Symbol visibility, language linkage and compiler attributes. Nothing else.
 * @{
 */
#ifndef PDMETRICS_EXPORT_H
#define PDMETRICS_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * @def PDM_BEGIN_DECLS
 * Opens the declarations of a header: C linkage where the header is read as C++.
 *
 * @def PDM_END_DECLS
 * Closes them.
 *
 * @def PDM_EXPORT
 * A public function: visible outside the shared library.
 *
 * @def PDM_NODISCARD
 * The result must be looked at: a dropped status is a lost error.
 */
#ifdef __cplusplus
#define PDM_BEGIN_DECLS extern "C" {
#define PDM_END_DECLS }
#else
#define PDM_BEGIN_DECLS
#define PDM_END_DECLS
#endif

#if defined(__GNUC__) || defined(__clang__)
#define PDM_EXPORT __attribute__((visibility("default")))
#define PDM_NODISCARD __attribute__((warn_unused_result))
#else
#define PDM_EXPORT
#define PDM_NODISCARD
#endif

/** A public function that can fail. */
#define PDM_API PDM_EXPORT PDM_NODISCARD

/** @} */
#endif
