"""Digests of the shipped models, kept beside them in models/SHA256SUMS; sdk.write_pins makes that file.

A model file's own checksums tell damage; who changes a file makes them again. These digests are of whole files,
are reviewed and released with the code, and are compared each time a shipped model is loaded.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any

from sdk.errors import ModelFileError

PINS_NAME = "SHA256SUMS"


def shipped(name: str) -> bytes:
    """The content of a model that is bundled, by its path below sdk/models.

    Raises:
        ModelFileError: it is missing, or is not the file that was released.
    """
    origin = name.rsplit("/", 1)[-1]
    try:
        content = bytes(folder().joinpath(name).read_bytes())
    except OSError as error:
        raise ModelFileError(
            f"model {origin}: cannot be read ({error.strerror}); reinstall asmnet-edge"
        ) from error
    expected, got = _pins().get(name), hashlib.sha256(content).hexdigest()
    if expected != got:
        raise ModelFileError(
            f"model {origin}: its SHA-256 is {got[:12]}, {PINS_NAME} says {expected and expected[:12]}; reinstall "
            "asmnet-edge, or run python -m sdk.write_pins if you exchanged the model yourself"
        )
    return content


def parse(text: str) -> dict[str, str]:
    """Digests by file name, of the lines that `sha256sum` writes."""
    lines = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return {name.removeprefix("*"): digest for digest, name in lines}


def folder() -> Any:
    """Where the shipped models are: a Traversable."""
    return resources.files("sdk") / "models"


@cache
def _pins() -> dict[str, str]:
    try:
        return parse((folder() / PINS_NAME).read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{PINS_NAME} of the shipped models: cannot be read ({error}); reinstall") from error
