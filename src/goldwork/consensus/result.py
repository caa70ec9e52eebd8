"""What a consensus method gives back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.judgements import Judgements, to_frame
from goldwork.judgements.blocks import blocks, gather
from goldwork.judgements.columns import to_records

Floats = npt.NDArray[np.float64]

TIE = 1e-9
"""Categories whose probabilities differ by less share the first place."""


@dataclasses.dataclass(frozen=True, eq=False)
class Annotators:
    """What a method learned about each of A annotators, with 95 % intervals; nan where there is none.

    - `names`: [A]; `judgements`: int [A]
    - `measure`: what `skill` [A] is, between `low` and `high`. For choices the `accuracy`: the probability of a right
      answer to an item drawn at random; other methods say their own
    - `confusion`: for choices [A, K, K], the probability of each answer (last axis) given each true category, between
      `confusion_low` and `confusion_high`
    - `more`: further figures by name, [A] each, such as `bias`
    """

    names: npt.NDArray[Any]
    judgements: npt.NDArray[np.int64]
    skill: Floats
    low: Floats
    high: Floats
    measure: str = "accuracy"
    confusion: Floats | None = None
    confusion_low: Floats | None = None
    confusion_high: Floats | None = None
    more: Mapping[str, Floats] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """annotator, judgements, the measure by its name, low, high, and what else was learned."""
        return {
            "annotator": self.names,
            "judgements": self.judgements,
            self.measure: self.skill,
            "low": self.low,
            "high": self.high,
            **self.more,
        }

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary an annotator, with the names of `to_columns`."""
        return to_records(self.to_columns())


