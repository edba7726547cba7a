"""The story of bin/detect: whether this is a Python project, and what the buildpack asks of others.

The list of what counts is deliberately larger than what a build can do yet: a build can explain, a detection cannot.
Nothing heavy is imported here; detection runs in front of every build of every builder that has this buildpack.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ml_buildpack.cnb.build_plan import BuildPlan, PlanAlternative, Require
from ml_buildpack.facts.project_files import ProjectFile, ProjectFiles, find_project_files

if TYPE_CHECKING:
    from ml_buildpack.cnb.environment import DetectContext

PLAN_NAME = "ml-buildpack"

# Patterns for names in any letter case, at the top of the directory; the first that matches is the reason given.
# Misspellings are in it on purpose: their build ends with a message that names the right spelling.
TOP_LEVEL_PATTERNS = (
    "requirements*.txt", "requirements*.in", "requirement*", "requirments*", "requeriments*", "pyproject.toml",
    "uv.lock", "poetry.lock", "pdm.lock", "pylock*.toml", "pipfile", "pipfile.lock", "setup.py", "setup.cfg",
    "environment.yml", "environment.yaml", "conda.yml", "conda.yaml", "conda-lock.yml", "conda-lock.yaml", "pixi.toml",
    "pixi.lock", "python_env.yaml", "mlmodel", "model-settings.json",
    "bentofile.yaml", "ml-buildpack.toml", ".python-version", "runtime.txt", "*.py", "*.ipynb", "*.joblib", "*.pkl",
    "*.pickle", "*.skops", "*.onnx", "*.keras", "*.h5", "*.pt", "*.pth", "*.pt2", "*.safetensors", "*.cbm", "*.ubj",
    "*.gguf", "saved_model.pb", "*.bst", "*.lgb", "*.xgb", "*.cb", "*.sav", "*.hdf5", "*.ckpt", "*.pmml",
)  # fmt: skip
# What no other program has, at whatever depth models are kept: `churn/2/model.onnx`, `1/saved_model.pb`.
MODEL_NAMES = frozenset({"MLmodel", "model-settings.json", "saved_model.pb"})
MODEL_SUFFIXES = frozenset(
    {".joblib", ".skops", ".onnx", ".keras", ".pt2", ".safetensors", ".cbm", ".ubj", ".gguf", ".pkl", ".pt", ".pth"},
)  # fmt: skip
# A pipeline of spaCy has no other mark, and both names alone are anybody's.
SPACY_FILES = frozenset({"meta.json", "config.cfg", "tokenizer"})
NESTED_DEPTH_MAX = 2
# Boosters that are texts have names that anything has: their first bytes tell, of a few files at the top.
TEXT_SUFFIXES = (".json", ".txt")
TEXT_STARTS = (b"tree\nversion=", b"tree\r\nversion=", b'{"learner"', b'{"features_info"', b'{"model_info"')
TEXTS_MAX = 20
# Directories that hold a Python program or a model by convention.
NESTED_DIRECTORIES = ("app", "src", "api", "requirements", "model", "models")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """The buildpack takes part; `reason` names the file that decided."""

    plan: BuildPlan
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fail:
    """The buildpack has nothing to do here."""

    reason: str


Detection = Pass | Fail


def detect(context: DetectContext) -> Detection:
    """Whether the application directory is a Python project, with the reason."""
    evidence = find_evidence(find_project_files(context.app_dir))
    if evidence is None:
        return Fail(reason="no Python files, requirements or models at the top of the directory")
    return Pass(plan=make_build_plan(), reason=f"{evidence} is there")


def find_evidence(files: ProjectFiles) -> str | None:
    """The path that makes this a Python project, or None."""
    top = files.at_top()
    for pattern in TOP_LEVEL_PATTERNS:
        for file in top:
            if fnmatchcase(file.name.lower(), pattern):
                return file.path
    if {file.name for file in top} >= SPACY_FILES:
        return "meta.json"
    texts = [file.path for file in top if file.name.endswith(TEXT_SUFFIXES)][:TEXTS_MAX]
    text = next((path for path in texts if _begins_like_a_model(files, path)), None)
    if text is not None:
        return text
    return next((file.path for file in files.files if _is_nested_evidence(file)), None)


def _is_nested_evidence(file: ProjectFile) -> bool:
    if file.depth <= NESTED_DEPTH_MAX and _is_model(file):
        return True
    directory, _, rest = file.path.partition("/")
    if directory not in NESTED_DIRECTORIES or rest.count("/") > 1:
        return False
    patterns = ("*.txt", "*.in") if directory == "requirements" else TOP_LEVEL_PATTERNS
    return any(fnmatchcase(file.name.lower(), pattern) for pattern in patterns)


def _begins_like_a_model(files: ProjectFiles, path: str) -> bool:
    try:
        return files.read_bytes(path, max(map(len, TEXT_STARTS))).startswith(TEXT_STARTS)
    except OSError:
        return False


def _is_model(file: ProjectFile) -> bool:
    return file.name in MODEL_NAMES or file.name[file.name.rfind(".") :].lower() in MODEL_SUFFIXES


def make_build_plan() -> BuildPlan:
    """Our own entry, provided and required, so that we stand alone; with an interpreter from upstream where one is."""
    own = Require(name=PLAN_NAME)
    upstream = Require(name="cpython", metadata={"build": True, "launch": True})
    return BuildPlan(
        alternatives=(
            PlanAlternative(provides=(PLAN_NAME,), requires=(own, upstream)),
            PlanAlternative(provides=(PLAN_NAME,), requires=(own,)),
        )
    )
