"""FaceTracker: faces through a video, with detection only when it is needed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sdk.aligner import FaceAligner, disagreement
from sdk.checks import as_number, is_count
from sdk.errors import InputError
from sdk.frames import check_frame
from sdk.measures import face_unit
from sdk.results import BBox, Face
from sdk.smoothing import LandmarkFilter, OneEuro, RotationFilter

UInt8 = npt.NDArray[np.uint8]

SAME_FACE = 0.3
"""A detection that overlaps (IoU) a tracked face by more is that face."""

TURN = 2.5
"""Radians that smoothing takes for a move by one outer-eye distance."""

Filters = tuple[LandmarkFilter, RotationFilter]

_DEFAULT_SMOOTHING = OneEuro()


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """A face in one frame of a video.

    Attributes:
        id: the same number as long as the face is followed; never used again.
        face: smoothed, if the tracker smooths; else as measured.
        measured: what the network saw in this frame alone.
        frames: in how many frames it has been seen, this one included.
    """

    id: int
    face: Face
    measured: Face = field(repr=False)
    frames: int


@dataclass(slots=True)
class _Track:
    id: int
    measured: Face
    filters: Filters | None
    frames: int = 0
    last_s: float = -math.inf


class FaceTracker:
    """Follows faces: the next crop comes from the last landmarks, the detector only looks for new ones.

    A face is looked at once a frame; a second time where it moved by more than `max_disagreement` of the
    aligner, and it is lost where the two looks disagree or it leaves the frame. One tracker serves one video
    and one thread.

    >>> tracker = FaceTracker()
    >>> for frame in read_video("clip.mp4"):  # of sdk.video
    ...     for tracked in tracker.update(frame.image, timestamp_s=frame.timestamp_s):
    ...         print(tracked.id, tracked.face.pose)

    Args:
        aligner: finds and aligns faces; None is `FaceAligner()`.
        detect_every: frames between two searches for new faces; with no face in sight every frame is searched.
        smoothing: One-Euro parameters in outer-eye distances and seconds; None leaves faces as measured.
        max_faces: follow no more than this, the best first; None is all.
        fps: frames a second, for time steps where `update` gets no timestamp.
    """

    def __init__(
        self,
        aligner: FaceAligner | None = None,
        *,
        detect_every: int = 15,
        smoothing: OneEuro | None = _DEFAULT_SMOOTHING,
        max_faces: int | None = None,
        fps: float = 30.0,
    ) -> None:
        counts = is_count(detect_every) and (max_faces is None or is_count(max_faces))
        if not counts or not 0 < as_number(fps) < math.inf:
            raise InputError(
                f"FaceTracker: expected whole numbers detect_every >= 1 and max_faces >= 1 or None, and fps > 0, "
                f"got {detect_every!r}, {max_faces!r} and {fps!r}"
            )
        if aligner is not None and not isinstance(aligner, FaceAligner):
            raise InputError(f"aligner: expected a FaceAligner or None, got {aligner!r}")
        if smoothing is not None and not isinstance(smoothing, OneEuro):
            raise InputError(f"smoothing: expected a OneEuro or None, got {smoothing!r}")
        self._aligner = FaceAligner() if aligner is None else aligner
        self._detect_every, self._max_faces, self._fps = detect_every, max_faces, fps
        self._smoothing = smoothing
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._since_search = detect_every
        self._now = 0.0

    @property
    def aligner(self) -> FaceAligner:
        """What finds and aligns the faces."""
        return self._aligner

    def update(self, frame: UInt8, *, timestamp_s: float | None = None) -> list[TrackedFace]:
        """The faces of the next frame, longest followed first.

        Args:
            frame: (h, w, 3) uint8, BGR or what the aligner's `colour` says.
            timestamp_s: when it was taken, in seconds from any origin, rising; None counts frames at `fps`.
        Raises:
            InputError: the frame is none, or time runs backwards.
        """
        check_frame(frame, self._aligner.colour)
        self._advance(timestamp_s)
        followed = [(track, self._follow(frame, track)) for track in self._tracks]
        self._tracks = [self._seen(track, face) for track, face in followed if face is not None]
        self._since_search += 1
        if not self._tracks or self._since_search >= self._detect_every:
            self._search(frame)
        return [self._result(track) for track in self._tracks]

    def reset(self) -> None:
        """Forget all faces, as at a cut; ids go on."""
        self._tracks = []
        self._since_search = self._detect_every

    def _advance(self, timestamp_s: float | None) -> None:
        now = self._now + 1.0 / self._fps if timestamp_s is None else as_number(timestamp_s)
        if not math.isfinite(now):
            raise InputError(f"timestamp_s: expected a number of seconds, got {timestamp_s!r}")
        if self._tracks and now <= self._now:
            raise InputError(f"timestamp_s: expected a time after {self._now}, got {timestamp_s}")
        self._now = now

    def _follow(self, frame: UInt8, track: _Track) -> Face | None:
        try:
            return self._looked(frame, track)
        except InputError:  # the frame is checked: the landmarks went where no crop is
            return None

    def _looked(self, frame: UInt8, track: _Track) -> Face | None:
        first = self._aligner.look_again(frame, track.measured)
        if first is None or disagreement(track.measured, first) <= self._aligner.max_disagreement:
            return first
        second = self._aligner.look_again(frame, first)
        if second is None or disagreement(first, second) > self._aligner.max_disagreement:
            return None
        return second

    def _search(self, frame: UInt8) -> None:
        self._since_search = 0
        for face in self._aligner.predict(frame):
            known = any(face.box.overlap(track.measured.box) > SAME_FACE for track in self._tracks)
            if known or (self._max_faces is not None and len(self._tracks) >= self._max_faces):
                continue
            filters = None
            if self._smoothing is not None:
                filters = LandmarkFilter(self._smoothing), RotationFilter(self._smoothing)
            self._tracks.append(self._seen(_Track(self._next_id, face, filters), face))
            self._next_id += 1

    def _seen(self, track: _Track, face: Face) -> _Track:
        track.measured = face
        track.frames += 1
        return track

    def _result(self, track: _Track) -> TrackedFace:
        seconds, track.last_s = self._now - track.last_s, self._now
        face = track.measured
        if track.filters is not None:
            face = _smoothed(face, track.filters, seconds if math.isfinite(seconds) else 0.0)
        return TrackedFace(track.id, face, track.measured, track.frames)


def _smoothed(face: Face, filters: Filters, seconds: float) -> Face:
    """The face with landmarks and pose filtered."""
    unit = max(face_unit(face), 1e-6)
    landmarks = filters[0](face.landmarks, seconds, unit=unit).astype(np.float32)
    pose = filters[1](face.pose, seconds, unit=TURN)
    return dataclasses.replace(face, landmarks=landmarks, pose=pose, box=BBox.around(landmarks))


def longest_followed(tracked: Sequence[TrackedFace]) -> TrackedFace | None:
    """The face that has been seen in most frames, for programs that care about one; None if there is none."""
    if not isinstance(tracked, Sequence) or not all(isinstance(one, TrackedFace) for one in tracked):
        raise InputError(f"tracked: expected what FaceTracker.update returned, got {tracked!r}")
    return max(tracked, key=lambda t: t.frames, default=None)
