"""Seeds of fuzz_image.c, an image of each format in each: python image_corpus.py FOLDER."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

FORMATS = 10
PLANES = 9


def seed(form: int) -> bytes:
    """A 64 x 48 image, a crop inside it and a detector's input, as fuzz_image.c takes them from its input."""
    head = struct.pack("<4h", form, 64, 48, 0)
    planes = b"".join(struct.pack("<2hH", stride, 2, 6400) for stride in (128, 64, 70)) if form == PLANES else b""
    numbers = b"".join(
        struct.pack("<2h", 2, round(16 * value)) for value in (8, 8, 40, 40, 10, 1.4, 30, 20, 50, -25)
    )
    return head + planes + struct.pack("<2h", 63, 1) + numbers


def main() -> None:
    """Write them all."""
    for form in range(FORMATS):
        (Path(sys.argv[1]) / f"format_{form}").write_bytes(seed(form))


if __name__ == "__main__":
    main()
