"""Private indexes: a login is found wherever a user may put one, and afterwards it is nowhere.

Each place of docs/indexes.md gives the same login to the same index. What a build leaves behind (layers, application,
log) is searched for it byte by byte, whether the build succeeded or not.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.contract import BuildResult, ContractPlatform
from support.distributions import Distribution
from support.failing_builds import shown
from support.file_server import Answer, serve_files
from support.flask_project import DISTRIBUTIONS, write_flask_app
from support.forward_proxy import serve_proxy
from support.git_server import serve_repository
from support.local_index import Faults, LocalIndex, serve_index
from support.secure_server import AUTHORITY, SERVER
from support.workplace import TREE

pytestmark = pytest.mark.slow

USER, TOKEN = "reader", "planted-5f1e/Qx@9"
ESCAPED = "planted-5f1e%2FQx%409"
LOGIN = f"{USER}:{ESCAPED}"
PRIVATE = Distribution(name="private-model")
# Prints everything that a build of somebody else's package can see, and fails.
PRINTS_ALL = (
    "import os; raise SystemExit(f'{dict(os.environ)} ' + ' '.join(f'{n}={v}' for n, v in os.environ.items())"
    " + open(os.environ.get('NETRC', os.devnull)).read())"
)
NETRC = f"machine 127.0.0.1 login {USER} password {TOKEN}\n"
NO_RETRIES = {"PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the login stands. All of it may name the private index: `{url}`, `{with_login}`."""

    lines: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    bindings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


EXTRA = {"PIP_EXTRA_INDEX_URL": "{url}"}
PLACES = {
    "a variable": Place(env={"PIP_EXTRA_INDEX_URL": "{with_login}"}),
    "a variable of uv": Place(env={"UV_INDEX": "corp={with_login}"}),
    "variables of a named index": Place(
        env={"UV_INDEX": "corp={url}", "UV_INDEX_CORP_USERNAME": USER, "UV_INDEX_CORP_PASSWORD": TOKEN}
    ),
    "a variable in a line": Place(lines="--extra-index-url {user_and_variable}\n", env={"PRIVATE_PASSWORD": ESCAPED}),
    "a whole address in a variable": Place(lines="--extra-index-url ${{WHERE}}\n", env={"WHERE": "{with_login}"}),
    "netrc in the project": Place(files={"netrc": NETRC}, env=EXTRA),
    "netrc in a binding": Place(env=EXTRA, bindings={"rc": {"type": "netrc", "netrc": NETRC}}),
    "pip.conf in the project": Place(files={"pip.conf": "[global]\nextra-index-url = {with_login}\n"}),
    "pip.conf in a binding": Place(
        bindings={"conf": {"type": "pip", "pip.conf": "[global]\nextra-index-url = {with_login}\n"}}
    ),
    "uv.toml in the project": Place(files={"uv.toml": '[[index]]\nname = "corp"\nurl = "{with_login}"\n'}),
    "a pypi binding": Place(
        bindings={"pypi": {"type": "pypi", "extra-index-url": "{url}", "username": USER, "password": TOKEN}}
    ),
    "a pypi binding for a variable's index": Place(
        env=EXTRA, bindings={"pypi": {"type": "PyPI", "index-url": "{url}", "username": USER, "password": TOKEN}}
    ),
}


@pytest.fixture
def private() -> Iterator[LocalIndex]:
    """An index that wants the login."""
    with serve_index(PRIVATE, faults=Faults(credentials=f"{USER}:{TOKEN}")) as running:
        yield running


@dataclass(frozen=True, kw_only=True, slots=True)
class Builder:
    """Builds an application with a login in some place, from a public and a private index."""

    platform: ContractPlatform
    public: LocalIndex
    private: LocalIndex
    app: Path

    def build(self, place: Place, requirements: str, **env: str) -> BuildResult:
        """One build."""
        write_flask_app(self.app, self._filled(place.lines) + requirements)
        for name, text in place.files.items():
            (self.app / name).write_text(self._filled(text))
        given = {name: self._filled(value) for name, value in place.env.items()}
        # A binding that names an index takes the default one's place, unless a variable does.
        default = {"PIP_INDEX_URL": self.public.url}
        bindings = {
            name: {key: self._filled(value) for key, value in entries.items()}
            for name, entries in place.bindings.items()
        }
        return self.platform.build(self.app, env={**default, **NO_RETRIES, **given, **env}, bindings=bindings)

    def _filled(self, text: str) -> str:
        return text.format(
            url=self.private.url,
            with_login=self.private.url_with(LOGIN),
            user_and_variable=self.private.url_with(f"{USER}:${{PRIVATE_PASSWORD}}"),
        )


@pytest.fixture
def builder(platform: ContractPlatform, index: LocalIndex, private: LocalIndex, tmp_path: Path) -> Builder:
    """Nothing is built so far."""
    return Builder(platform=platform, public=index, private=private, app=tmp_path / "app")


