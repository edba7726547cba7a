"""Write what a Go program is made of beside it, in the three formats that the lifecycle looks for.

Usage: go version -m PROGRAM | python3 tools/go_bill_of_materials.py PROGRAM
Writes PROGRAM.sbom.{cdx,spdx,syft}.json. No time and no random number is in them. Sources: CycloneDX 1.5, SPDX 2.3,
the JSON of Syft.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The lifecycle dates everything in an image so, and SPDX demands a date.
_CREATED = "1980-01-01T00:00:01Z"
_SYFT_SCHEMA = "16.0.0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """A Go module that is linked into a program."""

    path: str
    version: str

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:golang/{self.path}@{self.version}"

    @property
    def id(self) -> str:
        """A name made of the characters that SPDX allows."""
        return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", f"{self.path}-{self.version}")


def read_modules(text: str) -> tuple[Module, ...]:
    """The modules in the output of `go version -m`, the program's own first. A replaced one is what replaced it."""
    modules: list[Module] = []
    for line in text.splitlines():
        match line.split("\t")[1:]:
            case ["mod" | "dep", path, version, *_]:
                modules.append(Module(path=path, version=version))
            case ["=>", path, version, *_]:
                modules[-1] = Module(path=path, version=version)
            case _:
                pass
    return tuple(modules)


def render_cyclonedx(modules: tuple[Module, ...]) -> dict[str, Any]:
    """The modules as a CycloneDX document."""
    components = [
        {"type": "library", "bom-ref": each.purl, "name": each.path, "version": each.version, "purl": each.purl}
        for each in modules
    ]
    program = {**components[0], "type": "application"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": program},
        "components": components[1:],
    }


def render_spdx(modules: tuple[Module, ...], name: str) -> dict[str, Any]:
    """The modules as an SPDX document."""
    program = modules[0]
    digest = hashlib.sha256("".join(each.purl for each in modules).encode()).hexdigest()
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://{program.path}/sbom/{name}-{program.version}-{digest}",
        "creationInfo": {"created": _CREATED, "creators": ["Tool: ml-buildpack"]},
        "packages": [_spdx_package(each) for each in modules],
        "relationships": [
            _spdx_relationship("SPDXRef-DOCUMENT", "DESCRIBES", program.id),
            *(_spdx_relationship(program.id, "CONTAINS", each.id) for each in modules[1:]),
        ],
    }


def _spdx_package(module: Module) -> dict[str, Any]:
    reference = {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": module.purl,
    }
    return {
        "SPDXID": module.id,
        "name": module.path,
        "versionInfo": module.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "externalRefs": [reference],
    }


def _spdx_relationship(element: str, kind: str, related: str) -> dict[str, str]:
    return {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": related}


def render_syft(modules: tuple[Module, ...], name: str) -> dict[str, Any]:
    """The modules as Syft's own JSON."""
    return {
        "artifacts": [
            {
                "id": hashlib.sha256(each.purl.encode()).hexdigest()[:16],
                "name": each.path,
                "version": each.version,
                "type": "go-module",
                "foundBy": "go version -m",
                "locations": [],
                "licenses": [],
                "language": "go",
                "cpes": [],
                "purl": each.purl,
            }
            for each in modules
        ],
        "artifactRelationships": [],
        "source": {"id": name, "name": name, "version": modules[0].version, "type": "file", "metadata": {"path": name}},
        "distro": {},
        "descriptor": {"name": "ml-buildpack", "version": ""},
        "schema": {
            "version": _SYFT_SCHEMA,
            "url": f"https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-{_SYFT_SCHEMA}.json",
        },
    }


def main() -> int:
    """Write the documents of the program that is named."""
    program = Path(sys.argv[1])
    modules = read_modules(sys.stdin.read())
    if not modules:
        print(f"{program} does not say which modules it is made of", file=sys.stderr)
        return 1
    documents = {
        "cdx": render_cyclonedx(modules),
        "spdx": render_spdx(modules, program.name),
        "syft": render_syft(modules, program.name),
    }
    for kind, document in documents.items():
        text = json.dumps(document, indent=2, sort_keys=True)
        program.with_name(f"{program.name}.sbom.{kind}.json").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
