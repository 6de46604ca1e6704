# What the library stands on: libm, threads, libcbor (serialised states) and xxHash (hash tables, checksums).

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PDM_CBOR REQUIRED IMPORTED_TARGET libcbor>=0.8)
pkg_check_modules(PDM_XXHASH REQUIRED IMPORTED_TARGET libxxhash>=0.8)

find_library(PDM_LIBM m)
mark_as_advanced(PDM_LIBM)

set(PDM_LIBRARIES PkgConfig::PDM_CBOR PkgConfig::PDM_XXHASH Threads::Threads)
if(PDM_LIBM)
  list(APPEND PDM_LIBRARIES m)
endif()
