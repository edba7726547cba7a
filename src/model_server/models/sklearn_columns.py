"""What a scikit-learn estimator says about its columns: names, which hold strings, and values that it has seen.

Reads fitted attributes alone, and imports nothing: their names are scikit-learn's public ones (`feature_names_in_`,
`n_features_in_`, `transformers_`, `categories_`). What is not said is a number.
"""

from __future__ import annotations

from typing import Any

from model_server.models.signature import ANY, Tensor, datatype_of

_TEXT_VECTORIZERS = frozenset({"CountVectorizer", "TfidfVectorizer", "HashingVectorizer"})


def takes_text(estimator: Any) -> bool:  # noqa: ANN401 (any library's estimator)
    """Whether the model takes texts, one for each row, instead of columns."""
    return type(first_step(estimator)).__name__ in _TEXT_VECTORIZERS


def first_step(estimator: Any) -> Any:  # noqa: ANN401 (the same)
    """The estimator that sees the input: of a pipeline, its first step that does something."""
    steps = [step for _, step in getattr(estimator, "steps", ()) if step is not None and step != "passthrough"]
    return first_step(steps[0]) if steps else estimator


def column_names(estimator: Any) -> tuple[str, ...] | None:  # noqa: ANN401 (the same)
    """The columns' names, where the estimator was fitted with names."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None and first_step(estimator) is not estimator:
        names = getattr(first_step(estimator), "feature_names_in_", None)
    return None if names is None else tuple(str(name) for name in names)


def column_count(estimator: Any) -> int | None:  # noqa: ANN401 (the same)
    """How many columns the estimator takes; None if it does not say."""
    for found in (estimator, first_step(estimator)):
        count = getattr(found, "n_features_in_", None)
        if isinstance(count, int):
            return count
    return None


def describe_columns(estimator: Any, names: tuple[str, ...]) -> tuple[tuple[Tensor, ...], tuple[Any, ...]]:  # noqa: ANN401
    """Each column's tensor, and a value that it may have: the first category, where there are categories."""
    seen = _categories(first_step(estimator), names)
    tensors = []
    for name in names:
        values = seen.get(name)
        datatype = "FP64" if values is None else _datatype(values)
        tensors.append(Tensor(name=name, datatype=datatype, shape=(ANY,)))
    return tuple(tensors), tuple(1.0 if seen.get(name) is None else seen[name][0] for name in names)


def _datatype(values: Any) -> str:  # noqa: ANN401 (an array of NumPy)
    if values.dtype.kind == "O" and not any(isinstance(value, str) for value in values):
        return "FP64"
    return datatype_of(values.dtype.kind, values.dtype.itemsize)


def _categories(transformer: Any, names: tuple[str, ...]) -> dict[str, Any]:  # noqa: ANN401 (any estimator)
    """The values that each column was fitted with, where a transformer of the column kept them."""
    parts = getattr(transformer, "transformers_", None)
    if parts is None:
        kept = getattr(transformer, "categories_", None)
        fits = isinstance(kept, list) and len(kept) == len(names)
        return dict(zip(names, kept)) if fits and kept else {}  # noqa: B905 (just compared)
    found: dict[str, Any] = {}
    for _, part, columns in parts:
        chosen = _chosen(columns, names)
        for step in _steps(part):
            found.update({name: values for name, values in _categories(step, chosen).items() if name not in found})
    return found


def _steps(part: Any) -> list[Any]:  # noqa: ANN401 (an estimator, or a word for one)
    if isinstance(part, str):
        return []
    return [step for _, step in getattr(part, "steps", [("", part)])]


def _chosen(columns: Any, names: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ANN401 (a name, names, positions, a mask)
    if isinstance(columns, str):
        return (columns,)
    if isinstance(columns, slice):
        return names[columns] if not isinstance(columns.start, str) else ()
    try:
        listed = list(columns)
    except TypeError:
        listed = [columns]
    if listed and all(isinstance(column, bool) or type(column).__name__ in {"bool_", "bool"} for column in listed):
        return tuple(name for name, chosen in zip(names, listed) if chosen)  # noqa: B905 (a mask of all columns)
    return tuple(column if isinstance(column, str) else names[int(column)] for column in listed)
