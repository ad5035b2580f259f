"""Which packages of OpenCV are installed, and what goes wrong with several of them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata

from sdk.errors import BackendError

PACKAGES = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""All of them install the folder cv2, each over the other."""


def installed() -> dict[str, str]:
    """Versions of the installed packages, by name."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def described(found: Mapping[str, str]) -> str:
    """The packages in a line, with what to do where there are several."""
    if not found:
        return "none of pip's: cv2 comes from the system or another package manager"
    names = ", ".join(f"{name} {version}" for name, version in found.items())
    if len(found) == 1:
        return names
    return (
        f"{names}: they overwrite each other's files, and the last one installed is used. Keep one: "
        f"pip uninstall -y {' '.join(found)}, then pip install the one you need"
    )


def check() -> None:
    """Import OpenCV, as a test.

    Raises:
        BackendError: it is not there or broken; the message says what is installed and what to do.
    """
    try:
        import cv2

        cv2.imread, cv2.resize  # noqa: B018  a folder cv2 without its library is a module as well
    except (ImportError, AttributeError) as error:
        found = installed()
        reason = str(error).strip().splitlines()[:1] or ["no reason is given"]
        here, again = described(found) if found else "no package of it", next(iter(found), PACKAGES[1])
        raise BackendError(
            f"OpenCV cannot be imported ({reason[0]}); installed: {here}. Install it again, pip install "
            f"--force-reinstall --no-deps {again}, and mind that OpenCV before 4.10 needs numpy 1"
        ) from error
