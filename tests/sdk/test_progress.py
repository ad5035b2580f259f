"""The progress bar draws on terminals and nowhere else."""

from __future__ import annotations

import io

from sdk.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_many_are_done():
    stream = Terminal()
    with ProgressBar("photos", total=4, stream=stream) as bar:
        for _ in range(2):
            bar.step()
    assert stream.getvalue().endswith(f"\r[{'#' * 15}{'-' * 15}] 2/4 photos\n")


def test_without_a_total_it_counts():
    stream = Terminal()
    with ProgressBar("frames", stream=stream) as bar:
        bar.step()
    assert stream.getvalue().endswith("\r1 frames\n")


def test_a_file_sees_nothing():
    stream = io.StringIO()
    with ProgressBar("photos", total=2, stream=stream) as bar:
        bar.step()
    assert stream.getvalue() == ""
