# 32-bit Arm with hardware floats (Debian's armhf, ARMv7), as Raspberry Pi 2 and later with a 32-bit system.
set(CMAKE_SYSTEM_PROCESSOR armv7)
set(triple arm-linux-gnueabihf)
set(emulator qemu-arm)
set(cpu cortex-a7)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
