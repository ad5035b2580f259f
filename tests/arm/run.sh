#!/usr/bin/env bash
# The shipped model on emulated 64-bit Arm gives the answers on record: tests/arm/run.sh [FOLDER]
# Status 0: it does; 1: it does not; 77: cannot be tried here, the last line says why. Root is not needed.
# Downloads about 60 MB of Debian packages and wheels into FOLDER, where a second run finds them again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
work=$(mkdir -p "${1:-/tmp/asmnet_arm64}" && cd "${1:-/tmp/asmnet_arm64}" && pwd)
root=$work/root # absolute: the emulator resolves paths against it
release=${DEBIAN_RELEASE:-bookworm}
python=${PYTHON:-python3}

skip() { echo "skipped: $1" && exit 77; }
for tool in apt-get dpkg-deb "$python"; do
    command -v "$tool" >/dev/null || skip "$tool is missing"
done
[ "$(uname -m)" = x86_64 ] || skip "made for x86-64, this is $(uname -m)"

# apt with folders of its own: it neither needs root nor touches the system's lists
apt() { # apt ARCHITECTURE arguments
    local state=$work/apt/$1
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    [ -e "$state/status" ] || : >"$state/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $release main" \
        >"$state/sources.list"
    apt-get -qq -o APT::Architecture="$1" -o APT::Architectures="$1" -o Dir::State="$state" \
        -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" -o APT::Sandbox::User="" \
        -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null "${@:2}"
}
unpack() { # unpack ARCHITECTURE FOLDER packages
    local folder=$work/packages_$1
    mkdir -p "$folder" "$2"
    apt "$1" update || skip "no package lists of Debian $release $1"
    (cd "$folder" && apt "$1" download "${@:3}") || skip "packages of Debian $release $1 cannot be downloaded"
    for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$2"; done
}

emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64 || true)
if [ -z "$emulator" ]; then
    emulator=$work/tools/usr/bin/qemu-aarch64-static
    [ -x "$emulator" ] || unpack amd64 "$work/tools" qemu-user-static
fi
if [ ! -e "$work/ready" ]; then
    unpack arm64 "$root" libc6 libgcc-s1 libstdc++6 zlib1g libexpat1 libffi8 libssl3 libbz2-1.0 liblzma5 \
        libpython3.11-minimal libpython3.11-stdlib python3.11-minimal
    "$python" -m pip install --quiet --target "$work/wheels" --no-deps --only-binary=:all: --python-version 3.11 \
        --platform manylinux_2_27_aarch64 --platform manylinux_2_28_aarch64 --platform manylinux_2_34_aarch64 \
        --platform manylinux2014_aarch64 --platform any "numpy>=1.26,<3" "ai-edge-litert>=2.1.6,<3" flatbuffers \
        || skip "wheels for aarch64 cannot be installed"
    # ai-edge-litert 2.3 crashes on the cpuinfo of another architecture
    mkdir -p "$root/proc"
    cp "$here/cpuinfo" "$root/proc/cpuinfo"
    touch "$work/ready"
fi
# a Raspberry Pi 4; qemu 7.2's `max` computes int8 wrongly
exec env PYTHONPATH="$work/wheels" PYTHONDONTWRITEBYTECODE=1 "$emulator" -cpu cortex-a72 -L "$root" \
    "$root/usr/bin/python3.11" "$project/tests/convert/same_answers.py" \
    "$project/models/asmnet_128_int8_answers.npz" "$project/sdk/models/asmnet_128_int8.tflite"
