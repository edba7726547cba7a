"""Credentials of a package index reach the build and nothing that leaves it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.distributions import Distribution
from support.local_index import Faults, serve_index
from support.pack import Pack
from support.projects import write_project

pytestmark = pytest.mark.image

TOKEN = "planted-token-5f1e"  # noqa: S105 - the very thing that must not be found
APP = "import bottle\nimport private_model\n\napp = bottle.Bottle()\n"


def files_of(archive: bytes) -> Iterator[bytes]:
    """Every file of an archive, those of the archives inside it too."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member in (member for member in opened if member.isfile()):
            file = opened.extractfile(member)
            content = file.read() if file else b""
            yield content
            if tarfile.is_tarfile(io.BytesIO(content)):
                yield from files_of(content)


def test_a_token_in_an_index_address_is_in_no_layer_label_or_log_line(pack: Pack, tmp_path: Path) -> None:
    """The private package is installed with it; and whoever may pull the image must not get the index with it."""
    write_project(tmp_path, {"requirements.txt": "bottle==0.13.4\nprivate-model==1.0\n", "app.py": APP})
    faults = Faults(credentials=f"reader:{TOKEN}")
    with serve_index(Distribution(name="private-model"), faults=faults) as index:
        env = {"PIP_EXTRA_INDEX_URL": index.url_with(f"reader:{TOKEN}")}
        made = pack.build_well(tmp_path, "private", env=env)

    names = [name for name in ("private-model", "bottle") if name in pack.pins(made.image)]
    assert ["private-model", "bottle"] == names
    assert [] == [content[:200] for content in files_of(pack.saved(made.image)) if TOKEN.encode() in content]
    assert TOKEN not in made.log


PLACES = {"line": "planted-line-77aa", "binding": "planted-binding-31c2", "netrc": "planted-netrc-90be"}


def test_tokens_of_every_kind_of_place_are_in_no_layer_label_or_log_line(pack: Pack, tmp_path: Path) -> None:
    """Each for an index of its own: a variable in a line, a binding, and a netrc file that lies in the project.

    The file is left out of the image, because that is the application's own directory.
    """
    names = {place: f"private-{place}" for place in PLACES}
    with ExitStack() as stack:
        indexes = {
            place: stack.enter_context(
                serve_index(Distribution(name=names[place]), faults=Faults(credentials=f"reader:{token}"))
            )
            for place, token in PLACES.items()
        }
        line = f"--extra-index-url {indexes['line'].url_with('reader:${PRIVATE_TOKEN}')}\n"
        requirements = "".join(f"{name}\n" for name in ("bottle==0.13.4", *names.values()))
        app, binding = tmp_path / "app", tmp_path / "binding"
        write_project(
            app,
            {
                "app.py": "import bottle\n\napp = bottle.Bottle()\n",
                "requirements.txt": f"{line}--extra-index-url {indexes['netrc'].url}\n{requirements}",
                "netrc": f"machine 127.0.0.1 login reader password {PLACES['netrc']}\n",
            },
        )
        entries = {"type": "pypi", "extra-index-url": indexes["binding"].url, "username": "reader"}
        write_project(binding, {**entries, "password": PLACES["binding"]})
        flags = ("--env", f"PRIVATE_TOKEN={PLACES['line']}", "--volume", f"{binding}:/platform/bindings/private:ro")
        made = pack.build_well(app, "private-places", *flags)

    saved = pack.saved(made.image)
    assert set(names.values()) <= set(pack.pins(made.image))
    for token in PLACES.values():
        assert [] == [content[:200] for content in files_of(saved) if token.encode() in content]
        assert token not in made.log
