"""Picture formats that OpenCV does not read: by the suffix of a file, and by how it begins."""

from __future__ import annotations

_HEIC = (
    "OpenCV does not read HEIC. Save it as JPEG first: on an iPhone choose Settings, Camera, Formats, Most "
    "Compatible; on a computer export it, or use heif-convert"
)
_JXL = "OpenCV does not read JPEG XL. Save it as PNG or JPEG first, as with djxl"
_RAW = "OpenCV does not read cameras' raw data. Develop it to JPEG or TIFF first, as with darktable"

UNREAD = {
    **dict.fromkeys((".heic", ".heif", ".hif"), _HEIC),
    ".jxl": _JXL,
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"), _RAW),
}
"""Suffixes of photos that are skipped in a folder: why, and what to do."""

_OLD = "this OpenCV cannot read it. Upgrade opencv-python-headless, or save the photo as JPEG first"

_BEGINNINGS = (
    (b"\x00\x05\x16\x07", "what macOS notes about a file, and no picture"),
    (b"\xff\x0a", f"a JPEG XL: {_JXL}"),
    (b"\x00\x00\x00\x0cJXL ", f"a JPEG XL: {_JXL}"),
    (b"GIF8", f"a GIF, but {_OLD}"),
    (b"\xff\xd8\xff", "a JPEG that is damaged or cut short"),
    (b"\x89PNG", "a PNG that is damaged or cut short"),
    (b"%PDF", "a PDF; save its page as PNG first"),
    (b"<svg", "an SVG; save it as PNG first"),
    (b"<!DOCTYPE", "a web page; was the address that of a page, not of the photo?"),
    (b"<html", "a web page; was the address that of a page, not of the photo?"),
    (b"\x1aE\xdf\xa3", "a video; for these there is asmnet video"),
    (b"version https://git-lfs", "a pointer of Git LFS; run: git lfs pull"),
)
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


def what_it_is(beginning: bytes) -> str:
    """What a file is that OpenCV cannot decode, and what to do about it, from its first 64 bytes."""
    if not beginning:
        return "an empty file"
    if beginning[4:8] == b"ftyp":
        return _of_boxes(beginning)
    for start, words in _BEGINNINGS:
        if beginning.startswith(start):
            return words
    return "something else; is the file damaged?"


def _of_boxes(beginning: bytes) -> str:
    """Of a file of ISO boxes, whose brand is in bytes 8 to 12 and whose compatible brands follow."""
    if b"avif" in beginning or b"avis" in beginning:
        return f"an AVIF, but {_OLD}"
    if beginning[8:12] in _HEIC_BRANDS:
        return f"a HEIC: {_HEIC}"
    if beginning[8:12] == b"crx ":
        return f"raw data: {_RAW}"
    return "a video; for these there is asmnet video"
