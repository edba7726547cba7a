"""One conda environment file as requirements: what conda installs translated, the `pip:` section as pip reads it.

Called by `conda_input` and `mlflow_files`. Source: conda 25, "Creating an environment file manually", and what
`conda env export` writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ml_buildpack.errors import CondaPackagesWithoutWheel, Mistake, RequirementsMalformed
from ml_buildpack.facts.accelerator_request import AcceleratorRequest
from ml_buildpack.facts.conda.translation import CondaEntry, Translation
from ml_buildpack.facts.conda.yaml_text import YamlValue, read_yaml
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import RequirementReading, Requirements
from ml_buildpack.facts.requirements_text import read_requirements_text

_MLFLOW_NAME = "mlflow-env"
_WITH_BUILD = re.compile(r"[\w.:-]+={1,2}[^=<>!,|\s]+=[^=<>!,|\s]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaEnvironment:
    """What an environment file asks for."""

    requirements: Requirements
    python_requests: tuple[PythonRequest, ...]
    notes: tuple[str, ...]
    accelerators: tuple[AcceleratorRequest, ...] = ()


def read_environment(files: ProjectFiles, path: str) -> CondaEnvironment:
    """The environment of that file. Raises: RequirementsMalformed; CondaPackagesWithoutWheel, with all of them."""
    document = read_document(files, path)
    reading = RequirementReading(files=files)
    reading.add_file(path)
    translation = translate_entries(path, document)
    reading.add_lines(translation.lines)
    read_pip_items(reading, path, document)
    reading.mistakes[:0] = [*shape_mistakes(path, document), *translation.mistakes]
    requirements = reading.result()
    if translation.without_wheel:
        raise CondaPackagesWithoutWheel(packages=tuple(translation.without_wheel))
    variables = document.get("variables")
    names = ", ".join(name for name, _ in (variables.entries() or ())) if variables is not None else ""
    return CondaEnvironment(
        requirements=requirements,
        python_requests=tuple(translation.python_requests),
        accelerators=tuple(translation.accelerator_requests),
        notes=(
            *translation.notes(),
            *([f"{path}: its variables are not set in the image, so set them where it runs: {names}"] if names else ()),
        ),
    )


def read_document(files: ProjectFiles, path: str) -> YamlValue:
    """The mapping that the file holds. Raises: RequirementsMalformed."""
    document = read_yaml(files, path)
    if isinstance(document, Mistake):
        raise RequirementsMalformed(mistakes=(document,))
    if document is None or document.entries() is None:
        detail = "It holds no keys and values, such as `dependencies:` with a list behind it."
        raise RequirementsMalformed(mistakes=(Mistake(where=path, line=1, detail=detail),))
    return document


def translate_entries(path: str, document: YamlValue) -> Translation:
    """The conda packages of that document, translated."""
    entries = tuple(read_entries(document))
    translation = Translation(path=path, is_record=_is_record(document, entries))
    for entry in entries:
        translation.add(entry)
    channels = document.get("channels")
    translation.note_channels([item.text for item in (channels.items() if channels else ()) or () if item.text])
    return translation


def read_pip_items(reading: RequirementReading, path: str, document: YamlValue) -> None:
    """Add the lines of the document's `pip:` sections."""
    for item in _pip_items(document):
        read_pip_item(reading, path, item)


def read_pip_item(reading: RequirementReading, path: str, item: YamlValue) -> None:
    """Add a line of a `pip:` section: a requirement or an option of pip, with paths beside the file."""
    content = read_requirements_text(path, item.text or "")
    reading.mistakes.extend(replace(mistake, line=item.line) for mistake in content.mistakes)
    reading.add_lines(replace(line, line=item.line) for line in content.lines)


def _dependencies(document: YamlValue) -> tuple[YamlValue, ...]:
    found = document.get("dependencies")
    return (found.items() or ()) if found is not None else ()


def read_entries(document: YamlValue) -> Iterator[CondaEntry]:
    """What the document asks conda for, item by item."""
    for item in _dependencies(document):
        if item.text is not None:
            yield CondaEntry(text=item.text.strip(), line=item.line)


def _pip_items(document: YamlValue) -> Iterator[YamlValue]:
    for item in _dependencies(document):
        section = item.get("pip")
        yield from (section.items() or ()) if section is not None else ()


def _is_record(document: YamlValue, entries: tuple[CondaEntry, ...]) -> bool:
    """Whether a tool wrote it: `conda env export` names a build for each package, MLflow gives it a name of its own."""
    name = document.get("name")
    if name is not None and name.text == _MLFLOW_NAME:
        return True
    with_build = [entry for entry in entries if _WITH_BUILD.fullmatch(entry.text) is not None]
    return len(entries) > 1 and len(with_build) * 2 > len(entries)


def shape_mistakes(path: str, document: YamlValue) -> Iterator[Mistake]:
    """Whatever in the document is no list of packages."""
    found = document.get("dependencies")
    if found is None or (found.items() is None and not found.is_empty):
        yield Mistake(where=path, line=document.line, detail="There is no list behind `dependencies:`.")
    for item in _dependencies(document):
        keys = [key for key, _ in item.entries() or ()]
        if (keys and keys != ["pip"]) or item.items() is not None:
            detail = "An item is a package, or `pip:` with a list of its own."
            yield Mistake(where=path, line=item.line, text=", ".join(keys), detail=detail)
        section = item.get("pip")
        if section is not None and section.items() is None and not section.is_empty:
            yield Mistake(where=path, line=section.line, text="pip", detail="There is no list behind `pip:`.")
