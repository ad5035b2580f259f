"""Augmentation: image, landmarks and pose move together, by maps whose inverse is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdk.geometry import Crop
from sdk.pose import mirror_pose
from sdk.results import HeadPose
from sdk.schemes import LandmarkScheme
from train.config import AugmentConfig
from train.occluders import occluded_by_things
from train.turning import HeadTurner

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]


def jittered_crop(
    landmarks: Float32,
    rng: np.random.Generator,
    *,
    size: int,
    margin: float,
    scale: tuple[float, float],
    shift: float,
    rotation_deg: float = 0.0,
) -> Crop:
    """A crop around the landmarks, moved by up to `shift` of the landmark box's longer side in x and y,
    resized by a factor in `scale` and turned by up to `rotation_deg`; all uniform."""
    angle = float(rng.uniform(-rotation_deg, rotation_deg)) if rotation_deg else 0.0
    tight = Crop.around_landmarks(landmarks, size=size, margin=margin, angle_deg=angle)
    dx, dy = rng.uniform(-shift, shift, 2) * tight.side / margin
    side = tight.side * float(rng.uniform(*scale))
    return Crop(tight.center_x + float(dx), tight.center_y + float(dy), side, size, angle)


def augmented(
    image: UInt8,
    landmarks: Float32,
    pose: HeadPose,
    rng: np.random.Generator,
    *,
    config: AugmentConfig,
    size: int,
    margin: float,
    scheme: LandmarkScheme,
    turner: HeadTurner | None = None,
) -> tuple[UInt8, Float32, HeadPose, bool]:
    """A random view of a face: (size, size, 3) BGR, landmarks (n, 2) in crop coordinates, pose in the crop, and
    whether the view is mirrored. `turner` makes the views that `config.turn` asks for."""
    if turner is not None and config.turn and rng.random() < config.turn:
        view = turner.drawn(image, landmarks, pose, rng, turn_deg=config.turn_deg)
        if view is not None:
            image, landmarks, pose = view.image, view.landmarks, view.pose
    turned_far = config.any_roll and rng.random() < config.any_roll
    crop = jittered_crop(
        landmarks,
        rng,
        size=size,
        margin=margin,
        scale=config.scale,
        shift=config.shift,
        rotation_deg=config.any_roll_deg if turned_far else config.rotation_deg,
    )
    if config.cut and rng.random() < config.cut:
        image = ending_at(image, landmarks, rng)
    pixels, points = crop.extract(image), crop.to_crop(landmarks)
    pose = HeadPose(pose.yaw_deg, pose.pitch_deg, pose.roll_deg - crop.angle_deg)
    mirrored = bool(rng.random() < config.flip)
    if mirrored:
        pixels, points = pixels[:, ::-1], scheme.mirror_landmarks(points)
        pose = mirror_pose(pose)
    if config.things and rng.random() < config.things:
        covered = occluded_by_things(pixels.astype(np.float32), points, rng)
        pixels = np.clip(np.rint(covered), 0, 255).astype(np.uint8)
    if config.dark and rng.random() < config.dark:
        pixels = ill_lit(pixels, rng)
    return distorted(pixels, rng, config), points, pose, mirrored


def ending_at(image: UInt8, landmarks: Float32, rng: np.random.Generator) -> UInt8:
    """The image (h, w, 3) as if the photo ended near the face on one or two sides, its last pixels repeated.

    The edge lies between a tenth of the face's extent inside the landmarks' box and a tenth outside.
    """
    height, width = image.shape[:2]
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    reach = 0.1 * float(max(high - low))
    edges = np.array([*(low + rng.uniform(-reach, reach, 2)), *(high + rng.uniform(-reach, reach, 2))])
    left, top, right, bottom = np.where(rng.random(4) < 0.4, edges, (0, 0, width - 1, height - 1))
    columns = np.clip(np.arange(width), *sorted((int(max(0, left)), int(min(width - 1, right)))))
    rows = np.clip(np.arange(height), *sorted((int(max(0, top)), int(min(height - 1, bottom)))))
    return image[rows[:, None], columns]


def ill_lit(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """Too little light, with a sensor's noise, or too much, burnt out; half of the time with a slope of light."""
    side = pixels.shape[0]
    light = 2.0 ** (rng.uniform(-3.5, -1.0) if rng.random() < 0.7 else rng.uniform(0.4, 1.2))
    values = (pixels.astype(np.float32) / 255.0) ** 2.2 * np.float32(light)  # linear light, roughly
    if rng.random() < 0.5:
        turn = rng.uniform(0.0, 2.0 * np.pi)
        x, y = np.meshgrid(np.linspace(-1.0, 1.0, side), np.linspace(-1.0, 1.0, side))
        values = values * np.exp2(1.5 * (np.cos(turn) * x + np.sin(turn) * y)).astype(np.float32)[..., None]
    values = np.clip(values, 0.0, 1.0) ** np.float32(1.0 / 2.2) * 255.0
    if light < 1.0:
        values = values + rng.normal(0.0, rng.uniform(1.0, 6.0), values.shape).astype(np.float32)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def distorted(pixels: UInt8, rng: np.random.Generator, config: AugmentConfig) -> UInt8:
    """Photometric changes and occlusion; the geometry stays."""
    import cv2

    values = pixels.astype(np.float32)
    if rng.random() < config.grey:
        values = np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2)
    gain = 1.0 + rng.uniform(-config.contrast, config.contrast)
    tint = rng.uniform(-config.colour_shift, config.colour_shift, 3) * 255.0
    lift = rng.uniform(-config.brightness, config.brightness) * 255.0
    centre = float(values.mean())
    values = (values - centre) * gain + centre + lift + tint.astype(np.float32)
    if rng.random() < config.blur:
        if rng.random() < 1.0 - config.low_resolution:
            values = cv2.GaussianBlur(values, (0, 0), float(rng.uniform(0.5, 1.8)))
        else:
            values = _small_and_enlarged(values, float(rng.uniform(*config.low_resolution_factor)))
    if rng.random() < config.noise:
        values = values + rng.normal(0.0, rng.uniform(2.0, 12.0), values.shape).astype(np.float32)
    if rng.random() < config.occlusion:
        values = _occluded(values, rng, config)
    pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    if rng.random() < config.jpeg:  # drawn last: without it, every other draw is the same
        pixels = _compressed(pixels, round(float(rng.uniform(*config.jpeg_quality))))
    return pixels


