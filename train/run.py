"""What happens around each epoch of a run: schedules, evaluation of the averaged weights, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from sdk.errors import SdkError
from sdk.metrics import nme_face_box, nme_interocular
from sdk.pose import POSE_UNIT_DEG
from sdk.schemes import LandmarkScheme
from sdk.shape_model import ShapeModel
from train.averaging import Average
from train.batches import Float32, TrainingBatches, jittered_crops, network_input, pose_label
from train.config import POSE_VALUES, TrainConfig
from train.datasets import Sample
from train.datasets.sample import box_sides
from train.heartbeat import Heartbeat, place
from train.losses import pose_from_6d, set_epoch
from train.run_folder import Row, RunFolder, best_of
from train.workers import ALONE, Workers

RECALIBRATION = 16
"""Batches that set the batch statistics of averaged weights."""

LOOK = 16
"""Batches between two looks at the loss, each of which has to wait for what the accelerator has begun."""


class TrainingError(SdkError):
    """Training cannot go on."""


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Faces to measure on: inputs of the network and true landmarks (faces, n, 2) in crop coordinates.

    Attributes:
        sides: (faces,) of the faces' boxes in crop coordinates, for a scheme whose errors are divided by them.
        poses: (faces, 3) yaw, pitch, roll in degrees that the network should say, where they are asked for.
    """

    inputs: Float32
    truth: Float32
    scheme: LandmarkScheme
    sides: Float32 | None = None
    poses: npt.NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        samples: Sequence[Sample],
        config: TrainConfig,
        scheme: LandmarkScheme,
        shape_model: ShapeModel | None = None,
    ) -> Validation:
        """Crops of the true boxes, moved and scaled by up to ±10 %; with a shape model, poses too."""
        crops, truth = jittered_crops(samples, size=config.size, margin=config.margin)
        sides = box_sides(samples, truth) if scheme.normaliser == "face_box" else None
        poses = None
        if shape_model is not None:
            labels = [pose_label(sample, shape_model, scheme) for sample in samples]
            poses = np.array([(p.yaw_deg, p.pitch_deg, p.roll_deg) for p in labels])
        return cls(network_input(crops), truth, scheme, sides, poses)

    def nme(self, network: Any) -> float:
        """Mean error over the scheme's normaliser, per cent."""
        return self.errors(network)[0]

    def errors(self, network: Any) -> tuple[float, float]:
        """`nme`, and the mean error of yaw, pitch and roll in degrees, NaN without poses."""
        found, poses = predict_faces(network, self.inputs)
        pose = math.nan
        if self.poses is not None:
            pose = float(np.abs((poses - self.poses + 180.0) % 360.0 - 180.0).mean())
        if self.sides is not None:
            return float(nme_face_box(self.truth, found, self.sides, scheme=self.scheme).mean()), pose
        return float(nme_interocular(self.truth, found, scheme=self.scheme).mean()), pose


def predict_faces(network: Any, inputs: Float32, *, batch: int = 64) -> tuple[Float32, npt.NDArray[np.float64]]:
    """Landmarks (faces, n, 2) in crop coordinates, and yaw, pitch, roll (faces, 3) in degrees."""
    flat, pose = (np.asarray(out) for out in network.predict(inputs, batch_size=batch, verbose=0)[:2])
    if pose.shape[1] == POSE_VALUES["geodesic_6d"]:
        pose = np.array([(p.yaw_deg, p.pitch_deg, p.roll_deg) for p in pose_from_6d(pose)])
    else:
        pose = pose * POSE_UNIT_DEG
    return flat.reshape(len(flat), -1, 2), pose.astype(np.float64)


def loss_terms(logs: Mapping[str, Any], losses: Sequence[Any]) -> dict[str, float]:
    """What an epoch's loss is made of, unweighted, by the names of the network's outputs; alpha of an ASM loss."""
    terms = {name: float(value) for name, value in logs.items() if name.endswith("_loss")}
    alphas = [float(np.asarray(loss.alpha)) for loss in losses if hasattr(loss, "alpha")]
    return terms | ({"alpha": alphas[0]} if alphas else {})


