"""MATLAB files as arrays; what reads them is imported when the first one is opened."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from train.datasets.sample import DataError


def open_hdf5(path: Path) -> Any:
    """An h5py.File of a MATLAB file of version 7.3.

    Raises:
        DataError: h5py is not installed, or the file is missing or of another kind; the message names it.
    """
    h5py = _installed("h5py", path)
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path}: expected a MATLAB file of version 7.3 (HDF5), got: {error}") from error


def load_mat(path: Path) -> dict[str, Any]:
    """Variables of a MATLAB file of version 5 to 7, cells and structs as plain arrays.

    Raises:
        DataError: scipy is not installed, or the file is missing or of another kind; the message names it.
    """
    io = _installed("scipy.io", path)
    try:
        variables: dict[str, Any] = io.loadmat(path, simplify_cells=True)
    except Exception as error:  # scipy's parser fails in many ways; each of them means this file
        raise DataError(f"{path}: expected a MATLAB file of version 5 to 7, got: {error}") from error
    return variables


def numbers(variables: dict[str, Any], name: str, shape: tuple[int, ...], path: Path) -> npt.NDArray[np.float64]:
    """A variable as finite float64 of that shape, where -1 fits any length.

    Raises:
        DataError: it is missing or of another shape or kind; the message names the file and the variable.
    """
    if name not in variables:
        known = ", ".join(sorted(key for key in variables if not key.startswith("__")))
        raise DataError(f"{path}: expected a variable {name}, got {known or 'none'}")
    try:
        array = np.asarray(variables[name], np.float64).reshape(shape)
    except (TypeError, ValueError) as error:
        got = np.shape(variables[name])
        raise DataError(f"{path}: expected numbers {name} of shape {shape}, got shape {got}") from error
    if not np.isfinite(array).all():
        raise DataError(f"{path}: expected finite numbers in {name}")
    return array


def _installed(module: str, path: Path) -> Any:
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        hint = f"install it: pip install {package}"
        raise DataError(f"{path}: reading this kind of MATLAB file needs {package}; {hint}") from error
