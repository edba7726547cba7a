"""What `explain` prints: the same decisions as a build, without doing anything."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ml_buildpack.errors import NoWebEntry
from ml_buildpack.explain import explain, explain_as_json, lock
from support.build_runs import FLASK_APP, PYTHON_PATH, ROOT
from support.distributions import Distribution
from support.local_index import serve_index
from support.projects import write_project
from support.workplace import real_interpreter, tree_digest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENV = {"PATH": PYTHON_PATH}


def test_decisions_are_printed_and_nothing_is_done(tmp_path: Path) -> None:
    """Facts, reasons and the plan; the project is as it was."""
    write_project(
        tmp_path,
        {
            "app.py": FLASK_APP,
            "requirements.txt": "flask\n-c c.txt\n",
            "requirements.in": "flask\n",
            "c.txt": "six<2\n",
        },
    )
    before = tree_digest(tmp_path)

    text = explain(tmp_path, ENV, ROOT)

    assert before == tree_digest(tmp_path)
    assert (
        f"[Project]\n  A Python project, because of requirements.txt\n  Python {real_interpreter().version} (" in text
    )
    assert "  Web: app.py:3 app (flask, wsgi)\n" in text
    assert (
        "[Plan]\n  Resolving with pip-tools (requirements.in)\n"
        "    flask     requirements.txt:1\n"
        "    six<2     c.txt:1\n"
        "    gunicorn  added to serve the application\n"
        "  Layers of the image: server, venv\n"
        "    and cuda, for nvidia-*, cuda-* and triton, from 20.0 MB together on\n"
        "    and heavy, for wheels of 5.0 MB or more, from 20.0 MB together on\n"
        "  Layers of the cache: lock, wheels\n"
        "  Starts web (default): python -m model_server web --interface wsgi --app app:app\n"
        "  Nothing was built. The same for programs: explain DIR --json\n"
    ) == text[text.index("[Plan]") :]


def test_credentials_are_not_printed(tmp_path: Path) -> None:
    """What explains a project is pasted into tickets."""
    requirements = (
        "--index-url https://u:secret@a.test/simple\na @ https://u:secret@b.test/a-1.0-py3-none-any.whl\nflask\n"
    )
    write_project(tmp_path, {"app.py": FLASK_APP, "requirements.txt": requirements})

    text = explain(tmp_path, {**ENV, "PIP_EXTRA_INDEX_URL": "https://u:secret@c.test/simple"}, ROOT)

    assert "secret" not in text
    assert "a @ https://***@b.test/a-1.0-py3-none-any.whl" in text


def test_problem_of_the_project_is_raised_as_by_a_build(tmp_path: Path) -> None:
    """With the same text, because it is the same error."""
    write_project(tmp_path, {"app.py": "print(1)\n", "requirements.txt": "flask\n"})

    with pytest.raises(NoWebEntry):
        explain(tmp_path, ENV, ROOT)


def test_programs_get_the_same_as_json(tmp_path: Path) -> None:
    """One object, with a schema number."""
    write_project(tmp_path, {"app.py": FLASK_APP, "requirements.txt": "flask\n-c c.txt\n", "c.txt": "six<2\n"})

    document = json.loads(explain_as_json(tmp_path, ENV, ROOT))

    assert (
        [{"requirement": "flask", "origin": "requirements.txt:1"}],
        [{"requirement": "six<2", "origin": "c.txt:1"}],
        ["gunicorn"],
    ) == (document["requirements"], document["constraints"], document["added"])
    assert [
        {"name": "lock", "launch": False, "cache": True},
        {"name": "server", "launch": True, "cache": False},
        {"name": "venv", "launch": True, "cache": False},
        {"name": "wheels", "launch": False, "cache": True},
    ] == document["layers"]
    serve = ["python", "-m", "model_server", "web", "--interface", "wsgi", "--app", "app:app"]
    assert [{"type": "web", "command": serve, "default": True}] == document["processes"]
    assert (1, "requirements.txt", "Resolving with uv (the default)") == (
        document["schema"],
        document["input"]["path"],
        document["resolution"],
    )


def test_lock_of_a_project_is_what_is_obeyed_from_then_on(tmp_path: Path) -> None:
    """For every platform: a package for another one is in it, behind its marker; and the server is in it too."""
    names = ("flask", "gunicorn", "colorama")
    offered = tuple(Distribution(name=name, version="1.0") for name in names)
    write_project(tmp_path, {"app.py": FLASK_APP, "requirements.txt": "flask\ncolorama ; sys_platform == 'win32'\n"})
    with serve_index(*offered) as index:
        env = {**ENV, "PIP_INDEX_URL": index.url}
        said = lock(tmp_path, env, ROOT)
    written = tomllib.loads((tmp_path / "pylock.toml").read_text(encoding="utf-8"))
    again = json.loads(explain_as_json(tmp_path, env, ROOT))

    assert "pylock.toml was written, from requirements.txt. From now on it is what is installed.\n" == said
    assert [("colorama", "sys_platform == 'win32'"), ("flask", None), ("gunicorn", None)] == [
        (package["name"], package.get("marker")) for package in written["packages"]
    ]
    assert [
        {"requirement": "colorama==1.0 ; sys_platform == 'win32'", "origin": "pylock.toml, requirements.txt:2"},
        {"requirement": "flask==1.0", "origin": "pylock.toml, requirements.txt:1"},
        {"requirement": "gunicorn==1.0", "origin": "pylock.toml, added to serve the application"},
    ] == again["requirements"]
    assert ("pylock.toml", "Obeying pylock.toml") == (again["input"]["path"], again["resolution"])
    assert "pylock.toml is a lock in this format already; nothing was written.\n" == lock(tmp_path, env, ROOT)


def test_directory_that_a_build_passes_over_is_said_to_be_one(tmp_path: Path) -> None:
    """Errors about missing requirements would puzzle whoever has a project in another language."""
    write_project(tmp_path, {"package.json": "{}"})
    reason = "no Python files, requirements or models at the top of the directory"

    assert f"A build would pass this directory over, for another buildpack: {reason}.\n" == explain(tmp_path, ENV, ROOT)
    assert {"schema": 1, "detected_by": None, "reason": reason} == json.loads(explain_as_json(tmp_path, ENV, ROOT))


def test_what_no_line_says_is_said_too(tmp_path: Path) -> None:
    """The project itself, and what its build backend alone knows."""
    files = {
        "setup.py": "import setuptools\nsetuptools.setup(name='a', py_modules=['app'], install_requires=[*'ab'])\n"
    }
    write_project(tmp_path, {"app.py": FLASK_APP, **files})

    text = explain(tmp_path, ENV, ROOT)

    assert "    what setup.py asks for when its build backend runs it\n    the project itself, as a package\n" in text
