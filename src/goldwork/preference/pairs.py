"""Pairs: judgements of two, of a ranking or of the best of several, as what a preference model is trained on.

A pair says which two responses to a prompt, how probable it is that the first is the better one, and how much that
counts. Who judged, and on which side of the screen what stood, is reckoned with here and nowhere later: where
annotators overlap enough, each vote counts as much as its annotator sees (two coins each, `comparison-two-coin`, which
knows the sides of the screen), else all count the same. A tie is half for each. The pairs of one ranking stay together:
with L candidates each counts 2 / L, L - 1 in all, which is how many comparisons a ranking is worth.

*Source:* ranks broken to pairs, Ouyang et al. 2022, NeurIPS 35, 27730-27744, section 3.5; that breaking needs weights,
Khetan and Oh 2016, Journal of Machine Learning Research 17(193), 1-54.

    >>> items = Items.from_records([{"id": "a", "prompt": "2 + 2?", "left": "4", "right": "5"}])
    >>> table = Judgements.from_records([{"item": "a", "annotator": who, "label": "left"} for who in ("ann", "bob")])
    >>> pairs = build_pairs(table, items)
    >>> len(pairs), pairs.probability.round(2).tolist(), pairs.votes.tolist()
    (1, [1.0], [[2, 0, 0]])
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from goldwork.consensus import infer_consensus
from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from goldwork.judgements.shapes import shape_of

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Method = Literal["auto", "two-coin", "shares"]

LEAST_SHARED = 10.0
"""Judgements of shared items that a typical annotator needs before anything is said of their coins."""
SIDES = {"left": 1, "first": 1, "right": -1, "second": -1, "tie": 0, "bad": 0}
"""What answers are called: "bad" is said of both."""


@dataclasses.dataclass(frozen=True, eq=False)
class Ballots:
    """v single votes: `pair` [v]; `annotator` [v]; `outcome` [v], 1 for the pair's first, -1 for its second, 0 for
    neither; `shown` [v], 1 where the first stood at the left of the screen, -1 at the right, 0 where nobody knows."""

    pair: Places
    annotator: Places
    outcome: Places
    shown: Places

    def __len__(self) -> int:
        return len(self.pair)

    def decided(self) -> Ballots:
        """The votes for one of the two."""
        return self.where(self.outcome != 0)

    def where(self, rows: npt.NDArray[np.bool_]) -> Ballots:
        """Some of the votes."""
        return Ballots(self.pair[rows], self.annotator[rows], self.outcome[rows], self.shown[rows])


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """n pairs of R responses to P prompts.

    - `prompts` [P], `responses` [R]: texts, each once; a response belongs to one prompt, `of_prompt` [R]
    - `prompt`, `first`, `second`: int [n], codes into them
    - `probability` [n]: that the first is better; `weight` [n], how much the pair counts
    - `votes`: int [n, 3], for the first, for the second, for neither
    - `group` [n]: pairs of one ranking have the same; `item` [n]: the identifier of the item they come from
    - `ballots`: the votes one by one; `method`: how the probabilities were found; `warnings`
    """

    prompts: npt.NDArray[Any]
    responses: npt.NDArray[Any]
    of_prompt: Places
    prompt: Places
    first: Places
    second: Places
    probability: Floats
    weight: Floats
    votes: npt.NDArray[np.int64]
    group: Places
    item: npt.NDArray[Any]
    ballots: Ballots
    method: str
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.prompt)

    def take(self, rows: npt.NDArray[np.bool_]) -> Pairs:
        """Some of the pairs, with their votes. Prompts and responses keep their codes."""
        place = np.cumsum(rows) - 1
        kept = self.ballots.where(rows[self.ballots.pair])
        columns = ("prompt", "first", "second", "probability", "weight", "votes", "group", "item")
        return dataclasses.replace(
            self,
            ballots=dataclasses.replace(kept, pair=place[kept.pair]),
            **{name: getattr(self, name)[rows] for name in columns},
        )


def build_pairs(
    table: Judgements,
    items: Items,
    *,
    fields: Sequence[str] = ("left", "right"),
    prompt: str | None = "prompt",
    method: Method = "auto",
) -> Pairs:
    """Pairs from judgements of one question about `items`.

    `fields`: the columns of `items` that are compared; two for answers that name a side, or what answers rank.
    `prompt`: the column with what they answer; None where there is one prompt for all. `method`: "two-coin",
    "shares", or "auto", which takes two coins where annotators overlap enough. Raises InputError for columns that are
    not there, for judgements of items that are not, and for answers that compare nothing.
    """
    chosen = table.of_kinds(("human",)).only_question().counted()
    texts = _Texts(items, tuple(fields), prompt)
    ranked = shape_of(chosen) == "rankings"
    votes = _ranked(chosen, texts) if ranked else _compared(chosen, texts)
    return votes.pairs(method)


class _Texts:
    """The items' prompts and responses as codes; the same response to the same prompt is one."""

    def __init__(self, items: Items, fields: tuple[str, ...], prompt: str | None) -> None:
        needed = [*fields, *([prompt] if prompt is not None else [])]
        for name in needed:
            if name not in items.columns:
                listed = ", ".join(items.columns) or "none"
                raise InputError(f"the items have no field {name!r}. Their fields are: {listed}.")
        if len(fields) < 2 or len(set(fields)) < len(fields):
            raise InputError(f"two or more different fields are compared. Got {list(fields)}.")
        self.fields = fields
        self.place = {identifier: row for row, identifier in enumerate(items.ids.tolist())}
        asked = items.columns[prompt].tolist() if prompt is not None else [""] * len(items)
        self._prompts: dict[str, int] = {}
        self._responses: dict[tuple[int, str], int] = {}
        self.prompt = np.array([self._prompts.setdefault(_text(one), len(self._prompts)) for one in asked], np.intp)
        self.response = np.full((len(items), len(fields)), -1, np.intp)
        for column, name in enumerate(fields):
            for row, value in enumerate(items.columns[name].tolist()):
                if (said := _text(value)) != "":
                    key = (int(self.prompt[row]), said)
                    self.response[row, column] = self._responses.setdefault(key, len(self._responses))

    def rows(self, table: Judgements) -> Places:
        """The row of each of the table's items."""
        for identifier in table.items.tolist():
            if identifier not in self.place:
                raise InputError(f"item {identifier!r} is judged and is not among the {len(self.place):,} items.")
        return np.array([self.place[identifier] for identifier in table.items.tolist()], np.intp)

    @property
    def prompts(self) -> npt.NDArray[Any]:
        return objects(list(self._prompts))

    @property
    def responses(self) -> npt.NDArray[Any]:
        return objects([text for _, text in self._responses])

    @property
    def of_prompt(self) -> Places:
        return np.array([prompt for prompt, _ in self._responses], np.intp)


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


