"""Items: what is judged, as a frozen columnar table of identifiers and the fields shown.

>>> items = Items.from_records([{"id": "a", "text": "first"}, {"id": "b", "text": "second"}])
>>> len(items), items.ids.tolist(), items.payload("b")
(2, ['a', 'b'], {'text': 'second'})
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError


@dataclasses.dataclass(frozen=True, eq=False)
class Items:
    """The items in the order they came in. `ids`: [n], distinct; `columns`: the fields by name, [n] each."""

    ids: npt.NDArray[Any]
    columns: Mapping[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Items({len(self):,} items, fields: {', '.join(self.columns) or 'none'})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Items):
            return NotImplemented
        mine, theirs = self.to_columns(), other.to_columns()
        return mine.keys() == theirs.keys() and all(mine[name].tolist() == theirs[name].tolist() for name in mine)

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]], *, id: str = "id") -> Items:
        """From dictionaries, one an item; `id` is the name of the identifier."""
        rows = list(records)
        names = list(dict.fromkeys(name for row in rows for name in row))
        return cls.from_columns({name: [row.get(name) for row in rows] for name in names}, id=id)

    @classmethod
    def from_columns(
        cls, columns: Mapping[str, Sequence[Any] | npt.NDArray[Any]], *, id: str = "id", where: str = ""
    ) -> Items:
        """From columns of equal length. Raises InputError for an identifier that is missing or stands twice."""
        if id not in columns:
            listed = ", ".join(map(str, columns)) or "none"
            raise InputError(f"there is no column {id!r}. The columns are: {listed}.", where=where)
        ids = _objects(columns[id])
        seen: dict[Any, int] = {}
        for row, value in enumerate(ids.tolist()):
            if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
                raise InputError(f"row {row + 1}, column {id!r}: an identifier is needed. Got {value!r}.", where=where)
            if (first := seen.setdefault(value, row)) != row:
                raise InputError(
                    f"row {row + 1}, column {id!r}: item {value!r} stands in row {first + 1} already. "
                    "Every item needs an identifier of its own.",
                    where=where,
                )
        fields = {name: _objects(column) for name, column in columns.items() if name != id}
        for name, column in fields.items():
            if len(column) != len(ids):
                raise InputError(f"column {name!r} has {len(column)} rows where {id!r} has {len(ids)}.", where=where)
        return cls(ids, fields)

    def payload(self, identifier: Any) -> dict[str, Any]:
        """The fields of one item. Raises InputError where there is no such item."""
        try:
            row = self._rows[identifier]
        except KeyError:
            raise InputError(f"there is no item {identifier!r}.") from None
        return {name: column[row] for name, column in self.columns.items()}

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._rows

    def to_columns(self, id: str = "id") -> dict[str, npt.NDArray[Any]]:
        """The table as columns, which `from_columns` reads back to the same."""
        return {id: self.ids, **self.columns}

    @functools.cached_property
    def _rows(self) -> dict[Any, int]:
        return {identifier: row for row, identifier in enumerate(self.ids.tolist())}


def _objects(column: Sequence[Any] | npt.NDArray[Any]) -> npt.NDArray[Any]:
    values = column.tolist() if isinstance(column, np.ndarray) else column
    array = np.empty(len(values), object)
    for row, value in enumerate(values):
        array[row] = value
    return array
