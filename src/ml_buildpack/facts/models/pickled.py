"""Models that are pickles, plain or joblib's: scikit-learn and what speaks its language, statsmodels, and the like.

Called by `recognition`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised, Signature, Tensor
from ml_buildpack.facts.models.libraries import find_dangers, imported_modules
from ml_buildpack.facts.models.pickle_scan import PickleScan, scan_pickle
from ml_buildpack.facts.models.pickle_values import Blob, Global, Instance
from ml_buildpack.facts.models.stored import DamagedError, StoredFile, find_compression, make_source

SUFFIXES = frozenset(
    {".pkl", ".pickle", ".joblib", ".sav", ".model", ".pmd", ".gz", ".bz2", ".xz", ".lzma", ".z", ".lz4"}
)
_PROTOCOLS = tuple(bytes((0x80, number)) for number in range(2, 6))
# Protocol 0 has no mark of its own; the first opcode of what holds a model is one of these.
_TEXT_STARTS = (b"ccopy_reg\n", b"csklearn", b"cxgboost", b"clightgbm", b"cstatsmodels", b"c__main__\n", b"(i")
# By the top-level module of the root's class. What is not in it is served through scikit-learn's methods.
_FORMATS = {
    "catboost": ModelFormat.CATBOOST,
    "lightgbm": ModelFormat.LIGHTGBM,
    "statsmodels": ModelFormat.STATSMODELS,
    "xgboost": ModelFormat.XGBOOST,
}
# Plain data, and what holds data for others: no model, whatever else is in the file.
_DATA = frozenset({"builtins", "numpy", "pandas", "polars", "scipy", "collections", "datetime", "decimal", "torch"})
# Packages of scikit-learn whose classes transform what a model then takes. Their pipelines end in a predictor or not.
_HELPERS = (
    "category_encoders",
    "sklearn.compose._column_transformer",
    "sklearn.decomposition",
    "sklearn.feature_extraction",
    "sklearn.feature_selection",
    "sklearn.impute",
    "sklearn.kernel_approximation",
    "sklearn.preprocessing",
    "sklearn.random_projection",
)
_XGBOOST_VERSION = re.compile(rb"version\[(?:#L.{8})?[iU](.)[iU](.)[iU](.)", re.DOTALL)


def is_pickle(file: StoredFile) -> bool:
    """Whether the first bytes are those of a pickle, or of something packed under a name that pickles have."""
    if file.head.startswith((*_PROTOCOLS, *_TEXT_STARTS)):
        return True
    return file.suffix in SUFFIXES and find_compression(file.head) is not None


def read_pickled(file: StoredFile) -> Recognised | None:
    """The model in a pickle; None where it holds data. Raises: DamagedError."""
    compression = find_compression(file.head)
    if compression == "lz4":
        raise DamagedError(
            "It is packed with LZ4, which is not looked into. Save it again with joblib.dump(model, path, compress=3)."
        )
    scan = scan_file(file)
    variant = "joblib" if compression or _is_joblib(scan) or file.suffix == ".joblib" else "pickle"
    return describe_pickle(scan, path=file.path, variant=variant)


def scan_file(file: StoredFile) -> PickleScan:
    """What the pickle in the file would do. Raises: DamagedError, OSError."""
    with file.open() as stream:
        return scan_pickle(make_source(stream, file.size_bytes, find_compression(file.head)))


def _is_joblib(scan: PickleScan) -> bool:
    return any(name.module == "joblib.numpy_pickle" for name in scan.globals)


def describe_pickle(scan: PickleScan, *, path: str, variant: str) -> Recognised | None:
    """What the scan of a pickle says about the model; None where its root is data."""
    root = scan.root
    module = class_module(root)
    if module.partition(".")[0] in {*_DATA, ""} and not (scan.is_partial and scan.versions):
        # A dictionary that holds a model is nothing that a server could call, and data is no model.
        dangers = find_dangers(scan.globals)
        if not dangers:
            return None
    top = module.partition(".")[0]
    imports = imported_modules(scan.globals)
    return Recognised(
        path=path,
        format=_FORMATS.get(top, ModelFormat.SKLEARN),
        variant=variant,
        trained_with=_versions(scan, root),
        facts=_facts(scan, root),
        signature=_signature(scan, root),
        imports=imports,
        dangers=find_dangers(scan.globals),
        is_helper=_is_helper(root),
        is_partial=scan.is_partial,
    )


def class_module(root: object) -> str:
    """The module of the root's class; `builtins` for plain containers."""
    if isinstance(root, Instance):
        return root.of.module if isinstance(root.of, Global) else ""
    return "builtins"


