"""Model files of face detectors: a .tflite flatbuffer with its metadata (see sdk.packing)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdk.cells import STRIDES
from sdk.errors import ModelFileError
from sdk.metadata import PROPER_SHARE, Number
from sdk.packing import DETECTOR, ModelBase, pack_file, unpack
from sdk.pins import shipped

DEFAULT_DETECTOR = "face_detector_416_int8.tflite"

_NEEDED: Mapping[str, Number] = {"min_score": PROPER_SHARE, "max_overlap": PROPER_SHARE}


@dataclass(frozen=True, slots=True, eq=False)
class DetectorFile(ModelBase):
    """A face detector and what belongs to it, verified.

    Attributes:
        flatbuffer: the TFLite model alone, without the appended zip.
        metadata: what docs/model_format.md lists; checked fields have properties here.
        origin: where it came from, for messages.
    """

    flatbuffer: bytes
    metadata: Mapping[str, Any]
    origin: str

    @property
    def min_score(self) -> float:
        """The score, chosen on val, from which a hit counts as a face."""
        return float(self.metadata["min_score"])

    @property
    def max_overlap(self) -> float:
        """Boxes that overlap a better one (IoU) by more are the same face."""
        return float(self.metadata["max_overlap"])

    @classmethod
    def default(cls) -> DetectorFile:
        """The detector shipped with the package."""
        return cls.from_bytes(shipped(f"detectors/{DEFAULT_DETECTOR}"), origin=DEFAULT_DETECTOR)

    @classmethod
    def from_bytes(cls, content: bytes, *, origin: str = "bytes") -> DetectorFile:
        """`load` for a file that is already in memory."""
        packed = unpack(content, kind=DETECTOR, needed=_NEEDED, origin=origin)
        if (size := packed.metadata["input_size"]) % STRIDES[-1]:
            raise ModelFileError(f"model {origin}: expected input_size a multiple of {STRIDES[-1]}, got {size}")
        return cls(packed.flatbuffer, packed.metadata, origin)


def pack_detector(flatbuffer: bytes, metadata: Mapping[str, Any]) -> bytes:
    """One file of a detector's flatbuffer and its metadata; the same input gives the same bytes."""
    content = pack_file(flatbuffer, {**metadata, "kind": DETECTOR}, {})
    DetectorFile.from_bytes(content, origin=str(metadata.get("name", "new detector")))
    return content
