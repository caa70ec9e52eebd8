"""The review list: what a model doubts, why, and what becomes of it when an expert looks."""

from __future__ import annotations

import dataclasses
import random
from secrets import token_hex
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from goldwork.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from goldwork.quality.items import drawn
from goldwork.services import access, jobs, second_looks, suspects
from goldwork.services.check import check
from goldwork.services.second_looks import Look
from goldwork.services.suspects import Likelihood, Said, Suspects
from goldwork.store.schema import assignment, event, item, item_state, receipt, second_look
from tests.services.conftest import Room
from tests.services.test_adjudicate import expert, set_policy
from tests.services.test_learning import COMMON, WORDS

SLICE = 1000
POLICY = {"overlap": 3, "slice": SLICE, "model": True, "audited": 0, "adjudicate": False}


@dataclasses.dataclass
class Listed:
    """A project with a list, whose `wrong` items most people took for another class."""

    room: Room
    truth: dict[str, str]
    wrong: list[str]
    boss: access.Member

    def read(self) -> Suspects:
        def work(connection: sa.Connection) -> Suspects:
            return suspects.read(connection, self.room.collector, self.boss, 1)

        return self.room.writer.run(work)

    def look(self, what: Look, client: str = "", mine: access.Member | None = None) -> None:
        room, name, who = self.room, client or token_hex(8), mine or self.boss
        more = (room.database, room.collector, who, name, what)
        room.writer.run(lambda connection: second_looks.look(connection, *more))

    def learn(self) -> None:
        room = self.room
        room.writer.run(lambda connection: jobs.add(connection, room.database, "learn", room.project, {}))
        room.worker.drain()

    def rows(self, table: sa.Table) -> list[Any]:
        with self.room.database.read() as connection:
            return list(connection.execute(sa.select(table)).all())

    def state(self, name: str) -> Any:
        of = sa.select(item_state.c.status, item_state.c.body).join(item, item.c.id == item_state.c.item)
        with self.room.database.read() as connection:
            row = connection.execute(of.where(item.c.external_id == name)).one()
        return row.status, msgspec.json.decode(row.body)

    def whole(self) -> bool:
        with self.room.database.read() as connection:
            return list(check(connection)) == []


@pytest.fixture
def listed(room: Room) -> Listed:
    room.make_project(overlap=3)
    set_policy(room, **POLICY)
    draw = random.Random(3)
    truth, lines = {}, ["id,text"]
    for number in range(150):
        kind = draw.choice("abc")
        words = draw.choices(WORDS[kind], k=4) + draw.choices(COMMON, k=3)
        truth[f"i{number}"] = kind
        lines.append(f"i{number},{' '.join(words)} {number}")
    room.import_items("\n".join(lines) + "\n")
    with room.database.read() as connection:
        held = {row.external_id for row in connection.execute(sa.select(item)) if drawn(row.id, "slice", SLICE)}
    wrong = [name for name in truth if name not in held][:4]
    for place in range(3):
        who = room.add_annotator(f"p{place}")

        def answer(payload: str, place: int = place) -> str:
            name = f"i{msgspec.json.decode(payload)['text'].rsplit(' ', 1)[1]}"
            other = "abc"[("abc".index(truth[name]) + 1) % 3]
            if name in wrong:
                return other if place else truth[name]
            own = random.Random(f"{name} {place}")  # the same in whatever order the items come
            return truth[name] if own.random() < 0.85 else own.choice("abc")

        room.judge(who, answer)
    made = Listed(room, truth, wrong, expert(room, "boss", "manager"))
    made.learn()
    return made


def test_the_wrong_labels_stand_first_with_why(listed: Listed) -> None:
    found = listed.read()
    assert (found.question, found.title, found.left) == ("kind", "Which kind?", len(found.suspects))
    assert {one.external_id for one in found.suspects} >= set(listed.wrong)
    assert len(found.suspects) < len(listed.truth) / 10
    assert all(one.better == listed.truth[one.external_id] != one.label for one in found.suspects)
    first = next(one for one in found.suspects if one.external_id in listed.wrong)
    assert [vote.count for vote in first.votes] == [2, 1]
    said = f"2 people said {first.votes[0].label} and 1 said {first.votes[1].label}, the model says "
    assert first.reason.startswith(said)
    assert [one.wrong for one in found.suspects] == sorted((one.wrong for one in found.suspects), reverse=True)
    assert found.precision.share.value is None


