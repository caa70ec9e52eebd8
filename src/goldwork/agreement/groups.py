"""Agreement by group: batches, guideline versions, kinds of item, teams of annotators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from goldwork.agreement.measure import measure_agreement
from goldwork.agreement.result import Agreement
from goldwork.errors import InputError
from goldwork.judgements import Judgements

MAX_GROUPS = 1_000


def agreement_by_group(
    table: Judgements,
    groups: Mapping[Any, Any] | str,
    coefficient: str = "alpha",
    *,
    of: Literal["items", "annotators"] = "items",
    **options: Any,
) -> dict[Any, Agreement]:
    """The agreement within each group of judgements, by group in order; options as in `measure_agreement`.

    `groups` says the group of each item, or of each annotator with `of="annotators"`; or names a context column of the
    table (batch, guideline, session ...), by which judgements fall into groups. Judgements without a group are left
    out. Raises InputError for a column that is not there, for groups of nothing in the table, and for more than 1,000.

        >>> table = Judgements.from_columns({
        ...     "item": [1, 1, 2, 2, 3, 3, 4, 4], "annotator": [*"abababab"], "label": [*"xxyyxyyx"]
        ... })
        >>> made = agreement_by_group(table, {1: "easy", 2: "easy", 3: "hard", 4: "hard"}, "percent")
        >>> {group: agreement.value for group, agreement in made.items()}
        {'easy': 1.0, 'hard': 0.0}
    """
    return {
        group: measure_agreement(part, coefficient, **options)
        for group, part in parts(table, groups, of=of).items()
    }  # fmt: skip


def parts(
    table: Judgements, groups: Mapping[Any, Any] | str, *, of: Literal["items", "annotators"] = "items"
) -> dict[Any, Judgements]:
    """The judgements of each group."""
    each = _of_judgements(table, groups, of)
    distinct = {group: code for code, group in enumerate(sorted({g for g in each.tolist() if g is not None}, key=_key))}
    if len(table) and not distinct:
        raise InputError(f"the groups are about none of the {of}: {next(iter(groups), None)!r}.")
    if len(distinct) > MAX_GROUPS:
        raise InputError(f"{len(distinct):,} groups are too many (at most {MAX_GROUPS:,}).")
    codes = np.array([distinct.get(group, -1) for group in each.tolist()], np.int64)
    return {group: table.take(codes == code).compact() for group, code in distinct.items()}


def _of_judgements(table: Judgements, groups: Mapping[Any, Any] | str, of: str) -> npt.NDArray[Any]:
    """The group of each judgement, [n]; None where it has none."""
    if isinstance(groups, str):
        if groups not in table.context:
            listed = ", ".join(table.context) or "none"
            raise InputError(f"there is no context column {groups!r} to group by. The columns are: {listed}.")
        made = np.empty(len(table), object)
        made[:] = table.context[groups].tolist()
        return made
    if of not in ("items", "annotators"):
        raise InputError(f"of must be items or annotators. Got {of!r}.")
    names, codes = (table.items, table.item) if of == "items" else (table.annotators, table.annotator)
    each = np.empty(len(names), object)
    each[:] = [groups.get(name) for name in names.tolist()]
    return each[codes]


def _key(group: Any) -> tuple[str, Any]:
    return type(group).__name__, group
