"""Which standalone CPython is downloaded, where no interpreter that is there will do. Pure.

A download is described by its version alone before it is there: its tags and its answers to markers follow from the
version and the machine, so nothing has to be fetched to find out that nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.version import Version

from ml_buildpack.cnb.context import Target
from ml_buildpack.cnb.layer import Absent, Present, RestoredLayer
from ml_buildpack.errors import PythonDownloadFailed, PythonEndOfLife, PythonNotAvailable
from ml_buildpack.facts.settings import Settings
from ml_buildpack.plan.interpreter import Interpreter, InterpreterOrigin, PythonDownload
from ml_buildpack.plan.layers import DOWNLOAD_NOTE, PYTHON, plan_downloaded_python_layer
from ml_buildpack.plan.python_lifetime import end_of_life
from ml_buildpack.plan.python_wish import PythonWish, ended_versions
from ml_buildpack.plan.reuse import find_reasons


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonSource:
    """Where standalone interpreters come from; None is uv's own. Either may hold credentials.

    `mirror` has the files of uv's table elsewhere, `table` is another table.
    """

    mirror: str | None = field(default=None, repr=False)
    table: str | None = field(default=None, repr=False)

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """The environment in which uv lists and fetches interpreters."""
        chosen = {
            "UV_PYTHON_INSTALL_MIRROR": self.mirror,
            "UV_PYTHON_DOWNLOADS_JSON_URL": self.table,
            # Every other call of uv must not fetch an interpreter behind our back; these are asked to.
            "UV_PYTHON_DOWNLOADS": "manual",
        }
        return {**env, **{name: value for name, value in chosen.items() if value is not None}}


def python_source(settings: Settings) -> PythonSource:
    """Where the settings have standalone interpreters come from."""
    return PythonSource(mirror=settings.python_mirror, table=settings.python_downloads_json)


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonTable:
    """The downloads that a table offers for this platform. `name` is what users know it by.

    `trouble` says why it could not be read; there are no downloads then.
    """

    name: str
    downloads: tuple[PythonDownload, ...] = ()
    trouble: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What interpreters answer about the machine that they run on, whatever their version: platform tags, markers."""

    platforms: tuple[str, ...]
    environment: Mapping[str, str]


def find_kept_download(
    wish: PythonWish, archive: RestoredLayer, *, layers_dir: str, target: Target
) -> PythonDownload | None:
    """The download of the last build, if its archive is there and the wish allows it: a rebuild never drifts."""
    download = _download_of(archive)
    if download is None or not isinstance(archive, Present) or not wish.allows(download.version, prereleases=True):
        return None
    wanted = plan_downloaded_python_layer(download, layers_dir=layers_dir, target=target)
    return None if find_reasons(wanted.metadata, archive) else download


def choose_download(
    wish: PythonWish, table: PythonTable, *, previous: RestoredLayer, found: Sequence[Interpreter], today: date
) -> PythonDownload:
    """The version that the previous image has, else the newest one, of those that the table has and the wish allows.

    `previous` is the image's `python` layer, or Absent where it shall not count.
    Raises: PythonDownloadFailed where the table cannot be read; PythonEndOfLife, PythonNotAvailable.
    """
    before = _download_of(previous)
    if before is not None and not wish.allows(before.version, prereleases=True):
        before = None
    if table.trouble is not None:
        if before is not None:
            # Unless something else has changed, nothing of it is needed but its name.
            return before
        raise PythonDownloadFailed(
            requests=wish.mistakes,
            python=f"the table of downloads, {table.name}",
            detail=table.trouble,
            available=_versions(found),
        )
    allowed = [download for download in table.downloads if _is_wanted(download, wish)]
    if not allowed:
        raise _nothing_to_be_had(wish, table, found, today)
    same = [download for download in allowed if before is not None and download.version == before.version]
    return same[0] if same else max(allowed, key=lambda download: Version(download.version))


def describe_download(download: PythonDownload, machine: Machine, *, layers_dir: str) -> Interpreter:
    """The interpreter that the download will be, in its layer."""
    path = f"{layers_dir}/{PYTHON}/bin/python3"
    return describe_release(download.version, machine, path=path, origin=InterpreterOrigin.DOWNLOADED)


def describe_release(version: str, machine: Machine, *, path: str, origin: InterpreterOrigin) -> Interpreter:
    """A CPython of that version, before it is there."""
    major, minor = (int(part) for part in version.split(".")[:2])
    abi = f"cp{major}{minor}"
    return Interpreter(
        path=path,
        launch_path=path,
        version=version,
        origin=origin,
        tags=_tags((major, minor), abi, machine.platforms),
        environment={
            **machine.environment,
            "implementation_name": "cpython",
            "implementation_version": version,
            "platform_python_implementation": "CPython",
            "python_full_version": version,
            "python_version": f"{major}.{minor}",
        },
    )


def _tags(version: tuple[int, int], abi: str, platforms: tuple[str, ...]) -> tuple[Tag, ...]:
    return (
        *cpython_tags(version, (abi,), platforms),
        *compatible_tags(version, abi, platforms),
    )


def _is_wanted(download: PythonDownload, wish: PythonWish) -> bool:
    # Where nobody asks for anything, pre-releases are not meant.
    if not wish.requests and Version(download.version).is_prerelease:
        return False
    return wish.allows(download.version)


def _nothing_to_be_had(
    wish: PythonWish, table: PythonTable, found: Sequence[Interpreter], today: date
) -> PythonEndOfLife | PythonNotAvailable:
    ended = ended_versions(wish, today)
    end = end_of_life(ended[0]) if ended else None
    if end is not None:
        return PythonEndOfLife(
            requests=wish.mistakes, version=ended[0], ended=end.isoformat(), available=_versions(found)
        )
    newest_first = sorted({download.version for download in table.downloads}, key=Version, reverse=True)
    return PythonNotAvailable(
        requests=wish.mistakes,
        available=_versions(found),
        downloadable=tuple(newest_first),
        table=table.name,
    )


def _versions(found: Sequence[Interpreter]) -> str | None:
    return ", ".join(interpreter.version for interpreter in found) or None


def _download_of(layer: RestoredLayer) -> PythonDownload | None:
    """What a restored layer says that it was made from; None for one that was not downloaded."""
    if isinstance(layer, Absent) or DOWNLOAD_NOTE not in layer.metadata:
        return None
    version, _, build = layer.metadata.get("python", "").partition(" ")
    return PythonDownload(key=layer.metadata[DOWNLOAD_NOTE], version=version, build=build)