def test_reasons_read_well() -> None:
    assert (
        suspects.reason([Said("a", "cat", 4)], [Likelihood("b", "dog", 0.93), Likelihood("a", "cat", 0.07)])
        == "4 people said cat, the model says dog at 93%."
    )
    assert (
        suspects.reason([Said("a", "cat", 1)], [Likelihood("b", "dog", 0.4)])
        == "1 person said cat; the model is unsure: dog at 40% is its likeliest."
    )
    votes = [Said("8", "8", 2), Said("3", "3", 1), Said("9", "9", 1)]
    assert (
        suspects.reason(votes, [Likelihood("9", "9", 0.999)])
        == "2 people said 8, 1 said 3 and 1 said 9, the model says 9 at over 99%."
    )


def test_fixing_is_an_experts_word_once(listed: Listed) -> None:
    one = listed.read().suspects[0]
    what = Look(one.external_id, "fixed", one.better, seconds=3.0)
    listed.look(what, "same")
    listed.look(what, "same")
    status, state = listed.state(one.external_id)
    assert status == "settled"
    assert state["known"]["kind"][0] == "abc".index(listed.truth[one.external_id])
    assert [row.kind for row in listed.rows(second_look)] == ["fixed"]
    assert len(listed.rows(receipt)) == 1
    assert [row.purpose for row in listed.rows(assignment)].count("adjudication") == 1
    after = listed.read()
    assert one.external_id not in {other.external_id for other in after.suspects}
    assert (after.precision.fixed, after.precision.share.value) == (1, 1.0)
    assert after.precision.share.low is not None
    assert after.precision.share.low < 0.5, "one is not much to go by"
    with pytest.raises(ConflictError):
        listed.look(Look(one.external_id, "confirmed", one.label), "same")
    assert listed.whole()


def test_confirming_and_dismissing(listed: Listed) -> None:
    first, second, *_ = listed.read().suspects
    listed.look(Look(first.external_id, "confirmed", first.label))
    listed.look(Look(second.external_id, "dismissed"))
    assert listed.state(first.external_id)[0] == "settled"
    assert listed.state(second.external_id)[0] == "complete"
    after = listed.read()
    assert {one.external_id for one in after.suspects}.isdisjoint({first.external_id, second.external_id})
    assert (after.precision.confirmed, after.precision.dismissed, after.precision.share.value) == (1, 1, 0.0)
    listed.learn()
    assert second.external_id not in {one.external_id for one in listed.read().suspects}, "it was looked at"
    assert listed.whole()


def test_more_people_are_asked_once_and_it_may_come_back(listed: Listed) -> None:
    one = listed.read().suspects[0]
    for _ in range(2):
        listed.look(Look(one.external_id, "asked", more=1), "ask")
    assert [row.kind for row in listed.rows(event)].count("asked") == 1
    assert listed.state(one.external_id)[0] == "open"
    assert one.external_id not in {other.external_id for other in listed.read().suspects}
    assert listed.room.judge(listed.room.add_annotator("late"), lambda _: one.label) == 1
    listed.learn()
    assert one.external_id in {other.external_id for other in listed.read().suspects}, "the fourth said the same"
    assert listed.whole()


