"""The wheels of a lock as files in a directory: kept, fetched or built, verified, and pruned to a lock.

The directory is the cache-only layer `wheels`. It is flat and holds nothing but wheels, so that any installer takes
it as a `--find-links` directory. What was built from source lies in it under `built/<sha256 of the source>/`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from packaging.utils import NormalizedName

from ml_buildpack.apply import commands
from ml_buildpack.apply.build_requirements import BuildRequirements, digest_of_tree, unpack_source
from ml_buildpack.apply.downloads import Downloader, sha256_of
from ml_buildpack.apply.layer_store import remove_tree
from ml_buildpack.apply.source_trees import copy_tree
from ml_buildpack.apply.tool_failures import classify_build
from ml_buildpack.apply.wheel_cache import find_excess, remove_path
from ml_buildpack.errors import DigestMismatch, DownloadFailed
from ml_buildpack.lock import FileKind, Lock, LockedDirectory, LockedFile, LockedPackage, LockedRevision, LockedSource
from ml_buildpack.plan.tool_environment import interpolate, uv_arguments
from ml_buildpack.redaction import redact

# An index answers many requests at once; beyond this the network is the limit on every machine tried.
PARALLEL_DOWNLOADS = 8
BUILT = "built"
# Beside a wheel that was built here: its own sha256, which no lock has.
DIGEST = "sha256"


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
    """Makes the wheels of a lock present in `directory`.

    `verified` has the files that this build saw to be right, with the bytes that it fetched for them, 0 where they
    were kept. `dropped` names the kept ones that were wrong.
    """

    directory: Path
    downloader: Downloader
    uv: Path
    python: str
    python_version: str
    env: Mapping[str, str]
    app_dir: Path
    scratch: Path
    build_requirements: BuildRequirements
    verified: dict[str, int] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)

    def fetch(self, files: Iterable[LockedFile]) -> None:
        """Make files of an index present, verified. Raises: the errors of downloading."""
        self.directory.mkdir(parents=True, exist_ok=True)
        wanted = sorted((file for file in files if file.filename not in self.verified), key=lambda file: file.filename)
        missing = [file for file in wanted if not self._is_kept(file)]
        with ThreadPoolExecutor(max_workers=PARALLEL_DOWNLOADS) as pool:
            list(pool.map(self._fetch, missing))
        for file in missing:
            self.verified[file.filename] = self.place(file).stat().st_size

    def missing(self, files: Iterable[LockedFile]) -> tuple[LockedFile, ...]:
        """The files that nothing is there of."""
        return tuple(file for file in files if not self.place(file).is_file())

    def prepare(self, lock: Lock) -> WheelReport:
        """All wheels of the lock but those of editable trees, which are installed from where they lie.

        Raises: the errors of downloading; NoWheelAndNoCompiler, SourceBuildFailed.
        """
        files = [file for file in lock.files if file.url is not None]
        self.fetch(files)
        built: list[str] = []
        wheels = [self._ready(package, built) for package in lock.packages if not _is_editable(package)]
        fetched = [file for file in files if self.verified[file.filename]]
        return WheelReport(
            wheels=tuple(wheels),
            kept=len(files) - len(fetched),
            fetched=len(fetched),
            fetched_bytes=sum(self.verified[file.filename] for file in fetched if _is_wheel(file)),
            built=tuple(built),
            dropped=self._take_dropped(),
        )

    def _take_dropped(self) -> tuple[str, ...]:
        """The names of what was wrong since this was asked last."""
        names = tuple(sorted(self.dropped))
        self.dropped.clear()
        return names

    def place(self, file: LockedFile) -> Path:
        """Wheels are kept; a source distribution is needed only until its wheel is built."""
        return (self.directory if _is_wheel(file) else self.scratch) / file.filename

    def _is_kept(self, file: LockedFile) -> bool:
        """Whether the file is there and right; one that is there and wrong is removed."""
        path = self.place(file)
        if self._built_from(file) is not None or (path.is_file() and sha256_of(path) == file.sha256):
            self.verified[file.filename] = 0
            return True
        if path.exists():
            self.dropped.add(file.filename)
            path.unlink()
        return False

    def _fetch(self, file: LockedFile) -> None:
        self.downloader.fetch(file, self.place(file).parent, pinned_at="the lock")

    def _ready(self, package: LockedPackage, built: list[str]) -> ReadyWheel:
        source = package.source
        if isinstance(source, LockedFile) and _is_wheel(source):
            path = self.place(source) if source.url is not None else self._from_project(source)
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
        kept = self._built_in(out)
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
        return None if _is_wheel(file) else self._built_in(self.directory / BUILT / self._build_name(file))

    def _built_in(self, directory: Path) -> Path | None:
        """The wheel that was built there, if it is still what it was; one that is not is removed and named."""
        wheel = next(directory.glob("*.whl"), None)
        digest = directory / DIGEST
        if wheel is not None and digest.is_file() and digest.read_text(encoding="ascii") == sha256_of(wheel):
            return wheel
        if directory.exists():
            self.dropped.add(wheel.name if wheel is not None else directory.name)
            remove_tree(directory)
        return None

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
        (part / DIGEST).write_text(sha256_of(wheel), encoding="ascii")
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

    def prune(self, lock: Lock, limit_bytes: int | None = None) -> tuple[str, ...]:
        """Remove everything but the wheels of that lock, and of these what exceeds the limit; the names of those."""
        self.build_requirements.prune(frozenset(self._build_name(package.source) for package in lock.packages))
        owners = {path: package.name for package in lock.packages if (path := self._kept_path(package)) is not None}
        places = [path for path in self.directory.glob("*") if path.name != BUILT]
        places += (self.directory / BUILT).glob("*")
        for path in places:
            if path not in owners:
                remove_path(path)
        excess = find_excess(sorted(path for path in owners if path.exists()), limit_bytes)
        for path in excess:
            remove_path(path)
        return tuple(sorted(owners[path] for path in excess))

    def _kept_path(self, package: LockedPackage) -> Path | None:
        """The wheel of a package, or the directory of what was built for it; None for trees of the project."""
        source = package.source
        if isinstance(source, LockedFile):
            is_wheel = _is_wheel(source)
            return self.directory / source.filename if is_wheel else self.directory / BUILT / self._build_name(source)
        is_cached = isinstance(source, LockedRevision)
        return self.directory / BUILT / self._build_name(source) if is_cached else None


def _is_wheel(file: LockedFile) -> bool:
    return file.kind is FileKind.WHEEL


def _is_editable(package: LockedPackage) -> bool:
    return isinstance(package.source, LockedDirectory) and package.source.editable
