"""How requests become rows of a table: columns put in order by their names, or a matrix taken as it stands.

A table is held in *slots*, arrays that all have one entry for each row: one matrix where every column is numeric,
else one array for each column. Slots of several requests can be joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model_server.models.conversion import Array, read_json, widen
from model_server.models.refusals import BadInput
from model_server.models.signature import ANY, DTYPES, FLOATING, NUMERIC, Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Rows = tuple[Array, ...]
# How many names a message lists.
_NAMES_SHOWN = 8


@dataclass(frozen=True)
class TableInputs:
    """The columns of a model, in the order in which it takes them."""

    columns: tuple[Tensor, ...]
    named: bool = True
    """False where the model knows the number of its columns alone, so that their names are ours."""
    rounds: bool = False
    """Whether the model rounds doubles itself, as libraries of trees do."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)

    @property
    def packed(self) -> str | None:
        """The datatype of the one matrix; None where each column has a slot of its own."""
        datatypes = {column.datatype for column in self.columns}
        if not datatypes <= NUMERIC:
            return None
        return datatypes.pop() if len(datatypes) == 1 else "FP64"

    @property
    def described(self) -> tuple[Tensor, ...]:
        """What metadata shows: the columns, or one matrix where they have no names of their own."""
        if self.named:
            return self.columns
        return (Tensor(name="input", datatype=self.packed or "BYTES", shape=(ANY, len(self.columns))),)

    def from_tensors(self, tensors: Mapping[str, Array]) -> Rows:
        """One tensor for each column, by name; or one matrix with a column for each. Raises: BadInput."""
        if self.named and set(tensors) == set(self.names):
            return self._from_columns({name: _flat(name, tensor) for name, tensor in tensors.items()})
        matrix = next(iter(tensors.values()))
        if len(tensors) == 1 and matrix.ndim > 1:
            return self._from_matrix(matrix, f"the tensor {next(iter(tensors))!r}")
        self._check_names(tensors, extra=True)
        shape = f"[rows, {len(self.columns)}]"
        raise BadInput(f"the model takes one tensor of the shape {shape}, and {_counted(len(tensors))}")

    def from_lists(self, data: object, names: Sequence[str] | None, where: str) -> Rows:
        """Rows as lists of values; `names` of their columns where they are known. Raises: BadInput."""
        if not isinstance(data, list) or not all(isinstance(row, list) for row in data):
            raise BadInput(f"{where} must be a list of rows, each a list of values")
        if names is not None and self.named:
            self._check_names(names, extra=False)
            order = [list(names).index(name) for name in self.names]
            if any(len(row) != len(names) for row in data):
                raise BadInput(f"{where} must have {len(names)} values in each row, one for each column")
            if order != list(range(len(names))):
                data = [[row[position] for position in order] for row in data]
        if self.packed is not None:
            matrix = self._whole_checked(read_json(data, self.packed, where), where)
            return self._from_matrix(matrix, where)
        if any(len(row) != len(self.columns) for row in data):
            raise BadInput(f"{where} must have {len(self.columns)} values in each row: {_listed(self.names)}")
        columns = zip(*data)  # noqa: B905 (their lengths were compared)
        return tuple(
            read_json(list(values), column.datatype, f"the column {column.name!r}")
            for column, values in zip(self.columns, columns)  # noqa: B905 (the same)
        )

    def from_records(self, records: object, where: str, *, extra: bool) -> Rows:
        """Rows as objects; `extra` says whether keys that the model does not have are refused. Raises: BadInput."""
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise BadInput(f"{where} must be a list of objects")
        if not self.named:
            raise BadInput(f"the model knows no names of its columns: send lists of {len(self.columns)} values")
        for record in records:
            self._check_names(record, extra=extra)
        return self.from_lists([[record[name] for name in self.names] for record in records], None, where)

    def from_columns(self, columns: Mapping[str, object], where: str, *, extra: bool) -> Rows:
        """An object with a list of values for each column. Raises: BadInput."""
        if not self.named:
            raise BadInput(f"the model knows no names of its columns: send lists of {len(self.columns)} values")
        self._check_names(columns, extra=extra)
        return self._from_columns(
            {
                column.name: _flat(
                    column.name, read_json(columns[column.name], column.datatype, f"{where} {column.name!r}")
                )
                for column in self.columns
            }
        )

    def _from_columns(self, columns: Mapping[str, Array]) -> Rows:
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            raise BadInput("the columns are not all of the same length")
        ordered = tuple(
            widen(columns[column.name], column.datatype, f"the column {column.name!r}", rounds=self.rounds)
            for column in self.columns
        )
        return ordered if self.packed is None else (np.column_stack(ordered).astype(DTYPES[self.packed], copy=False),)

    def _from_matrix(self, matrix: Array, where: str) -> Rows:
        if matrix.ndim != 2 or matrix.shape[1] != len(self.columns):  # noqa: PLR2004 (rows and columns)
            shape = " by ".join(map(str, matrix.shape))
            raise BadInput(f"{where} must have {len(self.columns)} values in each row, and its shape is {shape}")
        if self.packed is None:
            raise BadInput(f"the columns have different datatypes: send a tensor for each of {_listed(self.names)}")
        return (self._whole_checked(widen(matrix, self.packed, where, rounds=self.rounds), where),)

    def _whole_checked(self, matrix: Array, where: str) -> Array:
        """The matrix. Raises: BadInput if a column of whole numbers, packed with others, has a fraction."""
        if self.packed not in FLOATING or matrix.ndim != 2:  # noqa: PLR2004 (rows and columns)
            return matrix
        for position, column in enumerate(self.columns[: matrix.shape[1]]):
            values = matrix[:, position]
            if column.datatype not in FLOATING and not np.array_equal(np.floor(values), values):
                raise BadInput(f"{where}: the column {column.name!r} must be whole numbers")
        return matrix

    def _check_names(self, given: Mapping[str, object] | Sequence[str], *, extra: bool) -> None:
        """Nothing. Raises: BadInput, with the names that are missing and, if asked for, those that are too many."""
        problems = []
        missing = [name for name in self.names if name not in given]
        if self.named and missing:
            problems.append(f"missing: {_listed(missing)}")
        too_many = [name for name in given if name not in self.names]
        if self.named and extra and too_many:
            problems.append(f"not known to the model: {_listed(too_many)}")
        if problems:
            raise BadInput(f"the columns do not fit: {'; '.join(problems)}")


def _flat(name: str, tensor: Array) -> Array:
    if tensor.ndim == 2 and tensor.shape[1] == 1:  # noqa: PLR2004 (rows and columns)
        return tensor[:, 0]
    if tensor.ndim != 1:
        raise BadInput(f"the column {name!r} must have one value for each row")
    return tensor


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown} and {len(names) - _NAMES_SHOWN} more"


def _counted(number: int) -> str:
    return "this one has another" if number == 1 else f"there are {number}"
