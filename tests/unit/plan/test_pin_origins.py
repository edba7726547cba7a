"""What brought a package: read off the comments of resolvers and the lines of the project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.plan.pin_origins import ADDED, origins_of, read_parents
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.plan.resolution_method import Loose, Pinned, PinnedPart, ProjectSource, UvExport, UvSelection
from support.build_values import plan_project


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("jinja2==3.1  # via flask", {"jinja2": ("flask",)}, id="a package"),
        pytest.param("a==1 # via C, b[x], -r r.txt, -c /tmp/c.txt", {"a": ("b", "c")}, id="packages and files"),
        pytest.param("A.b[x,y]==1 ; python_version < '4'  # via c", {"a-b": ("c",)}, id="a name, extras, a marker"),
        pytest.param("a @ https://h.test/a.whl#sha256=00  # via c", {"a": ("c",)}, id="an address"),
        pytest.param("a==1", {"a": ()}, id="no comment"),
        pytest.param("-e file:///x  # via c", {}, id="no name"),
        pytest.param("# via c", {}, id="a comment alone"),
    ],
)
def test_packages_that_ask_are_read_off_the_comments(line: str, expected: dict[str, tuple[str, ...]]) -> None:
    """Normalised and sorted, so that both resolvers say the same."""
    assert expected == dict(read_parents(line)[0])


def origin(plan: ResolutionPlan, name: str, annotated: str = "", tree: str | None = None) -> tuple[str, ...]:
    """What brought the package."""
    return origins_of(canonicalize_name(name), plan, read_parents(annotated), tree=tree)


@pytest.fixture
def loose(tmp_path: Path) -> ResolutionPlan:
    """A plan that is resolved, with a server."""
    plan = plan_project(tmp_path / "app", {"requirements.txt": "flask\n# web\nFlask ; python_version > '3'\n"})
    return replace(plan, added=("gunicorn>=20", "flask"))


def test_every_line_that_names_it_is_an_origin(loose: ResolutionPlan) -> None:
    """And a line is enough: the server does not bring what is asked for anyway."""
    assert ("requirements.txt:1", "requirements.txt:3") == origin(loose, "flask")


def test_server_and_other_packages_bring_what_no_line_names(loose: ResolutionPlan) -> None:
    """Both may."""
    assert (ADDED, "required by tool") == origin(loose, "gunicorn", "gunicorn==1  # via tool")
    assert () == origin(loose, "unheard-of")


def test_file_of_a_build_backend_is_named(loose: ResolutionPlan) -> None:
    """Its lines are known to the backend alone."""
    plan = replace(loose, method=Loose(sources=(ProjectSource(path="setup.py"),)))

    assert ("setup.py",) == origin(plan, "six", "six==1  # via served (setup.py)")


@pytest.mark.parametrize(
    "method", [Pinned(parts=(PinnedPart(text="", index=None),)), UvExport(selection=UvSelection())]
)
def test_shipped_lock_brings_all_that_it_has(loose: ResolutionPlan, method: Pinned | UvExport) -> None:
    """With the line where it is known, and without for a lock that another tool reads."""
    plan = replace(loose, method=method)

    assert ("requirements.txt",) == origin(plan, "werkzeug")
    assert ("requirements.txt:1", "requirements.txt:3") == origin(plan, "flask")


def test_project_itself_comes_from_the_file_that_declares_it(loose: ResolutionPlan) -> None:
    """No line names it."""
    assert ("requirements.txt",) == origin(loose, "served", tree=".")
