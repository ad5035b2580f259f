"""What cells are asked for, and what the loss makes of the answer."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.cells import cell_grid, decode_cells, suppress
from train.detection.targets import cell_targets
from train.detection.views import Faces

SIZE = 256
GRID = cell_grid(SIZE, SIZE)


def faces(*boxes: tuple[float, float, float, float], roll: float = 0.0, ignored: bool = False) -> Faces:
    n = len(boxes)
    return Faces(
        np.array(boxes, np.float32).reshape(-1, 4), np.full(n, roll, np.float32), np.full(n, ignored, dtype=bool)
    )


def answered(targets: np.ndarray) -> np.ndarray:
    """Cells (cells, 7) of a network that gives the targets exactly."""
    return np.column_stack([np.where(targets[:, 0] > 0, 5.0, -5.0), targets[:, 1:]]).astype(np.float32)


@pytest.mark.parametrize("side", [9, 14, 30, 50, 70, 100, 130, 220])
def test_what_is_asked_for_decodes_to_the_face(side):
    box = (100.3 - side / 2, 120.7 - side / 2, 100.3 + side / 2, 120.7 + side / 2)
    targets = cell_targets(faces(box, roll=-30), size=SIZE)
    boxes, _, rolls = decode_cells(answered(targets), GRID, min_score=0.5)
    assert len(boxes) >= 1
    np.testing.assert_allclose(boxes, np.tile(box, (len(boxes), 1)), atol=1e-3)
    np.testing.assert_allclose(rolls, -30, atol=1e-3)
    assert len(suppress(boxes, max_overlap=0.4)) == 1


def test_no_face_asks_for_nothing():
    assert not cell_targets(faces(), size=SIZE)[:, 0].any()


def test_every_asked_cell_lies_in_its_face():
    box = np.array([40, 50, 90, 120], np.float32)
    targets = cell_targets(faces(tuple(box)), size=SIZE)
    centres = GRID[0][targets[:, 0] == 1]
    assert ((centres > box[:2]) & (centres < box[2:])).all()


@pytest.mark.parametrize(("box", "ignored"), [((100, 100, 104, 105), False), ((60, 60, 150, 150), True)])
def test_tiny_and_cut_faces_are_neither_asked_for_nor_denied(box, ignored):
    state = cell_targets(faces(box, ignored=ignored), size=SIZE)[:, 0]
    inside = ((GRID[0] >= box[:2]) & (GRID[0] <= box[2:])).all(axis=1)
    assert inside.any()
    assert (state[inside] == -1).all()
    assert (state[~inside] == 0).all()


def test_of_two_faces_at_one_place_the_smaller_has_the_last_word():
    small = (90.0, 90.0, 120.0, 120.0)
    targets = cell_targets(faces((80, 80, 131, 131), small), size=SIZE)
    boxes = decode_cells(answered(targets), GRID, min_score=0.5)[0]
    assert any(np.allclose(b, small, atol=1e-3) for b in boxes)
