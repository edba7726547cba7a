"""uv and pip-tools are interchangeable: the same requirements give the same versions and files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.pack import FIXTURES, Build, Pack

pytestmark = pytest.mark.image


@pytest.mark.parametrize("app", ["iris-flask", "iris-fastapi"])
def test_both_resolvers_give_the_same_lock(pack: Pack, iris: Callable[..., Build], app: str) -> None:
    """The second resolves without the first one's lock, and what it finds is what the image has, so it is kept."""
    by_uv = iris(app)
    pack.tag(by_uv, f"{app}-pip-tools")

    # An empty cache, so that there is no lock to start from; the packages are compared by their digests.
    by_pip_tools = pack.build_well(
        FIXTURES / app, f"{app}-pip-tools", "--env", "BP_RESOLVER=pip-tools", cache=f"{app}-pip-tools"
    )

    resolvers = tuple(build.lines("Resolving with")[0].split()[2] for build in (by_uv, by_pip_tools))
    assert ("uv", "pip-tools") == resolvers
    assert pack.pins(by_uv.image) == pack.pins(by_pip_tools.image)
    assert ("Keeping 'server'", "Keeping 'heavy'", "Keeping 'venv'") == by_pip_tools.lines("Keeping")
