"""Every text that must not be shown or written, however it came into the build. Pure.

`redaction` knows secrets by what stands around them; these are known by themselves, wherever they turn up: in what a
package's build prints of its environment, in the middle of a path, in base64.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, unquote

from ml_buildpack.facts.dependency_files import Requirements
from ml_buildpack.facts.index_configuration import IndexConfiguration
from ml_buildpack.facts.index_source import Login
from ml_buildpack.plan.tool_environment import interpolate

# Hiding anything shorter would make a log unreadable, and protect nothing.
SECRET_LENGTH_MIN = 4
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_SECRET_NAME = re.compile(r"TOKEN|PASSW|SECRET|KEY|CREDENTIAL|AUTH|_PAT\b|_PWD\b")
_TOOLS = ("PIP_", "UV_", "GIT_", "CARGO_", "TWINE_", "CI_JOB_")
# What services tell their users to write in the place of a password, where the token is the user's name.
_NO_PASSWORDS = frozenset({"", "x", "x-oauth-basic"})
_SPECIAL = re.compile(r'[\s"\\#]')


def find_secrets(
    configuration: IndexConfiguration, requirements: Requirements | None, env: Mapping[str, str]
) -> frozenset[str]:
    """All of them, in every form in which a tool could print one."""
    written = list(written_addresses(configuration, requirements))
    words = (word for value in env.values() for word in re.split(r"[\s,]+", value))
    urls = [*(interpolate(url, env) for url in written), *words]
    logins = [login for url in urls for login in _login_of(url)]
    logins += [(login.user.reveal(), login.password.reveal()) for login in configuration.logins]
    found = {form for user, password in logins for form in _forms(user, password)}
    found |= set(secret_variables(written, env).values())
    found |= {value for name, value in env.items() if name.startswith(_TOOLS) and _SECRET_NAME.search(name)}
    return frozenset(text for text in found if len(text) >= SECRET_LENGTH_MIN)


def secret_variables(written: Iterable[str], env: Mapping[str, str]) -> dict[str, str]:
    """The variables that these texts refer to as `${NAME}` and that are secret by their name."""
    names = {name for text in written for name in _VARIABLE.findall(text) if _SECRET_NAME.search(name)}
    return {name: env[name] for name in sorted(names) if len(env.get(name, "")) >= SECRET_LENGTH_MIN}


def written_addresses(configuration: IndexConfiguration, requirements: Requirements | None) -> Iterator[str]:
    """Every text of files and bindings that may hold an address with a login, as it was written."""
    for source in (*configuration.bindings, *configuration.files):
        yield from (url.reveal() for url in source.urls)
    if requirements is not None:
        yield from (line.text for line in (*requirements.requirements, *requirements.constraints))
        yield from (line.url or "" for line in (*requirements.requirements, *requirements.constraints))
        yield from (option.value for option in requirements.options)


def netrc_text(logins: Iterable[Login]) -> str:
    """One netrc file with all logins, the first for each machine; empty where there are none."""
    lines: dict[str | None, str] = {}
    for login in logins:
        place = "default" if login.machine is None else f"machine {_word(login.machine)}"
        words = f"{place} login {_word(login.user.reveal())} password {_word(login.password.reveal())}\n"
        lines.setdefault(login.machine, words)
    # Readers take the first entry that fits, and `default` fits always.
    return "".join(lines[machine] for machine in sorted(lines, key=lambda machine: machine is None))


def _word(value: str) -> str:
    if value and not _SPECIAL.search(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _login_of(url: str) -> Iterator[tuple[str, str]]:
    found = re.search(r"[A-Za-z][A-Za-z0-9+.-]*://([^\s/?#]+)@", url)
    if found is None or found[1] == "git":
        return
    user, _, password = found[1].partition(":")
    yield unquote(user), unquote(password)


def _forms(user: str, password: str) -> Iterator[str]:
    secret = user if password in _NO_PASSWORDS else password
    yield from (secret, quote(secret, safe=""), quote(secret))
    yield base64.b64encode(f"{user}:{password}".encode()).decode()
