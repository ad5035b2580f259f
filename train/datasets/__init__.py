"""Readers of face data, one module per format; each yields `Sample`s."""

from train.datasets.aflw import read_aflw
from train.datasets.aflw2000 import pose_from_published, read_300wlp
from train.datasets.cofw import read_cofw
from train.datasets.packed import read_packed
from train.datasets.pointing04 import read_pointing04
from train.datasets.pts import read_pts
from train.datasets.sample import DataError, Sample
from train.datasets.w300 import read_w300
from train.datasets.wflw import read_wflw

__all__ = [
    "DataError",
    "Sample",
    "pose_from_published",
    "read_300wlp",
    "read_aflw",
    "read_cofw",
    "read_packed",
    "read_pointing04",
    "read_pts",
    "read_w300",
    "read_wflw",
]
