include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS asmnet_edge asmnet-align EXPORT asmnet_edge_targets)
install(FILES include/asmnet_edge.h include/asmnet_edge.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/asmnet_edge)
if(BUILD_SHARED_LIBS)
  install(EXPORT asmnet_edge_targets NAMESPACE asmnet_edge:: DESTINATION ${package})
  configure_package_config_file(cmake/asmnet_edge-config.cmake.in asmnet_edge-config.cmake INSTALL_DESTINATION ${package})
  write_basic_package_version_file(asmnet_edge-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/asmnet_edge-config.cmake
                ${CMAKE_CURRENT_BINARY_DIR}/asmnet_edge-config-version.cmake DESTINATION ${package})
endif()

configure_file(cmake/asmnet_edge.pc.in asmnet_edge.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/asmnet_edge.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
