"""Compile modules to bytecode that is the same in every build and stays valid in the image.

CPython's bytecode depends on what its process compiled before (marshal writes a reference where an object is known
elsewhere), so the workers of uv and compileall, who take files as they come, give other bytes from run to run.
Here the files are sorted and dealt to a fixed number of processes, whatever the number of CPUs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path

from ml_buildpack.apply import commands

# Part of what decides the bytes: not the number of CPUs. More than four gain little, fewer leave builders idle.
_PROCESSES = 4
# A few modules are compiled sooner than processes are made.
_ONE_PROCESS_MAX = 50
# What cannot be compiled (templates, code for another Python) is left as it is, as every installer does.
_PROGRAM = """
import os, py_compile, sys
mode, processes = py_compile.PycInvalidationMode[sys.argv[1]], int(sys.argv[2])
with open(sys.argv[3], encoding="utf-8", errors="surrogateescape") as listed:
    files = listed.read().split("\\0")[:-1]
def compile_each(paths):
    for path in paths:
        try:
            py_compile.compile(path, doraise=True, invalidation_mode=mode)
        except (py_compile.PyCompileError, SyntaxError, ValueError, FileExistsError, PermissionError, RecursionError):
            pass
if processes == 1:
    compile_each(files)
    sys.exit()
children = []
for number in range(processes):
    child = os.fork()
    if child == 0:
        try:
            compile_each(files[number::processes])
        except BaseException:
            os._exit(1)
        os._exit(0)
    children.append(child)
sys.exit(any([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]))
"""


class Validity(Enum):
    """How Python decides whether bytecode is that of its source. Never by time: the lifecycle sets it to 1980.

    Packages are never edited, so nobody looks at their sources. An application may be, in a container or by a
    mounted directory; its sources are read and hashed at each import, which takes less than compiling them.
    """

    UNCHECKED = "UNCHECKED_HASH"
    CHECKED = "CHECKED_HASH"


def compile_modules(
    modules: Iterable[Path], *, python: str, env: Mapping[str, str], scratch: Path, validity: Validity
) -> None:
    """Write the `.pyc` of each module, for that interpreter. Raises: CommandFailed."""
    files = sorted(str(path) for path in modules)
    if not files:
        return
    listed = scratch / "modules-to-compile"
    listed.write_text("".join(f"{path}\0" for path in files), encoding="utf-8", errors="surrogateescape")
    processes = 1 if len(files) <= _ONE_PROCESS_MAX else _PROCESSES
    # -S and no -I: isolation would ignore the hash seed, which orders the constants of sets.
    argv = (python, "-S", "-B", "-c", _PROGRAM, validity.value, str(processes), str(listed))
    commands.check(argv, env={**env, "PYTHONHASHSEED": "0"}, cwd=scratch)


def find_modules(folder: Path) -> tuple[Path, ...]:
    """Every module below the folder, sorted."""
    return tuple(sorted(path for path in folder.rglob("*.py") if path.is_file()))
