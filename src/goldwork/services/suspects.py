"""The review list: items whose label the annotators and a model together hold to be wrong, the likeliest error first.

The learn job makes the list, of items that people are through with: of class k with a probability in proportion to

    p_k (product over answers l of theta_a(k, l))^w,   w = 1 / (1 + (n - 1) r)

where p is what a model says that has not seen the item, theta_a the confusions that were inferred with it, and r how
alike people err (`goldwork.quality.posterior`): three who share a mistake are no three witnesses. Every label counts
the same, so the expected value of looking at one is the probability that it is wrong. Items that wait for an expert
anyway are in that queue; those of the evaluation slice are never here: a slice that is mended where the model doubts it
would flatter the model.

What an expert makes of an entry (`goldwork.services.second_looks`) is kept: so one knows how often the list was right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, NotFoundError
from goldwork.quality.items import temper
from goldwork.services.access import Member
from goldwork.services.collect import Asked, Collector
from goldwork.services.evaluating import Pool
from goldwork.services.figures import Interval, wilson
from goldwork.services.fitting import Fitted
from goldwork.services.log import decode
from goldwork.services.questions import options
from goldwork.store.schema import item, item_state, second_look, snapshot

NAME = "suspects"
MOST = 300
"""Entries that are kept: the likeliest errors."""
LEAST, CONTRADICTED = 0.2, 0.05
"""A label that is less probably wrong is not listed; from the second on where the model says another class."""
SHOWN = 20
"""Entries that are shown at once."""
CHANCES = 3
"""Classes that the model's probabilities are told of."""
SURELY = 0.99
"""What a model gives more is called so: nobody is sure to a hundred percent."""
SUREST = 0.9999
"""Nothing is listed as certain."""
UNSURE = 0.5
"""A model whose likeliest class has less is called unsure."""
AGREED = ("complete",)


class Entry(msgspec.Struct, frozen=True):
    """One suspect as it is stored, classes by code: the `label`; the probability that it is `wrong`; the `votes`, most
    first; `chances`: the classes that the model holds to be likeliest, not having seen the item."""

    item: int
    label: int
    wrong: float
    votes: list[tuple[int, int]]
    chances: list[tuple[int, float]]


class Listed(msgspec.Struct, frozen=True):
    """The list as it is stored."""

    question: str = ""
    entries: list[Entry] = []


class Said(msgspec.Struct, frozen=True):
    """How many people gave an answer."""

    value: Any
    label: str
    count: int


class Likelihood(msgspec.Struct, frozen=True):
    """How probable the model holds a class to be."""

    value: Any
    label: str
    share: float


class Suspect(msgspec.Struct, frozen=True):
    """An item whose label may be wrong, and why. `label`: the class that it has now; `better`: the likeliest one."""

    external_id: str
    fields: dict[str, Any]
    label: Any
    better: Any
    wrong: float
    reason: str
    votes: list[Said]
    chances: list[Likelihood]


class Precision(msgspec.Struct, frozen=True):
    """Of the entries whose label was confirmed or mended, the share that was wrong, with its 95 % interval."""

    share: Interval
    fixed: int
    confirmed: int
    dismissed: int
    asked: int


class Suspects(msgspec.Struct, frozen=True):
    """The list as an expert sees it. `left`: entries in all; `classes`: what the question may be answered by."""

    question: str
    title: str
    classes: list[Likelihood]
    left: int
    suspects: list[Suspect]
    precision: Precision
    computed_at: int | None
    form_version: int


_STORED = sa.select(snapshot.c.body, snapshot.c.computed_at, snapshot.c.through_seq).where(
    snapshot.c.project == bind("project"), snapshot.c.name == NAME
)
_STATES = (
    sa.select(item.c.id, item.c.external_id, item.c.payload, item_state.c.status, item_state.c.body)
    .join(item_state, item_state.c.item == item.c.id)
    .where(item.c.id.in_(bind("items", expanding=True)))
)
_LOOKS = (
    sa.select(second_look.c.item, second_look.c.kind, second_look.c.more, second_look.c.seq, second_look.c.by_account)
    .where(second_look.c.project == bind("project"))
    .order_by(second_look.c.id)
)


# The list is made.


def find(pool: Pool, fitted: Fitted) -> Listed:
    """The items that trained the model whose label is likeliest wrong."""
    given: dict[int, list[tuple[int, int]]] = {}
    for of, who, code, weight in pool.asked.rows:
        if weight:
            given.setdefault(of, []).append((who, code))
    place = {who: at for at, who in enumerate(fitted.people.tolist())}
    logs = np.log(np.maximum(fitted.confusion, 1e-9))
    found = []
    for row, at in enumerate(fitted.train.tolist()):
        of, model = pool.ids[at], fitted.unseen[row]
        label = pool.states[at].get("answer", {}).get(pool.question)
        if pool.rows[at].status not in AGREED or label is None or of in pool.asked.known or of not in given:
            continue
        people = sum(logs[place[who], :, code] for who, code in given[of])
        alike = temper(pool.project, pool.question).correlation
        both = np.log(np.maximum(model, 1e-9)) + people / (1 + (len(given[of]) - 1) * alike)
        shares = np.exp(both - both.max())
        wrong = 1 - float(shares[label] / shares.sum())
        if wrong >= (LEAST if model.argmax() == label else CONTRADICTED):
            top = np.argsort(-model, kind="stable")[:CHANCES].tolist()
            chances = [(int(k), round(float(np.clip(model[k], 1 - SUREST, SUREST)), 4)) for k in top]
            votes = Counter(code for _, code in given[of]).most_common()
            found.append(Entry(of, int(label), min(round(wrong, 4), SUREST), votes, chances))
    found.sort(key=lambda one: (-one.wrong, one.item))
    return Listed(pool.question, found[:MOST])


