"""Whether the project itself is a package that is installed, and not only a directory of modules.

It is one where it has a name and a build backend, and where that backend would find modules: most directories that a
tool gave a pyproject.toml hold an application, whose backend would fail. Installed means editable: the modules stay
where they lie, so that a change of the code is a change of the app layer alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ml_buildpack.facts.local_trees import LocalTree, read_local_tree
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.setuptools_files import SetupCall, SetupCfg, read_setup_call, read_setup_cfg
from ml_buildpack.facts.toml_files import TomlFile, read_toml

_PYPROJECT = "pyproject.toml"
_SETUPTOOLS = "setuptools"
# Names that setuptools passes over when it looks for the one package of a flat layout. Source: setuptools 80,
# discovery.py, FlatLayoutPackageFinder and FlatLayoutModuleFinder.
_NOT_PACKAGES = re.compile(
    r"ci|bin|debian|doc|docs|documentation|manpages|news|newsfragments|changelog|test|tests|unit_test|unit_tests|example|"
    r"examples|scripts|tools|util|utils|python|build|dist|venv|env|requirements|tasks|fabfile|site_scons|benchmark|"
    r"benchmarks|exercise|exercises|htmlcov|[._].*"
)
_NOT_MODULES = re.compile(
    r"setup|conftest|test|tests|example|examples|build|toxfile|noxfile|pavement|dodo|tasks|fabfile|[Ss][Cc]onstruct|"
    r"conanfile|manage|benchmark|benchmarks|exercise|exercises|[._].*"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectPackage:
    """The project as a tree to install; `tree` is None where it is none, and `note` says why if that may surprise."""

    tree: LocalTree | None = None
    note: str | None = None


def find_project_package(files: ProjectFiles) -> ProjectPackage:
    """The project, if it is a package that its backend can build."""
    pyproject = read_toml(files, _PYPROJECT)
    cfg, call = read_setup_cfg(files), read_setup_call(files)
    file = pyproject if isinstance(pyproject, TomlFile) else None
    setup = cfg if isinstance(cfg, SetupCfg) else None
    if _is_virtual(file) or not _is_named(file, setup, call):
        return ProjectPackage()
    missing = _why_not_buildable(files, file, setup, call)
    if missing is not None:
        return ProjectPackage(note=f"the project itself is not installed, only used from its directory: {missing}")
    return ProjectPackage(tree=read_local_tree(files.root, ".", editable=True))


def _is_named(file: TomlFile | None, cfg: SetupCfg | None, call: SetupCall | None) -> bool:
    """Whether something declares the project as a package: a backend and a name, or setuptools' own files."""
    named_in_setup = (cfg is not None and bool(cfg.value("metadata", "name"))) or (
        call is not None and ("name" in call.given or call.has_more)
    )
    # A setup.cfg alone is nothing that pip could install.
    by_setuptools = named_in_setup and (call is not None or file is not None)
    if file is None:
        return by_setuptools
    has_backend = "build-system" in file.document or (file.table("tool", "uv") or {}).get("package") is True
    return by_setuptools or ((has_backend or call is not None) and _name(file) is not None)


def _name(file: TomlFile) -> str | None:
    tables = (("project",), ("tool", "poetry"), ("tool", "flit", "metadata"))
    for table in tables:
        found = file.table(*table) or {}
        name = found.get("name", found.get("module"))
        if isinstance(name, str):
            return name
    return None


def _is_virtual(file: TomlFile | None) -> bool:
    """Whether the project says of itself that it is no package."""
    if file is None:
        return False
    is_application = (file.table("tool", "poetry") or {}).get("package-mode") is False
    return is_application or (file.table("tool", "uv") or {}).get("package") is False


# --- whether a backend would find modules -----------------------------------------------------------------------------


def _why_not_buildable(
    files: ProjectFiles, file: TomlFile | None, cfg: SetupCfg | None, call: SetupCall | None
) -> str | None:
    """What the backend would stumble on; None where nothing is known to be wrong."""
    backend = _backend(file)
    name = (_name(file) if file is not None else None) or ""
    module = re.sub(r"[-.\s]+", "_", name)
    if backend == _SETUPTOOLS:
        chosen = call is not None and ({"packages", "py_modules", "package_dir"} & call.given or call.has_more)
        chosen = chosen or (cfg is not None and any(cfg.value("options", key) for key in ("packages", "py_modules")))
        return None if chosen or _names_modules(file, backend) else _why_setuptools_fails(files)
    # Other backends look for the package that has the project's name, unless they are told what to take.
    if backend not in {"poetry", "hatchling", "uv_build", "flit_core"} or _names_modules(file, backend):
        return None
    # uv's backend looks below src/ only.
    tops = ("src/",) if backend == "uv_build" else ("", "src/")
    if any(_has_module(files, top + name) for top in tops for name in (module, module.lower())):
        return None
    return f'there is no package or module "{module}", which {backend} would install'


def _backend(file: TomlFile | None) -> str:
    system = file.table("build-system") if file is not None else None
    backend = str((system or {}).get("build-backend", _SETUPTOOLS))
    return backend.partition(".")[0].partition(":")[0]


def _names_modules(file: TomlFile | None, backend: str) -> bool:
    """Whether pyproject.toml says which modules make the package."""
    if file is None:
        return False
    keys = {
        _SETUPTOOLS: (("tool", "setuptools", "packages"), ("tool", "setuptools", "py-modules")),
        "poetry": (("tool", "poetry", "packages"), ("tool", "poetry", "include")),
        "hatchling": (("tool", "hatch", "build"),),
        "uv_build": (("tool", "uv", "build-backend"),),
        "flit_core": (("tool", "flit", "module"), ("tool", "flit", "metadata")),
    }
    return any(_is_set(file, key) for key in keys.get(backend, ()))


def _is_set(file: TomlFile, keys: tuple[str, ...]) -> bool:
    return keys[-1] in (file.table(*keys[:-1]) or {})


def _has_module(files: ProjectFiles, path: str) -> bool:
    return f"{path}.py" in files or any(
        file.path.startswith(f"{path}/") and file.path.endswith((".py", ".pyi")) for file in files.files
    )


def _why_setuptools_fails(files: ProjectFiles) -> str | None:
    """Its automatic discovery refuses a directory with several packages, or with several modules and no package."""
    if any(file.path.startswith("src/") and file.path.endswith(".py") for file in files.files):
        return None
    packages = sorted(set(_top_packages(files)))
    if len(packages) > 1:
        return f"setuptools finds several packages, {', '.join(packages)}, and none is named in its configuration"
    modules = [file.name for file in files.at_top() if _is_module(file.name)]
    if not packages and len(modules) > 1:
        return f"setuptools finds several modules, {', '.join(modules)}, and none is named in its configuration"
    return None


def _top_packages(files: ProjectFiles) -> Iterator[str]:
    for file in files.files:
        top = file.path.partition("/")[0]
        if file.depth > 0 and top.isidentifier() and _NOT_PACKAGES.fullmatch(top) is None:
            yield top


def _is_module(name: str) -> bool:
    stem = name.removesuffix(".py")
    return stem != name and stem.isidentifier() and _NOT_MODULES.fullmatch(stem) is None
