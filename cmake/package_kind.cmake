# SPDX-License-Identifier: Apache-2.0
# Read by CPack once for each kind of package: what differs between them.
if(CPACK_GENERATOR STREQUAL "TGZ")
  set(CPACK_PACKAGING_INSTALL_PREFIX "/")
  set(CPACK_INCLUDE_TOPLEVEL_DIRECTORY ON)
endif()
