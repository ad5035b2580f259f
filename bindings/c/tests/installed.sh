#!/usr/bin/env bash
# What is installed works, wherever it lies: installed.sh BUILD_FOLDER WORK_FOLDER MODEL. The library is shared or static, as
# it was built. Uses ASMNET_RUNTIME.
set -euo pipefail
built=$1 work=$2 model=$3
here=$(cd "$(dirname "$0")" && pwd)
fail() { echo "installed.sh: $1" >&2; exit 1; }
rm -rf "$work" && mkdir -p "$work"

cmake --install "$built" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/moved"
libraries=$(dirname "$(find "$work/moved" -name 'libasmnet_edge.*' | head -n 1)")

cmake -S "$here/consumer" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/moved" >/dev/null
cmake --build "$work/cmake" >/dev/null
"$work/cmake/consumer" "$model"

name=$(basename "$model")
found=$(sed -n 's/^CONSUMER_MODELS:[A-Z]*=//p' "$work/cmake/CMakeCache.txt")
cmp "$found/$name" "$model" || fail "expected $name in the folder that find_package names, got $found"

if command -v pkg-config >/dev/null; then
    export PKG_CONFIG_PATH=$libraries/pkgconfig
    read -ra flags <<<"$(pkg-config --cflags --libs asmnet_edge)"
    cc "$here/consumer/consumer.c" "${flags[@]}" -o "$work/by_pkg_config"
    LD_LIBRARY_PATH=$libraries "$work/by_pkg_config" "$(pkg-config --variable=models asmnet_edge)/$name"
else
    echo "-- skipped: pkg-config is not installed"
fi

env -u LD_LIBRARY_PATH "$work/moved/bin/asmnet-align" "$model" "$here/../../../tests/golden/portrait.ppm" 88 80 177 168 |
    grep -q '"landmarks"' || fail "asmnet-align does not run where it was moved to"

shared=$(find "$libraries" -name 'libasmnet_edge.so.*' -type f)
if [ -n "$shared" ] && command -v readelf >/dev/null; then
    abi=$(sed -n 's/^#define FA_ABI_VERSION \([0-9]*\)u.*/\1/p' "$work/moved/include/asmnet_edge.h")
    readelf -d "$shared" | grep -q "soname: \[libasmnet_edge.so.$abi\]" || fail "expected a soname of ABI $abi in $shared"
fi
