#!/usr/bin/env bash
# Builds dist/: the C library as WebAssembly, and copies of the models that the Python package ships.
# Needs clang, lld, wasi-libc, compiler-rt for wasm32 and binaryen (Debian: see README.md), and zlib's sources, which the npm
# package zlib-sync has (npm ci).
set -euo pipefail
cd "$(dirname "$0")"
clang=${CLANG:-clang}
c=../c/src
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' ../../sdk/__init__.py)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

shopt -s extglob
sources=("$c"/!(litert|quiet|runtime|tflite).c) # those know native TFLite libraries; native/network.c stands for them

zlib=node_modules/zlib-sync/deps/zlib
[ -f "$zlib/inflate.c" ] || { echo "no $zlib: run npm ci first" >&2; exit 1; }

mkdir -p dist/models
(cd ../../sdk/models && sha256sum --check --quiet SHA256SUMS) # the models are those that are pinned
objects=()
for name in adler32 crc32 inffast inflate inftrees zutil; do # of zlib what unpacks
    "$clang" --target=wasm32-wasi -O3 -DNO_GZIP -I"$zlib" -c "$zlib/$name.c" -o "$work/$name.o"
    objects+=("$work/$name.o")
done
# No contraction, as in bindings/c/CMakeLists.txt: crops and landmarks must not depend on the processor.
"$clang" --target=wasm32-wasi -mexec-model=reactor -O3 -std=c11 -ffp-contract=off -Wall -Wextra -Wshadow -Werror \
    -D_GNU_SOURCE -DASMNET_EDGE_VERSION="\"$version\"" -Inative -I../c/include -I"$c" -isystem "$zlib" \
    native/*.c "${sources[@]}" "${objects[@]}" \
    -Wl,--strip-all,-z,stack-size=262144 -o "$work/asmnet_edge.wasm"
# Asyncify lets C wait for the network, which answers by a promise.
wasm-opt -O3 --asyncify --pass-arg=asyncify-imports@host.host_open,host.host_run \
    "$work/asmnet_edge.wasm" -o dist/asmnet_edge.wasm
cp ../../sdk/models/accurate_int8.tflite ../../sdk/models/fast_int8.tflite ../../sdk/models/detectors/face_detector_416_int8.tflite dist/models/
cp ../../LICENSE dist/
