# Sourced by the bindings' tests: points ASMNET_RUNTIME to the LiteRT of $python's environment, else fetches it to $build.
if [ -z "${ASMNET_RUNTIME:-}" ]; then
    folder=$("$python" -c 'from importlib.util import find_spec as find
found = find("ai_edge_litert")
print(found.submodule_search_locations[0] if found else "")')
    if [ -z "$folder" ]; then
        echo "-- LiteRT from PyPI"
        folder=$build/runtime/ai_edge_litert
        "$python" -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target "$build/runtime" \
            'ai-edge-litert>=2.1.6,<3'
    fi
    export ASMNET_RUNTIME=$folder/libLiteRt.so
fi
