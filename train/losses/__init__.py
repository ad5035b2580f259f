"""Losses of the multi-task training, on keras.ops: the same code under TensorFlow and JAX."""

from train.config import Task
from train.losses.acr import ACR_VARIANCE, AcrLoss, acr_variance
from train.losses.asm import AsmAssistedLoss, AsmOperator, SoftenedLoss
from train.losses.cells import CellEntropyLoss
from train.losses.contours import ContourLoss, Contours
from train.losses.distillation import KdLoss, pack_teachers
from train.losses.points import (
    AdaptiveWingLoss,
    L1Loss,
    L2Loss,
    LandmarkLoss,
    SmoothL1Loss,
    SoftWingLoss,
    WingLoss,
)
from train.losses.pose import (
    GeodesicLoss,
    PoseLoss,
    pose_from_6d,
    rotation_from_6d,
    rotation_from_euler,
    sixd_from_rotation,
)
from train.losses.registry import LOSSES, Scheduled, build_loss, compile_arguments, set_epoch

__all__ = [
    "ACR_VARIANCE",
    "LOSSES",
    "AcrLoss",
    "AdaptiveWingLoss",
    "AsmAssistedLoss",
    "AsmOperator",
    "CellEntropyLoss",
    "ContourLoss",
    "Contours",
    "GeodesicLoss",
    "KdLoss",
    "L1Loss",
    "L2Loss",
    "LandmarkLoss",
    "PoseLoss",
    "Scheduled",
    "SmoothL1Loss",
    "SoftWingLoss",
    "SoftenedLoss",
    "Task",
    "WingLoss",
    "acr_variance",
    "build_loss",
    "compile_arguments",
    "pack_teachers",
    "pose_from_6d",
    "rotation_from_6d",
    "rotation_from_euler",
    "set_epoch",
    "sixd_from_rotation",
]
