"""Which of the models that were found are served, and under which names. Pure. Called by build."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ml_buildpack.errors import (
    BuildpackError,
    DamagedModels,
    DangerousModels,
    EmptyModels,
    ForeignModules,
    InvalidSettings,
    Mistake,
    ModelsNotServable,
    SeveralModels,
)
from ml_buildpack.facts.models.artifact import ModelFormat, Recognised
from ml_buildpack.facts.models.libraries import DISTRIBUTIONS
from ml_buildpack.facts.models.recognition import ModelScan
from ml_buildpack.facts.settings import Settings

# Names that files have because a library calls them so: the directory says more.
_NOT_NAMES = frozenset(
    {"model", "models", "saved_model", "saved-model", "pytorch_model", "estimator", "pipeline", "clf", "classifier",
     "best", "last", "final", "weights", "artifacts", "artifact", "export", "data", "src", "app"},
)  # fmt: skip
_VERSION_DIRECTORY = re.compile(r"v?(\d+(?:\.\d+)*)")
_UNUSABLE = re.compile(r"[^A-Za-z0-9._-]+")
_SUFFIXES = re.compile(r"(\.(gz|bz2|xz|lzma|z|lz4))?$", re.IGNORECASE)
# What a pickle calls the module of a notebook or a script.
_MAIN = "__main__"
DEFAULT_NAME = "model"
DEFAULT_VERSION = "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedModel:
    """A model with the name and version of its URL."""

    found: Recognised
    name: str
    version: str

    def __str__(self) -> str:
        """For example `iris 1: models/iris.joblib (sklearn, joblib)`."""
        return f"{self.name} {self.version}: {self.found.path} ({self.found.format.value}, {self.found.variant})"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelChoice:
    """The models to serve, sorted by name, and everything that is wrong with them. Neither: there is no model."""

    models: tuple[ServedModel, ...] = ()
    problems: tuple[BuildpackError, ...] = ()
    helpers: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing here is a model, or would be one."""
        return not self.models and not self.problems


def choose_models(
    scan: ModelScan, settings: Settings, modules: frozenset[str], *, has_requirements: bool = False
) -> ModelChoice:
    """The models to serve; `modules` are the top-level modules of the project itself.

    `has_requirements`: the project names packages of its own, which may bring modules that are not known here.
    """
    models = _predictors(scan.models)
    served = tuple(_named(model, settings, alone=len(models) == 1) for model in models)
    return ModelChoice(
        models=tuple(sorted(served, key=lambda model: (model.name, model.version))),
        problems=(
            *_problems(scan),
            *_dangerous(models, settings),
            *_foreign(models, modules, has_requirements=has_requirements),
            *_unobeyed(models, scan, settings),
            *_collisions(served),
        ),
        helpers=tuple(model.path for model in scan.models if model not in models),
    )


def _problems(scan: ModelScan) -> Iterable[BuildpackError]:
    if scan.empty:
        yield EmptyModels(paths=tuple(sorted(scan.empty)))
    if scan.damaged:
        yield DamagedModels(mistakes=tuple(sorted(scan.damaged, key=lambda mistake: mistake.where)))
    # Weights beside a model that can be served are its raw material, or somebody's leftovers.
    refused = [each for each in scan.refused if not (each.refusal.needs_code and scan.models)]
    if refused:
        yield ModelsNotServable(
            models=tuple(
                Mistake(where=each.path, text=each.refusal.what, detail=each.refusal.fix)
                for each in sorted(refused, key=lambda each: each.path)
            )
        )


def _predictors(models: list[Recognised]) -> tuple[Recognised, ...]:
    """Without what only prepares inputs, unless there is nothing else."""
    predictors = tuple(model for model in models if not model.is_helper)
    return predictors or tuple(models)


