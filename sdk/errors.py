"""Errors raised by asmnet-edge.

SdkError
├── InputError(ValueError)   an argument has the wrong type, shape, range or unit
├── ModelFileError           a model file is missing, damaged or of another format version
└── BackendError             no TFLite interpreter is installed, or it refused the model

"No face found" is not an error: `FaceAligner.predict` returns an empty list.
"""

from __future__ import annotations


class SdkError(Exception):
    """Base of every error that asmnet-edge raises on purpose."""


class InputError(SdkError, ValueError):
    """An argument is not what the docstring asks for."""


class ModelFileError(SdkError):
    """A model file cannot be used."""


class BackendError(SdkError):
    """The TFLite interpreter is missing or failed."""
