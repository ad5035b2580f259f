#!/usr/bin/env bash
# Builds the C library and runs its tests: plainly, with sanitizers, under valgrind, as an installed package, and the
# fuzzer for a while. Leaves out only what no tool is there for, and says so. Everything goes to build/.
# --install: fetch missing Debian packages first (as root).
set -euo pipefail
cd "$(dirname "$0")"
build=${BUILD:-$PWD/build}
python=${PYTHON:-python3}
fuzz_seconds=${FUZZ_SECONDS:-20}
clang=${CLANG:-clang}
model=$PWD/../../sdk/models/accurate_int8.tflite
detector=$PWD/../../sdk/models/detectors/face_detector_416_int8.tflite
golden=$PWD/../../tests/golden

say() { printf '\n-- %s\n' "$1"; }
skip() { printf '\n-- skipped: %s\n' "$1"; }
has() { command -v "$1" >/dev/null; }

install=${1:-}
source ../install.sh
install_missing cmake g++ zlib1g-dev pkg-config valgrind clang libclang-rt-dev
for tool in cmake cc c++; do
    has "$tool" || { skip "all of bindings/c: $tool is not installed (Debian: apt install cmake g++ zlib1g-dev)"; exit 0; }
done
mkdir -p "$build"

source ../litert.sh

say "build and test"
cmake -S . -B "$build/plain" -DCMAKE_COMPILE_WARNING_AS_ERROR=ON >/dev/null
cmake --build "$build/plain" --parallel 2 >/dev/null
ctest --test-dir "$build/plain" --output-on-failure

say "the same files are refused as in Python"
if "$python" -c 'import numpy' 2>/dev/null; then
    "$python" tests/same_refusals.py "$build/plain/tests/read_models" --count "${REFUSALS:-1500}"
else
    skip "the comparison of refusals: $python has no numpy"
fi

say "its tracker in turns with Python's, as benchmarks latency times it"
if "$python" -c 'import cv2, pytest, ai_edge_litert' 2>/dev/null; then
    (cd ../.. && ASMNET_C_LIBRARY=$build/plain/libasmnet_edge.so "$python" -m pytest -q -k c_tracker tests/benchmarks/test_latency.py)
else
    skip "the turns: $python lacks OpenCV, pytest or LiteRT"
fi

if [ -n "${ASMNET_TFLITE:-}" ]; then
    say "a library with the classic TFLite C API"
    ASMNET_RUNTIME=$ASMNET_TFLITE "$build/plain/tests/test_golden" "$model" "$golden" 3
else
    skip "the classic TFLite C API: ASMNET_TFLITE names no libtensorflowlite_c.so"
fi

say "installed, and moved: shared and static, by CMake and pkg-config"
tests/installed.sh "$build/plain" "$build/installed" "$model"
cmake -S . -B "$build/static" -DBUILD_SHARED_LIBS=OFF -DASMNET_EDGE_TESTS=OFF >/dev/null
cmake --build "$build/static" --parallel 2 >/dev/null
tests/installed.sh "$build/static" "$build/installed_static" "$model"

say "address and undefined-behaviour sanitizers"
cmake -S . -B "$build/sanitized" -DASMNET_EDGE_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug >/dev/null
cmake --build "$build/sanitized" --parallel 2 >/dev/null
ctest --test-dir "$build/sanitized" --output-on-failure

say "thread sanitizer: two handles in two threads"
cmake -S . -B "$build/threads" -DASMNET_EDGE_SANITIZE=thread -DCMAKE_BUILD_TYPE=Debug >/dev/null
cmake --build "$build/threads" --parallel 2 --target test_threads >/dev/null
# LiteRT itself is not instrumented: what it does is not seen, and calls from it are not judged.
TSAN_OPTIONS="ignore_noninstrumented_modules=1 halt_on_error=1" \
    "$build/threads/tests/test_threads" "$model" "$golden" "$detector"

if [ -n "${FRAMES:-}" ]; then
    say "growth over $FRAMES tracked frames"
    "$build/plain/tests/test_memory" "$model" "$golden" "$detector" "$FRAMES"
else
    skip "growth over many frames: FRAMES=20000 asks for it"
fi

if has valgrind; then
    say "valgrind"
    check=(valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite
        --suppressions=tests/valgrind.supp)
    "${check[@]}" "$build/plain/tests/test_model" "$model" "$detector"
    "${check[@]}" "$build/plain/tests/test_head" "$model"
    # XNNPACK's vector code reads beyond its buffers on purpose, so its results count as undefined.
    for test in api golden scenes tracker; do
        "${check[@]}" --undef-value-errors=no "$build/plain/tests/test_$test" "$model" "$golden" "$detector"
    done
else
    skip "valgrind is not installed"
fi

if has "$clang" && cmake -S . -B "$build/fuzz" -DCMAKE_C_COMPILER="$clang" -DASMNET_EDGE_FUZZ=ON \
    -DASMNET_EDGE_TESTS=OFF >/dev/null && cmake --build "$build/fuzz" --target fuzz_model fuzz_image fuzz_tracker >/dev/null 2>"$build/fuzz.log"; then
    say "fuzzing the model reader for $fuzz_seconds s"
    mkdir -p "$build/corpus"
    tail -c 30000 ../../models/asmnet_128_int8.tflite >"$build/corpus/archive" # a whole one: it has no head
    tail -c 3000 "$detector" >"$build/corpus/detector"
    "$python" tests/tiny_network.py "$build/corpus/network" 2>/dev/null || skip "a network to fuzz: $python has no LiteRT"
    "$build/fuzz/fuzz_model" -max_total_time="$fuzz_seconds" -max_len=40000 -verbosity=0 -print_final_stats=1 "$build/corpus"
    say "fuzzing images of all formats for $fuzz_seconds s"
    mkdir -p "$build/corpus_image"
    "$python" tests/image_corpus.py "$build/corpus_image"
    "$build/fuzz/fuzz_image" -max_total_time="$fuzz_seconds" -max_len=400 -verbosity=0 -print_final_stats=1 "$build/corpus_image"
    say "fuzzing the tracker for $fuzz_seconds s: frames, formats, strides, timestamps"
    mkdir -p "$build/frames"
    for seed in 1 2 3 4 5 6 7 8; do
        "$python" -c "import random, sys; sys.stdout.buffer.write(random.Random($seed).randbytes(900))" >"$build/frames/$seed"
    done
    "$build/fuzz/fuzz_tracker" -max_total_time="$fuzz_seconds" -max_len=3000 -len_control=0 -verbosity=0 \
        -print_final_stats=1 "$build/frames"
else
    skip "the fuzzer: no clang with libFuzzer (Debian: apt install clang libclang-rt-dev)"
fi
say "bindings/c: done"
