"""Consensus: several answers about an item become one, with its probability and what it rests on.

>>> from goldwork.judgements import Judgements
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
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.result import Annotators, Consensus, Options
from goldwork.errors import InputError
from goldwork.judgements import Codes, Judgements
from goldwork.judgements.columns import is_number, objects
from goldwork.judgements.shapes import Shape, shape_of
from goldwork.registry import Registry

__all__ = ["ANSWERS", "Annotators", "Consensus", "Options", "consensus", "infer_consensus", "methods_for"]

DEFAULT_METHOD = "dawid-skene"
DEFAULT_METHODS: Mapping[Shape, str] = {
    "choice": DEFAULT_METHOD,
    "comparisons": DEFAULT_METHOD,  # which side was better is a choice, until somebody names the options
    "numbers": "mean",
    "sets": "medoid",
    "rankings": "medoid",
    "spans": "medoid",
    "boxes": "medoid",
    "text": "medoid",
    "any": "medoid",
}
"""The method by what the answers look like, where none is chosen."""
MAX_CELLS = 250_000_000
"""Items times categories: 2 GB of probabilities."""
ANSWERS = ("choice", "numbers", "sets", "comparisons", "rankings", "spans", "boxes", "text", "any")
"""What a method merges: `@consensus(name, answers=...)`, choice where nothing is said."""

Method = Callable[..., Consensus]
"""`(table, *, gold, seed, **options) -> Consensus`.

