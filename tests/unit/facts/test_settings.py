"""Settings: where they may stand, which of two wins, and what is said about those that cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.settings import CondaMode, LibraryCheck, Resolver, Settings, read_settings
from support.projects import write_project

EVERY_KEY = """\
app = "service.main:create_app()"
server = "uvicorn"
requirements = ["base.txt", "extra.txt"]
extras = ["gpu"]
groups = [" serve "]
conda = "rattler"
wheelhouse = "wheels/"
resolver = "pip-tools"
python = "3.12"
library-check = "warn"
apt = ["libgl1", "libstdc++6"]

[model]
slices = false

[processes]
worker = "python -m worker"
"release.1" = "  ./release  "
"""


def every_setting(origin: str) -> Settings:
    """What EVERY_KEY means, read from that file."""
    names = (
        "app", "apt", "conda", "extras", "groups", "library_check", "model_slices", "processes", "python",
        "requirements", "resolver", "server", "wheelhouse",
    )  # fmt: skip
    return Settings(
        app="service.main:create_app()",
        server="uvicorn",
        requirements=("base.txt", "extra.txt"),
        extras=("gpu",),
        groups=("serve",),
        conda=CondaMode.RATTLER,
        wheelhouse="wheels/",
        resolver=Resolver.PIP_TOOLS,
        python="3.12",
        library_check=LibraryCheck.WARN,
        apt=("libgl1", "libstdc++6"),
        model_slices=False,
        processes=(("worker", "python -m worker"), ("release.1", "./release")),
        origins=tuple((name, origin) for name in names),
    )


def test_nothing_set_is_the_defaults(tmp_path: Path) -> None:
    """Every setting has a default that works, so none is required."""
    assert Settings() == read_settings(write_project(tmp_path, {"app.py": ""}), {})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(EVERY_KEY.encode(), id="plain"),
        pytest.param(b"\xef\xbb\xbf" + EVERY_KEY.encode(), id="byte order mark"),
        pytest.param(EVERY_KEY.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(EVERY_KEY.encode("utf-16"), id="UTF-16 of PowerShell"),
    ],
)
def test_own_file_has_the_keys_at_its_top(tmp_path: Path, content: bytes) -> None:
    """Whatever editor wrote it."""
    files = write_project(tmp_path, {"ml-buildpack.toml": content})

    assert every_setting("ml-buildpack.toml") == read_settings(files, {})


def test_pyproject_has_the_same_keys_in_a_table(tmp_path: Path) -> None:
    """One vocabulary, two places, the way of ruff."""
    text = "[tool.ml-buildpack]\n" + re.sub(r"^\[", "[tool.ml-buildpack.", EVERY_KEY, flags=re.MULTILINE)
    files = write_project(tmp_path, {"pyproject.toml": text})

    assert every_setting("pyproject.toml") == read_settings(files, {})


def test_own_file_beside_a_pyproject_without_the_table_is_no_conflict(tmp_path: Path) -> None:
    """Almost every project has a pyproject.toml for other tools."""
    files = write_project(tmp_path, {"ml-buildpack.toml": EVERY_KEY, "pyproject.toml": "[tool.ruff]\n"})

    assert every_setting("ml-buildpack.toml") == read_settings(files, {})


def test_variables_win_and_say_so(tmp_path: Path) -> None:
    """An operator can change one build without touching the project."""
    files = write_project(tmp_path, {"ml-buildpack.toml": 'app = "main:app"\npython = "3.11"\n'})

    assert Settings(
        app="other:app", python="3.11", origins=(("app", "BP_APP"), ("python", "ml-buildpack.toml"))
    ) == read_settings(files, {"BP_APP": " other:app\n"})


def test_origin_tells_which_place_gave_a_setting() -> None:
    """A message about a value can name where to change it."""
    settings = Settings(app="a:b", origins=(("app", "BP_APP"),))

    assert ("BP_APP", None) == (settings.origin_of("app"), settings.origin_of("server"))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({"BP_APP": "m:a"}, Settings(app="m:a", origins=(("app", "BP_APP"),)), id="app"),
        pytest.param({"BP_APP": ""}, Settings(), id="empty is absent"),
        pytest.param({"BP_UPGRADE": " \n"}, Settings(), id="blank is absent"),
        pytest.param(
            {"BP_SERVER": "gunicorn"}, Settings(server="gunicorn", origins=(("server", "BP_SERVER"),)), id="server"
        ),
        pytest.param(
            {"BP_RESOLVER": "uv"}, Settings(resolver=Resolver.UV, origins=(("resolver", "BP_RESOLVER"),)), id="resolver"
        ),
        pytest.param(
            {"BP_REQUIREMENTS": "a.txt, b.txt  c/d.txt"},
            Settings(
                requirements=("a.txt", "b.txt", "c/d.txt"), origins=(("requirements", "BP_REQUIREMENTS"),)
            ),
            id="list by commas and spaces",
        ),
        pytest.param(
            {"BP_EXTRAS": "gpu, all"}, Settings(extras=("gpu", "all"), origins=(("extras", "BP_EXTRAS"),)), id="extras"
        ),
        pytest.param(
            {"BP_GROUPS": "serve"}, Settings(groups=("serve",), origins=(("groups", "BP_GROUPS"),)), id="groups"
        ),
        pytest.param(
            {"BP_CONDA": "translate"},
            Settings(conda=CondaMode.TRANSLATE, origins=(("conda", "BP_CONDA"),)),
            id="conda",
        ),
        pytest.param(
            {"BP_WHEELHOUSE": "/wheels"},
            Settings(wheelhouse="/wheels", origins=(("wheelhouse", "BP_WHEELHOUSE"),)),
            id="wheelhouse",
        ),
        pytest.param({"BP_UPGRADE": "YES"}, Settings(upgrade=True, origins=(("upgrade", "BP_UPGRADE"),)), id="yes"),
        pytest.param({"BP_UPGRADE": "1"}, Settings(upgrade=True, origins=(("upgrade", "BP_UPGRADE"),)), id="1"),
        pytest.param({"BP_UPGRADE": "false"}, Settings(origins=(("upgrade", "BP_UPGRADE"),)), id="false"),
        pytest.param(
            {"BP_PYTHON_VERSION": ">=3.11"},
            Settings(python=">=3.11", origins=(("python", "BP_PYTHON_VERSION"),)),
            id="python",
        ),
        pytest.param({"BP_JVM_VERSION": "21"}, Settings(), id="another buildpack's variable"),
    ],
)  # fmt: skip
def test_variables(tmp_path: Path, variables: dict[str, str], expected: Settings) -> None:
    """Each variable, in the spellings that people use."""
    assert expected == read_settings(write_project(tmp_path, {}), variables)


@pytest.mark.parametrize(
    ("variables", "detail"),
    [
        pytest.param(
            {"BP_APP": "main"}, 'It must be module:attribute, for example "main:app", and is "main".', id="no attribute"
        ),
        pytest.param(
            {"BP_APP": "src/main.py:api"},
            'It must be module:attribute, for example "src.main:api", and is "src/main.py:api".',
            id="a file",
        ),
        pytest.param(
            {"BP_APP": "my-app:app"},
            'It must be module:attribute, for example "main:app", and is "my-app:app".',
            id="no identifier",
        ),
        pytest.param(
            {"BP_SERVER": "gunicon"},
            'It must be one of gunicorn, uvicorn, and is "gunicon". Did you mean "gunicorn"?',
            id="misspelt server",
        ),
        pytest.param(
            {"BP_RESOLVER": "poetry"}, 'It must be one of uv, pip-tools, and is "poetry".', id="unknown resolver"
        ),
        pytest.param({"BP_UPGRADE": "maybe"}, 'It must be true or false, and is "maybe".', id="neither yes nor no"),
        pytest.param({"BP_REQUIREMENTS": ","}, "It is empty. Remove the line to have the default.", id="no names"),
    ],
)
def test_unusable_variables(tmp_path: Path, variables: dict[str, str], detail: str) -> None:
    """The message shows what was found and what would do."""
    ((name, text),) = variables.items()

    with pytest.raises(InvalidSettings) as caught:
        read_settings(write_project(tmp_path, {}), variables)

    assert (Mistake(where=name, text=text, detail=detail),) == caught.value.mistakes


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        pytest.param("python = 3.10", "It must be text in quotes, and is 3.1 (a number).", id="number for a text"),
        pytest.param("app = true", "It must be text in quotes, and is true (a boolean).", id="boolean for a text"),
        pytest.param('app = ""', "It is empty. Remove the line to have the default.", id="empty text"),
        pytest.param(
            "python = 2024-01-01", "It must be text in quotes, and is 2024-01-01 (a date or a time).", id="date"
        ),
        pytest.param(
            'requirements = "a.txt"', 'It must be a list of texts, and is "a.txt" (a text).', id="text for a list"
        ),
        pytest.param(
            'requirements = ["a.txt", 3, ""]',
            "It must be a list of texts, and holds 3 (a number), an empty text.",
            id="number in a list",
        ),
        pytest.param("requirements = []", "It is empty. Remove the line to have the default.", id="empty list"),
        pytest.param(
            'processes = ["x"]', "It must be a table of commands by process name, and is a list.", id="list for a table"
        ),
        pytest.param(
            'processes = { "a b" = "x", c = 1 }',
            "It must have names of letters, digits, dots, dashes and underscores, and commands that are texts; "
            'it has "a b" = "x" (a text), "c" = 1 (a number).',
            id="unusable processes",
        ),
        pytest.param(
            'requirments = ["a.txt"]',
            'There is no setting "requirments". Did you mean "requirements"?',
            id="misspelt key",
        ),
        pytest.param("colour = 1", 'There is no setting "colour".', id="unknown key"),
        pytest.param(
            "upgrade = true",
            "This is asked for once, with the variable BP_UPGRADE, and cannot stand in a file.",
            id="only a variable",
        ),
    ],
)
def test_unusable_keys(tmp_path: Path, line: str, detail: str) -> None:
    """In both files, with the line."""
    own = write_project(tmp_path / "own", {"ml-buildpack.toml": f"# ours\n{line}\n"})
    shared = write_project(tmp_path / "shared", {"pyproject.toml": f"{line}\n[tool.ml-buildpack]\n{line}\n"})

    with pytest.raises(InvalidSettings) as own_error:
        read_settings(own, {})
    with pytest.raises(InvalidSettings) as shared_error:
        read_settings(shared, {})

    assert (Mistake(where="ml-buildpack.toml", line=2, text=line, detail=detail),) == own_error.value.mistakes
    assert (Mistake(where="pyproject.toml", line=3, text=line, detail=detail),) == shared_error.value.mistakes


@pytest.mark.parametrize(
    ("files", "mistakes"),
    [
        pytest.param(
            {"ml-buildpack.toml": "", "pyproject.toml": '[tool.ml-buildpack]\napp = "a:b"\n'},
            (
                Mistake(
                    where="pyproject.toml",
                    text="[tool.ml-buildpack]",
                    detail="ml-buildpack.toml has settings too. Keep them in one place and remove the other.",
                ),
            ),
            id="two places",
        ),
        pytest.param(
            {"ml-buildpack.toml": "[tool.ml-buildpack]\n"},
            (
                Mistake(
                    where="ml-buildpack.toml",
                    line=None,
                    text="tool",
                    detail="In ml-buildpack.toml the keys stand at the top, without [tool.ml-buildpack].",
                ),
            ),
            id="pyproject's table in our own file",
        ),
        pytest.param(
            {"pyproject.toml": "[tool]\nml-buildpack = 3\n"},
            (
                Mistake(
                    where="pyproject.toml",
                    line=2,
                    text="ml-buildpack",
                    detail="It must be a table, [tool.ml-buildpack], and is 3 (a number).",
                ),
            ),
            id="no table",
        ),
        pytest.param(
            {"pyproject.toml": '[tool.ml-buildpack.model]\nslices = "no"\nslizes = true\n'},
            (
                Mistake(
                    where="pyproject.toml",
                    line=2,
                    text='slices = "no"',
                    detail='It must be true or false, without quotes, and is "no" (a text).',
                ),
                Mistake(
                    where="pyproject.toml",
                    line=3,
                    text="slizes = true",
                    detail='There is no setting "model.slizes". Did you mean "model.slices"?',
                ),
            ),
            id="in a table of the settings",
        ),
        pytest.param(
            {"ml-buildpack.toml": "app = main:app\n"},
            (
                Mistake(
                    where="ml-buildpack.toml", line=1, text="app = main:app", detail="This is not TOML: Invalid value."
                ),
            ),
            id="not TOML",
        ),
        pytest.param(
            {"ml-buildpack.toml": b"app = '\xfc'\n"},
            (Mistake(where="ml-buildpack.toml", detail="Byte 7 (0xfc) is not UTF-8: invalid start byte."),),
            id="not UTF-8",
        ),
        pytest.param(
            {"pyproject.toml": "[tool.ml-buildpack.processes]\n'a b' = 'x'\n"},
            (
                Mistake(
                    where="pyproject.toml",
                    line=1,
                    text="[tool.ml-buildpack.processes]",
                    detail="It must have names of letters, digits, dots, dashes and underscores, and commands that are "
                    'texts; it has "a b" = "x" (a text).',
                ),
            ),
            id="a table of its own has a line too",
        ),
    ],
)
def test_unusable_files(tmp_path: Path, files: dict[str, str | bytes], mistakes: tuple[Mistake, ...]) -> None:
    """A file that cannot be used is a mistake like any other."""
    with pytest.raises(InvalidSettings) as caught:
        read_settings(write_project(tmp_path, files), {})

    assert mistakes == caught.value.mistakes


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """One build shows everything that is to be corrected, and a variable that wins hides nothing."""
    files = write_project(tmp_path, {"ml-buildpack.toml": "app = 1\nserver = 2\n"})

    with pytest.raises(InvalidSettings) as caught:
        read_settings(files, {"BP_APP": "main:app", "BP_RESOLVER": "pip"})

    assert [("ml-buildpack.toml", 1), ("ml-buildpack.toml", 2), ("BP_RESOLVER", None)] == [
        (mistake.where, mistake.line) for mistake in caught.value.mistakes
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2GB", 2 * 10**9), ("1.5 mb", 1_500_000), ("0B", 0), ("7 KB", 7_000), ("1TB", 10**12)],
)
def test_sizes_have_units(tmp_path: Path, text: str, expected: int) -> None:
    """Decimal ones, as registries and indexes have them."""
    project = write_project(tmp_path, {"app.py": ""})

    assert expected == read_settings(project, {"BP_WHEEL_CACHE_MAX": text}).wheel_cache_max


@pytest.mark.parametrize("text", ["2", "GB", "-1GB", "2 GiB", "1,5GB", "all"])
def test_size_without_a_unit_is_a_mistake(tmp_path: Path, text: str) -> None:
    """Whoever writes `2` may mean anything."""
    with pytest.raises(InvalidSettings) as raised:
        read_settings(write_project(tmp_path, {"app.py": ""}), {"BP_WHEEL_CACHE_MAX": text})

    detail = f'It must be a number with a unit (B, KB, MB, GB or TB), as in "2GB", and is "{text}".'
    assert (Mistake(where="BP_WHEEL_CACHE_MAX", text=text, detail=detail),) == raised.value.mistakes
