"""Starts the build-time program: `python3 -I -B -u src detect`, as bin/run_phase.sh calls it.

-I keeps the user's environment out but leaves the builder's own packages on `sys.path` (Debian's dist-packages, say).
The packaged libraries go in front of those, right behind src/: what runs is what was locked and tested. None of them
may hide a module of the standard library, which comes after them (tests/rules/test_package.py).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "vendor"))

from ml_buildpack.main import main

raise SystemExit(main(sys.argv[1:]))
