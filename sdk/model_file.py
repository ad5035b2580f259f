"""Model files of face aligners: a .tflite flatbuffer with its metadata and shape model (see sdk.packing)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sdk.acceptance import Acceptance
from sdk.arrays import array_bytes, read_array
from sdk.errors import InputError, ModelFileError
from sdk.head import Head
from sdk.head import members as head_members
from sdk.metadata import CROP_MARGIN, SHARE, Number
from sdk.packing import (
    ALIGNER,
    FORMAT_VERSION,
    METADATA_NAME,
    ModelBase,
    PackedFile,
    pack_file,
    unpack,
)
from sdk.parsing import parsing
from sdk.pins import shipped
from sdk.schemes import BUILT_IN, LandmarkScheme, scheme_from_dict
from sdk.shape_check import check_shape_model
from sdk.shape_model import ARRAYS, ShapeModel

__all__ = [
    "ARRAY_NAME",
    "DEFAULT_MODEL",
    "FORMAT_VERSION",
    "HEAD_NAME",
    "METADATA_NAME",
    "PRESETS",
    "ModelFile",
    "pack",
]

PRESETS: Mapping[str, str] = MappingProxyType({"accurate": "accurate_int8.tflite", "fast": "fast_int8.tflite"})
"""Models that come along, by the name that `FaceAligner(name)` takes."""

DEFAULT_MODEL = PRESETS["accurate"]
ARRAY_NAME = "shape_model/{}.npy"
HEAD_NAME = "head/{}.npy"

SCHEME = "scheme_definition"
"""Key of the metadata that defines a landmark scheme which is not built in."""

_NEEDED: Mapping[str, Number | type] = {"scheme": str, "crop_margin": CROP_MARGIN}


@dataclass(frozen=True, slots=True, eq=False)
class ModelFile(ModelBase):
    """A model and everything that belongs to it, verified.

    Attributes:
        flatbuffer: the TFLite model alone, without the appended zip.
        metadata: what docs/model_format.md lists; checked fields have properties here.
        shape_model: the active shape model it was trained with.
        origin: where it came from, for messages.
        head: what follows the network; None where the network gives landmarks and pose itself.
    """

    flatbuffer: bytes
    metadata: Mapping[str, Any]
    shape_model: ShapeModel
    origin: str
    head: Head | None = None

    @property
    def margin(self) -> float:
        """Side of the crop over the longer side of the landmark box."""
        return float(self.metadata["crop_margin"])

    @property
    def yaw_expansion(self) -> float:
        """How far the network falls short of large yaw (sdk.pose.expanded_yaw); 0 where the file is silent."""
        return float(self.metadata.get("yaw_expansion", 0.0))

    @property
    def acceptance(self) -> Acceptance | None:
        """What decides whether a detection is a face; None where the file leaves it to `max_disagreement`."""
        return _acceptance(self.metadata, self.origin)

    @property
    def scheme(self) -> LandmarkScheme:
        """Its landmarks' layout: a built-in one, or the one that the file defines (docs/data.md)."""
        return _scheme(self.metadata, self.origin)

    @classmethod
    def default(cls) -> ModelFile:
        """The model shipped with the package that FaceAligner takes if not told otherwise."""
        return cls.preset("accurate")

    @classmethod
    def preset(cls, name: str) -> ModelFile:
        """A model shipped with the package.

        Raises:
            InputError: there is none of that name.
            ModelFileError: it is not the file that was released (sdk.pins).
        """
        if name not in PRESETS:
            raise InputError(f"model: expected one of {', '.join(PRESETS)}, got {name!r}")
        return cls.from_bytes(shipped(PRESETS[name]), origin=PRESETS[name])

    @classmethod
    def named(cls, name: str) -> ModelFile | None:
        """The preset of that name, if there is one."""
        return cls.preset(name) if name in PRESETS else None

    @classmethod
    def from_bytes(cls, content: bytes, *, origin: str = "bytes") -> ModelFile:
        """`load` for a file that is already in memory."""
        packed = unpack(content, kind=ALIGNER, needed=_NEEDED, members=_members, origin=origin)
        _scheme(packed.metadata, origin)
        if words := SHARE.refusal(packed.metadata.get("yaw_expansion", 0.0)):
            got = packed.metadata["yaw_expansion"]
            raise ModelFileError(f"model {origin}: metadata yaw_expansion: expected {words}, got {got!r:.40}")
        _acceptance(packed.metadata, origin)
        return cls(packed.flatbuffer, packed.metadata, _shape_model(packed, origin), origin, _head(packed, origin))

    def repacked(self, metadata: Mapping[str, Any]) -> bytes:
        """The file with other metadata."""
        return pack(self.flatbuffer, self.shape_model, metadata, head=self.head)


