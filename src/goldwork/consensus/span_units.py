"""What annotators marked, cut where any of them began or ended: between two cuts each of them says one thing.

With the texts, spans are first widened to whole tokens; without, they are taken as they are. An annotator's spans of
one label that overlap are their union; those that touch stay apart. Where spans of different labels overlap, each
label is a layer of its own, as if it were another text; else there is one layer, and a unit bears one label.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.tokens import texts_of, tokens
from goldwork.distances.geometry import Spans, read_spans
from goldwork.items import Items
from goldwork.judgements import Judgements

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

OVERLAPPING = 0.01
"""The share of spans that overlap one of another label by the same annotator, above which labels are layers."""


@dataclasses.dataclass(frozen=True, eq=False)
class Units:
    """U units of I items, in order of item, layer and place; sequence s is one layer of one item.

    - `labels`: [L] all labels; `layered`: whether each is a layer
    - `item`, `layer`, `sequence`: [U]; `bounds`: [U, 2] in the text; `length`: [U] characters, 0 after the last mark
      where no text says how far the item goes
    - marks, one where a judgement marks a unit, gold's as judgement -1: `row`, `unit`, `label`, `begins` [M]
    - `known`: [U], whether gold says what the unit is
    """

    labels: tuple[str, ...]
    layered: bool
    item: Ints
    layer: Ints
    sequence: Ints
    bounds: Ints
    length: Floats
    row: Ints
    unit: Ints
    label: Ints
    begins: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.item)


Marks = list[tuple[int, int, int]]
"""Start, end and label of an annotator's spans, on an item's ruler, in order."""


def units_of(
    table: Judgements,
    gold: npt.NDArray[Any],
    items: Items | Mapping[Any, Any] | None,
    text: str,
    overlapping: bool | None,
) -> Units:
    """The units of every item; `gold` [items] is None where nothing is known."""
    texts = texts_of(items, text, table.items.tolist())
    read = [read_spans(value) for value in table.labels().tolist()]
    golden = {place: read_spans(value) for place, value in enumerate(gold.tolist()) if value is not None}
    labels = tuple(sorted({label for spans in (*read, *golden.values()) for label in spans.labels})) or ("",)
    layered = len(labels) > 1 and (_overlap(read) > OVERLAPPING if overlapping is None else overlapping)
    code = {label: place for place, label in enumerate(labels)}
    builder = _Builder(labels, layered)
    starts = np.r_[0, np.cumsum(table.per_item())].tolist()
    for place, written in enumerate(texts):
        ruler = None if written is None else tokens(written)
        said = [(row, _marks(read[row], code, ruler)) for row in range(starts[place], starts[place + 1])]
        if place in golden:
            said.append((-1, _marks(golden[place], code, ruler)))
        builder.add(place, said, ruler)
    return builder.made()


def _overlap(read: Sequence[Spans]) -> float:
    """The share of spans that overlap an earlier one of another label by the same annotator."""
    total = found = 0
    for spans in read:
        total += len(spans.labels)
        if len(set(spans.labels)) < 2:
            continue
        last: dict[str, int] = {}
        for (start, end), label in sorted(zip(spans.bounds.tolist(), spans.labels, strict=True)):
            found += any(reach > start for other, reach in last.items() if other != label)
            last[label] = max(end, last.get(label, 0))
    return found / max(total, 1)


def _marks(spans: Spans, code: Mapping[str, int], ruler: Ints | None) -> Marks:
    """In characters, or in tokens that a span touches; of spans of one label that overlap, their union."""
    bounds = spans.bounds
    if ruler is not None:
        first = np.searchsorted(ruler[:, 1], bounds[:, 0], side="right")
        bounds = np.stack([first, np.searchsorted(ruler[:, 0], bounds[:, 1], side="left")], axis=1)
    last: dict[int, int] = {}
    marks: Marks = []
    for (start, end), label in sorted(zip(bounds.tolist(), [code[label] for label in spans.labels], strict=True)):
        at = last.get(label)
        if end <= start:
            continue
        if at is not None and start < marks[at][1]:
            marks[at] = (marks[at][0], max(end, marks[at][1]), label)
        else:
            last[label] = len(marks)
            marks.append((start, end, label))
    return sorted(marks)


class _Builder:
    """Collects the units item by item."""

    def __init__(self, labels: tuple[str, ...], layered: bool) -> None:
        self.labels, self.layered = labels, layered
        self.heads: list[tuple[int, int, int]] = []  # item, layer, units of every sequence
        self.bounds: list[Ints] = []
        self.length: list[Floats] = []
        self.known: list[bool] = []
        self.marks: list[tuple[int, int, int, bool]] = []
        self.size = 0

    def add(self, item: int, said: list[tuple[int, Marks]], ruler: Ints | None) -> None:
        """One item: what each row (-1: gold) marked."""
        for layer in range(len(self.labels) if self.layered else 1):
            of_layer = [
                (row, [mark for mark in marks if mark[2] == layer] if self.layered else _cut(marks))
                for row, marks in said
            ]
            self._add(item, layer, of_layer, ruler)

    def _add(self, item: int, layer: int, said: list[tuple[int, Marks]], ruler: Ints | None) -> None:
        cuts = sorted({0, *(place for _, marks in said for start, end, _ in marks for place in (start, end))})
        end = len(ruler) if ruler is not None else cuts[-1] + 1
        places = np.array([*cuts, end] if end > cuts[-1] else cuts if len(cuts) > 1 else [0, 0], np.int64)
        at = {place: number for number, place in enumerate(cuts)}
        for row, marks in said:
            for start, stop, label in marks:
                first = self.size + at[start]
                self.marks.extend((row, unit, label, unit == first) for unit in range(first, self.size + at[stop]))
        bounds = np.stack([places[:-1], places[1:]], axis=1)
        length = (bounds[:, 1] - bounds[:, 0]).astype(np.float64)
        if ruler is None:
            length[-1] = 0
        elif len(ruler):
            bounds = np.stack([ruler[bounds[:, 0], 0], ruler[bounds[:, 1] - 1, 1]], axis=1)
            length = (bounds[:, 1] - bounds[:, 0]).astype(np.float64)
        self.heads.append((item, layer, len(bounds)))
        self.bounds.append(bounds)
        self.length.append(length)
        self.known.append(any(row < 0 for row, _ in said))
        self.size += len(bounds)

    def made(self) -> Units:
        item, layer, count = np.array(self.heads, np.int64).reshape(-1, 3).T
        row, unit, label, begins = np.array(self.marks, np.int64).reshape(-1, 4).T
        nothing = np.zeros((0, 2), np.int64)
        return Units(
            labels=self.labels,
            layered=self.layered,
            item=np.repeat(item, count),
            layer=np.repeat(layer, count),
            sequence=np.repeat(np.arange(len(item)), count),
            bounds=np.concatenate([nothing, *self.bounds]),
            length=np.concatenate([np.zeros(0), *self.length]),
            row=row,
            unit=unit,
            label=label,
            begins=begins.astype(bool),
            known=np.repeat(np.array(self.known, bool), count),
        )


def _cut(marks: Marks) -> Marks:
    """One label at a time: what begins while another lasts, begins where that one ends."""
    made: Marks = []
    for start, end, label in marks:
        start = max(start, made[-1][1]) if made else start
        if end > start:
            made.append((start, end, label))
    return made
