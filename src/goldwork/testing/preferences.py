"""Simulated preferences: prompts, responses of a known worth, and people who mostly see it.

A response is made of sentences that say something and of sentences that say nothing; its worth is what it says, less
for what it does not, and a little for how long it is. People prefer by the difference of worths, by the logistic model;
some always say left, some prefer what is worse.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.items import Items
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

SAYS = (
    "It rises because warm air is lighter.", "First measure, then cut.", "Add the salt at the end.",
    "The result follows from the definition.", "Water boils at a lower heat on a mountain.",
    "Ask what would prove you wrong.", "Store it dry and dark.", "Check the sum with the other method.",
)  # fmt: skip
NOTHING = (
    "That is a great question!", "There are many ways to look at this.", "I hope this helps!", "As you may know,",
    "It really depends.", "Let me think about that.",
)  # fmt: skip
TOPICS = ("bread", "rockets", "gardens", "proofs", "rivers", "knots", "lenses", "budgets")


@dataclasses.dataclass(frozen=True, eq=False)
class Preferences:
    """What was simulated: the table and its items, and by response the hidden worth."""

    table: Judgements
    items: Items
    worth: dict[str, float]


def simulate_preferences(
    *,
    prompts: int = 60,
    candidates: int = 4,
    votes: int = 3,
    annotators: int = 20,
    clickers: int = 0,
    inverted: int = 0,
    seed: int = 0,
) -> Preferences:
    """Every two candidates of a prompt are judged by `votes` of the annotators, sides drawn by lot.

    `clickers` of them always say left, and `inverted` prefer what is worse.
    """
    rng = np.random.default_rng(seed)
    worth: dict[str, float] = {}
    rows: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for prompt in range(prompts):
        asked = f"Tell me about {TOPICS[prompt % len(TOPICS)]}, part {prompt + 1}."
        texts = [_response(rng, worth) for _ in range(candidates)]
        for first in range(candidates):
            for second in range(first + 1, candidates):
                name = f"{prompt}-{first}-{second}"
                rows.append({"id": name, "prompt": asked, "left": texts[first], "right": texts[second]})
                for who in rng.choice(annotators, votes, replace=False).tolist():
                    swapped = bool(rng.random() < 0.5)
                    gap = worth[texts[first]] - worth[texts[second]]
                    better = bool(rng.random() < 1 / (1 + np.exp(-gap)))
                    if who < clickers:
                        better = not swapped
                    elif who < clickers + inverted:
                        better = not better
                    shown = "right" if swapped else "left"
                    label = "left" if better else "right"
                    said.append({"item": name, "annotator": f"p{who:02}", "label": label, "shown": shown})
    return Preferences(Judgements.from_records(said), Items.from_records(rows), worth)


def _response(rng: np.random.Generator, worth: dict[str, float]) -> str:
    """A response that nobody has given yet, and its worth."""
    while True:
        says, nothing = int(rng.integers(0, 5)), int(rng.integers(0, 4))
        parts = [*rng.choice(SAYS, says, replace=False).tolist(), *rng.choice(NOTHING, nothing, replace=False).tolist()]
        text = " ".join(rng.permutation(parts).tolist()) if parts else "No."
        text += f" ({rng.integers(1000)})"
        if text not in worth:
            worth[text] = 1.2 * says - 0.5 * nothing + 0.01 * len(text.split())
            return text
