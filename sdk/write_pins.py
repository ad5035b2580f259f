"""python -m sdk.write_pins: make models/SHA256SUMS again after shipped models were exchanged; --check compares."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from sdk.outputs import write_file
from sdk.pins import PINS_NAME, folder, parse


def digests(folder: Path) -> dict[str, str]:
    """Of all model files in a folder and below, by their path in it."""
    paths = sorted(folder.rglob("*.tflite"))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def text_of(pins: dict[str, str]) -> str:
    """Inverse of `parse`."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(pins.items()))


def main(arguments: list[str] | None = None) -> int:
    """Write the pins, or compare them; status 1 where they differ from the files."""
    parser = argparse.ArgumentParser(prog="python -m sdk.write_pins", description="Pin the shipped models.")
    parser.add_argument("--check", action="store_true", help="compare the pins with the files, write nothing")
    options = parser.parse_args(arguments)
    models = Path(str(folder()))
    found, pins = digests(models), models / PINS_NAME
    if not options.check:
        write_file(pins, text_of(found).encode("ascii"))
    same = pins.is_file() and parse(pins.read_text(encoding="ascii")) == found
    print(f"{pins}: {len(found)} models, {'as pinned' if same else 'not as pinned: run python -m sdk.write_pins'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
