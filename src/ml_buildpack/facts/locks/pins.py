"""Packages as a lock pins them, turned into requirement lines that say the same to every installer.

Reads no lock: its readers hand over one package after the other. What a hostile lock could smuggle into a line (spaces,
line breaks, options) is refused here, for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from packaging.utils import InvalidName, NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from ml_buildpack.facts.locks.lock_tables import LockTable
from ml_buildpack.facts.locks.marker_clauses import (
    NEVER,
    Clauses,
    UnusableMarkerError,
    either,
    marker_text,
)
from ml_buildpack.facts.requirement_lines import RequirementLine

_HASH = re.compile(r"(?:md5|sha1|sha224|sha256|sha384|sha512|blake2b):[0-9a-fA-F]{32,128}")
_ARCHIVE_ADDRESS = re.compile(r"https?://[^\s\x00-\x20\x7f]+", re.IGNORECASE)
_GIT_ADDRESS = re.compile(r"(?:https?|ssh|git)://[^\s\x00-\x20\x7f#]+", re.IGNORECASE)
# What git calls an address and URLs do not: `git@github.com:organisation/repository`.
_SSH_SHORTHAND = re.compile(r"(?P<user>[A-Za-z0-9_.-]+)@(?P<host>[A-Za-z0-9_.-]+):(?!//)(?P<path>[^\s#]+)")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
_SUBDIRECTORY = re.compile(r"(?!/)(?!.*\.\.)[^\s#&?\x00-\x20]+")
_OTHER_VERSION_CONTROL = ("hg", "svn", "bzr")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One package: a release of an index, an address, or a path of the project. Exactly one of the three is set."""

    name: NormalizedName
    line: int
    clauses: Clauses
    hashes: tuple[str, ...] = ()
    version: str | None = None
    url: str | None = None
    local_path: str | None = None
    editable: bool = False

    @property
    def source(self) -> tuple[str, str | None, str | None, str | None, bool]:
        """What tells it from other pins; the condition and the hashes do not."""
        return self.name, self.version, self.url, self.local_path, self.editable


@dataclass(kw_only=True, slots=True)
class Pins:
    """The pins of one lock, in its order; the same release under several conditions is one pin under any of them."""

    path: str
    found: dict[tuple[str, str | None, str | None, str | None, bool], Pin] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, table: LockTable, pin: Pin) -> None:
        """One more, unless it is never installed. What cannot be combined is a mistake of the table."""
        if pin.clauses == NEVER:
            return
        before = self.found.get(pin.source, pin)
        try:
            clauses = either(before.clauses, pin.clauses)
        except UnusableMarkerError as error:
            table.refuse(str(error))
            return
        hashes = tuple(dict.fromkeys((*before.hashes, *pin.hashes)))
        self.found[pin.source] = replace(before, clauses=clauses, hashes=hashes)

    def lines(self) -> tuple[RequirementLine, ...]:
        """One requirement per pin."""
        return tuple(self._line(pin) for pin in self.found.values())

    def _line(self, pin: Pin) -> RequirementLine:
        marker = marker_text(pin.clauses)
        if pin.version is not None:
            body = f"{pin.name}=={pin.version}"
        else:
            body = f"{pin.name} @ {pin.url}" if pin.url is not None else f"./{pin.local_path}"
        # Installers of today check sha256; a lock of an old tool, or of an old index, may have md5 only.
        hashes = tuple(sorted(value.lower() for value in pin.hashes if value.startswith("sha256:")))
        if pin.hashes and not hashes:
            what = "its version is obeyed, its file is not checked"
            self.notes.append(f"{self.path} has no sha256 for {pin.name}: {what}")
        return RequirementLine(
            path=self.path,
            line=pin.line,
            text=f"{body} ; {marker}" if marker else body,
            name=pin.name,
            marker=marker,
            hashes=hashes,
            local_path=pin.local_path,
            editable=pin.editable,
            url=pin.url,
        )


def read_name(table: LockTable, name: str) -> NormalizedName:
    """The name in its normal form; a mistake where it is none."""
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName:
        table.refuse(f'"{name}" is not the name of a package.')
        return canonicalize_name("unknown")


def read_version(table: LockTable, version: str) -> str:
    """The version in its normal form; a mistake where it is none."""
    try:
        return str(Version(version))
    except InvalidVersion:
        table.refuse(f'"{version}" is not a version.')
        return "0"


def read_hashes(table: LockTable, hashes: Iterable[str]) -> tuple[str, ...]:
    """The hashes, in their order and once each; a mistake for every one that is none."""
    given = tuple(dict.fromkeys(hashes))
    for value in given:
        if _HASH.fullmatch(value) is None:
            table.refuse(f'"{value}" is not a hash, such as sha256: and 64 hexadecimal digits.')
    return given


def read_archive_address(table: LockTable, url: str, subdirectory: str | None = None) -> str:
    """The address of a file; a mistake where it is none."""
    if _ARCHIVE_ADDRESS.fullmatch(url) is None:
        table.refuse(f'"{url}" is not an address that a file can be fetched from.')
    return url + _fragment(table, subdirectory)


def read_repository(table: LockTable, url: str, commit: str | None, subdirectory: str | None) -> str:
    """The address of a commit of a git repository, as pip has it; a mistake where there is none."""
    address = url.removeprefix("git+")
    shorthand = _SSH_SHORTHAND.fullmatch(address)
    if shorthand is not None and "://" not in address:
        address = f"ssh://{shorthand['user']}@{shorthand['host']}/{shorthand['path']}"
    if _GIT_ADDRESS.fullmatch(address) is None:
        table.refuse(f'"{url}" is not a git repository that the build could fetch from.')
    if commit is None or _COMMIT.fullmatch(commit) is None:
        table.refuse("It names no commit, so it does not say what to install.")
    return f"git+{address}@{commit}{_fragment(table, subdirectory)}"


def refuse_other_version_control(table: LockTable) -> None:
    """A mistake where the package comes from a version control that images cannot be built from."""
    for kind in _OTHER_VERSION_CONTROL:
        if kind in table.content:
            table.refuse(f"Only git repositories can be installed from, and this is one of {kind}.")


def _fragment(table: LockTable, subdirectory: str | None) -> str:
    if not subdirectory:
        return ""
    if _SUBDIRECTORY.fullmatch(subdirectory) is None:
        table.refuse(f'"{subdirectory}" is not a directory of a source tree.')
    return f"#subdirectory={subdirectory}"
