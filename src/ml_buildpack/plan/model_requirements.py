"""The requirements of models: derived where the project gives none, compared where it does. Pure. Called by build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ml_buildpack.errors import Mistake, ModelVersionsContradict
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.dependency_files import Requirements
from ml_buildpack.facts.models.artifact import ModelFormat
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirements_text import RequirementLine
from ml_buildpack.plan.model_needs import Need, find_needs, onnxruntime_for
from ml_buildpack.plan.models import ServedModel
from ml_buildpack.plan.wheel_pythons import pythons_with_wheels

# Distributions that bring the same modules: whoever asks for one of them has what a model needs.
_SAME = (
    frozenset({"xgboost", "xgboost-cpu"}),
    frozenset({"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel"}),
    frozenset({"onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino"}),
    frozenset({"mlflow", "mlflow-skinny"}),
    frozenset({"lightgbm"}),
)
_MLFLOW = canonicalize_name("mlflow")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelRequirements:
    """The project's dependencies, made fit for its models. `added` are requirements that its files lack.

    `warnings` are versions that differ from those of the training and may work.
    """

    dependencies: Dependencies
    added: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


# --- where the project gives none ------------------------------------------------------------------------------------


def derive_dependencies(models: tuple[ServedModel, ...], pythons: Iterable[PythonRequest], arch: str) -> Dependencies:
    """The dependencies that the models themselves name; `pythons` are those that files beside them record."""
    needs = _needs(models, arch)
    path = models[0].found.path
    requests = [*pythons, *(request for model, need in needs if (request := _python_of(model, need)) is not None)]
    return Dependencies(
        kind=InputKind.MODEL,
        path=path,
        requirements=Requirements(
            files=(),
            requirements=tuple(_line(model, need) for model, need in needs),
            constraints=(),
            options=(),
            pip_tools_marks=(),
            local_trees=(),
        ),
        python_requests=tuple(dict.fromkeys(requests)),
        notes=tuple(f"{need.requirement}: {need.reason}" for _, need in needs),
    )


def _needs(models: tuple[ServedModel, ...], arch: str) -> tuple[tuple[ServedModel, Need], ...]:
    """The needs of all models, each once; several models may need several releases, and the resolver says it then."""
    found = {
        need.requirement: (model, need)
        for model in reversed(models)
        for need in reversed(find_needs(model.found, arch))
    }
    pinned = {need.name for _, need in found.values() if need.specifier}
    return tuple((model, need) for model, need in reversed(found.values()) if need.specifier or need.name not in pinned)


def _line(model: ServedModel, need: Need) -> RequirementLine:
    return RequirementLine(path=model.found.path, line=1, text=need.requirement, name=canonicalize_name(need.name))


def _python_of(model: ServedModel, need: Need) -> PythonRequest | None:
    """The Pythons for which the release that the model names has wheels."""
    if need.version is None or not need.specifier.startswith("=="):
        return None
    spec = pythons_with_wheels(need.name, need.version)
    if spec is None:
        return None
    text = f"{spec}, the wheels of {need.name} {need.version}"
    return PythonRequest(spec=spec, origin=model.found.path, line=None, text=text)


# --- where it does ---------------------------------------------------------------------------------------------------


def fit_dependencies(dependencies: Dependencies, models: tuple[ServedModel, ...], arch: str) -> ModelRequirements:
    """The project's own requirements with what its models need beside them.

    Raises: ModelVersionsContradict where an installed version cannot read a model.
    """
    lines = {line.name: line for line in dependencies.requirements.requirements if line.name is not None}
    needs = tuple(need for _, need in _needs(models, arch))
    mistakes = tuple(mistake for model in models for mistake in _impossible(model, lines.values()))
    if mistakes:
        raise ModelVersionsContradict(mistakes=mistakes)
    fitted = _without_mlflow(dependencies, models)
    missing = (need for need in needs if not any(name in lines for name in _same_as(need.name)))
    # A lock says what is installed; what it lacks may have come under a name that is not known here.
    added = (
        ()
        if dependencies.exact or dependencies.pylock or dependencies.uv
        else tuple(need.requirement for need in missing)
    )
    return ModelRequirements(dependencies=fitted, added=added, warnings=tuple(_differences(needs, lines.values())))


def _same_as(name: str) -> frozenset[str]:
    return next((names for names in _SAME if name in names), frozenset({str(canonicalize_name(name))}))


def _without_mlflow(dependencies: Dependencies, models: tuple[ServedModel, ...]) -> Dependencies:
    """MLflow lists itself in what it saves: left out where its format is not needed, else its slim form is enough."""
    mlflow_models = [model for model in models if "mlmodel" in model.found.facts]
    if len(mlflow_models) < len(models) or dependencies.exact or not mlflow_models:
        return dependencies
    needed = any(model.found.format is ModelFormat.PYFUNC for model in models)
    lines: list[RequirementLine] = []
    notes = list(dependencies.notes)
    for line in dependencies.requirements.requirements:
        if line.name != _MLFLOW:
            lines.append(line)
        elif needed:
            slim = f"mlflow-skinny{line.text[len('mlflow') :]}"
            lines.append(replace(line, text=slim, name=canonicalize_name("mlflow-skinny")))
            notes.append(f"{slim} stands for {line.text}: it has everything that serving needs")
        else:
            notes.append(f"{line.text} is left out: the model is loaded without it")
    requirements = replace(dependencies.requirements, requirements=tuple(lines))
    return replace(dependencies, requirements=requirements, notes=tuple(notes))


def _differences(needs: Iterable[Need], lines: Iterable[RequirementLine]) -> Iterator[str]:
    lines = tuple(lines)
    for need in needs:
        for line in lines:
            specifier = _specifier(line)
            differs = need.version is not None and specifier is not None and not _allows(specifier, need.version)
            if line.name in _same_as(need.name) and differs:
                asked = f"{line.path}:{line.line} asks for {line.text}"
                yield f"{need.reason}, and {asked}: the model may answer differently, or not load."


def _specifier(line: RequirementLine) -> SpecifierSet | None:
    try:
        return Requirement(line.text).specifier
    except InvalidRequirement:
        return None


def _allows(specifier: SpecifierSet, version: str) -> bool:
    try:
        return specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class _Limit:
    """Which releases read a model: `reads` is a specifier, `why` what the others fail on."""

    distributions: frozenset[str]
    reads: str
    why: str


def _impossible(model: ServedModel, lines: Iterable[RequirementLine]) -> Iterator[Mistake]:
    """Requirements that allow no release which reads the model."""
    limits = tuple(_limits(model))
    for line in lines:
        specifier = _specifier(line)
        for limit in limits:
            if line.name in limit.distributions and specifier is not None and _excludes(specifier, limit.reads):
                yield Mistake(
                    where=line.path, line=line.line, text=line.text, detail=f"{limit.why}: {limit.reads} reads it."
                )


def _limits(model: ServedModel) -> Iterator[_Limit]:
    found = model.found
    xgboost = found.trained_with.get("xgboost", "")
    if not _allows(SpecifierSet("<3.1"), xgboost or "0"):
        why = f"{found.path} was saved with xgboost {xgboost}, in a form that releases before 3.1 refuse"
        yield _Limit(distributions=_same_as("xgboost"), reads=">=3.1", why=why)
    if found.facts.get("numpy") == "2":
        why = f"the pickle of {found.path} names modules of NumPy 2"
        yield _Limit(distributions=frozenset({"numpy"}), reads=">=1.26.1", why=why)
    if found.format is ModelFormat.KERAS and found.variant == "keras":
        why = f"{found.path} is an archive of Keras 3"
        yield _Limit(distributions=frozenset({"keras"}), reads=">=3", why=why)
        yield _Limit(distributions=_same_as("tensorflow"), reads=">=2.16", why=why)
    opset = int(found.facts.get("opset ai.onnx", "0"))
    release = onnxruntime_for(opset)
    if release is not None:
        why = f"{found.path} needs the operators of opset {opset}"
        yield _Limit(distributions=_same_as("onnxruntime"), reads=f">={release}", why=why)


def _excludes(specifier: SpecifierSet, reads: str) -> bool:
    """Whether every release that is asked for is older than the first that reads: only pins and upper bounds tell."""
    first = Version(reads.removeprefix(">="))
    for clause in specifier:
        text = clause.version.removesuffix(".*")
        bound = Version(text)
        if clause.operator in {"==", "~=", "==="} and clause.version.endswith(".*"):
            newest = Version(f"{text}.99999")
        elif clause.operator == "~=":
            newest = Version(f"{'.'.join(text.split('.')[:-1])}.99999")
        else:
            newest = bound
        if clause.operator in {"==", "===", "<=", "~="} and newest < first:
            return True
        if clause.operator == "<" and bound <= first:
            return True
    return False
