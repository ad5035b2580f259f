"""Learning rate and loss weights over time."""

from __future__ import annotations

from typing import Any

CYCLES = 5
"""Of the cyclic schedule, over a run."""


def asm_alpha(epoch: int, epochs: int, weights: tuple[float, float, float]) -> float:
    """ASMNet's alpha for a 0-based epoch: weights[0], [1], [2] in the first, second and last third."""
    return weights[min(2, 3 * epoch // epochs)]


def learning_rate(keras: Any, name: str, *, peak: float, steps: int, warmup: int) -> Any:
    """The schedule of that name over `steps` steps: a Keras schedule, or a number where it is constant.

    cosine: linear warm-up to `peak`, then half a cosine down to 1 % of it.
    cyclic: CYCLES half cosines of equal length from `peak` to 1 % of it, with restarts
        (Loshchilov & Hutter, "SGDR", ICLR 2017).
    constant: `peak` throughout.
    """
    if name == "constant":
        return peak
    if name == "cyclic":
        return keras.optimizers.schedules.CosineDecayRestarts(
            initial_learning_rate=peak, first_decay_steps=max(1, steps // CYCLES), t_mul=1.0, m_mul=1.0, alpha=0.01
        )
    warmup = min(warmup, max(1, steps // 10))
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=peak * 0.05,
        decay_steps=max(1, steps - warmup),
        alpha=0.01,
        warmup_target=peak,
        warmup_steps=warmup,
    )


HORIZON = 9
"""Of the warm-up: after so many steps the average keeps half of itself at each step."""


def decay_at(step: Any) -> Any:
    """Share of itself that an average keeps at a step, counted from 0, until that reaches its final decay.

    An average of fixed decay 0.995 still holds a third of the first weights after 200 steps. One that warms up
    follows the weights of about the last tenth of the steps. From step 9 d / (1 - d) on, d the final decay, it is
    one of fixed decay.
    The first step keeps nothing: the average begins at the weights, wherever training started.

    Args:
        step: a number, or a tensor of floats.
    Source: tf.train.ExponentialMovingAverage, whose num_updates gives (1 + step) / (10 + step).
    """
    return step / (step + HORIZON)
