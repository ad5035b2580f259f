"""Does the TFLite interpreter of this environment give the answers on record?

python same_answers.py EXPECTED.npz MODEL [LSB]

Status 0 if no landmark is further off than LSB (2) steps of 1/256 of the crop's side. Needs numpy and an
interpreter alone: nothing of this project, which is newer than the environments it runs in. What follows a network
that ends in maps is computed here after docs/model_format.md, from the model file's own arrays.
"""

import importlib
import io
import json
import platform
import sys
import zipfile

import numpy as np

STEP = 1 / 256


def interpreter_of(model):
    for package in ("ai_edge_litert", "tflite_runtime"):
        try:
            module = importlib.import_module(package + ".interpreter")
        except ModuleNotFoundError:
            continue
        return package, module.Interpreter(model_path=model, num_threads=1)
    raise SystemExit("no TFLite interpreter in this environment")


def head_of(model):
    """Landmarks and pose of a network's outputs, a function."""
    with zipfile.ZipFile(model) as archive:
        head = json.loads(archive.read("asmnet_edge.json")).get("head")
        arrays = [n for n in archive.namelist() if n.startswith("head/")]
        arrays = {n[5:-4]: np.load(io.BytesIO(archive.read(n))).astype(float) for n in arrays}
    if head is None:
        return lambda landmarks, pose: (landmarks.ravel(), pose.ravel())

    def decode(maps, top):
        q = maps.astype(int)
        p = np.exp(head["maps_scale"] * (q - q.max(axis=(1, 2))))[0]
        place = (np.arange(head["maps_side"]) + 0.5) / head["maps_side"] - 0.5
        x, y = p.sum(0).T @ place, p.sum(1).T @ place
        places = np.stack([x, y], axis=1) / p.sum((0, 1))[:, None]
        rest = head["top_scale"] * (top.ravel().astype(float) - head["top_zero_point"])
        features = np.concatenate([places.ravel(), rest])
        names = ("landmarks", "pose")
        return [features @ arrays[f"{name}_kernel"] + arrays[f"{name}_bias"] for name in names]

    return decode


def main(expected, model, limit="2"):
    package, interpreter = interpreter_of(model)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    outputs = sorted(interpreter.get_output_details(), key=lambda detail: -int(np.prod(detail["shape"])))
    decode = head_of(model)
    steps = [0.0, 0.0]
    with np.load(expected) as known:
        for i, crop in enumerate(known["crops"]):
            given = crop if entry["dtype"] == np.uint8 else crop.astype(np.float32) / np.float32(255)
            interpreter.set_tensor(entry["index"], given[np.newaxis])
            interpreter.invoke()
            found = decode(*(interpreter.get_tensor(detail["index"]) for detail in outputs))
            for k, name in enumerate(("landmarks", "pose")):
                steps[k] = max(steps[k], float(np.abs(found[k] - known[name][i].ravel()).max()) / STEP)
    where = f"{package} on {platform.machine()}, Python {platform.python_version()}"
    print(f"{where}: landmarks {steps[0]:.2f} LSB, pose {steps[1]:.2f} LSB off at most")
    return 0 if max(steps) <= float(limit) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
