"""Reading rankings: orders of options as arrays.

An answer is a list of options, the best first: `["b", "a", "c"]`. Options that are not told apart stand in a list of
their own: `["b", ["a", "c"]]`; so the best of many is `["b", ["a", "c", "d"]]`. A ranking says nothing about options
that it does not name. A list written as JSON text is read, too.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.result import Options
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Order = list[list[Any]]
"""Groups of options, the best first."""

SHAPE = "A ranking is a list of options, the best first, with those of equal rank in a list of their own."
EQUAL = 1e-6
"""Scores that differ by less are equal."""


@dataclasses.dataclass(frozen=True, eq=False)
class Block:
    """m rankings of one pattern: `sizes` are those of their groups, which add up to L.

    `place`: int [m, L], which of `Rankings.options` stands where; `item`: int [m]; `weight`: [m]
    """

    sizes: tuple[int, ...]
    place: Places
    item: Places
    weight: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Rankings:
    """A table's rankings. Equal ones of an item are one, with the sum of their weights.

    - `distinct`: [O], the options' names
    - `item`, `option`: int [P], the options of every item, in order of item and name: one that two items share stands
      twice
    - `stood`: int [P], in how many judgements; `known`: gold by item
    """

    distinct: npt.NDArray[Any]
    item: Places
    option: Places
    stood: npt.NDArray[np.int64]
    blocks: tuple[Block, ...]
    known: dict[int, Order]
    items: int

    @property
    def names(self) -> npt.NDArray[Any]:
        """What the options of every item are called, [P]."""
        return self.distinct[self.option]


def read_rankings(table: Judgements, gold: npt.NDArray[Any], gold_weight: float) -> Rankings:
    """The rankings of a table and of its gold, which counts as `gold_weight` judgements.

    Raises InputError for an answer that is no list of names, and for one that names an option twice.
    """
    codes, said = table.coded()
    orders = [read_order(answer, "label") for answer in said.tolist()]
    known = {
        row: read_order(answer, f"gold for item {table.items[row]!r}")
        for row, answer in enumerate(gold.tolist())
        if answer is not None
    }
    cells, back = np.unique(table.item * np.int64(max(len(orders), 1)) + codes, return_inverse=True)
    weight = np.bincount(back, table.weights(), len(cells))
    count = np.bincount(back, minlength=len(cells))
    rows = [(int(cell // len(orders)), orders[cell % len(orders)]) for cell in cells.tolist()]
    rows += list(known.items())
    weight = np.r_[weight, np.full(len(known), gold_weight)]
    count = np.r_[count, np.zeros(len(known), np.int64)]
    distinct = sorted({name for _, order in rows for group in order for name in group}, key=_key)
    code = {name: place for place, name in enumerate(distinct)}
    flat = np.array([code[name] for _, order in rows for group in order for name in group], np.int64)
    length = np.array([sum(map(len, order)) for _, order in rows], np.intp)
    whose = np.array([item for item, _ in rows], np.int64)
    held, place = np.unique(np.repeat(whose, length) * max(len(distinct), 1) + flat, return_inverse=True)
    return Rankings(
        distinct=objects(distinct),
        item=(held // max(len(distinct), 1)).astype(np.intp),
        option=(held % max(len(distinct), 1)).astype(np.intp),
        stood=np.bincount(place, np.repeat(count, length), len(held)).astype(np.int64),
        blocks=_blocks([tuple(map(len, order)) for _, order in rows], place.astype(np.intp), length, whose, weight),
        known=known,
        items=len(table.items),
    )


def read_order(answer: Any, where: str) -> Order:
    """An answer as groups. Raises InputError where it is no ranking."""
    if isinstance(answer, str) and answer.lstrip()[:1] == "[":
        try:
            answer = json.loads(answer)
        except ValueError:
            raise InputError(f"{where}: {answer!r} is no JSON. {SHAPE}") from None
    if not isinstance(answer, list) or not answer:
        raise InputError(f"{where}: {answer!r} is no ranking. {SHAPE}")
    order = [group if isinstance(group, list) else [group] for group in answer]
    seen: set[Any] = set()
    for name in (name for group in order for name in group):
        if not isinstance(name, str | int) or isinstance(name, bool):
            raise InputError(
                f"{where}: {name!r} in {answer!r} is no name of an option, which is text or a whole number."
            )
        if name in seen:
            raise InputError(f"{where}: {name!r} stands twice in {answer!r}.")
        seen.add(name)
    if not all(order):
        raise InputError(f"{where}: an empty list stands in {answer!r}. {SHAPE}")
    return [sorted(group, key=_key) for group in order]


def write_orders(rankings: Rankings, score: Floats) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_], Places]:
    """Every item's answer by the scores [P], the highest first; whether it has equals; and each option's rank [P].

    Gold is taken as it is.
    """
    rank = np.zeros(len(score), np.intp)
    order = np.lexsort((rankings.option, -score, rankings.item))
    new_item = np.r_[True, np.diff(rankings.item[order]) > 0] if len(order) else np.zeros(0, bool)
    falls = np.r_[True, np.diff(score[order]) < -EQUAL] if len(order) else np.zeros(0, bool)
    rank[order] = np.cumsum(new_item | falls)
    starts = np.r_[np.flatnonzero(new_item), len(order)].tolist()
    names, ranks, items = rankings.names[order].tolist(), rank[order].tolist(), rankings.item[order].tolist()
    answers: list[Any] = [[] for _ in range(rankings.items)]
    ties = np.zeros(rankings.items, bool)
    for begin, end in itertools.pairwise(starts):
        groups: Order = []
        for at in range(begin, end):
            if at > begin and ranks[at] == ranks[at - 1]:
                groups[-1].append(names[at])
            else:
                groups.append([names[at]])
        item = items[begin]
        ties[item] = len(groups) < end - begin
        if item in rankings.known:
            groups, ties[item] = rankings.known[item], False
            by_name = {name: row for row, group in enumerate(groups) for name in group}
            own = order[begin:end]
            rank[own] = [by_name.get(rankings.distinct[code], len(groups)) for code in rankings.option[own].tolist()]
        answers[item] = [group[0] if len(group) == 1 else group for group in groups]
    return objects(answers), ties, rank


def ranked_options(rankings: Rankings, names: npt.NDArray[Any], pooled: bool, score: Floats, half: Floats) -> Options:
    """The options with their scores, the best first."""
    stood = rankings.stood
    if pooled:
        stood = np.bincount(rankings.option, stood, len(names)).astype(np.int64)
    order = np.lexsort((np.arange(len(score)), -score))
    return Options(names[order], stood[order], score[order], (score - half)[order], (score + half)[order])


def _key(name: Any) -> tuple[bool, Any]:
    return isinstance(name, str), name


def _blocks(
    patterns: list[tuple[int, ...]], place: Places, length: Places, item: npt.NDArray[np.int64], weight: Floats
) -> tuple[Block, ...]:
    """Rankings of one pattern together, in order of pattern."""
    start = np.r_[0, np.cumsum(length)]
    by_pattern: dict[tuple[int, ...], list[int]] = {}
    for row, pattern in enumerate(patterns):
        by_pattern.setdefault(pattern, []).append(row)
    made = []
    for pattern in sorted(by_pattern):
        rows = np.array(by_pattern[pattern], np.intp)
        made.append(Block(pattern, place[start[rows][:, None] + np.arange(sum(pattern))], item[rows], weight[rows]))
    return tuple(made)
