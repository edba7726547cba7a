"""Credentials of a package index reach the build and nothing that leaves it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
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
