"""Every request sent one to five times, in any order after the first and in any groups: as if it was sent once."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldwork.services.collect import Receipt, Submit
from goldwork.services.log import decode
from goldwork.store.database import Database
from goldwork.store.schema import (
    annotator_state,
    assignment,
    decision,
    event,
    item,
    judgement,
    project_state,
    submit,
)
from tests.core import CLASSES, MINUTE, Clock, Core

PEOPLE = 3
KINDS = ("answer", "answer", "answer", "skip", "undo", "undo")
OTHER_STATE = {"open": "paused", "paused": "open"}


@pytest.fixture(scope="module")
def begun(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database whose project has four items that want two judgements, held by two people, and once held by a third:
    whoever answers last is surplus."""
    path = tmp_path_factory.mktemp("begun") / "goldwork.db"
    shutil.copy(sqlite_template, path)
    database = Database(str(path))
    database.now = clock = Clock()
    core = Core.make(database, items=4, overlap=2)
    people = core.annotators(PEOPLE)
    core.lease(people[0], 4)
    clock.now += 60 * MINUTE
    core.lease(people[1], 4)
    core.lease(people[2], 4)
    core.close()
    database.close()
    return path


class House:
    """A copy of the database that began, and the one project in it."""

    def __init__(self, begun: Path, path: Path) -> None:
        shutil.copy(begun, path)
        self.database = Database(str(path))
        self.database.now = self.clock = Clock()
        self.core = Core(self.database, 1)

    def close(self) -> None:
        self.core.close()
        self.database.close()

    def rows(self) -> dict[str, Any]:
        """All that is stored, without salts and what is made of them."""
        tables = (annotator_state, assignment, decision, item, judgement, project_state)
        stored: dict[str, Any] = {table.name: self.of(table) for table in tables}
        stored["submit"] = self.of(submit, "salt")
        told = self.of(event, "hash", "body")
        bodies = [{name: said for name, said in body.items() if name != "digest"} for body in self.bodies()]
        return stored | {"event": told, "bodies": bodies}

    def of(self, table: sa.Table, *without: str) -> list[dict[str, Any]]:
        rows = [{name: value for name, value in row._mapping.items() if name not in without}
                for row in self.core.rows(table)]  # fmt: skip
        return sorted(rows, key=repr)

    def bodies(self) -> list[dict[str, Any]]:
        return [decode(row.body) for row in sorted(self.core.rows(event), key=lambda row: row.seq)]


@st.composite
def scripts(draw: st.DrawFn) -> tuple[list[tuple[int, int, str, str]], list[int], list[int], list[int]]:
    """(who's assignment, which, kind, value) of each request; in which order they go out, each one to five times, by
    place in the script; where the groups end; and before which sends the project is paused or opened."""
    requests = draw(
        st.lists(
            st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, 3), st.sampled_from(KINDS), st.sampled_from(CLASSES)),
            min_size=1,
            max_size=12,
        )
    )
    order: list[int] = []
    for place in range(len(requests)):
        order.append(place)
        for _ in range(draw(st.integers(0, 4))):
            earlier = draw(st.integers(0, place))
            if order.count(earlier) < 5:
                order.append(earlier)
    sends = st.integers(1, len(order))
    ends = draw(st.lists(sends, max_size=len(order), unique=True))
    pauses = draw(st.one_of(st.just([]), st.lists(sends, max_size=3, unique=True)))
    return requests, order, sorted({*ends, *pauses, len(order)}), pauses


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(script=scripts())
def test_as_if_sent_once(begun: Path, tmp_path_factory: pytest.TempPathFactory, script: Any) -> None:
    requests, order, ends, pauses = script
    folder = tmp_path_factory.mktemp("retries")
    often, once = House(begun, folder / "often.db"), House(begun, folder / "once.db")
    work: dict[int, list[str]] = {}
    for row in sorted(often.core.rows(assignment), key=lambda row: row.item):
        work.setdefault(row.annotator, []).append(row.id)
    people = sorted(work)
    asked = [often.core.asked(people[who], work[people[who]][which], kind, id=f"r{place}",
                              **({"answers": {"q": value}} if kind == "answer" else {}))
             for place, (who, which, kind, value) in enumerate(requests)]  # fmt: skip
    acknowledged: dict[int, Receipt] = {}
    state = "open"
    for begin, end in itertools.pairwise([0, *ends]):
        if begin in pauses:
            state = OTHER_STATE[state]
            for house in (often, once):
                house.core.set_state(state)
        sent = order[begin:end]
        needed: list[int] = []
        for place, answer in zip(sent, often.core.send(*(copy(asked[place]) for place in sent)), strict=True):
            if place in acknowledged:
                assert answer == acknowledged[place], "a retry is answered as the first time"
            elif isinstance(answer, Receipt):
                acknowledged[place] = answer
                needed.append(place)
            elif state == "paused":
                assert getattr(answer, "reason", "") == "paused"
        # Only the first of each that was stored, one by one, in the other house: the same receipts.
        for place in needed:
            assert once.core.send(asked[place]) == [acknowledged[place]]
        for house in (often, once):
            house.clock.now += 7 * MINUTE
    assert often.rows() == once.rows()
    for house in (often, once):
        assert house.core.findings() == []
        house.close()
    shutil.rmtree(folder)


def copy(request: Submit) -> Submit:
    """As it comes in again over the wire."""
    return msgspec.json.decode(msgspec.json.encode(request), type=Submit)


@pytest.mark.parametrize("times", [1, 5])
def test_in_groups_of_every_size(database: Database, times: int) -> None:
    """The same story, cut into groups of one to all: the same receipts and the same rows, on both databases."""
    stories: list[Sequence[Any]] = []
    for size in (1, 2, 3, 100):
        database.now = Clock()
        core = Core.make(database, items=2, overlap=1)
        one, other = core.annotators(2)
        first, second = core.lease_one(one), core.lease_one(other)
        story = [
            core.asked(one, first, id="1"),
            core.asked(other, second, "skip", id="1"),
            core.asked(one, first, "undo", id="2"),
            core.asked(other, second, "undo", id="2"),
            core.asked(one, first, "answer", id="3", answers={"q": "b"}),
            core.asked(other, second, "answer", id="3", answers={"q": "c"}),
        ]
        sends = [request for place in range(len(story)) for request in [story[place], *story[: place + 1]][:times]]
        answers: dict[tuple[int, str], set[Receipt]] = {}
        for begin in range(0, len(sends), size):
            group = sends[begin : begin + size]
            for request, answer in zip(group, core.send(*group), strict=True):
                assert isinstance(answer, Receipt), answer
                answers.setdefault((request.annotator - one, request.id), set()).add(answer)
        assert all(len(same) == 1 for same in answers.values())
        assert len(core.rows(submit, project=core.project)) == len(story)
        stories.append([(who, name, *((a.kind, a.seq, a.surplus, a.leased_until) for a in same))
                        for (who, name), same in answers.items()])  # fmt: skip
        core.close()
        assert core.findings() == []
    assert all(story == stories[0] for story in stories)
