"""Which photos a command line means, what is said of the others, and where marked pictures go."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import cv2
import pytest

from sdk import InputError, __version__
from sdk.cli import main
from sdk.formats import what_it_is
from sdk.photos import find_photos, picture_names, read_photo

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)


@pytest.fixture
def album(tmp_path, hopper) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.jpg"), hopper)
    return folder


def test_formats_that_opencv_does_not_read_are_named_with_reason_and_fix(album, tmp_path, capsys):
    for name in ("b.heic", "c.HEIC", "d.jxl", "e.NEF"):
        (album / name).write_bytes(HEIC)
    (album / "notes.txt").write_text("no photo")
    assert main(["predict", str(album), "--json", str(tmp_path / "o.json")]) == 0
    error = capsys.readouterr().err
    assert "b.heic and 1 more skipped: OpenCV does not read HEIC. Save it as JPEG first" in error
    assert "d.jxl skipped: OpenCV does not read JPEG XL" in error
    assert "e.NEF skipped: OpenCV does not read cameras' raw data" in error
    assert "notes.txt" not in error
    assert [row["image"] for row in json.loads((tmp_path / "o.json").read_text())] == ["a.jpg"]


def test_a_folder_of_nothing_else_says_so(tmp_path, capsys):
    (tmp_path / "b.heic").write_bytes(HEIC)
    for argument in (str(tmp_path), str(tmp_path / "*.heic")):
        assert main(["predict", argument, "--json"]) == 2
        assert "b.heic skipped: OpenCV does not read HEIC" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", ".gif", ".avif", ".ppm"])
def test_other_photos_of_a_folder_are_read_and_marked(suffix, tmp_path, hopper):
    kind = {".jfif": ".jpg", ".jpe": ".jpg"}.get(suffix, suffix)
    try:
        ok, data = cv2.imencode(kind, hopper)
    except cv2.error:
        ok = False
    if not ok:
        pytest.skip(f"OpenCV {cv2.__version__} does not write {kind}")
    (tmp_path / f"photo{suffix}").write_bytes(data.tobytes())
    out = tmp_path / "marked"
    assert main(["predict", str(tmp_path), "--out", str(out), "--json", str(tmp_path / "o.json")]) == 0
    assert len(json.loads((tmp_path / "o.json").read_text())[0]["faces"]) == 1
    name = "photo.png" if suffix in (".gif", ".avif") else f"photo{suffix}"
    assert [p.name for p in out.iterdir()] == [name]
    assert cv2.imread(str(out / name)).shape == hopper.shape


def test_links_that_lead_nowhere_are_named(album, tmp_path, capsys):
    try:
        (album / "gone.jpg").symlink_to("moved_away.jpg")
    except OSError:
        pytest.skip("this user may make no links here")
    for argument in (str(album), str(album / "*.jpg")):
        assert main(["predict", argument, "--json", str(tmp_path / "o.json")]) == 0
        assert "gone.jpg skipped: a link to a file that is not there" in capsys.readouterr().err


def test_notes_of_macos_are_no_photos(album, tmp_path, capsys):
    (album / "._a.jpg").write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
    table = tmp_path / "o.json"
    for argument in (str(album), str(album / "*.jpg"), str(album / "._*.jpg")):
        status = main(["predict", argument, "--json", str(table)])
        assert status == (2 if "._" in Path(argument).name else 0)
    assert "nothing matches" in capsys.readouterr().err
    assert main(["predict", str(album / "._a.jpg"), "--json"]) == 2
    assert "got what macOS notes about a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("beginning", "words"),
    [
        (b"", "an empty file"),
        (HEIC, "a HEIC: OpenCV does not read HEIC. Save it as JPEG first"),
        (b"\0\0\0\x20ftypavif", "an AVIF, but this OpenCV cannot read it. Upgrade"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avif", "an AVIF"),
        (b"\0\0\0\x20ftypisom", "a video; for these there is asmnet video"),
        (b"GIF89a", "a GIF"),
        (b"\xff\x0a..", "a JPEG XL"),
        (b"\xff\xd8\xff\xe0", "a JPEG that is damaged or cut short"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"hello", "something else; is the file damaged?"),
    ],
)
def test_a_file_that_is_no_photo_is_told_by_how_it_begins(tmp_path, beginning, words):
    assert what_it_is(beginning).startswith(words)
    path = tmp_path / "photo.jpg"  # a photo of a phone keeps its content when it is renamed
    path.write_bytes(beginning)
    with pytest.raises(InputError, match=r"photo\.jpg: expected an image that OpenCV .*, got (an? |some)"):
        read_photo(path)


def denied(*_: object, **__: object) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_a_photo_that_may_not_be_read_is_an_error_in_words(album, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sdk.inputs.open", denied, raising=False)
    assert main(["predict", str(album / "a.jpg"), "--json"]) == 2
    assert "a.jpg: cannot be read (Permission denied); is this user allowed" in capsys.readouterr().err
    assert main(["predict", str(album), "--json", str(tmp_path / "o.json")]) == 2
    assert "a.jpg: cannot be read (Permission denied)" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_photo_without_read_permission(album, capsys):
    (album / "a.jpg").chmod(0)
    assert main(["predict", str(album / "a.jpg"), "--json"]) == 2
    assert "cannot be read (Permission denied)" in capsys.readouterr().err


def test_a_folder_that_may_not_be_read_is_an_error_in_words(album, capsys, monkeypatch):
    monkeypatch.setattr(Path, "iterdir", denied)
    assert main(["predict", str(album), "--json"]) == 2
    assert f"{album}: cannot be read (Permission denied)" in capsys.readouterr().err


def test_a_name_that_is_too_long_is_an_error_in_words(capsys):
    assert main(["predict", "x" * 300 + ".jpg", "--json"]) == 2
    assert "cannot be read (File name too long)" in capsys.readouterr().err


def test_a_picture_larger_than_opencv_allows_is_an_error_in_words(tmp_path, capsys):
    (tmp_path / "vast.ppm").write_bytes(b"P6 1000000 1000000 255\n" + bytes(100))
    assert main(["predict", str(tmp_path / "vast.ppm"), "--json"]) == 2
    assert "vast.ppm: " in capsys.readouterr().err


@pytest.mark.parametrize("there", [True, False])
def test_one_photo_may_go_to_a_folder(album, tmp_path, there):
    out = tmp_path / "marked"
    if there:
        out.mkdir()
    assert main(["predict", str(album / "a.jpg"), "--out", f"{out}{'' if there else '/'}"]) == 0
    assert [p.name for p in out.iterdir()] == ["a.jpg"]


def test_a_jfif_is_written_where_it_is_asked_for(album, tmp_path):
    assert main(["predict", str(album / "a.jpg"), "--out", str(tmp_path / "o.jfif")]) == 0
    assert (tmp_path / "o.jfif").read_bytes().startswith(b"\xff\xd8\xff")


def test_names_of_pictures_do_not_collide():
    names = picture_names([Path("a/x.gif"), Path("a/x.png"), Path("a/x.avif"), Path("b/x.jpg")])
    assert len(set(names)) == 4
    assert all(Path(name).suffix in (".png", ".jpg") for name in names)


def test_photos_are_named_once(album):
    assert find_photos([str(album), str(album / "a.jpg")]).photos == [album / "a.jpg"]


def test_confidence_is_printed_and_a_low_one_is_said(album, tmp_path, capsys, astronaut):
    assert main(["predict", str(album / "a.jpg"), "--out", str(tmp_path / "o.png")]) == 0
    text = capsys.readouterr().out
    assert "confidence 0.9" in text or "confidence 1.0" in text
    assert "do not trust" not in text
    cv2.imwrite(str(tmp_path / "down.png"), cv2.rotate(astronaut, cv2.ROTATE_180))
    main(["predict", str(tmp_path / "down.png"), "--min-score", "0.02", "--out", str(tmp_path / "o.png")])
    lines = [line for line in capsys.readouterr().out.splitlines() if "score" in line]
    assert lines
    assert all((float(line.split("confidence ")[1][:5]) < 0.5) == ("do not trust" in line) for line in lines)
    assert any(", below 0.5: do not trust this face" in line for line in lines)


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"asmnet-edge {__version__}\n"