@dataclasses.dataclass(frozen=True, eq=False)
class _Votes:
    """Votes by pair of an item: `item` [n] rows of items, `column` [n, 2] which of its fields; `ballots` of them."""

    texts: _Texts
    ids: npt.NDArray[Any]
    item: Places
    column: Places
    candidates: Places
    ballots: Ballots
    annotators: npt.NDArray[Any]

    def pairs(self, method: Method) -> Pairs:
        """The pairs with what the votes say of them."""
        first = self.texts.response[self.item, self.column[:, 0]]
        second = self.texts.response[self.item, self.column[:, 1]]
        different = (first != second) & (first >= 0) & (second >= 0)
        warnings = []
        if same := int((~different).sum()):
            warnings.append(f"{same:,} pairs of equal or empty responses are left out: nothing can be learned of them.")
        place = np.cumsum(different) - 1
        ballots = self.ballots.where(different[self.ballots.pair])
        ballots = dataclasses.replace(ballots, pair=place[ballots.pair])
        if not len(ballots):
            raise InputError("no judgement compares two different responses.")
        n = int(different.sum())
        votes = np.zeros((n, 3), np.int64)
        np.add.at(votes, (ballots.pair, np.array([2, 0, 1])[ballots.outcome]), 1)
        way = _way(method, ballots, len(self.annotators))
        probability, weight = (_by_coins if way == "two-coin" else _by_shares)(votes, ballots, self.annotators)
        candidates = self.candidates[different]
        item = self.item[different]
        if (share := float((votes[:, 2] > votes[:, :2].sum(axis=1)).mean())) > 0.5:
            warnings.append(f"of {share:.0%} of the pairs most said that neither is better: little can be learned.")
        return Pairs(
            prompts=self.texts.prompts,
            responses=self.texts.responses,
            of_prompt=self.texts.of_prompt,
            prompt=self.texts.prompt[item],
            first=first[different],
            second=second[different],
            probability=probability,
            weight=weight * 2 / candidates,
            votes=votes,
            group=np.unique(item, return_inverse=True)[1].astype(np.intp),
            item=self.ids[item],
            ballots=ballots,
            method=way,
            warnings=tuple(warnings),
        )


def _compared(table: Judgements, texts: _Texts) -> _Votes:
    """Answers that name a side, or say by a number how much better the second is."""
    if len(texts.fields) != 2:
        raise InputError(f"answers that name a side compare two fields. Got {', '.join(texts.fields)}.")
    names = dict(zip(texts.fields, (1, -1), strict=True)) | SIDES
    codes, said = table.coded()
    outcome = np.array([_side(answer, names) for answer in said.tolist()], np.intp)[codes]
    rows = texts.rows(table)
    n = len(rows)
    return _Votes(
        texts,
        objects(list(texts.place)),
        rows,
        np.tile(np.array([0, 1], np.intp), (n, 1)),
        np.full(n, 2, np.intp),
        Ballots(table.item.astype(np.intp), table.annotator.astype(np.intp), outcome, _shown(table, texts.fields)),
        table.annotators,
    )


