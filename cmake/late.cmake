# SPDX-License-Identifier: Apache-2.0
# late_library(TARGET PREFIX): PREFIX's headers for TARGET (of pkg_check_modules), and the name
# its linker would write, as TRACEE_LIB…; nothing is linked. See src/base/late_library.h.
function(late_library TARGET PREFIX)
  list(GET ${PREFIX}_LINK_LIBRARIES 0 file)
  execute_process(COMMAND ${CMAKE_READELF} -d ${file} OUTPUT_VARIABLE dynamic
    COMMAND_ERROR_IS_FATAL ANY)
  if(NOT dynamic MATCHES "SONAME[^\n]*\\[([^]]+)\\]")
    message(FATAL_ERROR "${file} has no SONAME: install its development package")
  endif()
  target_compile_definitions(${TARGET} PRIVATE TRACEE_${PREFIX}="${CMAKE_MATCH_1}")
  target_include_directories(${TARGET} SYSTEM PRIVATE ${${PREFIX}_INCLUDE_DIRS})
endfunction()
