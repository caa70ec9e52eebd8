"""What was answered to one question throughout a file, and the task that asks for it."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

from goldwork.tasks.classes import MAX_CLASSES, MAX_TEXT
from goldwork.tasks.text import MOST

FEW = 20
"""So many different words are classes, however seldom each of them recurs."""
WORDS = 4
"""Words in the middle of free text; classes have fewer."""
MOST_DIGITS = 6


class Seen:
    """Its answers, counted in bounded memory. `kind` and `fields` as in `Said`."""

    def __init__(self, kind: str, fields: tuple[str, ...]) -> None:
        self.kind, self.fields = kind, fields
        self.answers = 0
        self.values: dict[str, None] = {}
        self.paths: dict[tuple[str, ...], None] = {}
        self.chosen: dict[tuple[str, ...], None] = {}
        self.least, self.most = math.inf, 0
        self.low, self.high, self.digits = math.inf, -math.inf, 0
        self.longest = self.words = self.texts = 0
        self.empty = self.overlap = self.ties = False
        self.orders: set[tuple[str, ...]] = set()
        self.uniform = True

    def add(self, value: Any) -> None:
        """One more answer."""
        self.answers += 1
        if self.kind in ("classes", "words", "lines"):
            self._count(value)
        elif self.kind == "paths":
            self._count(["/".join(path) for path in value])
            for path in value:
                self._note(self.chosen, tuple(path))
                for end in range(1, len(path) + 1):
                    self._note(self.paths, tuple(path[:end]))
        elif self.kind in ("word", "text"):
            self._count([value])
        elif self.kind == "number":
            self.low, self.high = min(self.low, value), max(self.high, value)
            self.digits = max(self.digits, _digits(value))
        elif self.kind in ("spans", "boxes"):
            for region in value:
                self._note(self.values, region["label"])
            if self.kind == "spans" and not self.overlap:
                ordered = sorted((span["start"], span["end"]) for span in value)
                self.overlap = any(later[0] < sooner[1] for sooner, later in itertools.pairwise(ordered))
        elif self.kind == "order":
            self.ties |= any(len(group) > 1 for group in value)
            for name in itertools.chain.from_iterable(value):
                self._note(self.values, name)

    def add_empty(self, count: int) -> None:
        """So many answers were empty lists."""
        self.answers += count
        self.least = 0
        self.uniform = False

    def _count(self, values: list[str]) -> None:
        self.least, self.most = min(self.least, len(values)), max(self.most, len(values))
        for value in values:
            self._note(self.values, value)
            self.texts += 1
            self.words += len(value.split())
            self.longest = max(self.longest, len(value))
            self.empty |= not value.strip()
        if len(self.orders) < 2:
            self.orders.add(tuple(values))
        self.uniform &= sorted(values) == sorted(next(iter(self.orders)))

    @staticmethod
    def _note(among: dict[Any, None], value: Any) -> None:
        if len(among) <= MAX_CLASSES:
            among[value] = None

    def is_text(self) -> bool:
        """Whether words are free text: long, or hardly ever the same."""
        if self.kind not in ("word", "lines"):
            return self.kind == "text"
        seldom = 2 * len(self.values) > self.texts
        wordy = self.words >= WORDS * self.texts
        return (
            self.longest > MAX_TEXT
            or self.empty
            or len(self.values) > MAX_CLASSES
            or (seldom and (wordy or len(self.values) > FEW))
        )

    def is_order(self, fields: set[str]) -> bool:
        """Whether lists of words are orders of fields: all of the same ones, not always in the same order."""
        if self.kind != "words":
            return self.kind == "order"
        return self.uniform and self.least >= 2 and len(self.orders) > 1 and set(self.values) <= fields

    def ranked(self) -> list[str]:
        return sorted(self.values)

    def task(self, fields: set[str]) -> dict[str, Any]:
        """The settings of the task. `fields`: those of the items."""
        if self.is_text():
            return {"type": "text", "low": int(not self.empty), "high": max(10_000, min(self.longest, MOST))}
        if self.is_order(fields):
            return {"type": "rank", "fields": self.ranked(), "ties": self.ties}
        if self.kind == "number":
            return {"type": "rating", **self._scale()}
        if self.kind == "pair":
            return {"type": "compare", "fields": list(self.fields)}
        if self.kind == "spans":
            return {"type": "spans", "field": self.fields[0], "classes": self._classes(1), "overlap": self.overlap}
        if self.kind == "boxes":
            return {"type": "boxes", "field": self.fields[0], "classes": self._classes(1)}
        return {"type": "choice" if self._single() else "choices", "classes": self._classes(2), **self._inner()}

    def shape(self, value: Any, fields: set[str]) -> Any:
        """An answer to that task."""
        if self.is_order(fields):
            return value if self.kind == "order" else [[name] for name in value]
        if self.kind == "lines" and self.is_text():
            return value[0]
        if self.kind == "paths":
            value = [self._name(tuple(path)) for path in value]
        if self.kind in ("classes", "words", "lines", "paths"):
            return value[0] if self._single() else list(dict.fromkeys(value))
        return value

    def _single(self) -> bool:
        return self.kind == "word" or self.least == self.most == 1

    def _inner(self) -> dict[str, Any]:
        """Whether a class that holds others was chosen itself."""
        if self.kind != "paths" or not self._single():
            return {}
        holders = {path[:-1] for path in self.paths}
        return {"inner": True} if holders & self.chosen.keys() else {}

    def _classes(self, least: int) -> list[dict[str, str]]:
        if self.kind == "paths":
            return [
                {"value": self._name(path)} | ({"parent": self._name(path[:-1])} if len(path) > 1 else {})
                for path in sorted(self.paths)
            ] + ([{"value": self._other()}] if len(self.paths) < least else [])
        values = sorted(self.values)
        if len(values) < least:  # a choice needs something else to choose
            values.append(self._other())
        return [{"value": value} for value in values]

    def _other(self) -> str:
        return "another" if "other" in self.values else "other"

    def _name(self, path: tuple[str, ...]) -> str:
        """A nested class by its own name, or by its whole path where names recur in the tree."""
        return "/".join(path) if self.recurring else path[-1]

    @functools.cached_property
    def recurring(self) -> bool:
        """Whether a class's name stands in several places of the tree; asked when all answers were added."""
        return len({known[-1] for known in self.paths}) < len(self.paths)

    def _scale(self) -> dict[str, Any]:
        """Whole numbers from 0 or 1 to 5 or more; others as far as the answers reach."""
        low, high = math.floor(self.low), math.ceil(self.high)
        if self.digits or low < 0:
            return {"low": low, "high": max(high, low + 1), "step": 10**-self.digits if self.digits else 1}
        return {"low": min(low, 1), "high": max(high, 5), "step": 1}


def _digits(number: float) -> int:
    """Decimals of a number, up to so many."""
    return next((n for n in range(MOST_DIGITS) if math.isclose(number, round(number, n), abs_tol=1e-9)), MOST_DIGITS)
