# SPDX-License-Identifier: Apache-2.0
# Detectors that are C++, built here as anybody builds his: against one header.
# plugin(FOLDER NAME SOURCE…) makes build/detectors/FOLDER/NAME.so.
add_custom_target(tracee_plugins)  # all of them
function(plugin FOLDER NAME)
  add_library(${FOLDER}_${NAME} MODULE ${ARGN})
  target_link_libraries(${FOLDER}_${NAME} PRIVATE tracee_detector tracee_warnings)
  set_target_properties(${FOLDER}_${NAME} PROPERTIES
    PREFIX "" OUTPUT_NAME ${NAME} CXX_VISIBILITY_PRESET hidden
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/detectors/${FOLDER})
  add_dependencies(tracee_plugins ${FOLDER}_${NAME})
  install(TARGETS ${FOLDER}_${NAME} LIBRARY DESTINATION lib/tracee/detectors/${FOLDER})
endfunction()

plugin(document dns detectors/document/dns.cpp)
plugin(e2e packets detectors/e2e/packets.cpp)
plugin(e2e dns detectors/e2e/dns.cpp)
plugin(e2e http detectors/e2e/http.cpp)

# What a plugin's build needs: the header, and `find_package(tracee)`.
install(FILES include/tracee/detector.h DESTINATION include/tracee)
install(FILES cmake/tracee-config.cmake DESTINATION lib/cmake/tracee)

install(DIRECTORY detectors/rules/ DESTINATION share/tracee/detectors)
