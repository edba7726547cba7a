"""Words for failures of conda's own packages: channels, solutions, and the library that does the work."""

from __future__ import annotations

from ml_buildpack.error_text.layout import Words, code, listing, log_tail, mistakes_listing, paragraphs
from ml_buildpack.errors import (
    CondaChannelUnauthorised,
    CondaChannelUnreachable,
    CondaPackageNotFound,
    CondaSolverNotAvailable,
    CondaUnsatisfiable,
)

_TRANSLATE = (
    "If all that is needed is on PyPI, do without conda's own packages: leave out BP_CONDA=rattler. Wheels are smaller "
    "and quicker to install."
)
_MIRROR = "If the network reaches a mirror only, name it. It has the channels by their names:\n" + code(
    "pack build NAME --env BP_CONDA_MIRROR=https://conda.example.com",
)
_FORBIDDEN = 403


def channel_unreachable(error: CondaChannelUnreachable) -> Words:
    """Which address, and what the attempt ended with."""
    return Words(
        title="A conda channel does not answer",
        body=paragraphs("This address could not be read as a channel:", code(error.url), log_tail(error.detail)),
        fixes=(
            (
                "Check the name or address of the channel. A channel has the files noarch/repodata.json and "
                "linux-64/repodata.json, or linux-aarch64/repodata.json."
            ),
            _MIRROR,
            "If the network is reached through a proxy, set it where pack runs; pack hands it on to the build:\n"
            + code("export HTTPS_PROXY=http://proxy.example.com:3128"),
            "Or name other channels for one build:\n" + code("pack build NAME --env BP_CONDA_CHANNELS=conda-forge"),
        ),
    )


def channel_unauthorised(error: CondaChannelUnauthorised) -> Words:
    """Who refused, and how a login reaches a build without being in the project."""
    happened = (
        "The channel answered, and does not allow this:"
        if error.status == _FORBIDDEN
        else "The channel wants credentials, and got none or wrong ones:"
    )
    return Words(
        title="A conda channel refused the credentials",
        body=paragraphs(happened, code(error.url, f"answered with status {error.status}")),
        fixes=(
            "Mount a netrc file that the user of the build can read, with the host of the channel in it:\n"
            + code('pack build NAME --volume "$PWD/netrc:/platform/netrc" \\', "    --env NETRC=/platform/netrc"),
            "Or put user and password, or the token, into the address, in a variable of your shell, and name only the "
            "variable:\n"
            + code(
                "export BP_CONDA_CHANNELS=https://conda.example.com/t/TOKEN/team",
                "pack build NAME --env BP_CONDA_CHANNELS",
            ),
            "Do not write them into environment.yml: whoever sees the repository would see them.",
        ),
    )


def package_not_found(error: CondaPackageNotFound) -> Words:
    """Which packages, and which channels were asked."""
    return Words(
        title="A conda package is in none of the channels",
        body=paragraphs(
            "No channel has what these lines ask for:",
            mistakes_listing(error.packages),
            paragraphs("These channels were asked:", listing(error.channels)),
            paragraphs("The solver says:", log_tail(error.explanation)),
        ),
        fixes=(
            "Check the name and the version: see which ones there are at https://anaconda.org/search",
            "If another channel has it, add it below `channels:`, before or behind the others.",
            "If it is on PyPI alone, name it in the `pip:` section.",
            "A version may exist for other platforms, or for other versions of Python, only.",
        ),
    )


def unsatisfiable(error: CondaUnsatisfiable) -> Words:
    """The solver's own explanation, and what the image was taken to have."""
    return Words(
        title="No combination of conda packages fits",
        body=paragraphs(
            f"The channels have no set of packages that satisfies everything in {error.path}. The solver says:",
            log_tail(error.explanation),
            paragraphs("The image is taken to have:", listing(error.virtual_packages)),
        ),
        fixes=(
            f"Loosen one of the versions in {error.path} that the explanation names; `=1.2` allows any 1.2.",
            "If it says that __cuda is missing, ask for CUDA by its version, or say what the machines have:\n"
            + code("- cuda-version=12.4", "pack build NAME --env CONDA_OVERRIDE_CUDA=12.4"),
            "If it says that __glibc is too old, build on a newer run image.",
            _TRANSLATE,
        ),
    )


def solver_not_available(error: CondaSolverNotAvailable) -> Words:
    """What was looked for, and how a closed network gets it."""
    return Words(
        title="The installer of conda packages could not be fetched",
        body=paragraphs(
            f"Conda's own packages are solved and installed by {error.requirement}, which is fetched from the package "
            "index when a project needs it. That failed:",
            log_tail(error.detail),
        ),
        fixes=(
            "If the network has an index of its own, name it, and see that it has this release:\n"
            + code("pack build NAME --env PIP_INDEX_URL=https://pypi.example.com/simple"),
            "Where there is no index, put the wheel of this platform into the project's wheelhouse:\n"
            + code(f"pip download --no-deps --dest wheelhouse {error.requirement}"),
            _TRANSLATE,
        ),
    )
