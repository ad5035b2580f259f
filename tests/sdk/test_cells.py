"""From cells to boxes: where cells lie, what they say, which of them are one face."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.cells import STRIDES, VALUES, cell_grid, decode_cells, suppress


def silent(count: int) -> np.ndarray:
    """Cells that see no face."""
    cells = np.zeros((count, VALUES), np.float32)
    cells[:, 0] = -20.0
    cells[:, 1:5] = 1.0
    return cells


def test_cells_cover_the_input_evenly():
    centres, strides = cell_grid(320, 256)
    assert len(centres) == sum(320 // s * (256 // s) for s in STRIDES)
    for stride in STRIDES:
        level = centres[strides == stride]
        np.testing.assert_allclose(level.mean(axis=0), [159.5, 127.5])  # the middle of pixels 0..319, 0..255
        np.testing.assert_allclose(level[1] - level[0], [stride, 0])


def test_a_cell_gives_the_box_that_its_distances_span():
    grid = cell_grid(64, 64)
    cells = silent(len(grid[0]))
    cells[9] = [2.0, 1.0, 2.0, 3.0, 0.5, 1.0, 1.0]  # second row, second column at stride 8
    boxes, scores, rolls = decode_cells(cells, grid, min_score=0.5)
    np.testing.assert_allclose(boxes, [[11.5 - 8, 11.5 - 16, 11.5 + 24, 11.5 + 4]])
    np.testing.assert_allclose(scores, [1 / (1 + np.exp(-2))], rtol=1e-6)
    np.testing.assert_allclose(rolls, [45.0], atol=1e-4)


def test_scores_come_best_first_from_the_limit_on():
    grid = cell_grid(64, 64)
    cells = silent(len(grid[0]))
    cells[[3, 50, 70], 0] = [0.0, 3.0, -0.1]
    scores = decode_cells(cells, grid, min_score=0.5)[1]
    np.testing.assert_allclose(scores, [1 / (1 + np.exp(-3)), 0.5], rtol=1e-6)


def test_boxes_turned_inside_out_are_dropped():
    grid = cell_grid(64, 64)
    cells = silent(len(grid[0]))
    cells[5] = [5.0, -3.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    assert len(decode_cells(cells, grid, min_score=0.5)[0]) == 0


corners = st.lists(st.tuples(*[st.floats(0, 80)] * 2, *[st.floats(1, 40)] * 2), min_size=1, max_size=30)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    both = np.prod(np.clip(high - low, 0, None))
    return float(both / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both))


@given(corners)
@settings(deadline=None)  # the first call loads numpy parts
def test_what_is_kept_does_not_overlap_and_what_is_not_does(found):
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in found], np.float64)
    kept = suppress(boxes, max_overlap=0.4)
    assert kept[0] == 0
    for i in range(len(boxes)):
        rivals = [overlap(boxes[i], boxes[k]) for k in kept if k < i]
        assert (i in kept) == all(o <= 0.4 + 1e-9 for o in rivals) or any(abs(o - 0.4) < 1e-9 for o in rivals)


def test_nothing_in_nothing_out():
    assert suppress(np.zeros((0, 4), np.float32), max_overlap=0.4) == []


@pytest.mark.parametrize("max_overlap", [0.2, 0.5])
def test_equal_boxes_are_one(max_overlap):
    assert suppress(np.tile(np.array([[1, 1, 9, 9]], np.float32), (5, 1)), max_overlap=max_overlap) == [0]
