#!/usr/bin/env bash
# Builds the npm package and tests what it packs: types, and everything else in headless Chromium.
# FRAMES=20000: also look for growth over so many tracked frames.
# --install: fetch missing Debian packages first (as root). Otherwise what is missing is named, and nothing is run.
set -euo pipefail
cd "$(dirname "$0")"
build=${BUILD:-$PWD/build}
python=${PYTHON:-python3}
export CLANG=${CLANG:-clang}

say() { printf '\n-- %s\n' "$1"; }

# Debian packages of what is missing
missing() {
    has() { command -v "$1" >/dev/null || echo "$2"; }
    has "$CLANG" clang
    has wasm-ld lld
    has wasm-opt binaryen
    has "${CHROMIUM:-chromium}" chromium
    has node nodejs
    has npm npm
    compgen -G '/usr/include/wasm32-wasi/stdio.h' >/dev/null || echo wasi-libc
    compgen -G '/usr/lib/llvm-*/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a' >/dev/null || echo libclang-rt-dev-wasm32
}

install=${1:-}
source ../install.sh
# shellcheck disable=SC2046
install_missing $(missing)
lacking=$(missing | xargs)
if [ -n "$lacking" ]; then
    say "skipped: the web binding: not installed: $lacking (Debian: apt install $lacking)"
    exit 0
fi
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    say "skipped: the web binding: Node 20 or later is needed, this is $(node --version)"
    exit 0
fi
CHROMIUM=$(command -v "${CHROMIUM:-chromium}")
export CHROMIUM

say "dependencies"
npm ci --silent

say "pack"
rm -rf "$build"
mkdir -p "$build/expected"
npm run --silent build
npm pack --silent --pack-destination "$build"
tar -xzf "$build"/*.tgz -C "$build"
ln -s "$PWD/node_modules" "$build/package/node_modules"
export ASMNET_PACKAGE=$build/package

say "types"
node_modules/.bin/tsc --noEmit --strict --target es2022 --module nodenext --lib es2022,dom test/usage.ts

if PYTHONPATH=../.. "$python" test/expect.py "$build/expected" 2>"$build/expect.log"; then
    export ASMNET_EXPECTED=$build/expected
else
    say "skipped: photos against the Python SDK, which does not run here: $(tail -n 1 "$build/expect.log")"
fi

if PYTHONPATH=../.. "$python" ../refused.py "$build/refused" 2>"$build/refused.log"; then
    export ASMNET_REFUSED=$build/refused
else
    say "skipped: refused model files, which the Python SDK cannot make here: $(tail -n 1 "$build/refused.log")"
fi

say "tests"
node --test --test-concurrency=1 --test-reporter=spec test/*.test.mjs
say "bindings/web: done"
