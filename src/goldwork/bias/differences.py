"""What groups of people say differently: by class over all items, and item by item.

>>> rng = np.random.default_rng(0)
>>> people = [f"{side}{n}" for side in ("north", "south") for n in range(15)]
>>> table = Judgements.from_records(
...     {"item": item, "annotator": who, "label": "rude" if rng.random() < .3 + .3 * (who[0] == "n") else "fine"}
...     for item in range(20) for who in people
... )
>>> [found] = group_differences(table, {"region": {who: who[:5] for who in people}})
>>> [one.sentence for one in found.classes if one.name == "rude"]
['north says rude in 58% of the cases, south in 28%, on the same items: 30% more (20% to 40%, p = 0.0005).']
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.bias.by_item import ItemRows, item_rows
from goldwork.bias.effects import DRAWS, Effect, effects
from goldwork.bias.intervals import benjamini_hochberg
from goldwork.bias.outcomes import Outcome, chosen, outcomes
from goldwork.bias.privacy import LEAST_SHOWN, LEAST_TESTED, shown
from goldwork.errors import InputError
from goldwork.judgements import Judgements

DISCOVERY = 0.05
"""The share of differences that are none among those named, in expectation: of classes, and of items."""
MOST_GROUPS = 50
EXEMPLARS = 3
"""Items that show a class's difference best."""
EVERYBODY_ELSE = "everybody else"
NO_INTERVAL = "no interval: within each side all answers are alike"


@dataclasses.dataclass(frozen=True)
class ClassDifference:
    """How much more often `group` says `name` than `others` on the same items (of numbers: how much more).

    `p_value` is None where either side has fewer than ten people; `named`: it is among those that the rule of
    Benjamini and Hochberg chooses. `exemplars`: items where the difference is largest.
    """

    name: Any
    kind: str
    group: str
    others: str
    annotators: int
    other_annotators: int
    share: float
    others_share: float
    difference: float
    low: float
    high: float
    p_value: float | None
    named: bool
    exemplars: tuple[Any, ...] = ()

    @property
    def sentence(self) -> str:
        """The difference as a data lead would say it."""
        return self.sentence_of(str(self.name))

    def sentence_of(self, name: str) -> str:
        """The same with another word for the class."""
        known = self.low == self.low
        if self.kind == "share":
            more, sign = ("more", 1) if self.difference >= 0 else ("less", -1)
            ends = sorted((sign * self.low, sign * self.high))
            said = f"{ends[0]:.0%} to {ends[1]:.0%}" if known else NO_INTERVAL
            start = f"{self.group} says {name} in {self.share:.0%} of the cases, {self.others} in "
            start += f"{self.others_share:.0%}, on the same items: {abs(self.difference):.0%} {more} ({said}"
        else:
            said = f"{self.low:+.2f} to {self.high:+.2f}" if known else NO_INTERVAL
            start = f"{self.group} gives {self.share:.2f} on average, {self.others} {self.others_share:.2f}, on the "
            start += f"same items: a difference of {self.difference:+.2f} ({said}"
        tested = f"p = {self.p_value:.2g}" if self.p_value is not None else "not tested, too few people"
        return f"{start}, {tested})."


@dataclasses.dataclass(frozen=True, eq=False)
class GroupDifferences:
    """What the groups of one attribute say differently on one question.

    - `groups`: every group that is shown with how many people it has; `hidden`: people in no such group; `codes`: what
      the codes of `rows.group` mean
    - `classes`: the largest differences first; `rows`: item by item, see `ItemRows`; `named` [rows]: chosen by the rule
    - `tested`: how many classes and how many items' classes were tested; `notes`: what could not be said, and why
    """

    attribute: str
    groups: Mapping[str, int]
    hidden: int
    codes: tuple[str, ...]
    outcomes: tuple[Any, ...]
    kinds: tuple[str, ...]
    classes: tuple[ClassDifference, ...]
    rows: ItemRows
    named: npt.NDArray[np.bool_]
    tested: tuple[int, int]
    notes: tuple[str, ...]

    def order(self) -> npt.NDArray[np.intp]:
        """The shown items, as codes into `rows.items`: where groups differ most for certain first."""
        count = len(self.rows.items)
        least, size = np.zeros(count), np.zeros(count)
        np.maximum.at(least, self.rows.item, self.rows.at_least())
        np.maximum.at(size, self.rows.item, np.nan_to_num(np.abs(self.rows.difference)))
        return np.asarray(np.lexsort((np.arange(count), -size, -least)))


def group_differences(
    table: Judgements,
    attributes: Mapping[str, Mapping[Any, Any]],
    *,
    discovery: float = DISCOVERY,
    discreet: bool = False,
    seed: int = 0,
    draws: int = DRAWS,
) -> list[GroupDifferences]:
    """What people with different `attributes` (by name, the group of every annotator) say differently.

    One result an attribute. The rule that chooses differences runs over the classes of all attributes, and over the
    items' classes of all of them. Groups are text; None and empty are not said. `discreet` leaves out items where the
    figures tell somebody's group to whoever knows who answered what. Raises InputError for answers that are neither
    choices nor numbers, more than 50 groups, and an attribute of nobody in the table.
    """
    if not 0 < discovery < 1:
        raise InputError(f"discovery must lie between 0 and 1. Got {discovery!r}.")
    one = chosen(table)
    made = outcomes(one) if len(one) else [Outcome("mean", "mean", np.zeros(0))]  # nobody's
    found = [
        _differences(one, made, name, groups, discreet=discreet, seed=seed, draws=draws)
        for name, groups in attributes.items()
    ]
    classes = benjamini_hochberg(
        np.array([np.nan if c.p_value is None else c.p_value for part in found for c in part.classes]), discovery
    )
    rows = benjamini_hochberg(np.concatenate([part.rows.p_value for part in found] or [np.zeros(0)]), discovery)
    chosen_classes, chosen_rows = iter(classes.tolist()), iter(np.split(rows, np.cumsum([len(p.rows) for p in found])))
    return [
        dataclasses.replace(
            part,
            classes=tuple(dataclasses.replace(c, named=next(chosen_classes)) for c in part.classes),
            named=next(chosen_rows),
        )
        for part in found
    ]


