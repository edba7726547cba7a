"""Where packages come from: every place that says something, weighed once, as variables for uv, pip and git. Pure.

Kind by kind (the index itself, further indexes, pages of links, trusted hosts) the first of these places counts: lines
of requirements, variables, bindings, configuration files. Further indexes of lines and bindings come in addition to
those of variables. Lines win because pip lets them. docs/indexes.md has the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from urllib.parse import quote, urlsplit, urlunsplit

from ml_buildpack.facts.bindings import Secret
from ml_buildpack.facts.dependency_files import Requirements
from ml_buildpack.facts.index_configuration import IndexConfiguration, holds_login
from ml_buildpack.facts.index_source import Index, IndexSource
from ml_buildpack.facts.wheelhouse import Wheelhouse
from ml_buildpack.plan.index_trust import needs_first_index, open_last
from ml_buildpack.plan.secrets import find_secrets, netrc_text
from ml_buildpack.plan.tool_environment import interpolate

__all__ = ["IndexPlan", "Wheelhouse", "asks_an_index", "plan_indexes"]

PYPI = "https://pypi.org/simple"
_OPTIONS = ("--index-url", "--extra-index-url", "--find-links", "--no-index", "--trusted-host")
_YES = frozenset({"1", "y", "yes", "t", "true", "on"})
_STRATEGY = "UV_INDEX_STRATEGY"
_DEFAULT_NAMES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_EXTRA_NAMES = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL")
_LINK_NAMES = ("UV_FIND_LINKS", "PIP_FIND_LINKS")
_TRUSTED_NAMES = ("UV_INSECURE_HOST", "PIP_TRUSTED_HOST")
_ALL_NAMES = (*_DEFAULT_NAMES, *_EXTRA_NAMES, *_LINK_NAMES, *_TRUSTED_NAMES, "PIP_NO_INDEX")
# uv's own way to name an index in a variable: `name=https://…`.
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)=(?P<url>.+)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexPlan:
    """The answer.

    `variables` replace those of the build; an empty one takes a variable away. `secrets` are texts that must never be
    shown or written. `wheelhouse` is set where nothing else is asked. `is_mixed`: somebody's own index is asked beside
    others, so that a package may come only from the first that has it. `warnings` are for the log.
    """

    variables: Mapping[str, str] = field(repr=False)
    netrc: str = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    wheelhouse: Wheelhouse | None
    is_mixed: bool
    warnings: tuple[str, ...]

    def applied_to(self, env: Mapping[str, str]) -> dict[str, str]:
        """The build's variables after this plan."""
        return {name: value for name, value in {**env, **self.variables}.items() if value or name not in self.variables}


def plan_indexes(
    configuration: IndexConfiguration, requirements: Requirements | None, env: Mapping[str, str], *, app_dir: str
) -> IndexPlan:
    """Where packages come from. `env` holds all variables of the build; `app_dir` is where relative paths start."""
    lines = _from_lines(requirements, app_dir)
    chosen = _filled_in(_weigh(lines, _from_variables(env), configuration), env)
    wheelhouse = _usable(configuration.wheelhouse, requirements)
    if wheelhouse is not None:
        links = (Secret(value=wheelhouse.directory), *chosen.find_links)
        chosen = replace(chosen, find_links=links, no_index=True)
    asked = () if chosen.no_index else _in_order(_with_logins(chosen, configuration.bindings, env))
    is_mixed = needs_first_index([index.url.reveal() for index in asked])
    return IndexPlan(
        variables={
            **dict.fromkeys(_ALL_NAMES, ""),
            **_index_variables(asked),
            **_other_variables(chosen),
            **({} if env.get(_STRATEGY) or not is_mixed else {_STRATEGY: "first-index"}),
            # What these files say is said by now; pip would read them a second time.
            "PIP_CONFIG_FILE": "/dev/null",
            "UV_CONFIG_FILE": "",
        },
        netrc=netrc_text(configuration.logins),
        secrets=find_secrets(configuration, requirements, env),
        wheelhouse=wheelhouse,
        is_mixed=is_mixed,
        warnings=tuple(_warnings(configuration, requirements)),
    )


