"""Whether the project of a lock is a package itself, which its tool would install beside the dependencies.

Each tool has rules of its own. Called by the readers of locks.
"""

from __future__ import annotations

from collections.abc import Mapping

from packaging.utils import canonicalize_name

from ml_buildpack.facts.local_trees import LocalTree, read_local_tree
from ml_buildpack.facts.project_files import ProjectFiles

_NOT_BUILT = "the project itself is not installed: {reason}"


def find_poetry_package(
    files: ProjectFiles, document: Mapping[str, object]
) -> tuple[LocalTree | None, tuple[str, ...]]:
    """The project, where Poetry would install it, and notes on why not.

    Poetry takes every project for a package unless it says `package-mode = false`, and fails, or warns in its versions
    before 2.0, where there is no module of the project's name. Most of those are applications that are run from where
    they lie.
    """
    poetry = _table(document, "tool", "poetry")
    if poetry.get("package-mode") is False:
        return None, ()
    if "build-system" not in document:
        return None, (_NOT_BUILT.format(reason="pyproject.toml has no [build-system]"),)
    name = poetry.get("name") or _table(document, "project").get("name")
    if "packages" not in poetry and not (isinstance(name, str) and _has_module(files, name)):
        return None, (_NOT_BUILT.format(reason=f'there is no module of the name "{name}"'),)
    return _tree(files, "."), ()


def find_pdm_package(files: ProjectFiles, document: Mapping[str, object]) -> tuple[LocalTree | None, tuple[str, ...]]:
    """The project, where PDM would install it, and notes on why not."""
    pdm = _table(document, "tool", "pdm")
    is_application = pdm.get("distribution") is False or pdm.get("package-type") == "application"
    if is_application or not _table(document, "project").get("name"):
        return None, ()
    if "build-system" not in document:
        return None, (_NOT_BUILT.format(reason="pyproject.toml has no [build-system]"),)
    return _tree(files, "."), ()


def find_uv_package(files: ProjectFiles, document: Mapping[str, object], directory: str) -> LocalTree | None:
    """The project in that directory, where uv would install it."""
    said = _table(document, "tool", "uv").get("package")
    is_package = said if isinstance(said, bool) else "build-system" in document
    return _tree(files, directory) if is_package and "project" in document else None


def _has_module(files: ProjectFiles, name: str) -> bool:
    module = canonicalize_name(name).replace("-", "_")
    places = (f"{module}/", f"src/{module}/", f"{module}.py", f"src/{module}.py")
    return any(file.path.startswith(places) for file in files.files)


def _tree(files: ProjectFiles, path: str) -> LocalTree:
    # Editable: the application directory is in the image, and its modules are imported from where they lie.
    return read_local_tree(files.root, path, editable=True)


def _table(document: Mapping[str, object], *keys: str) -> Mapping[str, object]:
    found: object = document
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
