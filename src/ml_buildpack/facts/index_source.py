"""What one place says about where packages come from: indexes, pages of links, logins. Values only.

Addresses and logins may hold secrets, so all of them are wrapped: only `reveal` shows one. Filled by the readers of
configuration files and bindings, weighed against each other in `plan.indexes`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ml_buildpack.facts.bindings import Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """A package index. `url` is as it was written: with `${NAME}` in it, and perhaps with a login.

    `explicit`: uv asks it only for packages that name it.
    """

    url: Secret
    name: str | None = None
    explicit: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexSource:
    """What one place says; what it does not say is empty. `origin` is how a message names the place.

    `find_links` are pages, or directories with their whole path.
    """

    origin: str
    default: Index | None = None
    extra: tuple[Index, ...] = ()
    find_links: tuple[Secret, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    no_index: bool = False

    @property
    def urls(self) -> tuple[Secret, ...]:
        """Every address that is named here."""
        indexes = (*((self.default,) if self.default is not None else ()), *self.extra)
        return (*(index.url for index in indexes), *self.find_links)


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Who to be on a machine. `machine` has no port; None is every machine that has no login of its own."""

    machine: str | None
    user: Secret
    password: Secret
