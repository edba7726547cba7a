"""Requirements as they are gathered from files: includes followed, paths found and digested, mistakes collected.

Reads files, decides nothing about versions. Called by `dependency_files` for requirements files and by the readers of
every other kind of input that names packages line by line.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ml_buildpack.errors import Mistake, RequirementsMalformed, RequirementsUnreadable
from ml_buildpack.facts.local_trees import (
    LocalTree,
    UnusablePathError,
    check_installable,
    find_local,
    read_local_tree,
)
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.requirements_text import IncludeLine, Line, OptionLine, RequirementLine, read_requirements_text
from ml_buildpack.facts.spelling import did_you_mean
from ml_buildpack.facts.text_encoding import NotTextError, decode_text_with_cookie
from ml_buildpack.redaction import redact

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True, kw_only=True, slots=True)
class DependencyFile:
    """A file that was read. One file may be there twice: as requirements, and as constraints."""

    path: str
    sha256: str
    constraint: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirements:
    """Everything that was read, in pip's order. `pip_tools_marks` are the signs that this is a pip-tools project."""

    files: tuple[DependencyFile, ...]
    requirements: tuple[RequirementLine, ...]
    constraints: tuple[RequirementLine, ...]
    options: tuple[OptionLine, ...]
    pip_tools_marks: tuple[str, ...]
    local_trees: tuple[LocalTree, ...]


