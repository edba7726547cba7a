"""Finish the packages of a build when all of them are installed: import the application, trim, compile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_buildpack.apply.bytecode import Validity, compile_modules, find_modules
from ml_buildpack.apply.import_trace import ImportTracer
from ml_buildpack.apply.installed import read_distributions
from ml_buildpack.apply.layer_store import make_readable, write_atomically
from ml_buildpack.apply.slimming import slim
from ml_buildpack.console import Console
from ml_buildpack.plan.bytecode import (
    Bytecode,
    ImportRecord,
    choose_modules,
    loaded_files,
    make_record,
    parse_record,
    render_record,
)
from ml_buildpack.plan.finishing import FinishPlan
from ml_buildpack.plan.import_run import ImportRun, describe_failure
from ml_buildpack.plan.installed import Distribution, PackagesFolder
from ml_buildpack.plan.slimming import Removal, Rule, Slim
from ml_buildpack.sizes import count, render_bytes

LEFT_OUT_FILENAME = "left-out.txt"
# Who has most to leave out is named; the others are few bytes.
_NAMED_MAX = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagesFinisher:
    """Finishes folders of packages, for the interpreter at `python`, which needs no environment to compile.

    `record` is where the modules that an import loaded are kept for a later build.
    """

    plan: FinishPlan
    tracer: ImportTracer
    python: str
    env: Mapping[str, str]
    scratch: Path
    console: Console
    record: Path

    def finish(self, folders: tuple[PackagesFolder, ...], *, complete: bool) -> ImportRun | None:
        """Trim and compile what was installed, and let every user read it.

        `complete` is whether these are all packages of the image: a layer that is kept has no contents here. Then
        nothing can be imported, and what the last import loaded is what counts. Raises: CommandFailed.
        """
        run = self._import() if complete else None
        record = self._read_record() if run is None else None
        if self.plan.slim is Slim.AUTO:
            self._slim(folders, run, record, complete=complete)
        distributions = read_distributions(folders)
        compiled = [self._compile(folder, distributions, run, record) for folder in folders]
        if self.plan.bytecode is not Bytecode.NONE:
            done, there = (sum(numbers) for numbers in zip(*compiled, strict=True))
            self.console.note(f"compiled {done} of {count(there, 'module')}")
        for folder in folders:
            make_readable(_layer_directory(folder))
        if run is not None and run.failure is None:
            self._keep_record(run, distributions)
        return run

    def _import(self) -> ImportRun | None:
        if self.plan.imports is None or not self.plan.needs_import:
            return None
        what = self.plan.imports.application or ", ".join(self.plan.imports.modules)
        self.console.step(f"Importing {what}, to see what it loads")
        run, lost = self.tracer.trace(self.plan.imports)
        if lost:
            self.console.warning(f"importing it changed {', '.join(lost)}; the image has what that left")
        if run.failure is not None:
            # One sentence: whether the image can work is not decided here.
            self.console.warning(
                f"the application could not be imported, so everything is compiled:\n{describe_failure(run.failure)}"
            )
            return run
        self.console.note(f"{run.seconds:.1f} s, {render_bytes(run.resident_bytes)} of memory, {_network(run)}")
        return run

    def _slim(
        self,
        folders: tuple[PackagesFolder, ...],
        run: ImportRun | None,
        record: ImportRecord | None,
        *,
        complete: bool,
    ) -> None:
        distributions = read_distributions(folders)
        imported = frozenset(run.files) if run is not None else frozenset[str]()
        if record is not None:
            imported = loaded_files(record, distributions)
        removals = slim(distributions, application=self.plan.application, imported=imported, complete=complete)
        for folder in folders:
            _write_left_out(folder, [each for each in removals if each.distribution.folder == folder])
        for rule in Rule:
            _say_rule(self.console, rule, [each for each in removals if each.rule is rule])

    def _compile(
        self,
        folder: PackagesFolder,
        distributions: tuple[Distribution, ...],
        run: ImportRun | None,
        record: ImportRecord | None,
    ) -> tuple[int, int]:
        """How many modules were compiled, of how many that are there."""
        modules = tuple(str(path) for path in find_modules(Path(folder.path)))
        chosen = choose_modules(
            self.plan.bytecode, folder, modules, distributions=distributions, run=run, record=record
        )
        compile_modules(
            (Path(path) for path in chosen),
            python=self.python,
            env=self.env,
            scratch=self.scratch,
            validity=Validity.UNCHECKED,
        )
        return len(chosen), len(modules)

    def _read_record(self) -> ImportRecord | None:
        if not self.record.is_file():
            return None
        return parse_record(self.record.read_text(encoding="utf-8", errors="replace"))

    def _keep_record(self, run: ImportRun, distributions: tuple[Distribution, ...]) -> None:
        if self.record.parent.is_dir():
            write_atomically(self.record, render_record(make_record(run, distributions)))


def _network(run: ImportRun) -> str:
    return "no network" if run.network == "none" else "network refused by Python"


def _say_rule(console: Console, rule: Rule, removals: Iterable[Removal]) -> None:
    bytes_by_name: Counter[str] = Counter()
    files = 0
    for each in removals:
        bytes_by_name[each.distribution.name] += each.file.size_bytes
        files += 1
    if not files:
        return
    largest = sorted(bytes_by_name, key=lambda name: (-bytes_by_name[name], name))[:_NAMED_MAX]
    others = len(bytes_by_name) - len(largest)
    named = ", ".join(largest) + (f" and {others} more" if others else "")
    size = render_bytes(sum(bytes_by_name.values()))
    console.note(f"left out {rule.value}: {size} in {count(files, 'file')} of {named}")


def _write_left_out(folder: PackagesFolder, removals: list[Removal]) -> None:
    """The list of what was left out, at the top of the layer; none where nothing was."""
    if not removals:
        return
    lines = (
        f"{each.rule.value}\t{each.file.size_bytes}\t{each.distribution.name}\t{each.file.path}\n" for each in removals
    )
    write_atomically(_layer_directory(folder) / LEFT_OUT_FILENAME, "".join(lines))


def _layer_directory(folder: PackagesFolder) -> Path:
    # <layer>/lib/python3.12/site-packages.
    return Path(folder.path).parents[2]
