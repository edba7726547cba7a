"""Words for failures to choose versions and to find an installable file for each."""

from __future__ import annotations

import re
import shlex

from ml_buildpack.error_text import known_names
from ml_buildpack.error_text.layout import Words, code, listing, log_tail, mistakes_listing, paragraphs
from ml_buildpack.errors import (
    NoFileForThisPlatform,
    NoWheelAndNoCompiler,
    PackageNotFound,
    ResolutionConflict,
    ResolverFailed,
    SourceBuildFailed,
)

_OTHER_RESOLVER = {"uv": "pip-tools", "pip-tools": "uv"}

_NEEDS_OTHER_PYTHON = re.compile(r"requires-python|python\s*[<>=~!]=?\s*\d|python version|abi tag", re.IGNORECASE)
_NAMES_A_PRERELEASE = re.compile(r"pre-?releases?\b", re.IGNORECASE)
# uv: "there is no version of six==99"; pip: "(from versions: 1.0, 1.1)", and "(from versions: none)" where the name is
# wrong.
_NAMES_A_VERSION = re.compile(r"no versions? of\b|from versions: (?!none)|only .+ (?:is|are) available", re.IGNORECASE)

# (what the log of a failed build says, what that means). The first match speaks.
_ADVICE_FOR_BUILDS = (
    (
        r"No module named ['\"]?(?:distutils|imp)\b",
        (
            "The package uses `distutils` or `imp`, which Python 3.12 removed: take a newer version of it, or an older "
            "Python."
        ),
    ),
    (
        r"No module named ['\"]?pkg_resources",
        (
            "The package uses `pkg_resources`, which newer releases of setuptools no longer have: take a newer "
            "version of it."
        ),
    ),
    (r"use_2to3", "The package is written for Python 2: take a newer version of it, or another package."),
    (
        r"No module named ['\"]?(?:numpy|Cython|torch|wheel|packaging)\b",
        "The package needs another one to be built, and does not say so: take a version that has a wheel.",
    ),
    (
        r"Killed|MemoryError|out of memory",
        "The compiler ran out of memory: give the build more, or take a version that has a wheel.",
    ),
)


def resolution_conflict(error: ResolutionConflict) -> Words:
    """The resolver's own explanation, and how to try a way out of it without a build."""
    inputs = " ".join(shlex.quote(path) for path in error.inputs)
    command = f"pip-compile {inputs}" if error.resolver == "pip-tools" else f"uv pip compile {inputs}"
    fixes = ["Loosen or change one of the requirements that the explanation names."]
    if _NEEDS_OTHER_PYTHON.search(error.explanation):
        fixes.append(
            "The explanation speaks of the version of Python: ask for another one:\n"
            + code("pack build NAME --env BP_PYTHON_VERSION=3.12")
        )
    if _NAMES_A_PRERELEASE.search(error.explanation):
        fixes.append("A pre-release is taken only where it is named: write its exact version, such as `name==2.0rc1`.")
    if error.provided:
        fixes.append(
            f"Ask conda for another version of {error.provided[0].split()[0]}, or leave it out of conda's packages and "
            "let pip install it."
        )
    if not inputs.endswith((".yml", ".yaml")):
        fixes.append(f"Find what works where you are, in seconds:\n{code(command)}")
    return Words(
        title="The requirements contradict each other",
        body=paragraphs(
            f"No set of versions satisfies all of {', '.join(error.inputs)}. {error.resolver} explains:",
            log_tail(error.explanation),
            paragraphs("conda has installed this, and pip does not replace it:", listing(error.provided))
            if error.provided
            else "",
        ),
        fixes=tuple(fixes),
    )


def package_not_found(error: PackageNotFound) -> Words:
    """Who asked for the package, what was perhaps meant, and where else to look for it."""
    asked = (
        paragraphs("It is asked for here:", mistakes_listing(error.requirement_at))
        if error.requirement_at
        else "No line of the project asks for it: another package does."
    )
    release_missing = _only_release_is_missing(error.package, error.explanation)
    return Words(
        title="A package, or the release asked for, does not exist",
        body=paragraphs(
            f"The package index has no {'such release of' if release_missing else 'package'} '{error.package}'.",
            asked,
            log_tail(error.explanation),
        ),
        fixes=(
            *_fixes_for_release(error.package, release_missing=release_missing),
            "If it is a package of your own organisation, name the index that has it:\n"
            + code("pack build NAME --env PIP_EXTRA_INDEX_URL=https://pypi.example.com/simple"),
        ),
    )


def _only_release_is_missing(package: str, explanation: str) -> bool:
    """Whether the package exists and only the release does not."""
    if known_names.distribution_meant(package) or known_names.advice_for_unpublished(package):
        return False
    return _NAMES_A_VERSION.search(explanation) is not None


def _fixes_for_release(package: str, *, release_missing: bool) -> list[str]:
    meant = known_names.distribution_meant(package)
    advice = known_names.advice_for_unpublished(package)
    if meant is not None:
        return [f"Write `{meant}`: that is the package which `{package}` is commonly meant for."]
    if advice is not None:
        return [f"`{package}` is {advice}."]
    if release_missing:
        return [
            "See which releases there are, and ask for one of them:\n"
            + code(f"python -m pip index versions {package}"),
            "A release may exist for another Python only; then ask for that Python with BP_PYTHON_VERSION.",
        ]
    return [
        "Check the spelling. The name of a package is not always the one in `import`; search for it:\n"
        + code(f"https://pypi.org/search/?q={package}"),
    ]