def _side(answer: Any, names: Mapping[str, int]) -> int:
    if isinstance(answer, str) and answer in names:
        return names[answer]
    with contextlib.suppress(TypeError, ValueError):  # where some answers are words, numbers are text
        number = math.nan if isinstance(answer, bool) else float(answer)
        if math.isfinite(number):
            return int(number < 0) - int(number > 0)
    raise InputError(f"label {answer!r} does not say which of two is better. There are: {', '.join(names)}, numbers.")


def _shown(table: Judgements, fields: tuple[str, ...]) -> Places:
    """1 where the first stood at the left of the screen, -1 where the second did, 0 where the table does not say."""
    if "shown" not in table.context:
        return np.zeros(len(table), np.intp)
    said = {"left": 1, "first": 1, fields[0]: 1, False: 1, "right": -1, "second": -1, fields[1]: -1, True: -1}
    return np.array([said.get(value, 0) for value in table.context["shown"].tolist()], np.intp)


def _ranked(table: Judgements, texts: _Texts) -> _Votes:
    """Rankings: groups of fields, best first. Every two of them are a pair, those of one group tie."""
    rows = texts.rows(table)
    column = {name: code for code, name in enumerate(texts.fields)}
    pairs: dict[tuple[int, int, int], int] = {}
    votes: list[tuple[int, int, int]] = []
    candidates: dict[int, int] = {}
    for item, annotator, answer in zip(
        table.item.tolist(), table.annotator.tolist(), table.labels().tolist(), strict=True
    ):
        places = _places(answer, column)
        row = int(rows[item])
        candidates[row] = max(candidates.get(row, 0), len(places))
        ordered = sorted(places.items())
        for at, (one, place) in enumerate(ordered):
            for other, beside in ordered[at + 1 :]:
                pair = pairs.setdefault((row, one, other), len(pairs))
                votes.append((pair, annotator, int(place < beside) - int(place > beside)))
    if not votes:
        raise InputError("no judgement ranks two or more.")
    item, one, other = np.array(list(pairs), np.intp).T
    pair, annotator, outcome = np.array(votes, np.intp).T
    return _Votes(
        texts,
        objects(list(texts.place)),
        item,
        np.column_stack([one, other]),
        np.array([candidates[row] for row in item.tolist()], np.intp),
        Ballots(pair, annotator, outcome, np.zeros(len(pair), np.intp)),
        table.annotators,
    )


def _places(answer: Any, column: Mapping[str, int]) -> dict[int, int]:
    """The place of each field that is ranked."""
    if not isinstance(answer, list):
        raise InputError(f"label {answer!r} is no ranking, a list of groups, best first.")
    found: dict[int, int] = {}
    for place, group in enumerate(answer):
        for name in group if isinstance(group, list) else [group]:
            if name not in column:
                raise InputError(f"label {answer!r} ranks {name!r}. The fields are: {', '.join(column)}.")
            found[column[name]] = place
    return found


def _way(method: Method, ballots: Ballots, annotators: int) -> str:
    if method not in ("auto", "two-coin", "shares"):
        raise InputError(f"method must be auto, two-coin or shares. Got {method!r}.")
    if method != "auto":
        return method
    shared = np.bincount(ballots.pair)[ballots.pair] > 1
    each = np.bincount(ballots.annotator[shared], minlength=annotators)
    typical = float((each**2).sum() / max(each.sum(), 1))
    return "two-coin" if typical >= LEAST_SHARED else "shares"


def _by_coins(votes: Any, ballots: Ballots, names: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """The share of votes, each counting as much as its annotator sees, beyond what they say from habit.

    The posterior of a two-coin model would say which of the two *is* better, and be nearly certain of it; a preference
    model is to learn how people divide. On clean votes of UKPConvArg1 the posterior costs .7 points, this nothing.
    """
    columns: dict[str, Any] = {
        "item": ballots.pair,
        "annotator": names[ballots.annotator],
        "label": np.array(["tie", "left", "right"], object)[ballots.outcome],
        "shown": np.array(["left", "left", "right"], object)[ballots.shown],
    }
    table = Judgements.from_columns(columns, duplicates="repeat")
    found = infer_consensus(table, "comparison-two-coin", intervals=False)
    sees = dict(zip(found.state["annotators"], found.state["sees"].tolist(), strict=True))
    each = np.array([sees.get(name, 0.0) for name in names.tolist()])[ballots.annotator]
    return _shares(ballots, each, len(votes))


def _by_shares(votes: Any, ballots: Ballots, names: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    return _shares(ballots, np.ones(len(ballots)), len(votes))


def _shares(ballots: Ballots, each: Floats, pairs: int) -> tuple[Floats, Floats]:
    """The share for the first, a tie being half, and the votes' weight; 0 where nobody's vote counts."""
    weight = np.bincount(ballots.pair, each, minlength=pairs)
    first = np.bincount(ballots.pair, each * (1 + ballots.outcome) / 2, minlength=pairs)
    share = np.divide(first, weight, out=np.full(pairs, 0.5), where=weight > 0)
    return share, np.asarray(weight, np.float64)
