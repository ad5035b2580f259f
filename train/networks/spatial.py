"""Networks whose heads know where things are, where ASMNet averages its maps globally.

One trunk, several heads. `asmnet_flat` reads the points off all places of the last map by one dense layer.
`asmnet_maps` finds each point as the mean place of a probability map of its own, and corrects all of them by
one dense layer over the 136 coordinates: a linear model of the shape, as the active shape model is.
`asmnet_joint` does both at once, with what the last map says of the whole face beside the coordinates, so that a
point that is hidden follows from the others. Its dense layer starts as the identity: the maps alone.
`asmnet_code` says what it knows of the whole face in 64 numbers, a code of its shape as the parameters of the
active shape model are, and has fewer blocks on coarse maps: what follows the maps takes half of the time.
Sources: Fard et al., "ASMNet", CVPRW 2021 (the network that these follow); Lin et al., "Feature Pyramid
Networks", CVPR 2017 (the way back up); Chen et al., "MobileFaceNets", CCBR 2018 (global depthwise convolution).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sdk.errors import InputError
from train.networks.blocks import Blocks
from train.networks.lite import lite_trunk
from train.networks.places import Head, mean_places, pip_places, simcc_places

CODE = 64
"""Numbers of a code of the whole face."""


def asmnet_flat(keras: Any, **options: Any) -> Any:
    """Points from all places of the last map, by one dense layer; options as `_spatial`."""
    return _spatial(keras, "asmnet_flat", head=None, **options)


def asmnet_maps(keras: Any, **options: Any) -> Any:
    """Points from one probability map each; options as `_spatial`."""
    return _spatial(keras, "asmnet_maps", flat=False, **options)


def asmnet_joint(keras: Any, **options: Any) -> Any:
    """Points from maps and from the last map's places together; options as `_spatial`."""
    return _spatial(keras, "asmnet_joint", **options)


def asmnet_simcc(keras: Any, **options: Any) -> Any:
    """`asmnet_joint` with rows and columns classified in place of cells; options as `_spatial`."""
    return _spatial(keras, "asmnet_simcc", head=simcc_places, **options)


def asmnet_pip(keras: Any, **options: Any) -> Any:
    """`asmnet_joint` with an offset in every cell beside its probability; options as `_spatial`."""
    return _spatial(keras, "asmnet_pip", head=pip_places, **options)


def lite_joint(keras: Any, **options: Any) -> Any:
    """`asmnet_joint` on the trunk of EfficientNet-Lite0 up to stride 16; options as `_spatial`."""
    return _spatial(keras, "lite_joint", trunk=_lite0, **options)


def asmnet_code(keras: Any, **options: Any) -> Any:
    """`asmnet_joint` with a code of the whole face and fewer blocks; options as `_spatial`."""
    return _spatial(keras, "asmnet_code", trunk=_short, code=CODE, kernel=3, **options)


def asmnet_dgc(keras: Any, **options: Any) -> Any:
    """`asmnet_code` that reads the code off the last map by a depthwise convolution as large as the map."""
    return _spatial(keras, "asmnet_dgc", trunk=_short, code=CODE, kernel=3, depthwise=True, **options)


def lite_code(keras: Any, **options: Any) -> Any:
    """`lite_joint` with a code of the whole face and one block less; options as `_spatial`."""
    return _spatial(keras, "lite_code", trunk=_lite0_short, code=CODE, kernel=3, **options)


def lite2_joint(keras: Any, **options: Any) -> Any:
    """`asmnet_joint` on the whole trunk of EfficientNet-Lite2, a teacher; options as `_spatial`."""
    return _spatial(keras, "lite2_joint", trunk=_lite2, **options)


