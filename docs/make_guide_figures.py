"""Draw the pictures of docs/guide.md from public-domain portraits: python docs/make_guide_figures.py.

Rear Admiral Grace Hopper (US Navy) comes with matplotlib, Eileen Collins (NASA) with scikit-image.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np

from sdk import Face, FaceAligner, draw
from sdk.measures import eye_openness, mouth_openness

IMAGES = Path(__file__).parent / "images"
SIDE = 256
INK = (30, 30, 30)


def portrait(package: str, name: str) -> np.ndarray:
    """A picture that an installed package carries."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    image = cv2.imread(str(Path(spec.origin).parent / name))
    assert image is not None
    return image


def hopper() -> np.ndarray:
    """The head and shoulders of Grace Hopper, square."""
    return portrait("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")[:512]


def collins() -> np.ndarray:
    """Eileen Collins, square."""
    return portrait("skimage", "data/astronaut.png")


def turned(image: np.ndarray, angle_deg: float) -> np.ndarray:
    """The picture turned clockwise about its centre."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle_deg, 1.0)
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def predict_figure(aligner: FaceAligner) -> None:
    """What `draw` shows of two portraits side by side."""
    pair = np.concatenate([collins(), hopper()], axis=1)
    save("guide_predict.jpg", cv2.resize(draw(pair, aligner.predict(pair)), None, fx=0.75, fy=0.75))


def roll_figure(aligner: FaceAligner) -> None:
    """A face that turns in the picture: the first look finds its roll, the second sees it upright."""
    (face,) = aligner.predict(hopper())
    tiles = []
    for angle in (-30, -15, 0, 15, 30):
        picture = turned(hopper(), angle)
        found = aligner.align(picture, face.box, refine=True)
        tiles.append(labelled(close_up(draw(picture, [found]), found), f"roll {found.pose.roll_deg:+.0f}"))
    save("guide_roll.jpg", np.concatenate(tiles, axis=1))


def sharpness_figure(aligner: FaceAligner) -> None:
    """Blur, and the sharpness that is measured."""
    (face,) = aligner.predict(hopper())
    eyes = aligner.quality(hopper(), face).eye_distance
    tiles = []
    for blur in (0.0, 0.02, 0.04, 0.06, 0.1):
        picture = cv2.GaussianBlur(hopper(), (0, 0), blur * eyes) if blur else hopper()
        found = aligner.align(picture, face.box, refine=True)
        value = aligner.quality(picture, found).sharpness
        tiles.append(labelled(close_up(picture, face), f"sharpness {value:.2f}"))
    save("guide_sharpness.jpg", np.concatenate(tiles, axis=1))


def measures_figure(aligner: FaceAligner) -> None:
    """Openness of eyes and mouth of both portraits."""
    tiles = []
    for picture in (collins(), hopper()):
        (face,) = aligner.predict(picture)
        text = f"eyes {eye_openness(face)[0]:.2f} {eye_openness(face)[1]:.2f}, mouth {mouth_openness(face):.2f}"
        tiles.append(labelled(close_up(draw(picture, [face]), face), text, size=0.45))
    save("guide_measures.jpg", np.concatenate(tiles, axis=1))


def close_up(picture: np.ndarray, face: Face) -> np.ndarray:
    """The square around a face, SIDE pixels wide."""
    half = 0.85 * max(face.box.width, face.box.height)
    x, y = face.box.center_x, face.box.center_y
    matrix = np.array([[2 * half / SIDE, 0, x - half], [0, 2 * half / SIDE, y - half]])
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def labelled(tile: np.ndarray, text: str, *, size: float = 0.6) -> np.ndarray:
    """A picture with a line of text below it."""
    strip = np.full((28, tile.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, text, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)
    return np.concatenate([tile, strip])


def save(name: str, picture: np.ndarray) -> None:
    """Write a figure to docs/images."""
    cv2.imwrite(str(IMAGES / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    with FaceAligner() as shipped:
        predict_figure(shipped)
        roll_figure(shipped)
        sharpness_figure(shipped)
        measures_figure(shipped)
