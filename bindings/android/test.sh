#!/usr/bin/env bash
# Builds the JNI layer for the desktop and replays the golden contract on its JVM. What needs Android's tools is not built.
# --install: fetch missing Debian packages first (as root).
set -euo pipefail
cd "$(dirname "$0")"
build=${BUILD:-$PWD/build}
python=${PYTHON:-python3}
skip() { printf '\n-- skipped: %s\n' "$1"; exit 0; }

install=${1:-}
source ../install.sh
command -v javac >/dev/null || install_missing default-jdk-headless
install_missing cmake g++ zlib1g-dev
for tool in cmake cc javac java; do
    command -v "$tool" >/dev/null || skip "the Java binding: $tool is not installed (Debian: cmake g++ zlib1g-dev default-jdk)"
done
source ../litert.sh
export JAVA_HOME=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}
cmake -S library/src/main/cpp -B "$build/jni" >/dev/null
cmake --build "$build/jni" --target asmnet_edge_jni --parallel 2 >/dev/null
PYTHONPATH=../.. "$python" ../refused.py "$build/refused"
javac -Xlint:all -Werror -d "$build/classes" library/src/main/java/io/asmnetedge/*.java library/src/jvmTest/*.java
java -Xcheck:jni -cp "$build/classes" -Djava.library.path="$build/jni" GoldenTest \
    ../../sdk/models/accurate_int8.tflite ../../tests/golden ../../sdk/models/detectors/face_detector_416_int8.tflite "$build/refused"