def pack(
    flatbuffer: bytes, shape_model: ShapeModel, metadata: Mapping[str, Any], *, head: Head | None = None
) -> bytes:
    """One file of a flatbuffer, its shape model, head and metadata; adds format version and checksums.

    The same input gives the same bytes.
    """
    members = {ARRAY_NAME.format(name): array_bytes(array) for name, array in shape_model.arrays().items()}
    table = {name: value for name, value in metadata.items() if name != "head"}
    if head is not None:
        table["head"] = head.settings()
        members |= {HEAD_NAME.format(name): array_bytes(array) for name, array in head.arrays().items()}
    content = pack_file(flatbuffer, table, members, version=1 if head is None else 2)
    ModelFile.from_bytes(content, origin=str(metadata.get("name", "new model")))
    return content


def _members(metadata: Mapping[str, Any]) -> list[str]:
    """The arrays that a file with these metadata has."""
    of_head = head_members(metadata["head"]) if "head" in metadata else ()
    return [ARRAY_NAME.format(name) for name in ARRAYS] + [HEAD_NAME.format(name) for name in of_head]


def _shape_model(packed: PackedFile, origin: str) -> ShapeModel:
    with parsing(origin, "shape model"):
        model = ShapeModel.from_arrays(_arrays(packed, ARRAY_NAME, ARRAYS))
        check_shape_model(model)
    _check_points(f"shape model has {model.n_points}", model.n_points, packed, origin)
    return model


def _head(packed: PackedFile, origin: str) -> Head | None:
    settings = packed.metadata.get("head")
    if settings is None:
        return None
    with parsing(origin, "head"):
        head = Head.of(settings, _arrays(packed, HEAD_NAME, head_members(settings)))
    _check_points(f"head gives {head.n_points}", head.n_points, packed, origin)
    return head


def _arrays(packed: PackedFile, place: str, names: Sequence[str]) -> dict[str, Any]:
    return {name: read_array(packed.members[place.format(name)], name) for name in names}


def _check_points(words: str, found: int, packed: PackedFile, origin: str) -> None:
    scheme = _scheme(packed.metadata, origin)
    if found != scheme.n_points:
        raise ModelFileError(f"model {origin}: {words} landmarks, scheme {scheme.name} has {scheme.n_points}")


def _acceptance(metadata: Mapping[str, Any], origin: str) -> Acceptance | None:
    if "acceptance" not in metadata:
        return None
    with parsing(origin, "acceptance"):
        return Acceptance.of(metadata["acceptance"])


def _scheme(metadata: Mapping[str, Any], origin: str) -> LandmarkScheme:
    name = str(metadata["scheme"])
    built_in = {scheme.name: scheme for scheme in BUILT_IN}
    if name in built_in:
        return built_in[name]
    if SCHEME not in metadata:
        raise ModelFileError(
            f"model {origin}: expected scheme in {sorted(built_in)}, or metadata {SCHEME}, got {name!r:.40}"
        )
    try:
        scheme = scheme_from_dict(metadata[SCHEME])
    except InputError as error:
        raise ModelFileError(f"model {origin}: metadata {SCHEME}: {error}") from error
    if scheme.name != name:
        raise ModelFileError(f"model {origin}: metadata {SCHEME}: expected name {name!r:.40}, got {scheme.name!r}")
    return scheme
