"""Command line: python -m convert WEIGHTS ..., or a command of COMMANDS."""

from __future__ import annotations

import argparse
import os
import sys

from convert.arguments import parser
from sdk.command import run_command
from sdk.options import check_options

MAKE = ("convert", "pack", "variants", "networks", "chain")
CHECK = ("compare", "layers", "gate", "expect", "card", "inspect")
COMMANDS = (*MAKE, *CHECK)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 1 the gate is shut, 2 wrong input.

    Arguments that begin with none of COMMANDS are those of `convert`.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] not in (*COMMANDS, "-h", "--help"):
        given = ["convert", *given]

    def body() -> int:
        options = parser().parse_args(given)
        check_options(options)
        return _run(options)

    return run_command(body)


def _run(options: argparse.Namespace) -> int:
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from convert import checking, making

    module = making if options.command in MAKE else checking
    return int(getattr(module, f"run_{options.command}")(options) or 0)


if __name__ == "__main__":
    sys.exit(main())