def _spatial(
    keras: Any,
    name: str,
    *,
    head: Head | None = mean_places,
    flat: bool = True,
    trunk: Any = None,
    code: int = 0,
    depthwise: bool = False,
    kernel: int = 5,
    size: int = 128,
    width: float = 1.0,
    dropout: float = 0.0,
    n_points: int = 68,
    pose_values: int = 3,
) -> Any:
    """The trunk and the heads.

    Args:
        head: what finds points on the fine map; None leaves them to the last map.
        flat: the landmarks see the whole face beside what the maps found.
        trunk: from an image to maps at strides 8, 16 and 32; those of ImageNet have the width they were published
            with.
        code: numbers that the whole face is said in; 0 for all places of the last map.
        depthwise: one depthwise convolution over all places gives what the code is made of.
        kernel: side of the depthwise convolutions on the way back up.
        size: of the image, a multiple of 32. dropout: of the last map's places.
    """
    if trunk in OF_IMAGENET and width != 1.0:
        raise InputError(f"width: expected 1 for {name}, whose trunk has weights of ImageNet, got {width}")
    if size % 32:
        raise InputError(f"size: expected a multiple of 32 for {name}, got {size}")
    blocks = Blocks(keras, width)
    inputs = keras.Input((size, size, 3), name="image")
    levels = (trunk or _trunk)(blocks, inputs)
    last = blocks.conv(levels[-1], blocks.channels(512 if depthwise else 48), "top")
    if depthwise:
        last = keras.layers.DepthwiseConv2D(last.shape[1], name="global")(last)
    top = keras.layers.Flatten(name="flat")(last)
    whole = keras.layers.Dropout(dropout, name="dropout")(top)
    if code:
        whole = keras.layers.Dense(code, name="code")(whole)
    found = head and head(keras, _fine(blocks, levels, kernel), n_points)
    if head and flat:
        features = keras.layers.Concatenate(name="features")([found, whole])
    else:
        features = found if head else whole
    start = {"kernel_initializer": keras.initializers.Constant(_identity(features.shape[-1], 2 * n_points))}
    landmarks = keras.layers.Dense(2 * n_points, name="landmarks", dtype="float32", **(start if head else {}))
    pose = keras.layers.Dense(pose_values, name="pose", dtype="float32")
    return keras.Model(inputs, [landmarks(features), pose(features if flat else whole)], name=name)


def _trunk(blocks: Blocks, image: Any, repeats: tuple[int, int, int] = (3, 3, 3)) -> list[Any]:
    """Maps at strides 8, 16 and 32. Full convolutions where maps are large and channels few: depthwise ones take
    longer there than their multiplications say, on CPUs in training as in use."""
    c = blocks.channels
    x = blocks.conv(image, c(16), "stem", kernel=3, stride=2)
    x = blocks.fused(x, c(32), "s4_0", grow=4, stride=2)
    x = blocks.fused(x, c(32), "s4_1", grow=2)
    levels = []
    for (stride, count, kernel), n in zip(((8, c(48), 3), (16, c(80), 5), (32, c(128), 3)), repeats, strict=True):
        x = blocks.inverted(x, count, f"s{stride}_0", grow=4, stride=2)
        for i in range(1, n):
            x = blocks.inverted(x, count, f"s{stride}_{i}", grow=3, kernel=kernel)
        levels.append(x)
    return levels


def _short(blocks: Blocks, image: Any) -> list[Any]:
    """`_trunk` without a block at stride 16 and one at 32: small maps cost little by the multiplication, but a
    layer more takes its time, and memory has to hold its weights."""
    return _trunk(blocks, image, (3, 2, 2))


def _lite0(blocks: Blocks, image: Any) -> list[Any]:
    """EfficientNet-Lite0 to stride 16, and a stage of stride 32 of our own, a third of its parameters."""
    *levels, x = _lite0_short(blocks, image)
    return [*levels, blocks.inverted(x, 128, "s32_1", grow=3)]


def _lite0_short(blocks: Blocks, image: Any) -> list[Any]:
    """The same with one block of stride 32."""
    levels = lite_trunk(blocks, image, 0, up_to=16)
    return [*levels, blocks.inverted(levels[-1], 128, "s32_0", grow=3, stride=2)]


def _lite2(blocks: Blocks, image: Any) -> list[Any]:
    return lite_trunk(blocks, image, 2, up_to=32)


OF_IMAGENET = (_lite0, _lite0_short, _lite2)
"""Trunks with weights of ImageNet."""


def _fine(blocks: Blocks, levels: list[Any], kernel: int) -> Any:
    """The map that points are found on, (batch, side, side, c) at stride 8: coarse levels are added to fine."""
    layers, count = blocks.keras.layers, blocks.channels(64)
    x = blocks.conv(levels[2], count, "lateral32")
    for stride, level in ((16, levels[1]), (8, levels[0])):
        above = layers.UpSampling2D(2, interpolation="bilinear", name=f"up{stride}")(x)
        x = layers.Add(name=f"fuse{stride}")([blocks.conv(level, count, f"lateral{stride}", relu=False), above])
        x = blocks.depthwise(x, f"fuse{stride}", kernel=kernel)
        x = blocks.conv(x, count, f"fuse{stride}")
    return x


def _identity(rows: int, columns: int) -> npt.NDArray[np.float32]:
    """A kernel that hands the first values on and leaves out the others."""
    return np.eye(rows, columns, dtype=np.float32)
