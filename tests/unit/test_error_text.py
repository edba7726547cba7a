"""What users read when a build fails: layout, redaction, evidence. The advice is test_error_advice.py.

That each type has words, and that docs/errors.md shows them, is tests/rules/test_error_catalogue.py.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ml_buildpack import errors
from ml_buildpack.error_text import ErrorText, render, render_text, render_unexpected
from ml_buildpack.errors import Blame, BuildpackError, Mistake
from support.error_examples import EXAMPLES

TEXT = ErrorText(
    id="ML-WEB-002",
    title="Two applications were found",
    body="Both of these can be served:\n\n    main.py:7   app",
    fixes=("Name one:\n    app = 'main:app'", "Or delete the other."),
    footer="Ask somebody.",
    link="docs/errors.md#ml-web-002",
)
BY_TYPE = pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)


def rendered(error: BuildpackError) -> str:
    """The whole message."""
    return render_text(render(error))


def test_a_message_has_title_body_numbered_fixes_footer_and_link() -> None:
    """The layout of every message; lines that begin with four spaces stay as they are."""
    expected = """\
[Error ML-WEB-002: Two applications were found]

Both of these can be served:

    main.py:7   app

1. Name one:
       app = 'main:app'
2. Or delete the other.

Ask somebody.

More: docs/errors.md#ml-web-002"""

    assert expected == render_text(TEXT)


def test_a_message_without_a_footer_has_no_gap_for_it() -> None:
    """Most messages are for the user alone."""
    assert "2. Or delete the other.\n\nMore: " in render_text(replace(TEXT, footer=""))


def test_prose_is_wrapped_below_its_number_and_what_is_to_be_copied_is_not() -> None:
    """A command that is broken in two cannot be copied."""
    command = "pack build " + "x" * 100
    lines = render_text(replace(TEXT, fixes=("word " * 30 + "\n    " + command,))).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("1. "))

    assert ["1. word w", "   word w", "       pa"] == [line[:9] for line in lines[first : first + 3]]
    assert lines[first + 2].endswith(command)


@BY_TYPE
def test_a_message_fits_80_columns(error: BuildpackError) -> None:
    """Logs of CI are read in narrow windows."""
    assert [] == [line for line in rendered(error).splitlines() if len(line) > 80]


@BY_TYPE
def test_a_message_offers_something_to_do_and_a_place_to_read(error: BuildpackError) -> None:
    """A message without a next step only annoys."""
    text = render(error)

    assert text.fixes
    assert text.body
    assert f"docs/errors.md#{error.id.lower()}" == text.link


@BY_TYPE
def test_the_footer_depends_on_who_can_repair_it(error: BuildpackError) -> None:
    """A user is not sent to others for the own mistakes, and not blamed for those of others."""
    expected = {
        Blame.USER: "",
        Blame.ENVIRONMENT: "The project itself is not at",
        Blame.BUILDPACK: "This is a fault of the bui",
    }

    assert expected[error.blame] == render(error).footer[: len(expected[error.blame])]
    assert bool(expected[error.blame]) == bool(render(error).footer)


def test_secrets_do_not_reach_a_message() -> None:
    """Whoever raises an error may have forgotten to redact what a tool printed."""
    error = errors.ResolverFailed(
        resolver="uv", log_tail="GET https://bob:s3cret@host/simple\nAuthorization: Basic s3cret"
    )

    assert "s3cret" not in rendered(error)


def test_secrets_in_the_lines_of_a_file_do_not_reach_a_message() -> None:
    """A requirements file may hold an index address with a password."""
    mistake = Mistake(
        where="requirements.txt", line=1, text="--index-url https://bob:s3cret@host", detail="It is no URL."
    )

    assert "s3cret" not in rendered(errors.RequirementsMalformed(mistakes=(mistake,)))


def test_colours_and_control_characters_of_tools_do_not_reach_a_message() -> None:
    """A file or a tool must not be able to rewrite the terminal of the reader."""
    text = rendered(errors.ResolverFailed(resolver="uv", log_tail="\x1b[31merror\x1b[0m: a\x07b\r\nold\rnew"))

    assert "    error: a\N{REPLACEMENT CHARACTER}b\n    old\n    new\n" in text
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text) is None


def test_a_long_log_is_cut_to_its_end() -> None:
    """The cause stands at the end; the whole log stands further up."""
    text = rendered(errors.ResolverFailed(resolver="uv", log_tail="\n".join(f"line {number}" for number in range(100))))

    assert [f"    line {number}" for number in range(75, 100)] == [
        row for row in text.splitlines() if "    line " in row
    ]


def test_many_mistakes_are_counted_instead_of_listed() -> None:
    """A binary file read as requirements must not fill the log."""
    mistakes = tuple(
        Mistake(where="r.txt", line=line, text="?", detail="It is no requirement.") for line in range(1, 31)
    )
    text = rendered(errors.RequirementsMalformed(mistakes=mistakes))

    assert "r.txt:20 " in text
    assert "r.txt:21 " not in text
    assert "    ... and 10 more" in text


def test_a_long_line_of_a_file_is_cut() -> None:
    """A line of hashes has thousands of characters; its beginning is enough to find it."""
    mistake = Mistake(where="r.txt", line=1, text="x" * 500, detail="It is no requirement.")

    assert f"    r.txt:1   {'x' * 63}...\n" in rendered(errors.RequirementsMalformed(mistakes=(mistake,)))


def test_an_unexpected_exception_shows_its_traceback_without_secrets() -> None:
    """A report needs the traceback, and the traceback may quote an address."""
    with pytest.raises(ValueError, match="no scheme") as caught:
        raise ValueError("no scheme in https://bob:s3cret@host")
    text = render_text(render_unexpected(caught.value))

    assert "Traceback (most recent call last):" in text
    assert "ValueError: no scheme in https://***@host" in text
    assert "This is a fault of the buildpack" in text