@dataclass(kw_only=True, slots=True)
class RequirementReading:
    """What has been read so far; grows file by file, in pip's order. `texts` are the requirements files' own."""

    files: ProjectFiles
    read: dict[tuple[str, bool], DependencyFile] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    requirements: list[RequirementLine] = field(default_factory=list)
    constraints: list[RequirementLine] = field(default_factory=list)
    options: list[OptionLine] = field(default_factory=list)
    trees: dict[tuple[str, bool], LocalTree] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def read_top(self, named: str) -> None:
        """A file that the user or the default names."""
        try:
            path = find_local(self.files.root, named, ("",))
        except UnusablePathError as error:
            near = did_you_mean(named, (file.path for file in self.files.files if file.path.endswith((".txt", ".in"))))
            detail = str(error) if "Did you mean" in str(error) else str(error) + near
            self.mistakes.append(Mistake(where=named, detail=detail))
            return
        if (self.files.root / path).is_dir():
            self.mistakes.append(Mistake(where=named, detail="It is a directory, not a requirements file."))
            return
        self._read_file(path, constraint=False)

    def _read_file(self, path: str, *, constraint: bool) -> None:
        # Files that include each other are read once, where pip would stop.
        if (path, constraint) in self.read:
            return
        try:
            data = self.files.read_bytes(path)
            text = decode_text_with_cookie(data)
        except NotTextError as error:
            raise RequirementsUnreadable(path=path, detail=str(error)) from error
        except OSError as error:
            raise RequirementsUnreadable(path=path, detail=f"It cannot be read: {error.strerror}.") from error
        sha256 = hashlib.sha256(data).hexdigest()
        self.read[path, constraint] = DependencyFile(path=path, sha256=sha256, constraint=constraint)
        first_time = path not in self.texts
        self.texts[path] = text
        content = read_requirements_text(path, text)
        self.mistakes.extend(content.mistakes if first_time else ())
        self.add_lines(content.lines, constraint=constraint)

    def add_file(self, path: str) -> None:
        """A file that is read by other means, so that it is known among those that decided. Raises: OSError."""
        sha256 = hashlib.sha256(self.files.read_bytes(path)).hexdigest()
        self.read[path, False] = DependencyFile(path=path, sha256=sha256, constraint=False)

    def add_lines(self, lines: Iterable[Line], *, constraint: bool = False) -> None:
        """Lines in pip's format, wherever they stand; paths are found from the project and from their own file."""
        for line in lines:
            match line:
                case IncludeLine():
                    self._read_include(line)
                case OptionLine():
                    self._add_option(line)
                case RequirementLine():
                    self._add_requirement(line, constraint=constraint)

    def result(self, pip_tools_marks: tuple[str, ...] = ()) -> Requirements:
        """Everything that was read. Raises: RequirementsMalformed, with the mistakes of all files."""
        if self.mistakes:
            raise RequirementsMalformed(mistakes=tuple(self.mistakes))
        return Requirements(
            files=tuple(self.read.values()),
            requirements=tuple(self.requirements),
            constraints=tuple(self.constraints),
            options=tuple(self.options),
            pip_tools_marks=pip_tools_marks,
            local_trees=tuple(self.trees[key] for key in sorted(self.trees)),
        )

    def _read_include(self, line: IncludeLine) -> None:
        option = "-c" if line.constraint else "-r"
        text = f"{option} {line.target}"
        try:
            path = self._find_included(line)
        except UnusablePathError as error:
            self._refuse(line, text, error)
        else:
            self._read_file(path, constraint=line.constraint)

    def _find_included(self, line: IncludeLine) -> str:
        target = line.target.removeprefix("file://")
        if _ADDRESS.match(target) is not None:
            what = "A file behind an address can change at any time, so what it asks for cannot be locked."
            raise UnusablePathError(f"{what} Put a copy into the project.")
        if "${" in target:
            raise UnusablePathError("The name of an included file cannot come from a variable.")
        path = find_local(self.files.root, target, (posixpath.dirname(line.path),))
        if not (self.files.root / path).is_file():
            raise UnusablePathError(f'"{path}" is a directory, not a requirements file.')
        return path

    def _add_option(self, line: OptionLine) -> None:
        is_path = line.option == "--find-links" and "${" not in line.value
        value = line.value.removeprefix("file://")
        if not is_path or _ADDRESS.match(value) is not None:
            self.options.append(line)
            return
        try:
            # As pip: from the file's own directory first, unlike a requirement's path.
            path = find_local(self.files.root, value, (posixpath.dirname(line.path), ""))
        except UnusablePathError as error:
            self._refuse(line, f"{line.option} {line.value}", error)
            return
        self.options.append(replace(line, value=path))
        self._add_tree(path, editable=False)

    def _add_requirement(self, line: RequirementLine, *, constraint: bool) -> None:
        try:
            if constraint:
                _check_constraint(line)
            if line.local_path is not None:
                line = self._find_local_requirement(line, line.local_path)
        except UnusablePathError as error:
            self._refuse(line, f"-e {line.text}" if line.editable else line.text, error)
            return
        (self.constraints if constraint else self.requirements).append(line)

    def _find_local_requirement(self, line: RequirementLine, written: str) -> RequirementLine:
        # pip resolves paths from where it runs, which is the project; people also mean the file's own directory.
        path = find_local(self.files.root, written, ("", posixpath.dirname(line.path)))
        check_installable(self.files.root, path, editable=line.editable)
        self._add_tree(path, editable=line.editable)
        return replace(line, local_path=path)

    def _add_tree(self, path: str, *, editable: bool) -> None:
        if (path, editable) in self.trees:
            return
        try:
            self.trees[path, editable] = read_local_tree(self.files.root, path, editable=editable)
        except OSError as error:
            raise RequirementsUnreadable(path=path, detail=f"It cannot be read: {error.strerror}.") from error

    def _refuse(self, line: IncludeLine | OptionLine | RequirementLine, text: str, error: UnusablePathError) -> None:
        self.mistakes.append(Mistake(where=line.path, line=line.line, text=redact(text), detail=redact(str(error))))


def _check_constraint(line: RequirementLine) -> None:
    """Nothing, where pip takes that line as a constraint. Raises: UnusablePathError."""
    if line.editable:
        raise UnusablePathError("A constraint cannot be editable.")
    if line.name is None:
        raise UnusablePathError("A constraint needs the name of a package.")
    if line.extras:
        raise UnusablePathError("A constraint cannot have extras.")
