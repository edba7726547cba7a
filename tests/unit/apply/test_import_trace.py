"""The import of an application in a process of its own: what it finds, what it may not do, and what it leaves."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from ml_buildpack.apply.import_trace import ImportTracer, available_memory
from ml_buildpack.apply.traced_import import _refuse_network
from ml_buildpack.plan.import_run import Died, ImportPlan, ImportRun, Raised, Stopped
from support.finishing import SERVER_SOURCES
from support.projects import write_project

MAIN = ImportPlan(application="main:app")


def trace(
    root: Path, files: dict[str, str | bytes], plan: ImportPlan = MAIN, *, seconds: float = 60
) -> tuple[ImportRun, tuple[str, ...]]:
    """What the import of a project of those files takes, and what it changed for good."""
    app, scratch = root / "app", root / "scratch"
    write_project(app, files)
    scratch.mkdir()
    tracer = ImportTracer(
        python=sys.executable,
        env={"PATH": "/usr/bin:/bin", "PORT": "8080"},
        app_dir=app,
        scratch=scratch,
        server_sources=SERVER_SOURCES,
        seconds_max=seconds,
    )
    result = tracer.trace(plan)
    assert [] == list((scratch / "import").glob("*"))
    return result


def test_every_module_that_was_run_is_found(tmp_path: Path) -> None:
    """Also one that failed and was done without: it is compiled at each start."""
    files: dict[str, str | bytes] = {
        "main.py": "import lib.used\ntry:\n    import lib.broken\nexcept ImportError:\n    pass\napp = 1\n",
        "lib/__init__.py": "",
        "lib/used.py": "",
        "lib/unused.py": "",
        "lib/broken.py": "import nowhere\n",
    }

    run, lost = trace(tmp_path, files)

    app = tmp_path / "app"
    found = [path for path in run.files if path.startswith(f"{app}/")]
    assert [str(app / name) for name in ("lib/__init__.py", "lib/broken.py", "lib/used.py", "main.py")] == found
    assert sorted(run.files) == list(run.files)
    assert (None, ()) == (run.failure, lost)
    assert 0 < run.seconds < 60
    assert 5_000_000 < run.resident_bytes < 500_000_000


def test_factory_is_called_and_its_directory_is_searched(tmp_path: Path) -> None:
    """What it imports is loaded at every start too."""
    files: dict[str, str | bytes] = {"src/main.py": "def make():\n    import late\n", "src/late.py": ""}
    plan = ImportPlan(application="main:make", factory=True, app_dir="src", modules=("no.such.server",))

    run, _ = trace(tmp_path, files, plan)

    assert run.failure is None
    assert str(tmp_path / "app" / "src" / "late.py") in run.files


def test_our_own_package_is_found_without_its_layer(tmp_path: Path) -> None:
    """The layer may be kept, and then nothing of it is here."""
    run, _ = trace(
        tmp_path, {"main.py": "app = 1\n"}, ImportPlan(application="main:app", modules=("model_server.boot",))
    )

    assert [path for path in run.files if path.endswith("model_server/boot.py")]


def test_missing_module_is_told_with_its_place(tmp_path: Path) -> None:
    """The last line of the application's own code on the way there."""
    run, _ = trace(tmp_path, {"main.py": "import helper\n", "helper.py": "\nimport nowhere.deep\n"})

    expected = Raised(
        type="ModuleNotFoundError", message="No module named 'nowhere'", missing_module="nowhere", at="helper.py:2"
    )
    assert expected == run.failure


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        pytest.param("raise SystemExit(4)", Raised(type="SystemExit", message="4", at="main.py:1"), id="exit"),
        pytest.param("import os; os._exit(5)", Died(exit_code=5, output_tail=""), id="at once"),
        pytest.param("import os; os.kill(os.getpid(), 11)", Died(exit_code=-11, output_tail=""), id="signal"),
        pytest.param(
            "import socket; raise socket.gaierror(-2, 'no https://u:p@h/')",
            Raised(type="socket.gaierror", message="[Errno -2] no https://***@h/", at="main.py:1"),
            id="credentials",
        ),
    ],
)
def test_every_end_is_a_value(tmp_path: Path, code: str, failure: Raised | Died) -> None:
    """Whatever the application does, the build goes on; nothing secret is shown."""
    run, _ = trace(tmp_path, {"main.py": code})

    assert failure == run.failure


