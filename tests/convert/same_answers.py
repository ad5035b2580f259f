"""Does the TFLite interpreter of this environment give the answers on record?

python same_answers.py EXPECTED.npz MODEL [LSB]

Status 0 if no landmark is further off than LSB (2) steps of 1/256 of the crop's side. Needs numpy and an
interpreter alone: nothing of this project, which is newer than the environments it runs in.
"""

import importlib
import platform
import sys

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


def main(expected, model, limit="2"):
    package, interpreter = interpreter_of(model)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    outputs = sorted(interpreter.get_output_details(), key=lambda detail: -int(detail["shape"][-1]))
    steps = [0.0, 0.0]
    with np.load(expected) as known:
        for i, crop in enumerate(known["crops"]):
            given = crop if entry["dtype"] == np.uint8 else crop.astype(np.float32) / np.float32(255)
            interpreter.set_tensor(entry["index"], given[np.newaxis])
            interpreter.invoke()
            for k, name in enumerate(("landmarks", "pose")):
                found = interpreter.get_tensor(outputs[k]["index"]).ravel()
                steps[k] = max(steps[k], float(np.abs(found - known[name][i].ravel()).max()) / STEP)
    where = f"{package} on {platform.machine()}, Python {platform.python_version()}"
    print(f"{where}: landmarks {steps[0]:.2f} LSB, pose {steps[1]:.2f} LSB off at most")
    return 0 if max(steps) <= float(limit) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
