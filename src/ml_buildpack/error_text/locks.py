"""Words for locks that the project ships and that a build cannot obey."""

from __future__ import annotations

import shlex

from ml_buildpack.error_text.layout import Words, code, listing, mistakes_listing, paragraphs
from ml_buildpack.errors import LockMalformed, LockOutOfDate, Mistake, SeveralLocks, SeveralWorkspaceMembers


def lock_malformed(error: LockMalformed) -> Words:
    """Every place that cannot be used, and the command that writes the lock again."""
    return Words(
        title="A lock cannot be understood",
        body=paragraphs(
            f"{error.lock} says which files to install, and it is obeyed exactly or not at all. These places of it, or "
            "of the file that it was made from, cannot be used:",
            mistakes_listing(_sorted(error.mistakes)),
        ),
        fixes=(
            f"Write it again with its own tool where you work, and commit it:\n{code(error.command)}",
            "If it was edited by hand, or merged by version control, take the last version that worked and lock again.",
            "If its tool is newer than this buildpack, lock with the version before, or use a newer buildpack.",
        ),
    )


def lock_out_of_date(error: LockOutOfDate) -> Words:
    """What shows that the lock is of another day than its project."""
    return Words(
        title="The lock does not match its project",
        body=paragraphs(
            f"{error.project} was changed after {error.lock} had been made from it, so installing what is locked would "
            "not be what the project asks for:",
            mistakes_listing(error.evidence),
        ),
        fixes=(
            f"Bring the lock up to date where you work, and commit both files:\n{code(error.command)}",
            f"If the change of {error.project} was not meant, take it back.",
            f"If the lock is not used any more, delete {error.lock}: then versions are chosen during the build.",
        ),
    )


def several_locks(error: SeveralLocks) -> Words:
    """The locks that there are, and how to name one."""
    return Words(
        title="Several locks were found and none was chosen",
        body=paragraphs(
            "Each of these could be installed, and nothing says which one the image is for:", listing(error.paths)
        ),
        fixes=(
            f"Name one: pack build NAME --env BP_REQUIREMENTS={shlex.quote(error.paths[0])}",
            f"Or keep the choice in the project, in pyproject.toml:\n{_setting('requirements', error.paths[0])}",
            "Or call the one for production pylock.toml, which is taken before those that have a name.",
        ),
    )


def several_workspace_members(error: SeveralWorkspaceMembers) -> Words:
    """The members, and how the workspace itself can say which one is meant."""
    first = error.members[0]
    return Words(
        title="A workspace has several projects and none was chosen",
        body=paragraphs(
            f"{error.lock} holds these projects. The pyproject.toml beside it has no [project] of its own that would "
            "say what the image needs:",
            listing(error.members),
        ),
        fixes=(
            "Give the pyproject.toml at the top a [project] that depends on what the image needs, and lock again:\n"
            + code(
                "[project]",
                'name = "image"',
                'version = "0"',
                f'dependencies = ["{first}"]',
                "[tool.uv.sources]",
                f"{first} = {{ workspace = true }}",
            ),
            "Or export the one that is meant, and commit that lock:\n"
            + code(f"uv export --package {shlex.quote(first)} --no-dev -o pylock.toml"),
        ),
    )


def _sorted(mistakes: tuple[Mistake, ...]) -> list[Mistake]:
    return sorted(mistakes, key=lambda mistake: (mistake.where, mistake.line or 0))


def _setting(key: str, value: str) -> str:
    return code("[tool.ml-buildpack]", f'{key} = ["{value}"]')
