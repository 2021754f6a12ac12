# SPDX-License-Identifier: Apache-2.0
# room(NAME [DEPENDS ROOM…] [LIBRARIES TARGET…])
#
# A library tracee_NAME of src/NAME. Its headers are reached as "NAME/x.h"
# through a folder of its own that holds one link, and the folders of the rooms
# in DEPENDS: including another room's header does not compile. Files beside the
# sources are wired by name: *_test.cpp into NAME_test, each *_fuzz.cpp into a
# target that fuzzes (TRACEE_FUZZ) or replays its corpus (always).

function(room NAME)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES" ${ARGN})
  set(folder ${CMAKE_SOURCE_DIR}/src/${NAME})
  set(view ${CMAKE_BINARY_DIR}/rooms/${NAME})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${folder} ${view}/${NAME} SYMBOLIC)

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")

  list(TRANSFORM ROOM_DEPENDS PREPEND tracee_)
  if(sources)
    add_library(tracee_${NAME} STATIC ${sources})
    target_link_libraries(tracee_${NAME} PRIVATE tracee_warnings)
    set(scope PUBLIC)
  else()
    add_library(tracee_${NAME} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(tracee_${NAME} ${scope} ${view})
  target_link_libraries(tracee_${NAME} ${scope} ${ROOM_DEPENDS} ${ROOM_LIBRARIES})

  if(TRACEE_TESTS)
    if(tests)
      room_test(${NAME}_test ${NAME} ${tests})
    endif()
    foreach(fuzzer ${fuzzers})
      room_fuzzer(${fuzzer} ${NAME})
    endforeach()
  endif()
endfunction()

function(room_test TARGET ROOM)
  find_package(GTest REQUIRED)
  find_package(nlohmann_json REQUIRED)
  include(GoogleTest)
  add_executable(${TARGET} ${ARGN})
  target_link_libraries(${TARGET} PRIVATE
    tracee_${ROOM} tracee_warnings nlohmann_json::nlohmann_json GTest::gtest_main)
  target_include_directories(${TARGET} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  gtest_discover_tests(${TARGET} TEST_PREFIX unit. DISCOVERY_TIMEOUT 60)
endfunction()

# Fuzz corpora are in tests/fuzz/NAME, small and committed.
function(room_fuzzer SOURCE ROOM)
  get_filename_component(name ${SOURCE} NAME_WE)
  add_executable(${name} ${SOURCE})
  target_link_libraries(${name} PRIVATE tracee_${ROOM} tracee_warnings resolv)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  if(TRACEE_FUZZ)
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/support/fuzz_replay.cpp)
    string(REPLACE "_fuzz" "" corpus ${name})
    add_test(NAME fuzz.${corpus} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/${corpus})
  endif()
endfunction()
