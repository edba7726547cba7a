"""What a model is, byte for byte. Called by build for the models that are served; reads all of them."""

from __future__ import annotations

import hashlib

from ml_buildpack.facts.project_files import ProjectFiles

_CHUNK = 1 << 20


def digest_model(files: ProjectFiles, path: str) -> str:
    """The sha256 of a file; of a directory, that of its sorted lines of relative path and sha256. Raises: OSError."""
    if path in files:
        return _digest_file(files, path)
    prefix = "" if path == "." else f"{path}/"
    digest = hashlib.sha256()
    for file in files.files:
        if file.path.startswith(prefix):
            digest.update(f"{file.path.removeprefix(prefix)} {_digest_file(files, file.path)}\n".encode())
    return digest.hexdigest()


def _digest_file(files: ProjectFiles, path: str) -> str:
    digest = hashlib.sha256()
    with (files.root / path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
