"""The models of a project: directories first, by the file that describes them, then the files that belong to none.

Reads nothing of a model but what describes it. Mistakes are collected with their paths. Called by `observation`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.models import contents
from ml_buildpack.facts.models.artifact import ModelFormat, Recognised
from ml_buildpack.facts.models.directories import DESCRIPTIONS, read_directory
from ml_buildpack.facts.models.mlflow_model import MLMODEL, read_mlflow_model
from ml_buildpack.facts.models.mlserver_settings import MODEL_SETTINGS, NamedModel, read_model_settings
from ml_buildpack.facts.models.refusal import Refusal, RefusedError
from ml_buildpack.facts.models.stored import DamagedError
from ml_buildpack.facts.project_files import ProjectFile, ProjectFiles

CUSTOM_CODE = "predict.py"
# Deeper than `models/NAME/VERSION/data/model.keras` nothing is looked for by itself; a setting may name it.
DEPTH_MAX = 4
FILES_MAX = 200
# Experiments, data and tests: what lies there is not what shall be served.
_NOT_SERVED = frozenset(
    {"mlruns", "wandb", "lightning_logs", "tests", "test", "data", "dataset", "datasets", "notebooks"}
)
_LOADS = re.compile(rb"^(?:async )?def load\(", re.MULTILINE)
_CODE_BYTES_MAX = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A model that was recognised and cannot be served."""

    path: str
    refusal: Refusal


@dataclass(kw_only=True, slots=True)
class ModelScan:
    """What was found. `empty` are files without a byte that are called like models; `damaged` say what is wrong."""

    models: list[Recognised] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    damaged: list[Mistake] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    claimed: list[str] = field(default_factory=list)

    def is_claimed(self, path: str) -> bool:
        """Whether that file is a model that was read already, or part of one."""
        return any(claimed in {"", path} or path.startswith(f"{claimed}/") for claimed in self.claimed)

    def attempt(self, path: str, read: Callable[[], Recognised | None]) -> Recognised | None:
        """The model, remembered; or what is wrong with it."""
        try:
            found = read()
        except RefusedError as error:
            self.refused.append(Refused(path=path, refusal=error.refusal))
            return None
        except DamagedError as error:
            self.damaged.append(Mistake(where=path, detail=str(error)))
            return None
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            # A value that no library would have written, where a reader did not expect one: the file's fault, not ours.
            self.damaged.append(Mistake(where=path, detail="It begins like a model, and does not go on like one."))
            return None
        except OSError as error:
            self.damaged.append(Mistake(where=path, detail=f"It cannot be read: {error.strerror}."))
            return None
        if found is not None:
            self.models.append(found)
        return found


def find_models(files: ProjectFiles, named: str | None = None) -> ModelScan:
    """The models of the project, or the one at the path that is named: a file or a directory."""
    if named is not None:
        root = posixpath.normpath(named)
        visible = tuple(file for file in files.files if root == "." or f"{file.path}/".startswith(f"{root}/"))
    else:
        visible = tuple(file for file in files.files if _is_looked_at(file))
    scan = ModelScan()
    _find_named_by_settings(files, visible, scan)
    _find_directories(files, visible, scan)
    for file in _candidates(visible, scan):
        _find_file(files, file, scan)
    return _with_custom_code(files, scan)


def _is_looked_at(file: ProjectFile) -> bool:
    *directories, _ = file.path.split("/")
    hidden = any(name.startswith(".") or name.lower() in _NOT_SERVED for name in directories)
    return file.depth <= DEPTH_MAX and not hidden


def _find_named_by_settings(files: ProjectFiles, visible: tuple[ProjectFile, ...], scan: ModelScan) -> None:
    for file in visible:
        if file.name == MODEL_SETTINGS:
            scan.attempt(file.path, lambda file=file: _read_named(files, file.path, scan))  # type: ignore[misc]


