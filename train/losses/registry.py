"""The losses by name, and their weighted sum as Keras compiles it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from sdk.errors import InputError
from sdk.schemes import SCHEMES
from sdk.shape_model import ShapeModel
from train.config import Task
from train.losses.acr import AcrLoss
from train.losses.asm import AsmAssistedLoss, SoftenedLoss
from train.losses.cells import CellEntropyLoss
from train.losses.contours import ContourLoss, Contours
from train.losses.distillation import TOLERANT, TOUGH, KdLoss
from train.losses.points import AdaptiveWingLoss, L1Loss, L2Loss, SmoothL1Loss, SoftWingLoss, WingLoss
from train.losses.pose import GeodesicLoss, PoseLoss, rotation_from_6d, rotation_from_euler


@runtime_checkable
class Scheduled(Protocol):
    """A loss whose variables depend on the epoch."""

    def set_epoch(self, epoch: int, epochs: int) -> bool:
        """Set them for a 0-based epoch of `epochs`; whether any changed."""
        ...


def _in_pixels(loss: Callable[..., Any]) -> Callable[..., Any]:
    """Builder of a loss whose constants are pixels of the network's input, unless `unit` says otherwise."""

    def build(shape_model: ShapeModel, size: int, *, unit: float | None = None, **options: float) -> Any:
        return loss(unit=float(size) if unit is None else unit, **options)

    return build


def _contour(shape_model: ShapeModel, size: int, *, unit: float | None = None, **options: float) -> Any:
    known = {scheme.n_points: scheme for scheme in SCHEMES.values()}
    if shape_model.n_points not in known:
        raise InputError(f"contour: expected the points of a landmark scheme, got {shape_model.n_points}")
    contours = Contours.of(known[shape_model.n_points], shape_model.mean)
    return ContourLoss(contours, unit=float(size) if unit is None else unit, **options)


def _assisted(
    shape_model: ShapeModel,
    size: int,
    *,
    base: str = "l2",
    alphas: Sequence[float] = (2.0, 1.0, 0.5),
    variance: float | None = None,
    **options: Any,
) -> Any:
    if len(alphas) != 3:
        raise InputError(f"asm.alphas: expected three, one for each third of the epochs, got {alphas}")
    return AsmAssistedLoss(
        shape_model,
        alpha=alphas[0],
        alphas=tuple(alphas),
        base=_base(base, shape_model, size, options),
        variance=variance,
    )


def _softened(
    shape_model: ShapeModel, size: int, *, base: str = "l2", variance: float = 0.9, **options: Any
) -> Any:
    return SoftenedLoss(shape_model, base=_base(base, shape_model, size, options), variance=variance)


def _distilled(
    shape_model: ShapeModel,
    size: int,
    *,
    tough: Mapping[str, float] | None = None,
    tolerant: Mapping[str, float] | None = None,
    **options: float,
) -> Any:
    return KdLoss(tough=replace(TOUGH, **tough or {}), tolerant=replace(TOLERANT, **tolerant or {}), **options)


def _base(name: str, shape_model: ShapeModel, size: int, options: Mapping[str, Any]) -> Any:
    if name not in BASES:
        raise InputError(f"base: expected one of {', '.join(BASES)}, got {name!r}")
    return build_loss(name, shape_model, size, **options)


BASES = ("l1", "l2", "smooth_l1", "wing", "adaptive_wing", "soft_wing", "contour")
"""Losses that `asm` and `softened` take as their base; further options go to it."""

LOSSES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "l1": lambda shape_model, size: L1Loss(name="l1"),
        "l2": lambda shape_model, size: L2Loss(name="l2"),
        "smooth_l1": _in_pixels(SmoothL1Loss),
        "wing": _in_pixels(WingLoss),
        "adaptive_wing": _in_pixels(AdaptiveWingLoss),
        "soft_wing": _in_pixels(SoftWingLoss),
        "contour": _contour,
        "asm": _assisted,
        "softened": _softened,
        "acr": lambda shape_model, size, **options: AcrLoss(shape_model, **options),
        "kd": _distilled,
        "pose_mse": lambda shape_model, size: PoseLoss(),
        "geodesic_euler": lambda shape_model, size: GeodesicLoss(rotation_from_euler),
        "geodesic_6d": lambda shape_model, size: GeodesicLoss(rotation_from_6d),
        "cell_entropy": lambda shape_model, size, **options: CellEntropyLoss(**options),
    }
)
"""Builders, called as builder(shape_model, size, **options); size is that of the network's input in pixels."""


def build_loss(name: str, shape_model: ShapeModel, size: int, **options: Any) -> Any:
    """A loss of the registry.

    Raises:
        InputError: no such loss, or an option it does not have.
    """
    if name not in LOSSES:
        raise InputError(f"loss: expected one of {', '.join(LOSSES)}, got {name!r}")
    try:
        return LOSSES[name](shape_model, size, **options)
    except TypeError as error:
        raise InputError(f"loss {name}: options {options} do not fit: {error}") from error


def compile_arguments(shape_model: ShapeModel, size: int, tasks: Iterable[Task]) -> dict[str, list[Any]]:
    """`loss` and `loss_weights` of Keras's compile, for the tasks in the order of the network's outputs."""
    tasks = list(tasks)
    return {
        "loss": [build_loss(task.loss, shape_model, size, **task.options) for task in tasks],
        "loss_weights": [task.weight for task in tasks],
    }


def set_epoch(losses: Iterable[Any], epoch: int, epochs: int) -> bool:
    """Tell every scheduled loss the epoch; whether any changed, and JAX has to trace its step again."""
    changed = [loss.set_epoch(epoch, epochs) for loss in losses if isinstance(loss, Scheduled)]
    return any(changed)
