"""Applications on different Pythons, built on one builder: the run image's own, and one from a mirror."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.container import serve
from support.pack import FIXTURES, Build, Pack
from support.python_mirror import MINOR, VERSION, PythonMirror

pytestmark = pytest.mark.image

APP = FIXTURES / "inputs" / "python-files"
MOUNTED_AT = "/mirror"
PYTHON_LAYER = "/layers/ml-buildpack_python/python"


@pytest.fixture(scope="module")
def flags(python_mirror: PythonMirror) -> tuple[str, ...]:
    """The flags for a mirror that is mounted into the build: nothing of it comes over the network."""
    table = python_mirror.write_table(
        "mounted.json", changes={"url": f"file://{MOUNTED_AT}/{python_mirror.archive.name}"}
    )
    table.chmod(0o644)
    variable = f"BP_PYTHON_DOWNLOADS_JSON={MOUNTED_AT}/{table.name}"
    return ("--volume", f"{python_mirror.folder}:{MOUNTED_AT}:ro", "--env", variable)


@pytest.fixture(scope="module")
def own(pack: Pack, flags: tuple[str, ...]) -> Build:
    """An application that asks for what the run image has."""
    return pack.build_well(APP, "python-own", *flags)


@pytest.fixture
def app(copied: Callable[[Path], Path]) -> Path:
    """The same application, asking for the mirrored version."""
    app = copied(APP)
    (app / ".tool-versions").unlink()
    (app / ".python-version").write_text(f"{VERSION}\n")
    return app


def test_two_pythons_are_served_side_by_side(pack: Pack, own: Build, app: Path, flags: tuple[str, ...]) -> None:
    """One builder, two interpreters; the downloaded one runs where no library of its own machine is."""
    mirrored = pack.build_well(app, "python-mirrored", *flags)

    with (
        serve(own.image, ready_path="/python") as first,
        serve(mirrored.image, ready_path="/python", user="12345:0") as second,
    ):
        answers = (first.get_json("/python"), second.get_json("/python"))

    assert (
        (200, {"version": "3.13", "prefix": "/usr"}),
        (200, {"version": MINOR, "prefix": PYTHON_LAYER}),
    ) == answers
    assert own.lines("(the run image's own): .python-version asks for 3.13, .tool-versions for 3.13")
    assert (f"Python {VERSION} (downloaded): .python-version asks for {VERSION}",) == mirrored.lines("(downloaded)")
    assert "python" not in pack.layers(own.image).ours
    assert "python-archive" not in pack.layers(mirrored.image).ours


def test_rebuilds_keep_the_python_and_make_it_again_from_the_cache(
    pack: Pack, app: Path, flags: tuple[str, ...]
) -> None:
    """Without the mirror: the layer is kept while nothing changes, and has the same bytes when it is made again."""
    made = pack.build_well(app, "python-again", *flags)
    kept = pack.build_well(app, "python-again")
    before = pack.layers(made.image).ours
    (app / "requirements.txt").write_text("bottle==0.13.3\n")
    changed = pack.build_well(app, "python-again")
    after = pack.layers(changed.image).ours

    assert ("Keeping 'python'", "Keeping 'server'", "Keeping 'venv'") == kept.lines("Keeping '")
    assert made.image_id == kept.image_id
    assert (f"Unpacking Python {VERSION} from the cache",) == changed.lines("Unpacking")
    assert (before["python"], before["server"]) == (after["python"], after["server"])
    assert before["venv"] != after["venv"]
