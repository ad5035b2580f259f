"""Trunks start from files of PyTorch, which are read without it and cannot run anything."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import io
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sdk.errors import InputError
from train.checkpoint import CheckpointError, read_arrays, write_arrays
from train.networks.lite import STEM, stages
from train.pretrained import MAGIC, NOTE, lite_weights, read_state_dict

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


class FloatStorage:
    """Stands for torch.FloatStorage while a file is written."""


class Tensor:
    """An array that pickles as PyTorch's tensors did."""

    def __init__(self, key: int, values: np.ndarray) -> None:
        self.key, self.values = key, values

    def __reduce__(self):
        strides = tuple(s // 4 for s in self.values.strides)
        arguments = (Storage(str(self.key), self.values.size), 0, self.values.shape, strides, False, OrderedDict())
        return sys.modules["torch._utils"]._rebuild_tensor_v2, arguments


class View(Tensor):
    """A tensor that says where in a storage it lies."""

    def __init__(self, key: int, count: int, offset, shape, strides) -> None:
        self.key, self.count, self.view = key, count, (offset, shape, strides)

    def __reduce__(self):
        arguments = (Storage(str(self.key), self.count), *self.view, False, OrderedDict())
        return sys.modules["torch._utils"]._rebuild_tensor_v2, arguments


class Storage:
    def __init__(self, key: str, count: int) -> None:
        self.key, self.count = key, count


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return ("storage", FloatStorage, value.key, "cpu", value.count, None) if type(value) is Storage else None


@pytest.fixture
def torch_format(monkeypatch):
    """A writer of the format, with modules of PyTorch's names for the pickler to name."""
    utils, torch = ModuleType("torch._utils"), ModuleType("torch")

    def _rebuild_tensor_v2(*_):
        raise AssertionError("only its name is written")

    _rebuild_tensor_v2.__module__, FloatStorage.__module__ = "torch._utils", "torch"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2, torch.FloatStorage = _rebuild_tensor_v2, FloatStorage
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)

    def write(arrays: dict[str, np.ndarray], *, magic: int = MAGIC, state: object = None) -> bytes:
        file = io.BytesIO()
        tensors = OrderedDict(
            (name, Tensor(i, a.astype(np.float32))) for i, (name, a) in enumerate(arrays.items())
        )
        for part in (magic, 1001, {"little_endian": True}, tensors if state is None else state):
            Pickler(file, protocol=2).dump(part)
        Pickler(file, protocol=2).dump([str(i) for i in range(len(arrays))])
        for array in arrays.values():
            file.write(array.size.to_bytes(8, "little") + array.astype("<f4").tobytes())
        return file.getvalue()

    return write


def lite_state(number: int = 0) -> dict[str, np.ndarray]:
    """Drawn weights of EfficientNet-Lite under PyTorch's names."""
    rng = np.random.default_rng(number)
    state: dict[str, np.ndarray] = {}

    def add(conv: str, norm: str, shape: tuple[int, ...]) -> None:
        state[conv + ".weight"] = rng.normal(0, 0.1, shape)
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{norm}.{part}"] = rng.uniform(0.5, 1.5, shape[0])

    add("_conv_stem", "_bn0", (STEM, 3, 3, 3))
    count, index = STEM, 0
    for stage in stages(number):
        for _ in range(stage.repeats):
            block, wide = f"_blocks.{index}.", count * stage.grow
            if stage.grow > 1:
                add(block + "_expand_conv", block + "_bn0", (wide, count, 1, 1))
            add(block + "_depthwise_conv", block + "_bn1", (wide, 1, stage.kernel, stage.kernel))
            add(block + "_project_conv", block + "_bn2", (stage.count, wide, 1, 1))
            count, index = stage.count, index + 1
    return {name: array.astype(np.float32) for name, array in state.items()}


def test_arrays_come_back_from_pytorchs_format(torch_format, tmp_path):
    arrays = {"a.weight": np.arange(24.0).reshape(2, 3, 4), "b": np.ones(5)}
    (tmp_path / "net.pth").write_bytes(torch_format(arrays))
    read = read_state_dict(tmp_path / "net.pth")
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)


def test_the_file_may_lie_in_a_wheel(torch_format, tmp_path):
    with zipfile.ZipFile(tmp_path / "net.whl", "w") as wheel:
        wheel.writestr("package/models/net.pth", torch_format({"b": np.ones(5)}))
    assert read_state_dict(tmp_path / "net.whl")["b"].shape == (5,)


class Rogue:
    def __reduce__(self):
        return os.system, ("echo reached",)


def test_a_file_that_would_run_something_is_refused(torch_format, tmp_path, capfd):
    (tmp_path / "net.pth").write_bytes(torch_format({}, state=Rogue()))
    with pytest.raises(
        CheckpointError, match=r"net\.pth: expected a state_dict .*system is no part of a state_dict"
    ):
        read_state_dict(tmp_path / "net.pth")
    assert "reached" not in capfd.readouterr().out


@pytest.mark.parametrize(
    ("count", "offset", "shape", "strides"),
    [
        (6, 0, (7,), (1,)),
        (6, 0, (2, 3), (4, 1)),
        (6, 1, (6,), (1,)),
        (6, 7, (0,), (1,)),
        (6, 6, (1,), (1,)),
        (6, -1, (2,), (1,)),
        (6, 5, (6,), (-1,)),
        (6, 0, (1 << 20, 1 << 20), (0, 0)),
        (6, 0, (2, 3), (1,)),
        (6, 1 << 80, (1,), (1,)),
        (6, 0, (2.5,), (1,)),
        (6, 0, ("a",), (1,)),
        (6, 0, [2], [1]),
        (6, None, (2,), (1,)),
        (1 << 40, 0, (2,), (1,)),
        (-1, 0, (2,), (1,)),
        ("6", 0, (2,), (1,)),
    ],
)
def test_a_tensor_lies_within_its_storage(torch_format, tmp_path, count, offset, shape, strides):
    """Otherwise its numbers would be those of another part of this process's memory, or there would be a crash."""
    state = OrderedDict(b=View(0, count, offset, shape, strides))
    (tmp_path / "net.pth").write_bytes(torch_format({"b": np.ones(6)}, state=state))
    with pytest.raises(CheckpointError, match=r"net\.pth: expected a state_dict of PyTorch"):
        read_state_dict(tmp_path / "net.pth")