def asks_an_index(configuration: IndexConfiguration, requirements: Requirements, env: Mapping[str, str]) -> bool:
    """Whether packages may come from an index at all, and not only from a directory."""
    places = (_from_lines(requirements, ""), _from_variables(env), *configuration.bindings, *configuration.files)
    return _usable(configuration.wheelhouse, requirements) is None and not any(place.no_index for place in places)


# --- what each place says --------------------------------------------------------------------------------------------


def _from_variables(env: Mapping[str, str]) -> IndexSource:
    """What the variables say; where both tools' names are set, uv's, because uv looks up the files for both."""
    default = _one_of(env, _DEFAULT_NAMES)
    return IndexSource(
        origin="variables",
        default=_named(default) if default else None,
        extra=tuple(map(_named, _one_of(env, _EXTRA_NAMES).split())),
        find_links=tuple(Secret(value=link) for link in re.split(r"[\s,]+", _one_of(env, _LINK_NAMES)) if link),
        trusted_hosts=tuple(_one_of(env, _TRUSTED_NAMES).split()),
        no_index=env.get("PIP_NO_INDEX", "").strip().lower() in _YES,
    )


def _from_lines(requirements: Requirements | None, app_dir: str) -> IndexSource:
    """What the option lines of requirements say; of several default indexes the last, as with pip."""
    values: dict[str, list[str]] = {option: [] for option in _OPTIONS}
    if requirements is not None:
        local = {tree.path for tree in requirements.local_trees}
        for line in requirements.options:
            values.setdefault(line.option, []).append(f"{app_dir}/{line.value}" if line.value in local else line.value)
    defaults = values["--index-url"]
    return IndexSource(
        origin="requirements",
        default=Index(url=Secret(value=defaults[-1])) if defaults else None,
        extra=tuple(Index(url=Secret(value=url)) for url in values["--extra-index-url"]),
        find_links=tuple(Secret(value=link) for link in values["--find-links"]),
        trusted_hosts=tuple(values["--trusted-host"]),
        no_index=bool(values["--no-index"]),
    )


def _one_of(env: Mapping[str, str], names: Iterable[str]) -> str:
    return next((env[name].strip() for name in names if env.get(name, "").strip()), "")


def _named(written: str) -> Index:
    found = _NAMED.fullmatch(written)
    if found is None:
        return Index(url=Secret(value=written))
    return Index(url=Secret(value=found["url"]), name=found["name"])


# --- the places weighed against each other ---------------------------------------------------------------------------


def _weigh(lines: IndexSource, given: IndexSource, configuration: IndexConfiguration) -> IndexSource:
    """One source that says what all of them say together."""
    places = (lines, given, *configuration.bindings, *configuration.files)
    in_files = IndexSource(
        origin="files",
        extra=next((source.extra for source in configuration.files if source.extra), ()),
        find_links=next((source.find_links for source in configuration.files if source.find_links), ()),
    )
    adding = (*configuration.bindings, lines)
    return IndexSource(
        origin="all",
        default=next((source.default for source in places if source.default is not None), None),
        extra=(*(given.extra or in_files.extra), *chain.from_iterable(source.extra for source in adding)),
        find_links=(
            *(given.find_links or in_files.find_links),
            *chain.from_iterable(source.find_links for source in adding),
        ),
        trusted_hosts=next((source.trusted_hosts for source in places if source.trusted_hosts), ()),
        no_index=any(source.no_index for source in places),
    )


def _filled_in(source: IndexSource, env: Mapping[str, str]) -> IndexSource:
    """Variables in the place of `${NAME}`."""

    def filled(secret: Secret) -> Secret:
        return Secret(value=interpolate(secret.reveal(), env))

    default = source.default
    return replace(
        source,
        default=None if default is None else replace(default, url=filled(default.url)),
        extra=tuple(replace(index, url=filled(index.url)) for index in source.extra),
        find_links=tuple(map(filled, source.find_links)),
    )