def _versions(scan: PickleScan, root: object) -> dict[str, str]:
    versions = dict(scan.versions)
    if isinstance(root, Instance) and class_module(root).startswith("xgboost"):
        found = _booster_version(root)
        if found is not None:
            versions["xgboost"] = found
    return versions


def _booster_version(root: Instance) -> str | None:
    booster = root.state.get("_Booster", root)
    handle = booster.state.get("handle") if isinstance(booster, Instance) else None
    if isinstance(handle, Instance) and isinstance(handle.args, tuple) and handle.args:
        handle = handle.args[0]
    tail = handle.tail if isinstance(handle, Blob) else handle if isinstance(handle, bytes) else b""
    return ubjson_version(tail)


def ubjson_version(data: bytes) -> str | None:
    """The version at the end of a booster in UBJSON: three small integers behind their key."""
    found = _XGBOOST_VERSION.search(data)
    return ".".join(str(number[0]) for number in found.groups()) if found is not None else None


def _facts(scan: PickleScan, root: object) -> dict[str, str]:
    """What decides which libraries can read the file."""
    names = {name.module for name in scan.globals}
    facts = {"class": root.path if isinstance(root, Instance) else "", "protocol": str(scan.protocol)}
    if any(name.startswith("sklearn.compose") for name in names):
        facts["columns"] = "by name"
    if any(name == "numpy._core" or name.startswith("numpy._core.") for name in names):
        facts["numpy"] = "2"
    if any(name.partition(".")[0] == "cloudpickle" for name in names):
        facts["cloudpickle"] = "functions"
    return facts


def _is_helper(root: object) -> bool:
    last = _last_step(root)
    return isinstance(last, Instance) and class_module(last).startswith(_HELPERS)


def _last_step(root: object) -> object:
    """The estimator that answers: of a pipeline, its last step."""
    for _ in range(8):
        if not isinstance(root, Instance) or root.path != "sklearn.pipeline.Pipeline":
            return root
        steps = root.state.get("steps")
        if not isinstance(steps, list) or not steps or not isinstance(steps[-1], tuple) or len(steps[-1]) != 2:  # noqa: PLR2004
            return root
        root = steps[-1][1]
    return root


# --- what goes in -----------------------------------------------------------------------------------------------------


def _signature(scan: PickleScan, root: object) -> Signature | None:
    """The named columns, or the number of features. None where columns may be of any type: nothing says of which."""
    if any(name.module.startswith(("sklearn.compose", "sklearn.feature_extraction")) for name in scan.globals):
        return None
    state = _first_state(root)
    names = feature_names(state.get("feature_names_in_"))
    if names:
        return Signature(inputs=tuple(Tensor(name=name, datatype="FP64", shape=(-1,)) for name in names))
    count = state.get("n_features_in_")
    if isinstance(count, int) and count > 0:
        return Signature(inputs=(Tensor(name="input", datatype="FP64", shape=(-1, count)),))
    return None


def _first_state(root: object) -> Mapping[object, object]:
    """The state of what sees the input first: of a pipeline, its first step."""
    for _ in range(8):
        if not isinstance(root, Instance):
            return {}
        steps = root.state.get("steps")
        if root.path != "sklearn.pipeline.Pipeline" or not isinstance(steps, list) or not steps:
            return root.state
        root = steps[0][1] if isinstance(steps[0], tuple) and len(steps[0]) == 2 else None  # noqa: PLR2004
    return {}


def feature_names(value: object) -> tuple[str, ...]:
    """The texts of a pickled array of objects, in either way that it is written."""
    if not isinstance(value, Instance):
        return ()
    if value.items and isinstance(value.items[0], Instance):
        value = value.items[0]
    listed = value.other_state[-1] if isinstance(value.other_state, tuple) and value.other_state else None
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        return ()
    return tuple(listed)
