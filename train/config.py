"""Training configuration: frozen dataclasses, read from TOML."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdk.errors import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """How far a training crop may differ from the tight one. Shares are of the crop's side."""

    scale: tuple[float, float] = (0.87, 1.17)
    shift: float = 0.11
    rotation_deg: float = 30.0
    flip: float = 0.5
    brightness: float = 0.15
    contrast: float = 0.25
    colour_shift: float = 0.05
    grey: float = 0.1
    blur: float = 0.1
    noise: float = 0.1
    occlusion: float = 0.25
    occlusion_side: tuple[float, float] = (0.1, 0.4)

    def __post_init__(self) -> None:
        _in_range("augment.shift", self.shift, 0.0, 0.5)
        _in_range("augment.rotation_deg", self.rotation_deg, 0.0, 180.0)
        for name in ("flip", "grey", "blur", "noise", "occlusion"):
            _in_range(f"augment.{name}", getattr(self, name), 0.0, 1.0)
        if not 0.0 < self.scale[0] <= self.scale[1]:
            raise InputError(f"augment.scale: expected 0 < low <= high, got {self.scale}")


@dataclass(frozen=True, slots=True)
class LossConfig:
    """Weights of the multi-task loss; landmarks in sides of the crop, pose in units of 90 degrees."""

    asm_weights: tuple[float, float, float] = (2.0, 1.0, 0.5)  # ASMNet: alpha by thirds of the epochs
    asm_variance: float = 0.9
    landmark_weight: float = 100.0
    pose_weight: float = 10.0


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Everything that decides a training run, but for the data."""

    network: str = "asmnet"
    size: int = 128
    width: float = 1.0
    dropout: float = 0.3
    margin: float = 1.3
    epochs: int = 150
    batch: int = 32
    learning_rate: float = 1e-3
    warmup_epochs: int = 3
    weight_decay: float = 1e-4
    clip_norm: float = 10.0
    ema_momentum: float = 0.995
    seed: int = 1
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)

    def __post_init__(self) -> None:
        _in_range("size", self.size, 32, 512)
        _in_range("dropout", self.dropout, 0.0, 0.9)
        _in_range("margin", self.margin, 1.0, 2.0)
        _in_range("epochs", self.epochs, 1, 100_000)
        _in_range("batch", self.batch, 1, 4096)
        _in_range("learning_rate", self.learning_rate, 1e-8, 10.0)
        _in_range("ema_momentum", self.ema_momentum, 0.0, 0.99999)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def load_config(path: Path | None, settings: list[str] | None = None) -> TrainConfig:
    """Configuration from a TOML file, then `key=value` settings (dots reach into tables)."""
    table: dict[str, Any] = {}
    if path is not None:
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"config {path}: not found") from error
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"config {path}: not valid TOML: {error}") from error
    for setting in settings or []:
        _set(table, setting)
    return config_from_dict(table)


def config_from_dict(table: dict[str, Any]) -> TrainConfig:
    """Build a TrainConfig; unknown keys and wrong types are errors that list what is known."""
    table = dict(table)
    augment = _build(AugmentConfig, table.pop("augment", {}), "augment.")
    loss = _build(LossConfig, table.pop("loss", {}), "loss.")
    return _build(TrainConfig, {**table, "augment": augment, "loss": loss}, "")


def _build(cls: Any, table: Any, prefix: str) -> Any:
    if not isinstance(table, dict):
        raise InputError(f"config {prefix.rstrip('.')}: expected a table, got {table!r}")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    unknown = sorted(set(table) - set(fields))
    if unknown:
        raise InputError(
            f"config: unknown key {prefix}{unknown[0]}; known are {', '.join(prefix + n for n in fields)}"
        )
    return cls(**{name: _typed(prefix + name, value, _default(fields[name])) for name, value in table.items()})


def _default(spec: Any) -> Any:
    return spec.default if spec.default is not dataclasses.MISSING else spec.default_factory()


def _typed(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list | tuple) and len(value) == len(default):
        return tuple(float(v) for v in value)
    if type(value) is not type(default):
        raise InputError(f"config {name}: expected {type(default).__name__}, got {value!r}")
    return value


def _set(table: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    if not equals:
        raise InputError(f"--set {setting}: expected key=value, for example epochs=300")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *path, last = key.strip().split(".")
    for part in path:
        table = table.setdefault(part, {})
    table[last] = value


def _in_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InputError(f"config {name}: expected {low} to {high}, got {value}")
