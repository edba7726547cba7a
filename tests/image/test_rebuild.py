"""What a build after the first one keeps, and that nothing stays that should be gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.container import serve
from support.pack import FIXTURES, Build, Pack

pytestmark = pytest.mark.image

BOTTLE = FIXTURES / "apps" / "bottle"
OFFLINE = ("--network", "none")

CopyApp = Callable[[Path], Path]
IrisBuilds = Callable[..., Build]


@pytest.mark.parametrize("app", ["iris-flask", "iris-fastapi"])
def test_an_unchanged_directory_gives_the_same_image_without_a_network(pack: Pack, iris: IrisBuilds, app: str) -> None:
    """Nothing is resolved, fetched or installed, which is why no index needs to answer; and the log says so."""
    first = iris(app)
    pack.tag(first, f"{app}-again")

    again = pack.build_well(FIXTURES / app, f"{app}-again", *OFFLINE, cache=app)

    packages = len(pack.pins(first.image))
    layers = ("Keeping 'server'", "Keeping 'heavy'", "Keeping 'venv'")
    kept = (f"Keeping the lock: {packages} packages, nothing to resolve", *layers)
    assert (kept, ()) == (again.lines("Keeping"), again.lines("Making"))
    assert first.image_id == again.image_id


@pytest.mark.parametrize(("app", "module"), [("iris-flask", "app.py"), ("iris-fastapi", "main.py")])
def test_a_changed_source_changes_the_app_layer_alone(
    pack: Pack, iris: IrisBuilds, copied: CopyApp, app: str, module: str
) -> None:
    """A code-only release moves kilobytes, to the registry and to every node."""
    first = iris(app)
    pack.tag(first, f"{app}-changed")
    source = copied(FIXTURES / app) / module
    source.write_text(source.read_text().replace('"ok"', '"changed"'))

    changed = pack.build_well(source.parent, f"{app}-changed", *OFFLINE, cache=app)

    before, after = pack.layers(first.image), pack.layers(changed.image)
    assert ((before.ours, before.others), ()) == ((after.ours, after.others), changed.lines("Making"))
    assert before.app != after.app
    with serve(changed.image, ready_path="/healthz") as served:
        assert (200, {"status": "changed"}) == served.get_json("/healthz")


def test_a_dropped_requirement_is_gone_from_the_image(pack: Pack, copied: CopyApp) -> None:
    """A reused environment would keep what was once installed into it, vulnerabilities included."""
    app = copied(BOTTLE)
    requirements = app / "requirements.txt"
    kept = requirements.read_text()
    requirements.write_text(f"{kept}iniconfig\n")
    before = pack.build_well(app, "dropping")
    requirements.write_text(kept)

    after = pack.build_well(app, "dropping")

    with_it, without_it = (
        [path for path in pack.paths(image, "/layers") if "iniconfig" in path]
        for image in (str(before.image_id), str(after.image_id))
    )
    assert ("Making 'venv': the locked packages changed",) == after.lines("Making")
    assert (True, []) == (bool(with_it), without_it)
    assert {"iniconfig"} == pack.pins(str(before.image_id)).keys() - pack.pins(str(after.image_id)).keys()


def test_a_lost_cache_costs_nothing_while_nothing_changes(pack: Pack, bottle: Build) -> None:
    """The previous image alone says enough: the layers that it has need no cache."""
    pack.tag(bottle, "cache-lost")

    again = pack.build_well(BOTTLE, "cache-lost", *OFFLINE, cache="cache-lost")

    kept = (
        "Keeping the packages of the previous image: nothing they were resolved from changed",
        "Keeping 'server'",
        "Keeping 'venv'",
    )
    assert (kept, bottle.image_id) == (again.lines("Keeping"), again.image_id)


def test_a_new_image_name_fetches_nothing(pack: Pack, bottle: Build) -> None:
    """There is no previous image, but the lock and the wheels are in the cache."""
    renamed = pack.build_well(BOTTLE, "renamed", *OFFLINE, cache="bottle")

    packages = len(pack.pins(bottle.image))
    kept = (f"Keeping the lock: {packages} packages, nothing to resolve",)
    assert (kept, bottle.image_id) == (renamed.lines("Keeping"), renamed.image_id)
    assert (f"{packages} wheels: {packages} kept, 0 fetched",) == renamed.lines("wheels:")


def test_a_cleared_cache_makes_the_same_image_from_nothing(pack: Pack, bottle: Build) -> None:
    """`--clear-cache` makes everything anew, and everything is reproducible down to the last byte."""
    pack.tag(bottle, "cleared")

    again = pack.build_well(BOTTLE, "cleared", "--clear-cache", cache="cleared")

    made = ("Making 'server': the previous image has none", "Making 'venv': the previous image has none")
    assert (made, bottle.image_id) == (again.lines("Making"), again.image_id)
