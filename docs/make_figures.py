"""Draw the figures of the documentation from the shipped shape model: python docs/make_figures.py."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from sdk import IBUG68, HeadPose, ModelFile
from sdk.pose import rotation_from_pose

IMAGES = Path(__file__).parent / "images"
CLOSED = ("eye", "lips")
MODEL = ModelFile.default().shape_model


def draw_face(axes: plt.Axes, points: np.ndarray, *, numbers: bool = False) -> None:
    """Lines through each group of landmarks, y down."""
    for index, (name, members) in enumerate(IBUG68.groups.items()):
        line = points[[*members, members[0]] if any(c in name for c in CLOSED) else list(members)]
        axes.plot(*line.T, "-", color=f"C{index}", linewidth=1.2, label=name.replace("_", " "))
        axes.plot(*points[list(members)].T, "o", color=f"C{index}", markersize=3)
        for i in members if numbers else ():
            inner = name == "inner_lips"
            axes.annotate(
                str(i),
                points[i],
                textcoords="offset points",
                xytext=(2, -6 if inner else 3),
                fontsize=6,
                color=f"C{index}",
            )
    axes.set_aspect("equal")
    axes.invert_yaxis()


def landmark_figure() -> None:
    """Points and groups of ibug68."""
    figure, axes = plt.subplots(figsize=(7, 7))
    draw_face(axes, MODEL.mean, numbers=True)
    axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(0.0, 0.0), frameon=False)
    axes.set_title("ibug68, as seen in the image: the subject's right is on the image left", fontsize=9)
    axes.set_xlabel("x, to the right")
    axes.set_ylabel("y, down")
    axes.margins(0.08)
    save(figure, "landmarks.png")


def pose_figure() -> None:
    """Each angle of the head pose, both signs."""
    angles = {
        "yaw": ("turned to the image left", "turned to the image right"),
        "pitch": ("chin up", "chin down"),
        "roll": ("clockwise", "anticlockwise"),
    }
    figure, grid = plt.subplots(2, 3, figsize=(8, 6))
    for column, (name, meanings) in enumerate(angles.items()):
        for row, (sign, meaning) in enumerate(zip((1, -1), meanings, strict=True)):
            values = [0.0, 0.0, 0.0]
            values[column] = 30.0 * sign
            rotation = rotation_from_pose(HeadPose(*values))
            axes = grid[row, column]
            points = (MODEL.mean_3d @ rotation.T)[:, :2]
            draw_face(axes, points)
            nose = rotation @ np.array([0.0, 0.0, -1.2])
            start = points[30]
            axes.annotate("", start + nose[:2], start, arrowprops={"arrowstyle": "->", "color": "blue", "lw": 2})
            axes.set_title(f"{name} = {30 * sign:+d}°: {meaning}", fontsize=9)
            axes.set_xlim(-2, 2)
            axes.set_ylim(2, -2)
            axes.set_xticks([])
            axes.set_yticks([])
    save(figure, "pose.png")


def pixel_figure() -> None:
    """Where pixels and boxes lie."""
    figure, axes = plt.subplots(figsize=(5, 3.4))
    axes.set_xticks(range(5))
    axes.set_yticks(range(3))
    axes.set_xticks(np.arange(-0.5, 4.6), minor=True)
    axes.set_yticks(np.arange(-0.5, 2.6), minor=True)
    axes.grid(which="minor", color="0.6")
    axes.plot(*np.meshgrid(range(5), range(3)), "k.", markersize=4)
    axes.plot(0, 0, "ro")
    axes.annotate(
        "(0, 0): centre of the\ntop-left pixel", (0, 0), (0.6, 0.45), arrowprops={"arrowstyle": "->"}, fontsize=8
    )
    axes.add_patch(plt.Rectangle((-0.5, -0.5), 5, 3, fill=False, color="C0", linewidth=2))
    axes.set_title("5 x 3 image: its box is left -0.5, top -0.5, right 4.5, bottom 2.5", fontsize=8)
    axes.set_xlim(-0.8, 4.8)
    axes.set_ylim(2.8, -0.8)
    axes.set_aspect("equal")
    axes.set_xlabel("x")
    axes.set_ylabel("y")
    save(figure, "pixels.png")


def modes_figure() -> None:
    """The first four modes of the shape model."""
    figure, grid = plt.subplots(2, 4, figsize=(9, 5))
    for k in range(4):
        for row, sign in enumerate((1, -1)):
            b = np.zeros(MODEL.n_modes)
            b[k] = 2.0 * sign * np.sqrt(MODEL.eigenvalues[k])
            axes = grid[row, k]
            draw_face(axes, MODEL.reconstruct(b))
            axes.set_title(f"b{k + 1} = {2 * sign:+d}√λ{k + 1}", fontsize=9)
            axes.set_xticks([])
            axes.set_yticks([])
    save(figure, "modes.png")


def save(figure: plt.Figure, name: str) -> None:
    """Write a figure to docs/images."""
    figure.tight_layout()
    figure.savefig(IMAGES / name, dpi=100, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    landmark_figure()
    pose_figure()
    pixel_figure()
    modes_figure()
