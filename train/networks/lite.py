"""Trunks of EfficientNet-Lite, whose weights of ImageNet are to be had: `python -m train pretrained` reads them.

ReLU6 throughout and no squeeze-and-excitation, so that all is in int8. Maps from stride 4 on; the stage of
stride 32 is optional, since it holds five sixths of the weights.
Sources: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; Liu,
"Higher accuracy on vision models with EfficientNet-Lite", TensorFlow blog 2020 (what Lite leaves out).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from train.networks.blocks import Blocks

STEM = 32
"""Channels of the stem, in Lite whatever the width."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks in a row, the first with the stride: `grow` times the channels, depthwise `kernel`, to `count`."""

    repeats: int
    kernel: int
    stride: int
    grow: int
    count: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
"""Of Lite0; the first and the last stage keep their one block in deeper ones."""

SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2), 3: (1.2, 1.4), 4: (1.4, 1.8)}
"""Width and depth of Lite0 to Lite4, relative to Lite0."""


def stages(number: int) -> list[Stage]:
    """The stages of Lite `number`, scaled as published."""
    width, depth = SCALES[number]
    last = len(STAGES) - 1
    return [
        Stage(
            stage.repeats if i in (0, last) else math.ceil(depth * stage.repeats),
            stage.kernel,
            stage.stride,
            stage.grow,
            _rounded(stage.count * width),
        )
        for i, stage in enumerate(STAGES)
    ]


def _rounded(count: float) -> int:
    """A multiple of 8 that is at least nine tenths of the count, as EfficientNet rounds."""
    near = max(8, int(count + 4) // 8 * 8)
    return near + 8 if near < 0.9 * count else near


def lite_trunk(blocks: Blocks, image: Any, number: int, *, up_to: int) -> list[Any]:
    """Maps at the end of strides 8, 16 and, where `up_to` is 32, 32; layers are named lite_BLOCK_..."""
    x = blocks.conv(image, STEM, "lite_stem", kernel=3, stride=2)
    levels, stride, index = [], 2, 0
    for i, stage in enumerate(stages(number)):
        if stride * stage.stride > up_to:
            break
        for repeat in range(stage.repeats):
            name, step = f"lite_{index}", stage.stride if repeat == 0 else 1
            if stage.grow == 1:
                x = blocks.separable(x, stage.count, name, kernel=stage.kernel, stride=step)
            else:
                x = blocks.inverted(x, stage.count, name, grow=stage.grow, kernel=stage.kernel, stride=step)
            index += 1
        stride *= stage.stride
        following = STAGES[i + 1].stride if i + 1 < len(STAGES) else 2
        if stride >= 8 and following == 2:
            levels.append(x)
    return levels
