"""What Python source says of files that a running program seldom needs: test modules, and compilers at run time.

By patterns over the text: a million lines of installed packages are read in half a second, and a mention too many only
keeps a file that could have gone. Called by `observation` for the project, and through `plan.slimming` for packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ml_buildpack.facts.project_files import ProjectFiles

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<source>[\w.]+)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n]*)"
    r"|import[ \t]+(?P<modules>[^\n]+))",
    re.MULTILINE,
)
_TEST_WORD = re.compile(r"\btests?\b")
# A quoted path or dotted name with such a part, or the bare word beside the place of the module itself. Both ends are
# looked for from the word, which is rare: a pattern that begins with the quote would try at each one.
_BEFORE_TEST = re.compile(r"[\"'](?P<text>[\w./-]*)$")
_BEHIND_TEST = re.compile(r"(?P<text>[\w./-]*)[\"']")
_LONGEST_TEXT = 200
_SOURCE_NAME = re.compile(r"\.(?:hh?|hpp|cuh?|inl|cc?|cpp|cxx|pxd|pxi|pyx|pyi)(?=[\"'])")
_NAME_END = re.compile(r"[\w.+-]+$")
_COMPILERS = ("nvrtc", "nvcc", "hiprtc", "cpp_extension", "load_inline", "pyximport", "attach_stub", "_inductor",
              "torch.compile")  # fmt: skip
# Loaded by pytest alone.
_FOR_TESTS = "conftest.py"
# A project's own files are read for this up to here; longer ones hold data.
_FILE_BYTES_MAX = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeMentions:
    """What some source mentions.

    `test_modules` are dotted, absolute names; `test_texts` other texts that may lead to tests, each behind the path of
    the module that has it; `source_names` names of files in languages that are compiled; `compilers` are words of
    those that compile while a program runs.
    """

    test_modules: frozenset[str] = frozenset()
    test_texts: frozenset[tuple[str, str]] = frozenset()
    source_names: frozenset[str] = frozenset()
    compilers: frozenset[str] = frozenset()


NO_MENTIONS = CodeMentions()


def unite(mentions: Iterable[CodeMentions]) -> CodeMentions:
    """What any of them mentions."""
    every = tuple(mentions)
    return CodeMentions(
        test_modules=frozenset[str]().union(*(each.test_modules for each in every)),
        test_texts=frozenset[tuple[str, str]]().union(*(each.test_texts for each in every)),
        source_names=frozenset[str]().union(*(each.source_names for each in every)),
        compilers=frozenset[str]().union(*(each.compilers for each in every)),
    )


def find_mentions(text: str, path: str) -> CodeMentions:
    """What the module mentions. `path` is relative to where it is imported from, and resolves relative imports."""
    if path.rpartition("/")[2] == _FOR_TESTS:
        return NO_MENTIONS
    mentions_tests = _TEST_WORD.search(text) is not None
    return CodeMentions(
        test_modules=frozenset(_test_modules(text, path)) if mentions_tests else frozenset(),
        test_texts=frozenset((path, found) for found in _test_texts(text)) if mentions_tests else frozenset(),
        source_names=frozenset(_source_names(text)),
        compilers=frozenset(word for word in _COMPILERS if word in text),
    )


def find_project_mentions(files: ProjectFiles) -> CodeMentions:
    """What the project's own modules mention; of tests only those of others, because its own files all stay."""
    found: list[CodeMentions] = []
    for file in files.files:
        if not file.path.endswith(".py") or file.size_bytes > _FILE_BYTES_MAX:
            continue
        try:
            text = files.read_bytes(file.path).decode("utf-8", errors="replace")
        except OSError:
            continue
        found.append(find_mentions(text, file.path))
    everything = unite(found)
    own = {file.path.partition("/")[0].removesuffix(".py") for file in files.files if file.path.endswith(".py")}
    others = frozenset(name for name in everything.test_modules if name.partition(".")[0] not in own)
    return CodeMentions(test_modules=others, compilers=everything.compilers)


def _test_modules(text: str, path: str) -> list[str]:
    found: list[str] = []
    for match in _IMPORT.finditer(text):
        if not _TEST_WORD.search(match[0]):
            continue
        if match["source"] is None:
            modules = (name.split(" as ")[0].strip() for name in match["modules"].partition("#")[0].split(","))
            found += (name for name in modules if _TEST_WORD.search(name))
            continue
        source = _absolute(match["source"], path)
        names = re.findall(r"\w+", match["names"].partition("#")[0])
        found += [source] if _TEST_WORD.search(source) else []
        found += (f"{source}.{name}" for name in names if name in {"test", "tests"})
    return found


def _test_texts(text: str) -> Iterator[str]:
    for match in _TEST_WORD.finditer(text):
        before = _BEFORE_TEST.search(text[max(match.start() - _LONGEST_TEXT, 0) : match.start()])
        behind = _BEHIND_TEST.match(text, match.end(), match.end() + _LONGEST_TEXT)
        if before is None or behind is None:
            continue
        found = f"{before['text']}{match[0]}{behind['text']}"
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if found != match[0] or "__file__" in line:
            yield found


def _source_names(text: str) -> Iterator[str]:
    for match in _SOURCE_NAME.finditer(text):
        name = _NAME_END.search(text[max(match.start() - _LONGEST_TEXT, 0) : match.start()])
        if name is not None:
            yield name[0] + match[0]


def _absolute(source: str, path: str) -> str:
    name = source.lstrip(".")
    level = len(source) - len(name)
    if not level:
        return source
    parts = path.split("/")[:-level]
    return ".".join((*parts, name) if name else parts)
