"""Where a project's files say what to compute on: local versions, extras, names of packages, indexes, conda packages.

Reads values and the text of locks; decides nothing. Whether a line counts on this machine, `plan.accelerator` knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from ml_buildpack.facts.accelerator_request import AcceleratorRequest, index_request, wish_of_package, without_login
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.index_configuration import IndexConfiguration
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.requirement_lines import RequirementLine
from ml_buildpack.facts.text_encoding import NotTextError, decode_text

__all__ = ["AcceleratorRequest", "find_accelerator_requests"]

_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS",
              "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS")  # fmt: skip
_LOCK_ENTRY = re.compile(r'^name = "(?P<name>[^"]+)"\s*$')
_LOCK_VERSION = re.compile(r'^version = "(?P<version>[^"]+)"\s*$')


def find_accelerator_requests(
    files: ProjectFiles, dependencies: Dependencies, indexes: IndexConfiguration, env: Mapping[str, str]
) -> tuple[AcceleratorRequest, ...]:
    """Every place that asks for a CPU or for CUDA, in the order in which the files are read."""
    requirements = dependencies.requirements
    return (
        *_in_lines((*requirements.requirements, *requirements.constraints)),
        *_known(index_request(option.path, option.line, option.value) for option in requirements.options),
        *dependencies.accelerators,
        *_in_lock(files, dependencies),
        *_in_indexes(indexes, env),
    )


def _in_lines(lines: Iterable[RequirementLine]) -> Iterator[AcceleratorRequest]:
    for line in lines:
        version = unquote(line.url or "") or re.split(r"[;\s]+;?", line.text.partition(";")[0].strip())[-1]
        asks = wish_of_package(line.name or "", version, line.extras)
        if asks is not None:
            yield AcceleratorRequest(
                path=line.path,
                line=line.line,
                text=without_login(line.text),
                asks=asks,
                package=line.name,
                marker=line.marker,
            )


def _in_indexes(indexes: IndexConfiguration, env: Mapping[str, str]) -> Iterator[AcceleratorRequest]:
    for name in _VARIABLES:
        for address in env.get(name, "").split():
            yield from _known([index_request(name, None, address)])
    for source in (*indexes.files, *indexes.bindings):
        for url in source.urls:
            yield from _known([index_request(source.origin, None, url.reveal())])


def _in_lock(files: ProjectFiles, dependencies: Dependencies) -> Iterator[AcceleratorRequest]:
    """What the entries of a lock in TOML are for, with their lines. Only those that are taken of it may count later."""
    if dependencies.kind not in {InputKind.UV_LOCK, InputKind.PYLOCK} or dependencies.path not in files:
        # The others come line by line.
        return
    try:
        text = decode_text(files.read_bytes(dependencies.path))
    except (OSError, NotTextError):
        return
    name = ""
    for number, line in enumerate(text.splitlines(), start=1):
        entry, version = _LOCK_ENTRY.match(line), _LOCK_VERSION.match(line)
        if entry is not None:
            name = entry["name"]
        asks = wish_of_package(name, version["version"]) if version is not None and name else None
        if asks is not None and version is not None:
            text_of_entry = f"{name} {version['version']}"
            yield AcceleratorRequest(
                path=dependencies.path,
                line=number,
                text=text_of_entry,
                asks=asks,
                package=canonicalize_name(name),
            )


def _known(found: Iterable[AcceleratorRequest | None]) -> Iterator[AcceleratorRequest]:
    return (request for request in found if request is not None)
