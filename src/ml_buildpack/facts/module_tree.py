"""Which Python modules a project holds, and how an import statement finds them.

Knows paths only, and opens no file. Called by `web_reading` and `web_app`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ml_buildpack.facts.project_files import ProjectFiles


@dataclass(frozen=True, kw_only=True, slots=True)
class Imports:
    """What a module imports, as far as it tells where the module itself must be imported from.

    `roots` are the first parts of absolute imports; `level` is the largest number of leading dots.
    """

    roots: frozenset[str] = frozenset()
    level: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleTree:
    """The `.py` files of a project, and the directories that hold some at any depth."""

    paths: frozenset[str]
    directories: frozenset[str]
    _usual_app_dirs: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def find(self, app_dir: str, dotted: str) -> str | None:
        """The stem of the module: its path without `.py` or `/__init__.py`; None where the project has none."""
        stem = join(app_dir, dotted.replace(".", "/"))
        return stem if stem in self.directories or f"{stem}.py" in self.paths else None

    def file_of(self, stem: str) -> str | None:
        """The file that runs when the module is imported; None for a package without `__init__.py`."""
        for path in (join(stem, "__init__.py"), f"{stem}.py"):
            if path in self.paths:
                return path
        return None

    def usual_app_dir(self, path: str) -> str:
        """The directory from which the file is imported, by its path alone: "" for the top of the project.

        That is the directory of Django's `manage.py`, or a `src` that is no package itself, or a directory whose name
        no import statement could spell; the deepest of them.
        """
        directory = parent(path)
        if directory not in self._usual_app_dirs:
            marked = [prefix for prefix in _prefixes(directory) if self._is_import_root(prefix)]
            self._usual_app_dirs[directory] = marked[-1] if marked else ""
        return self._usual_app_dirs[directory]

    def app_dir(self, path: str, imports: Imports) -> str:
        """The directory from which the file is imported, judged by what it imports itself.

        `from src.model import load` in `src/main.py` works only from above `src`, and `import schemas` next to
        `schemas.py` only from the same directory, unless that is a package.
        """
        usual, directory = self.usual_app_dir(path), parent(path)
        parts = PurePosixPath(directory).parts
        above = [prefix for prefix in ("", *_prefixes(directory)) if _part_count(prefix) <= len(parts) - imports.level]
        possible = [prefix for prefix in above if module_name(path, prefix) and not self._is_package(prefix)]
        wanted = imports.roots - sys.stdlib_module_names
        # The first of equals is taken, so the order says which is preferred: the usual one, then the highest.
        return max(
            sorted(possible, key=lambda prefix: (prefix != usual, prefix)),
            key=lambda prefix: sum(self.find(prefix, root) is not None for root in wanted),
            default=usual,
        )

    def _is_package(self, directory: str) -> bool:
        return bool(directory) and f"{directory}/__init__.py" in self.paths

    def _is_import_root(self, directory: str) -> bool:
        name = PurePosixPath(directory).name
        bare_src = name == "src" and not self._is_package(directory)
        return bare_src or not name.isidentifier() or f"{directory}/manage.py" in self.paths


def find_module_tree(files: ProjectFiles) -> ModuleTree:
    """The modules among the project's files; those in hidden directories are none."""
    paths = frozenset(file.path for file in files.files if file.path.endswith(".py") and "/." not in f"/{file.path}")
    directories = {directory for path in paths for directory in _prefixes(parent(path))}
    return ModuleTree(paths=paths, directories=frozenset(directories))


def module_name(path: str, app_dir: str) -> str:
    """The dotted name under which the file is imported from `app_dir`; "" where no import could spell it."""
    inside = path[len(app_dir) + 1 :] if app_dir else path
    parts = inside.removesuffix(".py").removesuffix("/__init__").split("/")
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""


def parent(path: str) -> str:
    """The directory of a path; "" at the top."""
    return path.rpartition("/")[0]


def join(directory: str, name: str) -> str:
    """The path of `name` in `directory`; either may be ""."""
    return f"{directory}/{name}" if directory and name else directory or name


def _prefixes(directory: str) -> Iterator[str]:
    """`a`, `a/b` and `a/b/c` of `a/b/c`."""
    parts = directory.split("/") if directory else []
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])


def _part_count(directory: str) -> int:
    return len(PurePosixPath(directory).parts)
