"""A table of choices as planning and hindsight take it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.quality.resync import Judged


def judged(table: Judgements, gold: Mapping[Any, Any] | None = None) -> Judged:
    """People's judgements that count, on one question, and the known classes of gold items drawn at random.

    Raises InputError for labels that are no classes, and for a table without judgements.
    """
    table = table.humans().counted()
    if table.value.dtype == object and table.categories is None:
        raise InputError("a pilot is of choices: labels that are classes. These are lists or objects.")
    if not len(table):
        raise InputError("there are no judgements in it.")
    codes, values = table.coded()
    classes = {value: code for code, value in enumerate(values.tolist())}
    known = np.full(len(table.items), -1)
    for place, item in enumerate(table.items.tolist()):
        if gold is not None and item in gold:
            known[place] = classes.setdefault(gold[item], len(classes))
    return Judged(
        item=table.item,
        annotator=table.annotator,
        answer=codes,
        weight=np.asarray(table.weights(), np.float64),
        gold=known,
        drawn=known >= 0,
        annotators=len(table.annotators),
        classes=max(len(classes), 2),
    )
