"""Commands: their environment, their output, and what is said when they fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ml_buildpack.apply.commands import CommandResult, check, run
from ml_buildpack.errors import CommandFailed, DiskFull

SH = "/bin/sh"


def test_environment_and_directory_are_exactly_what_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of our own process leaks into a tool."""
    monkeypatch.setenv("LEAKED", "1")
    argv = (SH, "-c", 'echo "$GIVEN:${LEAKED-none}"; pwd')

    expected = CommandResult(argv=argv, exit_code=0, output=f"yes:none\n{tmp_path}\n")
    assert expected == run(argv, env={"GIVEN": "yes"}, cwd=tmp_path)


def test_output_and_errors_keep_their_order(tmp_path: Path) -> None:
    """Standard error belongs to the line before it. Nothing is read from standard input."""
    script = "echo one; echo two >&2; echo three; cat; exit 7"

    result = run((SH, "-c", script), env={"PATH": "/bin:/usr/bin"}, cwd=tmp_path)

    assert (7, "one\ntwo\nthree\n") == (result.exit_code, result.output)


def test_output_in_any_encoding_is_read(tmp_path: Path) -> None:
    """Compilers answer in the locale of their build; a byte that is no UTF-8 is no reason to fail."""
    assert "caf\ufffd\n" == run((SH, "-c", r"printf 'caf\351\n'"), env={}, cwd=tmp_path).output


def test_argument_is_never_read_by_a_shell(tmp_path: Path) -> None:
    """A file name with spaces and dollars is one argument."""
    assert "a b $HOME;\n" == run(("/bin/echo", "a b $HOME;"), env={"HOME": "/x"}, cwd=tmp_path).output


def test_failed_check_shows_the_end_of_the_output_without_credentials(tmp_path: Path) -> None:
    """Thirty lines, which is what a message has room for."""
    script = "for n in $(seq 40); do echo line $n; done; echo https://user:secret@a.test/; exit 3"
    argv = (SH, "-c", script, "https://user:secret@a.test/")

    with pytest.raises(CommandFailed) as raised:
        check(argv, env={"PATH": "/bin:/usr/bin"}, cwd=tmp_path)

    error = raised.value
    lines = [f"line {number}" for number in range(12, 41)]
    assert (3, "\n".join([*lines, "https://***@a.test/"])) == (error.exit_code, error.output_tail)
    assert "secret" not in " ".join(error.argv)


def test_program_that_cannot_be_started_failed_with_127(tmp_path: Path) -> None:
    """As in a shell."""
    with pytest.raises(CommandFailed) as raised:
        run(("/nowhere/tool", "--x"), env={}, cwd=tmp_path)

    error = raised.value
    assert (("/nowhere/tool", "--x"), 127) == (error.argv, error.exit_code)
    assert "No such file" in error.output_tail


def test_check_gives_the_result_of_a_command_that_succeeds(tmp_path: Path) -> None:
    """The usual case."""
    assert "fine\n" == check(("/bin/echo", "fine"), env={}, cwd=tmp_path).output


@pytest.mark.parametrize(
    ("output", "path"),
    [
        ("failed to write to file `/layers/x/a.py`: No space left on device (os error 28)", "/layers/x/a.py"),
        ("OSError: [Errno 28] No space left on device: '/layers/x/a.py'", "{cwd}"),
        ("failed to copy to `/layers/x/a.py`\n  cause: No space left on device (os error 28)", "/layers/x/a.py"),
    ],
)
def test_full_disk_is_not_the_failure_of_the_command(tmp_path: Path, output: str, path: str) -> None:
    """Whichever tool meets it; the file that it names is the place to look at."""
    argv = (sys.executable, "-c", "import sys; print(sys.argv[1]); sys.exit(2)", output)

    with pytest.raises(DiskFull) as raised:
        run(argv, env={}, cwd=tmp_path)

    assert path.format(cwd=tmp_path) == raised.value.path


def test_words_about_a_full_disk_in_the_output_of_a_success_mean_nothing(tmp_path: Path) -> None:
    """A tool may have found room elsewhere."""
    argv = (sys.executable, "-c", "print('No space left on device')")

    assert 0 == run(argv, env={}, cwd=tmp_path).exit_code
