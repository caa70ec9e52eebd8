"""What is compared between people: how often each class is said, and of numbers the mean.

>>> table = Judgements.from_columns({"item": [1, 1, 2], "annotator": [*"aba"], "label": [*"xyx"]})
>>> [(one.name, one.values.tolist()) for one in outcomes(table)]
[('x', [1.0, 0.0, 1.0]), ('y', [0.0, 1.0, 0.0])]
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import is_number
from goldwork.judgements.shapes import shape_of

Floats = npt.NDArray[np.float64]

MOST = 200
"""Classes: more are no choices."""


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """`values` [n] of every judgement: 1 where it says class `name` and 0 elsewhere, or numbers (`kind` mean)."""

    name: Any
    kind: str
    values: Floats


def chosen(table: Judgements) -> Judgements:
    """People's judgements that count on one question, each person's first of an item."""
    one = table.humans().only_question().counted()
    return one.take(one.repeat == 0).compact() if one.repeat.any() else one


def outcomes(table: Judgements) -> list[Outcome]:
    """Every outcome of a table about one question; of classes that are numbers also their mean, last.

    Raises InputError where answers are neither choices, comparisons, sets of choices nor numbers.
    """
    shape = shape_of(table)
    if shape == "numbers":
        return [Outcome("mean", "mean", table.numbers())]
    if shape not in ("choice", "comparisons", "sets"):
        raise InputError(f"groups are compared by choices or numbers, and these answers are {shape}.")
    codes, values = table.coded()
    names = values.tolist() if shape != "sets" else sorted({json.dumps(part) for value in values for part in value})
    if len(names) > MOST:
        raise InputError(f"{len(names):,} classes are too many to compare (at most {MOST}).")
    if shape == "sets":
        options = [json.loads(name) for name in names]
        return [
            Outcome(option, "share", np.array([option in value for value in values.tolist()], np.float64)[codes])
            for option in options
        ]
    made = [Outcome(name, "share", (codes == code).astype(np.float64)) for code, name in enumerate(names)]
    if len(names) > 2 and all(is_number(name) and not isinstance(name, bool) for name in names):
        made.append(Outcome("mean", "mean", table.numbers()))
    return made
