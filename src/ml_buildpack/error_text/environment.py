"""Words for failures of what surrounds a build: variables, platform, disk, bindings, settings."""

from __future__ import annotations

from ml_buildpack.error_text.layout import Words, code, listing, mistakes_listing, paragraphs
from ml_buildpack.errors import (
    DiskFull,
    InvalidBinding,
    InvalidSettings,
    PlatformContractBroken,
    UnsafeEnvironment,
)


def unsafe_environment(error: UnsafeEnvironment) -> Words:
    """Which variables, and where a build gets variables from."""
    return Words(
        title="Variables are set that would redirect the installation",
        body=paragraphs(
            "pip, uv and Python obey these variables. The packages would end up outside the image, or be others than "
            "those asked for:",
            listing(error.names),
        ),
        fixes=(
            f"Leave them out of the command, where it has: pack build --env {error.names[0]}=...",
            "Remove them from project.toml, where they stand below:\n" + code("[[io.buildpacks.build.env]]"),
            (
                "If you set none of them, an earlier buildpack of the group or the builder itself ([[build.env]] in "
                "its builder.toml) does: build with another order or builder, or ask its owner."
            ),
        ),
    )


def platform_contract_broken(error: PlatformContractBroken) -> Words:
    """What is missing, and who has to give it."""
    return Words(
        title="The platform did not give what a buildpack is promised",
        body=paragraphs(
            "The Buildpack API 0.10 promises this to the buildpack, but it is missing:", code(error.missing)
        ),
        fixes=(
            (
                "Build with a platform whose lifecycle supports Buildpack API 0.10: lifecycle 0.18 or newer, which any "
                "recent pack, kpack or Tekton task brings."
            ),
            "If you run bin/detect or bin/build by hand, set the variable as the specification says:\n"
            + code("https://github.com/buildpacks/spec/blob/main/buildpack.md"),
        ),
    )


def disk_full(error: DiskFull) -> Words:
    """What could not be written, and where builds leave their data."""
    return Words(
        title="No space is left on the device",
        body=paragraphs("The disk, or the volume, was full when this was written:", code(error.path)),
        fixes=(
            "See what Docker keeps, and remove what no container uses:\n"
            + code("docker system df", "docker system prune"),
            "Drop the build cache of this image: pack build --clear-cache",
            (
                "On kpack or Tekton, give the build's cache volume more space. A layer is on the disk up to four times "
                "while it is exported and cached."
            ),
            "If the application directory holds data that the image does not need, leave it out in project.toml:\n"
            + code("[io.buildpacks]", 'exclude = ["data/"]'),
        ),
    )


def invalid_binding(error: InvalidBinding) -> Words:
    """Which files of which binding are wrong."""
    return Words(
        title="A service binding cannot be used",
        body=paragraphs(
            "The platform hands over a binding of a known type, but not its content:", mistakes_listing(error.mistakes)
        ),
        fixes=(
            (
                "Correct what is named above. A binding is a directory: its file `type` holds the type, every other "
                "file one value."
            ),
            "With pack, mount the directory:\n"
            + code('pack build NAME --volume "$PWD/bindings/NAME:/platform/bindings/NAME"'),
            "On Kubernetes, check the keys of the Secret: each key becomes a file.",
        ),
    )


def invalid_settings(error: InvalidSettings) -> Words:
    """Every value that cannot be used, and where it is set."""
    variables = [mistake.where for mistake in error.mistakes if mistake.where.startswith("BP_")]
    fixes = ["Correct each value; docs/settings.md lists every setting with its values and its default."]
    if variables:
        fixes.append(
            f"A variable such as {variables[0]} comes from `pack build --env`, or from [[io.buildpacks.build.env]] in "
            "project.toml. It wins over the files, so removing it is enough if a file says the same.",
        )
    return Words(
        title="A setting has a value that cannot be used",
        body=paragraphs("These settings were read, and cannot be obeyed:", mistakes_listing(error.mistakes)),
        fixes=tuple(fixes),
    )
