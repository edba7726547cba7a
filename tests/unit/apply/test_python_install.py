"""A downloaded interpreter gets into its layer once, and from its archive the next time, by the real uv."""

from __future__ import annotations

import io
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ml_buildpack.apply.layer_store import LayerStore
from ml_buildpack.apply.python_install import ARCHIVE_FILENAME, PythonInstaller
from ml_buildpack.apply.python_table import read_machine
from ml_buildpack.apply.vendored import find_uv
from ml_buildpack.cnb.context import read_restored_layers
from ml_buildpack.cnb.layer import Absent, RestoredLayer
from ml_buildpack.console import StreamConsole
from ml_buildpack.errors import Mistake, PythonDownloadFailed
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.plan.interpreter import PythonDownload, PythonPlan
from ml_buildpack.plan.layers import PYTHON_ARCHIVE, plan_downloaded_python_layer
from ml_buildpack.plan.python_downloads import PythonSource, describe_download
from ml_buildpack.plan.python_wish import PythonWish
from support.build_values import TARGET
from support.file_server import Answer, FileServer
from support.python_mirror import MINOR, VERSION, PythonMirror
from support.workplace import ONCE

pytestmark = pytest.mark.slow

WISH = PythonWish(requests=(PythonRequest(spec=f"=={VERSION}", origin=".python-version", line=1, text=VERSION),))


@dataclass(kw_only=True)
class Place:
    """Layers that builds share, and what they say."""

    root: Path
    mirror: PythonMirror
    out: io.StringIO = field(default_factory=io.StringIO)

    @property
    def layers_dir(self) -> Path:
        """The layers directory."""
        return self.root / "layers"

    @property
    def python(self) -> Path:
        """The program in its layer."""
        return self.layers_dir / "python" / "bin" / "python3"

    def installer(self, table: Path | str | None = None, version: str = VERSION) -> PythonInstaller:
        """What a build has; everything of the cache is there, and nothing of the image."""
        self.layers_dir.mkdir(exist_ok=True)
        key = self.mirror.key.replace(VERSION, version)
        download = PythonDownload(key=key, version=version, build=self.mirror.archive.name)
        layers_dir = str(self.layers_dir)
        interpreter = describe_download(download, read_machine(), layers_dir=layers_dir)
        source = PythonSource(table=str(table or self.mirror.table))
        return PythonInstaller(
            plan=PythonPlan(interpreter=interpreter, wish=WISH, download=download, available=("3.1.4",)),
            download=download,
            layer=plan_downloaded_python_layer(download, layers_dir=layers_dir, target=TARGET),
            restored=self.restored(),
            store=LayerStore(layers_dir=self.layers_dir),
            console=StreamConsole(out=self.out),
            uv=find_uv(),
            env=source.environment({"HOME": str(self.root), **ONCE}),
        )

    def restored(self) -> RestoredLayer:
        """The archive, as the lifecycle restores it."""
        return read_restored_layers(self.layers_dir).get(PYTHON_ARCHIVE, Absent())

    def said(self) -> str:
        """What was said since the last time."""
        text = self.out.getvalue()
        self.out.seek(0)
        self.out.truncate()
        return text


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, python_mirror: PythonMirror) -> Place:
    """A place where one build has installed."""
    place = Place(root=tmp_path_factory.mktemp("filled"), mirror=python_mirror)
    place.installer().ensure()
    return place


@pytest.fixture
def place(tmp_path: Path, python_mirror: PythonMirror) -> Place:
    """A place where nothing is."""
    return Place(root=tmp_path, mirror=python_mirror)


