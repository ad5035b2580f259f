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

from sdk import metadata as fields
from sdk.archive import Archive
from sdk.errors import InputError, ModelFileError
from sdk.files import check_size, read_file
from sdk.parsing import RefusedError, parsing
from sdk.tflite import check_network

FORMAT_VERSION = 2
"""The newest that is read; `pack_file` writes 1 where nothing in the file is new."""

METADATA_NAME = "asmnet_edge.json"

ALIGNER = "face_aligner"
DETECTOR = "face_detector"
"""Kinds of models, in the field `kind`; a file without it is an aligner."""

_NEEDED: Mapping[str, fields.Number | type] = {
    "name": str,
    "input_size": fields.INPUT_SIZE,
    "input_colour": str,
    "input_scale": fields.INPUT_SCALE,
    "sha256": dict,
}
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


def kind_of(content: bytes) -> str:
    """The kind that a file claims; ALIGNER where it says nothing readable, so that loading it gives the error."""
    try:
        with parsing("file", "archive"):
            return str(fields.parse(Archive.of(content).read(METADATA_NAME)).get("kind", ALIGNER))
    except ModelFileError:
        return ALIGNER


def unpack(
    content: bytes,
    *,
    kind: str,
    needed: Mapping[str, fields.Number | type],
    members: Callable[[Mapping[str, Any]], Sequence[str]] = lambda metadata: (),
    origin: str,
) -> PackedFile:
    """Take a model file apart.

    Args:
        kind: ALIGNER or DETECTOR.
        needed: metadata fields, and what each may be.
        members: names of further associated files, given the metadata.
        origin: where it came from, for messages.
    Raises:
        InputError: the content is not bytes.
        ModelFileError: it is truncated, altered, of another kind, of a newer format version, or its network is
            not one that may be run (docs/SECURITY.md).
    """
    content = _checked_content(content, origin)
    with parsing(origin, "no readable metadata at the end of the file"):
        archive = Archive.of(content)
    with parsing(origin, "associated files"):
        text = archive.read(METADATA_NAME, limit=fields.MAX_BYTES)
    with parsing(origin, METADATA_NAME):
        table = fields.parse(text)
        _check_metadata(table, kind, needed)
    with parsing(origin, "associated files"):
        found = {name: archive.read(name) for name in members(table)}
    flatbuffer = content[: archive.start]
    _check_digests(table["sha256"], {"flatbuffer": flatbuffer, **found}, origin)
    with parsing(origin, "network"):
        check_network(flatbuffer)
    return PackedFile(flatbuffer, table, found)


def _checked_content(content: Any, origin: str) -> bytes:
    if not isinstance(content, bytes | bytearray | memoryview):
        raise InputError(f"model {origin}: expected the bytes of a file, got {type(content).__name__}")
    check_size(len(content), origin)
    if content[4:8] != b"TFL3":
        raise ModelFileError(
            f"model {origin}: expected a TFLite flatbuffer (bytes 4 to 8 are TFL3), got "
            f"{bytes(content[4:8])!r} in {len(content)} bytes; is the file complete, and a model?"
        )
    return bytes(content)  # itself where it is bytes already


def pack_file(
    flatbuffer: bytes, metadata: Mapping[str, Any], members: Mapping[str, bytes], *, version: int = 1
) -> bytes:
    """One file of a flatbuffer, its metadata and members; adds format version and checksums.

    The same input gives the same bytes. Numbers that are not finite become null: JSON has none.
    """
    digests = {name: _sha256(data) for name, data in {"flatbuffer": flatbuffer, **members}.items()}
    table = {**metadata, "format_version": version, "sha256": digests}
    members = {
        METADATA_NAME: json.dumps(fields.writable(table), indent=1, sort_keys=True, allow_nan=False).encode(),
        **members,
    }
    buffer = io.BytesIO(flatbuffer)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()


def _check_metadata(table: Mapping[str, Any], kind: str, needed: Mapping[str, fields.Number | type]) -> None:
    version = table.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise RefusedError(f"expected an integer format_version of at least 1, got {version!r:.40}")
    if version > FORMAT_VERSION:
        raise RefusedError(
            f"format version {version} is newer than this SDK reads ({FORMAT_VERSION}); upgrade asmnet-edge"
        )
    found = table.get("kind", ALIGNER)
    if found != kind:
        user = _USERS.get(found, "another version") if isinstance(found, str) else "no version"
        raise RefusedError(f"expected a {kind}, got kind {found!r:.40}; it belongs into {user}")
    fields.check(table, {**_NEEDED, **needed})


def _check_digests(digests: Mapping[str, str], parts: Mapping[str, bytes], origin: str) -> None:
    for name, data in parts.items():
        if digests.get(name) != _sha256(data):
            raise ModelFileError(
                f"model {origin}: {name} does not match its checksum; was the file damaged, or its shape "
                "model taken from another model? Pack it again with python -m convert"
            )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