def _small_and_enlarged(values: Float32, factor: float) -> Float32:
    """A small face enlarged: at least 8 pixels a side."""
    import cv2

    side = values.shape[0]
    small = max(8, int(side * factor))
    shrunk = cv2.resize(values, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (side, side)), np.float32)


def _compressed(pixels: UInt8, quality: int) -> UInt8:
    """There and back through JPEG."""
    import cv2

    _, content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)


def _occluded(values: Float32, rng: np.random.Generator, config: AugmentConfig) -> Float32:
    """A rectangle of one colour, of noise, or of another part of the crop."""
    side = values.shape[0]
    h, w = (int(side * v) for v in rng.uniform(*config.occlusion_side, 2))
    y, x = int(rng.integers(0, side - h + 1)), int(rng.integers(0, side - w + 1))
    values = values.copy()
    kind = rng.integers(3)
    if kind == 0:
        patch = np.broadcast_to(rng.uniform(0, 255, 3), (h, w, 3))
    elif kind == 1:
        patch = rng.uniform(0, 255, (h, w, 3))
    else:
        v, u = int(rng.integers(0, side - h + 1)), int(rng.integers(0, side - w + 1))
        patch = values[v : v + h, u : u + w].copy()
    values[y : y + h, x : x + w] = patch
    return values
