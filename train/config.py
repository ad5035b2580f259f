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


SCHEDULES = ("cosine", "cyclic", "constant")
"""Of the learning rate: train/schedules.py has the formulas."""

POSE_VALUES = {"geodesic_6d": 6}
"""Pose losses that take another number of outputs than yaw, pitch and roll."""


CHANCES = (
    "flip",
    "grey",
    "blur",
    "low_resolution",
    "noise",
    "occlusion",
    "jpeg",
    "any_roll",
    "things",
    "dark",
    "cut",
    "turn",
)
"""Settings of AugmentConfig that are chances."""


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """How far a training crop may differ from the tight one. Shares are of the crop's side, chances 0 to 1.

    Attributes:
        flip, grey, blur, noise, occlusion, jpeg: chance of each.
        low_resolution: of the blurred views, the share that is shrunk by `low_resolution_factor` and enlarged
            again, instead of blurred by a Gaussian.
        jpeg_quality: range of what a camera or a messenger saves with, 1 to 100. jpeg is 0 by default.
        any_roll, things, dark, cut: chances, 0 by default, of a face turned by up to `any_roll_deg`, of a drawn
            thing in front of it (train.occluders), of too little or too much light, and of a photo that ends at
            the face, whose last row or column is repeated beyond it.
        turn: chance, 0 by default, of a view from further to the side, by up to `turn_deg` (train.turning). For
            faces of ibug68. Beyond 50 degrees such views no longer look like faces.
    """

    scale: tuple[float, float] = (0.87, 1.17)
    shift: float = 0.11
    rotation_deg: float = 30.0
    flip: float = 0.5
    brightness: float = 0.15
    contrast: float = 0.25
    colour_shift: float = 0.05
    grey: float = 0.1
    blur: float = 0.1
    low_resolution: float = 0.5
    low_resolution_factor: tuple[float, float] = (0.25, 0.6)
    noise: float = 0.1
    occlusion: float = 0.25
    occlusion_side: tuple[float, float] = (0.1, 0.4)
    jpeg: float = 0.0
    jpeg_quality: tuple[float, float] = (30.0, 95.0)
    any_roll: float = 0.0
    any_roll_deg: float = 120.0
    things: float = 0.0
    dark: float = 0.0
    cut: float = 0.0
    turn: float = 0.0
    turn_deg: float = 45.0

    def __post_init__(self) -> None:
        _in_range("augment.shift", self.shift, 0.0, 0.5)
        _in_range("augment.rotation_deg", self.rotation_deg, 0.0, 180.0)
        _in_range("augment.any_roll_deg", self.any_roll_deg, 0.0, 180.0)
        _in_range("augment.turn_deg", self.turn_deg, 1.0, 50.0)
        for name in CHANCES:
            _in_range(f"augment.{name}", getattr(self, name), 0.0, 1.0)
        _range_in("augment.scale", self.scale, 1e-3, 1e3)
        _range_in("augment.low_resolution_factor", self.low_resolution_factor, 0.01, 1.0)
        _range_in("augment.occlusion_side", self.occlusion_side, 0.0, 1.0)
        _range_in("augment.jpeg_quality", self.jpeg_quality, 1.0, 100.0)


@dataclass(frozen=True, slots=True)
class Task:
    """What one output of the network learns: a loss by name (train.losses.LOSSES), its weight, its options."""

    loss: str
    weight: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _in_range(f"weight of {self.loss}", self.weight, 0.0, 1e40)


