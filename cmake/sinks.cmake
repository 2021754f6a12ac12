# SPDX-License-Identifier: Apache-2.0
# Sinks that need a library are parts of a build that can be left out, as in
# -DTRACEE_KAFKA=OFF. A kind that was left out says so when it is asked for.
option(TRACEE_FORWARD "Output to Fluent forward (msgpack-cxx)" ON)
option(TRACEE_HTTP "Output to webhooks and OTLP collectors (libcurl, nlohmann-json)" ON)
option(TRACEE_KAFKA "Output to Kafka (librdkafka)" ON)
option(TRACEE_NATS "Output to NATS JetStream (libnats)" ON)

# sink_part(PART LIBRARIES… LATE… SOURCES…). LATE: loaded when such a sink is opened.
function(sink_part PART)
  cmake_parse_arguments(SINK "" "" "LIBRARIES;LATE;SOURCES" ${ARGN})
  list(TRANSFORM SINK_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/src/output/sink/)
  if(TRACEE_${PART})
    target_link_libraries(tracee_output PRIVATE ${SINK_LIBRARIES})
    target_compile_definitions(tracee_output PRIVATE TRACEE_HAVE_${PART})
    foreach(library ${SINK_LATE})
      late_library(tracee_output ${library})
    endforeach()
  else()
    set_source_files_properties(${SINK_SOURCES} PROPERTIES HEADER_FILE_ONLY ON)
  endif()
endfunction()

if(TRACEE_FORWARD)
  find_path(MSGPACK_INCLUDE msgpack.hpp REQUIRED)
endif()
if(TRACEE_HTTP)
  find_package(nlohmann_json REQUIRED)
endif()
if(TRACEE_KAFKA)
  pkg_check_modules(LIBRDKAFKA REQUIRED rdkafka)
endif()
if(TRACEE_NATS)
  pkg_check_modules(LIBNATS REQUIRED libnats)
endif()

sink_part(FORWARD SOURCES forward.cpp)
sink_part(HTTP SOURCES http.cpp http_sink.cpp webhook.cpp otlp.cpp
  LIBRARIES nlohmann_json::nlohmann_json)
sink_part(KAFKA SOURCES kafka.cpp LATE LIBRDKAFKA)
sink_part(NATS SOURCES nats.cpp LATE LIBNATS)
