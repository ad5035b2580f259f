"""TFLite interpreters behind one small protocol. The library is imported when the first model is opened."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, Protocol

import numpy as np
import numpy.typing as npt

from sdk.checks import is_count
from sdk.decoder import Decoder
from sdk.errors import BackendError, InputError
from sdk.forks import reopen_in_children
from sdk.head import Head
from sdk.model_file import ModelFile
from sdk.quantization import dequantize
from sdk.quiet import have_it_said

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

BACKENDS = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow.lite")
"""Modules that hold an Interpreter class, in order of preference."""

MOST_THREADS = 1024
"""The interpreter starts as many as it is told; more take the machine's memory."""


class Interpreter(Protocol):
    """Runs one model on one crop."""

    def run(self, crop: UInt8, /) -> tuple[Float32, Float32]:
        """Landmarks (n, 2) in crop coordinates and pose (3,) of an RGB crop (size, size, 3)."""
        ...


class TfliteInterpreter:
    """A model opened with ai-edge-litert, else tflite-runtime, else TensorFlow.

    Not for use by two threads at once: the tensors are the interpreter's own.

    Raises:
        BackendError: no interpreter is installed, or it does not accept the model.
    """

    def __init__(self, model: ModelFile, *, num_threads: int = 1) -> None:
        self.backend, self._tflite = open_tflite(model.flatbuffer, num_threads=num_threads, origin=model.origin)
        reopen_in_children(self, "_tflite", partial(reopened, model.flatbuffer, num_threads, model.origin))
        self._input = self._tflite.get_input_details()[0]
        eyes = model.scheme.outer_eye_corners
        self._decoder = None if model.head is None else Decoder(model.head, eyes=eyes)
        self._outputs = [self._output(name, size, model) for name, size in _output_sizes(model).items()]
        if model.head is not None:
            _check_integers(model, model.head, *self._outputs)
        expected = [1, model.input_size, model.input_size, 3]
        kind = np.dtype(self._input["dtype"])
        if self._input["shape"].tolist() != expected or kind not in (np.uint8, np.int8, np.float32):
            raise BackendError(
                f"model {model.origin}: expected an input of shape {expected}, uint8, int8 or float32, got "
                f"{self._input['shape'].tolist()} {kind.name}"
            )
        self._input_scale = model.input_scale

    def run(self, crop: UInt8, /) -> tuple[Float32, Float32]:
        """Landmarks (n, 2) in crop coordinates and pose (3,) of an RGB crop (size, size, 3)."""
        self._tflite.set_tensor(self._input["index"], input_values(crop, self._input["dtype"], self._input_scale))
        invoke(self._tflite)
        if self._decoder is not None:
            return self._decoder(*self.raw_outputs)
        landmarks, pose = map(_real, self.raw_outputs, self._outputs)
        return landmarks.reshape(-1, 2), pose

    @property
    def confidence(self) -> float | None:
        """Of the last crop, see `Face.confidence`; None where the model gives none."""
        return None if self._decoder is None else self._decoder.confidence

    @property
    def point_errors(self) -> Float32 | None:
        """Of the last crop (n,), see `Face.point_errors`; None where the model gives none."""
        return None if self._decoder is None else self._decoder.point_errors

    @property
    def log_peaks(self) -> npt.NDArray[np.float64]:
        """`Decoder.log_peaks` of the last crop; raises as `decoder` does."""
        return self.decoder.log_peaks

    @property
    def decoder(self) -> Decoder:
        """What the head made of the last crop, for those who fit its weights.

        Raises:
            BackendError: the model has no head.
        """
        if self._decoder is None:
            raise BackendError("this model gives landmarks alone: expected one with a head (docs/model_format.md)")
        return self._decoder

    @property
    def raw_outputs(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """What the network gave last: maps and last feature map where the model has a head, or both answers."""
        first, second = (self._tflite.get_tensor(detail["index"]) for detail in self._outputs)
        return first, second

    def _output(self, name: str, size: int, model: ModelFile) -> Any:
        outputs = self._tflite.get_output_details()
        found = [d for d in outputs if int(np.prod(d["shape"])) == size]
        if len(found) != 1:
            raise BackendError(
                f"model {model.origin}: expected one output of {size} numbers ({name}), got shapes "
                f"{[d['shape'].tolist() for d in outputs]}"
            )
        return found[0]


def _output_sizes(model: ModelFile) -> dict[str, int]:
    """How many numbers each output has, by which they are told apart."""
    n, head = model.scheme.n_points, model.head
    if head is None:
        return {"landmarks": 2 * n, "pose": 3}
    return {"maps": head.maps_side**2 * n, "top": head.top_size}


def _check_integers(model: ModelFile, head: Head, maps: Any, top: Any) -> None:
    """The head belongs to these outputs: uint8, points last, and on the grids that it was made for."""
    grids = [float(np.float32(maps["quantization"][0])), *map(float, top["quantization"])]
    expected = [head.maps_scale, head.top_scale, float(head.top_zero_point)]
    kinds = [np.dtype(detail["dtype"]) for detail in (maps, top)]
    if kinds != [np.dtype(np.uint8)] * 2 or maps["shape"][-1] != head.n_points or not np.allclose(grids, expected):
        raise BackendError(
            f"model {model.origin}: expected uint8 outputs with {head.n_points} maps and the scales of its head, "
            f"{expected}, got {', '.join(map(str, kinds))} with {maps['shape'][-1]} maps and {grids}; was the "
            "flatbuffer taken from another model?"
        )


def _real(values: npt.NDArray[Any], detail: Any) -> Float32:
    scale, zero_point = detail["quantization"]
    return dequantize(values.ravel(), scale=scale, zero_point=zero_point)


class ClosedInterpreter:
    """What a closed FaceAligner has in place of its interpreter."""

    def run(self, crop: UInt8, /) -> tuple[Float32, Float32]:
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raise the error of a closed aligner."""
        raise BackendError("this FaceAligner is closed; make a new one, or close it later")


def open_tflite(flatbuffer: bytes, *, num_threads: int, origin: str) -> tuple[str, Any]:
    """The name of the library found, and its interpreter of the model, tensors allocated.

    Raises:
        BackendError: no interpreter is installed, or it does not accept the model.
    """
    backend, create = _find_backend()
    have_it_said(create)
    try:
        interpreter = create(model_content=flatbuffer, num_threads=num_threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError, MemoryError) as error:
        raise BackendError(
            f"model {origin}: {backend} does not accept it: {error}; try a newer version of the interpreter"
        ) from error
    return backend, interpreter


def invoke(interpreter: Any) -> None:
    """Run the network once.

    Raises:
        BackendError: it fails, which networks of this project do not.
    """
    try:
        interpreter.invoke()
    except (ValueError, RuntimeError, MemoryError) as error:
        raise BackendError(
            f"the interpreter cannot run this model: {error}; is the file from a source you trust?"
        ) from error


def reopened(flatbuffer: bytes, num_threads: int, origin: str) -> Any:
    """An interpreter of a model that was opened before, in a process forked since."""
    return open_tflite(flatbuffer, num_threads=num_threads, origin=origin)[1]


def input_values(pixels: UInt8, dtype: npt.DTypeLike, scale: float) -> npt.NDArray[Any]:
    """RGB pixels (h, w, 3) as an input tensor (1, h, w, 3) of float32, uint8 or int8 takes them.

    Args:
        scale: of floats, as `input_scale` of a model file.
    """
    values: npt.NDArray[Any] = pixels
    if dtype == np.float32:
        values = pixels.astype(np.float32) * np.float32(scale)
    elif dtype == np.int8:
        values = (pixels ^ 0x80).view(np.int8)  # uint8 - 128
    return values[np.newaxis]


def check_num_threads(num_threads: int | None) -> int:
    """The number of threads to use; None is 1: on small networks a second thread mostly waits."""
    if num_threads is None:
        return 1
    if not is_count(num_threads, most=MOST_THREADS):
        raise InputError(
            f"num_threads: expected a positive integer up to {MOST_THREADS} or None, got {num_threads!r}"
        )
    return int(num_threads)


def _find_backend() -> tuple[str, Callable[..., Any]]:
    for module in BACKENDS:
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not module.startswith(error.name.split(".")[0]):
                raise  # the interpreter is there, something it needs is not
            continue
        return module.split(".")[0], found.Interpreter
    raise BackendError(f"no TFLite interpreter is installed; {_what_to_install(sys.maxsize)}")


def _what_to_install(largest: int) -> str:
    """The advice; `largest` is the largest index, which tells a 32-bit Python on whatever kernel."""
    if largest < 2**32:
        return (
            "this Python is 32-bit, for which there is tflite-runtime alone, up to Python 3.11: "
            "pip install tflite-runtime 'numpy<2' (docs/raspberry_pi.md)"
        )
    return "run: pip install ai-edge-litert (or tflite-runtime with numpy 1 on Python 3.11 and older)"
