"""The names users write, and their signatures: a contract that is extended, not changed."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

import sdk

ROOT = Path(__file__).resolve().parents[1]


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_all_is_sorted_and_there():
    assert sorted(sdk.__all__) == sorted(set(sdk.__all__))
    assert all(hasattr(sdk, name) for name in sdk.__all__)


def test_face_aligner():
    assert parameters(sdk.FaceAligner)[:3] == ["model", "detector", "num_threads"]
    kinds = inspect.signature(sdk.FaceAligner).parameters
    assert kinds["detector"].kind is kinds["num_threads"].kind is inspect.Parameter.KEYWORD_ONLY
    assert all(kinds[name].default is None for name in ("model", "detector", "num_threads"))
    assert parameters(sdk.FaceAligner.predict) == ["self", "frame"]
    assert parameters(sdk.FaceAligner.align)[:3] == ["self", "frame", "box"]


@pytest.mark.parametrize(
    ("result", "names"),
    [
        (sdk.Face, ["landmarks", "pose", "box", "score", "shape_parameters", "plausibility"]),
        (sdk.HeadPose, ["yaw_deg", "pitch_deg", "roll_deg"]),
        (sdk.BBox, ["left", "top", "right", "bottom"]),
        (sdk.Detection, ["box", "score"]),
    ],
)
def test_results(result, names):
    assert [f.name for f in dataclasses.fields(result)][: len(names)] == names
    assert result.__dataclass_params__.frozen


def test_public_names_have_docstrings():
    for name in sdk.__all__:
        assert (getattr(sdk, name).__doc__ or "").strip(), name


def test_the_version_is_in_the_changelog():
    assert re.search(rf"^## {re.escape(sdk.__version__)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_error_tree_is_as_printed():
    assert issubclass(sdk.InputError, sdk.SdkError)
    assert issubclass(sdk.InputError, ValueError)
    assert issubclass(sdk.ModelFileError, sdk.SdkError)
    assert issubclass(sdk.BackendError, sdk.SdkError)
