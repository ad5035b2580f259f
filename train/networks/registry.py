"""The networks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sdk.errors import InputError
from train.networks.cnn import cnn6, cnn7
from train.networks.efficientnet import efficientnet_b0, efficientnet_b3
from train.networks.mobilenet import asmnet, mobilenet_v2
from train.networks.spatial import (
    asmnet_code,
    asmnet_dgc,
    asmnet_flat,
    asmnet_joint,
    asmnet_maps,
    asmnet_pip,
    asmnet_simcc,
    lite2_joint,
    lite_code,
    lite_joint,
)

NETWORKS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "asmnet": asmnet,
        "mobilenet_v2": mobilenet_v2,
        "efficientnet_b0": efficientnet_b0,
        "efficientnet_b3": efficientnet_b3,
        "cnn6": cnn6,
        "cnn7": cnn7,
        "asmnet_flat": asmnet_flat,
        "asmnet_maps": asmnet_maps,
        "asmnet_joint": asmnet_joint,
        "asmnet_code": asmnet_code,
        "asmnet_dgc": asmnet_dgc,
        "asmnet_simcc": asmnet_simcc,
        "asmnet_pip": asmnet_pip,
        "lite_joint": lite_joint,
        "lite_code": lite_code,
        "lite2_joint": lite2_joint,
    }
)
"""Builders, called as builder(keras, size=, width=, dropout=, n_points=, pose_values=), all with defaults."""


def build_network(keras: Any, name: str, **options: Any) -> Any:
    """Build a network of the registry by name."""
    if name not in NETWORKS:
        raise InputError(f"network: expected one of {', '.join(sorted(NETWORKS))}, got {name!r}")
    return NETWORKS[name](keras, **options)