`table` holds the judgements that count on one question, without unused identifiers. `gold` is what is known
beforehand of each item: for choices int32 [items], the category or -1; for numbers float64 [items], nan where nothing
is known; else objects [items], None where nothing is known. Further keyword arguments are the method's options and
have defaults. The result's `warnings` are those of the method; the common ones are added.
"""

consensus: Registry[Method] = Registry("consensus", __name__)


def infer_consensus(
    table: Judgements,
    method: str | None = None,
    *,
    gold: Mapping[Any, Any] | Judgements | None = None,
    question: Any = None,
    kinds: Sequence[str] = ("human",),
    seed: int = 0,
    calibrate: bool = False,
    **options: Any,
) -> Consensus:
    """The answer for every judged item of one question, by a registered `method`.

    Without one, what the answers look like decides (see `goldwork.judgements.shapes`): `DEFAULT_METHODS`, for choices
    dawid-skene.

    `gold` says answers known beforehand, as a mapping from items or as a table: they are taken as given, and tell
    about the annotators. `kinds` says whose judgements count; those of weight 0 do not. `calibrate` has choices'
    probabilities come true as often as they say, by gold on a simple random sample of the items. `options` go to the
    method. Raises InputError for an unknown method or option, for a question that is not there or not chosen, for
    gold with a label that is no category, for gold on none of the items, and for answers of another kind than the
    method merges.
    """
    chosen = table.of_kinds(kinds)
    chosen = (chosen.only_question() if question is None else chosen.about(question)).counted()
    name = DEFAULT_METHODS[shape_of(chosen)] if method is None else method
    function = consensus.get(name)
    _check_options(name, function, options)
    answers = consensus.facts(name).get("answers", "choice")
    known: Any
    if answers == "choice":
        _check_size(chosen)
        known, warnings = read_gold(chosen, gold, question)
    elif answers == "numbers":
        chosen.numbers()
        known, warnings = _known_numbers(chosen, gold, question)
    else:
        known, warnings = _known_answers(chosen, gold, question)
    made = function(chosen, gold=known, seed=seed, **options)
    if calibrate:
        made = _calibrate(made, known, seed, functools.partial(function, chosen, seed=seed, **options))
    return dataclasses.replace(made, warnings=(*_warnings(chosen, answers), *warnings, *made.warnings))


def _calibrate(made: Consensus, gold: Codes, seed: int, infer: Callable[..., Consensus]) -> Consensus:
    """Probabilities tempered by gold that is held out in turn."""
    from goldwork.consensus.calibration import calibrated, fit_temperature, held_out

    made.choices()
    known = np.flatnonzero(gold >= 0)
    shares = held_out(lambda part: infer(gold=part).choices()[2], gold, np.random.default_rng(seed))
    return calibrated(made, fit_temperature(shares, gold[known]))


def methods_for(shape: Shape) -> list[str]:
    """The names of the registered methods that merge such answers, sorted; sides of a pair are choices too."""
    kinds = {shape, "any", "choice"} if shape == "comparisons" else {shape, "any"}
    return [name for name in consensus.names() if consensus.facts(name).get("answers", "choice") in kinds]


def _check_size(table: Judgements) -> None:
    size = len(table.items) * len(table.coded()[1])
    if size > MAX_CELLS:
        raise InputError(
            f"{len(table.items):,} items with {len(table.coded()[1]):,} different labels are too many for one "
            "table of probabilities. Is this free text?"
        )


def _check_options(name: str, function: Method, options: Mapping[str, Any]) -> None:
    parameters = inspect.signature(function).parameters.values()
    known = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in ("gold", "seed")]
    for option in options:
        if option not in known:
            raise InputError(f"{name} has no option {option!r}. It has: {', '.join(known) or 'none'}.")


def read_gold(
    table: Judgements, gold: Mapping[Any, Any] | Judgements | None, question: Any = None
) -> tuple[Codes, list[str]]:
    """The category code of every item that has gold, -1 elsewhere, and warnings."""
    codes = np.full(len(table.items), -1, np.int32)
    known, warnings = _known(table, gold, question)
    category_code = {_key(value): code for code, value in enumerate(table.coded()[1].tolist())}
    for place, item, label in known:
        if _key(label) not in category_code:
            values = table.coded()[1].tolist()
            listed = ", ".join(map(repr, values[:10])) + (f" and {len(values) - 10} more" if len(values) > 10 else "")
            raise InputError(
                f"gold for item {item!r} is {label!r}, which nobody chose. The labels are: {listed}. "
                "Declare the categories (with_categories) if it is one."
            )
        if place >= 0:
            codes[place] = category_code[_key(label)]
    return codes, warnings


def _known_numbers(
    table: Judgements, gold: Mapping[Any, Any] | Judgements | None, question: Any
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """The number known of every item, nan elsewhere, and warnings."""
    numbers = np.full(len(table.items), np.nan)
    known, warnings = _known(table, gold, question)
    for place, item, label in known:
        if not is_number(label):
            raise InputError(f"gold for item {item!r} is {label!r}, and this needs numbers.")
        if place >= 0:
            numbers[place] = float(label)
    return numbers, warnings


def _known_answers(
    table: Judgements, gold: Mapping[Any, Any] | Judgements | None, question: Any
) -> tuple[npt.NDArray[Any], list[str]]:
    """The answer known of every item, None elsewhere, and warnings."""
    answers = objects([None] * len(table.items))
    known, warnings = _known(table, gold, question)
    for place, _, label in known:
        if place >= 0:
            answers[place] = label
    return answers, warnings


def _known(
    table: Judgements, gold: Mapping[Any, Any] | Judgements | None, question: Any
) -> tuple[list[tuple[int, Any, Any]], list[str]]:
    """Place (-1: no such item), item and answer of everything in `gold`, and warnings."""
    if gold is None:
        return [], []
    known = _mapping(gold, question)
    place = {item: code for code, item in enumerate(table.items.tolist())}
    absent = [item for item in known if item not in place]
    if known and len(absent) == len(known):
        example = f"{absent[0]!r} where items are called {table.items[0]!r}" if len(table) else "there are no items"
        raise InputError(f"gold is about none of the items: {example}.")
    warnings = [f"{len(absent):,} of {len(known):,} gold items have no judgement and are left out."] if absent else []
    return [(place.get(item, -1), item, label) for item, label in known.items()], warnings


def _mapping(gold: Mapping[Any, Any] | Judgements, question: Any) -> Mapping[Any, Any]:
    """Gold by item. Raises InputError where an item has two gold answers."""
    if not isinstance(gold, Judgements):
        return gold
    chosen = gold.only_question() if question is None or len(gold.questions) == 1 else gold.about(question)
    known: dict[Any, Any] = {}
    for item, label in zip(chosen.items[chosen.item].tolist(), chosen.labels().tolist(), strict=True):
        if known.setdefault(item, label) != label:
            raise InputError(f"item {item!r} has two gold answers, {known[item]!r} and {label!r}. Keep one.")
    return known


def _key(value: Any) -> Any:
    """A category as a key: true is not 1, and structured answers go by their text."""
    return (type(value), value) if isinstance(value, bool) else repr(value) if isinstance(value, list | dict) else value


def _warnings(table: Judgements, answers: str) -> list[str]:
    """What limits any consensus of this table."""
    if not len(table):
        return ["There are no judgements, so there is nothing to infer."]
    if len(table.annotators) == 1:
        return ["There is a single annotator: the consensus is this person's answers."]
    found = []
    if (parts := int(table.parts().max()) + 1) > 1:
        found.append(
            f"The annotators fall into {parts:,} groups that share no pair, and meet in the options alone."
            if answers == "comparisons"
            else f"The annotators fall into {parts:,} groups that share no item, so groups cannot be compared."
        )
    single = int((table.per_item() == 1).sum())
    if single:
        found.append(f"{single:,} of {len(table.items):,} items have a single judgement.")
    if len(table.coded()[1]) == 1:
        found.append("All judgements give the same label.")
    return found
