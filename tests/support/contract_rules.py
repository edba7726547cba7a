"""The rules of the contract that outputs are held to. Each is one sentence; test_harness.py breaks every one of them.

Some are the specification's, some what the lifecycle does where it is silent, some our own conclusions from that.
Breaking one of the first kind fails a build; breaking one of the others fails later, at a user's.
"""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path

from support.contract_values import TomlDocument

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Rule(Enum):
    """What an output must be; the value is the sentence that a violation prints."""

    DETECT_READS_ONLY = "detection does not change the application directory"
    DETECT_PLAN_KEYS = (
        "the build plan is TOML with provides, requires and or, and each entry has a name and metadata only"
    )
    DETECT_STANDS_ALONE = "one alternative of the build plan is complete without another buildpack"
    NO_PROCESS_LEFT = "no process is left running: it would write into layers while they are exported"
    TOML_READABLE = "every .toml file in the layers directory is TOML: another one fails the build"
    LAYER_TABLES = "a layer's file has the tables types and metadata only: others are ignored, or refused at the top"
    LAYER_TYPES = "the types of a layer are launch, build and cache, each true or false"
    LAYER_METADATA = "the metadata of a layer is strings only: numbers and dates come back as something else"
    LAYER_NAME = "a layer is not called build, launch or store, and its name has no dot"
    LAYER_SUFFIX = "nothing ends in .ignore or .sha: the lifecycle makes those itself"
    LAYER_DIRECTORY = "a layer is a real directory: a link to one is exported as a link"
    LAYER_CONTENTS = "a layer for the cache or the build has contents"
    LAYER_REUSE = "only a layer of the previous image is kept without contents"
    LAYER_FILES = "a layer holds files, directories and links: a device or pipe breaks the next restore"
    LAYER_READABLE = "everybody can read what is launched: the container runs as another user"
    LAYER_HARDLINK = "no file of a layer is linked twice: it would be stored twice, and edited twice"
    LAYER_BYTECODE = "bytecode does not depend on times: the lifecycle changes them all"
    LAYER_BUILDPACK_PATH = "no layer names the buildpack's directory: it is not in the image"
    ENV_NEWLINE = "a variable's file does not end in a newline: it would be part of the value"
    ENV_SUFFIX = "a variable's file ends in a suffix that the lifecycle knows"
    ENV_DELIMITER = "what is prepended or appended has its .delim file beside it"
    ENV_FOLDER = "variables lie directly in env, env.build, env.launch, or below env.launch in a process type's folder"
    EXEC_D = (
        "everything in exec.d is an executable file that starts by an absolute interpreter of at most 127 characters"
    )
    LAUNCH_KEYS = "launch.toml has no other keys than the specification's"
    PROCESS_TYPE = "process types are unique and of letters, digits, dot, underscore and dash"
    PROCESS_COMMAND = "the command of a process is a list of strings with at least one, and args is a list of strings"
    PROCESS_DEFAULT = "at most one process is the default"
    PROCESS_WORKING_DIR = "the working directory of a process is absolute"
    LABEL = "labels have a key, once each, and a value, both strings"
    SLICE = "the paths of a slice are relative to the application directory"
    BUILD_TOML = "build.toml names unmet requirements, all of them from the plan"
    STORE_TOML = "store.toml has a table metadata only"
    SBOM_FORMAT = "a bill of materials is in a format that buildpack.toml declares"
    SBOM_LAYER = "a bill of materials belongs to a layer, to launch or to build"
    SBOM_SAME = "a bill of materials is JSON without serial number or time: the same input gives the same bytes"


class ContractViolation(AssertionError):
    """An output breaks a rule. `detail` says where."""

    def __init__(self, rule: Rule, detail: str) -> None:
        """Say the rule and where it is broken."""
        super().__init__(f"{rule.name}: {detail}: {rule.value}")
        self.rule = rule
        self.detail = detail


def require(*, rule: Rule, holds: bool, detail: str) -> None:
    """Raise ContractViolation unless the rule holds."""
    if not holds:
        raise ContractViolation(rule, detail)


def read_toml(path: Path, *, rule: Rule = Rule.TOML_READABLE) -> TomlDocument:
    """The document, empty where there is no file. Raises ContractViolation."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ContractViolation(rule, f"{path.name}: {error}") from error


def only_keys(table: object, *keys: str) -> bool:
    """Whether it is a table without other keys."""
    return isinstance(table, dict) and set(table) <= set(keys)


def strings(value: object) -> bool:
    """Whether it is a list of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
