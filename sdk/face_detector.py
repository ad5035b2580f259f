"""FaceDetector: the face detector that comes along, a small network on a TFLite interpreter."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.cells import STRIDES, cell_grid, decode_cells, suppress
from sdk.checks import check_count, check_score
from sdk.detector_file import DetectorFile
from sdk.errors import BackendError
from sdk.forks import reopen_in_children
from sdk.frames import bgr_to_rgb, check_frame
from sdk.interpreter import check_num_threads, input_values, invoke, open_tflite, reopened
from sdk.results import BBox, Detection

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

HEADS = (1, 4, 2)
"""Values per cell of the three maps of a stride: score, box, roll, as sdk.cells.VALUES has them."""

HINT = 0.1
"""Score of a cell that is no face yet, but worth a second look with a margin around the frame."""

NEAR = 0.5
"""Longer side of a near face in longer sides of the frame: what the look with a margin is for."""

INNER = (2, 3)
"""The frame's longer side, in sides of the input, in the look with a margin: of 1/1, 10/13, 2/3 and 5/9 it finds
the most of validation photos that were cut to the face."""

AT_CORNER: Float32 = np.zeros(2, np.float32)


class FaceDetector:
    """Finds faces at any roll up to 60 degrees; gives landmark boxes and rolls.

    The frame is shrunk or enlarged so that its longer side is the network's input; faces under about 4 % of that
    side are too small to be seen. Where nothing is found but something large looks a little like a face, as in a
    photo that ends at the face, the frame is searched once more with a margin around it.

    >>> for found in FaceDetector()(cv2.imread("photo.jpg")):
    ...     print(found.box, found.score, found.roll_deg)

    Args:
        model: a detector's file made by `python -m convert.detector`, or its path; None is the one that comes
            along.
        min_score: detections below are dropped, 0 to 1; None is what the file says, chosen on validation photos.
        max_faces: return no more than this, the best first; None is all.
        num_threads: threads of the interpreter; None is 1.
    Raises:
        ModelFileError, BackendError: the model cannot be used, or no interpreter is installed.

    One detector serves one thread at a time.
    Sources: docs/training.md.
    """

    reads_only = True
    """Frames are left as they are: FaceAligner need not copy them."""

    def __init__(
        self,
        model: DetectorFile | str | Path | None = None,
        *,
        min_score: float | None = None,
        max_faces: int | None = None,
        num_threads: int | None = None,
    ) -> None:
        self._model = DetectorFile.chosen(model)
        self._min_score = self._model.min_score if min_score is None else check_score(min_score)
        self._max_faces = check_count(max_faces, "max_faces")
        self._cells = _CellInterpreter(self._model, num_threads=check_num_threads(num_threads))
        self._grid = cell_grid(self._model.input_size, self._model.input_size)

    @property
    def model(self) -> DetectorFile:
        """The model in use."""
        return self._model

    def __call__(self, image: UInt8, /) -> list[Detection]:
        """Faces of an (h, w, 3) uint8 BGR image, best first; boxes in pixels of the image.

        Raises:
            InputError: the image has another type or shape, or no pixels.
        """
        check_frame(image)
        size = self._model.input_size
        pixels, scale = letterboxed(image, size)
        cells = self._cells.run(pixels)
        seen = self._seen(cells, image, scale)
        if not seen and self._hints_at_near(cells):
            pixels, scale, corner = with_margin(image, size)
            found = self._seen(self._cells.run(pixels), image, scale, corner)
            least = NEAR * max(image.shape[:2])
            seen = [one for one in found if max(one.box.width, one.box.height) >= least]
        return seen[: self._max_faces]

    def _seen(self, cells: Float32, image: UInt8, scale: Float32, corner: Float32 = AT_CORNER) -> list[Detection]:
        """What cells say of an image that lies in the network's input from `corner` on."""
        boxes, scores, rolls = decode_cells(cells, self._grid, min_score=self._min_score)
        kept = suppress(boxes, max_overlap=self._model.max_overlap)
        edges = (boxes + np.float32(0.5) - np.tile(corner, 2)) / np.tile(scale, 2)  # centres by way of edges
        boxes = np.asarray(edges - 0.5, np.float32)
        found = [Detection(BBox(*(float(v) for v in boxes[i])), float(scores[i]), float(rolls[i])) for i in kept]
        height, width = image.shape[:2]
        return [d for d in found if _touches(d.box, width, height)]

    def _hints_at_near(self, cells: Float32) -> bool:
        """Whether a cell sees, with a score of HINT, something NEAR as large as the frame."""
        boxes, _, _ = decode_cells(cells, self._grid, min_score=HINT)
        sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0)
        return bool((sides >= np.float32(NEAR * self._model.input_size)).any())


