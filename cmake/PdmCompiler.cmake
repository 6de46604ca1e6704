# How everything of this project is compiled. pdm_compile_options is linked PRIVATE by every target; nothing of it reaches users.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(PDM_DEFAULT_MARCH x86-64-v2)
else()
  set(PDM_DEFAULT_MARCH "")
endif()
set(PDM_MARCH "${PDM_DEFAULT_MARCH}" CACHE STRING "Baseline instruction set, as for -march=; empty = the compiler's own")

add_library(pdm_compile_options INTERFACE)

# Results must not depend on whether a compiler fuses a multiplication with an addition.
target_compile_options(pdm_compile_options INTERFACE -ffp-contract=off -fvisibility=hidden)
if(PDM_MARCH)
  target_compile_options(pdm_compile_options INTERFACE "-march=${PDM_MARCH}")
endif()

set(PDM_WARNINGS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wvla -Wformat=2 -Wdouble-promotion -Wundef
  -Wswitch-enum)
set(PDM_WARNINGS_C -Wstrict-prototypes -Wmissing-prototypes)
target_compile_options(pdm_compile_options INTERFACE ${PDM_WARNINGS} "$<$<COMPILE_LANGUAGE:C>:${PDM_WARNINGS_C}>")
if(PDM_WERROR)
  target_compile_options(pdm_compile_options INTERFACE -Werror)
endif()

# Sanitizers and coverage concern every object of the build, also those that do not link pdm_compile_options.
if(PDM_SANITIZE)
  add_compile_options("-fsanitize=${PDM_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  add_link_options("-fsanitize=${PDM_SANITIZE}")
endif()
if(PDM_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
