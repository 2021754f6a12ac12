# SPDX-License-Identifier: Apache-2.0
# The BPF object and its skeleton: tracee_bpf_skeleton gives "tracee.skel.h".
find_program(TRACEE_BPF_CLANG NAMES clang-14 clang REQUIRED)
find_program(TRACEE_BPFTOOL bpftool PATHS /usr/sbin /sbin REQUIRED)

string(REGEX MATCH "x86_64|aarch64" arch "${CMAKE_SYSTEM_PROCESSOR}")
if(arch STREQUAL "x86_64")
  set(bpf_arch x86)
elseif(arch STREQUAL "aarch64")
  set(bpf_arch arm64)
else()
  message(FATAL_ERROR "No BPF register layout for ${CMAKE_SYSTEM_PROCESSOR}")
endif()

set(bpf_object ${CMAKE_BINARY_DIR}/bpf/tracee.bpf.o)
set(bpf_skeleton ${CMAKE_BINARY_DIR}/bpf/tracee.skel.h)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bpf)
file(GLOB bpf_headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/bpf/*.h)

add_custom_command(
  OUTPUT ${bpf_object}
  COMMAND ${TRACEE_BPF_CLANG} -O2 -g -target bpf -mcpu=v3 -Wall -Werror
          -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -D__TARGET_ARCH_${bpf_arch}
          -I${CMAKE_SYSROOT}/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
          -I${CMAKE_SOURCE_DIR}/src/wire -c ${CMAKE_SOURCE_DIR}/src/bpf/tracee.bpf.c
          -o ${bpf_object}
  DEPENDS ${CMAKE_SOURCE_DIR}/src/bpf/tracee.bpf.c ${bpf_headers}
          ${CMAKE_SOURCE_DIR}/src/wire/wire.h
  VERBATIM)
add_custom_command(
  OUTPUT ${bpf_skeleton}
  COMMAND sh -c "'${TRACEE_BPFTOOL}' gen skeleton '${bpf_object}' name tracee_bpf > '${bpf_skeleton}.new' && mv '${bpf_skeleton}.new' '${bpf_skeleton}'"
  DEPENDS ${bpf_object}
  VERBATIM)
add_custom_target(tracee_bpf_build DEPENDS ${bpf_skeleton})

add_library(tracee_bpf_skeleton INTERFACE)
target_include_directories(tracee_bpf_skeleton SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/bpf)
add_dependencies(tracee_bpf_skeleton tracee_bpf_build)
