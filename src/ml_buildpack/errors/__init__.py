"""Every failure that a user can meet, as a type with fields.

No prose lives here: `error_text` renders each type, `docs/errors.md` lists each id. Ids never change, because users
search for them. Detect and build raise these; `main` alone catches them.
"""

from ml_buildpack.errors.accelerator import (
    AcceleratorContradicted,
    AcceleratorNotLocked,
    AcceleratorNotOffered,
)
from ml_buildpack.errors.downloads import (
    CertificateRefused,
    DigestMismatch,
    DownloadFailed,
    HostNotFound,
    IndexUnauthorised,
    IndexUnreachable,
    ProxyFailed,
)
from ml_buildpack.errors.environment import (
    DiskFull,
    GitNotFound,
    InvalidBinding,
    InvalidSettings,
    PlatformContractBroken,
    PythonDownloadFailed,
    PythonEndOfLife,
    PythonNotAvailable,
    PythonRequestsConflict,
    UnsafeEnvironment,
)
from ml_buildpack.errors.internal import CommandFailed
from ml_buildpack.errors.launch import LfsPointerFound, MalformedProcfile, ModuleNameTaken, NoWebEntry, TwoWebEntries
from ml_buildpack.errors.requirements import (
    CondaPackagesWithoutWheel,
    ContradictingInputs,
    NoRequirementsFound,
    RequirementsMalformed,
    RequirementsUnreadable,
    UnsupportedDependencyFile,
)
from ml_buildpack.errors.resolution import (
    HeldByAnotherIndex,
    LocalVersionNotFound,
    LockMalformed,
    LockOutOfDate,
    NeedsAnotherPython,
    NoFileForThisPlatform,
    NoWheelAndNoCompiler,
    PackageNotFound,
    ReleaseYanked,
    ResolutionConflict,
    ResolverFailed,
    SeveralLocks,
    SeveralWorkspaceMembers,
    SourceBuildFailed,
    WheelhouseIncomplete,
)
from ml_buildpack.errors.root import Blame, BuildpackError, Mistake

__all__ = [
    "AcceleratorContradicted",
    "AcceleratorNotLocked",
    "AcceleratorNotOffered",
    "Blame",
    "BuildpackError",
    "CertificateRefused",
    "CommandFailed",
    "CondaPackagesWithoutWheel",
    "ContradictingInputs",
    "DigestMismatch",
    "DiskFull",
    "DownloadFailed",
    "GitNotFound",
    "HeldByAnotherIndex",
    "HostNotFound",
    "IndexUnauthorised",
    "IndexUnreachable",
    "InvalidBinding",
    "InvalidSettings",
    "LfsPointerFound",
    "LocalVersionNotFound",
    "LockMalformed",
    "LockOutOfDate",
    "MalformedProcfile",
    "Mistake",
    "ModuleNameTaken",
    "NeedsAnotherPython",
    "NoFileForThisPlatform",
    "NoRequirementsFound",
    "NoWebEntry",
    "NoWheelAndNoCompiler",
    "PackageNotFound",
    "PlatformContractBroken",
    "ProxyFailed",
    "PythonDownloadFailed",
    "PythonEndOfLife",
    "PythonNotAvailable",
    "PythonRequestsConflict",
    "ReleaseYanked",
    "RequirementsMalformed",
    "RequirementsUnreadable",
    "ResolutionConflict",
    "ResolverFailed",
    "SeveralLocks",
    "SeveralWorkspaceMembers",
    "SourceBuildFailed",
    "TwoWebEntries",
    "UnsafeEnvironment",
    "UnsupportedDependencyFile",
    "WheelhouseIncomplete",
]
