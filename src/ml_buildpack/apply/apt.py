"""Fetch Debian packages with the image's own apt and unpack them, without root and without running their scripts.

apt verifies: the signature of the index with the image's keyrings, and each archive by the digest in the index. It
works on state and caches of its own, and takes for installed what the run image has. Source: apt.conf(5), apt-get(8).
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_buildpack.apply import commands
from ml_buildpack.apply.commands import CommandResult
from ml_buildpack.apply.layer_store import make_readable, remove_tree
from ml_buildpack.console import Console
from ml_buildpack.errors import AptNotUsable, AptPackageNeedsRoot, AptPackagesNotInstallable
from ml_buildpack.plan.apt import AptContent, DebianPackage, installed_status, missed_action, refused_action
from ml_buildpack.plan.library_check import RUN_IMAGE_DIR
from ml_buildpack.sizes import count, render_bytes

_NEEDED_PROGRAMS = ("apt-get", "dpkg-deb")
_BUILD_IMAGE_STATUS = Path("/var/lib/dpkg/status")
_KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/ubuntu-archive-keyring.gpg")
# Nothing that a running program reads. Copyright notices stay.
_LEFT_OUT = ("usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian", "usr/share/bug",
             "usr/share/gdb", "usr/share/bash-completion", "var/cache", "var/lib/dpkg")  # fmt: skip
# What would be installed: name, version that counts as installed, version. apt names some again at the same version.
_PLANNED = re.compile(r"^Inst (\S+?)(?::\S+)? (?:\[([^]]*)\] )?\((\S+) ", re.MULTILINE)
_UNKNOWN = re.compile(
    r"^E: (?:Unable to locate package (\S+)|Package '([^']+)' has no installation candidate)", re.MULTILINE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AptBuild:
    """Where packages are fetched and unpacked, and with what.

    `archives` is a folder that outlives the build, `status` what counts as installed, in dpkg's form.
    """

    directory: Path
    archives: Path
    scratch: Path
    status: str
    env: Mapping[str, str]
    console: Console


def read_status(env: Mapping[str, str]) -> str:
    """What counts as installed in the run image: by its builder's list, else what every image has.

    Empty where the build image is no Debian and no Ubuntu.
    """
    listed = Path(env[RUN_IMAGE_DIR], "dpkg-status") if env.get(RUN_IMAGE_DIR) else None
    for path, is_run_image in ((listed, True), (_BUILD_IMAGE_STATUS, False)):
        if path is not None and path.is_file():
            return installed_status(path.read_text(encoding="utf-8", errors="replace"), is_run_image=is_run_image)
    return ""


def make_apt_layer(build: AptBuild, content: AptContent) -> tuple[DebianPackage, ...]:
    """Unpack the packages, with what they need, into the folder; what was unpacked.

    Raises: AptNotUsable, AptPackagesNotInstallable, AptPackageNeedsRoot.
    """
    path = build.env.get("PATH")
    absent = [program for program in _NEEDED_PROGRAMS if shutil.which(program, path=path) is None]
    if absent:
        detail = f"The build image has no {' and no '.join(absent)}: it is no Debian and no Ubuntu."
        raise AptNotUsable(packages=content.packages, detail=detail)
    archives = _fetch(build, content)
    packages = tuple(_describe(archive, build) for archive in archives)
    _judge(build, content, archives)
    for archive in archives:
        commands.check(("dpkg-deb", "--extract", str(archive), str(build.directory)), env=build.env, cwd=build.scratch)
    for folder in _LEFT_OUT:
        remove_tree(build.directory / folder)
    make_readable(build.directory)
    size = render_bytes(sum(file.lstat().st_size for file in build.directory.rglob("*") if file.is_file()))
    build.console.note(f"{count(len(packages), 'Debian package')} ({size}): {' '.join(one.name for one in packages)}")
    return packages


def _fetch(build: AptBuild, content: AptContent) -> tuple[Path, ...]:
    """The archives of the packages and of what they need, verified; no others stay in the folder."""
    apt = ("apt-get", *_options(build, content))
    env = _environment(build)
    (build.archives / "partial").mkdir(exist_ok=True)
    update = commands.run((*apt, "update"), env=env, cwd=build.scratch)
    if update.exit_code != 0:
        detail = "apt cannot read the package lists of its sources, or not trust them."
        raise AptNotUsable(packages=content.packages, detail=detail, log_tail=update.output_tail)
    install = (*apt, "--yes", "--no-install-recommends", "install", *content.packages)
    planned = commands.run((*install, "--simulate"), env=env, cwd=build.scratch)
    if planned.exit_code != 0:
        raise _failure(content, planned)
    result = commands.run((*install, "--download-only"), env=env, cwd=build.scratch)
    if result.exit_code != 0:
        detail = "apt cannot fetch the packages."
        raise AptNotUsable(packages=content.packages, detail=detail, log_tail=result.output_tail)
    wanted = {
        f"{name}_{version.replace(':', '%3a')}"
        for name, installed, version in _PLANNED.findall(planned.output)
        if version != installed
    }
    remove_tree(build.archives / "partial")
    for path in build.archives.iterdir():
        if path.name.rpartition("_")[0] not in wanted:
            path.unlink()
    return tuple(sorted(build.archives.glob("*.deb")))


def _failure(content: AptContent, result: CommandResult) -> AptPackagesNotInstallable:
    unknown = {first or second for first, second in _UNKNOWN.findall(result.output)}
    return AptPackagesNotInstallable(
        packages=content.packages,
        unknown=tuple(sorted(unknown)),
        distribution=f"{content.target.distro_name} {content.target.distro_version}".strip() or "the build image",
        log_tail=result.output_tail,
    )


def _options(build: AptBuild, content: AptContent) -> Iterator[str]:
    """What keeps apt away from the image's own state, and has it refuse what it cannot verify."""
    root = build.scratch / "apt"
    (root / "state" / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (root / "cache").mkdir(exist_ok=True)
    status = root / "status"
    status.write_text(build.status, encoding="utf-8")
    settings = {
        "Dir::State": root / "state",
        "Dir::State::status": status,
        "Dir::Cache": root / "cache",
        "Dir::Cache::archives": build.archives,
        "Dir::Log": root / "log",
        "Debug::NoLocking": "true",
        # There is no user to change to.
        "APT::Sandbox::User": "",
        "APT::Get::AllowUnauthenticated": "false",
        "Acquire::AllowInsecureRepositories": "false",
        # Half of the package lists would give other packages without a word.
        "APT::Update::Error-Mode": "any",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    if build.env.get("SSL_CERT_FILE"):
        settings["Acquire::https::CaInfo"] = build.env["SSL_CERT_FILE"]
    if content.mirror is not None:
        settings |= {"Dir::Etc::sourcelist": _write_source(root, content.mirror), "Dir::Etc::sourceparts": "-"}
    for name, value in settings.items():
        yield from ("-o", f"{name}={value}")


def _write_source(root: Path, mirror: str) -> Path:
    """A list of sources with that mirror alone, for the build image's own release and keyring."""
    release = platform.freedesktop_os_release()
    keyring = next((path for path in _KEYRINGS if Path(path).is_file()), _KEYRINGS[0])
    components = "main universe" if release.get("ID") == "ubuntu" else "main"
    path = root / "mirror.list"
    codename = release.get("VERSION_CODENAME", "")
    path.write_text(f"deb [signed-by={keyring}] {mirror} {codename} {components}\n", encoding="utf-8")
    return path


def _environment(build: AptBuild) -> dict[str, str]:
    """Apt reads the names of proxies in small letters only, and its messages must be those that are looked for."""
    proxies = {name.lower(): value for name, value in build.env.items() if name.upper().endswith("_PROXY")}
    return {**build.env, **proxies, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def _describe(archive: Path, build: AptBuild) -> DebianPackage:
    format_ = "${Package}\n${Version}\n${Architecture}\n"
    shown = commands.check(
        ("dpkg-deb", "--show", f"--showformat={format_}", str(archive)), env=build.env, cwd=build.scratch
    )
    name, version, architecture = shown.output.split("\n")[:3]
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return DebianPackage(name=name, version=version, architecture=architecture, sha256=digest)


def _judge(build: AptBuild, content: AptContent, archives: tuple[Path, ...]) -> None:
    """Refuse what cannot work without its maintainer scripts, and say what the others would have done."""
    refused: list[tuple[str, str]] = []
    for archive in archives:
        name = archive.name.partition("_")[0]
        script = _configuration_script(archive, build)
        reason = refused_action(script)
        if reason is not None and name in content.packages:
            refused.append((name, reason))
            continue
        missed = reason or missed_action(script)
        if missed is not None:
            build.console.warning(f"the script of {name} does not run: {missed} when it is installed")
    if refused:
        raise AptPackageNeedsRoot(refused=tuple(refused))


def _configuration_script(archive: Path, build: AptBuild) -> str:
    control = build.scratch / "apt" / "control"
    remove_tree(control)
    commands.check(("dpkg-deb", "--control", str(archive), str(control)), env=build.env, cwd=build.scratch)
    script = control / "postinst"
    return script.read_text(encoding="utf-8", errors="replace") if script.is_file() else ""
