"""Items to judge whose truth is known, gold among them, as two experts write it, and how an expert settles an item.

Truth is drawn evenly over the classes. Most items are plain; a fifth is hard, and mistaken for the neighbouring class
first. On one border, between the first class and the second, the guideline leaves some items open: they are of the
first class as the project reads it, of the second to people with another norm. Median times are log-normal over items.
All of this is a choice made for plausibility.

Gold is written by two experts who do not see each other's answers; where they differ the item is an edge case and no
gold. The second of them reads open items in the other way, so that these do not become gold but by two errors at
once. What both have is gold, also where both are wrong.

Whoever settles an item has everybody's answers at hand and takes four times as long: they mistake it a quarter as
often.

    >>> items = make_items(200, classes=3, seed=1)
    >>> gold = write_gold(items, 3, seed=1)
    >>> len(gold), sum(known == items[place].truth for place, known in gold.items())
    (145, 144)
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

from goldwork.errors import InputError
from goldwork.sim.annotator import Annotator, Answer, Stimulus
from goldwork.sim.behaviours.expert import expert
from goldwork.sim.behaviours.norm import norm

HARD, PLAIN_MOST, HARD_LEAST, HARD_MOST = 0.2, 0.06, 0.15, 0.5
"""The share of hard items, and between which difficulties plain (from 0) and hard items lie, drawn uniformly."""
NEIGHBOUR = 3.0
"""How much likelier the neighbouring class is than another one to be what a mistaken item looks like."""
OPEN = 0.3
"""The share of the first class that the guideline leaves open."""
MEDIAN, SPREAD = 6.0, 0.4
"""Of items' typical times, in seconds."""
CARE = 4.0
"""So much longer whoever settles an item looks, and so much more seldom they mistake it."""


def make_items(number: int, *, classes: int, seed: int, prefix: str = "item") -> list[Stimulus]:
    """So many items, called "item 1", "item 2" and so on. Raises InputError for fewer than two classes."""
    if classes < 2:
        raise InputError(f"a choice needs 2 or more classes. Got {classes}.")
    draw = random.Random(f"{seed}/{prefix}")
    return [_make_item(f"{prefix} {place}", classes, draw) for place in range(1, number + 1)]


def _make_item(name: str, classes: int, draw: random.Random) -> Stimulus:
    truth, hard, left_open = draw.randrange(classes), draw.random() < HARD, draw.random() < OPEN
    rival = (truth + draw.choice((1, -1))) % classes
    difficulty = draw.uniform(HARD_LEAST, HARD_MOST) if hard else draw.uniform(0, PLAIN_MOST)
    return Stimulus(
        name,
        truth,
        difficulty=difficulty,
        alternatives={code: NEIGHBOUR if code == rival else 1.0 for code in range(classes) if code != truth},
        seconds=MEDIAN * draw.lognormvariate(0, SPREAD),
        other=1 if truth == 0 and left_open else None,
    )


def write_gold(items: list[Stimulus], classes: int, seed: int) -> dict[int, int]:
    """The answers on which both experts agree, by the items' places in the list."""
    draw = random.Random(f"{seed}/gold")
    first = Annotator("expert 1", "expert", expert(classes, draw), seed)
    second = Annotator("expert 2", "norm", norm(classes, draw, accuracy=draw.uniform(0.95, 0.99)), seed)
    gold: dict[int, int] = {}
    for place, item in enumerate(items):
        answers = {author.answer(item).choice for author in (first, second)}
        if len(answers) == 1:
            gold[place] = answers.pop()
    return gold


def make_gold(number: int, classes: int, *, seed: int, prefix: str) -> tuple[list[Stimulus], list[int]]:
    """So many gold items of their own with their answers: edge cases are replaced by further ones."""
    made: list[Stimulus] = []
    answers: list[int] = []
    batch = 0
    while len(made) < number:
        batch += 1
        drafts = make_items(number, classes=classes, seed=seed, prefix=f"{prefix} {batch}")
        for place, answer in write_gold(drafts, classes, seed + batch).items():
            made.append(drafts[place])
            answers.append(answer)
    return made[:number], answers[:number]


def settling(classes: int, seed: int) -> Callable[[Stimulus], Answer]:
    """How an expert answers an item that waits for one."""
    somebody = Annotator("expert who settles", "expert", expert(classes, random.Random(f"{seed}/settles")), seed)

    def answer(item: Stimulus) -> Answer:
        careful = dataclasses.replace(item, difficulty=item.difficulty / CARE, seconds=item.seconds * CARE)
        return somebody.answer(careful)

    return answer
