"""What is done to packages after they are installed, and with which variables the image's processes run. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ml_buildpack.cnb.layer import EnvAction
from ml_buildpack.facts.code_mentions import NO_MENTIONS, CodeMentions
from ml_buildpack.facts.observation import Facts
from ml_buildpack.facts.settings import Bytecode, Slim
from ml_buildpack.plan.bytecode import find_app_modules
from ml_buildpack.plan.import_run import ImportPlan, plan_imports
from ml_buildpack.plan.interpreter import Interpreter, InterpreterOrigin
from ml_buildpack.plan.layers import LayerPlan
from ml_buildpack.plan.server import ServerPlan

# Enough for the slowest frameworks on a busy builder: TensorFlow and torch together need 30 s there, cold.
IMPORT_SECONDS = 120
# What an image has that says nothing. Source: the Dockerfile reference and Debian's own images.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The launcher puts these folders of each layer in front. Source: buildpack.md of API 0.10, "Layer Paths".
_LAYER_PATHS = {"PATH": "bin", "LD_LIBRARY_PATH": "lib"}
_PORT = "8080"
# Interpreters in layers of the image, which are kept by their metadata and are not there then.
_THERE_AT_TIMES = frozenset({InterpreterOrigin.DOWNLOADED, InterpreterOrigin.CONDA, InterpreterOrigin.UNSOLVED})


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishPlan:
    """How installed packages are finished: trimmed and compiled, by what `imports` loads and `application` mentions.

    `app_modules` are the application's own that are compiled, relative to its directory.
    """

    bytecode: Bytecode = Bytecode.IMPORTS
    slim: Slim = Slim.AUTO
    imports: ImportPlan | None = None
    import_seconds: int = IMPORT_SECONDS
    application: CodeMentions = NO_MENTIONS
    app_modules: tuple[str, ...] = ()

    @property
    def compiles(self) -> bool:
        """Whether anything gets bytecode."""
        return self.bytecode is not Bytecode.NONE

    @property
    def needs_import(self) -> bool:
        """Whether it matters what the application imports."""
        return self.imports is not None and (self.bytecode is Bytecode.IMPORTS or self.slim is Slim.AUTO)

    def __str__(self) -> str:
        """What a layer that was finished is known by; other imports of the same application make no other layer."""
        words = f"bytecode {self.bytecode.value}, slim {self.slim.value}"
        asked_for = sorted({*self.application.test_modules, *self.application.compilers})
        return f"{words}, keeping {' '.join(asked_for)}" if asked_for and self.slim is Slim.AUTO else words


def plan_finish(facts: Facts, server: ServerPlan, interpreter: Interpreter) -> FinishPlan:
    """How the packages of this project are finished.

    The application's own modules are compiled on every build alike, because an equal application must be an equal
    directory. So not by a downloaded interpreter, or conda's, which are there only in builds that need them for
    something else.
    """
    settings = facts.settings
    bytecode = settings.bytecode or Bytecode.IMPORTS
    compiles_app = bytecode is not Bytecode.NONE and interpreter.origin not in _THERE_AT_TIMES
    return FinishPlan(
        bytecode=bytecode,
        slim=settings.slim or Slim.AUTO,
        imports=plan_imports(server),
        import_seconds=settings.import_seconds or IMPORT_SECONDS,
        application=facts.mentions,
        app_modules=find_app_modules(file.path for file in facts.files.files) if compiles_app else (),
    )


def launch_environment(layers: Iterable[LayerPlan], *, layers_dir: str) -> dict[str, str]:
    """The variables that processes of the image have from these layers, as the launcher would set them."""
    env = {"PATH": _PATH, "PORT": _PORT}
    for layer in sorted((layer for layer in layers if layer.types.launch), key=lambda layer: layer.name):
        for name, folder in _LAYER_PATHS.items():
            directory = f"{layers_dir}/{layer.name}/{folder}"
            env[name] = f"{directory}:{env[name]}" if name in env else directory
        for entry in layer.env:
            _apply(env, entry.name, entry.value, entry.action, entry.delimiter or "")
    return env


def _apply(env: dict[str, str], name: str, value: str, action: EnvAction, delimiter: str) -> None:
    match action:
        case EnvAction.DEFAULT:
            env.setdefault(name, value)
        case EnvAction.OVERRIDE:
            env[name] = value
        case EnvAction.PREPEND:
            env[name] = f"{value}{delimiter}{env[name]}" if name in env else value
        case EnvAction.APPEND:
            env[name] = f"{env[name]}{delimiter}{value}" if name in env else value
