"""The face detector's network: depthwise-separable blocks, a top-down path, heads at strides 8, 16 and 32.

Convention: input (batch, size, size, 3), RGB in [0, 1], size a multiple of 32. Outputs, for each stride s of
STRIDES from fine to coarse, maps of (size / s)² cells:
    score_s (1): logit of "a face is centred near this cell".
    box_s (4): distances from the cell's centre to left, top, right, bottom of the landmark box, in strides.
    roll_s (2): cosine and sine of the face's roll, clockwise positive; of any length.
The centre of cell (i, j) is the pixel ((j + 0.5) s - 0.5, (i + 0.5) s - 0.5).
Sources: Tian et al., "FCOS: Fully Convolutional One-Stage Object Detection", ICCV 2019 (distances to the
sides); Lin et al., "Feature Pyramid Networks", CVPR 2017; Howard et al., "MobileNets", 2017 (blocks); Wu et
al., "YuNet", Machine Intelligence Research 2023 (the size of it all).
"""

from __future__ import annotations

from typing import Any

from train.networks.blocks import Blocks
from train.networks.heads import MOMENTUM

STRIDES = (8, 16, 32)
HEADS = {"score": 1, "box": 4, "roll": 2}
"""Values per cell of each output."""

FACE_PRIOR = -4.6
"""Initial score logit, 1 %: most cells hold no face (Lin et al., "Focal Loss", ICCV 2017)."""


def face_detector(keras: Any, *, size: int | None = 320, width: int = 64) -> Any:
    """The network for square frames of `size` pixels (None: any).

    Args:
        width: channels at stride 8 and in the heads; the other stages follow from it.
    """
    inputs = keras.Input((size, size, 3), name="image")
    x = Blocks(keras).conv(inputs, width // 4, "stem", kernel=3, stride=2)
    x = _block(keras, x, width // 2, stride=2, name="s4_0")
    x = _block(keras, x, width // 2, name="s4_1")
    levels = []
    for stride, channels, depth, kernel in ((8, width, 3, 3), (16, width * 3 // 2, 3, 5), (32, width * 2, 3, 5)):
        for index in range(depth):
            step = 2 if index == 0 else 1
            x = _block(keras, x, channels, stride=step, kernel=kernel, name=f"s{stride}_{index}")
        levels.append(x)
    outputs = []
    for stride, fused in zip(STRIDES, _top_down(keras, levels, width), strict=True):
        outputs.extend(_heads(keras, fused, width, stride))
    return keras.Model(inputs, outputs, name="face_detector")


def _top_down(keras: Any, levels: list[Any], width: int) -> list[Any]:
    """Each level with what the coarser ones saw added to it, from fine to coarse."""
    fused: list[Any] = []
    for stride, level in zip(reversed(STRIDES), reversed(levels), strict=True):
        x = Blocks(keras).conv(level, width, f"lateral{stride}")
        if fused:
            above = keras.layers.UpSampling2D(2, interpolation="nearest", name=f"up{stride}")(fused[-1])
            x = keras.layers.Add(name=f"fuse{stride}")([x, above])
        fused.append(x)
    return fused[::-1]


def _heads(keras: Any, x: Any, width: int, stride: int) -> list[Any]:
    x = _block(keras, x, width, name=f"head{stride}", residual=False)
    outputs = []
    for name, values in HEADS.items():
        y = Blocks(keras).depthwise(x, f"{name}{stride}", relu=False)
        start = {"score": FACE_PRIOR, "box": 2.0, "roll": 0.0}[name]
        bias = keras.initializers.Constant(start)
        outputs.append(
            keras.layers.Conv2D(values, 1, bias_initializer=bias, dtype="float32", name=f"{name}_{stride}")(y)
        )
    return outputs


def _block(
    keras: Any, x: Any, channels: int, *, name: str, stride: int = 1, kernel: int = 3, residual: bool = True
) -> Any:
    """Depthwise, then pointwise convolution; the input added where the shapes allow it."""
    y = Blocks(keras).depthwise(x, name, kernel=kernel, stride=stride, relu=False)
    y = keras.layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_pw")(y)
    y = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_pw_bn")(y)
    if residual and stride == 1 and x.shape[-1] == channels:
        y = keras.layers.Add(name=f"{name}_add")([x, y])
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(y)