def _in_order(chosen: IndexSource) -> tuple[Index, ...]:
    """Every index once, as it is asked; none where only PyPI is.

    uv asks further indexes before the default one; an index that is open to everybody comes last, however it is named.
    """
    if chosen.default is None and not chosen.extra:
        return ()
    found: dict[str, Index] = {}
    for index in (*chosen.extra, chosen.default or Index(url=Secret(value=PYPI))):
        if not index.explicit:
            found.setdefault(_place(index.url.reveal()), index)
    indexes = list(found.values())
    return tuple(indexes[position] for position in open_last([index.url.reveal() for index in indexes]))


def _with_logins(chosen: IndexSource, bindings: Sequence[IndexSource], env: Mapping[str, str]) -> IndexSource:
    """The indexes with the logins that a binding has for their host, or that uv's variables have for their name."""
    urls = [url.reveal() for source in bindings for url in source.urls]
    by_host = {_host(url): urlsplit(url).netloc.rpartition("@")[0] for url in urls if holds_login(url)}

    def with_login(index: Index) -> Index:
        parts = urlsplit(index.url.reveal())
        login = _login_by_name(index.name, env) or by_host.get(parts.netloc)
        if "@" in parts.netloc or not login:
            return index
        return replace(index, url=Secret(value=urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))))

    default = chosen.default
    return replace(
        chosen, default=None if default is None else with_login(default), extra=tuple(map(with_login, chosen.extra))
    )


def _login_by_name(name: str | None, env: Mapping[str, str]) -> str:
    if name is None:
        return ""
    variable = "UV_INDEX_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
    user, password = (quote(env.get(f"{variable}_{part}", ""), safe="") for part in ("USERNAME", "PASSWORD"))
    return f"{user}:{password}" if password else user


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _place(url: str) -> str:
    return f"{_host(url)}{urlsplit(url).path.rstrip('/')}"


def _usable(wheelhouse: Wheelhouse | None, requirements: Requirements | None) -> Wheelhouse | None:
    """The wheelhouse, unless it was found by its name alone and requirements use it as an ordinary directory."""
    if wheelhouse is None or wheelhouse.named_by is not None or requirements is None:
        return wheelhouse
    used = any(f"{tree.path}/".startswith(f"{wheelhouse.path}/") for tree in requirements.local_trees)
    return None if used else wheelhouse


# --- the answer as variables -----------------------------------------------------------------------------------------


def _index_variables(asked: Sequence[Index]) -> dict[str, str]:
    if not asked:
        return {}
    *first, last = asked
    return {
        "UV_DEFAULT_INDEX": _uv_name(last),
        "PIP_INDEX_URL": last.url.reveal(),
        "UV_INDEX": " ".join(map(_uv_name, first)),
        "PIP_EXTRA_INDEX_URL": " ".join(index.url.reveal() for index in first),
    }


def _uv_name(index: Index) -> str:
    return index.url.reveal() if index.name is None else f"{index.name}={index.url.reveal()}"


def _other_variables(chosen: IndexSource) -> dict[str, str]:
    links = [link.reveal() for link in chosen.find_links]
    hosts = " ".join(chosen.trusted_hosts)
    return {
        "UV_FIND_LINKS": ",".join(links),
        "PIP_FIND_LINKS": " ".join(links),
        "UV_INSECURE_HOST": hosts,
        "PIP_TRUSTED_HOST": hosts,
        "PIP_NO_INDEX": "1" if chosen.no_index else "",
    }


def _warnings(configuration: IndexConfiguration, requirements: Requirements | None) -> Iterator[str]:
    """What a user should change, in files that stay in the image."""
    places = [
        f"{line.path}:{line.line}"
        for line in (requirements.options if requirements is not None else ())
        if holds_login(line.value)
    ]
    if requirements is not None:
        lines = (*requirements.requirements, *requirements.constraints)
        places += [f"{line.path}:{line.line}" for line in lines if line.url and _is_secret(line.url)]
    places += [
        source.origin
        for source in configuration.files
        if source.origin == "pyproject.toml" and any(holds_login(url.reveal()) for url in source.urls)
    ]
    if places:
        yield (
            f"{', '.join(dict.fromkeys(places))}: a password stands in a file that is part of the image.\n"
            "Write ${NAME} in its place, and give the variable to the build."
        )


def _is_secret(url: str) -> bool:
    # `git@host` names an account that everybody uses.
    return holds_login(url) and urlsplit(url).netloc.rpartition("@")[0] != "git"
