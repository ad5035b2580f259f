#!/usr/bin/env bash
# Which TFLite interpreter PyPI has for the systems of docs/raspberry_pi.md, as that page's table: tests/arm/wheels.sh
# Status 1: the page says something else; 77: no registry is within reach.
set -euo pipefail
page=$(cd "$(dirname "$0")/../../docs" && pwd)/raspberry_pi.md
python=${PYTHON:-python3}
places=$(mktemp -d)
trap 'rm -rf "$places"' EXIT

newest() { # newest PYTHON_VERSION GLIBC_MINOR ARCHITECTURE PACKAGE: its version, or none
    local platforms=(--platform "linux_$3" --platform "manylinux2014_$3") minor
    for ((minor = 17; minor <= $2; minor++)); do platforms+=(--platform "manylinux_2_${minor}_$3"); done
    "$python" -m pip install --dry-run --quiet --report "$places/report" --target "$places/none" --no-deps --only-binary=:all: \
        --disable-pip-version-check --implementation cp --python-version "$1" "${platforms[@]}" "$4" >"$places/log" 2>&1 ||
        { grep -q "No matching distribution" "$places/log" && echo none && return; cat "$places/log" >&2 && return 77; }
    "$python" -c "import json, sys; print(sys.argv[2], json.load(open(sys.argv[1]))['install'][0]['metadata']['version'])" \
        "$places/report" "$4"
}
interpreter() { # interpreter PYTHON_VERSION GLIBC_MINOR ARCHITECTURE: what the project would take
    local found
    found=$(newest "$1" "$2" "$3" 'ai-edge-litert')
    [ "$found" != none ] || found=$(newest "$1" "$2" "$3" tflite-runtime)
    echo "$found"
}

status=0
while IFS=, read -r system version glibc; do
    line="| $system | $version | $(interpreter "$version" "$glibc" aarch64) | $(interpreter "$version" "$glibc" armv7l) |"
    echo "$line"
    grep -qxF "$line" "$page" || { echo "-- $page has another line for $system" >&2 && status=1; }
done <<'SYSTEMS'
Raspberry Pi OS 13 (Trixie),3.13,41
Raspberry Pi OS 12 (Bookworm),3.11,36
Ubuntu 24.04,3.12,39
Ubuntu 22.04,3.10,35
SYSTEMS
exit $status
