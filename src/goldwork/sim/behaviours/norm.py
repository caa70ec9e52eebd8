"""norm: honest and able, and reads the guideline in another way where it leaves that open.

Confusion: one coin with an accuracy of .88 to .96, drawn uniformly; but an item that the guideline leaves open
(`Stimulus.other`) is to these people of its other class. All of them agree on that, so on one border between
classes they err, by the project's reading, consistently and together, and nowhere else. That disagreement may be a
second view and no error is the point of Aroyo and Welty (2015, "Truth is a lie: crowd truth and the seven myths of
human annotation", AI Magazine 36, 15-24). Accuracy and pace are choices made for plausibility.
"""

from __future__ import annotations

import random

from goldwork.sim.behaviours import Character, behaviour, one_coin, steady


@behaviour("norm", honest=True)
def norm(classes: int, draw: random.Random, *, accuracy: float | None = None) -> Character:
    """One of the group with another norm."""
    drawn = draw.uniform(0.88, 0.96)
    return steady(one_coin(classes, drawn if accuracy is None else accuracy), other_norm=True)
