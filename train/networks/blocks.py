"""Blocks of convolutions that the networks with spatial heads and the face detector are made of.

Every convolution is followed by batch normalisation; ReLU6 bounds what integers have to cover. Layer names are
those of the block with a suffix each, as weights are stored by them.
Sources: Sandler et al., "MobileNetV2", CVPR 2018 (inverted residuals); Tan and Le, "EfficientNetV2: Smaller Models
and Faster Training", ICML 2021 (one 3x3 convolution in place of expansion and depthwise where maps are large).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from train.networks.heads import MOMENTUM


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks under one Keras, their channels scaled by `width`."""

    keras: Any
    width: float = 1.0

    def channels(self, count: int) -> int:
        """`count` scaled, a multiple of 8, at least 8."""
        return max(8, int(count * self.width + 4) // 8 * 8)

    def conv(self, x: Any, count: int, name: str, *, kernel: int = 1, stride: int = 1, relu: bool = True) -> Any:
        """A convolution to `count` channels."""
        x = self.keras.layers.Conv2D(
            count, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_conv"
        )(x)
        return self._normalised(x, name, relu=relu)

    def depthwise(self, x: Any, name: str, *, kernel: int = 3, stride: int = 1, relu: bool = True) -> Any:
        """A depthwise convolution."""
        x = self.keras.layers.DepthwiseConv2D(
            kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_dw"
        )(x)
        return self._normalised(x, f"{name}_dw", relu=relu)

    def fused(self, x: Any, count: int, name: str, *, grow: int, stride: int = 1) -> Any:
        """3x3 to `grow` times the channels, then 1x1 to `count` without ReLU; the input added where it fits."""
        y = self.conv(x, grow * x.shape[-1], f"{name}_expand", kernel=3, stride=stride)
        y = self.conv(y, count, f"{name}_project", relu=False)
        return self._added(x, y, name, stride)

    def inverted(self, x: Any, count: int, name: str, *, grow: int, stride: int = 1, kernel: int = 3) -> Any:
        """1x1 to `grow` times the channels, depthwise, 1x1 to `count` without ReLU; the input added if it fits."""
        y = self.conv(x, grow * x.shape[-1], f"{name}_expand")
        y = self.depthwise(y, name, kernel=kernel, stride=stride)
        y = self.conv(y, count, f"{name}_project", relu=False)
        return self._added(x, y, name, stride)

    def separable(self, x: Any, count: int, name: str, *, stride: int = 1, kernel: int = 3) -> Any:
        """Depthwise, then 1x1 to `count` without ReLU: an inverted block that does not grow."""
        y = self.depthwise(x, name, kernel=kernel, stride=stride)
        y = self.conv(y, count, f"{name}_project", relu=False)
        return self._added(x, y, name, stride)

    def _normalised(self, x: Any, name: str, *, relu: bool) -> Any:
        x = self.keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_bn")(x)
        return self.keras.layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x

    def _added(self, x: Any, y: Any, name: str, stride: int) -> Any:
        if stride == 1 and x.shape[-1] == y.shape[-1]:
            return self.keras.layers.Add(name=f"{name}_add")([x, y])
        return y
