"""Say how a new lock differs from the one before."""

from __future__ import annotations

from ml_buildpack.console import Console

# More differences than this are a different environment; the log says how many.
CHANGES_SHOWN_MAX = 12


def say_changes(console: Console, changes: tuple[str, ...]) -> None:
    """One note for each change, up to a limit, or that there is none."""
    for change in changes[:CHANGES_SHOWN_MAX]:
        console.note(change)
    if len(changes) > CHANGES_SHOWN_MAX:
        console.note(f"and {len(changes) - CHANGES_SHOWN_MAX} more")
    if not changes:
        console.note("the same packages as before")
