"""C refuses what Python refuses: python same_refusals.py READ_MODELS [--count N] [--seed S].

Both readers are given the mutated files of tests/fuzz. They may stop at different faults of a file, but agree
whether there is one, and neither ends otherwise. Prints the files on which they do not agree.
"""

from __future__ import annotations

import argparse
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "fuzz")]

from fuzz import MODELS  # noqa: E402
from mutations import Parts, mutated  # noqa: E402

from sdk import IBUG68, DetectorFile, ModelFile, ModelFileError  # noqa: E402

OK, REFUSED = "0", "2"


def in_python(content: bytes, kind: str) -> tuple[str, str]:
    """Status and message, as the reader in C gives them."""
    try:
        model = (DetectorFile if kind == "d" else ModelFile).from_bytes(content, origin="stdin")
    except ModelFileError as error:
        return REFUSED, str(error)
    if isinstance(model, ModelFile) and model.scheme is not IBUG68:
        return REFUSED, "the C library takes faces of ibug68 alone"
    return OK, ""


def in_c(process: Any, content: bytes, kind: str) -> tuple[str, str]:
    """The same of the reader in C."""
    process.stdin.write(kind.encode() + struct.pack("<I", len(content)) + content)
    process.stdin.flush()
    status, _, words = process.stdout.readline().decode(errors="replace").rstrip("\n").partition(" ")
    return status, words


def differences(reader: Path, count: int, seed: int) -> Iterator[str]:
    """A line for each file on which they do not agree."""
    sources = [("d" if "detector" in path.name else "a", Parts(path.read_bytes())) for path in MODELS]
    process = subprocess.Popen([str(reader)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    refused = 0
    for number in range(count):
        kind, parts = sources[number % len(sources)]
        name, content = mutated(parts, seed, number)
        expected, got = in_python(content, kind), in_c(process, content, kind)
        refused += expected[0] == REFUSED
        if expected[0] != got[0]:
            yield f"{number} ({name}): Python {expected}, C {got}"
        if got[0] == "":
            yield f"{number} ({name}): the reader in C ended with status {process.wait()}"
            return
    assert process.stdin is not None
    process.stdin.close()
    if process.wait() != 0:
        yield f"the reader in C ended with status {process.returncode}"
    print(f"{count} files, {refused} of them refused by both")


def main() -> int:
    """Compare; status 1 where they differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reader", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = list(differences(options.reader, options.count, options.seed))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
