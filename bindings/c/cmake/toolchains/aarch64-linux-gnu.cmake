# 64-bit Arm, as Raspberry Pi 3 and later with a 64-bit system. The emulated processor is the Pi 4's.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triple aarch64-linux-gnu)
set(emulator qemu-aarch64)
set(cpu cortex-a72)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
