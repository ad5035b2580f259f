"""Learning rate and loss weights over time."""

from __future__ import annotations

from typing import Any


def asm_alpha(epoch: int, epochs: int, weights: tuple[float, float, float]) -> float:
    """ASMNet's alpha for a 0-based epoch: weights[0], [1], [2] in the first, second and last third."""
    return weights[min(2, 3 * epoch // epochs)]


def cosine_with_warmup(keras: Any, *, peak: float, steps: int, warmup: int) -> Any:
    """Linear warm-up to `peak`, then half a cosine down to 1 % of it."""
    warmup = min(warmup, max(1, steps // 10))
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=peak * 0.05,
        decay_steps=max(1, steps - warmup),
        alpha=0.01,
        warmup_target=peak,
        warmup_steps=warmup,
    )
