"""Where packages come from, as files and bindings say it: read, not weighed; variables are read in `plan.indexes`.

Files are the project's own (`uv.toml` or `[tool.uv]`, `pip.conf`, `netrc`), those that variables name, and those of the
build image, in this order of precedence within each kind. What they hold is secret until somebody reveals it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.bindings import Binding, Secret
from ml_buildpack.facts.index_bindings import IndexBindings, read_certificates, read_index_bindings
from ml_buildpack.facts.index_source import Index, IndexSource, Login
from ml_buildpack.facts.logins import MalformedNetrcError, read_netrc_text
from ml_buildpack.facts.pip_configuration import MalformedPipConfigurationError, read_pip_configuration
from ml_buildpack.facts.project_files import ProjectFile, ProjectFiles
from ml_buildpack.facts.settings import Settings
from ml_buildpack.facts.text_encoding import NotTextError, decode_text
from ml_buildpack.facts.toml_files import TomlFile, read_toml
from ml_buildpack.facts.uv_configuration import MalformedUvConfigurationError, read_uv_configuration
from ml_buildpack.facts.wheelhouse import Wheelhouse, find_wheelhouse
from ml_buildpack.problems import Problems

__all__ = ["Index", "IndexConfiguration", "IndexSource", "Login", "Secret", "Wheelhouse", "read_index_configuration"]

NETRC_FILES = (".netrc", "netrc", "_netrc")
UV_FILE, PIP_FILE, PYPROJECT_FILE = "uv.toml", "pip.conf", "pyproject.toml"
_IMAGE = Path("/")
_MACHINE_FILES = ("etc/uv/uv.toml", "etc/pip.conf")


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexConfiguration:
    """What was found. `logins` come in their order of precedence.

    `secret_files` are files of the project that are there for their logins and have no place in an image.
    """

    bindings: tuple[IndexSource, ...] = ()
    files: tuple[IndexSource, ...] = ()
    logins: tuple[Login, ...] = ()
    certificates: tuple[str, ...] = ()
    wheelhouse: Wheelhouse | None = None
    secret_files: tuple[str, ...] = ()


def read_index_configuration(
    files: ProjectFiles,
    settings: Settings,
    bindings: tuple[Binding, ...],
    env: Mapping[str, str],
    problems: Problems,
    *,
    image: Path = _IMAGE,
) -> IndexConfiguration:
    """Everything that says where packages come from; what cannot be used is added to `problems`.

    `image` is where the build image's own files lie.
    """
    bound = problems.attempt(lambda: read_index_bindings(bindings)) or IndexBindings()
    certificates = problems.attempt(lambda: read_certificates(bindings)) or ()
    reading = _Reading(files=files, env=env, image=image, mistakes=[])
    found = tuple(reading.sources())
    named, own = reading.logins_of_variable(), tuple(reading.logins_of_project())
    if reading.mistakes:
        problems.errors.append(InvalidSettings(mistakes=tuple(reading.mistakes)))
    return IndexConfiguration(
        bindings=bound.sources,
        files=found,
        logins=(*named, *bound.logins, *own),
        certificates=certificates,
        wheelhouse=problems.attempt(lambda: find_wheelhouse(files, settings)),
        secret_files=tuple(_secret_files(files, found)),
    )


def _secret_files(files: ProjectFiles, found: tuple[IndexSource, ...]) -> Iterator[str]:
    yield from (path for path in NETRC_FILES if path in files)
    for source in found:
        if source.origin in {UV_FILE, PIP_FILE} and any(holds_login(url.reveal()) for url in source.urls):
            yield source.origin


def holds_login(url: str) -> bool:
    """Whether somebody could log in with what stands in this address: a variable's name is no secret."""
    user, _, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
    return any(part and "${" not in part for part in ([password] if password else [user]))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    files: ProjectFiles
    env: Mapping[str, str]
    image: Path
    mistakes: list[Mistake]

    def sources(self) -> Iterator[IndexSource]:
        """What configuration files say, in their order of precedence."""
        reads_pip = self.env.get("PIP_CONFIG_FILE") != os.devnull
        yield from self._file_of_variable("UV_CONFIG_FILE", self._uv)
        yield from self._file_of_variable("PIP_CONFIG_FILE", self._pip) if reads_pip else ()
        if UV_FILE in self.files:
            yield from self._uv(self.files.root / UV_FILE, UV_FILE)
        else:
            yield from self._uv_table_of_pyproject()
        yield from self._pip(self.files.root / PIP_FILE, PIP_FILE) if PIP_FILE in self.files and reads_pip else ()
        uv, pip = (self.image / path for path in _MACHINE_FILES)
        yield from self._uv(uv, str(uv)) if uv.is_file() else ()
        yield from self._pip(pip, str(pip)) if pip.is_file() and reads_pip else ()

    def logins_of_variable(self) -> tuple[Login, ...]:
        """Those of the file that NETRC names."""
        named = self.env.get("NETRC", "").strip()
        # A file that is not there is none, as for every other program that reads this variable.
        return self._netrc(Path(named), "NETRC") if named and Path(named).is_file() else ()

    def logins_of_project(self) -> Iterator[Login]:
        """Those of a netrc file at the top of the project."""
        for path in NETRC_FILES:
            yield from self._netrc(self.files.root / path, path) if path in self.files else ()

    def _file_of_variable(
        self, name: str, read: Callable[[Path, str], tuple[IndexSource, ...]]
    ) -> tuple[IndexSource, ...]:
        named = self.env.get(name, "").strip()
        if not named:
            return ()
        if not Path(named).is_file():
            self.mistakes.append(Mistake(where=name, text=named, detail="There is no such file."))
            return ()
        return read(Path(named), name)

    def _uv(self, path: Path, origin: str) -> tuple[IndexSource, ...]:
        # The reader of TOML files takes files of a project: this one's own directory is as good as one.
        file = read_toml(_one_file(path), path.name)
        if isinstance(file, Mistake):
            # Without the line's text, which may hold a password.
            self.mistakes.append(Mistake(where=origin, line=file.line, detail=file.detail))
            return ()
        return () if file is None else self._uv_table(file, file.document, origin, path.parent)

    def _uv_table_of_pyproject(self) -> tuple[IndexSource, ...]:
        file = read_toml(self.files, PYPROJECT_FILE)
        # That it is no TOML is said where its settings are read.
        table = file.table("tool", "uv") if isinstance(file, TomlFile) else None
        if table is None or not isinstance(file, TomlFile):
            return ()
        return self._uv_table(file, table, PYPROJECT_FILE, self.files.root)

    def _uv_table(
        self, file: TomlFile, table: Mapping[str, object], origin: str, directory: Path
    ) -> tuple[IndexSource, ...]:
        try:
            return (read_uv_configuration(table, origin=origin, directory=directory),)
        except MalformedUvConfigurationError as error:
            line = file.line_of("tool.uv" if origin == PYPROJECT_FILE else "", error.key)
            self.mistakes.append(Mistake(where=origin, line=line, text=error.key, detail=str(error)))
            return ()

    def _pip(self, path: Path, origin: str) -> tuple[IndexSource, ...]:
        text = self._text(path, origin)
        try:
            return () if text is None else (read_pip_configuration(text, origin=origin, directory=path.parent),)
        except MalformedPipConfigurationError as error:
            self.mistakes.append(Mistake(where=origin, line=error.line, detail=str(error)))
            return ()

    def _netrc(self, path: Path, origin: str) -> tuple[Login, ...]:
        text = self._text(path, origin)
        try:
            return () if text is None else read_netrc_text(text)
        except MalformedNetrcError as error:
            self.mistakes.append(Mistake(where=origin, detail=str(error)))
            return ()

    def _text(self, path: Path, origin: str) -> str | None:
        try:
            return decode_text(path.read_bytes())
        except NotTextError as error:
            self.mistakes.append(Mistake(where=origin, detail=str(error)))
        except OSError as error:
            self.mistakes.append(Mistake(where=origin, detail=f"It cannot be read: {error.strerror}."))
        return None


def _one_file(path: Path) -> ProjectFiles:
    return ProjectFiles(root=path.parent, files=(ProjectFile(path=path.name, size_bytes=0),))
