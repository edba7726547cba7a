"""Which distribution an imported module comes from, and which names no honest pickle reaches for.

Data of the libraries that pickled models are made with, and the verdict of picklescan. Called by `pickled`.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterable

from ml_buildpack.facts.models.artifact import Danger
from ml_buildpack.facts.models.pickle_values import Global

# Top-level modules that pickles of models import, and the distributions that bring them.
DISTRIBUTIONS = {
    # The Cython module of histogram gradient boosting calls itself so in a pickle.
    "_loss": "scikit-learn",
    "autogluon": "autogluon", "boruta": "boruta", "catboost": "catboost", "category_encoders": "category-encoders",
    "cloudpickle": "cloudpickle", "cuml": "cuml-cu12", "dask": "dask", "dill": "dill", "econml": "econml",
    "feature_engine": "feature-engine", "flaml": "flaml", "gensim": "gensim", "hdbscan": "hdbscan",
    "imblearn": "imbalanced-learn", "interpret": "interpret", "joblib": "joblib", "keras": "keras",
    "lifelines": "lifelines", "lightgbm": "lightgbm", "mapie": "mapie", "mlxtend": "mlxtend", "narwhals": "narwhals",
    "ngboost": "ngboost", "nltk": "nltk", "numpy": "numpy", "optbinning": "optbinning", "pandas": "pandas",
    "patsy": "patsy", "pmdarima": "pmdarima", "polars": "polars", "prophet": "prophet", "pyarrow": "pyarrow",
    "pygam": "pygam", "pyod": "pyod", "scipy": "scipy", "sentence_transformers": "sentence-transformers",
    "sklearn": "scikit-learn", "sklearn_pandas": "sklearn-pandas", "sklego": "scikit-lego",
    "sksurv": "scikit-survival", "sktime": "sktime", "skorch": "skorch", "skrub": "skrub", "spacy": "spacy",
    "statsmodels": "statsmodels", "tensorflow": "tensorflow", "torch": "torch", "torchvision": "torchvision",
    "transformers": "transformers", "tslearn": "tslearn", "ultralytics": "ultralytics", "umap": "umap-learn",
    "xgboost": "xgboost",
}  # fmt: skip
# What picklescan calls dangerous and honest models hold: bound methods and getters of transformers, functions that
# cloudpickle writes by value. Each can be misused, but only together with a name that is refused anyway, or with code
# of the pickle's own author.
_HARMLESS_ALONE = frozenset(
    {"builtins.getattr", "__builtin__.getattr", "functools.partial", "operator.attrgetter", "operator.itemgetter",
     "operator.methodcaller", "_operator.attrgetter", "_operator.itemgetter", "_operator.methodcaller",
     "types.CodeType", "uuid.UUID", "uuid.SafeUUID"},
)  # fmt: skip
_BY_VALUE = "cloudpickle"
_STANDARD = frozenset({*sys.stdlib_module_names, "__builtin__", "copy_reg", "unknown"})


def imported_modules(names: Iterable[Global]) -> tuple[str, ...]:
    """The top-level modules, without those of Python itself, sorted."""
    return tuple(sorted({name.module.partition(".")[0] for name in names} - _STANDARD))


def find_dangers(names: Iterable[Global]) -> tuple[Danger, ...]:
    """The names that picklescan calls dangerous, sorted, without those that honest models hold."""
    # It takes longer to import than all the rest of this package, and most projects have no pickle.
    from picklescan.scanner import SafetyLevel, scan_pickle_bytes  # noqa: PLC0415

    asked = [name for name in names if str(name) not in _HARMLESS_ALONE and name.module.partition(".")[0] != _BY_VALUE]
    # The scanner's warnings are for its own command line.
    logging.getLogger("picklescan").setLevel(logging.CRITICAL)
    result = scan_pickle_bytes(io.BytesIO(_pickle_of(asked)), "model")
    bad = {(found.module, found.name) for found in result.globals if found.safety is SafetyLevel.Dangerous}
    return tuple(Danger(module=module, name=name) for module, name in sorted(bad))


def _pickle_of(names: list[Global]) -> bytes:
    """A pickle that imports these names and nothing more: the form in which the scanner takes a question.

    The file itself was read already, within limits that the scanner does not have, and it does not know joblib's.
    """
    lines = (
        f"c{name.module}\n{name.name}\n0".replace("\r", "?").encode("utf-8", "replace")
        for name in names
        if _is_line(name)
    )
    return b"".join(lines) + b"N."


def _is_line(name: Global) -> bool:
    return bool(name.module and name.name) and "\n" not in f"{name.module}{name.name}"
