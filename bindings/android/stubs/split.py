"""Splits the stubs, one `package` line and one public type after the other, into the files that javac wants.

python split.py FOLDER STUBS...
"""

import re
import sys
from pathlib import Path

PACKAGE = re.compile(r"^(?=package )", re.MULTILINE)
TYPE = re.compile(r"package ([\w.]+);.*?^public .*?(?:class|interface) (\w+)", re.MULTILINE | re.DOTALL)


def split(stubs: str, folder: Path) -> None:
    """Writes each type of `stubs` to its own file below `folder`."""
    for part in PACKAGE.split(stubs)[1:]:
        found = TYPE.match(part)
        if found is None:
            raise SystemExit(f"stubs: expected a public type after its package, got {part[:60]!r}")
        file = folder / found[1].replace(".", "/") / f"{found[2]}.java"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(part, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[2:]:
        split(Path(name).read_text(encoding="utf-8"), Path(sys.argv[1]))
