"""The C library's tracker as a call, so that it can be timed in turns with Python's."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk import BBox
from sdk.errors import BackendError

UInt8 = npt.NDArray[np.uint8]

STAGE = "track in C"
"""What the rows of this call are named; `track` is the same work in Python."""

ROOM = 1 << 16
"""Bytes, more than a tracked face takes in any version of the library."""

BGR = 0


class _Detection(ctypes.Structure):
    _fields_ = [(name, ctypes.c_double) for name in ("left", "top", "right", "bottom", "score", "roll_deg")]


_Detector = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(_Detection), ctypes.c_int32
)


class _Options(ctypes.Structure):
    """fa_options; `rest` stands for what later versions add."""

    _fields_ = [
        ("abi_version", ctypes.c_uint32),
        ("num_threads", ctypes.c_int32),
        ("model_path", ctypes.c_char_p),
        ("model_data", ctypes.c_char_p),
        ("model_size", ctypes.c_size_t),
        ("runtime", ctypes.c_char_p),
        ("detector_path", ctypes.c_char_p),
        ("detector_data", ctypes.c_void_p),
        ("detector_size", ctypes.c_size_t),
        ("detector", _Detector),
        ("detector_context", ctypes.c_void_p),
        ("max_disagreement", ctypes.c_double),
        ("rest", ctypes.c_uint8 * 256),
    ]


class _TrackerOptions(ctypes.Structure):
    """fa_tracker_options."""

    _fields_ = [
        ("abi_version", ctypes.c_uint32),
        ("detect_every", ctypes.c_int32),
        ("max_faces", ctypes.c_int32),
        ("smooth", ctypes.c_int32),
        *((name, ctypes.c_double) for name in ("min_cutoff_hz", "beta", "speed_cutoff_hz", "fps")),
        ("rest", ctypes.c_uint8 * 64),
    ]


class _Image(ctypes.Structure):
    """fa_image."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("stride", ctypes.c_int64),
        ("format", ctypes.c_int32),
    ]


def tracked_frame(path: Path, model: Path, frame: UInt8, box: BBox, *, threads: int = 1) -> Callable[[], object]:
    """A call that tracks the face of a frame (h, w, 3) BGR, found by its box in the first call.

    Args:
        path: libasmnet_edge.so, as `cmake -S bindings/c -B build && cmake --build build` makes it.
        model: a model file.
    Raises:
        BackendError: there is no such library, or it refuses the model.
    """
    library = _library(path)
    detector = _Detector(lambda _context, _image, found, _capacity: _put(found, box))
    options = _Options(library.fa_abi_version(), threads, max_disagreement=np.inf, detector=detector)
    options.model_path, options.runtime = str(model).encode(), _runtime()
    aligner, tracker = ctypes.c_void_p(), ctypes.c_void_p()
    _check(library, library.fa_create(ctypes.byref(options), ctypes.byref(aligner)))
    how = _TrackerOptions(library.fa_abi_version(), 2**31 - 1, 0, 1, 0.3, 60.0, 0.6, 30.0)
    _check(library, library.fa_tracker_create(aligner, ctypes.byref(how), ctypes.byref(tracker)))
    image = _Image(frame.ctypes.data, frame.shape[1], frame.shape[0], frame.strides[0], BGR)
    faces, count = ctypes.create_string_buffer(ROOM), ctypes.c_int32()
    arguments = tracker, ctypes.byref(image), None, faces, 1, ctypes.byref(count)

    def call() -> tuple[int, object]:
        _check(library, library.fa_tracker_update(*arguments))
        return count.value, (frame, detector)  # both must live as long as the call

    if call()[0] != 1:
        raise BackendError(f"{path}: expected a face in the box, got none")
    return call


def _library(path: Path) -> Any:
    try:
        library = ctypes.CDLL(str(path.resolve()))
        library.fa_last_error.restype = ctypes.c_char_p
        library.fa_abi_version.restype = ctypes.c_uint32
        return library if library.fa_tracker_update else None
    except (OSError, AttributeError) as error:
        raise BackendError(f"{path}: expected the library of bindings/c with its tracker ({error})") from error


def _runtime() -> bytes:
    """The LiteRT that Python's interpreter uses too."""
    spec = find_spec("ai_edge_litert")
    if spec is None or not spec.submodule_search_locations:
        raise BackendError("ai_edge_litert: not installed; pip install ai-edge-litert")
    return str(Path(spec.submodule_search_locations[0]) / "libLiteRt.so").encode()


def _put(found: Any, box: BBox) -> int:
    found[0] = _Detection(box.left, box.top, box.right, box.bottom, 1.0, 0.0)
    return 1


def _check(library: Any, status: int) -> None:
    if status:
        raise BackendError(f"the C library: {library.fa_last_error().decode()}")
