"""Measuring agreement: which judgements count, the value, its spread, and what is to be said of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from goldwork.agreement.adaptive import Overlap, counting
from goldwork.agreement.bootstrap import CONFIDENCE_LEVEL, Sample, Spread, over_items, total_of
from goldwork.agreement.cautions import cautions
from goldwork.agreement.jackknife import over_annotators, spread
from goldwork.agreement.result import Agreement
from goldwork.agreement.scale import Scale, scale_of
from goldwork.agreement.sums import Sums, coefficient
from goldwork.agreement.unseen import with_unseen
from goldwork.errors import InputError
from goldwork.judgements import Judgements

if TYPE_CHECKING:
    from goldwork.distances import Distance

Over = Literal["items", "annotators", "both"]
Weighting = str | npt.NDArray[Any]

OVERS = get_args(Over)
FEW_ITEMS = 10
"""Below so many items with two judgements the result warns."""
FEW_ANNOTATORS = 5
"""Below so many annotators an interval over annotators warns."""

ENOUGH_ANNOTATORS = 20
"""From so many on it can be told that annotators do not differ."""
ALIKE = (
    "The {} annotators hardly differ by more than chance, which so few do not prove: the interval allows for others "
    "who do, and is too long if there are none. More annotators would tell; over='items' is about these."
)


@dataclasses.dataclass(frozen=True)
class Question:
    """What is asked of a table: which judgements count and on which scale they lie."""

    table: Judgements
    scale: Scale
    overlap: str
    warnings: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Measured:
    """A question with a coefficient's sums: rows of the table's items and of kinds of item that did not occur."""

    name: str
    question: Question
    sums: Sums
    sample: Sample
    value: float


def ask(
    table: Judgements,
    *,
    question: Any,
    kinds: Sequence[str],
    level: str | None,
    weighting: Weighting | None,
    distance: Distance | str | None,
    overlap: Overlap,
    slice: Iterable[Any] | None,
) -> Question:
    """The judgements that count: of one question, of these kinds, of weight, first ones, on items judged twice."""
    chosen = table.of_kinds(kinds)
    chosen = (chosen.only_question() if question is None else chosen.about(question)).counted()
    once = chosen.take(chosen.repeat == 0)
    overlapping = once.take(once.per_item()[once.item] >= 2).compact()
    counted = counting(overlapping, overlap, slice)
    scale = scale_of(chosen, level, weighting, distance)
    warnings = (*_warnings(chosen, once, overlapping, counted.table), *counted.warnings)
    return Question(counted.table, scale, counted.how, warnings)


def measured(question: Question, name: str) -> Measured:
    """The coefficient called `name` of what is asked, on the level that it always has, if any."""
    function = coefficient.get(name)
    if "level" in coefficient.facts(name) and question.scale.level != "distance":
        scale = dataclasses.replace(question.scale, level=coefficient.facts(name)["level"])
        question = dataclasses.replace(question, scale=scale)
    items = len(question.table.items)
    sums = function(with_unseen(question.table, question.scale.level), question.scale)
    sample = Sample(sums.rows[:items], sums.rows[items:], sums.formula, sums.bounds, sums.over)
    value = float(sums.formula(total_of(sample.rows))[0]) if items else np.nan
    return Measured(name, question, sums, sample, np.nan if np.isnan(value) else value)


def spread_of(made: Measured, over: Over, *, resamples: int, seed: int) -> Spread:
    """How far the value spreads over samples of items, of annotators, or of both."""
    items = over_items(made.sample, resamples=resamples, seed=seed)
    if over == "items" or np.isnan(items.error):
        return items
    if over == "both" and made.sums.both is not None:
        known = made.sums.both(made.sample, resamples, seed)
        if known is not None:
            return known
    people = over_annotators(made.question.table, coefficient.get(made.name), made.question.scale, seed=seed)
    return spread(items, people, both=over == "both")


def measure_agreement(
    table: Judgements,
    coefficient: str = "alpha",
    *,
    level: str | None = None,
    weighting: Weighting | None = None,
    distance: Distance | str | None = None,
    question: Any = None,
    kinds: Sequence[str] = ("human",),
    over: Over = "items",
    overlap: Overlap = "auto",
    slice: Iterable[Any] | None = None,
    seed: int = 0,
    resamples: int = 1000,
) -> Agreement:
    """The agreement of the annotators in `table` on one question, with its interval.

    - `coefficient`: a registered name; `level`: the scale on which the answers lie, nominal for categories and
      interval for numbers that are not whole unless told otherwise; `weighting`: how far two categories agree, a name
      of `goldwork.agreement.WEIGHTINGS` or a matrix over the categories in order; `distance`: how far apart two
      answers are where they lie on no scale, a function or a name of `goldwork.distances`
    - `question`: which one, where the table asks several; `kinds`: whose judgements count
    - `over`: what else might have been drawn: other items, other annotators, or both
    - `overlap`: which judgements of an item count where items were judged unequally often: all; the first ones that
      every item has; or auto, the first ones where more were asked for because those differed. `slice`: items that
      were judged equally often whatever was said, and which alone count
    - `resamples` of the bootstrap over items, with `seed`; 0 leaves the interval out

    Raises InputError for an unknown name, level, weighting or distance, for a question that is not there or not
    chosen, for labels that are no numbers where the level needs numbers, for lists and objects without a distance.
    """
    if resamples < 0:
        raise InputError(f"resamples must be 0 or more. Got {resamples}.")
    if over not in OVERS:
        raise InputError(f"over must be one of {', '.join(OVERS)}. Got {over!r}.")
    asked = ask(
        table, question=question, kinds=kinds, level=level, weighting=weighting, distance=distance, overlap=overlap,
        slice=slice,
    )  # fmt: skip
    made = measured(asked, coefficient)
    found = spread_of(made, over, resamples=resamples, seed=seed)
    low, high = found.interval()
    told = result(made, low, high, over=over, resamples=resamples)
    if found.alike and over == "both" and told.annotators < ENOUGH_ANNOTATORS and not np.isnan(low):
        told = dataclasses.replace(told, warnings=(*told.warnings, ALIKE.format(told.annotators)))
    return told


def result(made: Measured, low: float, high: float, *, over: Over, resamples: int) -> Agreement:
    """A value and its interval with what is to be said of them."""
    table, scale = made.question.table, made.question.scale
    warnings = [*made.question.warnings, *made.sums.warnings]
    if len(table.items) and np.isnan(made.value):
        warnings.append(made.sums.undefined)
    elif len(table.items) and resamples:
        warnings += _about_interval(table, low, over)
    warnings += cautions(table, made.name, scale, made.value)
    return Agreement(
        value=made.value,
        low=low,
        high=high,
        items=len(table.items),
        judgements=len(table),
        annotators=len(table.annotators),
        warnings=tuple(warnings),
        coefficient=made.name,
        level=scale.level,
        confidence_level=CONFIDENCE_LEVEL,
        resamples=resamples,
        sentence=_sentence(made, low, high, over),
        weighting="" if scale.weighting is None else scale.weighting if isinstance(scale.weighting, str) else "own",
        over=over,
        overlap=made.question.overlap,
    )


def _about_interval(table: Judgements, low: float, over: Over) -> list[str]:
    if np.isnan(low):
        few = "items" if over == "items" else "items or annotators, or leaving any annotator out changes nothing"
        return [f"The figure rests on too few {few} for an interval."]
    if over != "items" and len(table.annotators) < FEW_ANNOTATORS:
        return [f"Only {len(table.annotators)} annotators: what others would say is nearly unknown."]
    return []


def _warnings(chosen: Judgements, once: Judgements, overlapping: Judgements, counted: Judgements) -> list[str]:
    """What limits the figure, in the order in which a reader should hear it."""
    found = []
    items = len(counted.items)
    if not items:
        found.append("No item was judged by two annotators, so there is no agreement to measure.")
    elif items < FEW_ITEMS:
        found.append(f"Only {items} items were judged by two annotators or more; the interval is rough.")
    if items and len(overlapping.items) < len(chosen.items) / 2:
        found.append(
            f"{len(chosen.items) - len(overlapping.items):,} of {len(chosen.items):,} items have a single judgement "
            "and do not count."
        )
    if len(chosen) > len(once):
        found.append(
            f"{len(chosen) - len(once):,} repeated judgements of the same annotator are left out: "
            "agreement is between annotators."
        )
    if (parts := int(counted.parts().max(initial=0)) + 1) > 1:
        found.append(
            f"The annotators fall into {parts:,} groups that share no item; the figure says nothing about agreement "
            "between groups."
        )
    return found


def _sentence(made: Measured, low: float, high: float, over: Over) -> str:
    """What the figure means, how sure it is, and what it does not say."""
    sums, table = made.sums, made.question.table
    if np.isnan(made.value):
        return "There is no figure. " + (
            sums.undefined if len(table.items) else "No item was judged by two annotators."
        )
    rests = f"from {len(table.items):,} items"
    if made.question.overlap.startswith("first"):
        rests += f", the {made.question.overlap} judgements of each"
    if made.question.overlap == "slice":
        rests += " of the slice"
    between = {"items": "", "annotators": " over annotators", "both": " over items and annotators"}[over]
    span = f"95 % interval {low:.2f} to {high:.2f}{between}, {rests}"
    said = [f"{sums.meaning(made.value)} ({f'{rests}, without an interval' if np.isnan(low) else span})."]
    if sums.advice is not None and not np.isnan(low):
        said.append(sums.advice(low, high))
    return " ".join([*said, *([sums.caveat] if sums.caveat else [])])
