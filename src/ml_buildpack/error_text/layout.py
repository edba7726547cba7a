"""How a message is put on the screen: 80 columns, no colour, evidence exactly as it was found.

Knows text, not errors. A text is made of lines: one that begins with four spaces is evidence or something to copy and
is left alone; every other line is prose and is wrapped. Called by the renderers of this package.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ml_buildpack.errors import Mistake

# What a log viewer of a CI service shows without scrolling.
WIDTH = 80
EVIDENCE = " " * 4
DETAIL = " " * 8
# More than this hides the message itself; the whole output stands further up in the log.
EVIDENCE_ROWS_MAX = 20
LOG_LINES_MAX = 25

_ANSI_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# A lone carriage return is a progress bar that writes over itself.
_LINE_END = re.compile(r"\r\n?")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorText:
    """A failure in words. `title` carries no id; `footer` is empty where the reader can repair it alone."""

    id: str
    title: str
    body: str
    fixes: tuple[str, ...]
    footer: str
    link: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What one renderer knows: the parts that differ from type to type."""

    title: str
    body: str
    fixes: tuple[str, ...]


def render_text(text: ErrorText) -> str:
    """The whole message, without a newline at its end."""
    parts = [f"[Error {text.id}: {text.title}]", "\n".join(_wrapped(text.body, indent=""))]
    parts.append("\n".join(_numbered(text.fixes)))
    if text.footer:
        parts.append("\n".join(_wrapped(text.footer, indent="")))
    parts.append(f"More: {text.link}")
    return "\n\n".join(part for part in parts if part)


def paragraphs(*parts: str) -> str:
    """The parts that are not empty, with a blank line between them."""
    return "\n\n".join(part for part in parts if part)


def code(*lines: str) -> str:
    """Lines to copy: never wrapped."""
    return "\n".join(f"{EVIDENCE}{line}" for line in lines)


def listing(items: Iterable[str]) -> str:
    """One item per line, cut short with the number of those left out."""
    rows = [printable(item) for item in items]
    return "\n".join(f"{EVIDENCE}{row}" for row in _bounded(rows))


def mistakes_listing(mistakes: Sequence[Mistake]) -> str:
    """Where each mistake stands and what was written, and below it what is wrong with that."""
    shown = mistakes[:EVIDENCE_ROWS_MAX]
    column = max((len(place(mistake)) for mistake in shown), default=0)
    rows: list[str] = []
    for mistake in shown:
        written = shortened(mistake.text, WIDTH - len(EVIDENCE) - column - 3)
        rows.append(f"{EVIDENCE}{place(mistake):{column}}   {written}".rstrip())
        rows.extend(_wrapped(printable(mistake.detail), indent=DETAIL))
    if len(mistakes) > len(shown):
        rows.append(f"{EVIDENCE}... and {len(mistakes) - len(shown)} more")
    return "\n".join(rows)


def place(mistake: Mistake) -> str:
    """`requirements.txt:3`, or the name alone where there is no line."""
    where = printable(mistake.where)
    return where if mistake.line is None else f"{where}:{mistake.line}"


def log_tail(output: str) -> str:
    """The end of what a tool printed, as evidence; empty if it printed nothing."""
    lines = [line.rstrip() for line in printable(output).splitlines()]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return quoted(lines[-LOG_LINES_MAX:])


def quoted(lines: Iterable[str]) -> str:
    """Lines of a tool's output: indented, and broken at spaces only where they are wider than the screen."""
    rows: list[str] = []
    for line in lines:
        rows.extend(
            textwrap.wrap(
                line.expandtabs(4),
                width=WIDTH,
                initial_indent=EVIDENCE,
                subsequent_indent=f"{EVIDENCE}  ",
                break_long_words=False,
                break_on_hyphens=False,
                drop_whitespace=True,
            )
            or [""],
        )
    return "\n".join(rows)


def printable(text: str) -> str:
    """The text without colours, and with a visible mark for every other control character except newline and tab."""
    return _CONTROL_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", _ANSI_SEQUENCE.sub("", _LINE_END.sub("\n", text)))


def shortened(text: str, width: int) -> str:
    """The text on one line of at most that many characters."""
    line = " ".join(printable(text).splitlines())
    # A place that fills the line must not make what stands there vanish.
    width = max(width, 20)
    return line if len(line) <= width else f"{line[: width - 3]}..."


def _bounded(rows: list[str]) -> list[str]:
    if len(rows) <= EVIDENCE_ROWS_MAX:
        return rows
    return [*rows[:EVIDENCE_ROWS_MAX], f"... and {len(rows) - EVIDENCE_ROWS_MAX} more"]


def _numbered(fixes: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for number, fix in enumerate(fixes, start=1):
        mark = f"{number}. "
        first, *rest = _wrapped(fix, indent=" " * len(mark))
        lines.extend((mark + first.lstrip(), *rest))
    return lines


def _wrapped(text: str, *, indent: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith(EVIDENCE):
            lines.append(f"{indent}{line}".rstrip())
        else:
            lines.extend(_wrapped_prose(line, indent) or [""])
    return lines


def _wrapped_prose(line: str, indent: str) -> list[str]:
    return textwrap.wrap(
        line,
        width=WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
