"""What is in a layer, as a CycloneDX document: made from the lock, so it lists what was really installed. Pure.

No time and no random number is in it: equal locks have equal documents. Source: CycloneDX 1.5, JSON.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ml_buildpack.lock import Lock, LockedFile, LockedPackage, LockedRevision
from ml_buildpack.plan.interpreter import Interpreter


def describe_packages(lock: Lock, interpreter: Interpreter) -> dict[str, Any]:
    """The document of a layer: the interpreter it was made for and every package with its file's digest."""
    runtime = {
        "type": "platform",
        "bom-ref": f"pkg:generic/python@{interpreter.version}",
        "name": "python",
        "version": interpreter.version,
        "purl": f"pkg:generic/python@{interpreter.version}",
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [runtime, *(_component(package) for package in lock.packages)],
    }


def _component(package: LockedPackage) -> dict[str, Any]:
    version = f"@{quote(package.version)}" if package.version else ""
    purl = f"pkg:pypi/{package.name}{version}"
    component: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": package.name, "purl": purl}
    if package.version:
        component["version"] = package.version
    source = package.source
    if isinstance(source, LockedFile):
        component["hashes"] = [{"alg": "SHA-256", "content": source.sha256}]
        if source.url:
            component["externalReferences"] = [{"type": "distribution", "url": source.url}]
    elif isinstance(source, LockedRevision):
        component["externalReferences"] = [{"type": "vcs", "url": f"{source.url}@{source.commit}"}]
    if package.origin:
        component["properties"] = [{"name": "ml-buildpack:origin", "value": origin} for origin in package.origin]
    return component
