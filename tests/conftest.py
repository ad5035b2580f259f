"""Fixtures shared by all tests: public-domain portraits, and the face data where it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("laws", deadline=None)  # laws hold or not; how long a busy machine takes is no matter
settings.load_profile("laws")

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data_root() -> Path:
    if not (DATA / "300W" / "annotations.npz").is_file():
        pytest.skip("the face data is not here: ../shared/data")
    return DATA


def _read(package: str, name: str) -> np.ndarray:
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"the extra dev installs {package}"
    assert spec.origin is not None
    image = cv2.imread(str(Path(spec.origin).parent / name))
    assert image is not None
    return image


@pytest.fixture(scope="session")
def hopper() -> np.ndarray:
    """Rear Admiral Grace Hopper, US Navy, public domain: 600 x 512, one frontal face."""
    return _read("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """Eileen Collins, NASA, public domain: 512 x 512, one frontal face."""
    return _read("skimage", "data/astronaut.png")
