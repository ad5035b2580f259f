#!/usr/bin/env bash
# The project on emulated 64-bit Arm, Raspberry Pi 4, and its C library on 32-bit Arm: tests/arm/run.sh [FOLDER]
# The shipped network gives the answers on record; the Python SDK and the cross-compiled C library replay tests/golden.
# DEBIAN_RELEASE is bookworm (12, the default) or trixie (13): the systems that Raspberry Pi OS is made of.
# Status 0: all hold; 1: one does not; 77: cannot be tried here, the last line says why. Root is not needed.
# Downloads about 350 MB of Debian packages and wheels into FOLDER, where a second run finds them again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
work=$(mkdir -p "${1:-/tmp/asmnet_arm64}" && cd "${1:-/tmp/asmnet_arm64}" && pwd)
python=${PYTHON:-python3}
release=${DEBIAN_RELEASE:-bookworm}
case $release in
    bookworm) version=3.11 packages="libssl3" ;;
    trixie) version=3.13 packages="libssl3t64" ;;
    *) echo "DEBIAN_RELEASE: expected bookworm or trixie, got $release" && exit 2 ;;
esac
root32=$work/${release}_armhf
root=$work/$release # absolute: the emulator resolves paths against it

say() { printf '\n-- %s (%d s)\n' "$1" "$SECONDS"; }
skip() { echo "skipped: $1" && exit 77; }
for tool in apt-get dpkg-deb cmake "$python"; do
    command -v "$tool" >/dev/null || skip "$tool is missing"
done
[ "$(uname -m)" = x86_64 ] || skip "made for x86-64, this is $(uname -m)"

# apt with folders of its own: it neither needs root nor touches the system's lists
apt() { # apt RELEASE ARCHITECTURE arguments
    local state=$work/apt/$1/$2
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    [ -e "$state/status" ] || : >"$state/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $1 main" \
        >"$state/sources.list"
    apt-get -qq -o APT::Architecture="$2" -o APT::Architectures="$2" -o Dir::State="$state" \
        -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" -o APT::Sandbox::User="" \
        -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null "${@:3}"
}
unpack() { # unpack RELEASE ARCHITECTURE FOLDER packages
    local ready="$3/ready_$2_$(echo "${*:4}" | sha256sum | head -c 12)" folder
    folder=$work/packages/$1/$2/$(basename "$ready")
    [ -e "$ready" ] && return
    mkdir -p "$folder" "$3"
    apt "$1" "$2" update || skip "no package lists of Debian $1 $2"
    (cd "$folder" && apt "$1" "$2" download "${@:4}") || skip "packages of Debian $1 $2 cannot be downloaded"
    for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$3"; done
    touch "$ready"
}
cross_compiler() { # cross_compiler TRIPLE ARCHITECTURE: its packages
    echo "binutils-$1" "cpp-12-$1" "gcc-12-$1" "g++-12-$1" "libgcc-12-dev-$2-cross" "libgcc-s1-$2-cross" \
        "libstdc++-12-dev-$2-cross" "libstdc++6-$2-cross" "libc6-dev-$2-cross" "libc6-$2-cross" "linux-libc-dev-$2-cross"
}
wheels() { # wheels FOLDER REQUIREMENT...
    local platforms=()
    for platform in manylinux_2_27 manylinux_2_28 manylinux_2_34 manylinux2014; do
        platforms+=(--platform "${platform}_aarch64")
    done
    "$python" -m pip install --quiet --disable-pip-version-check --upgrade --target "$1" --no-deps --only-binary=:all: \
        --python-version "$version" "${platforms[@]}" --platform any "${@:2}" || skip "wheels for aarch64 cannot be installed"
}

say "Debian $release for arm64, a cross compiler, an emulator"
tools=$work/tools
# shellcheck disable=SC2046
unpack bookworm amd64 "$tools" qemu-user-static $(cross_compiler aarch64-linux-gnu arm64) \
    libbinutils libisl23 libmpc3 libmpfr6 libjansson4
unpack "$release" arm64 "$root" libc6 libgcc-s1 libstdc++6 zlib1g zlib1g-dev libexpat1 libffi8 libbz2-1.0 liblzma5 \
    $packages "libpython$version-minimal" "libpython$version-stdlib" "python$version-minimal"