@dataclasses.dataclass(frozen=True, eq=False)
class Options:
    """What comparisons and rankings say of each of O options that were compared, the best first.

    - `names`: [O]; `judgements`: int [O], in how many it stood
    - `score`: [O], on the method's scale, which its docstring says, between `low` and `high` (95 %)
    """

    names: npt.NDArray[Any]
    judgements: npt.NDArray[np.int64]
    score: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.names)

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """option, judgements, score, low, high."""
        return {
            "option": self.names,
            "judgements": self.judgements,
            "score": self.score,
            "low": self.low,
            "high": self.high,
        }

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary an option, with the names of `to_columns`."""
        return to_records(self.to_columns())


@dataclasses.dataclass(frozen=True)
class Temperature:
    """By what the logarithms of probabilities were divided, between `low` and `high` (95 %), from `items` with gold."""

    value: float
    low: float
    high: float
    items: int


@dataclasses.dataclass(frozen=True, eq=False)
class Consensus:
    """One answer for each of I items. Columnar: row i of every array is item i.

    - `items`: [I]; `labels`: [I], the answers, of the type of the judgements
    - `confidence`: [I], between 0 and 1: for choices the probability of the answer, else as the method says
    - `judgements`: int [I]; `ties`: bool [I], whether several answers share the first place
    - `known`: bool [I], whether gold gave the answer
    - for choices out of K: `categories` [K]; `codes` int32 [I], the answer as a position in them; `probabilities`
      [I, K]; `prevalence` [K], how frequent each category is, or None
    - for sets: `categories` and `probabilities`, each category's own
    - for numbers: `low`, `high` [I], the 95 % interval of the answer
    - for comparisons and rankings: `options`, what was compared
    - `ambiguity` [I], see `goldwork.consensus.ambiguity`, and `difficulty` [I], the probability that a middling
      annotator errs on the item; None where the method cannot tell them from annotators' errors
    - `annotators`: what was learned about them, or None
    - `temperature`: how the probabilities were calibrated, or None where they are the model's own
    - `converged`, `iterations`, `objective`: the fit, with the objective at every iteration, which never falls
    - `state`: the fitted parameters by name, from which a later fit may `start`
    - `warnings`: what limits the result
    """

    method: str
    question: Any
    items: npt.NDArray[Any]
    labels: npt.NDArray[Any]
    confidence: Floats
    judgements: npt.NDArray[np.int64]
    ties: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]
    categories: npt.NDArray[Any] | None = None
    codes: npt.NDArray[np.int32] | None = None
    probabilities: Floats | None = None
    prevalence: Floats | None = None
    low: Floats | None = None
    high: Floats | None = None
    options: Options | None = None
    ambiguity: Floats | None = None
    difficulty: Floats | None = None
    annotators: Annotators | None = None
    temperature: Temperature | None = None
    converged: bool = True
    iterations: int = 0
    objective: Floats = dataclasses.field(default_factory=lambda: np.zeros(0))
    state: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    frame: str = ""

    @classmethod
    def of(
        cls,
        method: str,
        table: Judgements,
        probabilities: Floats,
        weight: Floats,
        gold: npt.NDArray[np.int32],
        **more: Any,
    ) -> Consensus:
        """Of choices, from the probabilities [I, K]; ties go to the category with more `weight` [K]."""
        codes, ties = decide(probabilities, weight)
        chosen = np.zeros(len(codes) if probabilities.size else 0)
        for part in blocks(len(chosen)):
            chosen[part] = np.take_along_axis(probabilities[part], codes[part, None], axis=1)[:, 0]
        categories = table.coded()[1]
        return cls.of_answers(
            method,
            table,
            gather(categories, codes),
            chosen,
            gold >= 0,
            ties=ties,
            categories=categories,
            codes=codes,
            probabilities=probabilities,
            **more,
        )

    @classmethod
    def of_answers(
        cls,
        method: str,
        table: Judgements,
        labels: npt.NDArray[Any],
        confidence: Floats,
        known: npt.NDArray[np.bool_],
        **more: Any,
    ) -> Consensus:
        """Of answers of any type: `labels`, `confidence` and `known` are [I]."""
        more.setdefault("ties", np.zeros(len(table.items), bool))
        return cls(
            method=method,
            question=table.questions[0] if len(table.questions) else None,
            items=table.items,
            labels=labels,
            confidence=confidence,
            judgements=table.per_item(),
            known=known,
            frame=table.frame,
            **more,
        )

    def __len__(self) -> int:
        return len(self.items)

    def choices(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int32], Floats]:
        """Categories [K], codes [I] and probabilities [I, K]. Raises InputError where the answers are no choices."""
        if self.categories is None or self.codes is None or self.probabilities is None:
            raise InputError(f"{self.method} gives no choices, and this needs them.")
        return self.categories, self.codes, self.probabilities

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """item, label, confidence, judgements, tie and, where there are any, low, high, ambiguity, difficulty."""
        columns = {
            "item": self.items,
            "label": self.labels,
            "confidence": self.confidence,
            "judgements": self.judgements,
            "tie": self.ties,
        }
        more = {"low": self.low, "high": self.high, "ambiguity": self.ambiguity, "difficulty": self.difficulty}
        return columns | {name: column for name, column in more.items() if column is not None}

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary an item, with the names of `to_columns`."""
        return to_records(self.to_columns())

    def to_frame(self) -> Any:
        """A data frame of the kind that the judgements came in; pyarrow's table where they came in none."""
        return to_frame(self.to_columns(), self.frame)


def decide(probabilities: Floats, weight: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """The most probable category of each row, int32 [I], and whether it shared the first place.

    A tie goes to the category with more `weight` [K], then to the first.
    """
    if not probabilities.size:
        return np.zeros(len(probabilities), np.int32), np.zeros(len(probabilities), bool)
    size, k = probabilities.shape
    rank = np.empty(k, np.int64)
    rank[np.lexsort((np.arange(k), -weight))] = np.arange(k, 0, -1)
    codes, ties = np.zeros(size, np.int32), np.zeros(size, bool)
    for part in blocks(size):
        here, best = probabilities[part], probabilities[part].argmax(axis=1)
        first = here >= here[np.arange(len(here)), best][:, None] - TIE
        rows = np.flatnonzero(first) // k  # an item's place as often as categories share the first
        ties[part][rows[1:][rows[1:] == rows[:-1]]] = True
        tied = np.flatnonzero(ties[part])
        best[tied] = (first[tied] * rank).argmax(axis=1)
        codes[part] = best
    return codes, ties
