"""A `pylock.toml`, or one of its named variants, used as it is: checked for everything that a build needs of it.

Called by the choice between inputs. Source: PEP 751, and `packaging.pylock`, which validates it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from packaging.pylock import (
    Package,
    Pylock,
    PylockUnsupportedVersionError,
    PylockValidationError,
    is_valid_pylock_path,
)

from ml_buildpack.errors import LockMalformed, Mistake, SeveralLocks
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.local_trees import UnusablePathError, check_installable, find_local, read_local_tree
from ml_buildpack.facts.locks.lock_tables import LockTable, header_lines, line_with, raise_mistakes, read_toml_lock
from ml_buildpack.facts.locks.python_bounds import python_request
from ml_buildpack.facts.locks.selection import select_names
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.project_package import ProjectPackage, find_project_package
from ml_buildpack.facts.requirement_reading import RequirementReading
from ml_buildpack.facts.settings import Settings

LOCK = "pylock.toml"
# What wrote the lock is told by `created-by`, and every one of them has a command of its own.
COMMANDS = {
    "pdm": "pdm export --format pylock --output {path}",
    "pip": "python -m pip lock --output {path} .",
    "uv": "uv export --format pylock.toml --output-file {path}",
}
_ANY_COMMAND = COMMANDS["uv"]


def read_pylock(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """None: there is no such file. Raises: SeveralLocks, LockMalformed, InvalidSettings."""
    path = _choose(files, settings)
    if path is None:
        return None
    lock, text = read_toml_lock(files, path, _ANY_COMMAND.format(path=path))
    command = COMMANDS.get((lock.text("created-by") or "").lower(), _ANY_COMMAND).format(path=path)
    raise_mistakes(lock, command)
    lines = header_lines(text, "packages")
    pylock = _parse(lock, lines, command)
    reading = RequirementReading(files=files, mistakes=lock.mistakes)
    reading.add_file(path)
    for package, table in zip(pylock.packages, lock.tables("packages", lines), strict=True):
        _check_package(reading, package, table)
    requests = python_request(lock, "requires-python", line_with(text, "requires-python"))
    raise_mistakes(lock, command)
    # A lock may hold the project; where it does not, it is a lock of the dependencies alone.
    holds_project = any(path == "." for path, _ in reading.trees)
    own = ProjectPackage() if holds_project else find_project_package(files)
    extras, groups = select_names(
        settings, extras=pylock.extras or (), groups=pylock.dependency_groups or (), where=path
    )
    return Dependencies(
        kind=InputKind.PYLOCK,
        path=path,
        requirements=reading.result(),
        pylock=text,
        extras=tuple(sorted(extras)),
        groups=tuple(sorted(groups)),
        project=own.tree,
        python_requests=requests,
        notes=(own.note,) if own.note else (),
    )


def _choose(files: ProjectFiles, settings: Settings) -> str | None:
    """The one that is named, else the one without a name, else the only one."""
    named = [posixpath.normpath(path) for path in settings.requirements]
    named = [path for path in named if is_valid_pylock_path(PurePosixPath(path))]  # type: ignore[arg-type]  # only its name is looked at
    if len(named) > 1:
        raise SeveralLocks(paths=tuple(named))
    if named:
        return named[0]
    present = tuple(file.path for file in files.at_top() if is_valid_pylock_path(PurePosixPath(file.path)))  # type: ignore[arg-type]  # the same
    if LOCK in present:
        return LOCK
    if len(present) > 1:
        raise SeveralLocks(paths=present)
    return present[0] if present else None


def _parse(lock: LockTable, lines: tuple[int, ...], command: str) -> Pylock:
    try:
        pylock = Pylock.from_dict(lock.content)
        pylock.validate()
    except PylockUnsupportedVersionError as error:
        raise LockMalformed(
            lock=lock.path, mistakes=(Mistake(where=lock.path, detail=f"{error.message}."),), command=command
        ) from error
    except PylockValidationError as error:
        raise LockMalformed(lock=lock.path, mistakes=(_explain(lock, lines, error),), command=command) from error
    return pylock


def _explain(lock: LockTable, lines: tuple[int, ...], error: PylockValidationError) -> Mistake:
    """The mistake with its place: `packages[3].wheels[0]` stands below the fourth package."""
    context = error.context or ""
    index, _, _ = context.removeprefix("packages[").partition("]")
    is_package = context.startswith("packages[") and index.isdecimal() and int(index) < len(lines)
    line = lines[int(index)] if is_package else None
    return Mistake(where=lock.path, line=line, text=context, detail=f"{error.message}.")


def _check_package(reading: RequirementReading, package: Package, table: LockTable) -> None:
    """Nothing, where a build can install that package; else its mistakes."""
    if package.vcs is not None and (package.vcs.type != "git" or not package.vcs.url):
        table.refuse(
            f"Only git repositories with an address can be installed from, and this is one of {package.vcs.type}."
        )
    for hashes in _all_hashes(package):
        if "sha256" not in hashes:
            table.refuse("One of its files has no sha256, which is what files are checked by.")
            break
    if package.directory is not None:
        _add_tree(reading, table, package.directory.path, editable=bool(package.directory.editable))
    files = (package.archive, package.sdist, *(package.wheels or ()))
    for file in files:
        if file is not None and file.path:
            _add_tree(reading, table, file.path, editable=False)


def _all_hashes(package: Package) -> Iterator[Mapping[str, str]]:
    for file in (package.archive, package.sdist, *(package.wheels or ())):
        if file is not None:
            yield file.hashes


def _add_tree(reading: RequirementReading, table: LockTable, written: str, *, editable: bool) -> None:
    if posixpath.dirname(table.path):
        # Paths in a lock start at its own directory, and what the lock becomes lies at the top.
        table.refuse(f'"{written}" starts at the directory of the lock. Move {table.path} to the top of the project.')
        return
    root = reading.files.root
    try:
        path = find_local(root, written, ("",))
        check_installable(root, path, editable=editable)
    except UnusablePathError as error:
        table.refuse(str(error), text=written)
        return
    reading.trees[path, editable] = read_local_tree(root, path, editable=editable)
