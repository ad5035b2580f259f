"""Files of a TFLite flatbuffer with metadata and arrays in an appended zip: read with care, written whole.

The layout follows TFLite Metadata's associated files, so that any TFLite interpreter opens the file as it is
and any zip tool reads what it carries. docs/model_format.md has every field.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError, ModelFileError

FORMAT_VERSION = 2
"""The newest that is read; `pack_file` writes 1 where nothing in the file is new."""

METADATA_NAME = "asmnet_edge.json"

ALIGNER = "face_aligner"
DETECTOR = "face_detector"
"""Kinds of models, in the field `kind`; a file without it is an aligner."""

_MAX_MEMBER_BYTES = 8 << 20  # far above any shape model: a larger member is an attack or a mistake
_USERS = {ALIGNER: "FaceAligner(model=...)", DETECTOR: "FaceDetector(model=...)"}


@dataclass(frozen=True, slots=True, eq=False)
class PackedFile:
    """What a file holds, its checksums verified; metadata checked as far as `needed` asked."""

    flatbuffer: bytes
    metadata: dict[str, Any]
    members: dict[str, bytes]


Model = TypeVar("Model", bound="ModelBase")


class ModelBase(ABC):
    """What the files of aligners and of detectors have in common; `metadata` is a field of theirs."""

    __slots__ = ()
    metadata: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def input_size(self) -> int:
        """Pixels per side of the network's input."""
        return int(self.metadata["input_size"])

    @property
    def input_scale(self) -> float:
        """What a pixel value 0..255 is multiplied by where the input tensor is float."""
        return float(self.metadata["input_scale"])

    @classmethod
    @abstractmethod
    def default(cls: type[Model]) -> Model:
        """The model shipped with the package."""

    @classmethod
    @abstractmethod
    def from_bytes(cls: type[Model], content: bytes, *, origin: str = "bytes") -> Model:
        """`load` for a file that is already in memory."""

    @classmethod
    def load(cls: type[Model], path: str | Path) -> Model:
        """Read and verify a model file.

        Raises:
            ModelFileError: it is missing, truncated, altered, of another kind, or of a newer format version.
        """
        return cls.from_bytes(read_file(path), origin=str(path))

    @classmethod
    def named(cls: type[Model], name: str) -> Model | None:
        """A model that comes along with a name of its own; None where there is none."""
        return None

    @classmethod
    def chosen(cls: type[Model], model: Model | str | Path | None) -> Model:
        """The model itself, one that comes along by its name, read from its path, or the default.

        Raises:
            InputError: it is none of these; ModelFileError: see `load`.
        """
        if model is None:
            return cls.default()
        if isinstance(model, cls):
            return model
        if isinstance(model, str | Path):
            return cls.named(str(model)) or cls.load(model)
        raise InputError(f"model: expected a path, a {cls.__name__} or None, got {type(model).__name__}")


def read_file(path: str | Path) -> bytes:
    """The content of a model file.

    Raises:
        ModelFileError: it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ModelFileError(f"model {path}: cannot be read ({error.strerror or error})") from error


def kind_of(content: bytes) -> str:
    """The kind that a file claims; ALIGNER where it says nothing readable, so that loading it gives the error."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return str(json.loads(_read_member(archive, METADATA_NAME, "file")).get("kind", ALIGNER))
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, AttributeError, ModelFileError):
        return ALIGNER


def unpack(
    content: bytes,
    *,
    kind: str,
    needed: Mapping[str, type],
    members: Callable[[Mapping[str, Any]], Sequence[str]] = lambda metadata: (),
    origin: str,
) -> PackedFile:
    """Take a model file apart.

    Args:
        kind: ALIGNER or DETECTOR.
        needed: metadata fields and their types.
        members: names of further associated files, given the metadata.
        origin: where it came from, for messages.
    Raises:
        ModelFileError: it is truncated, altered, of another kind, or of a newer format version.
    """
    if content[4:8] != b"TFL3":
        raise ModelFileError(
            f"model {origin}: expected a TFLite flatbuffer (bytes 4 to 8 are TFL3), got "
            f"{content[4:8]!r} in {len(content)} bytes; is the file complete, and a model?"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            start = min(info.header_offset for info in archive.infolist())
            text = _read_member(archive, METADATA_NAME, origin)
            metadata = _check_metadata(text, kind, needed, origin)
            found = {name: _read_member(archive, name, origin) for name in members(metadata)}
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise ModelFileError(
            f"model {origin}: no readable metadata at the end of the file ({error}); "
            "is it truncated, or a plain .tflite? python -m convert packs one"
        ) from error
    flatbuffer = content[:start]
    _check_digests(metadata["sha256"], {"flatbuffer": flatbuffer, **found}, origin)
    return PackedFile(flatbuffer, metadata, found)


def pack_file(
    flatbuffer: bytes, metadata: Mapping[str, Any], members: Mapping[str, bytes], *, version: int = 1
) -> bytes:
    """One file of a flatbuffer, its metadata and members; adds format version and checksums.

    The same input gives the same bytes.
    """
    digests = {name: _sha256(data) for name, data in {"flatbuffer": flatbuffer, **members}.items()}
    table = {**metadata, "format_version": version, "sha256": digests}
    members = {METADATA_NAME: json.dumps(table, indent=1, sort_keys=True).encode(), **members}
    buffer = io.BytesIO(flatbuffer)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()


def array_bytes(array: npt.NDArray[Any]) -> bytes:
    """An array as a member `.npy`."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_array(member: bytes) -> npt.NDArray[Any]:
    """Inverse of `array_bytes`; ValueError where it is none."""
    found: npt.NDArray[Any] = np.lib.format.read_array(io.BytesIO(member), allow_pickle=False)
    return found


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


def _check_metadata(text: bytes, kind: str, needed: Mapping[str, type], origin: str) -> dict[str, Any]:
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
    found = table.get("kind", ALIGNER)
    if found != kind:
        raise ModelFileError(
            f"model {origin}: expected a {kind}, got kind {found!r}; it belongs into "
            f"{_USERS.get(found, 'another version')}"
        )
    for name, expected in {**needed, "sha256": dict}.items():
        if not isinstance(table.get(name), expected):
            raise ModelFileError(
                f"model {origin}: metadata {name}: expected {expected.__name__}, got {table.get(name)!r}"
            )
    if table.get("input_colour") != "rgb" or table["input_size"] < 1:
        raise ModelFileError(
            f"model {origin}: expected input_colour rgb and a positive input_size, "
            f"got {table.get('input_colour')!r}, {table['input_size']}"
        )
    return dict(table)


def _check_digests(digests: Mapping[str, str], parts: Mapping[str, bytes], origin: str) -> None:
    for name, data in parts.items():
        if digests.get(name) != _sha256(data):
            raise ModelFileError(
                f"model {origin}: {name} does not match its checksum; was the file damaged, or its shape "
                "model taken from another model? Pack it again with python -m convert"
            )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
