"""The option --backend of the commands that need Keras."""

from __future__ import annotations

import argparse
import os


def add_backend(parser: argparse.ArgumentParser) -> None:
    """The option; `choose_backend` obeys it."""
    parser.add_argument(
        "--backend", choices=["tensorflow", "jax"], default="tensorflow", help="of Keras; default: %(default)s"
    )


def choose_backend(options: argparse.Namespace) -> None:
    """Before Keras is imported for the first time."""
    os.environ["KERAS_BACKEND"] = options.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
