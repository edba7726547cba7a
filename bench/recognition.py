"""How long recognising each model fixture takes, and a pickle of many words: `python3 bench/recognition.py`."""

from __future__ import annotations

import pickle
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))
sys.path.insert(0, str(ROOT / "vendor"))

from ml_buildpack.facts.models.recognition import find_models  # noqa: E402  # found through the path above
from ml_buildpack.facts.project_files import find_project_files  # noqa: E402

ROUNDS = 5
WORDS = 200_000


def milliseconds(directory: Path) -> float:
    """The median of several rounds."""
    taken = []
    for _ in range(ROUNDS):
        files = find_project_files(directory)
        started = time.perf_counter()
        find_models(files)
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def say(name: str, taken: float) -> None:
    """One line."""
    sys.stdout.write(f"{name:24} {taken:8.1f} ms\n")


def main() -> None:
    """Print a line for each."""
    fixtures = sorted(path for path in (ROOT / "fixtures" / "models").iterdir() if path.is_dir())
    for fixture in fixtures:
        if fixture.name not in {"plans", "requirements"}:
            say(fixture.name, milliseconds(fixture))
    with tempfile.TemporaryDirectory() as directory:
        words = {f"word{number}": number for number in range(WORDS)}
        Path(directory, "words.pkl").write_bytes(pickle.dumps(words))
        say(f"{WORDS} words", milliseconds(Path(directory)))


if __name__ == "__main__":
    main()
