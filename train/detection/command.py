"""Command line: python -m train label-faces | fit-detector."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdk.shape_model import ShapeModel
    from train.detection.photos import Photo


def add_detector(commands: Any) -> None:
    """The parsers of both commands."""
    label = commands.add_parser(
        "label-faces",
        help="landmarks and rolls of the faces that a detector is trained on",
        description="Write landmarks and the roll of every annotated face of the train and val photos, as the "
        "shipped aligner sees them: with them the boxes follow when a photo is turned.",
    )
    label.add_argument("data", type=Path, help="folder of annotations.json and images/")
    label.add_argument("--out", type=Path, required=True, help="the file to write, .npz")
    label.add_argument(
        "--find",
        action="store_true",
        help="also let the shipped detector look for misplaced boxes, unlisted faces and decoys",
    )
    label.set_defaults(run=_label)

    fit = commands.add_parser(
        "fit-detector",
        help="train the face detector",
        description="Train the face detector. Killed or stopped, the same command goes on after the last whole "
        "epoch.",
        epilog="Example: python -m train label-faces DATA/detection --out faces.npz && "
        "python -m train fit-detector DATA/detection --faces faces.npz --out run",
    )
    fit.add_argument("data", type=Path, help="folder of annotations.json and images/")
    fit.add_argument("--faces", type=Path, required=True, help="what label-faces wrote")
    fit.add_argument("--out", type=Path, required=True, help="folder for checkpoints")
    fit.add_argument("--config", type=Path, help="TOML file")
    fit.add_argument(
        "--set", action="append", metavar="KEY=VALUE", help="override one setting, for example epochs=20"
    )
    fit.add_argument(
        "--weights", type=Path, metavar="NPZ", help="best.npz of an earlier run to start from (fine-tuning)"
    )
    fit.add_argument(
        "--pack",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="a packed set of faces too; repeat",
    )
    fit.add_argument(
        "--val-pack", type=Path, action="append", default=[], metavar="FOLDER", help="the same for val; repeat"
    )
    fit.add_argument(
        "--non-faces", type=Path, metavar="FOLDER", help="photos without a face; a fifth of them is left out"
    )
    fit.add_argument("--backend", choices=["tensorflow", "jax"], default="tensorflow", help="default: %(default)s")
    fit.set_defaults(run=_fit, files=("best.npz", "last.npz", "history.csv"))


def _label(options: argparse.Namespace) -> None:
    from sdk.aligner import FaceAligner
    from sdk.face_detector import FaceDetector
    from sdk.testing import FixedDetector
    from train.detection.photos import SEEN_SCORE, label_faces

    detector = FaceDetector(min_score=SEEN_SCORE) if options.find else None
    aligner = FaceAligner(detector=FixedDetector())
    count = label_faces(options.data, options.out, aligner=aligner, detector=detector)
    print(f"{options.out}: {count} faces")


def _fit(options: argparse.Namespace) -> None:
    os.environ["KERAS_BACKEND"] = options.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from train.detection.config import load_detector_config
    from train.detection.fit import fit_detector
    from train.detection.packs import read_packs
    from train.detection.photos import read_photos

    config = load_detector_config(options.config, options.set)
    train, val = (read_photos(options.data, split=split, faces=options.faces) for split in ("train", "val"))
    extra = _extra(options)
    val += read_packs(options.val_pack, _shape_model(), split="val") if options.val_pack else []
    print(
        f"face detector at {config.size} px, {len(train)} photos to train on, {len(extra)} beside them, "
        f"{len(val)} for val",
        flush=True,
    )
    result = fit_detector(train, val, config, options.out, extra=extra, weights=options.weights)
    print(
        f"done: best val average precision {100 * result.best_precision:.2f} % "
        f"(epoch {result.best_epoch} of {result.epochs}), weights in {result.weights}"
    )


def _extra(options: argparse.Namespace) -> list[Photo]:
    """Photos beside those of the folder."""
    from train.detection.packs import read_non_faces, read_packs

    packs = read_packs(options.pack, _shape_model()) if options.pack else []
    return packs + (read_non_faces(options.non_faces, held_out=False) if options.non_faces else [])


def _shape_model() -> ShapeModel:
    """What a roll is measured against, and what stands in for landmarks that nobody knows."""
    from sdk.model_file import ModelFile

    return ModelFile.default().shape_model