class Run(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the history of a run and, as the first of its workers, its folder."""

    def __init__(
        self,
        average: Average,
        batches: TrainingBatches,
        losses: Sequence[Any],
        val: Validation,
        folder: RunFolder,
        *,
        note: dict[str, Any],
        workers: Workers = ALONE,
    ) -> None:
        super().__init__()
        self._average, self._batches, self._losses, self._val = average, batches, losses, val
        self._epochs, self._every = folder.config.epochs, folder.config.evaluate_every
        self._note, self._workers = note, workers
        self.folder = folder
        self.history: list[Row] = []
        self.beat = Heartbeat(None)
        self._started = time.monotonic()
        self._began: int | None = None

    @property
    def epoch(self) -> int:
        """Whole epochs so far."""
        return len(self.history)

    @property
    def best(self) -> Row | None:
        """The epoch of the lowest NME on val so far."""
        return best_of(self.history)

    def resume(self, network: Any) -> bool:
        """Restore the state after the last whole epoch; whether there is one."""
        self.history = self.folder.restore(network)
        if self.history and self._workers.first:
            print(f"resuming after epoch {self.epoch} of {self._epochs}", flush=True)
        return bool(self.history)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.monotonic()
        self._batches.epoch = epoch
        if not self.history or self._began is None:
            self.beat.at(f"epoch {epoch + 1}/{self._epochs}, compiling the first step")
        self._began = epoch
        if set_epoch(self._losses, epoch, self._epochs) and keras.backend.backend() == "jax":
            self.model.make_train_function(force=True)  # a traced step holds the old values as constants

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch % LOOK:
            return
        loss = float((logs or {}).get("loss", 0.0))
        self.beat.at(place(self.epoch + 1, self._epochs, batch + 1, len(self._batches), loss))
        if not math.isfinite(loss):
            self._give_up(f"loss is {loss} in epoch {self.epoch + 1}, batch {batch + 1}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.monotonic() - self._started
        if not all(np.isfinite(np.asarray(v)).all() for v in self.model.trainable_variables):
            self._give_up(f"weights are not finite after epoch {epoch + 1}")
        due = (epoch + 1) % self._every == 0 or epoch + 1 == self._epochs
        nme, pose = self._evaluate() if due else (math.nan, math.nan)
        row = {
            "epoch": epoch + 1,
            "loss": float((logs or {})["loss"]),
            **loss_terms(logs or {}, self._losses),
            "learning_rate": float(np.asarray(self.model.optimizer.learning_rate)),
            "val_nme": nme,
            "val_pose_mae_deg": pose,
            "seconds": round(seconds, 1),
        }
        self.history.append(row)
        if self._workers.first:
            self.folder.save(self.model, self._average.network, self.history, self._note)
            print(self._line(row, seconds), flush=True)
            self.beat.said()

    def _evaluate(self) -> tuple[float, float]:
        """NME and pose error on val of the averaged weights, which are brought up to date."""
        self.beat.at(f"epoch {self.epoch + 1}/{self._epochs}, measuring on val")
        count = min(RECALIBRATION, len(self._batches))
        with self._workers.alone():
            self._average.follow(self.model, self._batches.whole(count))
            nme, pose = self._val.errors(self._average.network)
        if not math.isfinite(nme):
            self._give_up(f"NME on val is {nme} after epoch {self.epoch + 1}")
        return nme, pose

    def _give_up(self, what: str) -> None:
        raise TrainingError(
            f"{what}; {self.folder.last} holds the last good epoch. "
            "Lower learning_rate, or look for damaged annotations"
        )

    def _line(self, row: Row, seconds: float) -> str:
        mark = " (best)" if row is self.best else ""
        done = f"epoch {self.epoch}/{self._epochs}"
        nme = "" if math.isnan(row["val_nme"]) else f"  val NME {row['val_nme']:.2f} %{mark}"
        return f"{done}  loss {row['loss']:.4f}{nme}  {seconds:.0f} s"
