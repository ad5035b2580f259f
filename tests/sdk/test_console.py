"""Standard streams that cost a run nothing."""

from __future__ import annotations

import errno
import io
import sys

import pytest

from sdk import console
from sdk.console import Words, forgiving


def stream(encoding: str, errors: str = "strict") -> tuple[io.BytesIO, io.TextIOWrapper]:
    raw = io.BytesIO()
    return raw, io.TextIOWrapper(raw, encoding=encoding, errors=errors)


@pytest.mark.parametrize(
    ("encoding", "errors", "shown"),
    [
        ("utf-8", "strict", "5° 写 \\udcff".encode()),
        ("utf-8", "surrogateescape", "5° 写 ".encode() + b"\xff"),
        ("cp1252", "strict", b"5\xb0 \\u5199 \\udcff"),
        ("ascii", "strict", b"5\\xb0 \\u5199 \\udcff"),
        ("ascii", "surrogateescape", b"5\\xb0 \\u5199 \\udcff"),
        ("ascii", "replace", b"5? ? ?"),
    ],
)
def test_characters_that_a_stream_lacks_are_escaped(encoding, errors, shown):
    raw, below = stream(encoding, errors)
    words = Words(below)
    print("5° 写 \udcff", end="", file=words, flush=True)
    assert raw.getvalue() == shown
    assert words.error is None


def test_names_of_files_give_a_terminal_no_orders():
    raw, below = stream("utf-8")
    print("\x1b[2Ja\x07\x9b.jpg\tb\r\x1b[K5°", file=Words(below), flush=True)
    assert raw.getvalue() == "\\x1b[2Ja\\x07\\x9b.jpg\tb\r\x1b[K5°\n".encode()


class Broken(io.StringIO):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, text: str) -> int:
        raise OSError(self.number, "gone")


@pytest.mark.parametrize(("number", "lost"), [(errno.EPIPE, ""), (errno.ENOSPC, "gone")])
def test_a_stream_that_fails_is_left_alone(number, lost):
    words = Words(Broken(number))
    for _ in range(3):
        print("a", file=words, flush=True)
    assert words.lost == lost
    assert not words.isatty()


def test_a_stream_that_is_closed_takes_everything(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with forgiving() as out:
        print("a")
        print("b", file=sys.stderr)
        assert not sys.stderr.isatty()
        with pytest.raises(OSError, match="closed"):
            console.results_to_stdout()
    assert out.lost == ""
    assert sys.stdout is None


def test_results_and_messages_do_not_mix(capsys):
    with forgiving():
        print("before")
        console.results_to_stdout().write(b"result\n")
        print("after")
    assert capsys.readouterr() == ("before\nresult\n", "after\n")
    print("as ever")
    assert capsys.readouterr().out == "as ever\n"


def test_libraries_find_what_they_ask_a_stream_for():
    raw, below = stream("utf-8")
    words = Words(below)
    assert (words.encoding, words.buffer, words.errors) == ("utf-8", raw, "strict")
    with pytest.raises(AttributeError):
        _ = words.no_such_thing
