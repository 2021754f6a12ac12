# SPDX-License-Identifier: Apache-2.0
# A daemon of root's that reads hostile bytes: what compiler, linker and processor
# can check is checked. tests/package looks at the binary.
include(CheckPIESupported)
check_pie_supported()
add_compile_options(-fstack-clash-protection)
if(CMAKE_BUILD_TYPE MATCHES "Rel")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
# Branch targets and return addresses, by the processor. The mark that makes the
# kernel turn it on needs start-up files that have it too.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-fcf-protection=full)
endif()
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
# No path of the build machine is in the binary, so any tree gives the same bytes.
add_compile_options(-ffile-prefix-map=${CMAKE_BINARY_DIR}=build
                    -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
