"""What all networks share: their two heads, and the memory of batch normalisation.

Convention: input (batch, size, size, 3), RGB in [0, 1]. Outputs: `landmarks` (batch, 2 n_points), x and y
interleaved in crop coordinates; `pose` (batch, pose_values): 3 for yaw, pitch, roll in units of 90 degrees,
6 for `train.losses.rotation_from_6d`.
"""

from __future__ import annotations

from typing import Any

MOMENTUM = 0.95
"""Of batch normalisation. Keras's 0.999 averages over 17 epochs of 300W: far behind the weights."""


def with_heads(
    keras: Any, inputs: Any, features: Any, *, dropout: float, n_points: int, pose_values: int, name: str
) -> Any:
    """The model from `inputs` to a linear head each for landmarks and pose, on the features (batch, c)."""
    features = keras.layers.Dropout(dropout, name="dropout")(features)
    landmarks = keras.layers.Dense(2 * n_points, name="landmarks", dtype="float32")(features)
    pose = keras.layers.Dense(pose_values, name="pose", dtype="float32")(features)
    return keras.Model(inputs, [landmarks, pose], name=name)


def with_short_memory(keras: Any, backbone: Any) -> Any:
    """The backbone, its batch normalisation set to MOMENTUM."""
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    return backbone
