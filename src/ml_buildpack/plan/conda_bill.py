"""What is in the layer of a conda environment, as a CycloneDX document: made from the lock. Pure.

No time and no random number is in it. Sources: CycloneDX 1.5, JSON; the purl specification's type `conda`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ml_buildpack.plan.conda_lock import CondaLock, CondaPackage


def describe_conda(lock: CondaLock) -> dict[str, Any]:
    """The document of the `conda` layer: every package with its archive's digest and address."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [_component(package) for package in lock.packages],
    }


def package_url(package: CondaPackage) -> str:
    """For example `pkg:conda/numpy@1.26.4?build=py311_0&channel=conda-forge&subdir=linux-64&type=conda`."""
    channel = package.channel.rpartition("/")[2]
    kind = "conda" if package.filename.endswith(".conda") else "tar.bz2"
    qualifiers = f"build={quote(package.build)}&channel={quote(channel)}&subdir={package.subdir}&type={kind}"
    return f"pkg:conda/{quote(package.name)}@{quote(package.version)}?{qualifiers}"


def _component(package: CondaPackage) -> dict[str, Any]:
    purl = package_url(package)
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": package.sha256}],
        "externalReferences": [{"type": "distribution", "url": package.url}],
    }
