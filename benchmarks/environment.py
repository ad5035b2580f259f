"""Where a figure of this package was measured."""

from __future__ import annotations

import sys
from typing import Any

from train import environment as shared
from train.environment import PACKAGES, commit

__all__ = ["PACKAGES", "commit", "environment"]


def environment() -> dict[str, Any]:
    """Device, versions, commit and command of this process."""
    return shared.environment("python -m benchmarks " + " ".join(sys.argv[1:]))
