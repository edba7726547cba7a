"""Files that were cut off, damaged or made to hurt: recognition ends soon, in little memory, and with a sentence.

Whoever builds other people's directories reads such files; none may stop the build in another way, or be loaded.
"""

from __future__ import annotations

import bz2
import lzma
import pickle
import random
import shutil
import struct
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from ml_buildpack.facts.models.recognition import ModelScan, find_models
from ml_buildpack.facts.project_files import find_project_files
from support.build_runs import ROOT

MODELS = ROOT / "fixtures" / "models"
FILES = sorted(
    path
    for path in MODELS.rglob("*")
    if path.is_file()
    and path.relative_to(MODELS).parts[0] not in {"plans", "requirements"}
    and path.suffix not in {".py", ".md", ".txt", ".data-00000-of-00001", ".index"}
    and "spacy" not in path.parts
)
CUTS_OF_EACH, FLIPS_OF_EACH = 12, 12
SECONDS_MAX = 4.0


def scan_of(root: Path) -> ModelScan:
    """What is found there."""
    return find_models(find_project_files(root))


def copy_of(path: Path, to: Path) -> Path:
    """The fixture that the file belongs to, copied; the file's place in it."""
    fixture = MODELS / path.relative_to(MODELS).parts[0]
    shutil.copytree(fixture, to)
    return to / path.relative_to(fixture)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(MODELS)))
def test_no_damage_surprises(tmp_path: Path, path: Path) -> None:
    """Cut anywhere, or with any byte changed, a file is a model, no model, or a mistake with a sentence."""
    chance = random.Random(0)  # noqa: S311  # the same damage in every run
    victim = copy_of(path, tmp_path / "app")
    whole = victim.read_bytes()
    damaged = [whole[: chance.randrange(len(whole))] for _ in range(CUTS_OF_EACH)]
    for _ in range(FLIPS_OF_EACH):
        at = chance.randrange(len(whole))
        damaged.append(whole[:at] + bytes((chance.randrange(256),)) + whole[at + 1 :])
    for data in damaged:
        victim.write_bytes(data)
        scan = scan_of(tmp_path / "app")
        assert all(mistake.detail.endswith((".", ")")) for mistake in scan.damaged)


def _wrapper(shape: bytes, dtype: bytes = b"f8") -> bytes:
    """A pickle of joblib's wrapper around an array of that shape, without the array's bytes."""
    state = (
        b"}(X\x05\x00\x00\x00shape"
        + shape
        + b"X\x05\x00\x00\x00dtypecnumpy\ndtype\n(X\x02\x00\x00\x00"
        + dtype
        + b"K\x00K\x01tRu"
    )
    return b"\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81" + state + b"b."


HOSTILE: dict[str, tuple[str, bytes]] = {
    "a zip bomb inside a compressed pickle": (
        "model.joblib",
        zlib.compress(b"\x80\x04B" + struct.pack("<I", (1 << 31) - 1) + bytes(300 << 20), 9),
    ),
    "a bomb of bzip2": (
        "model.joblib",
        bz2.compress(b"\x80\x04B" + struct.pack("<I", (1 << 31) - 1) + bytes(200 << 20)),
    ),
    "a dictionary of xz that takes gigabytes": (
        "model.joblib",
        lzma.compress(b"\x80\x04N.", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]),
    ),
    "a text that says it has gigabytes": ("model.pkl", b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"x"),
    "an array that says it has exabytes": ("model.joblib", _wrapper(b"(\x8a\x08" + b"\xff" * 7 + b"\x7fK\x08t")),
    "an array of a negative shape": ("model.joblib", _wrapper(b"(J\xff\xff\xff\xfft")),
    "an array whose type is not known": ("model.joblib", _wrapper(b"(K\x04t", b"zz")),
    "a million opcodes and no end": ("model.pkl", b"\x80\x04" + b"N0" * 1_200_000),
    "tuples nested a hundred thousand deep": ("model.pkl", b"\x80\x04)" + b"\x85" * 100_000 + b"."),
    "a memo that is not there": ("model.pkl", b"\x80\x04h\x07."),
    "a mark that was never set": ("model.pkl", b"\x80\x04t."),
    "a name without an end": ("model.pkl", b"\x80\x04c" + b"a" * 100_000),
    "a number of a million digits": ("model.pkl", b"\x80\x04I" + b"9" * 4000 + b"\n."),
    "JSON nested a hundred thousand deep": ("model.safetensors", struct.pack("<Q", 200_000) + b"[" * 200_000),
    "a header of exabytes": ("model.safetensors", struct.pack("<Q", 1 << 62) + b"{"),
    "UBJSON nested deeply": ("model.ubj", b"{L" + struct.pack(">q", 7) + b"learner{" + b"i\x01a{" * 5000),
    "UBJSON with a count of exabytes": (
        "model.ubj",
        b"{L" + struct.pack(">q", 7) + b"learner[#L" + struct.pack(">q", 1 << 62),
    ),
    "a field of exabytes": ("model.onnx", b"\x08\x07\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    "a number that never ends": ("model.onnx", b"\x08" + b"\xff" * 100),
    "a key of exabytes": ("model.gguf", b"GGUF" + struct.pack("<IQQQ", 3, 1, 1 << 60, 1 << 62)),
    "CatBoost that says more than it has": ("model.cbm", b"CBM1" + struct.pack("<I", 1 << 31) + b"x"),
}


SLOW = {"a million opcodes and no end"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in HOSTILE]
)
def test_a_file_that_is_made_to_hurt_does_not(tmp_path: Path, name: str) -> None:
    """Not the time, not the memory: what a file says about its sizes is never believed."""
    path, data = HOSTILE[name]
    (tmp_path / path).write_bytes(data)
    tracemalloc.start()
    started = time.monotonic()
    scan = scan_of(tmp_path)
    seconds, (_, peak_bytes) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [path] == [*(mistake.where for mistake in scan.damaged), *(each.path for each in scan.refused)] or (
        not scan.models or scan.models[0].is_partial
    )
    # Counting memory makes everything several times slower.
    assert seconds < 4 * SECONDS_MAX
    assert peak_bytes < 160 << 20


def test_a_member_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    """A zip archive says how large its members are, and may lie about it or not."""
    with zipfile.ZipFile(tmp_path / "model.skops", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", bytes(64 << 20))

    assert ["Its member schema.json is larger than 8 MiB."] == [each.detail for each in scan_of(tmp_path).damaged]


def test_nothing_is_ever_unpickled(tmp_path: Path) -> None:
    """The one thing that must not happen: reading a file runs what it says."""
    witness = tmp_path / "witness"

    class Command:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            import os  # noqa: PLC0415  # pickled by name

            return os.system, (f"touch {witness}",)

    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Command()))
    scan = scan_of(tmp_path)

    assert [["posix.system"]] == [[str(danger) for danger in model.dangers] for model in scan.models]
    assert not witness.exists()
