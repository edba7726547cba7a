"""What a Go program is made of, from the words of `go version -m`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "tools"))

from go_bill_of_materials import (
    Module,
    read_modules,
    render_cyclonedx,
    render_spdx,
)

PRINTED = """\
.build/tools/launcher: go1.26.8
\tpath\tgithub.com/buildpacks/lifecycle/cmd/launcher
\tmod\tgithub.com/buildpacks/lifecycle\tv0.21.0\th1:s2ok=
\tdep\tgithub.com/BurntSushi/toml\tv1.5.0
\t=>\tgithub.com/BurntSushi/toml\tv1.3.2\th1:o7Ih=
\tdep\tgolang.org/x/sys\tv0.38.0\th1:3yZW=
\tbuild\t-trimpath=true
"""
MODULES = (
    Module(path="github.com/buildpacks/lifecycle", version="v0.21.0"),
    Module(path="github.com/BurntSushi/toml", version="v1.3.2"),
    Module(path="golang.org/x/sys", version="v0.38.0"),
)


def test_a_replaced_module_is_what_replaced_it() -> None:
    """The lifecycle is built with an older toml than it names: the list says what is really in the program."""
    assert MODULES == read_modules(PRINTED)


def test_no_module_is_found_in_other_words() -> None:
    """A program that is no Go program says nothing of modules, and an empty list would be a lie."""
    assert () == read_modules("launcher: not a Go executable\n")


def test_the_program_is_not_among_its_components() -> None:
    """CycloneDX has what a document describes in its metadata, and the parts apart from it."""
    document = render_cyclonedx(MODULES)

    names = [component["name"] for component in document["components"]]
    assert ("application", names) == (
        document["metadata"]["component"]["type"],
        ["github.com/BurntSushi/toml", "golang.org/x/sys"],
    )


def test_the_program_contains_every_other_module() -> None:
    """Readers of SPDX follow relationships, from the document to the program to its parts."""
    document = render_spdx(MODULES, "launcher")

    pairs = [(each["relationshipType"], each["relatedSpdxElement"]) for each in document["relationships"]]
    assert pairs == [
        ("DESCRIBES", "SPDXRef-github.com-buildpacks-lifecycle-v0.21.0"),
        ("CONTAINS", "SPDXRef-github.com-BurntSushi-toml-v1.3.2"),
        ("CONTAINS", "SPDXRef-golang.org-x-sys-v0.38.0"),
    ]
