"""Detectors' files: what is refused, and with which words."""

from __future__ import annotations

import pytest

from sdk import DetectorFile, FaceDetector, ModelFile, ModelFileError
from sdk.detector_file import pack_detector

DETECTOR = DetectorFile.default()
ALIGNER = ModelFile.default()


def repacked(**changes: object) -> bytes:
    table = {**DETECTOR.metadata, **changes}
    return pack_detector(DETECTOR.flatbuffer, table)


def test_pack_and_load_give_everything_back(tmp_path):
    path = tmp_path / "mine.tflite"
    path.write_bytes(repacked())
    again = DetectorFile.load(path)
    assert again.flatbuffer == DETECTOR.flatbuffer
    assert again.metadata == DETECTOR.metadata
    assert again.origin == str(path)


def test_packing_is_reproducible():
    assert repacked() == repacked()


def test_the_shipped_file_says_what_it_is():
    assert DETECTOR.metadata["kind"] == "face_detector"
    assert DETECTOR.metadata["recipe"] == "int8_ptq"
    assert "research" in DETECTOR.metadata["terms"]
    assert len(DETECTOR.flatbuffer) < 400_000


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("input_size", 300, "input_size a multiple of 32"),
        ("input_size", "320", "metadata input_size: expected int"),
        ("min_score", 1.5, "between 0 and 1"),
        ("max_overlap", None, "metadata max_overlap: expected float"),
        ("input_colour", "bgr", "expected input_colour rgb"),
    ],
)
def test_wrong_metadata_is_named(field, value, words):
    with pytest.raises(ModelFileError, match=words):
        repacked(**{field: value})


def test_a_damaged_flatbuffer_is_noticed():
    content = bytearray(repacked())
    content[len(DETECTOR.flatbuffer) // 2] ^= 0xFF
    with pytest.raises(ModelFileError, match="flatbuffer does not match its checksum"):
        DetectorFile.from_bytes(bytes(content))


def test_a_truncated_file_is_refused():
    with pytest.raises(ModelFileError, match="truncated"):
        DetectorFile.from_bytes(repacked()[:-200])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelFileError, match=r"none\.tflite: cannot be read \(No such file"):
        FaceDetector(tmp_path / "none.tflite")


def test_an_aligner_is_no_detector_and_the_other_way_round(tmp_path):
    aligner = ALIGNER.repacked(ALIGNER.metadata)
    with pytest.raises(ModelFileError, match=r"expected a face_detector, got kind 'face_aligner'.*FaceAligner"):
        DetectorFile.from_bytes(aligner)
    with pytest.raises(ModelFileError, match=r"expected a face_aligner, got kind 'face_detector'.*FaceDetector"):
        ModelFile.from_bytes(repacked())