def leaks(platform: ContractPlatform, result: BuildResult) -> list[str]:
    """Where the login can be found after a build, in any form: in the log, and in what becomes of the image."""
    encoded = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
    forms = [form.encode() for form in (TOKEN, ESCAPED, encoded)]
    found = [f"log: {line}" for line in result.output.splitlines() if any(form in line.encode() for form in forms)]
    # A failed build exports nothing, so the application is then what the user gave.
    exported = (platform.app_dir, platform.root / "archives") if result.exit_code == 0 else ()
    for top in (platform.layers_dir, platform.root / "home", *exported):
        files = (path for path in sorted(top.rglob("*")) if path.is_file() and not path.is_symlink())
        found += [str(path) for path in files if any(form in path.read_bytes() for form in forms)]
    return found


def installed(platform: ContractPlatform) -> list[str]:
    """The distributions in the environment of the last build, by name."""
    return sorted(path.name.partition("-")[0] for path in platform.layers_dir.glob("venv/lib/*/*/*.dist-info"))


# One place for each way in which a login reaches the tools: in an address, by a netrc file, in a line.
WAYS = ("a variable", "variables of a named index", "a variable in a line", "netrc in a binding")
EVERY_PLACE = [
    *((name, "uv") for name in PLACES),
    *((name, "pip-tools") for name in WAYS),
]


@pytest.mark.parametrize(("place", "resolver"), EVERY_PLACE)
def test_login_is_found_in_every_place_and_left_in_none(builder: Builder, place: str, resolver: str) -> None:
    """The private package is installed; a file that was only there for the login is not part of the image."""
    result = builder.build(PLACES[place], "flask\nprivate-model\n", BP_RESOLVER=resolver)

    assert 0 == result.exit_code, result.output
    assert ["flask", "gunicorn", "private_model", "werkzeug"] == installed(builder.platform)
    assert [] == leaks(builder.platform, result)


def test_login_in_the_address_of_a_file_is_left_in_no_lock(builder: Builder, private: LocalIndex) -> None:
    """Neither as a password nor as a token in the middle of the path, which no redaction could know."""
    with serve_files() as files:
        files.answers[f"/{ESCAPED}/other-1.0-py3-none-any.whl"] = [Answer(body=Distribution(name="other").wheel())]
        address = private.file_url(PRIVATE.wheel_name).replace("://", f"://{USER}:${{{{PRIVATE_PASSWORD}}}}@")
        other = files.url("/${{PRIVATE_PASSWORD}}/other-1.0-py3-none-any.whl")
        lines = f"private-model @ {address}\nother @ {other}\n"
        result = builder.build(Place(lines=lines, env={"PRIVATE_PASSWORD": ESCAPED}), "flask\n")

    assert 0 == result.exit_code, result.output
    assert {"private_model", "other"} <= set(installed(builder.platform))
    assert "${PRIVATE_PASSWORD}" in (builder.platform.layers_dir / "lock" / "pylock.toml").read_text()
    assert [] == leaks(builder.platform, result)


def test_login_of_a_git_repository_is_left_in_no_lock(builder: Builder, tmp_path: Path) -> None:
    """Git is given it, in a way that it does not write down."""
    tree = {**TREE, "pyproject.toml": TREE["pyproject.toml"].replace('dependencies = ["plain"]', "")}
    with serve_repository(tmp_path / "git", tree, credentials=f"{USER}:{TOKEN}") as url:
        address = url.replace("://", f"://{USER}:${{{{PRIVATE_PASSWORD}}}}@")
        place = Place(lines=f"own-tree @ git+{address}\n", env={"PRIVATE_PASSWORD": ESCAPED})
        result = builder.build(place, "flask\n")

    assert 0 == result.exit_code, result.output
    assert "own_tree" in installed(builder.platform)
    assert [] == leaks(builder.platform, result)


FAILURES = {
    "a login that is refused": ("flask\nprivate-model\n", "ML-NET-002"),
    "a conflict": ("flask\nprivate-model>1\n", "ML-LOCK"),
    "a build that prints what it sees": ("flask\nprints-all\n", "ML-LOCK-004"),
}


@pytest.mark.parametrize("place", WAYS)
@pytest.mark.parametrize(("requirements", "says"), FAILURES.values(), ids=FAILURES)
def test_login_is_not_in_what_a_failed_build_says(
    builder: Builder, index: LocalIndex, place: str, requirements: str, says: str
) -> None:
    """Whatever a tool, or somebody else's program that it runs, printed."""
    if says == "ML-NET-002":
        builder.private.faults = Faults(credentials="somebody:else")
    index.offer(*DISTRIBUTIONS, Distribution(name="prints-all", sdist_only=True, build_guard=PRINTS_ALL))

    result = builder.build(PLACES[place], requirements)

    assert 1 == result.exit_code, result.output
    assert f"[Error {says}" in result.output
    assert [] == leaks(builder.platform, result)


