"""What is done to packages by the settings, and the variables that the image's processes will have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ml_buildpack.cnb.layer import EnvAction, EnvEntry, LayerTypes, layer_name
from ml_buildpack.facts.code_mentions import CodeMentions
from ml_buildpack.facts.observation import Facts, observe
from ml_buildpack.facts.settings import Bytecode, Slim
from ml_buildpack.plan.finishing import FinishPlan, launch_environment, plan_finish
from ml_buildpack.plan.interpreter import InterpreterOrigin
from ml_buildpack.plan.layers import LayerPlan, ServerContent
from ml_buildpack.plan.server import ServerPlan
from ml_buildpack.problems import Problems
from support.build_values import PYTHON_3_12
from support.projects import write_project

NO_SERVER = ServerPlan(entry=None, commands=(), needs=())


def layer(name: str, *env: EnvEntry, types: LayerTypes = LayerTypes(launch=True)) -> LayerPlan:  # noqa: B008  # frozen
    """A layer with those variables."""
    content = ServerContent(interpreter_path="", compiled=False)
    return LayerPlan(name=layer_name(name), content=content, metadata={}, env=env, types=types)


def facts_of(root: Path, env: dict[str, str]) -> Facts:
    """The facts of a small project with those variables."""
    files: dict[str, str | bytes] = {"app.py": "app = 1\n", "tests/test_app.py": "", "requirements.txt": "flask\n"}
    write_project(root, files)
    return observe(root, env, root / "platform", Problems())


def test_settings_are_obeyed_and_have_defaults(tmp_path: Path) -> None:
    """Everything has a default that works."""
    given = {"BP_BYTECODE": "all", "BP_SLIM": "off", "BP_IMPORT_SECONDS": "5"}

    plans = [plan_finish(facts_of(tmp_path, env), NO_SERVER, PYTHON_3_12) for env in ({}, given)]

    expected = FinishPlan(bytecode=Bytecode.ALL, slim=Slim.OFF, import_seconds=5, app_modules=("app.py",))
    assert [FinishPlan(app_modules=("app.py",)), expected] == plans


@pytest.mark.parametrize(
    ("env", "origin"),
    [
        ({"BP_BYTECODE": "none"}, InterpreterOrigin.PACKAGED),
        ({}, InterpreterOrigin.DOWNLOADED),
        ({}, InterpreterOrigin.CONDA),
    ],
)
def test_application_is_compiled_on_every_build_or_on_none(
    tmp_path: Path, env: dict[str, str], origin: InterpreterOrigin
) -> None:
    """A downloaded interpreter is not there when nothing but the code changed."""
    plan = plan_finish(facts_of(tmp_path, env), NO_SERVER, replace(PYTHON_3_12, origin=origin))

    assert () == plan.app_modules


def test_layer_is_known_by_what_decides_its_files() -> None:
    """Not by how long an import may take; by mentions only where something is left out."""
    mentions = CodeMentions(test_modules=frozenset({"pandas.tests"}), compilers=frozenset({"torch.compile"}))

    assert "bytecode imports, slim auto" == str(FinishPlan(import_seconds=5))
    assert "bytecode all, slim auto, keeping pandas.tests torch.compile" == str(
        FinishPlan(bytecode=Bytecode.ALL, application=mentions)
    )
    assert "bytecode imports, slim off" == str(FinishPlan(slim=Slim.OFF, application=mentions))


def test_processes_see_what_the_launcher_sets() -> None:
    """The last layer comes first on PATH; a layer of the cache is not there."""
    layers = (
        layer("venv", EnvEntry(name="A", value="1", action=EnvAction.OVERRIDE), EnvEntry(name="PORT", value="1")),
        layer("python", EnvEntry(name="A", value="0"), EnvEntry(name="B", value="x")),
        layer("server", EnvEntry(name="B", value="y", action=EnvAction.APPEND, delimiter=":")),
        layer("wheels", types=LayerTypes(cache=True)),
    )

    expected = {
        "A": "1",
        "B": "x:y",
        "PORT": "8080",
        "PATH": "/l/venv/bin:/l/server/bin:/l/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LD_LIBRARY_PATH": "/l/venv/lib:/l/server/lib:/l/python/lib",
    }
    assert expected == launch_environment(layers, layers_dir="/l")
