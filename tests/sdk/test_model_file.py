"""Model files: what is refused, and with which words."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sdk import FaceAligner, InputError, ModelFile, ModelFileError
from sdk.arrays import array_bytes
from sdk.head import ARRAYS as HEAD_ARRAYS
from sdk.model_file import ARRAY_NAME, FORMAT_VERSION, HEAD_NAME, METADATA_NAME, pack
from sdk.testing import FixedDetector, toy_shape_model

MODEL = ModelFile.default()


@pytest.fixture
def content() -> bytes:
    return MODEL.repacked(MODEL.metadata)


def rewritten(content: bytes, without: str = "", **members: bytes) -> bytes:
    """The model with some associated files replaced, and one left out."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        files = {name: old.read(name) for name in old.namelist() if name != without}
    buffer = io.BytesIO(MODEL.flatbuffer)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**files, **members}.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def with_metadata(content: bytes, **changes: object) -> bytes:
    table = {**MODEL.metadata, **changes}
    return rewritten(content, **{METADATA_NAME: json.dumps(table).encode()})


def test_pack_and_load_give_everything_back(content):
    again = ModelFile.from_bytes(content)
    assert again.flatbuffer == MODEL.flatbuffer
    assert again.metadata == MODEL.metadata
    np.testing.assert_array_equal(again.shape_model.eigenvectors, MODEL.shape_model.eigenvectors)
    assert again.head is not None
    assert MODEL.head is not None
    assert again.head.settings() == MODEL.head.settings()
    for name, array in MODEL.head.arrays().items():
        np.testing.assert_array_equal(again.head.arrays()[name], array)


def test_only_files_with_a_head_are_of_the_newer_format(content):
    plain = pack(MODEL.flatbuffer, MODEL.shape_model, MODEL.metadata)
    assert ModelFile.from_bytes(content).metadata["format_version"] == FORMAT_VERSION == 2
    assert ModelFile.from_bytes(plain).metadata["format_version"] == 1
    assert ModelFile.from_bytes(plain).head is None


def test_packing_is_reproducible(content):
    assert MODEL.repacked(MODEL.metadata) == content


