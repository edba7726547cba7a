"""Which renderer speaks for which type, and what all messages share: redaction, footer, link.

A dictionary rather than functools.singledispatch: the completeness test reads it, and a subclass without words of its
own must fail instead of getting those of its parent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ml_buildpack import errors
from ml_buildpack.error_text import (
    accelerator,
    conda,
    downloads,
    environment,
    inputs,
    internal,
    interpreter,
    launch,
    libraries,
    locks,
    models,
    network,
    requirements,
    resolution,
    unsatisfied,
)
from ml_buildpack.error_text.layout import ErrorText, Words
from ml_buildpack.errors import Blame, BuildpackError
from ml_buildpack.redaction import redact

# One section per id; the anchor is the id in lower case. Relative to the repository: it has no other published address.
DOCS_URL = "docs/errors.md"

# The id of an exception that is not of the catalogue; `bin/` says ML-ENV-001 itself, because it finds no Python.
UNEXPECTED_ID = "ML-INT-001"

RENDERERS: Mapping[type[BuildpackError], Callable[[Any], Words]] = {
    errors.UnsafeEnvironment: environment.unsafe_environment,
    errors.PlatformContractBroken: environment.platform_contract_broken,
    errors.DiskFull: environment.disk_full,
    errors.InvalidBinding: environment.invalid_binding,
    errors.GitNotFound: network.git_not_found,
    errors.InvalidSettings: environment.invalid_settings,
    errors.PythonNotAvailable: interpreter.python_not_available,
    errors.PythonRequestsConflict: interpreter.python_requests_conflict,
    errors.PythonEndOfLife: interpreter.python_end_of_life,
    errors.PythonDownloadFailed: interpreter.python_download_failed,
    errors.NoRequirementsFound: requirements.no_requirements_found,
    errors.RequirementsUnreadable: requirements.requirements_unreadable,
    errors.RequirementsMalformed: requirements.requirements_malformed,
    errors.UnsupportedDependencyFile: requirements.unsupported_dependency_file,
    errors.ContradictingInputs: inputs.contradicting_inputs,
    errors.CondaPackagesWithoutWheel: inputs.conda_packages_without_wheel,
    errors.ResolutionConflict: resolution.resolution_conflict,
    errors.PackageNotFound: resolution.package_not_found,
    errors.NoWheelAndNoCompiler: resolution.no_wheel_and_no_compiler,
    errors.SourceBuildFailed: resolution.source_build_failed,
    errors.NoFileForThisPlatform: resolution.no_file_for_this_platform,
    errors.ResolverFailed: resolution.resolver_failed,
    errors.LockMalformed: locks.lock_malformed,
    errors.LockOutOfDate: locks.lock_out_of_date,
    errors.SeveralLocks: locks.several_locks,
    errors.SeveralWorkspaceMembers: locks.several_workspace_members,
    errors.NeedsAnotherPython: unsatisfied.needs_another_python,
    errors.ReleaseYanked: unsatisfied.release_yanked,
    errors.LocalVersionNotFound: unsatisfied.local_version_not_found,
    errors.HeldByAnotherIndex: unsatisfied.held_by_another_index,
    errors.WheelhouseIncomplete: unsatisfied.wheelhouse_incomplete,
    errors.AcceleratorContradicted: accelerator.accelerator_contradicted,
    errors.AcceleratorNotOffered: accelerator.accelerator_not_offered,
    errors.AcceleratorNotLocked: accelerator.accelerator_not_locked,
    errors.DigestMismatch: downloads.digest_mismatch,
    errors.IndexUnreachable: downloads.index_unreachable,
    errors.IndexUnauthorised: downloads.index_unauthorised,
    errors.DownloadFailed: downloads.download_failed,
    errors.CertificateRefused: network.certificate_refused,
    errors.HostNotFound: network.host_not_found,
    errors.ProxyFailed: network.proxy_failed,
    errors.CondaChannelUnreachable: conda.channel_unreachable,
    errors.CondaChannelUnauthorised: conda.channel_unauthorised,
    errors.CondaPackageNotFound: conda.package_not_found,
    errors.CondaUnsatisfiable: conda.unsatisfiable,
    errors.CondaSolverNotAvailable: conda.solver_not_available,
    errors.SharedLibraryMissing: libraries.shared_library_missing,
    errors.AptNotUsable: libraries.apt_not_usable,
    errors.AptPackagesNotInstallable: libraries.apt_packages_not_installable,
    errors.AptPackageNeedsRoot: libraries.apt_package_needs_root,
    errors.NoWebEntry: launch.no_web_entry,
    errors.TwoWebEntries: launch.two_web_entries,
    errors.MalformedProcfile: launch.malformed_procfile,
    errors.ModuleNameTaken: launch.module_name_taken,
    errors.LfsPointerFound: launch.lfs_pointer_found,
    errors.EmptyModels: models.empty_models,
    errors.DamagedModels: models.damaged_models,
    errors.SeveralModels: models.several_models,
    errors.ModelsNotServable: models.models_not_servable,
    errors.ForeignModules: models.foreign_modules,
    errors.DangerousModels: models.dangerous_models,
    errors.ModelVersionsContradict: models.model_versions_contradict,
    errors.CommandFailed: internal.command_failed,
}

_FOOTERS = {
    Blame.USER: "",
    Blame.ENVIRONMENT: (
        "The project itself is not at fault, as far as the buildpack can see. If the steps above do not help, show "
        "this message to whoever runs the builder or the platform."
    ),
    Blame.BUILDPACK: (
        "This is a fault of the buildpack, not of the project. Please report it to the maintainers of "
        "ml-buildpack/python, with the whole log of the build."
    ),
}


def render(error: BuildpackError) -> ErrorText:
    """The failure in words, without secrets. Raises KeyError for a type that has no words."""
    return _complete(error.id, error.blame, RENDERERS[type(error)](error))


def render_unexpected(error: BaseException) -> ErrorText:
    """Words for an exception that is not a BuildpackError: a fault of ours, with the traceback."""
    return _complete(UNEXPECTED_ID, Blame.BUILDPACK, internal.unexpected(error))


def _complete(error_id: str, blame: Blame, words: Words) -> ErrorText:
    return ErrorText(
        id=error_id,
        title=words.title,
        body=redact(words.body),
        fixes=tuple(redact(fix) for fix in words.fixes),
        footer=_FOOTERS[blame],
        link=f"{DOCS_URL}#{error_id.lower()}",
    )
