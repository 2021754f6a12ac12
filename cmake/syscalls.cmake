# SPDX-License-Identifier: Apache-2.0
# syscalls.inc: `{"name", number},` for each system call of the machine that is
# built for, as the kernel's headers have them.
execute_process(
  COMMAND ${CMAKE_CXX_COMPILER} -dM -E -x c++ -include asm/unistd.h /dev/null
  OUTPUT_VARIABLE macros COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "#define __NR_[a-z0-9_]+ [0-9]+\n" macros "${macros}")
set(lines "")
foreach(macro ${macros})
  string(REGEX REPLACE "#define __NR_([a-z0-9_]+) ([0-9]+)\n" "{\"\\1\", \\2},\n" line "${macro}")
  string(APPEND lines "${line}")
endforeach()
if(lines STREQUAL "")
  message(FATAL_ERROR "asm/unistd.h names no system calls")
endif()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/syscalls.inc CONTENT "${lines}" @ONLY)
add_library(tracee_syscalls INTERFACE)
target_include_directories(tracee_syscalls INTERFACE ${CMAKE_BINARY_DIR}/generated)
