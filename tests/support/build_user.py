"""The user that phases run as: never root, as on every platform. Used by both harnesses, contract and lifecycle."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Timer

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The ids that most builders use. The running container gets another uid in the same group, as in Paketo's images.
BUILD_UID, RUN_UID, GROUP_ID = 1001, 1002, 1000
PHASE_LIMIT_S = 540.0


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A user to run commands as; `OURSELVES` where the tests cannot change theirs."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give the path, and everything below it, to this user."""
        if os.getuid() != 0:
            return
        os.lchown(path, self.uid, self.gid)
        for folder, directories, files in os.walk(path):
            for name in (*directories, *files):
                os.lchown(Path(folder, name), self.uid, self.gid)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A command that ended. `left_running` names processes that it started and did not wait for."""

    exit_code: int
    stdout: str
    stderr: str
    left_running: tuple[str, ...] = ()


OURSELVES = User(uid=os.getuid(), gid=os.getgid())


def phase_user() -> User:
    """An ordinary user where the tests run as root and an interpreter is readable for everyone, else ourselves."""
    can_change = os.getuid() == 0 and _readable_for_everyone(Path(python_path().split(":", maxsplit=1)[0]))
    return User(uid=BUILD_UID, gid=GROUP_ID) if can_change else OURSELVES


@cache
def python_path() -> str:
    """A PATH on which a Python that is new enough comes first: the system's, else the one that runs the tests."""
    found = shutil.which("python3", path=SYSTEM_PATH)
    if found and _is_new_enough(found):
        return f"{Path(found).parent}:{SYSTEM_PATH}"
    return f"{Path(sys.executable).parent}:{SYSTEM_PATH}"


def run_as(  # noqa: PLR0913 - a process has that many properties
    user: User,
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    merged: bool,
    umask: int = 0o022,
    limit_s: float = PHASE_LIMIT_S,
) -> Finished:
    """Run the command to its end or to the limit, with that environment alone. `merged` puts stderr into stdout.

    Output goes through files: a pipe would wait for processes that the command leaves behind, and those are to be
    seen.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT if merged else err,
            umask=umask,
            start_new_session=True,
            user=None if user == OURSELVES else user.uid,
            group=None if user == OURSELVES else user.gid,
            extra_groups=None if user == OURSELVES else [],
        )
        exit_code = _wait(process, limit_s)
        left_running = _processes_of_session(process.pid)
        if left_running:
            os.killpg(process.pid, signal.SIGKILL)
        out.seek(0)
        err.seek(0)
        return Finished(
            exit_code=exit_code,
            stdout=out.read().decode(errors="replace"),
            stderr=err.read().decode(errors="replace"),
            left_running=left_running,
        )


@contextmanager
def open_directory(prefix: str) -> Iterator[Path]:
    """A temporary directory that every user can enter, with a path all in lower case; removed at the end.

    pytest's own is for its user alone, and the exporter reads the path as an image reference, which has no capitals.
    """
    path = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=None if tempfile.gettempdir().islower() else "/var/cache"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        remove_tree(path)


def remove_tree(path: Path) -> None:
    """Remove the directory, read-only folders in it included."""
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o755)
    shutil.rmtree(path)


def _wait(process: subprocess.Popen[bytes], limit_s: float) -> int:
    # Not Popen.wait(timeout=…), which sleeps between looks: with hundreds of phases that is most of the time.
    guard = Timer(limit_s, os.killpg, (process.pid, signal.SIGKILL))
    guard.start()
    try:
        return process.wait()
    finally:
        guard.cancel()


def _processes_of_session(session: int) -> tuple[str, ...]:
    # Source: proc(5), /proc/pid/stat: after the name in brackets come state, parent, group, session.
    found: list[str] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition(") ")
        except OSError:
            continue
        state, _, _, its_session = rest.split()[:4]
        if its_session == str(session) and state != "Z":
            found.append(name.partition("(")[2])
    return tuple(sorted(found))


def _is_new_enough(python: str) -> bool:
    check = [python, "-I", "-S", "-c", "import sys; sys.exit(sys.version_info < (3, 10))"]
    return subprocess.run(check, check=False, capture_output=True).returncode == 0


def _readable_for_everyone(folder: Path) -> bool:
    python = (folder / "python3").resolve()
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (*folder.parents, *python.parents, python))
