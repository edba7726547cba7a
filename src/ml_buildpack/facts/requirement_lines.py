"""One requirement, as pip reads it: by name, by URL or by path.

Reads no disk and expands no `${NAME}`. Called by `requirements_text`, which has taken comments and options away.
Sources: the "Dependency specifiers" of packaging.python.org; pip 26.3 for paths and bare URLs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from ml_buildpack.facts.requirement_hints import explain_malformed, explain_outside, is_windows_path

_URL = re.compile(r"(?:(?:git|hg|svn|bzr)(?:\+[a-z0-9]+)?|https?|ftp|file|sftp|ssh|lp):", re.IGNORECASE)
_VERSION_CONTROL = re.compile(r"(?:git|hg|svn|bzr)(?:\+[a-z0-9]+)?:", re.IGNORECASE)
_SSH_SHORTHAND = re.compile(r"(?:git\+)?git@")
_NAMED_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*@")
_EXTRAS = re.compile(r"(?P<path>.+?)\s*\[(?P<extras>[^\[\]]+)\]")
_LEADING_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*?)\s*(?=[\[<>=!~;@]|$)")
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lzma")
# The only form that pip and uv expand.
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")


class MalformedLineError(Exception):
    """A line means nothing to pip, or nothing that a build can do. The message is a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequirementLine:
    """One requirement and where it stands.

    `text` is what was written, without comments, hashes and `-e`; `name` is None where neither name nor file name tells
    it. `url` is set for what is fetched from an address, `local_path` for what lies in the project: there relative to
    the application directory, once `dependency_files` has found it. `marker` has no spaces around it.
    """

    path: str
    line: int
    text: str
    name: NormalizedName | None
    extras: tuple[str, ...] = ()
    marker: str | None = None
    hashes: tuple[str, ...] = ()
    local_path: str | None = None
    editable: bool = False
    url: str | None = None

    @property
    def pip_line(self) -> str:
        """The requirement for a resolver that runs in the application directory: one line, without hashes.

        A version-control address is not editable here: an image has no checkout to edit, and uv would refuse it.
        """
        if self.local_path is None and (self.url is None or self.name is None):
            return self.text
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        marker = f" ; {self.marker}" if self.marker else ""
        if self.local_path is None:
            return f"{self.name}{extras} @ {self.url}{marker}"
        path = self.local_path if self.local_path == "." else f"./{self.local_path}"
        return f"{'-e ' if self.editable else ''}{path}{extras}{marker}"


