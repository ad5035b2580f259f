"""The one place that turns whatever parsing a stranger's file can raise into ModelFileError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sdk.errors import InputError, ModelFileError


class RefusedError(Exception):
    """Why a part of a file cannot be used; `parsing` adds which file and which part."""


@contextmanager
def parsing(origin: str, part: str) -> Iterator[None]:
    """Errors of the block leave it as ModelFileError.

    Args:
        origin: the file, for messages.
        part: what of it is read, for messages.
    """
    try:
        yield
    except ModelFileError:
        raise
    except (RefusedError, InputError) as error:
        raise ModelFileError(f"model {origin}: {part}: {error}") from error
    except Exception as error:  # zlib, zipfile, json and numpy raise what they like on hostile bytes
        raise ModelFileError(
            f"model {origin}: {part}: cannot be read ({type(error).__name__}: {error}); is the file damaged?"
        ) from error