def test_views_within_a_storage_are_read(torch_format, tmp_path):
    state = OrderedDict(a=View(0, 6, 1, (2, 2), (2, 1)), b=View(0, 6, 0, (0,), (1,)), c=View(0, 6, 5, (), ()))
    (tmp_path / "net.pth").write_bytes(torch_format({"x": np.arange(6.0)}, state=state))
    read = read_state_dict(tmp_path / "net.pth")
    assert {name: value.tolist() for name, value in read.items()} == {"a": [[1, 2], [3, 4]], "b": [], "c": 5}


def test_other_things_than_named_tensors_are_refused(torch_format, tmp_path):
    for state in (OrderedDict(b=3), [1], OrderedDict(b=OrderedDict()), {1: View(0, 6, 0, (1,), (1,))}):
        (tmp_path / "net.pth").write_bytes(torch_format({"x": np.ones(6)}, state=state))
        with pytest.raises(CheckpointError, match=r"net\.pth: expected a state_dict"):
            read_state_dict(tmp_path / "net.pth")


def test_mutated_files_are_refused_or_read(torch_format, tmp_path):
    """Anything but an error in words would leave the reader as a foreign exception."""
    whole = torch_format({"a.weight": np.arange(24.0).reshape(2, 3, 4), "b": np.ones(5)})
    rng, refused = np.random.default_rng(0), 0
    for _ in range(2000):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), rng.integers(1, 4)):
            content[place] = rng.integers(0, 256)
        (tmp_path / "net.pth").write_bytes(content)
        try:
            read_state_dict(tmp_path / "net.pth")
        except CheckpointError:
            refused += 1
    assert refused > 200


@pytest.mark.parametrize("cut", [0, 1, 20, 100, -3])
def test_a_damaged_file_is_named(torch_format, tmp_path, cut):
    (tmp_path / "net.pth").write_bytes(torch_format({"b": np.ones(5)})[:cut])
    with pytest.raises(CheckpointError, match=r"net\.pth: expected a state_dict of PyTorch"):
        read_state_dict(tmp_path / "net.pth")


def test_other_files_are_named(torch_format, tmp_path):
    (tmp_path / "net.pth").write_bytes(torch_format({}, magic=7))
    with pytest.raises(CheckpointError, match="a pickle that begins with 7"):
        read_state_dict(tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=r"none\.pth: not found"):
        read_state_dict(tmp_path / "none.pth")
    with pytest.raises(InputError, match="expected EfficientNet-Lite"):
        lite_weights({"fc.weight": np.zeros((2, 2))})


@pytest.mark.parametrize(("number", "network"), [(0, "lite_joint"), (2, "lite2_joint")])
def test_weights_fill_the_trunk_of_the_network(number, network):
    import keras

    from train.checkpoint import weights_of
    from train.networks import build_network

    own = weights_of(build_network(keras, network, size=32))
    read = lite_weights(lite_state(number))
    trunk = {name for name in own if name.startswith("lite_")}
    assert trunk <= set(read)
    assert [name for name in trunk if read[name].shape != own[name].shape] == []


def test_the_stem_takes_pixels_from_0_to_1():
    state = lite_state()
    weights = lite_weights(state)
    pixels = np.random.default_rng(1).integers(0, 256, (3, 3, 3)).astype(np.float64)
    published = np.einsum("hwc,ochw->o", (pixels - 127) / 128, state["_conv_stem.weight"].astype(np.float64))
    ours = np.einsum("hwc,hwco->o", pixels / 255, weights["lite_stem_conv/0"].astype(np.float64))
    expected = published - state["_bn0.running_mean"]
    np.testing.assert_allclose(ours - weights["lite_stem_bn/2"], expected, atol=1e-5)


def test_fit_starts_from_a_trunk_and_says_so(tmp_path):
    import keras

    from train.checkpoint import weights_of
    from train.networks import build_network
    from train.trained import start_from

    model = build_network(keras, "lite_joint", size=32)
    before = weights_of(model)
    path = tmp_path / "trunk.npz"
    write_arrays(path, lite_weights(lite_state()), {NOTE: "drawn"})
    assert start_from(model, path) == ["all but the trunk"]
    after, given = weights_of(model), read_arrays(path)[0]
    np.testing.assert_array_equal(after["lite_3_project_conv/0"], given["lite_3_project_conv/0"])
    np.testing.assert_array_equal(after["landmarks/0"], before["landmarks/0"])
    with pytest.raises(
        CheckpointError, match=r"trunk\.npz: expected the weights of the network's trunk, got no layer"
    ):
        start_from(build_network(keras, "cnn6", size=64, width=0.25), path)


def test_the_command_writes_what_fit_takes(torch_format, tmp_path, capsys):
    from train.__main__ import main

    (tmp_path / "net.pth").write_bytes(torch_format(lite_state()))
    out = Path(tmp_path / "lite0.npz")
    assert main(["pretrained", str(tmp_path / "net.pth"), "--out", str(out)]) == 0
    assert "lite0.npz: 240 arrays, 3.00 M numbers" in capsys.readouterr().out
    assert read_arrays(out)[1] == {NOTE: "net.pth"}
