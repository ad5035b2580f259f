"""What is not installed, told in words: which extra brings it, and how that is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sdk import opencv
from sdk.errors import SdkError

T = TypeVar("T")

EXTRAS = {
    "tensorflow": "train",
    "keras": "train",
    "scipy": "train",
    "tomli": "train",
    "jax": "jax",
    "tf_keras": "convert",
    "tensorflow_model_optimization": "convert",
    "matplotlib": "bench",
    "jsonschema": "bench",
    "pytest_benchmark": "bench",
}
"""Extras of pyproject.toml by the modules that they bring."""


class MissingError(SdkError):
    """A package that a command needs is not installed."""


def how_to_install(extra: str) -> str:
    """The advice to install an extra, right in a checkout, from which the README installs, and elsewhere."""
    return (
        f"install the extra {extra}: pip install '.[{extra}]' in a checkout of asmnet-edge, or "
        f"pip install 'asmnet-edge[{extra}]' where it is installed without one"
    )


def explained(body: Callable[[], T]) -> T:
    """What `body` gives; an import that fails for want of a package is told in words.

    Raises:
        MissingError: the package belongs to an extra.
        BackendError: OpenCV is missing or broken.
    """
    try:
        return body()
    except (ImportError, AttributeError) as error:
        name = (error.name or "").split(".")[0]
        if isinstance(error, ModuleNotFoundError) and name in EXTRAS:
            raise MissingError(f"this needs {name}; {how_to_install(EXTRAS[name])}") from error
        opencv.check()
        raise