def test_password_in_a_file_that_stays_is_warned_about(builder: Builder) -> None:
    """The build cannot take it out of the application's own file, and can say where it is."""
    result = builder.build(Place(lines="--extra-index-url {with_login}\n"), "flask\nprivate-model\n")

    assert 0 == result.exit_code, result.output
    assert "Warning: requirements.txt:1: a password stands in a file that is part of the image." in result.output
    assert [str(builder.platform.app_dir / "requirements.txt")] == leaks(builder.platform, result)


def test_files_that_hold_logins_are_left_out_and_said(builder: Builder) -> None:
    """They are gone from the application, and the log says why."""
    result = builder.build(PLACES["netrc in the project"], "flask\nprivate-model\n")

    assert "Left out of the image: netrc, which holds logins" in result.output
    assert ["__pycache__", "app.py", "requirements.txt"] == sorted(
        path.name for path in builder.platform.app_dir.iterdir()
    )


def test_private_package_does_not_come_from_an_open_index(builder: Builder, index: LocalIndex) -> None:
    """Somebody uploaded a newer release of its name there."""
    index.offer(*DISTRIBUTIONS, Distribution(name="private-model", version="9.9"))

    result = builder.build(PLACES["a variable"], "flask\nprivate-model\n")

    assert 0 == result.exit_code, result.output
    assert ["private_model-1.0.dist-info"] == [
        path.name for path in builder.platform.layers_dir.glob("venv/lib/*/*/private_model-*.dist-info")
    ]


def test_pip_tools_cannot_bring_a_private_package_from_an_open_index(builder: Builder, index: LocalIndex) -> None:
    """It compares the releases of all indexes; what it chose is refused then, and it is warned about before."""
    index.offer(*DISTRIBUTIONS, Distribution(name="private-model", version="9.9"))

    result = builder.build(PLACES["a variable"], "flask\nprivate-model\n", BP_RESOLVER="pip-tools")

    assert 1 == result.exit_code
    assert "Warning: pip-tools chooses among the versions of all indexes" in result.output
    assert shown("ML-LOCK-014") in result.output
    assert [f"/files/{Distribution(name='private-model', version='9.9').wheel_name}"] != index.files_fetched


def test_user_may_trust_all_indexes_alike(builder: Builder, index: LocalIndex) -> None:
    """As the advice says."""
    index.offer(*DISTRIBUTIONS, Distribution(name="private-model", version="9.9"))

    result = builder.build(
        PLACES["a variable"], "flask\nprivate-model\n", UV_INDEX_STRATEGY="unsafe-best-match", BP_RESOLVER="pip-tools"
    )

    assert 0 == result.exit_code, result.output
    assert [] != list(builder.platform.layers_dir.glob("venv/lib/*/*/private_model-9.9.dist-info"))


@pytest.mark.parametrize("resolver", ["uv", "pip-tools"])
def test_authority_of_a_binding_is_trusted_by_every_tool(
    platform: ContractPlatform, tmp_path: Path, resolver: str
) -> None:
    """The resolvers and the download of files; without it the error names the binding."""
    app = write_flask_app(tmp_path / "app", "flask\n")
    with serve_index(*DISTRIBUTIONS, certificate=SERVER) as secure:
        env = {"PIP_INDEX_URL": secure.url, "BP_RESOLVER": resolver, **NO_RETRIES}
        without = platform.build(app, env=env)
        bindings = {"ca": {"type": "ca-certificates", "root.pem": AUTHORITY.read_text()}}
        result = platform.build(app, env=env, bindings=bindings)

    assert (1, True) == (without.exit_code, shown("ML-NET-004") in without.output)
    assert "bindings/ca/root.pem" in without.output
    assert 0 == result.exit_code, result.output


@pytest.mark.parametrize("resolver", ["uv", "pip-tools"])
def test_proxy_of_the_platform_is_used_by_every_tool(
    platform: ContractPlatform, index: LocalIndex, tmp_path: Path, resolver: str
) -> None:
    """The host does not exist, so only the proxy can have answered, to resolver and download."""
    app = write_flask_app(tmp_path / "app", "flask\n")
    with serve_proxy(port=index.port) as proxy:
        env = {"PIP_INDEX_URL": "http://index.invalid/simple/", "HTTP_PROXY": proxy.url, "NO_PROXY": "other.test",
               "PIP_TRUSTED_HOST": "index.invalid"}  # fmt: skip
        result = platform.build(app, env={**env, "BP_RESOLVER": resolver, **NO_RETRIES})

    assert 0 == result.exit_code, result.output
    assert {"http://index.invalid/simple/flask/", "http://index.invalid/files/flask-3.1.0-py3-none-any.whl"} <= {
        path.partition("?")[0] for path in proxy.asked
    }
