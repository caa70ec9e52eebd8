"""What a figure beyond chance hides, said where it happens: skewed prevalence, habits that differ, unused categories.

Skewed prevalence: where one answer is frequent, chance agrees nearly always, and a kappa is low although judgements
agree (Feinstein and Cicchetti 1990, Journal of Clinical Epidemiology 43, 543-549; Gwet 2008). Habits that differ: at
the same agreement Cohen's kappa is the higher the less the annotators' frequencies are alike (Cicchetti and Feinstein
1990, ibid. 551-558; Zwick 1988, Psychological Bulletin 103, 374-378).
"""

from __future__ import annotations

import numpy as np

from goldwork.agreement.observed import pair_agreement, shares
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import beyond_chance, coefficient
from goldwork.judgements import Judgements

SKEWED = 0.75
"""From this share of one answer on, prevalence is said to be skewed."""
MUCH, APART = 0.8, 0.2
"""Judgements agree much, and the figure is far below."""
HABITS = 0.05
"""How far Cohen's kappa is above Scott's pi where annotators' habits differ."""
OF_HABITS = ("cohen", "conger", "scott")
ENOUGH = 20
"""Judgements of an annotator that tell their habits."""
OF_PREVALENCE = ("alpha", "cohen", "conger", "fleiss", "scott")
MANY = 1_000
"""With more different answers than this, they may be free text."""


def cautions(table: Judgements, name: str, scale: Scale, value: float) -> list[str]:
    """What to beware of in the value of the coefficient called `name`; `table` holds what entered."""
    codes, categories = table.coded()
    used = np.bincount(codes, minlength=len(categories)) > 0
    found = []
    if table.declared and not used.all():
        listed = ", ".join(repr(category) for category in categories[~used].tolist()[:5])
        found.append(f"Nobody used {listed}: the figure says nothing about how well it would be recognised.")
    if scale.level == "nominal" and len(categories) > MANY:
        found.append(
            f"There are {len(categories):,} different answers. If this is free text, choose a distance; if these are "
            "numbers, a level."
        )
    plain = scale.level == "nominal" and (scale.weighting is None or isinstance(scale.weighting, str))
    if np.isnan(value) or not plain or len(categories) < 2 or scale.weighting not in (None, "identity"):
        return found
    if name in OF_PREVALENCE:
        found += _prevalence(table, value)
    if name in OF_HABITS:
        found += _habits(table, name, scale, value)
    return found


def _prevalence(table: Judgements, value: float) -> list[str]:
    """The paradox of skewed prevalence."""
    agreed = float(pair_agreement(table, None).mean())
    frequency = np.asarray(shares(table).sum(axis=0), np.float64).ravel() / len(table.items)
    most = int(np.argmax(frequency))
    if frequency[most] < SKEWED or agreed < MUCH or agreed - value < APART:
        return []
    k = len(frequency)
    chance = float((frequency * (1 - frequency)).sum()) / (k - 1)
    ac1 = float(beyond_chance(np.array([agreed]), np.array([chance]))[0])
    answer = table.coded()[1].tolist()[most]
    said = (
        f"Skewed prevalence: {frequency[most]:.0%} of the answers are {answer!r}, so chance alone agrees in "
        f"{float((frequency**2).sum()):.0%} of pairs, and the figure is low although {agreed:.0%} agree. It says how "
        f"well the rare answers are told apart; Gwet's AC1, which takes guesses to be rare, is {ac1:.2f}."
    )
    return [said]


def _habits(table: Judgements, name: str, scale: Scale, value: float) -> list[str]:
    """The paradox of habits that differ, or habits that are not known."""
    judged = np.bincount(table.annotator).astype(np.float64)
    usual = float((judged**2).sum() / judged.sum())
    if usual < ENOUGH:
        few = (
            f"Annotators made {usual:.0f} judgements each, too few to tell their habits: what chance would give is "
            f"uncertain, and the interval of {name} does not know it. fleiss and alpha take all habits together."
        )
        return [few]
    if name == "scott":
        return []
    sums = coefficient.get("scott")(table, scale)
    common = float(sums.formula(np.asarray(sums.rows.sum(axis=0), np.float64).reshape(1, -1))[0])
    if np.isnan(common) or value - common < HABITS:
        return []
    said = (
        "The annotators' habits differ: some use an answer more often than others, which lowers the agreement expected "
        f"by chance and raises {name}. Scott's pi, which takes their habits together, is {common:.2f}."
    )
    return [said]
