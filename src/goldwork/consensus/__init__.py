"""Consensus: several answers about an item become one, with its probability and what it rests on.

>>> from goldwork import Judgements
>>> table = Judgements.from_records(
...     {"item": item, "annotator": annotator, "label": label}
...     for annotator, labels in {"ann": "aabbb", "bob": "aabba", "cam": "abbba"}.items()
...     for item, label in enumerate(labels)
... )
>>> consensus = infer_consensus(table, "majority")
>>> list(consensus.labels), consensus.confidence.round(2).tolist()
(['a', 'a', 'b', 'b', 'a'], [1.0, 0.67, 1.0, 1.0, 0.67])
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.result import Annotators, Consensus
from goldwork.errors import InputError
from goldwork.judgements import Codes, Judgements
from goldwork.registry import Registry

__all__ = ["Annotators", "Consensus", "consensus", "infer_consensus"]

DEFAULT_METHOD = "dawid-skene"

Method = Callable[..., Consensus]
"""`(table, *, gold, seed, **options) -> Consensus`.

`table` holds the judgements that count on one question, without unused identifiers; `gold` is int32 [items], the
category known beforehand or -1; options are keyword arguments with defaults.
"""

consensus: Registry[Method] = Registry("consensus", __name__)


def infer_consensus(
    table: Judgements,
    method: str | None = None,
    *,
    gold: Mapping[Any, Any] | None = None,
    question: Any = None,
    kinds: Sequence[str] = ("human",),
    seed: int = 0,
    **options: Any,
) -> Consensus:
    """The answer for every judged item of one question, by a registered `method` (default: dawid-skene).

    `gold` maps items to answers known beforehand: they are taken as given, and inform about the annotators.
    `kinds` says whose judgements count; `options` go to the method. Raises InputError for an unknown method or
    option, for a question that is not there or not chosen, and for gold with a label that is no category.
    """
    function = consensus.get(method or DEFAULT_METHOD)
    known = [name for name, p in inspect.signature(function).parameters.items() if p.kind is p.KEYWORD_ONLY]
    for name in options:
        if name not in known or name in ("gold", "seed"):
            offered = ", ".join(name for name in known if name not in ("gold", "seed")) or "none"
            raise InputError(f"{method} has no option {name!r}. It has: {offered}.")
    chosen = table.of_kinds(kinds)
    chosen = (chosen.only_question() if question is None else chosen.about(question)).counted()
    codes, warnings = _gold(chosen, gold or {})
    made = function(chosen, gold=codes, seed=seed, **options)
    return dataclasses.replace(made, warnings=(*_warnings(chosen), *warnings, *made.warnings))


def _gold(table: Judgements, gold: Mapping[Any, Any]) -> tuple[Codes, list[str]]:
    """The category code of every item that has gold, -1 elsewhere."""
    codes = np.full(len(table.items), -1, np.int32)
    item_code = {item: code for code, item in enumerate(table.items.tolist())}
    category_code = {value: code for code, value in enumerate(table.coded()[1].tolist())}
    absent = 0
    for item, label in gold.items():
        if label not in category_code:
            listed = ", ".join(map(repr, list(category_code)[:10]))
            raise InputError(f"gold for item {item!r} is {label!r}, which is no label here. There are: {listed}.")
        if item in item_code:
            codes[item_code[item]] = category_code[label]
        else:
            absent += 1
    return codes, [f"{absent:,} items with gold have no judgement and are left out."] if absent else []


def _warnings(table: Judgements) -> list[str]:
    found = []
    if not len(table):
        found.append("There are no judgements, so there is nothing to infer.")
    elif len(table.annotators) == 1:
        found.append("There is a single annotator: the consensus is this person's answers.")
    elif (parts := int(table.parts().max(initial=0)) + 1) > 1:
        found.append(
            f"The annotators fall into {parts:,} groups that share no item; skills cannot be compared between groups."
        )
    return found


def vote_shares(table: Judgements) -> npt.NDArray[np.float64]:
    """[items, categories]: each category's share of the item's judgements, by weight."""
    votes = table.tally(weighted=True).toarray()
    return np.asarray(votes / votes.sum(axis=1, keepdims=True), np.float64)
