# SPDX-License-Identifier: Apache-2.0
# find_package(tracee): the target tracee::detector, for plugins.
get_filename_component(TRACEE_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET tracee::detector)
  add_library(tracee::detector INTERFACE IMPORTED)
  set_target_properties(tracee::detector PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${TRACEE_PREFIX}/include"
    INTERFACE_COMPILE_FEATURES cxx_std_20)
endif()
