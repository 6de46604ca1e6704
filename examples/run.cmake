# Runs an example as its reader would and holds all that it prints against a file, whose lines are regular expressions:
#   cmake -DPROGRAM= -DARGUMENTS= -DEXPECTED=FILE -P run.cmake

execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE error)
file(READ ${EXPECTED} expected)
message("${output}${error}")
if(NOT result EQUAL 0)
  message(FATAL_ERROR "ended with ${result}")
elseif(NOT output MATCHES "^${expected}$")
  message(FATAL_ERROR "should have printed:\n${expected}")
endif()
