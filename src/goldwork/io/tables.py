"""From a file's columns to the tables that the house works on, with errors that name the file's own places."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.io.columns import Chunk, Column, objects
from goldwork.io.roles import IDENTIFIERS, NEEDED, ORDINARY, OTHERS, ROLES, TRUTHS, assign, find
from goldwork.io.source import Source
from goldwork.items import Items
from goldwork.judgements import CONTEXT, KINDS, Duplicates, Judgements


@dataclasses.dataclass(frozen=True)
class Reading:
    """A table of judgements and how it was read: which column played which role, and whether that was guessed."""

    table: Judgements
    source: str
    format: str
    roles: Mapping[str, str]
    guessed: tuple[str, ...]

    def sentence(self) -> str:
        """What was read, for people."""
        roles = ", ".join(f"{role} from {name!r}" for role, name in self.roles.items())
        said = f"{self.source} ({self.format}): {len(self.table):,} judgements; {roles}"
        return said + (f". {self.table.missing:,} rows without a label are left out." if self.table.missing else ".")


def judgements(
    chunk: Chunk, source: Source, name: str, unit: str, given: Mapping[str, str | None], duplicates: Duplicates
) -> Reading:
    """The long table from a file's columns; `given` names columns by role."""
    chunk = _ordinary(chunk)
    columns = dict(chunk.columns)
    roles = assign(list(columns), given, source.at())
    guessed = tuple(role for role, column in roles.items() if given.get(role) != column)
    if "kind" in roles and "kind" in guessed and not _are_kinds(columns[roles["kind"]]):
        roles = {role: column for role, column in roles.items() if role != "kind"}
    taken: dict[str, Column] = {}
    for role, column in roles.items():
        taken[role if role in CONTEXT else column] = columns[column]
    label = roles["label"]
    if name != "jsonl":  # its values have their JSON types already
        taken[label] = _structured(columns[label])
    try:
        table = Judgements.from_columns(
            taken,
            item=roles["item"],
            annotator=roles["annotator"],
            value=label,
            question=roles.get("question", ""),
            kind=roles.get("kind", ""),
            duplicates=duplicates,
            where=source.at(),
        )
    except InputError as error:
        raise _placed(error, chunk, unit, source, roles) from None
    return Reading(table, str(source), name, roles, tuple(role for role in guessed if role in roles))


def items(chunk: Chunk, source: Source, unit: str, id: str | None) -> Items:
    """Items from a file's columns; without `id` the identifier is found by its usual names."""
    names = list(chunk.columns)
    chosen = id or find(names, IDENTIFIERS)
    if chosen is None:
        raise InputError(
            f"no column holds the items' identifiers. There are: {', '.join(names) or 'none'}. Say which one does.",
            where=source.at(),
        )
    try:
        return Items.from_columns(chunk.columns, id=chosen, where=source.at())
    except InputError as error:
        raise _placed(error, chunk, unit, source, {}) from None


def gold(chunk: Chunk, source: Source, unit: str, table: Judgements, item: str | None) -> dict[Any, Any]:
    """Known answers by item, in the types of `table`, from columns such as `item,truth`. Empty answers are none."""
    names = list(chunk.columns)
    of_item = item or find(names, ROLES["item"])
    of_label = find([name for name in names if name != of_item], TRUTHS)
    if of_item not in names or of_label is None:
        raise InputError(
            f"columns for the item and its known answer (truth, label) are needed. There are: {', '.join(names)}.",
            where=source.at(),
        )
    known = {str(value): value for value in table.items.tolist()}
    labels = {str(value): value for value in table.categories.tolist()} if table.categories is not None else {}
    column = chunk.columns[of_label]
    said = column if table.categories is not None or table.value.dtype != object else _structured(column)
    answers: dict[Any, Any] = {}
    for line, identifier, answer in zip(chunk.lines, chunk.columns[of_item], said, strict=True):
        if answer is None or answer == "" or answer != answer:
            continue
        key = known.get(_text(identifier), identifier)
        value = labels.get(_text(answer), answer)
        if answers.setdefault(key, value) != value:
            raise InputError(
                f"item {key!r} has the known answer {answers[key]!r} and {value!r}. Keep one.",
                where=source.at(int(line), of_label, unit),
            )
    return answers


