# Included by the toolchain files here, which set `triple`, `emulator` and `cpu`: the cross compilers, libraries and emulator of Debian and
# Ubuntu. Whatever the command line defines stays as it is. docs/cross_compiling.md says which packages these are.
set(CMAKE_SYSTEM_NAME Linux)
if(NOT CMAKE_C_COMPILER)
  set(CMAKE_C_COMPILER ${triple}-gcc)
endif()
if(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER ${triple}-g++)
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
if(NOT CMAKE_CROSSCOMPILING_EMULATOR)
  find_program(asmnet_edge_emulator NAMES ${emulator} ${emulator}-static)
  if(asmnet_edge_emulator) # ctest runs the tests by it
    set(CMAKE_CROSSCOMPILING_EMULATOR ${asmnet_edge_emulator} -cpu ${cpu} -L /usr/${triple})
  endif()
endif()