@pytest.mark.slow
def test_endless_import_is_stopped_with_its_children(tmp_path: Path) -> None:
    """Nothing of it is left running."""
    code = "import subprocess, sys, time\nopen('/dev/null')\nsubprocess.Popen(['sleep', '4321'])\ntime.sleep(4321)\n"

    run, _ = trace(tmp_path, {"main.py": code}, seconds=1.5)

    assert Stopped(limit="1.5 seconds") == run.failure
    commands = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK))
    assert b"sleep\x004321\x00" not in commands


def test_import_that_takes_all_memory_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the kernel ends the build instead."""
    monkeypatch.setattr("ml_buildpack.apply.import_trace.available_memory", lambda: 100_000_000)

    run, _ = trace(tmp_path, {"main.py": "import time\nheld = b'x' * 200_000_000\ntime.sleep(60)\n"})

    assert Stopped(limit="80.0 MB of memory") == run.failure


def test_running_threads_do_not_hold_the_build(tmp_path: Path) -> None:
    """Schedulers and metric exporters start some at import."""
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(4321,)).start()\napp = 1\n"

    run, _ = trace(tmp_path, {"main.py": code}, seconds=30)

    assert run.failure is None


def test_network_is_out_of_reach_and_the_machine_itself_is_not(tmp_path: Path) -> None:
    """With the errors of a machine without a network, where namespaces are permitted and where they are not."""
    code = """
import socket
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError as error:
    app = error.errno
assert app == 101, app
"""
    run, _ = trace(tmp_path, {"main.py": code})

    assert run.failure is None
    assert run.network in {"none", "refused by Python"}


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80, 0, 0)])
def test_network_is_refused_where_it_cannot_be_left(address: tuple[object, ...]) -> None:
    """Engines forbid namespaces to containers by default."""
    with pytest.raises(OSError, match="Network is unreachable"):
        _refuse_network("socket.connect", (None, address))
    with pytest.raises(socket.gaierror):
        _refuse_network("socket.getaddrinfo", ("pypi.org", 443))
    _refuse_network("socket.connect", (None, ("127.0.0.1", 80)))
    _refuse_network("socket.connect", (None, "/run/a.socket"))
    _refuse_network("socket.getaddrinfo", ("localhost", 80))


def test_build_variables_are_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets of the build stay there; the image's own variables are there, and a home to write to."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    code = "import os, pathlib\nassert 's3cr3t' not in os.environ.values()\nassert os.environ['PORT'] == '8080'\n"
    code += "pathlib.Path.home().joinpath('cache').write_text('')\napp = 1\n"

    run, _ = trace(tmp_path, {"main.py": code})

    assert run.failure is None


def test_application_is_left_as_it_was(tmp_path: Path) -> None:
    """What appeared is gone; what changed, or was removed, is back."""
    code = """
import pathlib, shutil
pathlib.Path("made/deep").mkdir(parents=True)
pathlib.Path("made/deep/file").write_text("new")
pathlib.Path("log.txt").open("a").write("more")
pathlib.Path("gone.txt").unlink()
shutil.rmtree("data")
app = 1
"""
    files: dict[str, str | bytes] = {"main.py": code, "log.txt": "old\n", "gone.txt": "here\n", "data/x.csv": "1,2\n"}

    run, lost = trace(tmp_path, files)

    app = tmp_path / "app"
    assert (None, ()) == (run.failure, lost)
    found = {path.relative_to(app).as_posix(): path.read_text() for path in app.rglob("*") if path.is_file()}
    assert files == found
    assert not (app / "made").exists()


def test_large_file_that_was_replaced_is_told(tmp_path: Path) -> None:
    """No copy of a model is made; nobody expects an import to write one."""
    code = "import os\nos.unlink('model.bin')\nopen('model.bin', 'w').write('new')\napp = 1\n"

    _, lost = trace(tmp_path, {"main.py": code, "model.bin": b"x" * 1_500_000})

    assert ("model.bin",) == lost


def test_large_file_keeps_its_mode(tmp_path: Path) -> None:
    """It is guarded only for the time of the import."""
    files: dict[str, str | bytes] = {"main.py": "app = 1\n", "model.bin": b"x" * 1_500_000}

    _, lost = trace(tmp_path, files)

    assert () == lost
    assert 0o200 & (tmp_path / "app" / "model.bin").stat().st_mode


def test_available_memory_is_that_of_the_machine_at_most() -> None:
    """The container's limit counts where it is less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    assert 0 < available_memory() <= total