def _read_named(files: ProjectFiles, path: str, scan: ModelScan) -> Recognised | None:
    named = read_model_settings(files, path)
    if named.path in files:
        found = contents.read_file(files, named.path, files.size_of(named.path))
        scan.claimed.append(named.path)
    else:
        found = _read_any_directory(files, named.path) or _only_file(files, named)
        scan.claimed.append(named.path)
    if found is None:
        raise DamagedError(f'There is no model at "{named.path or "."}", which it names.')
    return replace(found, name=named.name, version=named.version)


def _only_file(files: ProjectFiles, named: NamedModel) -> Recognised | None:
    prefix = f"{named.path}/" if named.path else ""
    beside = [file for file in files.files if file.path.startswith(prefix) and file.path != named.settings]
    found = [
        model
        for file in beside
        if _is_candidate(file) and file.size_bytes
        if (model := contents.read_file(files, file.path, file.size_bytes)) is not None
    ]
    return found[0] if len(found) == 1 else None


def _read_any_directory(files: ProjectFiles, directory: str) -> Recognised | None:
    if posixpath.join(directory, MLMODEL) in files:
        return read_mlflow_model(files, directory)
    return read_directory(files, directory)


def _find_directories(files: ProjectFiles, visible: tuple[ProjectFile, ...], scan: ModelScan) -> None:
    """Those that hold an MLmodel first, from the top down: what lies in one of them is part of it."""
    marks = (MLMODEL, *DESCRIPTIONS)
    found = sorted(
        (file for file in visible if file.name in marks), key=lambda file: (marks.index(file.name) > 0, file.depth)
    )
    for file in found:
        directory = posixpath.dirname(file.path)
        if scan.is_claimed(file.path):
            continue
        before = len(scan.refused) + len(scan.damaged)
        model = scan.attempt(file.path, lambda directory=directory: _read_any_directory(files, directory))  # type: ignore[misc]
        if model is not None or len(scan.refused) + len(scan.damaged) > before:
            scan.claimed.append(directory)


def _candidates(visible: tuple[ProjectFile, ...], scan: ModelScan) -> Iterator[ProjectFile]:
    found = [file for file in visible if _is_candidate(file) and not scan.is_claimed(file.path)]
    yield from sorted(found, key=lambda file: (file.depth, file.path))[:FILES_MAX]


def _is_candidate(file: ProjectFile) -> bool:
    suffix = posixpath.splitext(file.name)[1].lower()
    in_spark = "/metadata/part-" in f"/{file.path}"
    return suffix in contents.SUFFIXES or in_spark or file.name in {"model.ini", "model_index.json"}


def _find_file(files: ProjectFiles, file: ProjectFile, scan: ModelScan) -> None:
    if file.size_bytes == 0:
        # Texts may be empty, models not.
        if posixpath.splitext(file.name)[1].lower() not in {".txt", ".json", ".xml", ".bin", ".gz", ".z", ""}:
            scan.empty.append(file.path)
        return
    scan.attempt(file.path, lambda: contents.read_file(files, file.path, file.size_bytes))


def _with_custom_code(files: ProjectFiles, scan: ModelScan) -> ModelScan:
    """One model, where the project brings the code that loads and asks it; weights are then as good as models."""
    if CUSTOM_CODE not in files or _LOADS.search(files.read_bytes(CUSTOM_CODE, _CODE_BYTES_MAX)) is None:
        return scan
    versions = {name: text for model in scan.models for name, text in model.trained_with.items()}
    imports = {name for model in scan.models for name in model.imports}
    custom = Recognised(
        path=".",
        format=ModelFormat.CUSTOM,
        variant=CUSTOM_CODE,
        trained_with=versions,
        imports=tuple(sorted(imports)),
        dangers=tuple(danger for model in scan.models for danger in model.dangers),
        is_directory=True,
    )
    return ModelScan(
        models=[custom],
        refused=[refused for refused in scan.refused if not refused.refusal.needs_code],
        damaged=scan.damaged,
        empty=scan.empty,
    )
