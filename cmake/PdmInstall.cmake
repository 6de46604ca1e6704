# Headers, libraries, the CMake package `pdmetrics` and pdmetrics.pc.

include(CMakePackageConfigHelpers)

set(PDM_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/pdmetrics")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT development
  FILES_MATCHING PATTERN "*.h")

# Two export sets: a user of the shared library needs none of what the static one is linked with.
if(PDM_BUILD_SHARED)
  install(TARGETS pdmetrics EXPORT pdmetrics_shared
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT development)
  install(EXPORT pdmetrics_shared
    NAMESPACE pdmetrics:: FILE pdmetrics-shared.cmake DESTINATION "${PDM_CMAKE_DIR}" COMPONENT development)
endif()
if(PDM_BUILD_STATIC)
  install(TARGETS pdmetrics_static EXPORT pdmetrics_static
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
  install(EXPORT pdmetrics_static
    NAMESPACE pdmetrics:: FILE pdmetrics-static.cmake DESTINATION "${PDM_CMAKE_DIR}" COMPONENT development)
endif()

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/pdmetricsConfig.cmake.in" "${PROJECT_BINARY_DIR}/pdmetricsConfig.cmake"
  INSTALL_DESTINATION "${PDM_CMAKE_DIR}")
# Below 1.0 a minor version may break its users.
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(PDM_COMPATIBILITY SameMinorVersion)
else()
  set(PDM_COMPATIBILITY SameMajorVersion)
endif()
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/pdmetricsConfigVersion.cmake" COMPATIBILITY ${PDM_COMPATIBILITY})
install(FILES
  "${PROJECT_BINARY_DIR}/pdmetricsConfig.cmake" "${PROJECT_BINARY_DIR}/pdmetricsConfigVersion.cmake"
  DESTINATION "${PDM_CMAKE_DIR}" COMPONENT development)

# Written out rather than Requires.private: pkg-config would ask users of the shared library for those packages too.
set(PDM_PC_LIBS_PRIVATE)
foreach(dir IN LISTS PDM_CBOR_LIBRARY_DIRS PDM_XXHASH_LIBRARY_DIRS)
  if(NOT dir IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
    list(APPEND PDM_PC_LIBS_PRIVATE "-L${dir}")
  endif()
endforeach()
foreach(library IN LISTS PDM_CBOR_LIBRARIES PDM_XXHASH_LIBRARIES)
  list(APPEND PDM_PC_LIBS_PRIVATE "-l${library}")
endforeach()
list(APPEND PDM_PC_LIBS_PRIVATE ${CMAKE_THREAD_LIBS_INIT} -lm)
list(REMOVE_DUPLICATES PDM_PC_LIBS_PRIVATE)
list(JOIN PDM_PC_LIBS_PRIVATE " " PDM_PC_LIBS_PRIVATE)
# Relative to the file itself, so that the tree can be installed here and used there.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(PDM_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH PDM_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" PDM_PC_PREFIX "\${pcfiledir}/${PDM_PC_PREFIX}")
endif()
foreach(dir LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
    set(PDM_PC_${dir} "${CMAKE_INSTALL_${dir}}")
  else()
    set(PDM_PC_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
configure_file("${PROJECT_SOURCE_DIR}/cmake/pdmetrics.pc.in" "${PROJECT_BINARY_DIR}/pdmetrics.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/pdmetrics.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT development)