def _differences(
    table: Judgements, made: list[Outcome], name: str, groups: Mapping[Any, Any], *, discreet: bool, seed: int,
    draws: int,
) -> GroupDifferences:  # fmt: skip
    names, group = _codes(table, name, groups)
    sizes = np.bincount(group[group >= 0], minlength=len(names))
    unsaid = int((group < 0).sum())
    seen = shown(sizes[None], np.array([unsaid]))[0] if len(names) else np.zeros(0, bool)
    visible = [code for code in range(len(names)) if seen[code]]
    rows = item_rows(table, group, len(names), seen, made, discreet=discreet)
    classes: list[ClassDifference] = []
    notes = _notes(names, seen)
    # of two groups, the second one's differences are the first one's again
    for code in visible[:1] if len(visible) == 2 else visible:
        others = np.isin(group, [c for c in visible if c != code]) if len(visible) > 1 else group != code
        if others.sum() < LEAST_SHOWN:
            continue
        told = names[visible[1 - visible.index(code)]] if len(visible) == 2 else "the other groups"
        sides = (names[code], told if len(visible) > 1 else EVERYBODY_ELSE)
        of = _of_class(table, made, (group == code, others), sides, rows, code, (seed, draws))
        if not of:
            notes.append(f"{sides[0]} and {sides[1]} judged no item in common: nothing is compared.")
        classes += of
    classes.sort(key=lambda c: (1.0 if c.p_value is None else c.p_value, -abs(c.difference), str(c.name), c.group))
    tested = sum(c.p_value is not None for c in classes), int((~np.isnan(rows.p_value)).sum())
    if visible and not len(rows):
        few = "where nobody's group can be told" if discreet else "of each group shown, or of a group and others"
        notes.append(f"no item has {LEAST_SHOWN} people {few}: no item is shown.")
    return GroupDifferences(
        attribute=name,
        groups={names[code]: int(sizes[code]) for code in visible},
        hidden=int(len(group) - sizes[visible].sum()),
        codes=tuple(names),
        outcomes=tuple(one.name for one in made),
        kinds=tuple(one.kind for one in made),
        classes=tuple(classes),
        rows=rows,
        named=np.zeros(len(rows), bool),
        tested=tested,
        notes=tuple(notes),
    )


def _codes(table: Judgements, name: str, groups: Mapping[Any, Any]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The groups in order, and everybody's as a code; -1 where it is not said."""
    said = [groups.get(who) for who in table.annotators.tolist()]
    texts = [None if value is None or value == "" or value != value else str(value) for value in said]
    names = sorted({text for text in texts if text is not None})
    if len(table) and not names:
        raise InputError(f"{name} is said of nobody in the table: {next(iter(groups), None)!r}.")
    if len(names) > MOST_GROUPS:
        raise InputError(f"{name} has {len(names):,} groups, which are too many (at most {MOST_GROUPS}).")
    place = {text: code for code, text in enumerate(names)}
    return names, np.array([place.get(text, -1) if text is not None else -1 for text in texts], np.int64)


def _notes(names: list[str], seen: npt.NDArray[np.bool_]) -> list[str]:
    if seen.all():
        return []
    if not seen.any():
        return [f"no group has {LEAST_SHOWN} people that can be shown: nothing is."]
    hidden = f"{int((~seen).sum())} of {len(names)} groups are not shown: fewer than {LEAST_SHOWN} people, or enough"
    return [f"{hidden} that smaller ones could be worked out from them."]


def _of_class(
    table: Judgements, made: list[Outcome], sides: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
    names: tuple[str, str], rows: ItemRows, code: int, lots: tuple[int, int],
) -> list[ClassDifference]:  # fmt: skip
    """The group's differences from others, one for each outcome; none where they have no item in common."""
    member, others = sides
    taken = (member | others)[table.annotator]
    people, person = np.unique(table.annotator[taken], return_inverse=True)
    _, item = np.unique(table.item[taken], return_inverse=True)
    n, m = int(member.sum()), int(others.sum())
    got = effects(
        item, person, [one.values[taken] for one in made], member[people], seed=lots[0], draws=lots[1]
    )  # fmt: skip
    return [
        _difference(made[place], names, (n, m), found, _exemplars(rows, code, place, found.difference))
        for place, found in enumerate(got)
    ]


def _difference(
    one: Outcome, names: tuple[str, str], people: tuple[int, int], got: Effect, exemplars: tuple[Any, ...]
) -> ClassDifference:
    return ClassDifference(
        name=one.name,
        kind=one.kind,
        group=names[0],
        others=names[1],
        annotators=people[0],
        other_annotators=people[1],
        share=got.group,
        others_share=got.others,
        difference=got.difference,
        low=got.low,
        high=got.high,
        p_value=got.p_value if min(people) >= LEAST_TESTED else None,
        named=False,
        exemplars=exemplars,
    )


def _exemplars(rows: ItemRows, group: int, outcome: int, difference: float) -> tuple[Any, ...]:
    """The items where the group differs most in the same direction."""
    mine = np.flatnonzero((rows.group == group) & (rows.outcome == outcome) & (rows.difference * difference > 0))
    best = mine[np.lexsort((mine, -np.abs(rows.difference[mine]), -rows.at_least()[mine]))][:EXEMPLARS]
    return tuple(rows.items[rows.item[best]].tolist())
