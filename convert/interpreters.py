"""One model on every interpreter that is installed."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.faces import Face
from convert.looks import input_tensor
from sdk.model_file import ModelFile

MODULES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow.lite.python.interpreter")
"""Modules that hold an Interpreter class."""

FACES = 4
FINE = 2.0**-8
"""A step of the grid that a float output would have with eight bits: landmarks span one side of the crop."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What the others answer against the first, in steps of an 8-bit grid; an error where one does not run it."""

    first: str
    lsb: dict[str, float]
    errors: dict[str, str]


def disagreement(model: ModelFile, faces: Sequence[Face]) -> Disagreement:
    """Run a few faces on each interpreter."""
    installed = [name for name in MODULES if importlib.util.find_spec(name.split(".")[0])]
    answers: dict[str, npt.NDArray[np.float64]] = {}
    errors: dict[str, str] = {}
    for name in installed:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # TensorFlow's interpreter announces its end at every use
                answers[name] = raw_answers(importlib.import_module(name).Interpreter, model, faces[:FACES])
        except (RuntimeError, ValueError) as error:
            errors[name] = str(error).splitlines()[0]
    first = next(iter(answers), "")
    lsb = {name: float(np.abs(v - answers[first]).max()) for name, v in answers.items() if name != first}
    return Disagreement(first, lsb, errors)


def raw_answers(interpreter: Any, model: ModelFile, faces: Sequence[Face]) -> npt.NDArray[np.float64]:
    """Outputs (faces, numbers) in steps of their own grid, floats in steps of FINE."""
    runner = interpreter(model_content=model.flatbuffer, num_threads=1)
    runner.allocate_tensors()
    entry = runner.get_input_details()[0]
    outputs = sorted(runner.get_output_details(), key=lambda d: -int(d["shape"][-1]))
    rows = []
    for face in faces:
        runner.set_tensor(entry["index"], input_tensor(entry, model, face))
        runner.invoke()
        rows.append(np.concatenate([_steps(runner.get_tensor(d["index"]).ravel()) for d in outputs]))
    return np.stack(rows)


def _steps(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return values.astype(np.float64) / (FINE if values.dtype.kind == "f" else 1.0)
