"""Model files of face aligners: a .tflite flatbuffer with its metadata and shape model (see sdk.packing)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from sdk.errors import InputError, ModelFileError
from sdk.packing import ALIGNER, FORMAT_VERSION, METADATA_NAME, ModelBase, PackedFile, pack_file, unpack
from sdk.schemes import SCHEMES, LandmarkScheme
from sdk.shape_model import ARRAYS, ShapeModel

__all__ = ["ARRAY_NAME", "DEFAULT_MODEL", "FORMAT_VERSION", "METADATA_NAME", "ModelFile", "pack"]

DEFAULT_MODEL = "accurate_int8.tflite"
ARRAY_NAME = "shape_model/{}.npy"

_NEEDED: Mapping[str, type] = {
    "name": str,
    "scheme": str,
    "input_size": int,
    "crop_margin": float,
    "input_colour": str,
    "input_scale": float,
}


@dataclass(frozen=True, slots=True, eq=False)
class ModelFile(ModelBase):
    """A model and everything that belongs to it, verified.

    Attributes:
        flatbuffer: the TFLite model alone, without the appended zip.
        metadata: what docs/model_format.md lists; checked fields have properties here.
        shape_model: the active shape model it was trained with.
        origin: where it came from, for messages.
    """

    flatbuffer: bytes
    metadata: Mapping[str, Any]
    shape_model: ShapeModel
    origin: str

    @property
    def margin(self) -> float:
        """Side of the crop over the longer side of the landmark box."""
        return float(self.metadata["crop_margin"])

    @property
    def yaw_expansion(self) -> float:
        """How far the network falls short of large yaw (sdk.pose.expanded_yaw); 0 where the file is silent."""
        return float(self.metadata.get("yaw_expansion", 0.0))

    @property
    def scheme(self) -> LandmarkScheme:
        return SCHEMES[str(self.metadata["scheme"])]

    @classmethod
    def default(cls) -> ModelFile:
        """The model shipped with the package."""
        content = (resources.files("sdk") / "models" / DEFAULT_MODEL).read_bytes()
        return cls.from_bytes(content, origin=DEFAULT_MODEL)

    @classmethod
    def from_bytes(cls, content: bytes, *, origin: str = "bytes") -> ModelFile:
        """`load` for a file that is already in memory."""
        names = [ARRAY_NAME.format(name) for name in ARRAYS]
        packed = unpack(content, kind=ALIGNER, needed=_NEEDED, members=names, origin=origin)
        scheme = packed.metadata["scheme"]
        if scheme not in SCHEMES:
            raise ModelFileError(f"model {origin}: expected scheme in {sorted(SCHEMES)}, got {scheme!r}")
        expansion = packed.metadata.get("yaw_expansion", 0.0)
        if not isinstance(expansion, int | float) or not 0 <= expansion <= 1:
            raise ModelFileError(f"model {origin}: metadata yaw_expansion: expected 0 to 1, got {expansion!r}")
        return cls(packed.flatbuffer, packed.metadata, _shape_model(packed, origin), origin)


def pack(flatbuffer: bytes, shape_model: ShapeModel, metadata: Mapping[str, Any]) -> bytes:
    """One file of a flatbuffer, its shape model and metadata; adds format version and checksums.

    The same input gives the same bytes.
    """
    members: dict[str, bytes] = {}
    for name, array in shape_model.arrays().items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, array, allow_pickle=False)
        members[ARRAY_NAME.format(name)] = buffer.getvalue()
    content = pack_file(flatbuffer, metadata, members)
    ModelFile.from_bytes(content, origin=str(metadata.get("name", "new model")))
    return content


def _shape_model(packed: PackedFile, origin: str) -> ShapeModel:
    try:
        arrays = {
            name: np.lib.format.read_array(io.BytesIO(packed.members[ARRAY_NAME.format(name)]), allow_pickle=False)
            for name in ARRAYS
        }
        model = ShapeModel.from_arrays(arrays)
    except (ValueError, InputError) as error:
        raise ModelFileError(f"model {origin}: shape model: {error}") from error
    expected = SCHEMES[packed.metadata["scheme"]].n_points
    if model.n_points != expected:
        raise ModelFileError(
            f"model {origin}: shape model has {model.n_points} landmarks, scheme {packed.metadata['scheme']} has "
            f"{expected}"
        )
    return model