@pytest.mark.parametrize("kind", ["confirmed", "fixed", "dismissed", "asked"])
def test_each_is_taken_back_once(listed: Listed, kind: Any) -> None:
    before = listed.read()
    one = before.suspects[0]
    was = listed.state(one.external_id)
    value = {"confirmed": one.label, "fixed": one.better}.get(kind)
    for round in range(2):  # what was taken back can be said anew
        listed.look(Look(one.external_id, kind, value))
        assert one.external_id not in {other.external_id for other in listed.read().suspects}
        for _ in range(2):
            listed.look(Look(one.external_id, "undone"), f"back-{round}")
        after = listed.read()
        assert msgspec.structs.replace(after, precision=before.precision) == before
        assert after.precision == before.precision
        status, state = listed.state(one.external_id)
        assert (status, state["wanted"], "known" in state) == (was[0], was[1]["wanted"], False)
    assert [row.kind for row in listed.rows(second_look)] == [kind, "undone"] * 2
    assert all(row.state == "lapsed" for row in listed.rows(assignment) if row.purpose == "adjudication")
    with pytest.raises(ConflictError, match="nothing of yours"):
        listed.look(Look(one.external_id, "undone"))
    assert listed.whole()


def test_only_ones_own_is_taken_back_and_only_while_it_stands(listed: Listed) -> None:
    first = listed.read().suspects[0]
    other = expert(listed.room, "other")
    listed.look(Look(first.external_id, "fixed", first.better), mine=other)
    with pytest.raises(ConflictError, match="nothing of yours"):
        listed.look(Look(first.external_id, "undone"))
    with pytest.raises(NotFoundError, match="nowhere"):
        listed.look(Look("nowhere", "undone"))
    listed.look(Look(first.external_id, "undone"), mine=other)
    listed.look(Look(first.external_id, "fixed", first.better))
    assert listed.state(first.external_id)[0] == "settled", "nobody holds what was taken back"
    listed.look(Look(first.external_id, "undone"))

    # Somebody has begun what more were asked for: their answer is kept.
    listed.look(Look(first.external_id, "asked", more=2))
    late = listed.room.add_annotator("late")
    assert listed.room.judge(late, lambda _: first.label) == 1
    listed.look(Look(first.external_id, "undone"))
    status, state = listed.state(first.external_id)
    assert (status, state["wanted"]) == ("complete", 3)
    assert listed.room.judge(listed.room.add_annotator("later"), lambda _: "a") == 0
    assert listed.whole()


def test_what_does_not_fit_is_refused(listed: Listed) -> None:
    one = listed.read().suspects[0]
    with pytest.raises(InputError, match="fixed with"):
        listed.look(Look(one.external_id, "fixed", one.label))
    with pytest.raises(InputError, match="confirmed with"):
        listed.look(Look(one.external_id, "confirmed", one.better))
    with pytest.raises(InputError, match="more"):
        listed.look(Look(one.external_id, "asked", more=9))
    with pytest.raises(NotFoundError):
        listed.look(Look("nowhere", "dismissed"))
    with pytest.raises(ForbiddenError):
        listed.look(Look(one.external_id, "dismissed"), mine=msgspec.structs.replace(listed.boss, role="annotator"))
    assert listed.rows(second_look) == []
    listed.room.judge(listed.room.add_annotator("x"), lambda _: "a")
    assert listed.whole()


def test_an_item_that_somebody_settles_meanwhile_is_left_to_them(listed: Listed) -> None:
    one = listed.read().suspects[0]
    other = expert(listed.room, "other")
    with listed.room.database.write() as connection:
        of = connection.execute(sa.select(item.c.id).where(item.c.external_id == one.external_id)).scalar_one()
        row = {"id": "x" * 20, "project": listed.room.project, "item": of, "annotator": other.person.annotator}
        row |= {"pass_number": 2, "purpose": "adjudication", "state": "leased"}
        connection.execute(sa.insert(assignment).values(row | {"leased_at": 0, "leased_until": 2**42}))
    with pytest.raises(ConflictError, match="somebody else"):
        listed.look(Look(one.external_id, "fixed", one.better))
    assert listed.rows(second_look) == []


def test_the_slice_is_never_listed(listed: Listed) -> None:
    with listed.room.database.read() as connection:
        held = {row.external_id for row in connection.execute(sa.select(item)) if drawn(row.id, "slice", SLICE)}
    assert held
    assert held.isdisjoint({one.external_id for one in listed.read().suspects})
