"""Boxes by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sdk import BBox, InputError


def test_overlap_by_hand():
    assert BBox(0, 0, 2, 2).overlap(BBox(1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert BBox(0, 0, 1, 1).overlap(BBox(2, 2, 3, 3)) == 0.0
    assert BBox(0, 0, 1, 1).overlap(BBox(0, 0, 1, 1)) == 1.0


def test_around_is_tight():
    assert BBox.around(np.array([[3, 9], [1, 4], [2, 8]], np.float32)) == BBox(1, 4, 3, 9)


@pytest.mark.parametrize("sides", [(0, 0, 0, 1), (0, 0, 1, -1), (0, 0, float("inf"), 1)])
def test_impossible_boxes_are_refused(sides):
    with pytest.raises(InputError, match="box: expected"):
        BBox(*sides)
