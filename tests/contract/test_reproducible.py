"""The same inputs give the same layers, byte for byte, whoever builds them, where, when and with which resolver."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from support.build_user import OURSELVES, User, open_directory
from support.contract import BuildResult, ContractPlatform
from support.flask_project import FLASK_APP
from support.gpu_project import GPU_DISTRIBUTIONS, REQUIREMENTS
from support.local_index import LocalIndex, serve_index
from support.projects import write_project
from support.workplace import tree_at

pytestmark = pytest.mark.slow

PROJECT: Mapping[str, str | bytes] = {
    "app.py": FLASK_APP,
    "requirements.txt": f"{REQUIREMENTS}from-source\n-e ./pkg\n",
    **{name: text.replace('dependencies = ["plain"]', "") for name, text in tree_at("pkg").items()},
    "pkg/backend.py": tree_at("pkg")["pkg/backend.py"].replace("Requires-Dist: plain\\n", ""),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What differs from one machine, user and day to the next."""

    env: Mapping[str, str] = field(default_factory=dict)
    user: User | None = None
    umask: int = 0o022
    mtime_s: int = 1_700_000_000
    is_elsewhere: bool = False


OTHER_USER = User(uid=12_345, gid=54_321) if os.getuid() == 0 else OURSELVES
LOCALE = {"LANG": "tr_TR.UTF-8", "LC_ALL": "C", "TZ": "Pacific/Auckland"}
MACHINES = {
    "another time": Machine(mtime_s=1_000_000_000, env={"SOURCE_DATE_EPOCH": "1000000000"}),
    "another directory": Machine(is_elsewhere=True),
    "another user": Machine(user=OTHER_USER),
    "another locale": Machine(env=LOCALE),
    "another hash seed": Machine(env={"PYTHONHASHSEED": "4242"}),
    "another umask": Machine(umask=0o077),
    "an open umask": Machine(umask=0o000),
    "pip-tools": Machine(env={"BP_RESOLVER": "pip-tools"}),
    "everything": Machine(
        env={**LOCALE, "PYTHONHASHSEED": "7", "BP_RESOLVER": "pip-tools"},
        user=OTHER_USER,
        umask=0o027,
        mtime_s=900_000_000,
        is_elsewhere=True,
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """The build that all others are compared with."""

    platform: ContractPlatform
    index: LocalIndex
    result: BuildResult


@pytest.fixture(scope="module")
def reference(buildpack_dir: Path, build_user: User) -> Iterator[Reference]:
    """A build on an ordinary machine."""
    with open_directory("mlbp-same") as root, serve_index(*GPU_DISTRIBUTIONS) as index:
        platform = ContractPlatform(buildpack_dir=buildpack_dir, root=root, user=build_user)
        yield Reference(platform=platform, index=index, result=build_on(Machine(), platform, index))


def build_on(machine: Machine, platform: ContractPlatform, index: LocalIndex) -> BuildResult:
    """A first build of the project on that machine. Layers lie at the same path on all: it is part of the image."""
    with open_directory("mlbp-machine") as place:
        app = place / ("somewhere/else" if machine.is_elsewhere else "app")
        write_project(app, PROJECT)
        for path in (app, *app.rglob("*")):
            path.chmod((0o777 if path.is_dir() else 0o666) & ~machine.umask)
            os.utime(path, (machine.mtime_s, machine.mtime_s))
        env = dict(machine.env)
        if machine.is_elsewhere:
            (place / "tmp").mkdir()
            (place / "tmp").chmod(0o777)
            env["TMPDIR"] = str(place / "tmp")
        user = machine.user or platform.user
        there = replace(platform, user=user, umask=machine.umask)
        result = there.build(app, env={"PIP_INDEX_URL": index.url, **env})
    assert 0 == result.exit_code, result.output
    return result


def contents(platform: ContractPlatform, digest: str) -> dict[str, str]:
    """Each file of a layer's archive: its mode, and its target or digest."""
    found: dict[str, str] = {}
    with tarfile.open(platform.root / "archives" / f"{digest}.tar") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            body = hashlib.sha256(stream.read()).hexdigest() if stream else member.linkname
            found[member.name] = f"{member.mode:o} {body}"
    return found


@pytest.mark.parametrize("name", MACHINES)
def test_layers_are_the_same(reference: Reference, name: str) -> None:
    """Contents, bills of materials, what is launched; where they differ, the files that do are shown."""
    first = reference.result

    again = build_on(MACHINES[name], reference.platform, reference.index)

    for layer in sorted(first.layers):
        before, after = (contents(reference.platform, one.layers[layer].digest) for one in (first, again))
        assert sorted(before.items() - after.items()) == sorted(after.items() - before.items()), layer
    assert {"accelerator", "cuda", "heavy", "lock", "server", "venv", "wheels"} == set(first.layers)
    assert {name: (one.digest, one.sbom) for name, one in first.layers.items()} == {
        name: (one.digest, one.sbom) for name, one in again.layers.items()
    }
    assert first.launch == again.launch
