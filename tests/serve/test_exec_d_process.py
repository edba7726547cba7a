"""The exec.d helper as the launcher runs it: a script by its shebang, TOML on file descriptor 3."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.running_server import SOURCE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What the helper did."""

    exit_code: int
    toml: str
    stderr: str


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    """The helper as the buildpack installs it."""
    script = tmp_path / "size"
    interpreter = Path(sys.executable).resolve()
    script.write_text(f"#!{interpreter} -ISB\n{(SOURCE / 'model_server' / 'exec_d.py').read_text()}")
    script.chmod(0o755)
    return script


def run_helper(helper: Path, env: Mapping[str, str], *, with_descriptor: bool = True) -> Ran:
    """Run it with a pipe as descriptor 3, or with none."""
    read_end, write_end = os.pipe()

    def give_descriptor() -> None:
        os.dup2(write_end, 3)

    process = subprocess.Popen(
        (str(helper),),
        cwd=helper.parent,
        env=dict(env),
        stderr=subprocess.PIPE,
        pass_fds=(3,) if with_descriptor else (),
        preexec_fn=give_descriptor if with_descriptor else None,  # noqa: PLW1509 (there are no threads here)
    )
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as pipe:
        toml = pipe.read()
    _, stderr = process.communicate(timeout=30)
    return Ran(exit_code=process.returncode, toml=toml, stderr=stderr.decode())


def test_everything_is_given_to_someone_who_set_nothing(helper: Path, tmp_path: Path) -> None:
    """The launcher takes strings only, and every one of them."""
    ran = run_helper(helper, {"HOME": str(tmp_path)})
    values = tomllib.loads(ran.toml)

    assert 0 == ran.exit_code
    assert {
        "PORT",
        "WEB_CONCURRENCY",
        "MODEL_SERVER_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
    } == values.keys() - {"USER", "LOGNAME"}
    assert ("8080", "4") == (values["PORT"], values["MODEL_SERVER_THREADS"])
    assert all(isinstance(value, str) for value in values.values())
    assert (1, "model_server: ") == (ran.stderr.count("\n"), ran.stderr[:14])


def test_a_home_that_cannot_be_written_is_replaced(helper: Path) -> None:
    """Random uids have no home, and libraries fail in odd ways when they cannot write their caches."""
    values = tomllib.loads(run_helper(helper, {"HOME": "/nonexistent", "HF_HOME": "/models"}).toml)

    home = f"/tmp/model-server-{os.geteuid()}"  # noqa: S108 (the contract)
    assert {
        "HOME": home,
        "XDG_CACHE_HOME": f"{home}/.cache",
        "MPLCONFIGDIR": f"{home}/.config/matplotlib",
        "NUMBA_CACHE_DIR": f"{home}/.cache/numba",
        "TORCH_HOME": f"{home}/.cache/torch",
    } == {name: value for name, value in values.items() if "HOME" in name or "DIR" in name}


def test_what_the_user_set_is_left_alone(helper: Path, tmp_path: Path) -> None:
    """Every value is a default that `docker run -e` overrides."""
    env = {"HOME": str(tmp_path), "PORT": "5000", "WEB_CONCURRENCY": "3", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": ""}

    ran = run_helper(helper, env)

    values = tomllib.loads(ran.toml)
    assert {"MKL_NUM_THREADS"} == values.keys() & env.keys()
    assert "3 workers (WEB_CONCURRENCY) x 4 threads" in ran.stderr


def test_without_the_descriptor_the_start_goes_on(helper: Path, tmp_path: Path) -> None:
    """A helper that fails stops the container with exit code 82."""
    ran = run_helper(helper, {"HOME": str(tmp_path)}, with_descriptor=False)

    assert Ran(
        exit_code=0,
        toml="",
        stderr="model_server: no defaults for this container: OSError: [Errno 9] Bad file descriptor\n",
    ) == Ran(exit_code=ran.exit_code, toml=ran.toml, stderr=ran.stderr)


def test_a_closed_stderr_is_no_failure(helper: Path, tmp_path: Path) -> None:
    """Python itself would leave with 120."""
    command = f"HOME={tmp_path} {helper} 3>&1 2>&-"

    finished = subprocess.run(("/bin/sh", "-c", command), stdout=subprocess.PIPE, check=False)

    assert 0 == finished.returncode
    assert "8080" == tomllib.loads(finished.stdout.decode())["PORT"]