def _dangerous(models: tuple[Recognised, ...], settings: Settings) -> Iterable[DangerousModels]:
    allowed = frozenset(settings.model_allow)
    found = tuple(
        Mistake(where=model.path, text=", ".join(names), detail="runs commands or code while the model is loaded")
        for model in models
        if (names := [str(danger) for danger in model.dangers if str(danger) not in allowed])
    )
    if found:
        yield DangerousModels(models=found)


def _foreign(
    models: tuple[Recognised, ...], modules: frozenset[str], *, has_requirements: bool
) -> Iterable[ForeignModules]:
    known = frozenset(DISTRIBUTIONS) | modules
    found: list[Mistake] = []
    for model in models:
        # What MLflow's custom models need beside the pickle lies in their own directory.
        names = [] if model.format is ModelFormat.PYFUNC else [name for name in model.imports if name not in known]
        names = [name for name in names if name == _MAIN or not has_requirements]
        if names:
            found.append(Mistake(where=model.path, text=", ".join(names), detail=_explain_foreign(names)))
    if found:
        yield ForeignModules(models=tuple(found))


def _explain_foreign(names: list[str]) -> str:
    if names == [_MAIN]:
        return "It holds objects of a class that was defined in a notebook or a script, and is in no module."
    return "No library that is known here brings it, and no file of the project is called so."


def _unobeyed(models: tuple[Recognised, ...], scan: ModelScan, settings: Settings) -> Iterable[InvalidSettings]:
    mistakes: list[Mistake] = []
    nothing = not (models or scan.damaged or scan.refused or scan.empty)
    if settings.model_path is not None and nothing:
        where = settings.origin_of("model_path") or "BP_MODEL"
        detail = "There is no model at that path, or nothing that is known as one."
        mistakes.append(Mistake(where=where, text=settings.model_path, detail=detail))
    for field, variable, text in (
        ("model_name", "BP_MODEL_NAME", settings.model_name),
        ("model_version", "BP_MODEL_VERSION", settings.model_version),
    ):
        if text is not None and len(models) > 1:
            detail = f"It is for one model, and {len(models)} were found. Name the model too, with BP_MODEL."
            mistakes.append(Mistake(where=settings.origin_of(field) or variable, text=text, detail=detail))
    if mistakes:
        yield InvalidSettings(mistakes=tuple(mistakes))


def _named(model: Recognised, settings: Settings, *, alone: bool) -> ServedModel:
    name, version = _place(model)
    name, version = model.name or name, model.version or version
    if alone:
        name, version = settings.model_name or name, settings.model_version or version
    return ServedModel(found=model, name=_UNUSABLE.sub("-", name).strip("-") or DEFAULT_NAME, version=version)


def _place(model: Recognised) -> tuple[str, str]:
    """(name, version) as the path tells them: `churn/2/model.onnx` is version 2 of churn."""
    *directories, last = ("" if model.path == "." else model.path).split("/")
    if model.is_directory:
        directories.append(last)
        stem = ""
    else:
        stem = _SUFFIXES.sub("", last).rpartition(".")[0] or last
    version = DEFAULT_VERSION
    if directories and (found := _VERSION_DIRECTORY.fullmatch(directories[-1])) is not None:
        version = found.group(1)
        directories.pop()
    names = [*directories, stem]
    name = next((name for name in reversed(names) if name and name.lower() not in _NOT_NAMES), stem)
    return name or DEFAULT_NAME, version


def _collisions(models: tuple[ServedModel, ...]) -> Iterable[SeveralModels]:
    """Models that would have the same URL: only one of them can be meant."""
    by_name: dict[tuple[str, str], list[ServedModel]] = {}
    for model in models:
        by_name.setdefault((model.name, model.version), []).append(model)
    for (name, _), same in sorted(by_name.items()):
        if len(same) > 1:
            yield SeveralModels(
                name=name,
                candidates=tuple(
                    Mistake(where=model.found.path, detail=f"{model.found.format.value}, {model.found.variant}")
                    for model in sorted(same, key=lambda model: model.found.path)
                ),
            )
