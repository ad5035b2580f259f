"""A shape predictor of dlib, trained on the faces that ours are trained on: for `peers --with predictor=`.

python -m benchmarks.peers.dlib_training --data ../shared/data --out predictor.dat
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.peers.command import ADAPTERS
from benchmarks.peers.environments import environment_for
from sdk.command import run_command
from sdk.errors import SdkError
from sdk.options import check_options
from sdk.outputs import whole


def train(data: Path, out: Path, *, every: int = 1, oversampling: int = 10, threads: int = 2) -> str:
    """Write `out`; returns what the trainer printed.

    Args:
        data: folder of the face data, with 300W/.
        every: take every n-th face.
        oversampling: starts per face; the paper has 20, which takes twice the time. Other settings are dlib's
            defaults, which are the paper's.
    Source: Kazemi & Sullivan, "One Millisecond Face Alignment with an Ensemble of Regression Trees", CVPR 2014.
    """
    from train.datasets import read_packed

    samples = read_packed(data / "300W", split="train")[::every]
    job = {
        "images": [str(s.path.resolve()) for s in samples],
        "landmarks": [s.landmarks.tolist() for s in samples],
        "options": {"oversampling_amount": oversampling, "num_threads": threads, "random_seed": "0"},
        "out": str(out.resolve()),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.json"
        path.write_text(json.dumps(job), encoding="utf-8")
        command = [str(environment_for("dlib")), str(ADAPTERS / "dlib_train.py"), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SdkError(f"dlib's trainer failed: {done.stderr.strip()[-1500:]}")
    return done.stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.dlib_training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the face data, with 300W/")
    parser.add_argument("--out", type=Path, required=True, metavar="DAT")
    parser.add_argument("--every", type=int, default=1, help="take every n-th face (default %(default)s)")
    parser.add_argument("--oversampling", type=int, default=10, help="starts per face (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="default %(default)s")

    def body() -> None:
        options = parser.parse_args(arguments)
        check_options(options)
        more = {name: getattr(options, name) for name in ("every", "oversampling", "threads")}
        with whole(options.out, suffix=options.out.suffix) as part:
            print(train(options.data, part, **more))
        print(f"wrote {options.out}")

    return run_command(body)


if __name__ == "__main__":
    sys.exit(main())
