"""How requirements become the question that a resolver is asked."""

from __future__ import annotations

from pathlib import Path

from ml_buildpack.facts.dependency_files import read_requirements
from ml_buildpack.facts.settings import Resolver, Settings
from ml_buildpack.plan.resolution import choose_resolver, interpolated_names, required_names
from ml_buildpack.plan.server import ServerPlan
from support.build_values import TARGET, dependencies_of, plan_project
from support.projects import write_project

A, B = "a" * 64, "b" * 64
GUNICORN = ServerPlan(entry=None, commands=(), needs=("gunicorn",))


def test_question_has_every_file_without_hashes_and_with_the_server(tmp_path: Path) -> None:
    """Hashes are enforced on the lock: asked of the resolver, they would forbid the server's own line."""
    files = {
        "requirements.txt": f"--require-hashes\n--index-url https://a.test/simple\n-r more.txt\n-c c.txt\n"
        f"flask==3.1 --hash=sha256:{A} --hash=sha256:{B} ; \n".replace(" ; ", "")
        + "--find-links wheels\n./pkg[x] ; python_version > '3'\n",
        "more.txt": "Six>1 # comment\n",
        "c.txt": f"werkzeug<4 --hash=sha256:{B}\n",
        "wheels/readme": "",
        "pkg/setup.py": "",
    }
    plan = plan_project(tmp_path, files, server=GUNICORN, indexes=("a.test#1",))

    assert (
        '--index-url https://a.test/simple\nSix>1\nflask==3.1\n./pkg[x] ; python_version > "3"\ngunicorn\n'
    ) == plan.requirements_text
    assert "werkzeug<4\n" == plan.constraints_text
    assert (("gunicorn",), ("wheels",)) == (plan.added, plan.local_links)
    assert {"flask": (A, B), "werkzeug": (B,)} == dict(plan.allowed_digests)
    assert ("requirements.txt", "more.txt", "c.txt") == plan.input_names
    assert (True, False) == (plan.has_local_trees, plan.upgrade)
    assert "a.test#1" == plan.inputs["indexes"]
    assert ("3.12.4 /usr/bin/python3.12", str(TARGET)) == (plan.inputs["python"], plan.inputs["target"])


def test_servers_own_need_is_not_added_where_the_user_has_it(tmp_path: Path) -> None:
    """The user's pin always wins; names are compared as pip compares them."""
    plan = plan_project(tmp_path, {"requirements.txt": "Gunicorn==20.1\n"}, server=GUNICORN)

    assert ((), "Gunicorn==20.1\n") == (plan.added, plan.requirements_text)


def test_servers_own_need_is_added_where_the_users_line_does_not_apply(tmp_path: Path) -> None:
    """It would be in no image otherwise, and nothing could be served."""
    line = 'gunicorn==20.1 ; sys_platform == "win32"\n'
    plan = plan_project(tmp_path, {"requirements.txt": line}, server=GUNICORN)

    assert (("gunicorn",), f"{line}gunicorn\n") == (plan.added, plan.requirements_text)


def test_setting_chooses_the_resolver_before_the_projects_marks(tmp_path: Path) -> None:
    """Then the marks of a pip-tools project, then uv."""
    plain = read_requirements(write_project(tmp_path / "a", {"requirements.txt": "a\n"}), ())
    compiled = read_requirements(
        write_project(tmp_path / "b", {"requirements.txt": "a==1\n", "requirements.in": "a\n"}), ()
    )

    assert (Resolver.UV, "the default") == choose_resolver(Settings(), plain)
    assert (Resolver.PIP_TOOLS, "requirements.in") == choose_resolver(Settings(), compiled)
    assert (Resolver.UV, "it is set") == choose_resolver(Settings(resolver=Resolver.UV), compiled)


def test_names_and_variables_are_read_off_the_lines(tmp_path: Path) -> None:
    """Constraints ask for nothing, but their variables are needed all the same."""
    files = {
        "requirements.txt": "--index-url https://${USER}:${PASS_1}@a.test/simple\nFlask\n"
        "own @ https://${TOKEN}@b.test/own.zip\n-c c.txt\n",
        "c.txt": "six @ https://${LATE}@b.test/six.zip\n",
    }
    requirements = read_requirements(write_project(tmp_path, files), ())

    assert frozenset({"flask", "own"}) == required_names(dependencies_of(requirements))
    assert frozenset() == required_names(None)
    assert frozenset({"USER", "PASS_1", "TOKEN", "LATE"}) == interpolated_names(requirements)


def test_requirements_digest_tells_nothing_of_what_it_covers(tmp_path: Path) -> None:
    """Inputs become labels of the image, and a line may hold a password."""
    plan = plan_project(tmp_path, {"requirements.txt": "--index-url https://user:secret@a.test/simple\nflask\n"})

    assert not any("secret" in value for value in plan.inputs.values())
    assert 64 == len(plan.inputs["requirements"])
