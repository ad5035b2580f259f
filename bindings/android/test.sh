#!/usr/bin/env bash
# Builds the JNI layer for the desktop, compiles all Java sources and replays the golden contract on the JVM. What needs
# Android's own tools is not built.
# --install: fetch missing Debian packages first (as root). FRAMES=20000: also look for growth over so many tracked frames.
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
case $(uname -s) in
Linux) # the linker's flag for Android's pages of 16 KB, which asks for 0x4000 of every part
    parts=$(readelf -lW "$build"/jni/libasmnet_edge_jni.so | awk '$1 == "LOAD" {print $NF}' | sort -u)
    [ "$parts" = 0x4000 ] || { echo "libasmnet_edge_jni.so: expected parts aligned to 0x4000, got $parts" >&2; exit 1; } ;;
esac

# Java 8's classes are the nearest to Android 7's. The stubs stand for Android's and AndroidX's, for the compiler alone.
rm -rf "$build/stubs" "$build/classes" "$build/camera"
"$python" stubs/split.py "$build/stubs" stubs/*.txt
mapfile -t stubs < <(find "$build/stubs" -name '*.java')
mapfile -t library < <(find library/src/main/java -name '*.java')
mapfile -t camera < <(find camera/src/main/java -name '*.java')
javac --release 8 -Xlint:-options -d "$build/stubs/classes" "${stubs[@]}"
javac --release 8 -Xlint:all,-options -Werror -cp "$build/stubs/classes" -d "$build/classes" "${library[@]}"
javac --release 8 -Xlint:all,-options -Werror -cp "$build/classes:$build/stubs/classes" -d "$build/camera" "${camera[@]}"
echo "-- the library (${#library[@]} classes) and the camera app (${#camera[@]}) compile"

PYTHONPATH=../.. "$python" ../refused.py "$build/refused"
javac -Xlint:all -Werror -cp "$build/classes:$build/stubs/classes" -d "$build/tests" library/src/jvmTest/*.java
for test in MemoryTest FormatsTest GoldenTest TracksTest; do
    java -Xms64m -Xmx64m -XX:+AlwaysPreTouch -Xcheck:jni -cp "$build/classes:$build/tests" -Djava.library.path="$build/jni" io.asmnetedge.$test \
        ../../sdk/models/accurate_int8.tflite ../../tests/golden ../../sdk/models/detectors/face_detector_416_int8.tflite \
        "$build/refused"
done