[ -e "$root/lib" ] || ln -s usr/lib "$root/lib" # as base-files has it, from Debian 13 on
# ai-edge-litert 2.3 crashes on the cpuinfo of another architecture
mkdir -p "$root/proc" && cp "$here/cpuinfo" "$root/proc/cpuinfo"
site=$work/wheels_$version
[ -e "$site/ready" ] || { wheels "$site" "numpy>=1.26,<3" "ai-edge-litert>=2.1.6,<3" flatbuffers \
    "opencv-python-headless>=4.10" pytest iniconfig pluggy packaging pygments && touch "$site/ready"; }

# a Raspberry Pi 4; qemu 7.2's `max` computes int8 wrongly
emulator=("$tools/usr/bin/qemu-aarch64-static" -cpu cortex-a72 -L "$root")
emulated_python() {
    env PYTHONPATH="$site:$project" PYTHONDONTWRITEBYTECODE=1 "${emulator[@]}" "$root/usr/bin/python$version" "$@"
}

say "the answers on record"
emulated_python "$project/tests/convert/same_answers.py" "$project/models/accurate_int8_answers.npz" \
    "$project/sdk/models/accurate_int8.tflite"

say "the Python SDK: tests/golden"
(cd "$work" && emulated_python -m pytest -q -c /dev/null --noconftest -p no:cacheprovider --import-mode=importlib \
    "$project/tests/golden")

# c_library TRIPLE ROOT_OF_TARGET EMULATOR...: builds with the toolchain file of docs/cross_compiling.md
c_library() {
    local triple=$1 target=$2 build=$work/c_${release}_$1 zlib
    for language in gcc g++; do # with the libraries it was packaged with, wherever it lies
        printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s-%s-12 --sysroot=%s "$@"\n' "$tools/usr/lib/x86_64-linux-gnu" \
            "$tools/usr/bin/$triple" "$language" "$tools" >"$tools/$triple-$language"
        chmod +x "$tools/$triple-$language"
    done
    zlib=$(find "$target" -name 'libz.so.1.*' -type f)
    cmake -S "$project/bindings/c" -B "$build" --toolchain "$project/bindings/c/cmake/toolchains/$triple.cmake" \
        -DCMAKE_C_COMPILER="$tools/$triple-gcc" -DCMAKE_CXX_COMPILER="$tools/$triple-g++" \
        -DCMAKE_COMPILE_WARNING_AS_ERROR=ON -DZLIB_INCLUDE_DIR="$target/usr/include" -DZLIB_LIBRARY="$zlib" \
        -DCMAKE_EXE_LINKER_FLAGS="-Wl,-rpath-link,$(dirname "$zlib")" \
        -DCMAKE_CROSSCOMPILING_EMULATOR="$(shift 2 && IFS=';' && echo "$*")" >/dev/null
    cmake --build "$build" --parallel 2 >/dev/null
}

say "the C library, cross-compiled: its tests of golden contract and interface"
c_library aarch64-linux-gnu "$root" "${emulator[@]}"
ASMNET_RUNTIME=$site/ai_edge_litert/libLiteRt.so ctest --test-dir "$work/c_${release}_aarch64-linux-gnu" --output-on-failure \
    -E '^(memory|model)$' # which no processor matters to

say "the C library for 32-bit Arm, cross-compiled: what needs no TFLite library, since there is none to download"
unpack bookworm amd64 "$tools" $(cross_compiler arm-linux-gnueabihf armhf)
unpack "$release" armhf "$root32" libc6 libgcc-s1 libstdc++6 zlib1g zlib1g-dev
[ -e "$root32/lib" ] || ln -s usr/lib "$root32/lib"
c_library arm-linux-gnueabihf "$root32" "$tools/usr/bin/qemu-arm-static" -cpu cortex-a7 -L "$root32"
ctest --test-dir "$work/c_${release}_arm-linux-gnueabihf" --output-on-failure -R '^(formats|head)$'
say "emulated arm64 and armhf, Debian $release: done"
