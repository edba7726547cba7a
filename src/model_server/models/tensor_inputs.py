"""How requests become tensors of a model that has some, as ONNX models do: by name, each checked against its shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_server.models.conversion import Array, read_json, widen
from model_server.models.refusals import BadInput
from model_server.models.signature import ANY, Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model_server.models.table_inputs import Rows


@dataclass(frozen=True)
class TensorInputs:
    """The inputs of a model, each a slot of its own."""

    tensors: tuple[Tensor, ...]

    @property
    def described(self) -> tuple[Tensor, ...]:
        """What metadata shows."""
        return self.tensors

    def from_tensors(self, tensors: Mapping[str, Array]) -> Rows:
        """By name. Raises: BadInput."""
        self._check_names(tensors, extra=True)
        return tuple(self._checked(tensor, tensors[tensor.name], typed=True) for tensor in self.tensors)

    def from_lists(self, data: object, names: Sequence[str] | None, where: str) -> Rows:
        """The one input, as nested lists. Raises: BadInput."""
        del names
        if len(self.tensors) != 1:
            raise BadInput(f"the model takes {len(self.tensors)} inputs: give each by its name")
        (only,) = self.tensors
        return (self._checked(only, read_json(data, only.datatype, where), typed=False),)

    def from_records(self, records: object, where: str, *, extra: bool) -> Rows:
        """One object for each row, with a value for each input. Raises: BadInput."""
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise BadInput(f"{where} must be a list of objects")
        for record in records:
            self._check_names(record, extra=extra)
        columns = {tensor.name: [record[tensor.name] for record in records] for tensor in self.tensors}
        return self.from_columns(columns, where, extra=extra)

    def from_columns(self, columns: Mapping[str, object], where: str, *, extra: bool) -> Rows:
        """Nested lists for each input. Raises: BadInput."""
        self._check_names(columns, extra=extra)
        return tuple(
            self._checked(
                tensor, read_json(columns[tensor.name], tensor.datatype, f"{where} {tensor.name!r}"), typed=False
            )
            for tensor in self.tensors
        )

    def _checked(self, tensor: Tensor, found: Array, *, typed: bool) -> Array:
        where = f"the input {tensor.name!r}"
        if tensor.shape == (ANY, 1) and found.ndim == 1:
            found = found[:, None]
        fits = len(tensor.shape) == found.ndim and all(
            wanted in {ANY, length}
            for wanted, length in zip(tensor.shape, found.shape)  # noqa: B905 (just compared)
        )
        if not fits:
            raise BadInput(f"{where} must have the shape {list(tensor.shape)}, and has {list(found.shape)}")
        return widen(found, tensor.datatype, where) if typed else found

    def _check_names(self, given: Mapping[str, object], *, extra: bool) -> None:
        names = [tensor.name for tensor in self.tensors]
        problems = [f"{name!r} is missing" for name in names if name not in given]
        if extra:
            problems += [f"the model has no {name!r}" for name in given if name not in names]
        if problems:
            raise BadInput(f"the inputs do not fit: {'; '.join(problems)}")
