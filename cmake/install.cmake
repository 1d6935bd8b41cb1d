# What an installation has: the command with its data, and the core model as libraries for other SystemC platforms
# (find_package(isobar), pkg-config isobar). docs/example-platform uses them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

if(TARGET isobar)
  install(TARGETS isobar RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(DIRECTORY scenarios/ DESTINATION ${CMAKE_INSTALL_DATADIR}/isobar/scenarios
          FILES_MATCHING PATTERN "*.yaml" PATTERN "*.litmus" PATTERN "*.json")
  install(DIRECTORY mappings timing helpers DESTINATION ${CMAKE_INSTALL_DATADIR}/isobar)
  install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
endif()

if(ISOBAR_SYSTEMC)
  set(libraries isobar_support isobar_isa isobar_trace isobar_model isobar_assembler isobar_explore isobar_systemc)
  install(TARGETS ${libraries} isobar_options isobar_systemc_import isobar_llvm EXPORT isobarTargets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT isobarTargets NAMESPACE isobar:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isobar)
  install(DIRECTORY support isa trace model explore DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/isobar
          FILES_MATCHING PATTERN "*.h" PATTERN "*.inc")
  configure_package_config_file(cmake/isobarConfig.cmake.in ${PROJECT_BINARY_DIR}/isobarConfig.cmake
                                INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isobar)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/isobarConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  configure_file(cmake/isobar.pc.in ${PROJECT_BINARY_DIR}/isobar.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/isobarConfig.cmake ${PROJECT_BINARY_DIR}/isobarConfigVersion.cmake
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isobar)
  install(FILES ${PROJECT_BINARY_DIR}/isobar.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

# tools/package makes a Debian package of it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME isobar)
set(CPACK_PACKAGE_CONTACT "The Isobar developers <isobar@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "simulated arm64 multiprocessor for memory ordering and code modification")
set(CPACK_PACKAGE_DESCRIPTION "Isobar runs A64 code on cores with store buffers and incoherent caches, explores every
execution that the Arm architecture allows, explains and replays each.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "graphviz, libsystemc-dev")
include(CPack)
