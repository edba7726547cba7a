"""Failures to fetch what was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ml_buildpack.errors.root import Blame, BuildpackError


@dataclass(kw_only=True, eq=False)
class DigestMismatch(BuildpackError):
    """A file is not the one that was pinned. `expected` may list several allowed digests."""

    id: ClassVar[str] = "ML-HASH-001"
    file: str
    expected: tuple[str, ...]
    actual: str
    pinned_at: str


@dataclass(kw_only=True, eq=False)
class IndexUnreachable(BuildpackError):
    """A package index or a file's server did not answer. `url` carries no credentials."""

    id: ClassVar[str] = "ML-NET-001"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    url: str
    detail: str


@dataclass(kw_only=True, eq=False)
class IndexUnauthorised(BuildpackError):
    """A package index refused the credentials, or wants some. `url` carries no credentials."""

    id: ClassVar[str] = "ML-NET-002"
    url: str
    status: int


@dataclass(kw_only=True, eq=False)
class DownloadFailed(BuildpackError):
    """A locked file could not be fetched: the server answered, but not with the file."""

    id: ClassVar[str] = "ML-NET-003"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    url: str
    detail: str


@dataclass(kw_only=True, eq=False)
class CertificateRefused(BuildpackError):
    """A server's certificate is signed by nobody whom the build trusts."""

    id: ClassVar[str] = "ML-NET-004"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    url: str
    detail: str


@dataclass(kw_only=True, eq=False)
class HostNotFound(BuildpackError):
    """The name of an index's host leads to no address."""

    id: ClassVar[str] = "ML-NET-005"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    url: str
    host: str
    detail: str


@dataclass(kw_only=True, eq=False)
class ProxyFailed(BuildpackError):
    """The proxy between the build and an address did not do its part. `proxy` is empty where it is not known."""

    id: ClassVar[str] = "ML-NET-006"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    url: str
    proxy: str
    detail: str
