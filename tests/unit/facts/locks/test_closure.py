"""Which packages of a lock a project needs, and when: by following what each of them needs."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ml_buildpack.facts.locks.closure import PLAIN, LockedNode, Need, find_conditions
from ml_buildpack.facts.locks.marker_clauses import ALWAYS, NEVER, marker_text, read_clauses


def need(text: str, source: str | None = None) -> Need:
    """The need in the words of PEP 508."""
    requirement = Requirement(text)
    return Need(
        name=canonicalize_name(requirement.name),
        extras=frozenset(requirement.extras),
        clauses=ALWAYS if requirement.marker is None else read_clauses(str(requirement.marker)),
        ranges=(requirement.specifier,),
        source=source,
    )


def node(pin: str, *needs: str, source: str = "", **extras: str) -> LockedNode:
    """A package; keyword arguments are what an extra adds."""
    name, _, version = pin.partition("==")
    by_extra = {PLAIN: tuple(map(need, needs)), **{extra: (need(text),) for extra, text in extras.items()}}
    return LockedNode(name=canonicalize_name(name), version=version, needs=by_extra, sources=frozenset({source}))


def installed(needs: Sequence[Need], *nodes: LockedNode) -> dict[str, str | None]:
    """The packages that are installed, each with its condition."""
    found = zip(nodes, find_conditions(needs, nodes), strict=True)
    return {f"{one.name}=={one.version}": marker_text(condition) for one, condition in found if condition != NEVER}


def test_conditions_add_up_along_the_way() -> None:
    """And any of several ways will do."""
    nodes = (
        node("a==1", "c ; python_version < '3.11'"),
        node("b==1", "c"),
        node("c==1", "d"),
        node("d==1"),
        node("unused==1"),
    )

    assert {
        "a==1": None,
        "b==1": 'sys_platform == "win32"',
        "c==1": 'python_version < "3.11" or sys_platform == "win32"',
        "d==1": 'python_version < "3.11" or sys_platform == "win32"',
    } == installed([need("a"), need("b ; sys_platform == 'win32'")], *nodes)


def test_circles_end() -> None:
    """Packages may need each other."""
    assert {"a==1": None, "b==1": None} == installed([need("a")], node("a==1", "b"), node("b==1", "a"))


def test_extras_add_what_they_need() -> None:
    """Only where somebody asks for them."""
    nodes = (node("a==1", fast="quick"), node("b==1", "a[fast] ; os_name == 'nt'"), node("quick==1"))

    assert {"a==1": None} == installed([need("a")], *nodes)
    assert {"a==1": None, "b==1": None, "quick==1": 'os_name == "nt"'} == installed([need("a"), need("b")], *nodes)


def test_what_the_lock_has_not_is_not_needed() -> None:
    """A lock leaves out what no supported Python or system needs, and keeps the dependency on it."""
    assert {"a==1": None} == installed([need("a")], node("a==1", "importlib-metadata ; python_version < '3.8'"))


def test_one_of_several_releases_is_chosen_by_who_excludes_the_others() -> None:
    """A dependency on any release takes the one that the others need."""
    nodes = (node("numpy==1.26"), node("numpy==2.1"), node("pandas==2.2", "numpy>=1.22"))
    needs = [need("numpy<2 ; python_version < '3.12'"), need("numpy>=2 ; python_version >= '3.12'"), need("pandas")]

    assert {
        "numpy==1.26": 'python_version < "3.12"',
        "numpy==2.1": 'python_version >= "3.12"',
        "pandas==2.2": None,
    } == installed(needs, *nodes)


def test_what_only_one_of_several_releases_needs_has_its_condition() -> None:
    """The choice reaches through to what the releases need."""
    nodes = (node("a==1", "old"), node("a==2", "new"), node("old==1"), node("new==1"), node("b==1", "a"))
    needs = [need("a<2 ; python_version < '3.12'"), need("a>=2 ; python_version >= '3.12'"), need("b")]

    assert {
        "a==1": 'python_version < "3.12"',
        "a==2": 'python_version >= "3.12"',
        "b==1": None,
        "new==1": 'python_version >= "3.12"',
        "old==1": 'python_version < "3.12"',
    } == installed(needs, *nodes)


def test_of_releases_that_nothing_excludes_the_newest_is_taken() -> None:
    """As a resolver would."""
    assert {"a==10": None} == installed([need("a")], node("a==9"), node("a==10"))


def test_the_same_release_from_two_places() -> None:
    """Each dependency takes the one from where it says."""
    nodes = (node("torch==2.5", source="cpu"), node("torch==2.5", source="cuda"))
    needs = [need("torch ; sys_platform == 'linux'", "cuda"), need("torch ; sys_platform != 'linux'", "cpu")]

    assert [None if condition == NEVER else marker_text(condition) for condition in find_conditions(needs, nodes)] == [
        'sys_platform != "linux"',
        'sys_platform == "linux"',
    ]


def test_the_only_one_is_taken_however_its_place_is_spelt() -> None:
    """`../lib` and `lib` may be the same directory."""
    assert {"a==1": None} == installed([need("a", "./lib/")], node("a==1", source="lib"))


def test_a_release_with_extras_may_have_a_node_of_its_own() -> None:
    """As PDM locks them."""
    plain, extra = node("flask==3", "werkzeug"), node("flask==3")
    extra = LockedNode(
        name=extra.name, version="3", needs={"async": (need("asgiref"), need("flask==3"))}, sources=extra.sources
    )

    assert {"flask==3": None, "werkzeug==1": None, "asgiref==1": None} == installed(
        [need("flask[async]")], plain, extra, node("werkzeug==1"), node("asgiref==1")
    )
