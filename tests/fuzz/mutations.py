"""Model files as a stranger might make them: seeded mutations of good ones, the same for the same seed and number.

Checksums are made again where a mutation would be stopped by them, as somebody who means harm would.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sdk.model_file import SCHEME
from sdk.packing import METADATA_NAME
from sdk.schemes import IBUG68
from sdk.tflite.rules import RULES

Rng = np.random.Generator
ODD_NUMBERS = (0, 1, -1, 2, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, -0x80000000, 1 << 20)
ODD_VALUES = (
    *(None, True, False, "", "x" * 300, "\ud800", "\x1b[2J", "NaN", [], {}, [1], {"kind": 1}, [[]], "scheme"),
    *(0, -1, 1, 1 << 31, 1 << 70, 0.0, -0.0, 1e-320, 1e308, -1e308, 1.5, float("nan"), float("inf"), 1e-30),
)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


class Parts:
    """A model file apart."""

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            start = min(info.header_offset for info in archive.infolist())
            self.members = {name: archive.read(name) for name in archive.namelist()}
        self.content, self.flatbuffer = content, content[:start]

    def built(
        self,
        *,
        flatbuffer: bytes | None = None,
        members: Mapping[str, bytes] | None = None,
        method: int = zipfile.ZIP_DEFLATED,
        sums: bool = True,
    ) -> bytes:
        """The file with other parts, its checksums right unless `sums` says no."""
        flatbuffer = self.flatbuffer if flatbuffer is None else flatbuffer
        found = dict(self.members if members is None else members)
        if sums and METADATA_NAME in found:
            found[METADATA_NAME] = _with_sums(found, flatbuffer)
        buffer = io.BytesIO(flatbuffer)
        buffer.seek(0, io.SEEK_END)
        with zipfile.ZipFile(buffer, "a", method) as archive:
            for name, data in found.items():
                archive.writestr(zipfile.ZipInfo(name), data, method)
        return buffer.getvalue()


def mutated(parts: Parts, seed: int, number: int) -> tuple[str, bytes]:
    """One file, and the name of what was done to it."""
    rng = np.random.default_rng((seed, number))
    names = list(MUTATIONS)
    weights = np.array([MUTATIONS[name][1] for name in names], float)
    name = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    return name, MUTATIONS[name][0](parts, rng)


def flipped(data: bytes, rng: Rng, *, most: int = 8) -> bytes:
    """Some bytes changed."""
    out = bytearray(data)
    for place in rng.integers(0, max(1, len(out)), int(rng.integers(1, most + 1))):
        if out:
            out[int(place)] ^= int(rng.integers(1, 256))
    return bytes(out)


def numbered(data: bytes, rng: Rng, *, places: np.ndarray | None = None) -> bytes:
    """Some aligned numbers replaced by odd ones, or nudged."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        width = int(rng.choice((1, 2, 4, 8)))
        at = int(rng.integers(0, max(1, len(out) - 8))) if places is None else int(rng.choice(places))
        at = min(at, max(0, len(out) - 8)) // width * width
        old = int.from_bytes(out[at : at + width], "little")
        new = int(rng.choice(ODD_NUMBERS)) if rng.random() < 0.6 else old + int(rng.integers(-16, 17))
        out[at : at + width] = (new % (1 << 8 * width)).to_bytes(width, "little")
    return bytes(out)


def structure(flatbuffer: bytes) -> np.ndarray:
    """Places of a flatbuffer outside of long constants, where its tables are."""
    at, end = [], len(flatbuffer)
    for start in range(0, end - 64, 64):
        block = np.frombuffer(flatbuffer, np.uint8, 64, start)
        if (block == 0).sum() > 16:  # constants of a trained network are hardly ever 0
            at.extend(range(start, start + 64, 4))
    return np.array(at or [0])


def _with_sums(members: Mapping[str, bytes], flatbuffer: bytes) -> bytes:
    try:
        table = json.loads(members[METADATA_NAME])
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in members.items() if name != METADATA_NAME}
        table["sha256"] = {**table.get("sha256", {}), **sums, "flatbuffer": hashlib.sha256(flatbuffer).hexdigest()}
        return json.dumps(table).encode()
    except (ValueError, TypeError, AttributeError, RecursionError):
        return members[METADATA_NAME]


def _anywhere(parts: Parts, rng: Rng) -> bytes:
    return flipped(parts.content, rng)


