"""Threads may share an aligner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sdk import BBox, FaceAligner


def test_threads_that_share_an_aligner_get_the_answers_of_one_thread(hopper, astronaut):
    aligner = FaceAligner()
    work = []
    for frame in (hopper, astronaut):
        box = aligner.predict(frame)[0].box
        work += [(frame, BBox(box.left + d, box.top, box.right + d, box.bottom)) for d in range(8)]
    expected = [aligner.align(frame, box, refine=True).landmarks for frame, box in work]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            faces = pool.map(lambda job: aligner.align(*job, refine=True), work)
            for face, points in zip(faces, expected, strict=True):
                np.testing.assert_array_equal(face.landmarks, points)
        counts = pool.map(lambda frame: len(aligner.predict(frame)), [hopper, astronaut] * 4)
        assert list(counts) == [1] * 8
