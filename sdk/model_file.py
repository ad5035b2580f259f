"""Model files: a .tflite flatbuffer that carries its metadata and shape model in an appended zip.

The layout follows TFLite Metadata's associated files, so that any TFLite interpreter opens the file as it is
and any zip tool reads what it carries. docs/model_format.md has every field.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from sdk.errors import InputError, ModelFileError
from sdk.schemes import SCHEMES, LandmarkScheme
from sdk.shape_model import ARRAYS, ShapeModel

FORMAT_VERSION = 1
DEFAULT_MODEL = "asmnet_128_int8.tflite"
METADATA_NAME = "asmnet_edge.json"
ARRAY_NAME = "shape_model/{}.npy"

_MAX_MEMBER_BYTES = 8 << 20  # far above any shape model: a larger member is an attack or a mistake
_NEEDED: Mapping[str, type] = {
    "name": str,
    "scheme": str,
    "input_size": int,
    "crop_margin": float,
    "input_colour": str,
    "input_scale": float,
    "sha256": dict,
}


@dataclass(frozen=True, slots=True, eq=False)
class ModelFile:
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
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def input_size(self) -> int:
        """Pixels per side of the network's input."""
        return int(self.metadata["input_size"])

    @property
    def margin(self) -> float:
        """Side of the crop over the longer side of the landmark box."""
        return float(self.metadata["crop_margin"])

    @property
    def input_scale(self) -> float:
        """What a pixel value 0..255 is multiplied by where the input tensor is float."""
        return float(self.metadata["input_scale"])

    @property
    def scheme(self) -> LandmarkScheme:
        return SCHEMES[str(self.metadata["scheme"])]

    @classmethod
    def default(cls) -> ModelFile:
        """The model shipped with the package."""
        content = (resources.files("sdk") / "models" / DEFAULT_MODEL).read_bytes()
        return cls.from_bytes(content, origin=DEFAULT_MODEL)

    @classmethod
    def load(cls, path: str | Path) -> ModelFile:
        """Read and verify a model file.

        Raises:
            ModelFileError: it is missing, truncated, altered, or of a newer format version.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise ModelFileError(f"model {path}: cannot be read ({error.strerror or error})") from error
        return cls.from_bytes(content, origin=str(path))

    @classmethod
    def from_bytes(cls, content: bytes, *, origin: str = "bytes") -> ModelFile:
        """`load` for a file that is already in memory."""
        if content[4:8] != b"TFL3":
            raise ModelFileError(
                f"model {origin}: expected a TFLite flatbuffer (bytes 4 to 8 are TFL3), got "
                f"{content[4:8]!r} in {len(content)} bytes; is the file complete, and a model?"
            )
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                start = min(info.header_offset for info in archive.infolist())
                members = {name: _read_member(archive, name, origin) for name in _member_names()}
        except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
            raise ModelFileError(
                f"model {origin}: no readable shape model at the end of the file ({error}); "
                "is it truncated, or a plain .tflite? python -m convert packs one"
            ) from error
        metadata = _check_metadata(members[METADATA_NAME], origin)
        flatbuffer = content[:start]
        _check_digests(metadata["sha256"], {"flatbuffer": flatbuffer, **members}, origin)
        return cls(flatbuffer, metadata, _shape_model(members, metadata, origin), origin)


def pack(flatbuffer: bytes, shape_model: ShapeModel, metadata: Mapping[str, Any]) -> bytes:
    """One file of a flatbuffer, its shape model and metadata; adds format version and checksums.

    The same input gives the same bytes.
    """
    members: dict[str, bytes] = {}
    for name, array in shape_model.arrays().items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, array, allow_pickle=False)
        members[ARRAY_NAME.format(name)] = buffer.getvalue()
    digests = {name: _sha256(data) for name, data in {"flatbuffer": flatbuffer, **members}.items()}
    table = {**metadata, "format_version": FORMAT_VERSION, "sha256": digests}
    members = {METADATA_NAME: json.dumps(table, indent=1, sort_keys=True).encode(), **members}
    buffer = io.BytesIO(flatbuffer)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    content = buffer.getvalue()
    ModelFile.from_bytes(content, origin=str(metadata.get("name", "new model")))
    return content


def _member_names() -> list[str]:
    return [METADATA_NAME, *(ARRAY_NAME.format(name) for name in ARRAYS)]


def _read_member(archive: zipfile.ZipFile, name: str, origin: str) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ModelFileError(
            f"model {origin}: expected {name} among the associated files, got {archive.namelist()}; "
            "was it made by python -m convert?"
        ) from None
    if info.file_size > _MAX_MEMBER_BYTES:
        raise ModelFileError(
            f"model {origin}: {name} claims {info.file_size} bytes, more than {_MAX_MEMBER_BYTES}; refused"
        )
    with archive.open(info) as member:  # read bounded: the claimed size may lie
        data = member.read(_MAX_MEMBER_BYTES + 1)
    if len(data) > _MAX_MEMBER_BYTES:
        raise ModelFileError(f"model {origin}: {name} unpacks to more than {_MAX_MEMBER_BYTES} bytes; refused")
    return data


def _check_metadata(text: bytes, origin: str) -> dict[str, Any]:
    try:
        table: Any = json.loads(text)
    except ValueError as error:
        raise ModelFileError(f"model {origin}: {METADATA_NAME} is no JSON ({error}); damaged?") from error
    version = table.get("format_version") if isinstance(table, dict) else None
    if not isinstance(version, int):
        raise ModelFileError(f"model {origin}: expected an integer format_version, got {version!r}")
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"model {origin}: format version {version} is newer than this SDK reads ({FORMAT_VERSION}); "
            "upgrade asmnet-edge"
        )
    for name, kind in _NEEDED.items():
        if not isinstance(table.get(name), kind):
            raise ModelFileError(
                f"model {origin}: metadata {name}: expected {kind.__name__}, got {table.get(name)!r}"
            )
    if table["scheme"] not in SCHEMES or table["input_colour"] != "rgb" or table["input_size"] < 1:
        raise ModelFileError(
            f"model {origin}: expected scheme in {sorted(SCHEMES)}, input_colour rgb and a positive input_size, "
            f"got {table['scheme']!r}, {table['input_colour']!r}, {table['input_size']}"
        )
    return dict(table)


def _check_digests(digests: Mapping[str, str], parts: Mapping[str, bytes], origin: str) -> None:
    for name, data in parts.items():
        if name != METADATA_NAME and digests.get(name) != _sha256(data):
            raise ModelFileError(
                f"model {origin}: {name} does not match its checksum; was the file damaged, or its shape "
                "model taken from another model? Pack it again with python -m convert"
            )


def _shape_model(members: Mapping[str, bytes], metadata: Mapping[str, Any], origin: str) -> ShapeModel:
    try:
        arrays = {
            name: np.lib.format.read_array(io.BytesIO(members[ARRAY_NAME.format(name)]), allow_pickle=False)
            for name in ARRAYS
        }
        model = ShapeModel.from_arrays(arrays)
    except (ValueError, InputError) as error:
        raise ModelFileError(f"model {origin}: shape model: {error}") from error
    expected = SCHEMES[metadata["scheme"]].n_points
    if model.n_points != expected:
        raise ModelFileError(
            f"model {origin}: shape model has {model.n_points} landmarks, scheme {metadata['scheme']} has "
            f"{expected}"
        )
    return model


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