def read_requirement_line(
    *, path: str, line: int, text: str, hashes: tuple[str, ...], editable: bool
) -> RequirementLine:
    """The requirement in that text. Raises: MalformedLineError."""
    parts = _read_editable(text) if editable else _read_parts(text)
    return RequirementLine(
        path=path,
        line=line,
        text=text,
        name=parts.name,
        extras=parts.extras,
        marker=parts.marker,
        hashes=hashes,
        local_path=parts.local_path,
        editable=editable,
        url=parts.url,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    name: NormalizedName | None
    extras: tuple[str, ...] = ()
    marker: str | None = None
    local_path: str | None = None
    url: str | None = None


def _read_parts(text: str) -> _Parts:
    if _SSH_SHORTHAND.match(text) is not None:
        raise MalformedLineError(explain_malformed(text, "This is not an address that pip knows."))
    if _URL.match(text) is not None:
        return _read_bare_url(*_split_marker(text, "; "))
    if _NAMED_REFERENCE.match(text) is not None:
        return _read_specifier(text)
    body, marker = _split_marker(text, ";")
    if "\\" in body or is_windows_path(body):
        raise MalformedLineError(_explain_backslashes(body))
    without_extras, extras = _split_extras(body)
    if "/" in body or body.startswith(".") or without_extras.lower().endswith(_ARCHIVES):
        return _local_parts(without_extras, extras, marker)
    return _read_specifier(text)


def _read_editable(text: str) -> _Parts:
    if _NAMED_REFERENCE.match(text) is not None and _URL.match(text) is None:
        parts = _read_specifier(text)
    elif _VERSION_CONTROL.match(text) is not None or text.lower().startswith("file:"):
        parts = _read_bare_url(*_split_marker(text, "; "))
    elif _URL.match(text) is not None:
        raise MalformedLineError(
            "Only a directory, or an address of a version control such as git+https, can be editable."
        )
    else:
        body, marker = _split_marker(text, " ;")
        if "\\" in body or is_windows_path(body):
            raise MalformedLineError(_explain_backslashes(body))
        parts = _local_parts(*_split_extras(body), marker)
    if parts.url is not None and parts.name is None:
        raise MalformedLineError("Its name is missing. Write name @ address, or put #egg=name behind the address.")
    return parts


def _read_specifier(text: str) -> _Parts:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        return _read_with_variables(text, str(error))
    extras = tuple(sorted(requirement.extras))
    marker = str(requirement.marker) if requirement.marker is not None else None
    name = canonicalize_name(requirement.name)
    address = requirement.url
    if address is not None and _SSH_SHORTHAND.match(address) is not None:
        raise MalformedLineError(explain_malformed(address, "This is not an address that pip knows."))
    if address is None or _is_remote(address):
        return _Parts(name=name, extras=extras, marker=marker, url=address)
    return _Parts(name=name, extras=extras, marker=marker, local_path=_path_of(address))


def _read_with_variables(text: str, message: str) -> _Parts:
    """What can be known of a line that only the value of a variable completes."""
    if _VARIABLE.search(text) is None:
        raise MalformedLineError(explain_malformed(text, message))
    name = _LEADING_NAME.match(_VARIABLE.sub("", text))
    known = name is not None and not text.startswith("${")
    return _Parts(name=canonicalize_name(name.group(1)) if name is not None and known else None)


def _read_bare_url(address: str, marker: str | None) -> _Parts:
    if not _is_remote(address):
        path, extras = _split_extras(_path_of(address))
        return _local_parts(path, extras, marker)
    if _VERSION_CONTROL.match(address) is None and urlsplit(address).path.endswith(".git"):
        raise MalformedLineError(f'pip would download this page as a package. Write "git+{address}".')
    fragments = urlsplit(address).fragment.split("&")
    eggs = [fragment.removeprefix("egg=") for fragment in fragments if fragment.startswith("egg=")]
    if not eggs:
        return _Parts(name=_name_of_file(urlsplit(address).path), marker=marker, url=address)
    egg, extras = _split_extras(unquote(eggs[0]))
    rest = "&".join(fragment for fragment in fragments if not fragment.startswith("egg="))
    url = address.partition("#")[0] + (f"#{rest}" if rest else "")
    return _Parts(name=canonicalize_name(egg), extras=extras, marker=marker, url=url)


def _local_parts(path: str, extras: tuple[str, ...], marker: str | None) -> _Parts:
    return _Parts(name=_name_of_file(path), extras=extras, marker=marker, local_path=path)


def _is_remote(address: str) -> bool:
    # A path whose beginning is a variable cannot be found here; the resolvers expand it.
    is_path = address.lower().startswith("file:") or _URL.match(address) is None
    return not is_path or _VARIABLE.search(address) is not None


def _path_of(address: str) -> str:
    """The path of a `file:` URL, or of the relative path that stands in its place."""
    path = unquote(re.sub(r"^file:(//(localhost(?=/))?)?", "", address, flags=re.IGNORECASE).partition("#")[0])
    if is_windows_path(path):
        raise MalformedLineError(explain_outside(path))
    return path


def _split_marker(text: str, separator: str) -> tuple[str, str | None]:
    body, found, marker = text.partition(separator)
    if not found:
        return text.strip(), None
    try:
        return body.strip(), str(Marker(marker.strip()))
    except InvalidMarker as error:
        raise MalformedLineError(explain_malformed(marker.strip(), f"This is not a marker: {error}")) from error


def _split_extras(text: str) -> tuple[str, tuple[str, ...]]:
    found = _EXTRAS.fullmatch(text)
    if found is None:
        return text, ()
    return found["path"], tuple(sorted(extra.strip() for extra in found["extras"].split(",")))


def _name_of_file(path: str) -> NormalizedName | None:
    filename = unquote(path.rsplit("/", maxsplit=1)[-1])
    if filename.endswith(".whl"):
        try:
            return parse_wheel_filename(filename)[0]
        except InvalidWheelFilename as error:
            raise MalformedLineError(f"{error}.") from error
    try:
        return parse_sdist_filename(filename)[0]
    except InvalidSdistFilename:
        return None


def _explain_backslashes(body: str) -> str:
    if is_windows_path(body):
        return explain_outside(body)
    return f'Write the path with forward slashes: "{body}".'.replace("\\", "/")
