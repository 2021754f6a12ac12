# SPDX-License-Identifier: Apache-2.0
# Run by CPack over the installed files, before it packs them: Debian wants the
# manual and the changelog compressed, and two builds must give the same bytes.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  set(epoch $ENV{SOURCE_DATE_EPOCH})
else()
  string(TIMESTAMP epoch %s UTC)
endif()
if(CPACK_GENERATOR STREQUAL "DEB")
  file(RPATH_REMOVE FILE ${root}/usr/bin/tracee)
endif()
execute_process(
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/../packaging/finish.sh ${root} ${epoch} ${CPACK_GENERATOR}
  COMMAND_ERROR_IS_FATAL ANY)