def groups(chunk: Chunk, source: Source, unit: str, table: Judgements) -> dict[str, dict[Any, Any]]:
    """By attribute, everybody's group, in the annotators' type of `table`; what is empty was not said."""
    names = list(chunk.columns)
    of_annotator = find(names, ROLES["annotator"])
    attributes = [name for name in names if name != of_annotator]
    if of_annotator is None or not attributes:
        raise InputError(
            f"a column for the annotator and one for each attribute are needed. There are: {', '.join(names)}.",
            where=source.at(),
        )
    known = {str(value): value for value in table.annotators.tolist()}
    found: dict[str, dict[Any, Any]] = {name: {} for name in attributes}
    seen: set[str] = set()
    for row, identifier in enumerate(chunk.columns[of_annotator]):
        who = _text(identifier)
        if who in seen:
            raise InputError(
                f"{who!r} stands here again. Keep one row for each annotator.",
                where=source.at(int(chunk.lines[row]), of_annotator, unit),
            )
        seen.add(who)
        for name in attributes:
            value = chunk.columns[name][row]
            if value is not None and value != "" and value == value:
                found[name][known.get(who, who)] = _text(value)
    return found


def _text(value: Any) -> str:
    """A value as text files write it: 1.0 from a column of floats is 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _ordinary(chunk: Chunk) -> Chunk:
    """Without the rows that goldwork's own export calls gold, practice, repeats and adjudications."""
    said = ["" if value is None else _text(value) for value in chunk.columns.get("purpose", ())]
    if not set(said) & set(OTHERS) or not set(said) <= {*ORDINARY, *OTHERS}:
        return chunk
    kept = np.flatnonzero([one in ORDINARY for one in said])
    columns = {
        name: (column if isinstance(column, np.ndarray) else objects(column))[kept]
        for name, column in chunk.columns.items()
    }
    return Chunk(columns, np.asarray(chunk.lines, np.int64)[kept])


def _are_kinds(column: Column) -> bool:
    return {str(value or "human") for value in column} <= set(KINDS)


def _structured(column: Column) -> Column:
    """Labels that are all written as JSON arrays or objects become what they say; other columns stay."""
    if isinstance(column, np.ndarray) and column.dtype != object:
        return column
    if not all(value is None or (isinstance(value, str) and value[:1] in ("", "[", "{")) for value in column):
        return column  # the first label tells, in nearly every file
    words = {value for value in column if value}
    try:
        decoded = {word: json.loads(word) for word in words}
    except (ValueError, RecursionError):
        return column
    return objects([decoded.get(value) for value in column])


def _placed(error: InputError, chunk: Chunk, unit: str, source: Source, roles: Mapping[str, str]) -> InputError:
    """The error with the file's own lines for rows, and its own names for columns."""
    lines = chunk.lines

    def line(found: re.Match[str]) -> str:
        row = int(found[1]) - 1
        return f"{unit} {lines[row]}" if 0 <= row < len(lines) else found[0]

    message = re.sub(r"\brow (\d+)\b", line, error.message.removeprefix(f"{source.at()}: "))
    for role in (*NEEDED, *CONTEXT):
        if role in roles:
            message = message.replace(f"column {role!r}", f"column {roles[role]!r}")
    return InputError(message, where=source.at())


def same(left: Judgements, right: Judgements) -> bool:
    """Whether two tables hold the same judgements, context included."""
    mine, theirs = left.to_columns(), right.to_columns()
    return mine.keys() == theirs.keys() and all(_equal(mine[name], theirs[name]) for name in mine)


def _equal(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> bool:
    if left.dtype.kind == "f" and right.dtype.kind == "f":
        return bool(np.array_equal(left, right, equal_nan=True))
    return bool(left.tolist() == right.tolist())
