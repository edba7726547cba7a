"""setup.cfg and setup.py as an input: requirements that are plain text, else the file itself for its backend.

Runs nothing. Called by `dependency_choice`, where no pyproject.toml declares dependencies.
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from ml_buildpack.errors import Mistake, RequirementsMalformed
from ml_buildpack.facts.dependencies import Dependencies, InputKind, ProjectSource
from ml_buildpack.facts.locks.selection import select_names
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_lines import MalformedLineError, RequirementLine, read_requirement_line
from ml_buildpack.facts.requirement_reading import RequirementReading
from ml_buildpack.facts.settings import Settings
from ml_buildpack.facts.setuptools_files import (
    SETUP_CFG,
    SETUP_PY,
    SetupCfg,
    read_setup_call,
    read_setup_cfg,
)

_REQUIRES = "install_requires"
_EXTRAS = "options.extras_require"


def read_setup(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """What setuptools' files declare; None where neither says anything of an installation.

    Raises: InvalidSettings for extras that do not exist; RequirementsMalformed.
    """
    cfg = read_setup_cfg(files)
    if isinstance(cfg, Mistake):
        raise RequirementsMalformed(mistakes=(cfg,))
    call = read_setup_call(files)
    # What setup() is given wins over setup.cfg, so the file is an answer only where the call says nothing of it.
    if call is not None and (call.has_more or {_REQUIRES, "extras_require"} & call.given):
        return _source(files, settings, SETUP_PY, "what it installs is decided when it runs, so it is asked")
    if cfg is None or cfg.value("options", _REQUIRES) is None:
        return None
    _check_extras(cfg, settings)
    lists = [cfg.value("options", _REQUIRES) or "", *_chosen_extras(cfg, settings)]
    if any(text.strip().startswith("file:") for text in lists):
        path = SETUP_PY if call is not None else SETUP_CFG
        return _source(files, settings, path, f"{SETUP_CFG} names files with its requirements, so setuptools is asked")
    return _read_plain(files, cfg, lists)


def _source(files: ProjectFiles, settings: Settings, path: str, reason: str) -> Dependencies:
    reading = RequirementReading(files=files)
    reading.add_file(path)
    return Dependencies(
        kind=InputKind.SETUP,
        path=path,
        requirements=reading.result(),
        sources=(ProjectSource(path=path, extras=settings.extras),),
        notes=(f"{path}: {reason}",),
    )


def _read_plain(files: ProjectFiles, cfg: SetupCfg, lists: list[str]) -> Dependencies:
    reading = RequirementReading(files=files)
    reading.add_file(SETUP_CFG)
    read = [_read_line(cfg, written) for text in lists for written in _split(text)]
    reading.mistakes.extend(line for line in read if isinstance(line, Mistake))
    reading.add_lines(line for line in read if isinstance(line, RequirementLine))
    return Dependencies(
        kind=InputKind.SETUP,
        path=SETUP_CFG,
        requirements=reading.result(),
        python_requests=tuple(_python_requests(cfg)),
    )


def _read_line(cfg: SetupCfg, written: str) -> RequirementLine | Mistake:
    line = cfg.line_of(written)
    try:
        return read_requirement_line(path=SETUP_CFG, line=line, text=written, hashes=(), editable=False)
    except MalformedLineError as error:
        return Mistake(where=SETUP_CFG, line=line, text=written, detail=str(error))


def _split(text: str) -> Iterator[str]:
    """The items of a list: on lines of their own, or between semicolons on one line."""
    items = text.splitlines() if "\n" in text else text.split(";")
    yield from (item.strip() for item in items if item.strip() and not item.strip().startswith("#"))


def _chosen_extras(cfg: SetupCfg, settings: Settings) -> list[str]:
    """The list of each chosen extra."""
    chosen = {canonicalize_name(extra) for extra in settings.extras}
    return [cfg.parser.get(_EXTRAS, key) for key in _extras(cfg) if canonicalize_name(key) in chosen]


def _extras(cfg: SetupCfg) -> list[str]:
    return cfg.parser.options(_EXTRAS) if cfg.parser.has_section(_EXTRAS) else []


def _check_extras(cfg: SetupCfg, settings: Settings) -> None:
    """Nothing, where every chosen extra is declared; groups are not setuptools' own, and always unknown."""
    select_names(settings, extras=_extras(cfg), groups=(), where=SETUP_CFG)


def _python_requests(cfg: SetupCfg) -> Iterator[PythonRequest]:
    value = cfg.value("options", "python_requires")
    if value is None:
        return
    try:
        spec = str(SpecifierSet(value))
    except InvalidSpecifier:
        return
    if spec:
        yield PythonRequest(spec=spec, origin=SETUP_CFG, line=cfg.line_of("python_requires"), text=value)
