# SPDX-License-Identifier: Apache-2.0
# Manual pages and completions, written by the binary from its own tables, and the
# guides of docs/ as manual pages: ${TRACEE_DOCS}/man/manN, ${TRACEE_DOCS}/complete.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(TRACEE_DOCS ${CMAKE_BINARY_DIR}/docs)

# NAME.SECTION=FILE|What it is about. A guide that is not there is left out.
set(guides
  "tracee-filters.7=filters.md|select events, packets and processes"
  "tracee-detectors.7=detectors.md|find what should not happen"
  "tracee-outputs.7=outputs.md|formats of events, and where they go"
  "tracee-capture.7=capture.md|write packets with their owners, and read them"
  "tracee.yaml.5=config.md|configuration of tracee")
set(guide_arguments)
set(guide_sources)
foreach(guide ${guides})
  string(REGEX MATCH "=([^|]*)" ignored "${guide}")
  if(EXISTS ${CMAKE_SOURCE_DIR}/docs/${CMAKE_MATCH_1})
    list(APPEND guide_arguments "${guide}")
    list(APPEND guide_sources ${CMAKE_SOURCE_DIR}/docs/${CMAKE_MATCH_1})
  endif()
endforeach()

add_custom_command(
  OUTPUT ${TRACEE_DOCS}/stamp
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${TRACEE_DOCS}
  COMMAND tracee docs --format man --to ${TRACEE_DOCS}/man
  COMMAND tracee docs --format complete --to ${TRACEE_DOCS}/complete
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/packaging/guide.py
          ${CMAKE_SOURCE_DIR}/docs ${TRACEE_DOCS}/man ${guide_arguments}
  COMMAND ${CMAKE_COMMAND} -E touch ${TRACEE_DOCS}/stamp
  DEPENDS tracee ${CMAKE_SOURCE_DIR}/packaging/guide.py ${guide_sources}
  VERBATIM)
add_custom_target(tracee_docs_files ALL DEPENDS ${TRACEE_DOCS}/stamp)
