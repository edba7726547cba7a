"""How packages divide among layers, by the size from which on a wheel counts as heavy: the table of docs/adr/0013.

Resolves stacks of today and asks the index for the sizes of their wheels; downloads none. `bench/package_layers.py`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from packaging.utils import NormalizedName

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from ml_buildpack.lock import Lock, LockedFile, parse_lock  # noqa: E402 - after the path
from ml_buildpack.plan.accelerated_packages import is_cuda_runtime  # noqa: E402
from support.workplace import find_uv, real_interpreter  # noqa: E402

STACKS = {
    "scikit-learn + pandas + FastAPI": "scikit-learn pandas fastapi uvicorn",
    "xgboost + Flask": "xgboost flask gunicorn",
    "lightgbm, polars, duckdb": "lightgbm pandas polars duckdb flask gunicorn",
    "onnxruntime + pillow": "onnxruntime pillow fastapi uvicorn",
    "torch + FastAPI": "torch fastapi uvicorn",
    "transformers, torchvision": "transformers torch torchvision accelerate sentence-transformers fastapi uvicorn",
    "tensorflow + Flask": "tensorflow flask gunicorn",
    "jax[cuda12]": "jax[cuda12] fastapi uvicorn",
    "mlflow + scikit-learn": "mlflow scikit-learn",
    "streamlit, matplotlib": "streamlit plotly matplotlib scikit-learn",
    "catboost + boto3": "boto3 catboost flask gunicorn",
}
THRESHOLDS_MB = (1, 2, 5, 10, 20)
MB = 1_000_000


def main() -> None:
    """Print one row for each stack, in megabytes of wheels."""
    columns = " | ".join(f"light at {size} MB" for size in THRESHOLDS_MB)
    sys.stdout.write(f"| stack | wheels | all | cuda | {columns} | heavy at 5 MB |" + "\n")
    sys.stdout.write("|---|" + "---|" * (len(THRESHOLDS_MB) + 4) + "\n")
    for name, requirements in STACKS.items():
        sizes = wheel_sizes(resolve(requirements))
        cuda = sum(size for package, size in sizes.items() if is_cuda_runtime(package))
        others = {package: size for package, size in sizes.items() if not is_cuda_runtime(package)}
        light = (sum(size for size in others.values() if size < limit * MB) for limit in THRESHOLDS_MB)
        heavy = sorted((package for package, size in others.items() if size >= 5 * MB), key=lambda one: -others[one])
        cells = [str(len(sizes)), f"{sum(sizes.values()) / MB:.0f}", f"{cuda / MB:.0f}"]
        cells += [f"{size / MB:.1f}" for size in light]
        sys.stdout.write(f"| {name} | {' | '.join(cells)} | {', '.join(heavy)} |" + "\n")


def resolve(requirements: str) -> Lock:
    """What uv chooses today for this machine."""
    interpreter = real_interpreter()
    with tempfile.TemporaryDirectory() as directory:
        given, found = Path(directory, "requirements.txt"), Path(directory, "pylock.toml")
        given.write_text(requirements.replace(" ", "\n"))
        subprocess.run(
            (str(find_uv()), "pip", "compile", "--quiet", "--format", "pylock.toml", "--python", interpreter.path,
             str(given), "--output-file", str(found)),
            check=True,
        )  # fmt: skip
        return parse_lock(
            found.read_text(),
            tags=interpreter.tags,
            environment=interpreter.environment,
            python=interpreter.version,
            platform="this machine",
        )


def wheel_sizes(lock: Lock) -> dict[NormalizedName, int]:
    """The bytes of each package's file."""
    files = {one.name: one.source for one in lock.packages if isinstance(one.source, LockedFile)}
    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip(files, pool.map(size_of, files.values()), strict=True))


def size_of(file: LockedFile) -> int:
    """As the lock says, else as the index does."""
    if file.size_bytes is not None:
        return file.size_bytes
    answer = requests.head(str(file.url), timeout=30)
    answer.raise_for_status()
    return int(answer.headers["Content-Length"])


if __name__ == "__main__":
    main()
