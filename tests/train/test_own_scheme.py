"""A landmark scheme of your own: defined beside the faces, trained, converted, loaded; or refused in words."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sdk import BBox, FaceAligner, InputError, ModelFile, ModelFileError
from sdk import schemes as known_schemes
from sdk.schemes import IBUG68, SCHEMES, WFLW98, define_scheme, scheme_from_dict
from sdk.testing import rendered_face
from tests.fit_runs import TINY
from tests.train.test_sources import write_face
from train.__main__ import main
from train.checkpoint import read_arrays
from train.datasets import DataError, read_packed
from train.datasets.own_scheme import defined_scheme

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

FIVE = """
name = "five"
mirror = [1, 0, 2, 4, 3]
outer_eye_corners = [0, 1]
rigid = [0, 1, 2, 3, 4]
eyes = [[0], [1]]

[groups]
subject_right_eye = [0]
subject_left_eye = [1]
nose = [2]
mouth = [3, 4]
"""


@pytest.fixture(autouse=True)
def _only_built_in_schemes(monkeypatch):
    """Schemes that a test defines are gone after it."""
    built_in = dict(known_schemes._known)
    yield
    known_schemes._known.clear()
    known_schemes._known.update(built_in)


def five(points: np.ndarray) -> np.ndarray:
    eyes = [points[list(eye)].mean(axis=0) for eye in IBUG68.eyes]
    return np.array([*eyes, points[30], points[48], points[54]])


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(8):
        image, points = rendered_face(np.random.default_rng(k), size=120)
        write_face(folder / f"face{k}", image, five(points))
    return folder


@pytest.mark.parametrize("scheme", [IBUG68, WFLW98], ids=lambda s: s.name)
def test_a_scheme_comes_back_from_its_table(scheme):
    back = scheme_from_dict({**scheme.to_dict(), "name": "again"})
    assert {**back.to_dict(), "name": scheme.name} == scheme.to_dict()
    assert define_scheme(scheme) is scheme


def test_points_of_no_scheme_are_refused_with_the_way_out(photos, tmp_path, capsys):
    assert main(["fit", str(photos), "--out", str(tmp_path / "run")]) == 2
    assert "got 5. A scheme.toml beside the faces defines a scheme of your own" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mirror = [1, 0, 2, 4, 3]", "mirror = [1, 0, 2, 4, 4]", "mirror: expected different points from 0 to 4"),
        ("mirror = [1, 0, 2, 4, 3]", "mirror = [1, 2, 0, 4, 3]", "expected a mirror that undoes itself"),
        ("mirror = [1, 0, 2, 4, 3]", "mirror = [0, 1]", "mirror: expected a list of 4 to 1000 points"),
        ("mirror = [1, 0, 2, 4, 3]", "", "missing mirror"),
        ("nose = [2]", "tip = [2]", "one group named nose"),
        ("mouth = [3, 4]", "mouth = [3]", "every point from 0 to 4 in one group"),
        ("rigid = [0, 1, 2, 3, 4]", "rigid = [0, 1, 2]", "4 rigid points or more"),
        ("rigid = [0, 1, 2, 3, 4]", "rigid = [0, 1, 2, 5]", "rigid: expected different points from 0 to 4"),
        ("outer_eye_corners = [0, 1]", "outer_eye_corners = [0]", "two outer_eye_corners"),
        ('name = "five"', 'name = "ibug68"', "expected a name and a number of points that no other scheme has"),
        ('name = "five"', 'name = "a b"', "name: expected up to 31 letters"),
        ('name = "five"', "name five", "Expected"),
        ("eyes =", "ears =", "unknown key 'ears'"),
    ],
)
def test_what_is_wrong_with_a_definition_is_said(tmp_path, old, new, message):
    (tmp_path / "scheme.toml").write_text(FIVE.replace(old, new))
    with pytest.raises(DataError, match=rf"scheme\.toml: expected a landmark scheme .*{message}"):
        defined_scheme(tmp_path)


def test_another_definition_of_a_name_is_refused(tmp_path):
    (tmp_path / "scheme.toml").write_text(FIVE)
    assert defined_scheme(tmp_path) is defined_scheme(tmp_path)
    (tmp_path / "scheme.toml").write_text(FIVE.replace("rigid = [0, 1, 2, 3, 4]", "rigid = [0, 1, 2, 3]"))
    with pytest.raises(DataError, match="got those of five, which has 5"):
        defined_scheme(tmp_path)


@pytest.mark.slow
def test_five_points_train_convert_and_load(photos, tmp_path, capsys):
    from convert.__main__ import main as convert

    (photos / "scheme.toml").write_text(FIVE)
    run, out = tmp_path / "run", tmp_path / "five.tflite"
    settings = [s.replace("network=tiny", "network=cnn6").replace("size=32", "size=64") for s in TINY]
    words = [word for setting in [*settings, "width=0.1", "epochs=2"] for word in ("--set", setting)]
    assert main(["fit", str(photos), "--out", str(run), *words]) == 0
    assert "7 faces of five" in capsys.readouterr().out
    assert read_arrays(run / "best.npz")[1]["scheme_definition"]["rigid"] == [0, 1, 2, 3, 4]
    assert read_packed(run / "packed", split="train")[0].scheme == "five"

    known_schemes._known.pop("five")  # as in another process
    shape = ["--shape-model", str(run / "shape_model.npz"), "--data", str(run / "packed")]
    assert convert([str(run / "best.npz"), *shape, "--out", str(out)]) == 0
    known_schemes._known.pop("five")
    model = ModelFile.load(out)
    assert (model.scheme.name, model.scheme.mirror) == ("five", (1, 0, 2, 4, 3))
    image, points = rendered_face(np.random.default_rng(20), size=120)
    face = FaceAligner(model).align(image, BBox.around(five(points)), refine=True)
    assert face.landmarks.shape == (5, 2)
    assert np.isfinite(face.landmarks).all()

    from sdk import draw

    assert (draw(image, [face]) != image).any()
    for change, message in (
        ({"scheme_definition": {}}, "expected the keys"),
        ({"scheme": "six"}, "expected name 'six'"),
    ):
        with pytest.raises((ModelFileError, InputError), match=message):
            ModelFile.from_bytes(model.repacked({**model.metadata, **change}))
    assert "five" not in SCHEMES
