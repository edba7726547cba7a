"""How a wish for a CPU or for CUDA is spelled, and which wishes exclude each other."""

from __future__ import annotations

import pytest

from ml_buildpack.facts.accelerator_wish import AUTO, CPU, CUDA, AcceleratorKind, AcceleratorWish, read_accelerator
from ml_buildpack.facts.setting_values import UnusableValueError


def cuda(version: str) -> AcceleratorWish:
    """CUDA in that version."""
    return AcceleratorWish(kind=AcceleratorKind.CUDA, cuda=version)


@pytest.mark.parametrize(
    ("text", "wish", "shown"),
    [
        ("auto", AUTO, "auto"),
        ("CPU", CPU, "cpu"),
        (" cuda ", CUDA, "cuda"),
        ("cu126", cuda("12.6"), "cu126"),
        ("cuda12.6", cuda("12.6"), "cu126"),
        ("CUDA 12.6", cuda("12.6"), "cu126"),
        ("cu118", cuda("11.8"), "cu118"),
        ("cu12", cuda("12"), "cuda12"),
        ("cuda13", cuda("13"), "cuda13"),
    ],
)
def test_every_spelling_is_understood(text: str, wish: AcceleratorWish, shown: str) -> None:
    """People write CUDA's versions in many ways."""
    assert (wish, shown) == (read_accelerator(text), str(read_accelerator(text)))


@pytest.mark.parametrize(
    ("text", "hint"),
    [("gpu", " Did you mean cuda?"), ("rocm6.4", ""), ("cu9", ""), ("12.6", ""), ("cu1266", ""), ("cuda12.6.3", "")],
)
def test_anything_else_is_refused(text: str, hint: str) -> None:
    """With what it must be."""
    with pytest.raises(UnusableValueError) as caught:
        read_accelerator(text)

    expected = f'It must be auto, cpu, cuda, or a version of CUDA such as cu126 or cuda12.6, and is "{text}".{hint}'
    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (CPU, CUDA, True),
        (CPU, cuda("12.6"), True),
        (CUDA, cuda("12.6"), False),
        (cuda("12"), cuda("12.6"), False),
        (cuda("12.1"), cuda("12.6"), True),
        (cuda("12"), cuda("13.0"), True),
        (cuda("12.1"), cuda("12"), False),
        (AUTO, CPU, False),
        (CPU, CPU, False),
    ],
)
def test_wishes_contradict_only_as_far_as_both_say_it(
    one: AcceleratorWish, other: AcceleratorWish, *, expected: bool
) -> None:
    """A major version agrees with each of its minor ones."""
    assert (expected, expected) == (one.contradicts(other), other.contradicts(one))
