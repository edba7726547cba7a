"""The bill of materials: one component for each package of the lock, and the interpreter."""

from __future__ import annotations

from dataclasses import replace

from ml_buildpack.lock import FileKind, LockedDirectory, LockedFile, LockedRevision
from ml_buildpack.plan.bill_of_materials import describe_packages
from support.build_values import PYTHON_3_12, lock_of, locked, wheel_of


def test_every_package_is_a_component_with_its_file() -> None:
    """With the digest that was verified, and where it came from; trees have neither."""
    wheel_in_project = LockedFile(
        filename="near-1.0-py3-none-any.whl",
        kind=FileKind.WHEEL,
        sha256="b" * 64,
        path="wheels/near-1.0-py3-none-any.whl",
    )
    lock = lock_of(
        locked("forked", None, LockedRevision(url="https://git.test/forked.git", commit="abc")),
        locked("near", "1.0", wheel_in_project),
        locked("own", None, LockedDirectory(path="pkg", editable=False)),
        locked("torch", "2.1+cpu", wheel_of("torch", "2.1+cpu")),
    )
    python = "pkg:generic/python@3.12.4"
    expected = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [
            {"type": "platform", "bom-ref": python, "name": "python", "version": "3.12.4", "purl": python},
            {
                "type": "library",
                "bom-ref": "pkg:pypi/forked",
                "name": "forked",
                "purl": "pkg:pypi/forked",
                "externalReferences": [{"type": "vcs", "url": "https://git.test/forked.git@abc"}],
            },
            {
                "type": "library",
                "bom-ref": "pkg:pypi/near@1.0",
                "name": "near",
                "version": "1.0",
                "purl": "pkg:pypi/near@1.0",
                "hashes": [{"alg": "SHA-256", "content": "b" * 64}],
            },
            {"type": "library", "bom-ref": "pkg:pypi/own", "name": "own", "purl": "pkg:pypi/own"},
            {
                "type": "library",
                "bom-ref": "pkg:pypi/torch@2.1%2Bcpu",
                "name": "torch",
                "version": "2.1+cpu",
                "purl": "pkg:pypi/torch@2.1%2Bcpu",
                "hashes": [{"alg": "SHA-256", "content": "a" * 64}],
                "externalReferences": [
                    {"type": "distribution", "url": "https://index.test/files/torch-2.1+cpu-py3-none-any.whl"}
                ],
            },
        ],
    }

    assert expected == describe_packages(lock, PYTHON_3_12)


def test_equal_locks_have_equal_documents() -> None:
    """No time and no random number: an unchanged layer keeps its document."""
    lock = lock_of(locked("flask"))

    assert describe_packages(lock, PYTHON_3_12) == describe_packages(lock_of(locked("flask")), PYTHON_3_12)


def test_component_says_what_brought_it() -> None:
    """Whoever finds a package in an image asks that first."""
    package = replace(locked("jinja2"), origin=("requirements.txt:2", "required by flask"))

    (_, component) = describe_packages(lock_of(package), PYTHON_3_12)["components"]

    assert [
        {"name": "ml-buildpack:origin", "value": "requirements.txt:2"},
        {"name": "ml-buildpack:origin", "value": "required by flask"},
    ] == component["properties"]
