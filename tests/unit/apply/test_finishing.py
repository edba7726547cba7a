"""Packages after their installation: imported once, trimmed, compiled, the same each time, and with a true record."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ml_buildpack.apply.bytecode import Validity, compile_modules
from ml_buildpack.apply.finishing import PackagesFinisher
from ml_buildpack.console import StreamConsole
from ml_buildpack.plan.finishing import FinishPlan
from ml_buildpack.plan.import_run import ImportPlan
from ml_buildpack.plan.installed import PackagesFolder
from ml_buildpack.plan.layers import VENV
from support.finishing import make_finisher
from support.projects import write_project
from support.workplace import Workplace, real_interpreter, tree_digest

FILES: dict[str, str | bytes] = {
    "own/__init__.py": "from own import used\n",
    "own/used.py": "WORDS = {'b', 'a', 'c'}\nclass Used:\n    def run(self): return WORDS\n",
    "own/unused.py": "A = 1\n",
    "own/template.py": "{% if python %}\n",
    "own/tests/test_own.py": "def test(): pass\n",
    "own/fast.h": "int a;\n",
    "own-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: own\nVersion: 1.0\n",
}
APP: dict[str, str | bytes] = {"app.py": "import own\napp = 1\n"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A folder of packages that was finished, and what was said."""

    folder: Path
    said: str
    record: Path

    @property
    def compiled(self) -> list[str]:
        """The modules that have bytecode."""
        return sorted(path.name.split(".")[0] for path in self.folder.rglob("*.pyc"))


def finish(place: Workplace, plan: FinishPlan, *, complete: bool = True) -> Finished:
    """The packages, installed anew in the same place and finished."""
    layers = place.root / "layers"
    shutil.rmtree(layers / "venv", ignore_errors=True)
    place.scratch.mkdir(exist_ok=True)
    (layers / "lock").mkdir(parents=True, exist_ok=True)
    argv = (sys.executable, "-m", "venv", "--without-pip", str(layers / "venv"))
    subprocess.run(argv, check=True)
    folder = next((layers / "venv" / "lib").glob("python3*/site-packages"))
    write_project(folder, FILES)
    rows = [f"{path},{_digest(content)},{len(content)}\n" for path, content in _contents()]
    (folder / "own-1.0.dist-info" / "RECORD").write_text("".join([*rows, "own-1.0.dist-info/RECORD,,\n"]))
    write_project(place.app_dir, APP)
    out = io.StringIO()
    finisher: PackagesFinisher = make_finisher(place, layers, StreamConsole(out=out), plan)
    finisher.finish((PackagesFolder(layer=VENV, path=str(folder)),), complete=complete)
    return Finished(folder=folder, said=out.getvalue(), record=finisher.record)


def _contents() -> list[tuple[str, bytes]]:
    return [(path, text.encode() if isinstance(text, str) else text) for path, text in FILES.items()]


def _digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


IMPORTS = FinishPlan(imports=ImportPlan(application="app:app"))


def test_only_what_was_imported_is_compiled(place: Workplace) -> None:
    """And what it was is kept for a build that cannot import."""
    finished = finish(place, IMPORTS)

    assert ["__init__", "used"] == finished.compiled
    assert "compiled 2 of 4 modules" in finished.said
    assert ["own/__init__.py", "own/used.py"] == [
        line.strip().strip('",') for line in finished.record.read_text().splitlines() if ".py" in line
    ]


def test_last_import_stands_for_one_that_is_not_possible(place: Workplace) -> None:
    """Where a kept layer has no contents here. Without a record, everything is compiled."""
    assert ["__init__", "unused", "used"] == finish(place, IMPORTS, complete=False).compiled
    finish(place, IMPORTS)

    again = finish(place, IMPORTS, complete=False)

    assert ["__init__", "used"] == again.compiled
    assert "Importing" not in again.said


def test_failed_import_is_one_warning_and_compiles_everything(place: Workplace) -> None:
    """Whether an image can work is not decided here."""
    finished = finish(place, FinishPlan(imports=ImportPlan(application="nowhere:app")))

    assert ["__init__", "unused", "used"] == finished.compiled
    assert 1 == finished.said.count("Warning:")
    assert "a module is missing: ModuleNotFoundError: No module named 'nowhere'" in finished.said


def test_record_is_true_after_trimming(place: Workplace) -> None:
    """What is gone is not named; what is named is there, with that digest. No folder stays empty."""
    finished = finish(place, IMPORTS)

    rows = list(csv.reader((finished.folder / "own-1.0.dist-info" / "RECORD").read_text().splitlines()))
    kept = ["own/__init__.py", "own/used.py", "own/unused.py", "own/template.py"]
    assert [*kept, "own-1.0.dist-info/METADATA", "own-1.0.dist-info/RECORD"] == [row[0] for row in rows]
    for name, digest, _ in rows[:-1]:
        assert digest == _digest((finished.folder / name).read_bytes())
    assert not (finished.folder / "own" / "tests").exists()
    left_out = finished.folder.parents[2] / "left-out.txt"
    assert ["own/fast.h", "own/tests/test_own.py"] == [
        line.split("\t")[3] for line in left_out.read_text().splitlines()
    ]


def test_bytes_are_the_same_each_time(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order of imports; sets of constants too, whose order a hash seed decides."""
    first = tree_digest(finish(place, IMPORTS).folder)
    monkeypatch.setitem(APP, "app.py", "import own.used, own\napp = 1\n")

    assert first == tree_digest(finish(place, IMPORTS).folder)


@pytest.mark.parametrize(("validity", "flags"), [(Validity.UNCHECKED, 1), (Validity.CHECKED, 3)])
def test_bytecode_trusts_no_time(tmp_path: Path, validity: Validity, flags: int) -> None:
    """The lifecycle sets every time to 1980. Source: PEP 552."""
    source = tmp_path / "a.py"
    source.write_text("A = 1\n")

    compile_modules([source], python=real_interpreter().path, env={}, scratch=tmp_path, validity=validity)

    (compiled,) = (tmp_path / "__pycache__").glob("a.*.pyc")
    assert flags == int.from_bytes(compiled.read_bytes()[4:8], "little")


def test_stale_bytecode_that_an_application_ships_is_replaced(tmp_path: Path) -> None:
    """Copied along from somebody's machine, under the very name that Python looks for."""
    source = tmp_path / "a.py"
    source.write_text("A = 'old'\n")
    python = real_interpreter().path
    compile_modules([source], python=python, env={}, scratch=tmp_path, validity=Validity.UNCHECKED)
    source.write_text("A = 'new'\n")

    compile_modules([source], python=python, env={}, scratch=tmp_path, validity=Validity.CHECKED)

    run = subprocess.run(
        (python, "-c", "import a; print(a.A)"), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "new\n" == run.stdout


def test_what_cannot_be_compiled_is_left_alone(tmp_path: Path) -> None:
    """Templates, code for another Python, and folders of somebody else."""
    files: dict[str, str | bytes] = {
        "bad.py": "def (:\n",
        "latin.py": b"A = '\xe9'\n",
        "nul.py": b"A = 1\0\n",
        "good.py": "",
    }
    write_project(tmp_path / "x", files)
    modules = [tmp_path / "x" / name for name in files]

    compile_modules(modules, python=real_interpreter().path, env={}, scratch=tmp_path, validity=Validity.CHECKED)

    assert ["good"] == [path.name.split(".")[0] for path in (tmp_path / "x").rglob("*.pyc")]