@dataclass(frozen=True, slots=True)
class Teachers:
    """Networks that a student of the loss `kd` learns from: best.npz files, paths from the current folder."""

    tough: str = ""
    tolerant: str = ""

    def __post_init__(self) -> None:
        if bool(self.tough) != bool(self.tolerant):
            raise InputError(f"config teachers: expected both tough and tolerant, got {self}")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How often faces are shown.

    Attributes:
        hard: a face of difficulty d (train.difficulty), 0 to 1, is drawn 1 + hard · d times as often as an easy
            one; 0 for all alike. An epoch stays as long as it is.
    """

    hard: float = 0.0

    def __post_init__(self) -> None:
        _in_range("sampling.hard", self.hard, 0.0, 100.0)


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Everything that decides a training run, but for the data.

    Attributes:
        extra_share: faces of the extra sets shown in an epoch, over the number of train faces; drawn anew each
            epoch. Labels of lesser worth weigh less by being shown less.
        ema_momentum: share of itself that the average of the weights keeps at each step, once the run has enough
            steps: it warms up (train.schedules.decay_at).
        maps: what the probability maps of a network that has them learn beside their means; nothing at weight 0.
    """

    network: str = "asmnet"
    size: int = 128
    width: float = 1.0
    dropout: float = 0.3
    margin: float = 1.3
    epochs: int = 150
    batch: int = 32
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    warmup_epochs: int = 3
    weight_decay: float = 1e-4
    clip_norm: float = 10.0
    ema_momentum: float = 0.995
    mixed_precision: bool = False
    balance_bins: int = 0
    extra_share: float = 0.0
    evaluate_every: int = 1
    seed: int = 1
    landmarks: Task = field(default_factory=lambda: Task("asm", 100.0))
    pose: Task = field(default_factory=lambda: Task("pose_mse", 10.0))
    maps: Task = field(default_factory=lambda: Task("cell_entropy", 0.0))
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    teachers: Teachers = field(default_factory=Teachers)
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        _in_range("size", self.size, 32, 512)
        _in_range("dropout", self.dropout, 0.0, 0.9)
        _in_range("margin", self.margin, 1.0, 2.0)
        _in_range("epochs", self.epochs, 1, 100_000)
        _in_range("batch", self.batch, 1, 4096)
        _in_range("learning_rate", self.learning_rate, 1e-8, 10.0)
        _in_range("ema_momentum", self.ema_momentum, 0.0, 0.99999)
        _in_range("balance_bins", self.balance_bins, 0, 100)
        _in_range("extra_share", self.extra_share, 0.0, 100.0)
        _in_range("evaluate_every", self.evaluate_every, 1, 100_000)
        if self.schedule not in SCHEDULES:
            raise InputError(f"config schedule: expected one of {', '.join(SCHEDULES)}, got {self.schedule!r}")
        if (self.landmarks.loss == "kd") != bool(self.teachers.tough):
            raise InputError(
                "config: expected teachers.tough and teachers.tolerant together with landmarks.loss=kd, "
                f"got {self.teachers} and {self.landmarks.loss!r}"
            )

    @property
    def tasks(self) -> list[Task]:
        """In the order of the outputs that are trained: landmarks, pose and, where they learn something, maps."""
        return [self.landmarks, self.pose, *([self.maps] if self.maps.weight else [])]

    @property
    def pose_values(self) -> int:
        """Numbers that the network gives for the pose: what its loss needs."""
        return POSE_VALUES.get(self.pose.loss, 3)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


PARTS = {
    "landmarks": Task,
    "pose": Task,
    "maps": Task,
    "augment": AugmentConfig,
    "teachers": Teachers,
    "sampling": Sampling,
}
"""Tables of a configuration file."""


def load_config(path: Path | None, settings: list[str] | None = None) -> TrainConfig:
    """Configuration from a TOML file, then `key=value` settings (dots reach into tables)."""
    return config_from_dict(read_table(path, settings))


def read_table(path: Path | None, settings: list[str] | None = None) -> dict[str, Any]:
    """The tables of a TOML file, or none, changed by `key=value` settings."""
    table = {} if path is None else read_toml(path)
    for setting in settings or []:
        _set(table, setting)
    return table


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        InputError: it is missing or not TOML; the message names it.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"config {path}: not found") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"config {path}: not valid TOML: {error}") from error


def config_from_dict(table: dict[str, Any]) -> TrainConfig:
    """Build a TrainConfig; unknown keys and wrong types are errors that list what is known."""
    table = dict(table)
    parts = {name: build_config(cls, table.pop(name), name + ".") for name, cls in PARTS.items() if name in table}
    return build_config(TrainConfig, {**table, **parts})  # type: ignore[no-any-return]


def build_config(cls: Any, table: Any, prefix: str = "") -> Any:
    """A configuration class from a table; unknown keys and wrong types are errors that list what is known."""
    if not isinstance(table, dict):
        raise InputError(f"config {prefix.rstrip('.')}: expected a table, got {table!r}")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    unknown = sorted(set(table) - set(fields))
    if unknown:
        raise InputError(
            f"config: unknown key {prefix}{unknown[0]}; known are {', '.join(prefix + n for n in fields)}"
        )
    needed = [n for n, f in fields.items() if f.default is f.default_factory is dataclasses.MISSING]
    if missing := [name for name in needed if name not in table]:
        raise InputError(f"config: {prefix}{missing[0]} is missing")
    return cls(**{name: _typed(prefix + name, value, _default(fields[name])) for name, value in table.items()})


def _default(spec: Any) -> Any:
    """A value of the type that the field takes; fields without a default are names."""
    if spec.default is not dataclasses.MISSING:
        return spec.default
    return "" if spec.default_factory is dataclasses.MISSING else spec.default_factory()


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


def _range_in(name: str, pair: tuple[float, float], lowest: float, highest: float) -> None:
    low, high = pair
    if not lowest <= low <= high <= highest:
        raise InputError(
            f"config {name}: expected low and high with {lowest:g} <= low <= high <= {highest:g}, got {pair}"
        )
