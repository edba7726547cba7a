"""Leave files out of what was installed, by the rules of `plan.slimming`. Called by `finishing`."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from packaging.utils import NormalizedName

from ml_buildpack.apply.installed import remove_files
from ml_buildpack.plan.installed import Distribution
from ml_buildpack.plan.slimming import (
    CodeMentions,
    Removal,
    choose_removals,
    find_mentions,
    find_suites,
    suite_of,
    unite,
)


def slim(
    distributions: tuple[Distribution, ...], *, application: CodeMentions, imported: frozenset[str], complete: bool
) -> tuple[Removal, ...]:
    """Remove what no running application reads. What was removed, in the order of the distributions."""
    mentions = {each.name: _read_mentions(each) for each in distributions}
    removals = choose_removals(distributions, mentions, application=application, imported=imported, complete=complete)
    paths: dict[NormalizedName, set[str]] = defaultdict(set)
    for removal in removals:
        paths[removal.distribution.name].add(removal.file.path)
    for distribution in distributions:
        if distribution.name in paths:
            remove_files(distribution, frozenset(paths[distribution.name]))
    return removals


def _read_mentions(distribution: Distribution) -> CodeMentions:
    suites = find_suites(distribution)
    root = Path(distribution.folder.path)
    modules = (
        file.path for file in distribution.files if file.path.endswith(".py") and suite_of(file.path, suites) is None
    )
    return unite(find_mentions((root / path).read_bytes().decode("utf-8", errors="replace"), path) for path in modules)