def with_margin(image: UInt8, size: int) -> tuple[UInt8, Float32, Float32]:
    """The image in the middle of a larger black square: (size, size, 3) RGB.

    Returns:
        The pixels; pixels of them per pixel of the image, across and down; where its left and top edges lie.
    """
    inner = size * INNER[0] // INNER[1]
    small, scale = letterboxed(image, inner)
    height, width = image.shape[:2]
    wanted = _scaled_shape(width, height, inner)
    left, top = ((size - side) // 2 for side in wanted)
    pixels = np.zeros((size, size, 3), np.uint8)
    pixels[top : top + wanted[1], left : left + wanted[0]] = small[: wanted[1], : wanted[0]]
    return pixels, scale, np.array([left, top], np.float32)


def letterboxed(image: UInt8, size: int) -> tuple[UInt8, Float32]:
    """The image scaled to `size` on its longer side, black below or to the right: (size, size, 3) RGB.

    Halved while it is twice as large, then scaled once, each time between the nearest four pixels in integers:
    the same bytes on every processor and in every language (docs/model_format.md, "Face detectors").

    Returns:
        The pixels, and pixels of them per pixel of the image, across and down.
    """

    height, width = image.shape[:2]
    wanted = _scaled_shape(width, height, size)
    shape, shrunk = (width, height), image
    while max(shape) >= 2 * size:
        shape = max(1, shape[0] // 2), max(1, shape[1] // 2)
        shrunk = _scaled(shrunk, shape)
    shrunk = _scaled(shrunk, wanted)
    pixels = np.zeros((size, size, 3), np.uint8)
    pixels[: wanted[1], : wanted[0]] = bgr_to_rgb(shrunk)
    return pixels, np.array([wanted[0] / width, wanted[1] / height], np.float32)


def _scaled_shape(width: int, height: int, size: int) -> tuple[int, int]:
    ratio = size / max(height, width)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def _scaled(image: UInt8, shape: tuple[int, int]) -> UInt8:
    import cv2

    return np.asarray(cv2.resize(image, shape, interpolation=cv2.INTER_LINEAR_EXACT), np.uint8)


class _CellInterpreter:
    """The network on a TFLite interpreter: pixels to cells (cells, 7)."""

    def __init__(self, model: DetectorFile, *, num_threads: int) -> None:
        self.backend, self._tflite = open_tflite(model.flatbuffer, num_threads=num_threads, origin=model.origin)
        reopen_in_children(self, "_tflite", partial(reopened, model.flatbuffer, num_threads, model.origin))
        self._input = self._tflite.get_input_details()[0]
        size = model.input_size
        if self._input["shape"].tolist() != [1, size, size, 3] or self._input["dtype"] not in (
            np.uint8,
            np.float32,
        ):
            raise BackendError(
                f"model {model.origin}: expected an input of shape {[1, size, size, 3]}, uint8 or float32, got "
                f"{self._input['shape'].tolist()} {np.dtype(self._input['dtype']).name}"
            )
        self._scale = model.input_scale
        self._maps = [[self._map(size // s, values, model) for values in HEADS] for s in STRIDES]

    def run(self, pixels: UInt8) -> Float32:
        """Cells (cells, 7) of an RGB input (size, size, 3)."""
        self._tflite.set_tensor(self._input["index"], input_values(pixels, self._input["dtype"], self._scale))
        invoke(self._tflite)
        levels = [np.concatenate([self._read(*one) for one in maps], axis=1) for maps in self._maps]
        return np.concatenate(levels)

    def _read(self, index: int, values: int) -> Float32:
        return np.asarray(self._tflite.get_tensor(index), np.float32).reshape(-1, values)

    def _map(self, side: int, values: int, model: DetectorFile) -> tuple[int, int]:
        """Where the map of side x side cells with so many values is."""
        details: list[Any] = self._tflite.get_output_details()
        wanted = [1, side, side, values]
        found = [d for d in details if d["shape"].tolist() == wanted and d["dtype"] == np.float32]
        if len(found) != 1:
            raise BackendError(
                f"model {model.origin}: expected one float32 output of shape {wanted}, got shapes "
                f"{[d['shape'].tolist() for d in details]}"
            )
        return int(found[0]["index"]), values


def _touches(box: BBox, width: int, height: int) -> bool:
    return box.right >= 0 and box.bottom >= 0 and box.left <= width - 1 and box.top <= height - 1