def _truncated(parts: Parts, rng: Rng) -> bytes:
    tail = len(parts.content) - len(parts.flatbuffer)
    kept = rng.integers(0, tail) if rng.random() < 0.7 else rng.integers(0, len(parts.content))
    content = parts.content[: len(parts.content) - int(kept)]
    return content + bytes(rng.integers(0, 256, int(rng.integers(0, 64))).astype(np.uint8))


def _in_archive(parts: Parts, rng: Rng) -> bytes:
    start = len(parts.flatbuffer)
    return parts.content[:start] + flipped(parts.content[start:], rng)


def _directory(parts: Parts, rng: Rng) -> bytes:
    start = parts.content.rfind(b"PK\x01\x02", 0, len(parts.content) - 100)
    start = parts.content.find(b"PK\x01\x02", len(parts.flatbuffer)) if rng.random() < 0.7 else start
    change = numbered if rng.random() < 0.5 else flipped
    return parts.content[:start] + change(parts.content[start:], rng)


def _method(parts: Parts, rng: Rng) -> bytes:
    content = parts.built(method=int(rng.choice(METHODS)), sums=bool(rng.random() < 0.5))
    start = len(parts.flatbuffer)
    return content[:start] + (flipped(content[start:], rng) if rng.random() < 0.7 else content[start:])


def _flag(parts: Parts, rng: Rng) -> bytes:
    """Encrypted, split, 64-bit: flags and methods in the headers of members."""
    out = bytearray(parts.content)
    for signature, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = out.find(signature, len(parts.flatbuffer))
        while place >= 0:
            if rng.random() < 0.5:
                struct.pack_into(
                    "<HH", out, place + at, int(rng.integers(0, 1 << 16)), int(rng.choice((0, 8, 9, 12, 14, 99)))
                )
            place = out.find(signature, place + 4)
    return bytes(out)


def _bomb(parts: Parts, rng: Rng) -> bytes:
    name = str(rng.choice(list(parts.members)))
    filler = bytes(int(rng.integers(1 << 20, 12 << 20)))
    deep = b"[" * int(rng.integers(1, 200_000))
    return parts.built(members={**parts.members, name: filler if rng.random() < 0.5 else deep}, sums=False)


def _member(parts: Parts, rng: Rng) -> bytes:
    name = str(rng.choice(list(parts.members)))
    members = dict(parts.members)
    if rng.random() < 0.15:
        del members[name]
    else:
        members[name] = flipped(members[name][:200], rng) + members[name][200:]
    return parts.built(members=members, sums=bool(rng.random() < 0.9))


def _header(parts: Parts, rng: Rng) -> bytes:
    """The text of a .npy member."""
    name = str(rng.choice([n for n in parts.members if n.endswith(".npy")] or list(parts.members)))
    old = parts.members[name]
    texts = (
        b"'<f8'",
        b"'|O'",
        b"'<f4",
        b"(99999999,)",
        b"(-1, 2)",
        b"(1, " * 60,
        b"(" * 100,
        b"1e999",
        b"\x00",
        b"'descr'",
    )
    text = texts[int(rng.integers(len(texts)))]
    at = int(rng.integers(10, 100))
    return parts.built(members={**parts.members, name: old[:at] + text + old[at + len(text) :]})