def no_wheel_and_no_compiler(error: NoWheelAndNoCompiler) -> Words:
    """What the build of the package needs, and the ways not to build it."""
    debian = known_names.debian_package_of(error.missing)
    package_of = f" (in Debian and Ubuntu: the package {debian})" if debian else ""
    other = known_names.package_with_wheels(error.package)
    fixes = [f"Ask for `{other}` instead of `{error.package}`: it does the same and has wheels."] if other else []
    fixes += [
        f"Pin a version that has a wheel for Python {error.python}. The files of each release are listed here:\n"
        + code(f"https://pypi.org/project/{error.package}/#files"),
        "Or ask for a Python that the package has wheels for, often the one before the newest:\n"
        + code("pack build NAME --env BP_PYTHON_VERSION=3.12"),
        f"Or use a builder whose build image has {debian or error.missing}; its owner can add it.",
    ]
    return Words(
        title="A package has no wheel, and the builder cannot build it",
        body=paragraphs(
            f"{error.package} offers no ready-made file for Python {error.python} on this platform, so it has to be "
            f"built from source. Its build needs this, and the build image does not have it{package_of}:",
            code(error.missing),
            _log_of_build(error.log_tail),
        ),
        fixes=tuple(fixes),
    )


def source_build_failed(error: SourceBuildFailed) -> Words:
    """The end of the package's own log, and the ways not to build it."""
    meant = known_names.distribution_meant(error.package)
    advice = next((advice for pattern, advice in _ADVICE_FOR_BUILDS if re.search(pattern, error.log_tail)), None)
    fixes = [f"Write `{meant}`: that is the package which `{error.package}` is commonly meant for."] if meant else []
    fixes += [advice] if advice else []
    fixes += [
        f"Pin a version that has a wheel for Python {error.python}, so that nothing has to be built:\n"
        + code(f"https://pypi.org/project/{error.package}/#files"),
        "Or ask for a Python that the version supports:\n" + code("pack build NAME --env BP_PYTHON_VERSION=3.11"),
        "If it builds on your machine, compare with the log of:\n"
        + code(f"python -m pip wheel --no-deps {shlex.quote(error.package)}"),
    ]
    return Words(
        title="A package could not be built from source",
        body=paragraphs(
            f"{error.package} offers no ready-made file for Python {error.python} on this platform, and its own build "
            "failed.",
            _log_of_build(error.log_tail),
        ),
        fixes=tuple(fixes),
    )


def _log_of_build(output: str) -> str:
    tail = log_tail(output)
    return paragraphs("Its build ended with:", tail) if tail else ""


def no_file_for_this_platform(error: NoFileForThisPlatform) -> Words:
    """Which packages, and why a lock that worked elsewhere does not work here."""
    fixes: list[str] = []
    unpublished = [(name, known_names.advice_for_unpublished(name)) for name in map(_name_of, error.packages)]
    fixes.extend(f"`{name}` is {advice}." for name, advice in unpublished if advice)
    if any("+" in package for package in error.packages):
        fixes.append(
            "A version such as `2.5.1+cpu` exists only on its maker's own index. Name it on a line of "
            "requirements.txt:\n" + code("--extra-index-url https://download.pytorch.org/whl/cpu"),
        )
    fixes += [
        (
            "If the versions were locked on macOS or Windows, lock them for Linux too, or let the build resolve them: "
            "ship requirements.in instead of the compiled file."
        ),
        f"Ask for versions that have files for Python {error.python}, or for another Python with BP_PYTHON_VERSION.",
    ]
    if "arm64" in error.platform or "aarch64" in error.platform:
        fixes.append(
            "Or build for the platform that most packages have files for:\n"
            + code("pack build NAME --platform linux/amd64")
        )
    return Words(
        title="Packages have no file for this platform",
        body=paragraphs(
            f"No file of these packages can be installed on Python {error.python}, {error.platform}:",
            listing(error.packages),
            log_tail(error.explanation),
        ),
        fixes=tuple(fixes),
    )


def _name_of(package: str) -> str:
    return re.split(r"[=<>!~@ \[]", package, maxsplit=1)[0]


def resolver_failed(error: ResolverFailed) -> Words:
    """What the resolver printed, and the other resolver."""
    other = _OTHER_RESOLVER.get(error.resolver)
    tail = log_tail(error.log_tail)
    fixes = ["If the output names a line or an option, correct it in your requirements, or leave the option out."]
    if other:
        fixes.append(
            f"Try the other resolver; if it succeeds, keep it:\n{code(f'pack build NAME --env BP_RESOLVER={other}')}"
        )
    return Words(
        title="The resolver stopped",
        body=paragraphs(
            f"{error.resolver} could not choose versions, for a reason that the buildpack does not recognise.",
            paragraphs("It printed:", tail) if tail else "It printed nothing.",
        ),
        fixes=tuple(fixes),
    )
