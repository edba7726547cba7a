"""What becomes of a directory that holds models and no application: which are served, and what is installed for them.

A part of the story of `build`, between the facts and the plan.
"""

from __future__ import annotations

from ml_buildpack.facts.conda.mlflow_files import find_recorded_pythons
from ml_buildpack.facts.models.recognition import find_models
from ml_buildpack.facts.observation import Facts
from ml_buildpack.plan.model_requirements import ModelRequirements, derive_dependencies, fit_dependencies
from ml_buildpack.plan.models import ModelChoice, choose_models
from ml_buildpack.plan.server import SERVED_FORMATS


def decide_models(facts: Facts, *, has_own_server: bool, all_formats: bool = False) -> ModelChoice:
    """The models of a directory without an application; an application serves its models itself.

    None where one of them has a format that is not served yet, unless `all_formats`: the build then ends with what the
    directory lacks.
    """
    if facts.settings.app is not None or facts.web.entries or has_own_server:
        return ModelChoice()
    scan = find_models(facts.files, facts.settings.model_path)
    has_requirements = facts.dependencies is not None
    choice = choose_models(scan, facts.settings, facts.files.modules(), has_requirements=has_requirements)
    served = all_formats or {model.found.format for model in choice.models} <= SERVED_FORMATS
    return choice if served else ModelChoice()


def decide_requirements(facts: Facts, models: ModelChoice, arch: str) -> ModelRequirements | None:
    """The project's requirements, made fit for its models; or those of the models. None: reading them was a problem.

    Raises: NoRequirementsFound; ModelVersionsContradict.
    """
    if facts.dependencies is not None:
        return fit_dependencies(facts.dependencies, models.models, arch)
    if facts.no_requirements is None:
        return None
    if models.models:
        recorded = find_recorded_pythons(facts.files)
        return ModelRequirements(dependencies=derive_dependencies(models.models, recorded, arch))
    if models.is_empty:
        raise facts.no_requirements
    return None
