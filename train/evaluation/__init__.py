"""Evaluation of trained networks: python -m train evaluate (docs/evaluation.md)."""

from train.evaluation.predictor import KerasPredictor, Predictor, TflitePredictor, look, open_predictor
from train.evaluation.report import save, to_tables
from train.evaluation.run import Evaluation, evaluate
from train.evaluation.two_stages import TwoStages

__all__ = [
    "Evaluation",
    "KerasPredictor",
    "Predictor",
    "TflitePredictor",
    "TwoStages",
    "evaluate",
    "look",
    "open_predictor",
    "save",
    "to_tables",
]
