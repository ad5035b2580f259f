"""Readers of face data, one module per format; each yields `Sample`s."""

from train.datasets.packed import read_packed
from train.datasets.sample import Sample

__all__ = ["Sample", "read_packed"]