def _array(parts: Parts, rng: Rng) -> bytes:
    """Numbers of an array, its header right."""
    name = str(rng.choice([n for n in parts.members if n.endswith(".npy")] or list(parts.members)))
    out = bytearray(parts.members[name])
    for _ in range(int(rng.integers(1, 4))):
        place = 128 + 4 * int(rng.integers(0, max(1, (len(out) - 128) // 4)))
        value = float(rng.choice((0.0, -1.0, 1e-45, 1e38, -1e38, np.nan, np.inf, rng.normal())))
        if place + 4 <= len(out):
            struct.pack_into("<f", out, place, value)
    return parts.built(members={**parts.members, name: bytes(out)})


def _field(parts: Parts, rng: Rng) -> bytes:
    """A field of the metadata, at any level."""
    table = json.loads(parts.members[METADATA_NAME])
    for _ in range(int(rng.integers(1, 3))):
        level = table
        while True:
            key = str(rng.choice(list(level)))
            if isinstance(level[key], dict) and level[key] and rng.random() < 0.7:
                level = level[key]
                continue
            break
        if rng.random() < 0.1:
            del level[key]
        else:
            level[key] = ODD_VALUES[int(rng.integers(len(ODD_VALUES)))]
        if not table or not level:
            break
    text = json.dumps(table).encode()
    return parts.built(members={**parts.members, METADATA_NAME: text}, sums=bool(rng.random() < 0.7))


def _scheme(parts: Parts, rng: Rng) -> bytes:
    """A landmark scheme of the file's own, one of its fields odd more often than not."""
    table = json.loads(parts.members[METADATA_NAME])
    scheme: dict[str, Any] = {**IBUG68.to_dict(), "name": "own"}
    if rng.random() < 0.8:
        level = scheme["groups"] if rng.random() < 0.3 else scheme
        key = str(rng.choice(list(level)))
        if isinstance(level[key], list) and rng.random() < 0.5:
            level[key] = [*level[key]]
            level[key][int(rng.integers(len(level[key])))] = ODD_VALUES[int(rng.integers(len(ODD_VALUES)))]
        else:
            level[key] = ODD_VALUES[int(rng.integers(len(ODD_VALUES)))]
    table |= {"scheme": "own", SCHEME: scheme}
    return parts.built(members={**parts.members, METADATA_NAME: json.dumps(table).encode()})


def _text(parts: Parts, rng: Rng) -> bytes:
    """The metadata's text."""
    old = parts.members[METADATA_NAME]
    at = int(rng.integers(0, len(old)))
    odd = (b"\xff", b"1" * 5000, b"[" * 5000, b'{"a":' * 3000, b"1e999", b"-", b"\\ud800", b"NaN", b"\x00", b'"')
    text = old[:at] + odd[int(rng.integers(len(odd)))] + old[at + int(rng.integers(0, 4)) :]
    return parts.built(members={**parts.members, METADATA_NAME: text}, sums=bool(rng.random() < 0.5))


def _network_bytes(parts: Parts, rng: Rng) -> bytes:
    return parts.built(flatbuffer=flipped(parts.flatbuffer, rng))


def _network_numbers(parts: Parts, rng: Rng) -> bytes:
    return parts.built(flatbuffer=numbered(parts.flatbuffer, rng))


def _network_tables(parts: Parts, rng: Rng) -> bytes:
    change = numbered if rng.random() < 0.7 else _flipped_at
    return parts.built(flatbuffer=change(parts.flatbuffer, rng, places=structure(parts.flatbuffer)))


def _flipped_at(data: bytes, rng: Rng, *, places: np.ndarray) -> bytes:
    out = bytearray(data)
    for place in rng.choice(places, int(rng.integers(1, 9))):
        out[int(place) + int(rng.integers(0, 4))] ^= int(rng.integers(1, 256))
    return bytes(out)


def _network_cut(parts: Parts, rng: Rng) -> bytes:
    kept = int(rng.integers(8, len(parts.flatbuffer)))
    return parts.built(flatbuffer=parts.flatbuffer[:kept] + bytes(int(rng.integers(0, 64))))


def _network_moved(parts: Parts, rng: Rng) -> bytes:
    """A piece of the flatbuffer copied over another."""
    places = structure(parts.flatbuffer)
    out, (a, b) = bytearray(parts.flatbuffer), rng.choice(places, 2)
    length = int(rng.choice((4, 8, 16, 32, 64)))
    out[int(a) : int(a) + length] = out[int(b) : int(b) + length]
    return parts.built(flatbuffer=bytes(out))


def _network_objects(parts: Parts, rng: Rng) -> bytes:
    """What the flatbuffer says, by the schema: a well-formed file of an odd network."""
    import ai_edge_litert.schema_py_generated as schema
    import flatbuffers

    model = schema.ModelT.InitFromPackedBuf(bytearray(parts.flatbuffer))
    for _ in range(int(rng.integers(1, 4))):
        change = CHANGES[int(rng.integers(len(CHANGES)))]
        change(model, rng)
    try:
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    except (struct.error, TypeError, ValueError, OverflowError):  # numbers that the schema has no room for
        return parts.built(flatbuffer=flipped(parts.flatbuffer, rng))
    return parts.built(flatbuffer=bytes(builder.Output()))


def _pick(items: Any, rng: Rng) -> Any:
    return items[int(rng.integers(len(items)))]


def _shape(model: Any, rng: Rng) -> None:
    shape = _pick([t.shape for t in model.subgraphs[0].tensors if t.shape is not None and len(t.shape)], rng)
    shape[int(rng.integers(len(shape)))] = _pick((0, 1, 2, 3, 7, 8, 64, 1000, -1, 1 << 20), rng)


def _type(model: Any, rng: Rng) -> None:
    kind = int(rng.choice((0, 1, 2, 3, 4, 6, 7, 9, 17)))
    for _ in range(int(rng.choice((1, 1, 4)))):
        _pick(model.subgraphs[0].tensors, rng).type = kind


def _all_types(model: Any, rng: Rng) -> None:
    old, new = (int(kind) for kind in rng.choice((0, 2, 3, 7, 9), 2))
    for tensor in model.subgraphs[0].tensors:
        constant = model.buffers[tensor.buffer].data is not None
        if tensor.type == old and not constant:
            tensor.type = new


def _grid(model: Any, rng: Rng) -> None:
    grids = [t.quantization for t in model.subgraphs[0].tensors if t.quantization is not None]
    grid = _pick([g for g in grids if g.scale is not None] or grids, rng)
    if rng.random() < 0.6 and grid.scale is not None:
        grid.scale = np.asarray(grid.scale, np.float32) * np.float32(10.0 ** rng.uniform(-12, 6))
    elif rng.random() < 0.5 and grid.zeroPoint is not None:
        grid.zeroPoint = np.asarray(grid.zeroPoint) + int(rng.integers(-200, 200))
    else:
        grid.scale = grid.zeroPoint = None


def _wiring(model: Any, rng: Rng) -> None:
    graph = model.subgraphs[0]
    operator = _pick(graph.operators, rng)
    ends = operator.inputs if rng.random() < 0.8 else operator.outputs
    ends[int(rng.integers(len(ends)))] = int(rng.integers(-1, len(graph.tensors) + 1))


def _option(model: Any, rng: Rng) -> None:
    options = _pick([o.builtinOptions for o in model.subgraphs[0].operators if o.builtinOptions is not None], rng)
    if names := [name for name, value in vars(options).items() if isinstance(value, int | float)]:
        setattr(options, str(_pick(names, rng)), _pick((0, 1, 2, 3, 4, 5, -1, 16, 100, 1 << 30), rng))


def _code(model: Any, rng: Rng) -> None:
    code = int(_pick(sorted(RULES), rng)) if rng.random() < 0.8 else int(rng.integers(0, 210))
    changed = _pick(model.operatorCodes, rng)
    changed.builtinCode, changed.deprecatedBuiltinCode = code, min(code, 127)
    changed.version = int(rng.integers(0, 6))


def _constant(model: Any, rng: Rng) -> None:
    graph = model.subgraphs[0]
    found = [b for t in graph.tensors if t.type in (2, 4) and (b := model.buffers[t.buffer]).data is not None]
    buffer = _pick(found, rng)
    values = np.frombuffer(bytes(buffer.data), np.uint8).copy()
    values[int(rng.integers(len(values)))] = int(rng.integers(256))
    buffer.data = values


def _order(model: Any, rng: Rng) -> None:
    operators = model.subgraphs[0].operators
    a, b = (int(i) for i in rng.integers(0, len(operators), 2))
    if rng.random() < 0.5:
        operators[a], operators[b] = operators[b], operators[a]
    else:
        del operators[a]


CHANGES = (_shape, _type, _all_types, _grid, _grid, _wiring, _option, _option, _code, _constant, _order)

MUTATIONS: Mapping[str, tuple[Callable[[Parts, Rng], bytes], float]] = {
    "bytes anywhere": (_anywhere, 1.0),
    "truncated": (_truncated, 1.0),
    "bytes of the archive": (_in_archive, 2.0),
    "directory of the archive": (_directory, 2.0),
    "other compressions": (_method, 0.5),
    "flags of members": (_flag, 1.0),
    "bombs": (_bomb, 0.2),
    "bytes of a member": (_member, 2.0),
    "header of an array": (_header, 1.5),
    "numbers of an array": (_array, 1.5),
    "field of the metadata": (_field, 3.0),
    "text of the metadata": (_text, 1.0),
    "scheme of its own": (_scheme, 1.0),
    "bytes of the network": (_network_bytes, 1.0),
    "numbers of the network": (_network_numbers, 1.0),
    "tables of the network": (_network_tables, 5.0),
    "cut network": (_network_cut, 0.5),
    "moved pieces of the network": (_network_moved, 2.0),
    "objects of the network": (_network_objects, 6.0),
}
"""What is done, by its name, and how often relative to the others."""
