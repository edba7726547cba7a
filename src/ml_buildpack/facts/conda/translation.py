"""conda packages as requirements for PyPI, one by one, with notes on everything that has no place there.

Reads no disk. Called by `environment_file`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.accelerator_request import AcceleratorRequest, conda_request
from ml_buildpack.facts.conda.match_specs import MatchSpec, UnusableSpecError, read_match_spec
from ml_buildpack.facts.conda.package_names import WITH_FOURTH_NUMBER, pypi_requirement
from ml_buildpack.facts.conda.system_packages import advice_without_wheel, is_accelerator, is_left_out
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_lines import RequirementLine, read_requirement_line

# A note that goes on for hundreds of packages hides the others.
_NAMES_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaEntry:
    """One item of `dependencies`, as written, and its line."""

    text: str
    line: int


@dataclass(kw_only=True, slots=True)
class Translation:
    """What the entries of one file mean; grows entry by entry.

    `is_record`: the file was written by a tool from an environment that exists, so it lists what conda installed for
    others, and says which Python there was instead of which is needed. `without_wheel` are packages that PyPI does not
    replace.
    """

    path: str
    is_record: bool
    lines: list[RequirementLine] = field(default_factory=list)
    python_requests: list[PythonRequest] = field(default_factory=list)
    without_wheel: list[Mistake] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    accelerator_requests: list[AcceleratorRequest] = field(default_factory=list)
    _accelerators: list[str] = field(default_factory=list)
    _renamed: list[str] = field(default_factory=list)
    _left_out: list[str] = field(default_factory=list)
    _builds: list[str] = field(default_factory=list)
    _channels: list[str] = field(default_factory=list)

    def add(self, entry: CondaEntry) -> None:
        """Take one entry in."""
        try:
            spec = read_match_spec(entry.text)
        except UnusableSpecError as error:
            self._mistake(self.mistakes, entry, str(error))
            return
        if spec.channel is not None:
            self._channels.append(spec.channel)
        advice = advice_without_wheel(spec.name, is_export=self.is_record)
        if spec.name == "python":
            self._add_python(spec, entry)
        elif is_accelerator(spec.name):
            self._accelerators.append(f"{entry.text} (line {entry.line})")
            request = conda_request(self.path, entry.line, entry.text)
            self.accelerator_requests += () if request is None else (request,)
        elif advice is not None:
            self._mistake(self.without_wheel, entry, f"{advice}.")
        elif is_left_out(spec.name, is_export=self.is_record):
            self._left_out.append(spec.name)
        else:
            self._add_requirement(spec, entry)

    def notes(self) -> tuple[str, ...]:
        """What a user may want to know of the entries that are no requirement, or not the same; a sentence for each."""
        # It is no channel, but forbids conda's default ones.
        channels = [channel for channel in self._channels if channel != "nodefaults"]
        plural = "channels" if len(set(channels)) > 1 else "channel"
        sentences = (
            (self._renamed, "other names on PyPI: {}"),
            (self._accelerators, "the wheels bring CUDA themselves, so these only say which is wanted: {}"),
            (self._left_out, "left out, because wheels bring their libraries and the build does the installing: {}"),
            (self._builds, "the builds of conda packages are not used: {}"),
            (
                channels,
                f"packages come from the package index, not from {plural} {{}}",
            ),
        )
        return tuple(f"{self.path}: {sentence.format(_listed(names))}" for names, sentence in sentences if names)

    def note_channels(self, channels: list[str]) -> None:
        """The channels that the file names for all packages."""
        self._channels[:0] = channels

    def _add_python(self, spec: MatchSpec, entry: CondaEntry) -> None:
        if spec.specifier:
            wanted = minor_series(spec.specifier) if self.is_record else spec.specifier
            request = PythonRequest(spec=wanted, origin=self.path, line=entry.line, text=entry.text)
            self.python_requests.append(request)

    def _add_requirement(self, spec: MatchSpec, entry: CondaEntry) -> None:
        name = pypi_requirement(spec.name)
        specifier = _with_fourth_number(spec.specifier) if name in WITH_FOURTH_NUMBER else spec.specifier
        self.lines.append(
            read_requirement_line(path=self.path, line=entry.line, text=f"{name}{specifier}", hashes=(), editable=False)
        )
        if name != spec.name:
            self._renamed.append(f"{spec.name} is {name}")
        if spec.build is not None and spec.build != "*":
            self._builds.append(f"{spec.name} {spec.build}")

    def _mistake(self, where: list[Mistake], entry: CondaEntry, detail: str) -> None:
        where.append(Mistake(where=self.path, line=entry.line, text=entry.text, detail=detail))


def minor_series(specifier: str) -> str:
    """`==3.11.*` for one exact Python that was written down: what was pickled with 3.11.4 works with any 3.11."""
    exact = [one for one in SpecifierSet(specifier) if one.operator == "=="]
    if len(exact) != 1:
        return specifier
    release = exact[0].version.removesuffix(".*").split(".")
    return f"=={'.'.join(release[:2])}.*" if len(release) > 1 else specifier


def _with_fourth_number(specifier: str) -> str:
    exact = [f"=={one.version}.*" if one.operator == "==" else str(one) for one in SpecifierSet(specifier)]
    return ",".join(sorted(one.replace(".*.*", ".*") for one in exact))


def _listed(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    shown = ", ".join(unique[:_NAMES_SHOWN])
    return shown if len(unique) <= _NAMES_SHOWN else f"{shown} and {len(unique) - _NAMES_SHOWN} more"
