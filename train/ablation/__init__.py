"""Ablations: trainings that differ in one thing, and what the difference came to (docs/ablation.md)."""
