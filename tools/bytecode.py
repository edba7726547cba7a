"""Compiles a folder ahead of time, so that a read-only buildpack starts without compiling. Used by the packaging tools.

Measured on Debian 12 (Python 3.11): `import packaging.pylock, tomli` takes 57 ms with and 78 ms without bytecode,
`python -m piptools compile --version` 0.33 s and 0.66 s.
"""

from __future__ import annotations

import subprocess
from pathlib import Path


def cache_tag(python: Path) -> str:
    """What names this interpreter's bytecode, `cpython-311` say: `.pyc` of several versions live side by side."""
    program = "import sys; print(sys.implementation.cache_tag)"
    answer = subprocess.run((python, "-I", "-c", program), check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def compile_folder(folder: Path, python: Path) -> None:
    """Write unchecked hash-based `.pyc` for every module below `folder`.

    Not by time stamp: the lifecycle sets every file to 1980, which makes those stale. Unchecked, because the folder is
    only ever replaced as a whole. The bytes depend on nothing but sources and interpreter: a fixed hash seed orders the
    constant sets, one worker compiles in sorted order, and -s keeps the folder's own path out.
    """
    # -S and an outside working directory, not -I, which would ignore the hash seed. -B and -f: an interpreter that
    # compiles its own library would leave time stamps for the modules it runs on, and then skip those.
    how = ("-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", folder)
    command = (python, "-S", "-B", "-m", "compileall", *how, folder)
    subprocess.run(command, env={"PYTHONHASHSEED": "0"}, cwd="/", check=True)
