"""Arrays of a model file: members .npy of little-endian float32 with one or two axes, as all readers take them."""

from __future__ import annotations

import io
import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.parsing import RefusedError

_MAGIC = b"\x93NUMPY\x01\x00"
_MAX_HEADER = 256
_HEADER = re.compile(
    rb"\{'descr': '([^']{1,16})', 'fortran_order': (True|False), 'shape': \(([0-9]{1,7}), ?([0-9]{1,7})?\), \} *\n"
)


def array_bytes(array: npt.NDArray[Any]) -> bytes:
    """An array as a member `.npy`."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_array(member: bytes, name: str) -> npt.NDArray[np.float32]:
    """Inverse of `array_bytes` for float32 of one or two axes; its header is no Python that is evaluated.

    Raises:
        RefusedError: it is another array, or none.
    """
    length = int.from_bytes(member[8:10], "little")
    found = _HEADER.fullmatch(member, 10, 10 + length) if member[:8] == _MAGIC and length < _MAX_HEADER else None
    if found is None:
        raise RefusedError(f"{name}: expected float32 of shape (n,) or (n, m) in a .npy file of version 1.0")
    descr, order, *axes = (part.decode("ascii", "replace") for part in found.groups(b"") if part)
    shape = tuple(map(int, axes))
    if descr != "<f4" or order != "False" or min(shape) < 1:
        raise RefusedError(f"{name}: expected float32 of shape (n,) or (n, m) row by row, got {descr} of {shape}")
    if len(member) != 10 + length + 4 * math.prod(shape):
        raise RefusedError(f"{name}: expected {math.prod(shape)} numbers, got {len(member) - 10 - length} bytes")
    values = np.frombuffer(member, "<f4", offset=10 + length).reshape(shape)
    if not np.isfinite(values).all():
        raise RefusedError(f"{name}: expected finite numbers, got NaN or infinity")
    return np.array(values, np.float32)