def test_zip_tools_read_the_associated_files(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert METADATA_NAME in archive.namelist()
        assert ARRAY_NAME.format("mean") in archive.namelist()
        assert archive.testzip() is None


def test_tflite_opens_the_whole_file_as_it_is(content, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    assert list(interpreter.get_input_details()[0]["shape"]) == [1, MODEL.input_size, MODEL.input_size, 3]


def test_missing_file(tmp_path):
    with pytest.raises(ModelFileError, match=r"none\.tflite: cannot be read \(No such file"):
        ModelFile.load(tmp_path / "none.tflite")


def test_not_a_model():
    with pytest.raises(ModelFileError, match="expected a TFLite flatbuffer"):
        ModelFile.from_bytes(b"GIF89a and so on")
    with pytest.raises(ModelFileError, match="in 0 bytes"):
        ModelFile.from_bytes(b"")


def test_a_plain_tflite_has_no_metadata():
    with pytest.raises(ModelFileError, match=r"no readable metadata.*plain \.tflite"):
        ModelFile.from_bytes(MODEL.flatbuffer)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_truncated_files_are_refused(content, share):
    with pytest.raises(ModelFileError, match="truncated"):
        ModelFile.from_bytes(content[: int(len(content) * share)])


def test_a_damaged_flatbuffer_is_noticed(content):
    damaged = bytearray(content)
    damaged[len(MODEL.flatbuffer) // 2] ^= 0xFF
    with pytest.raises(ModelFileError, match="flatbuffer does not match its checksum"):
        ModelFile.from_bytes(bytes(damaged))


def test_a_swapped_shape_model_is_noticed(content):
    other = io.BytesIO()
    np.lib.format.write_array(other, toy_shape_model(n_modes=MODEL.shape_model.n_modes).eigenvectors)
    swapped = rewritten(content, **{ARRAY_NAME.format("eigenvectors"): other.getvalue()})
    with pytest.raises(ModelFileError, match=r"eigenvectors\.npy does not match its checksum.*another model"):
        ModelFile.from_bytes(swapped)


def test_a_newer_format_asks_for_an_upgrade(content):
    newer = with_metadata(content, format_version=FORMAT_VERSION + 1)
    with pytest.raises(ModelFileError, match=f"format version {FORMAT_VERSION + 1} is newer.*upgrade asmnet-edge"):
        ModelFile.from_bytes(newer)


def test_a_missing_member_is_named(content):
    with pytest.raises(ModelFileError, match=r"expected shape_model/eigenvalues\.npy"):
        ModelFile.from_bytes(rewritten(content, without="shape_model/eigenvalues.npy"))


def with_head_array(content: bytes, name: str, array: np.ndarray) -> bytes:
    """The model with an array of its head replaced, its checksum right."""
    member = HEAD_NAME.format(name)
    data = array_bytes(array)
    digests = {**MODEL.metadata["sha256"], member: hashlib.sha256(data).hexdigest()}
    return rewritten(with_metadata(content, sha256=digests), **{member: data})


@pytest.mark.parametrize("name", HEAD_ARRAYS)
def test_damage_to_an_array_of_the_head_is_named(content, name):
    good = MODEL.head.arrays()[name]
    damaged = good.copy()
    damaged.flat[1] = np.nan
    with pytest.raises(ModelFileError, match=f"{name}: expected finite numbers"):
        ModelFile.from_bytes(with_head_array(content, name, damaged))
    for wrong in (good[..., :2], good.astype(np.float64)):
        with pytest.raises(ModelFileError, match=r"(kernel|bias): expected float32 of shape"):
            ModelFile.from_bytes(with_head_array(content, name, wrong))
    with pytest.raises(ModelFileError, match=rf"head/{name}\.npy does not match its checksum"):
        ModelFile.from_bytes(rewritten(content, **{HEAD_NAME.format(name): array_bytes(-good)}))
    with pytest.raises(ModelFileError, match=rf"expected head/{name}\.npy among the associated files"):
        ModelFile.from_bytes(rewritten(content, without=f"head/{name}.npy"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "heatmaps"}, "expected an object of kind mean_places"),
        ({"maps_side": "16"}, "maps_side: expected int, got '16'"),
        ({"maps_side": 0}, "expected maps_side of 1 to 128"),
        ({"maps_scale": 0.0}, "expected a maps_scale above 0"),
        ({"top_zero_point": 256}, "top_zero_point of 0 to 255"),
    ],
)
def test_wrong_settings_of_the_head_are_named(content, change, message):
    with pytest.raises(ModelFileError, match=message):
        ModelFile.from_bytes(with_metadata(content, head={**MODEL.metadata["head"], **change}))


def test_a_zip_bomb_is_not_unpacked(content):
    bomb = rewritten(content, **{ARRAY_NAME.format("mean"): bytes(64 << 20)})
    assert len(bomb) < 4 << 20
    with pytest.raises(ModelFileError, match="claims 67108864 bytes"):
        ModelFile.from_bytes(bomb)


def test_pickles_are_refused(content):
    evil = io.BytesIO()
    np.lib.format.write_array(evil, np.array([{}], dtype=object), allow_pickle=True)
    changed = rewritten(content, **{ARRAY_NAME.format("mean"): evil.getvalue()})
    with pytest.raises(ModelFileError, match=r"checksum|pickle"):
        ModelFile.from_bytes(changed)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("input_size", "128"),
        ("scheme", "wflw"),
        ("crop_margin", None),
        ("input_colour", "bgr"),
        ("sha256", []),
        ("yaw_expansion", "0.3"),
        ("yaw_expansion", -0.1),
    ],
)
def test_wrong_metadata_is_named(content, field, value):
    with pytest.raises(ModelFileError, match=field):
        ModelFile.from_bytes(with_metadata(content, **{field: value}))


def test_numbers_that_json_has_not_are_written_as_null():
    training = {"val_nme": float("nan"), "rates": (1.0, float("inf"))}
    model = ModelFile.from_bytes(MODEL.repacked({**MODEL.metadata, "training": training}))
    assert model.metadata["training"] == {"val_nme": None, "rates": [1.0, None]}


def test_metadata_that_is_no_json(content):
    with pytest.raises(ModelFileError, match="no JSON"):
        ModelFile.from_bytes(rewritten(content, **{METADATA_NAME: b"\xff{"}))


def test_without_a_yaw_expansion_it_is_none():
    kept = {name: value for name, value in MODEL.metadata.items() if name != "yaw_expansion"}
    assert ModelFile.from_bytes(MODEL.repacked(kept)).yaw_expansion == 0.0


def test_models_that_come_along_are_named():
    from sdk.model_file import PRESETS

    for name in PRESETS:
        model = FaceAligner(name, detector=FixedDetector()).model
        assert model.origin == PRESETS[name]
        assert model.name.startswith(name)
    assert ModelFile.default().flatbuffer == ModelFile.chosen(Path("accurate")).flatbuffer
    with pytest.raises(InputError, match="model: expected one of accurate, fast, got 'best'"):
        ModelFile.preset("best")
    with pytest.raises(ModelFileError, match="model best: cannot be read"):
        ModelFile.chosen("best")