def tree_of(root: Path) -> dict[str, bytes | str]:
    """Everything below, by path."""
    return {
        str(path.relative_to(root)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_download_is_trimmed_compiled_and_archived(filled: Place) -> None:
    """It runs from its layer, and nothing of the download is left beside it."""
    code = "import json, ssl, sqlite3, sys; print(sys.prefix, json.__cached__)"
    answer = subprocess.run(
        [filled.python, "-I", "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    prefix = filled.layers_dir / "python"

    assert str(prefix) == answer[0]
    assert Path(answer[1]).is_file()
    assert not (prefix / f"lib/python{MINOR}/test").exists()
    assert not (prefix / "share").exists()
    assert {"python", "python-archive", "python-archive.toml"} == {path.name for path in filled.layers_dir.iterdir()}
    assert f"Downloading Python {VERSION}" in filled.said()


def test_archive_gives_the_same_tree_without_a_mirror(filled: Place) -> None:
    """The layer is the same, byte by byte, and the archive stays as it is."""
    before = tree_of(filled.layers_dir / "python")
    archive = (filled.layers_dir / PYTHON_ARCHIVE / ARCHIVE_FILENAME).read_bytes()

    filled.installer(table=Path("/nowhere.json")).ensure()

    assert before == tree_of(filled.layers_dir / "python")
    assert archive == (filled.layers_dir / PYTHON_ARCHIVE / ARCHIVE_FILENAME).read_bytes()
    assert f"Unpacking Python {VERSION} from the cache" in filled.said()


def test_second_need_in_a_build_does_nothing(filled: Place) -> None:
    """The resolver asks, and the layer does."""
    installer = filled.installer()
    installer.ensure()
    filled.said()
    installer.ensure()
    installer.keep_archive()

    assert "" == filled.said()


def test_archive_is_kept_beside_a_kept_layer(filled: Place) -> None:
    """Its types are written again; without them it would be gone."""
    metadata = filled.layers_dir / f"{PYTHON_ARCHIVE}.toml"
    before = metadata.read_text()
    installer = filled.installer()
    metadata.unlink()

    installer.keep_archive()

    assert before == metadata.read_text()
    assert "cache = true" in before


def test_damaged_archive_is_downloaded_again(filled: Place) -> None:
    """It is said, and the result is the same."""
    archive = filled.layers_dir / PYTHON_ARCHIVE / ARCHIVE_FILENAME
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-1] + b"x")

    filled.installer().ensure()

    assert whole == archive.read_bytes()
    said = filled.said()
    assert "Warning: the cached Python was damaged" in said
    assert f"Downloading Python {VERSION}" in said


def test_without_an_archive_nothing_is_kept(place: Place) -> None:
    """The lifecycle's memory of it is removed."""
    installer = place.installer()
    metadata = place.layers_dir / f"{PYTHON_ARCHIVE}.toml"
    metadata.write_text("[metadata]\n")

    installer.keep_archive()

    assert not metadata.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"sha256": "0" * 64}, "Hash mismatch", id="another digest"),
        pytest.param({"url": "file:///nowhere.tar.gz"}, "No such file", id="no such archive"),
        pytest.param(
            {"url": "http://127.0.0.1:9/x.tar.gz", "sha256": None}, "http://127.0.0.1:9/x.tar.gz", id="no answer"
        ),
    ],
)
def test_failed_download_says_what_and_why(place: Place, changes: dict[str, object], words: str) -> None:
    """With who asked, what there is instead, and uv's own words; nothing is left of it."""
    table = place.mirror.write_table("failing.json", changes=changes)

    with pytest.raises(PythonDownloadFailed) as raised:
        place.installer(table).ensure()

    error = raised.value
    assert words in error.detail
    request = Mistake(where=".python-version", line=1, text=VERSION, detail=f"asks for Python =={VERSION}")
    assert ((request,), f"Python {VERSION} ({place.mirror.key})", "3.1.4") == (
        error.requests, error.python, error.available,
    )  # fmt: skip
    assert [] == list(place.layers_dir.iterdir())


def test_mirror_may_be_on_http(place: Place, files: FileServer) -> None:
    """The table and the archive, each by its URL."""
    table = place.mirror.write_table("http.json", changes={"url": files.url("/python.tar.gz")})
    files.answers = {
        "/downloads.json": [Answer(body=table.read_bytes())],
        "/python.tar.gz": [Answer(body=place.mirror.archive.read_bytes())],
    }

    place.installer(files.url("/downloads.json")).ensure()

    assert place.python.exists()


def test_mirror_of_uvs_own_table_is_asked_for_its_files(place: Place, files: FileServer) -> None:
    """Below the paths that they have at their source."""
    installer = place.installer()
    key = place.mirror.key.replace(VERSION, "3.12.11")
    download = replace(installer.download, key=key, version="3.12.11")
    env = PythonSource(mirror=files.url("/python")).environment({"HOME": str(place.root), **ONCE})

    with pytest.raises(PythonDownloadFailed) as raised:
        replace(installer, download=download, env=env).ensure()

    (asked,) = {each.path for each in files.asked}
    assert asked.startswith("/python/20")
    assert "/cpython-3.12.11%2B" in asked
    assert "404" in raised.value.detail


def test_archive_of_another_version_is_refused(place: Place) -> None:
    """A table may be wrong, and every decision was made by its word."""
    version = "3.2.1"
    installer = place.installer(place.mirror.write_table("mislabelled.json", version=version), version=version)

    with pytest.raises(PythonDownloadFailed) as raised:
        installer.ensure()

    assert raised.value.detail.startswith("failed to write to file")
    assert "/lib/python3.2/" in raised.value.detail


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (None, "The archive has no bin/python3."),
        ("#!/bin/sh\necho no glibc; exit 1\n", "It does not run on this build image:\nno glibc"),
    ],
)
def test_interpreter_that_does_not_run_is_refused(place: Place, program: str | None, words: str) -> None:
    """A musl build on glibc, for example, or an archive of something else."""
    installer = place.installer()
    install = place.root / "fake-uv"
    target = f'"$5/{place.mirror.key}/bin"'
    write = f"mkdir -p {target}" + ("" if program is None else f"; cp {place.root}/program {target}/python3")
    install.write_text(f"#!/bin/sh\n{write}\n")
    install.chmod(0o755)
    (place.root / "program").write_text(program or "")
    (place.root / "program").chmod(0o755)

    with pytest.raises(PythonDownloadFailed) as raised:
        replace(installer, uv=install).ensure()

    assert words in raised.value.detail


def test_credentials_are_not_shown(place: Place) -> None:
    """Those of a mirror reach uv through its environment alone."""
    installer = replace(place.installer(), env={"UV_PYTHON_INSTALL_MIRROR": "https://user:secret@mirror.test"})

    assert "secret" not in repr(installer)
