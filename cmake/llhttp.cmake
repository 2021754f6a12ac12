# SPDX-License-Identifier: Apache-2.0
# llhttp as Debian ships it: three C files and a header, no library.
find_path(LLHTTP_SOURCES llhttp.c PATHS /usr/share/llhttp REQUIRED NO_DEFAULT_PATH)
find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp REQUIRED NO_DEFAULT_PATH)

add_library(llhttp STATIC ${LLHTTP_SOURCES}/api.c ${LLHTTP_SOURCES}/http.c)
target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND CMAKE_OBJCOPY)
  # The state machine twice, a quarter faster where it may use SSE 4.2;
  # llhttp_choice.c takes the one that the processor can run. -O2 in release builds
  # too: -O3 makes it slower. objcopy hides the functions that both have.
  foreach(kind plain sse42)
    add_library(llhttp_${kind} OBJECT ${LLHTTP_SOURCES}/llhttp.c)
    target_include_directories(llhttp_${kind} SYSTEM PRIVATE ${LLHTTP_INCLUDE})
    target_compile_definitions(llhttp_${kind} PRIVATE
      llhttp__internal_init=llhttp_${kind}_init llhttp__internal_execute=llhttp_${kind}_execute)
    target_compile_options(llhttp_${kind} PRIVATE -O2)
    set_target_properties(llhttp_${kind} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
    set(object ${CMAKE_BINARY_DIR}/llhttp_${kind}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${CMAKE_OBJCOPY} --keep-global-symbol=llhttp_${kind}_init
        --keep-global-symbol=llhttp_${kind}_execute $<TARGET_OBJECTS:llhttp_${kind}> ${object}
      DEPENDS llhttp_${kind} $<TARGET_OBJECTS:llhttp_${kind}>)
    set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
    target_sources(llhttp PRIVATE ${object})
  endforeach()
  target_compile_options(llhttp_sse42 PRIVATE -msse4.2)
  target_sources(llhttp PRIVATE ${CMAKE_CURRENT_LIST_DIR}/llhttp_choice.c)
else()
  target_sources(llhttp PRIVATE ${LLHTTP_SOURCES}/llhttp.c)
endif()