# The list is read.


def read(connection: Connection, collector: Collector, mine: Member, form_version: int) -> Suspects:
    """What waits to be looked at, the likeliest error first."""
    mine.require("adjudicator")
    row = connection.execute(_STORED, {"project": mine.project}).one_or_none()
    listed = msgspec.json.decode(row.body, type=Listed) if row is not None else Listed()
    asked = collector.asked(connection, mine.project, form_version)
    made = looks(connection, mine.project)
    precision = _precision(Counter(look.kind for look in made))
    if row is None or listed.question not in asked.tasks:
        return Suspects("", "", [], 0, [], precision, None, form_version)
    done = {look.item for look in made if look.kind != "asked" or look.seq >= row.through_seq}
    waiting = [one for one in listed.entries if one.item not in done]
    states = {one.id: one for one in connection.execute(_STATES, {"items": [one.item for one in waiting]})}
    waiting = [one for one in waiting if _stands(states.get(one.item), listed.question, one)]
    words = _words(asked, listed.question)
    title = next(one.title for one in asked.form.questions if one.name == listed.question)
    return Suspects(
        question=listed.question,
        title=title,
        classes=[Likelihood(value, label, 0.0) for value, label in options(asked.tasks[listed.question]).items()],
        left=len(waiting),
        suspects=[_suspect(one, states[one.item], words) for one in waiting[:SHOWN]],
        precision=precision,
        computed_at=row.computed_at,
        form_version=form_version,
    )


def looks(connection: Connection, project: int, of: int | None = None) -> list[Any]:
    """What experts made of entries, or of one item, in the order in which it was; without what was taken back."""
    asked = _LOOKS if of is None else _LOOKS.where(second_look.c.item == of)
    found: dict[int, list[Any]] = {}
    for row in connection.execute(asked, {"project": project}):
        of_item = found.setdefault(row.item, [])
        if row.kind == "undone":
            of_item.pop()
        else:
            of_item.append(row)
    return [row for of_item in found.values() for row in of_item]


def entry(connection: Connection, collector: Collector, mine: Member, form_version: int, of: int) -> tuple[str, Any]:
    """An item's question and its label, which must be what the list says. Raises NotFoundError, ConflictError."""
    row = connection.execute(_STORED, {"project": mine.project}).one_or_none()
    listed = msgspec.json.decode(row.body, type=Listed) if row is not None else Listed()
    found = next((one for one in listed.entries if one.item == of), None)
    asked = collector.asked(connection, mine.project, form_version)
    if found is None or listed.question not in asked.tasks:
        raise NotFoundError("this item is not on the list, or not any more. Load the list again.")
    state = connection.execute(_STATES, {"items": [of]}).one_or_none()
    if not _stands(state, listed.question, found):
        raise ConflictError("this item has changed since. Load the list again.", reason="changed")
    return listed.question, _words(asked, listed.question)[found.label][0]


def _stands(row: Any, question: str, entry: Entry) -> bool:
    """Whether the item still is what it was when it was listed."""
    return row is not None and row.status in AGREED and decode(row.body).get("answer", {}).get(question) == entry.label


def _words(asked: Asked, question: str) -> dict[int, tuple[Any, str]]:
    """By code of a class, its value and the words that people read."""
    labels = options(asked.tasks[question])
    return {code: (value, labels.get(value, str(value))) for value, code in asked.codes[question].items()}


def _suspect(entry: Entry, row: Any, words: Mapping[int, tuple[Any, str]]) -> Suspect:
    votes = [Said(*words[code], count) for code, count in entry.votes]
    chances = [Likelihood(*words[code], share) for code, share in entry.chances]
    better = next((chance.value for chance in chances if chance.value != words[entry.label][0]), None)
    return Suspect(
        row.external_id,
        msgspec.json.decode(row.payload),
        words[entry.label][0],
        better,
        entry.wrong,
        reason(votes, chances),
        votes,
        chances,
    )


def reason(votes: list[Said], chances: list[Likelihood]) -> str:
    """Why an item is listed, in a sentence."""
    parts = [f"{one.count if at else _people(one.count)} said {one.label}" for at, one in enumerate(votes)]
    said = " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
    likely = chances[0]
    if likely.share < UNSURE:
        return f"{said}; the model is unsure: {likely.label} at {likely.share:.0%} is its likeliest."
    sure = f"{likely.share:.0%}" if likely.share < SURELY else f"over {SURELY:.0%}"
    return f"{said}, the model says {likely.label} at {sure}."


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _precision(kinds: Mapping[str, int]) -> Precision:
    fixed, confirmed = kinds.get("fixed", 0), kinds.get("confirmed", 0)
    share = wilson(fixed / (fixed + confirmed) if fixed + confirmed else float("nan"), fixed + confirmed)
    return Precision(share, fixed, confirmed, kinds.get("dismissed", 0), kinds.get("asked", 0))
