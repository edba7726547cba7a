"""Whether the project is a package to install: what declares it, what says no, and what no backend could build."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ml_buildpack.facts.local_trees import LocalTree
from ml_buildpack.facts.project_package import ProjectPackage, find_project_package
from support.projects import write_project

SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
POETRY = '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
UV_BUILD = '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n'
FLIT = '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
MATURIN = '[build-system]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n'
NAMED = '[project]\nname = "My.App"\n'
CALL = "from setuptools import setup\n\nsetup({})\n"
NOT_INSTALLED = "the project itself is not installed, only used from its directory: "

_Files = dict[str, str | bytes]


def package_of(root: Path, files: _Files) -> ProjectPackage:
    """What is found of a project of those files."""
    return find_project_package(write_project(root, files))


def test_a_package_is_installed_editable(tmp_path: Path) -> None:
    """Its digest covers what the installation is made from, and no module: changed code installs nothing anew."""
    text = SETUPTOOLS + NAMED
    files: _Files = {"pyproject.toml": text, "my_app/__init__.py": "", "README.md": ""}
    entry = f"{hashlib.sha256(text.encode()).hexdigest()}  pyproject.toml\n"
    tree = LocalTree(path=".", sha256=hashlib.sha256(entry.encode()).hexdigest(), editable=True)

    assert ProjectPackage(tree=tree) == package_of(tmp_path, files)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"pyproject.toml": SETUPTOOLS + NAMED, "src/a/b.py": "", "src/c/d.py": ""}, id="setuptools, src"),
        pytest.param({"pyproject.toml": SETUPTOOLS + NAMED, "app.py": "", "setup.py": ""}, id="setuptools, one module"),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + NAMED, "a/b.py": "", "tests/t.py": "", "x.py": "", "y.py": ""},
            id="setuptools, one package",
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS + NAMED + "[tool.setuptools]\npackages = ['a']\n",
                "a/b.py": "",
                "c/d.py": "",
            },
            id="setuptools, told what",
        ),
        pytest.param(
            {"pyproject.toml": "[build-system]\nrequires = []\n" + NAMED, "a/b.py": ""},
            id="no backend named is setuptools",
        ),
        pytest.param({"pyproject.toml": POETRY + "[tool.poetry]\nname = 'my-app'\n", "my_app/x.py": ""}, id="Poetry"),
        pytest.param(
            {"pyproject.toml": POETRY + "[tool.poetry]\nname = 'x'\npackages = [{include = 'a'}]\n"},
            id="Poetry, told what",
        ),
        pytest.param({"pyproject.toml": HATCHLING + NAMED, "src/my_app/x.py": ""}, id="Hatchling, src"),
        pytest.param(
            {"pyproject.toml": HATCHLING + NAMED + "[tool.hatch.build.targets.wheel]\npackages = ['a']\n"},
            id="Hatchling, told what",
        ),
        pytest.param({"pyproject.toml": UV_BUILD + NAMED, "src/my_app/__init__.py": ""}, id="uv"),
        pytest.param({"pyproject.toml": FLIT + NAMED, "My_App.py": ""}, id="Flit, in the case of its name"),
        pytest.param({"pyproject.toml": MATURIN + NAMED}, id="a backend that is not known to look for modules"),
        pytest.param({"pyproject.toml": NAMED + "[tool.uv]\npackage = true\n", "a/b.py": ""}, id="uv says so"),
        pytest.param({"setup.py": CALL.format("name='x'"), "a/b.py": ""}, id="setup.py"),
        pytest.param({"setup.py": CALL.format("**all"), "a/b.py": "", "c/d.py": ""}, id="setup.py that decides itself"),
        pytest.param(
            {
                "setup.py": CALL.format(""),
                "setup.cfg": "[metadata]\nname = x\n[options]\npy_modules = a\n",
                "a.py": "",
                "b.py": "",
            },
            id="setup.cfg",
        ),
    ],
)
def test_packages(tmp_path: Path, files: _Files) -> None:
    """Each backend, with modules where it looks for them."""
    found = package_of(tmp_path, files)

    assert (".", None) == (found.tree.path if found.tree else None, found.note)


@pytest.mark.parametrize(
    ("files", "note"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"pyproject.toml": NAMED, "a/b.py": ""}, None, id="a name without a backend"),
        pytest.param({"pyproject.toml": SETUPTOOLS, "a/b.py": ""}, None, id="a backend without a name"),
        pytest.param(
            {"setup.cfg": "[metadata]\nname = x\n", "a/b.py": ""}, None, id="setup.cfg alone, which pip ignores"
        ),
        pytest.param({"setup.py": "print()\n"}, None, id="a program called setup.py"),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + NAMED + "[tool.uv]\npackage = false\n", "a/b.py": ""},
            None,
            id="uv says no",
        ),
        pytest.param(
            {"pyproject.toml": POETRY + "[tool.poetry]\nname = 'x'\npackage-mode = false\n", "x.py": ""},
            None,
            id="Poetry says no",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + NAMED, "app/a.py": "", "models/m.joblib": "", "tests/t.py": ""},
            NOT_INSTALLED + "setuptools finds several packages, app, models, and none is named in its configuration",
            id="setuptools with two directories",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + NAMED, "app.py": "", "train.py": "", "setup.py": "", "conftest.py": ""},
            NOT_INSTALLED
            + "setuptools finds several modules, app.py, train.py, and none is named in its configuration",
            id="setuptools with two modules",
        ),
        pytest.param(
            {"pyproject.toml": POETRY + "[tool.poetry]\nname = 'my-app'\n", "app.py": ""},
            NOT_INSTALLED + 'there is no package or module "my_app", which poetry would install',
            id="Poetry without its package",
        ),
        pytest.param(
            {"pyproject.toml": UV_BUILD + NAMED, "my_app/__init__.py": ""},
            NOT_INSTALLED + 'there is no package or module "My_App", which uv_build would install',
            id="uv outside of src",
        ),
    ],
)
def test_no_packages(tmp_path: Path, files: _Files, note: str | None) -> None:
    """What no backend could build would fail the build; applications run from their directory as well."""
    assert ProjectPackage(note=note) == package_of(tmp_path, files)
