"""What is known of wheels, in the notes of the layers that were made from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.cnb.layer import LayerName, MetadataOnly, Present, RestoredLayer
from ml_buildpack.lock import LockedDirectory
from ml_buildpack.plan.layers import CUDA, HEAVY, VENV
from ml_buildpack.plan.wheel_facts import (
    WHEELS_NOTE,
    WheelFacts,
    read_wheels_notes,
    unknown_wheels,
    wheel_key,
    write_wheels_note,
)
from support.build_values import lock_of, locked, wheel_of

A, B = wheel_of("a", sha256="a" * 64), wheel_of("b", sha256="b" * 64)
LOCK = lock_of(
    locked("a", source=A), locked("b", source=B), locked("c", source=LockedDirectory(path=".", editable=True))
)
FACTS = {
    wheel_key(A): WheelFacts(size_bytes=7, packages=("a", "b"), folders=("a.libs",), is_movable=False),
    wheel_key(B): WheelFacts(size_bytes=9, packages=()),
}


def test_notes_come_back_as_they_were_written(tmp_path: Path) -> None:
    """Each layer has those of its own wheels; the restored ones are put together."""
    first = {WHEELS_NOTE: write_wheels_note(lock_of(LOCK.packages[0]), FACTS)}
    second = {WHEELS_NOTE: write_wheels_note(lock_of(*LOCK.packages[1:]), FACTS)}

    restored: dict[LayerName, RestoredLayer] = {
        HEAVY: MetadataOnly(metadata=first),
        VENV: Present(metadata=second, path=tmp_path),
    }

    assert FACTS == read_wheels_notes(restored)


@pytest.mark.parametrize("note", ["", "{", "[]", "[1]", '{"a": 1}', '{"a": [1, [], []]}', '{"a": ["x", [], [], 1]}'])
def test_note_that_cannot_be_read_is_none(note: str) -> None:
    """Another release wrote it, or nobody; the wheel is looked at again."""
    assert {} == read_wheels_notes({CUDA: MetadataOnly(metadata={WHEELS_NOTE: note})})


def test_what_is_not_known_is_named() -> None:
    """Wheels of an index alone: a source tree is looked at where it is built."""
    assert (A, B) == unknown_wheels(LOCK, {})
    assert (B,) == unknown_wheels(LOCK, {wheel_key(A): FACTS[wheel_key(A)]})
    assert () == unknown_wheels(LOCK, FACTS)
