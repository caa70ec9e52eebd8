"""Flags: what is worth a look, with the evidence for it, and no more said than that shows.

A flag about annotators carries an e-value: of a claim that an honest annotator satisfies, bet against one judgement
after the other. With F such flags the threshold is F / alpha: an honest annotator reaches it, by any of them and at any
look of a whole project, with a probability of at most alpha (Ville's inequality, and the sum over F flags). Control of
the false-discovery rate would not do: looked at forty times it ends up flagging most people.

A flag about items or classes carries a p-value, and Benjamini and Hochberg's rule (1995, Journal of the Royal
Statistical Society B 57, 289-300) chooses among them. That holds for one look at a table that stands still.

Nobody is accused by a flag: gold alone does that (`goldwork.quality.evidence`). A flag raises the rate of gold and asks
a person to look.

    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_records(
    ...     {"item": n, "annotator": who, "label": "always" if who == "dot" else "abc"[n % 3], "submitted_at": n}
    ...     for n in range(60) for who in ("ann", "bob", "cam", "dot")
    ... )
    >>> for found in find_flags(table, names=["skew"]):
    ...     print(found.sentence)
    dot answers 'always' in 100% of the cases (94% to 100%) where others' answers to the same items let 1% be expected.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.registry import Registry

__all__ = ["ALPHA", "Context", "Finding", "Findings", "Tested", "find_flags", "flag", "threshold"]

ALPHA = 0.01
"""The probability for an honest annotator of ever being flagged, by any flag."""
DISCOVERY = 0.05
"""The share of items, and of classes, that are flagged wrongly among those flagged, in expectation."""

About = Literal["annotator", "item", "class"]


@dataclasses.dataclass(frozen=True)
class Finding:
    """What one flag found about one subject.

    - `statistic` with its interval `low`, `high`, on `judgements` judgements; `sentence` says it
    - `e_value` of a flag about annotators, the largest at any time; `p_value` of one about items or classes
    - `evidence`: what one can look at, such as the items with the answers
    - `unsaid`: what it does not show
    """

    flag: str
    about: About
    subject: Any
    statistic: float
    low: float
    high: float
    judgements: int
    sentence: str
    unsaid: str
    evidence: Mapping[str, Any]
    e_value: float | None = None
    p_value: float | None = None

    def to_record(self) -> dict[str, Any]:
        """As a dictionary for JSON: what does not apply is None."""
        record = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: None if value != value else value for name, value in record.items()}


@dataclasses.dataclass(frozen=True)
class Context:
    """What is known beside the judgements: gold by item, the items, the seed; by attribute, the groups of those who
    gave one.

    `shared` keeps what flags work out together.
    """

    gold: Mapping[Any, Any] = dataclasses.field(default_factory=dict)
    items: Items | None = None
    seed: int = 0
    groups: Mapping[str, Mapping[Any, Any]] = dataclasses.field(default_factory=dict)
    shared: dict[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)


@dataclasses.dataclass(frozen=True)
class Findings(Sequence[Finding]):
    """What was found, the strongest first, and `notes`: which flags could not be asked, and why."""

    found: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    def __getitem__(self, place: Any) -> Any:
        return self.found[place]

    def __len__(self) -> int:
        return len(self.found)


@dataclasses.dataclass(frozen=True, eq=False)
class Tested(Sequence[Finding]):
    """An e-value or p-value for each of many, and `make`, which puts one's finding into words where somebody looks."""

    values: npt.NDArray[np.float64]
    make: Callable[[int], Finding]

    @classmethod
    def of(cls, found: Sequence[tuple[float, Callable[[], Finding]]]) -> Tested:
        """Of values with what puts each into words."""
        return cls(np.array([value for value, _ in found]), lambda n: found[n][1]())

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self.make(n) for n in range(*place.indices(len(self)))]
        return self.make(range(len(self))[place])

    def __len__(self) -> int:
        return len(self.values)


class NotAskedError(InputError):
    """A flag needs what the table does not have; the message says what."""


Flag = Callable[[Judgements, Context], Sequence[Finding]]
"""`(table, context) -> findings`, one for everybody (or everything) tested, also where nothing is wrong.

`table` holds people's judgements that count on one question. Raises NotAskedError where the flag needs more than the
table has.
"""

flag: Registry[Flag] = Registry("flag", __name__)
"""`@flag(name, about="annotator" | "item" | "class")`."""


def about(name: str) -> About:
    """What the flag called `name` is about; annotators where its registration does not say."""
    said: About = flag.facts(name).get("about", "annotator")
    return said


def threshold(alpha: float = ALPHA) -> float:
    """The e-value from which on an annotator is flagged: the number of flags about annotators over `alpha`."""
    return sum(about(name) == "annotator" for name in flag.names()) / alpha


def find_flags(
    table: Judgements,
    *,
    gold: Mapping[Any, Any] | None = None,
    items: Items | None = None,
    groups: Mapping[str, Mapping[Any, Any]] | None = None,
    names: Sequence[str] | None = None,
    question: Any = None,
    alpha: float = ALPHA,
    discovery: float = DISCOVERY,
    seed: int = 0,
    everything: bool = False,
) -> Findings:
    """What the flags called `names` (none: all) find among people's judgements on one question.

    `groups` says, by attribute, which group annotators are in; whoever gave none is left out. `everything` also returns
    what does not reach its threshold. Raises InputError for a question that is not there or not chosen, or shares
    outside 0 to 1; UnknownNameError for a flag that is not there.
    """
    if not (0 < alpha < 1 and 0 < discovery < 1):
        raise InputError(f"alpha and discovery must lie between 0 and 1. Got {alpha!r} and {discovery!r}.")
    chosen = table.humans()
    chosen = (chosen.only_question() if question is None else chosen.about(question)).counted()
    context, least = Context(gold or {}, items, seed, groups or {}), threshold(alpha)
    found: list[Finding] = []
    notes: list[str] = []
    for name in flag.names() if names is None else names:
        ask = flag.get(name)
        try:
            tested = ask(chosen, context) if len(chosen) else ()
        except NotAskedError as refused:
            notes.append(f"{name}: not asked, {refused.message}")
            continue
        if about(name) == "annotator":
            values = _values(tested, 0.0)
            kept = [tested[place] for place in np.flatnonzero(values >= least).tolist()]
        else:
            kept = benjamini_hochberg(tested, discovery)
        found += tested if everything else kept
    return Findings(tuple(sorted(found, key=_strength)), tuple(notes))


def benjamini_hochberg(tested: Sequence[Finding], share: float) -> list[Finding]:
    """Those of `tested` whose p-values the rule rejects."""
    values = _values(tested, 1.0)
    ordered = np.sort(values)
    below = np.flatnonzero(ordered <= share * np.arange(1, len(values) + 1) / max(len(values), 1))
    least = ordered[below[-1]] if len(below) else -1.0
    return [tested[place] for place in np.flatnonzero(values <= least).tolist()]


def _values(tested: Sequence[Finding], default: float) -> npt.NDArray[np.float64]:
    """The e-value or p-value of each."""
    if isinstance(tested, Tested):
        return tested.values
    values = [one.p_value if one.e_value is None else one.e_value for one in tested]
    return np.array([default if value is None else value for value in values])


def _strength(found: Finding) -> tuple[Any, ...]:
    """Annotators first, the strongest first; then by name, so that nothing hangs on the order of flags."""
    kind = ("annotator", "class", "item").index(found.about)
    strength = -(found.e_value or 0.0) if found.about == "annotator" else found.p_value or 0.0
    return kind, strength, found.flag, str(found.subject)
