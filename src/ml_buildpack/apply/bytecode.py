"""Compile a folder of packages to bytecode that is the same in every build and stays valid in the image.

CPython's bytecode depends on what its process compiled before (marshal writes a reference where an object is known
elsewhere), so the workers of uv and compileall, who take files as they come, give other bytes from run to run.
Here the files are sorted and dealt to a fixed number of processes, whatever the number of CPUs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ml_buildpack.apply import commands

# Part of what decides the bytes: not the number of CPUs. More than four gain little, fewer leave builders idle.
_PROCESSES = 4
# Unchecked hashes, not times: the lifecycle sets every file to 1980. What cannot be compiled (templates, code for
# another Python) is left as it is, as every installer does.
_PROGRAM = """
import os, py_compile, sys
folder, processes = sys.argv[1], int(sys.argv[2])
files = sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith(".py"))
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
children = []
for number in range(processes):
    child = os.fork()
    if child == 0:
        try:
            for file in files[number::processes]:
                py_compile.compile(file, doraise=False, quiet=2, invalidation_mode=mode)
        except BaseException:
            os._exit(1)
        os._exit(0)
    children.append(child)
sys.exit(any([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]))
"""


def compile_packages(folder: Path, *, python: str, env: Mapping[str, str], scratch: Path) -> None:
    """Write the `.pyc` of every module below the folder, for that interpreter. Raises: CommandFailed."""
    # -S and no -I: isolation would ignore the hash seed, which orders the constants of sets.
    argv = (python, "-S", "-B", "-c", _PROGRAM, str(folder), str(_PROCESSES))
    commands.check(argv, env={**env, "PYTHONHASHSEED": "0"}, cwd=scratch)
