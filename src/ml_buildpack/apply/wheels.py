"""The wheels of a lock as files in a directory: kept, fetched or built, verified, and pruned to the lock.

The directory is the cache-only layer `wheels`. It is flat and holds nothing but wheels, so that any installer takes
it as a `--find-links` directory. What was built from source lies in it under `built/<sha256 of the source>/`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from packaging.utils import NormalizedName

from ml_buildpack.apply import commands
from ml_buildpack.apply.build_requirements import BuildRequirements, digest_of_tree, unpack_source
from ml_buildpack.apply.downloads import Downloader, sha256_of
from ml_buildpack.apply.layer_store import remove_tree
from ml_buildpack.apply.source_trees import copy_tree
from ml_buildpack.apply.tool_failures import classify_build
from ml_buildpack.errors import DigestMismatch, DownloadFailed
from ml_buildpack.lock import FileKind, Lock, LockedDirectory, LockedFile, LockedPackage, LockedRevision, LockedSource
from ml_buildpack.plan.tool_environment import interpolate, uv_arguments
from ml_buildpack.redaction import redact

# An index answers many requests at once; beyond this the network is the limit on every machine tried.
PARALLEL_DOWNLOADS = 8
BUILT = "built"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadyWheel:
    """A wheel to install, on disk, with the digest that the installer checks."""

    name: NormalizedName
    path: Path
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelReport:
    """How many wheels came from where, and what was wrong with kept ones."""

    wheels: tuple[ReadyWheel, ...]
    kept: int
    fetched: int
    fetched_bytes: int
    built: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelStore:
    """Makes the wheels of a lock present in `directory`."""

    directory: Path
    downloader: Downloader
    uv: Path
    python: str
    python_version: str
    env: Mapping[str, str]
    app_dir: Path
    scratch: Path
    build_requirements: BuildRequirements

    def prepare(self, lock: Lock) -> WheelReport:
        """All wheels of the lock but those of editable trees, which are installed from where they lie.

        Raises: the errors of downloading; NoWheelAndNoCompiler, SourceBuildFailed.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        files = {file.filename: file for file in lock.files if file.url is not None}
        kept, dropped = self._verify_kept(files)
        missing = [file for name, file in sorted(files.items()) if name not in kept]
        with ThreadPoolExecutor(max_workers=PARALLEL_DOWNLOADS) as pool:
            list(pool.map(self._fetch, missing))
        built: list[str] = []
        wheels = [self._ready(package, built) for package in lock.packages if not _is_editable(package)]
        self._prune(wheels)
        self.build_requirements.prune(frozenset(self._build_name(package.source) for package in lock.packages))
        return WheelReport(
            wheels=tuple(wheels),
            kept=len(kept),
            fetched=len(missing),
            fetched_bytes=sum((self.directory / file.filename).stat().st_size for file in missing if _is_wheel(file)),
            built=tuple(built),
            dropped=dropped,
        )

    def _verify_kept(self, files: Mapping[str, LockedFile]) -> tuple[frozenset[str], tuple[str, ...]]:
        """Which files are there and right; files that are there and wrong are removed and named."""
        kept: set[str] = set()
        dropped: list[str] = []
        for name, file in files.items():
            path = self._place(file)
            if self._built_from(file) is not None or (path.is_file() and sha256_of(path) == file.sha256):
                kept.add(name)
            elif path.exists():
                dropped.append(name)
                path.unlink()
        return frozenset(kept), tuple(sorted(dropped))

    def _place(self, file: LockedFile) -> Path:
        """Wheels are kept; a source distribution is needed only until its wheel is built."""
        return (self.directory if _is_wheel(file) else self.scratch) / file.filename

    def _fetch(self, file: LockedFile) -> None:
        self.downloader.fetch(file, self._place(file).parent, pinned_at="the lock")

    def _ready(self, package: LockedPackage, built: list[str]) -> ReadyWheel:
        source = package.source
        if isinstance(source, LockedFile) and _is_wheel(source):
            path = self._place(source) if source.url is not None else self._from_project(source)
            return ReadyWheel(name=package.name, path=path, sha256=source.sha256)
        path, is_new = self._build(package)
        if is_new:
            built.append(f"{package.name} {package.version or ''}".rstrip())
        return ReadyWheel(name=package.name, path=path, sha256=sha256_of(path))

    def _from_project(self, file: LockedFile) -> Path:
        """A wheel that lies in the application directory, copied beside the others."""
        source = self.app_dir / str(file.path)
        actual = sha256_of(source)
        if actual != file.sha256:
            raise DigestMismatch(file=str(file.path), expected=(file.sha256,), actual=actual, pinned_at="the lock")
        return Path(shutil.copyfile(source, self.directory / file.filename))

    def _build(self, package: LockedPackage) -> tuple[Path, bool]:
        source, name = package.source, self._build_name(package.source)
        if isinstance(source, LockedDirectory):
            # Trees of the project are built whenever the environment is: they are small, and what they hold may change
            # without their version changing.
            copy = copy_tree(self.app_dir / source.path, self.scratch / f"tree-{package.name}")
            return self._build_wheel(package, copy, copy, self.scratch / f"wheel-{package.name}"), True
        out = self.directory / BUILT / name
        kept = next(out.glob("*.whl"), None)
        if kept is not None:
            return kept, False
        if isinstance(source, LockedRevision):
            tree = self._check_out(source)
            return self._build_wheel(package, tree, tree, out), True
        path = self.scratch / source.filename if source.url is not None else self.app_dir / str(source.path)
        return self._build_wheel(package, path, unpack_source(path, self.scratch / f"source-{name}"), out), True

    def _build_name(self, source: LockedSource) -> str:
        """What tells the build of a source apart, as a file name."""
        if isinstance(source, LockedFile):
            digest = source.sha256
        elif isinstance(source, LockedRevision):
            identity = f"{source.url}@{source.commit}#{source.subdirectory}"
            digest = hashlib.sha256(identity.encode()).hexdigest()
        else:
            digest = digest_of_tree(self.app_dir / source.path)
        # A built wheel fits the interpreter that built it, and no other minor version can be trusted with it.
        return f"{digest[:32]}-{self.python_version}"

    def _built_from(self, file: LockedFile) -> Path | None:
        return None if _is_wheel(file) else next((self.directory / BUILT / self._build_name(file)).glob("*.whl"), None)

    def _build_wheel(self, package: LockedPackage, source: Path, tree: Path | None, out: Path) -> Path:
        """The wheel of a source, and of the same source as a tree, where it can be unpacked."""
        remove_tree(out)
        part = out.with_name(out.name + ".part")
        remove_tree(part)
        pinned = () if tree is None else self.build_requirements.arguments(tree, self._build_name(package.source))
        argv = (
            str(self.uv), "build", "--wheel", "--python", self.python, "--out-dir", str(part), "--no-progress",
            "--no-create-gitignore", *pinned, *(("--require-hashes",) if pinned else ()), *uv_arguments(self.env),
            str(source),
        )  # fmt: skip
        result = commands.run(argv, env=self.env, cwd=self.scratch)
        wheel = next(part.glob("*.whl"), None)
        if result.exit_code != 0 or wheel is None:
            label = f"{package.name}=={package.version}" if package.version else package.name
            raise classify_build(result.output, package=label, python=self.python_version)
        part.rename(out)
        return out / wheel.name

    def _check_out(self, source: LockedRevision) -> Path:
        target = self.scratch / f"git-{source.commit}"
        # The whole history: packages that take their version from tags need it.
        url = interpolate(source.url, self.env)
        clone = ("git", "-c", "advice.detachedHead=false", "clone", "--quiet", url, str(target))
        steps = (
            clone,
            ("git", "-C", str(target), "checkout", "--quiet", source.commit),
            ("git", "-C", str(target), "submodule", "update", "--init", "--recursive", "--quiet"),
        )
        env = {**self.env, **self._git_authorisation(source.url)}
        for argv in steps:
            result = commands.run(argv, env=env, cwd=self.scratch)
            if result.exit_code != 0:
                raise DownloadFailed(url=redact(source.url), detail=result.output_tail)
        return target / (source.subdirectory or "")

    def _git_authorisation(self, url: str) -> dict[str, str]:
        """The variables that give git the credentials of the URL's host, which the lock must not hold."""
        header = self.downloader.credentials.header(url)
        if not header:
            return {}
        parts = urlsplit(url)
        position = int(self.env.get("GIT_CONFIG_COUNT") or 0)
        host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
        return {
            "GIT_CONFIG_COUNT": str(position + 1),
            f"GIT_CONFIG_KEY_{position}": f"http.{host}.extraHeader",
            f"GIT_CONFIG_VALUE_{position}": f"Authorization: {header['Authorization']}",
        }

    def _prune(self, wheels: list[ReadyWheel]) -> None:
        wanted = {wheel.path for wheel in wheels}
        for path in self.directory.glob("*"):
            if path.is_file() and path not in wanted:
                path.unlink()
        for directory in (self.directory / BUILT).glob("*"):
            if directory not in {path.parent for path in wanted}:
                remove_tree(directory)


def _is_wheel(file: LockedFile) -> bool:
    return file.kind is FileKind.WHEEL


def _is_editable(package: LockedPackage) -> bool:
    return isinstance(package.source, LockedDirectory) and package.source.editable
