"""Items that groups of a project's people answer differently, among what is worth a look.

Managers can look up who gave which answer, so no more is told than that, of which item and attribute, and how much to
the next twentieth: no counts, no p-value, no shares of groups. An item is left out where some answer was given by
people of one group alone. Asked anew once a day at most, as groups' figures are (see `goldwork.services.groups`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from goldwork.bias.privacy import LEAST_TESTED, tells
from goldwork.flags import Finding, find_flags
from goldwork.judgements import Judgements
from goldwork.services import attributes
from goldwork.services.attributes import BETWEEN

STEP = 0.05


def said(connection: Connection, project_id: int, until: int, people: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """What `people` (numbers by pseudonym) said of themselves: by attribute, the group of each."""
    names = {number: name for name, number in people.items()}
    given = attributes.answers(connection, project_id, until)
    return {name: {names[who]: value for who, value in of.items() if who in names} for name, of in given.items()}


def between(table: Judgements, question: str, groups: Mapping[str, Mapping[Any, str]]) -> list[Finding]:
    """Of each item that groups of any attribute answer differently, one finding: of the strongest attribute."""
    found: dict[Any, Finding] = {}
    asked = table.about(question)
    for one in find_flags(table, question=question, groups=groups, names=[BETWEEN]):
        attribute = one.evidence["attribute"]
        rows = np.flatnonzero((asked.items[asked.item] == one.subject) & (asked.repeat == 0))
        if one.subject not in found and not _tells(asked, rows, groups[attribute]):
            found[one.subject] = _discreet(one, attribute, len(rows))
    return list(found.values())


def _tells(table: Judgements, rows: npt.NDArray[np.intp], group: Mapping[Any, str]) -> bool:
    """Whether some answer to the item was given by people of one tested group alone."""
    codes, categories = table.coded()
    of = np.array([group.get(name, "") for name in table.annotators[table.annotator[rows]].tolist()], object)
    everybody = np.bincount(codes[rows], minlength=len(categories))
    tested = [name for name in np.unique(of[of != ""]).tolist() if (of == name).sum() >= LEAST_TESTED]
    counts = np.array([np.bincount(codes[rows[of == name]], minlength=len(categories)) for name in tested])
    return bool(tells(counts[None], everybody[None])[0])


def _discreet(one: Finding, attribute: str, answers: int) -> Finding:
    gap = round(round(one.statistic / STEP) * STEP, 2)
    return dataclasses.replace(
        one,
        statistic=gap,
        low=float("nan"),
        high=float("nan"),
        judgements=answers,
        sentence=f"People of different {attribute} answer {one.subject} differently, by about {gap:.0%}: more than "
        "by chance.",
        evidence={"attribute": attribute},
        p_value=None,
    )
