include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/asmnet_edge)
set(models ${CMAKE_INSTALL_DATADIR}/asmnet_edge/models)

# The tool finds the library wherever both are moved to together.
if(APPLE)
  set(origin @loader_path)
else()
  set(origin $ORIGIN)
endif()
file(RELATIVE_PATH to_libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set_target_properties(asmnet-align PROPERTIES INSTALL_RPATH ${origin}/${to_libraries})

install(TARGETS asmnet_edge asmnet-align EXPORT asmnet_edge_targets)
install(FILES include/asmnet_edge.h include/asmnet_edge.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(ASMNET_EDGE_MODELS)
  install(DIRECTORY ../../sdk/models/ DESTINATION ${models} FILES_MATCHING PATTERN *.tflite PATTERN __pycache__ EXCLUDE)
endif()

install(EXPORT asmnet_edge_targets NAMESPACE asmnet_edge:: DESTINATION ${package})
configure_package_config_file(cmake/asmnet_edge-config.cmake.in asmnet_edge-config.cmake INSTALL_DESTINATION ${package}
                              PATH_VARS models)
write_basic_package_version_file(asmnet_edge-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/asmnet_edge-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/asmnet_edge-config-version.cmake DESTINATION ${package})

# Relative to the .pc file, so that it is right after any --prefix and after a move.
file(RELATIVE_PATH to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" to_prefix ${to_prefix})
set(private_libs "-lz -ldl -lm -pthread")
if(NOT BUILD_SHARED_LIBS) # whoever links the static library, which is all there is, needs them
  set(with_libs " ${private_libs}")
endif()
configure_file(cmake/asmnet_edge.pc.in asmnet_edge.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/asmnet_edge.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
