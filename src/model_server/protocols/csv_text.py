"""CSV with a header, as values for a model: each column by its name, its texts as the column's datatype."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from model_server.models.refusals import BadInput
from model_server.models.signature import DTYPES, FLOATING, NUMERIC, Tensor
from model_server.models.table_inputs import TableInputs

if TYPE_CHECKING:
    from model_server.models.conversion import Array
    from model_server.models.loaded_model import Inputs
    from model_server.models.table_inputs import Rows

# What pandas, in which MLflow reads CSV, takes for a missing number; the rest of its list is left to pandas.
_MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"})
_TRUTH = {"true": True, "false": False}


def read_csv(body: bytes, inputs: Inputs) -> Rows:
    """The rows. Columns that the model does not have are passed over. Raises: BadInput."""
    if not isinstance(inputs, TableInputs):
        raise BadInput("CSV is for models that take columns, and this one takes tensors")
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"the body is not CSV in UTF-8: {error}") from None
    lines = [line for line in lines if line]
    if not lines:
        raise BadInput("the body is empty; CSV begins with a line of column names")
    header, rows = [name.strip() for name in lines[0]], lines[1:]
    if any(len(row) != len(header) for row in rows):
        raise BadInput(f"a line of the CSV does not have {len(header)} values")
    if not inputs.named:
        if len(header) != len(inputs.columns):
            raise BadInput(f"the model takes {len(inputs.columns)} columns, and the CSV has {len(header)}")
        header = list(inputs.names)
    missing = [name for name in inputs.names if name not in header]
    if missing:
        raise BadInput(f"the columns do not fit: missing: {', '.join(map(repr, missing))}")
    tensors = {
        column.name: _column(column, [row[header.index(column.name)] for row in rows]) for column in inputs.columns
    }
    if inputs.named:
        return inputs.from_tensors(tensors)
    return inputs.from_tensors({"input": np.column_stack(list(tensors.values()))})


def _column(column: Tensor, texts: list[str]) -> Array:
    where = f"the column {column.name!r}"
    try:
        if column.datatype in FLOATING:
            numbers = [np.nan if text.strip() in _MISSING else float(text) for text in texts]
            if np.isinf(numbers).any():
                raise BadInput(f"{where} has a number that is not finite")
            return np.array(numbers, dtype=DTYPES[column.datatype])
        if column.datatype in NUMERIC:
            return np.array([int(text) for text in texts], dtype=DTYPES[column.datatype])
        if column.datatype == "BOOL":
            return np.array([_TRUTH[text.strip().lower()] for text in texts], dtype=bool)
    except (ValueError, KeyError, OverflowError):
        raise BadInput(f"{where} must be {column.datatype}, and has a value that is not") from None
    return np.array(texts, dtype=object)
