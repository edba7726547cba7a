"""Package indexes of Poetry and PDM, in the order in which they are asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.package_sources import PackageSources, read_pdm_sources, read_poetry_sources
from ml_buildpack.facts.requirements_text import OptionLine
from ml_buildpack.facts.toml_files import TomlFile, read_toml
from support.projects import write_project

PYPI = "https://pypi.org/simple"
OURS = "https://ours.example/simple"
CPU = "https://cpu.example/whl"


def parsed(root: Path, text: str) -> TomlFile:
    """A pyproject.toml of that text."""
    file = read_toml(write_project(root, {"pyproject.toml": text}), "pyproject.toml")
    assert isinstance(file, TomlFile)
    return file


def source(tool: str, **keys: str) -> str:
    """One source."""
    return f"[[tool.{tool}.source]]\n" + "".join(f'{key} = "{value}"\n' for key, value in keys.items())


def asked(*options: tuple[str, str]) -> tuple[OptionLine, ...]:
    """Options that stand where the first source does."""
    return tuple(OptionLine(path="pyproject.toml", line=1, option=option, value=value) for option, value in options)


@pytest.mark.parametrize(
    ("text", "urls", "options"),
    [
        pytest.param("", {}, (), id="none"),
        pytest.param(
            source("poetry", name="ours", url=OURS), {"ours": OURS}, (("--index-url", OURS),), id="takes PyPI's place"
        ),
        pytest.param(
            source("poetry", name="ours", url=OURS) + source("poetry", name="PyPI"),
            {"ours": OURS},
            (("--index-url", PYPI), ("--extra-index-url", OURS)),
            id="before PyPI, which is named",
        ),
        pytest.param(
            source("poetry", name="ours", url=OURS, priority="supplemental"),
            {"ours": OURS},
            (("--index-url", OURS), ("--extra-index-url", PYPI)),
            id="behind PyPI",
        ),
        pytest.param(
            source("poetry", name="cpu", url=CPU, priority="explicit"), {"cpu": CPU}, (), id="for packages that name it"
        ),
        pytest.param(
            source("poetry", name="ours", url=OURS) + source("poetry", name="old", url=CPU, priority="default"),
            {"ours": OURS, "old": CPU},
            (("--index-url", OURS), ("--extra-index-url", CPU)),
            id="Poetry 1's default comes first",
        ),
    ],
)
def test_poetry(tmp_path: Path, text: str, urls: dict[str, str], options: tuple[tuple[str, str], ...]) -> None:
    """Each priority."""
    assert PackageSources(urls={"pypi": PYPI, **urls}, options=asked(*options)) == read_poetry_sources(
        parsed(tmp_path, text)
    )


def test_poetry_index_of_a_package_has_no_credentials(tmp_path: Path) -> None:
    """That address is written into the lock."""
    url = "https://user:secret@ours.example/simple"
    text = source("poetry", name="Ours", url=url, priority="explicit")

    assert {"pypi": PYPI, "ours": OURS} == read_poetry_sources(parsed(tmp_path, text)).urls


@pytest.mark.parametrize(
    ("text", "urls", "options"),
    [
        pytest.param("", {"pypi": PYPI}, (), id="none"),
        pytest.param(
            source("pdm", name="ours", url=OURS),
            {"pypi": PYPI, "ours": OURS},
            (("--index-url", OURS), ("--extra-index-url", PYPI)),
            id="behind PyPI",
        ),
        pytest.param(source("pdm", name="pypi", url=OURS), {"pypi": OURS}, (("--index-url", OURS),), id="in its place"),
        pytest.param(
            source("pdm", name="w", url="https://x/wheels", type="find_links"),
            {"pypi": PYPI},
            (("--find-links", "https://x/wheels"),),
            id="a page of links",
        ),
    ],
)
def test_pdm(tmp_path: Path, text: str, urls: dict[str, str], options: tuple[tuple[str, str], ...]) -> None:
    """Each kind."""
    assert PackageSources(urls=urls, options=asked(*options)) == read_pdm_sources(parsed(tmp_path, text))


def test_mistakes_name_the_source(tmp_path: Path) -> None:
    """An address that is missing cannot be guessed."""
    poetry = read_poetry_sources(parsed(tmp_path, '\n[[tool.poetry.source]]\nname = "ours"\n'))
    pdm = read_pdm_sources(parsed(tmp_path, '[[tool.pdm.source]]\nname = "ours"\n'))

    assert (
        (
            Mistake(
                where="pyproject.toml",
                line=3,
                text='name = "ours"',
                detail="A source has a name, an address and perhaps a priority: primary, supplemental, explicit.",
            ),
        ),
        (Mistake(where="pyproject.toml", line=2, text='name = "ours"', detail="A source has a name and an address."),),
    ) == (poetry.mistakes, pdm.mistakes)
