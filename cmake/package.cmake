# SPDX-License-Identifier: Apache-2.0
# What is installed where, and the two packages CPack makes of it: a .deb, and a
# tarball that works wherever it is unpacked. `./dev package` calls it. Plugins and
# what their build needs are installed by plugins.cmake.
include(GNUInstallDirs)

# A tarball has the libraries beside the program, found wherever it is put: the older
# of the two tags holds for what a library needs, too. package_files.cmake takes it
# out of the .deb.
# The program in the build tree has it too: what CMake would put there to keep its place are
# empty entries, and each of those is the folder one happens to be in.
set_target_properties(tracee PROPERTIES
  INSTALL_RPATH "$ORIGIN/../lib/tracee" BUILD_WITH_INSTALL_RPATH ON)
target_link_options(tracee PRIVATE -Wl,--disable-new-dtags)
install(TARGETS tracee RUNTIME DESTINATION bin)
install(DIRECTORY ${TRACEE_DOCS}/man/ DESTINATION share/man)
install(FILES ${TRACEE_DOCS}/complete/bash/tracee DESTINATION share/bash-completion/completions)
install(FILES ${TRACEE_DOCS}/complete/zsh/_tracee DESTINATION share/zsh/vendor-completions)
install(FILES ${TRACEE_DOCS}/complete/fish/tracee.fish
  DESTINATION share/fish/vendor_completions.d)
install(FILES README.md packaging/debian/copyright DESTINATION share/doc/tracee)
install(DIRECTORY docs DESTINATION share/doc/tracee FILES_MATCHING PATTERN "*.md")
install(DIRECTORY examples/ deploy DESTINATION share/doc/tracee/examples USE_SOURCE_PERMISSIONS)
install(FILES detectors/document/dns.cpp detectors/document/CMakeLists.txt
  DESTINATION share/doc/tracee/examples/plugin)
if(EXISTS ${CMAKE_SOURCE_DIR}/detectors/rules)
  install(DIRECTORY detectors/rules/ DESTINATION share/tracee/detectors
    FILES_MATCHING PATTERN "*.yaml" PATTERN "*.txt" PATTERN captures EXCLUDE)
endif()
# In a .deb it goes to /etc/tracee: packaging/finish.sh.
install(FILES packaging/tracee.yaml DESTINATION share/tracee)

set(BINDIR /usr/bin)
configure_file(packaging/tracee.service packaging/tracee.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/packaging/tracee.service DESTINATION lib/systemd/system)

set(CPACK_PACKAGE_NAME tracee)
set(CPACK_PACKAGE_VENDOR "tracee maintainers")
set(CPACK_PACKAGE_CONTACT "tracee maintainers <maintainers@tracee.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "shows which process sent or received which packet")
set(CPACK_PACKAGE_DESCRIPTION
"tracee shows, live, which process sent or received which packet on a Linux
host: one JSON event or one line per packet, with the process behind it. It
sees every interface and network namespace through BPF programs on the root
cgroup, filters with one expression language, reads and writes capture
files, and accounts for every packet it saw.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_SOURCE_DIR}/cmake/package_kind.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/package_files.cmake)
# One thread: how many cores compress must not show in the bytes.
set(CPACK_THREADS 1)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What is loaded when it is needed is not seen by dpkg-shlibdeps. A host that sends nothing to
# a broker does without its library.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libcurl4, libmicrohttpd12, libpcap0.8")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libnats3.4, librdkafka1, man-db | man-browser")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/debian/conffiles
  ${CMAKE_SOURCE_DIR}/packaging/debian/postinst
  ${CMAKE_SOURCE_DIR}/packaging/debian/prerm
  ${CMAKE_SOURCE_DIR}/packaging/debian/postrm)
include(CPack)
