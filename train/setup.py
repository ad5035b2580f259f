"""What a run trains: its faces, their batches, the compiled network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from sdk.errors import InputError
from sdk.schemes import LandmarkScheme
from sdk.shape_model import ShapeModel
from train.averaging import WarmAdamW
from train.batches import TrainingBatches
from train.config import TrainConfig
from train.datasets import Sample
from train.datasets.sample import common_scheme_of
from train.schedules import learning_rate
from train.teachers import TeacherPair
from train.trained import build
from train.workers import ALONE, Workers


def common_scheme(samples: Sequence[Sample], shape_model: ShapeModel) -> LandmarkScheme:
    """The landmark scheme of all samples and of the shape model."""
    scheme = common_scheme_of(samples)
    if len(shape_model.mean) != scheme.n_points:
        raise InputError(
            f"shape model: expected the {scheme.n_points} points of {scheme.name}, got {len(shape_model.mean)}; "
            "was it fitted to another set?"
        )
    return scheme


def make_batches(
    train: Sequence[Sample],
    shape_model: ShapeModel,
    config: TrainConfig,
    scheme: LandmarkScheme,
    workers: Workers = ALONE,
    *,
    extra: Sequence[Sample] = (),
    makers: int = 0,
) -> TrainingBatches:
    """What `fit` trains on, with the teachers' predictions where the configuration names teachers."""
    keras.mixed_precision.set_global_policy("float32")
    label = TeacherPair(config, scheme.n_points) if config.teachers.tough else None
    return TrainingBatches(
        train, shape_model, config, scheme=scheme, share=workers.share, label=label, extra=extra, makers=makers
    )


def compiled(config: TrainConfig, scheme: LandmarkScheme, terms: dict[str, Any], steps_per_epoch: int) -> Any:
    """The network as `fit` trains it, its optimizer built; new layers compute in float32 again."""
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if config.mixed_precision else "float32")
    model = build(config, scheme.n_points)
    keras.mixed_precision.set_global_policy("float32")
    if config.maps.weight:
        model = _with_maps(model, config)
    optimizer = _optimizer(config, steps_per_epoch)
    model.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax", **terms)
    optimizer.build(model.trainable_variables)
    return model


def _with_maps(model: Any, config: TrainConfig) -> Any:
    """The network with its probability maps for a third output."""
    if "chance" not in {layer.name for layer in model.layers}:
        raise InputError(
            f"config maps: {config.network} has no probability maps that could learn; set maps.weight=0"
        )
    return keras.Model(model.input, [*model.outputs, model.get_layer("chance").output], name=model.name)


def _optimizer(config: TrainConfig, steps_per_epoch: int) -> Any:
    optimizer = WarmAdamW(
        learning_rate=learning_rate(
            keras,
            config.schedule,
            peak=config.learning_rate,
            steps=config.epochs * steps_per_epoch,
            warmup=config.warmup_epochs * steps_per_epoch,
        ),
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm,
        use_ema=True,
        ema_momentum=config.ema_momentum,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
