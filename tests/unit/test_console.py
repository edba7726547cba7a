"""What a user reads during a build."""

from __future__ import annotations

import io
import time

import pytest

from ml_buildpack.console import StreamConsole


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that the test sets: its only item is the time."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_every_kind_of_line_has_its_place(clock: list[float]) -> None:
    """Headings at the margin, steps below them, what belongs to a step below that."""
    out = io.StringIO()
    console = StreamConsole(out=out)

    console.heading("Dependencies")
    console.step("Resolving with uv")
    console.note("30 packages\n2 of them new")
    console.stream("warning: from the tool \n")
    console.warning("requirements.txt pins nothing\nLine 1: numpy")
    console.done()

    assert clock == [0.0]
    assert (
        "[Dependencies]\n"
        "  Resolving with uv\n"
        "    30 packages\n"
        "    2 of them new\n"
        "    | warning: from the tool\n"
        "  Warning: requirements.txt pins nothing\n"
        "    Line 1: numpy\n"
    ) == out.getvalue()


def test_a_step_that_took_long_says_how_long(clock: list[float]) -> None:
    """Before the next step or heading, or at the end; each once."""
    out = io.StringIO()
    console = StreamConsole(out=out)

    console.step("one")
    clock[0] += 1.26
    console.step("two")
    clock[0] += 0.5
    console.heading("Next")
    console.step("three")
    clock[0] += 0.49
    console.done()
    console.done()

    assert "  one\n    done in 1.3 s\n  two\n    done in 0.5 s\n[Next]\n  three\n" == out.getvalue()


def test_nothing_is_timed_before_the_first_step(clock: list[float]) -> None:
    """A console may be ended without having said anything."""
    out = io.StringIO()
    clock[0] = 99.0

    StreamConsole(out=out).done()

    assert "" == out.getvalue()


def test_an_empty_note_is_no_line(clock: list[float]) -> None:
    """Tools print nothing at times."""
    out = io.StringIO()

    StreamConsole(out=out).note("")

    assert ([0.0], "") == (clock, out.getvalue())


def test_lines_are_written_at_once() -> None:
    """Build logs are pipes: a line that waits in a buffer comes after the output of the tool that it announces."""
    flushes: list[str] = []

    class Recorder(io.StringIO):
        def flush(self) -> None:
            flushes.append(self.getvalue())

    StreamConsole(out=Recorder()).step("Fetching")

    assert ["  Fetching\n"] == flushes


def test_hidden_texts_are_said_by_no_kind_of_line() -> None:
    """From the moment on that they are known."""
    out = io.StringIO()
    console = StreamConsole(out=out)

    console.note("s3cret")
    console.hide({"s3cret", "s3cret-and-more"})
    console.heading("s3cret")
    console.step("a s3cret")
    console.note("s3cret-and-more\nline")
    console.stream("s3crets3cret")
    console.warning("s3cret")

    expected = "    s3cret\n[***]\n  a ***\n    ***\n    line\n    | ******\n  Warning: ***\n"
    assert expected == out.getvalue()
