"""The Procfile: what it says, however it was saved, and what cannot be understood in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import MalformedProcfile, Mistake
from ml_buildpack.facts.procfile import ProcfileLine, read_procfile
from support.projects import write_project

WEB = ProcfileLine(type="web", command="gunicorn --bind 0.0.0.0:$PORT main:app", line=1)
WEB_TEXT = "web: gunicorn --bind 0.0.0.0:$PORT main:app\n"

READABLE: list[tuple[str, str | bytes, tuple[ProcfileLine, ...]]] = [
    ("one-line", WEB_TEXT, (WEB,)),
    ("byte-order-mark", b"\xef\xbb\xbf" + WEB_TEXT.encode(), (WEB,)),
    ("utf-16-of-powershell", WEB_TEXT.encode("utf-16"), (WEB,)),
    ("crlf", WEB_TEXT.replace("\n", "\r\n"), (WEB,)),
    ("no-newline-at-the-end", WEB_TEXT.rstrip(), (WEB,)),
    ("space-around", "  web :  gunicorn x:y  \n", (ProcfileLine(type="web", command="gunicorn x:y", line=1),)),
    ("no-space", "web:gunicorn x:y", (ProcfileLine(type="web", command="gunicorn x:y", line=1),)),
    ("comments-and-blank-lines", "# how it runs\n\nweb: a\n", (ProcfileLine(type="web", command="a", line=3),)),
    ("hash-in-command", "web: a --tag '#1'", (ProcfileLine(type="web", command="a --tag '#1'", line=1),)),
    (
        "several",
        "web: a\nworker-2: b\nrelease.all: c\n",
        (
            ProcfileLine(type="web", command="a", line=1),
            ProcfileLine(type="worker-2", command="b", line=2),
            ProcfileLine(type="release.all", command="c", line=3),
        ),
    ),
    ("empty", "", ()),
]


@pytest.mark.parametrize(
    ("content", "expected"), [pytest.param(content, expected, id=name) for name, content, expected in READABLE]
)
def test_each_line_is_a_process(tmp_path: Path, content: str | bytes, expected: tuple[ProcfileLine, ...]) -> None:
    """In the file's order; the editor that saved it does not matter."""
    assert expected == read_procfile(write_project(tmp_path, {"Procfile": content}))


def test_no_file_is_no_process(tmp_path: Path) -> None:
    """Only a file of that very name at the top counts."""
    assert () == read_procfile(write_project(tmp_path, {"deploy/Procfile": "web: a"}))


def test_all_lines_that_cannot_be_understood_are_told_at_once(tmp_path: Path) -> None:
    """Each with its line, its text and what is wrong with it."""
    files = write_project(tmp_path, {"Procfile": "web gunicorn\nworker:\nmy app: b\nok: c\nok: d\n"})

    with pytest.raises(MalformedProcfile) as caught:
        read_procfile(files)

    no_name = '"my app" is no name for a process: use letters, digits, ".", "_" and "-".'
    assert caught.value.mistakes == (
        Mistake(
            where="Procfile",
            line=1,
            text="web gunicorn",
            detail="There is no colon behind the name of the process: write `web: command`.",
        ),
        Mistake(where="Procfile", line=2, text="worker:", detail='There is no command behind "worker:".'),
        Mistake(where="Procfile", line=3, text="my app: b", detail=no_name),
        Mistake(where="Procfile", line=5, text="ok: d", detail='Line 4 has "ok" already.'),
    )


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    """There is no line to point at, so the byte is named."""
    files = write_project(tmp_path, {"Procfile": b"web: caf\xe9"})

    with pytest.raises(MalformedProcfile) as caught:
        read_procfile(files)

    detail = "Byte 8 (0xe9) is not UTF-8: unexpected end of data."
    assert caught.value.mistakes == (Mistake(where="Procfile", detail=detail),)


def test_quotation_mark_that_is_not_closed_is_a_mistake(tmp_path: Path) -> None:
    """A shell would wait for the rest of it, and the container would never start."""
    files = write_project(tmp_path, {"Procfile": "web: echo it's\n"})

    with pytest.raises(MalformedProcfile) as caught:
        read_procfile(files)

    detail = "A quotation mark is not closed."
    assert caught.value.mistakes == (Mistake(where="Procfile", line=1, text="web: echo it's", detail=detail),)
