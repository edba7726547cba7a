"""Service bindings: credentials and certificates that the platform gives to a build.

Values stay where they are until `read` asks for one, and never show in a `repr`. Sources: servicebinding.io, "Workload
Projection"; Cloud Foundry's VCAP_SERVICES. What the types mean is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_buildpack.errors import InvalidBinding, Mistake

# Cloud Foundry's label of a service that its user made; the binding's real type can then only be told inside.
_USER_PROVIDED = "user-provided"


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """A value that arrived inside a variable. Only `reveal` shows it."""

    value: str

    def __repr__(self) -> str:
        """Without the value, so that neither logs nor test failures hold it."""
        return "Secret(****)"

    def reveal(self) -> str:
        """The value."""
        return self.value


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """One binding. `type` is in lower case, because types compare without case; empty where nothing tells it.

    `entries` has every key except `type` and `provider`, with the file of the value, or the value where the platform
    gave no file.
    """

    name: str
    type: str
    provider: str
    entries: Mapping[str, Path | Secret]

    def read(self, key: str) -> str:
        """The value without the space around it. Raises: KeyError; InvalidBinding where its file is not text."""
        match self.entries[key]:
            case Secret() as secret:
                return secret.reveal().strip()
            case path:
                return _read_value(self.name, path)


def read_bindings(env: Mapping[str, str], platform_dir: Path) -> tuple[Binding, ...]:
    """All bindings, sorted by name. Where two have one name, the first wins: root variable, platform, VCAP_SERVICES.

    Raises: InvalidBinding, where VCAP_SERVICES cannot be parsed.
    """
    found: dict[str, Binding] = {}
    root = env.get("SERVICE_BINDING_ROOT", "").strip()
    for directory in (*([Path(root)] if root else []), platform_dir / "bindings"):
        for binding in _read_directory(directory):
            found.setdefault(binding.name, binding)
    for binding in _read_vcap_services(env.get("VCAP_SERVICES", "").strip()):
        found.setdefault(binding.name, binding)
    return tuple(found[name] for name in sorted(found))


def _read_directory(root: Path) -> Iterator[Binding]:
    for directory in _visible(root):
        if not directory.is_dir():
            continue
        entries: dict[str, Path | Secret] = {path.name: path for path in _visible(directory) if path.is_file()}
        yield _binding(directory.name, entries, kind="", provider="")


def _visible(directory: Path) -> list[Path]:
    # Kubernetes keeps its versions of a mounted secret below `..data` and its kin.
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if not path.name.startswith("."))


def _binding(name: str, entries: dict[str, Path | Secret], *, kind: str, provider: str) -> Binding:
    whole = Binding(name=name, type="", provider="", entries=entries)
    return Binding(
        name=name,
        type=(whole.read("type") if "type" in entries else kind).lower(),
        provider=whole.read("provider") if "provider" in entries else provider,
        entries={key: entries[key] for key in sorted(entries) if key not in {"type", "provider"}},
    )


def _read_vcap_services(text: str) -> Iterator[Binding]:
    if not text:
        return
    try:
        services = json.loads(text)
        instances = [(label, instance) for label, found in services.items() for instance in found]
        for label, instance in instances:
            yield _vcap_binding(label, instance)
    # Not chained: the cause's own text may quote the variable, which is full of secrets.
    except (ValueError, TypeError, KeyError, AttributeError):
        mistake = Mistake(
            where="VCAP_SERVICES", detail="It is not the JSON that Cloud Foundry writes: lists of services by label."
        )
        raise InvalidBinding(mistakes=(mistake,)) from None


def _vcap_binding(label: str, instance: Mapping[str, object]) -> Binding:
    credentials = instance.get("credentials") or {}
    if not isinstance(credentials, dict):
        raise TypeError
    entries: dict[str, Path | Secret] = {
        key: Secret(value=value if isinstance(value, str) else json.dumps(value)) for key, value in credentials.items()
    }
    kind = str(instance.get("label") or label)
    if kind != _USER_PROVIDED:
        # A managed service's credentials may have a `type` of their own, which says nothing about the binding.
        return Binding(name=str(instance["name"]), type=kind.lower(), provider=label, entries=entries)
    return _binding(str(instance["name"]), entries, kind=kind, provider=label)


def _read_value(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        detail = "It is not UTF-8 text." if isinstance(error, ValueError) else "It cannot be read."
        mistake = Mistake(where=f"binding {name}, entry {path.name}", detail=detail)
        raise InvalidBinding(mistakes=(mistake,)) from None
