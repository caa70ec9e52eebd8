"""Leases: who gets what, for how long, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.errors import NotFoundError
from goldwork.services import assign, order, slots
from goldwork.services.assign import MAX_HELD, Assigner, Lease, Leased
from goldwork.store.database import Database
from goldwork.store.schema import assignment
from tests.core import MINUTE, Clock, Core


@pytest.fixture
def clock(database: Database) -> Clock:
    """The database's clock, which the test moves."""
    database.now = clock = Clock()
    return clock


@pytest.fixture
def core(database: Database, clock: Clock) -> Iterator[Core]:
    made = Core.make(database)
    yield made
    made.close()
    assert made.findings() == []


def leases(core: Core, *requests: tuple[int, int]) -> list[Any]:
    """Requests (who, count) in one group."""
    asked = [Lease(core.project, who, count) for who, count in requests]
    return core.writer.run(lambda connection: core.assigner.lease_many(connection, asked))


def held_items(core: Core, leased: Leased) -> list[int]:
    return [core.assignment(held.id).item for held in leased.assignments]


def judge(core: Core, who: int, count: int) -> list[int]:
    """Judge `count` items one by one. Returns which."""
    items = []
    for _ in range(count):
        leased = core.lease(who)
        items += held_items(core, leased)
        core.submit(who, leased.assignments[0].id)
    return items


class TestHolding:
    def test_a_lease_holds_a_slot(self, core: Core, clock: Clock) -> None:
        [item_id] = core.add_items(1)
        [who] = core.annotators()
        leased = core.lease(who)
        [held] = leased.assignments
        assert (leased.state, leased.form_version, leased.guideline_version, leased.more) == ("open", 1, 1, True)
        assert held.payload == '{"text": "item 0"}'
        assert held.leased_until == clock.now + 30 * MINUTE
        row = core.assignment(held.id)
        assert (row.item, row.annotator, row.slot, row.state, row.current) == (item_id, who, 0, "leased", None)
        assert core.items() == {item_id: (1, 1)}

    def test_an_id_gives_nothing_away(self, core: Core) -> None:
        core.add_items(50)
        ids = [held.id for held in core.lease(core.annotators()[0], 50).assignments]
        assert len(set(ids)) == 50
        assert all(len(one) == 20 for one in ids)

    def test_asking_again_gives_the_same(self, core: Core) -> None:
        core.add_items(5)
        [who] = core.annotators()
        first = core.lease(who, 2).assignments
        assert core.lease(who, 2).assignments == first
        assert core.lease(who, 1).assignments == first
        assert core.lease(who, 3).assignments[:2] == first
        assert Assigner(core.database) is not core.assigner
        core.assigner = Assigner(core.database)  # as after a restart
        assert core.lease(who, 2).assignments[:2] == first

    def test_nothing_left(self, core: Core) -> None:
        core.add_items(2)
        one, other = core.annotators(2)
        assert len(core.lease(one, 5).assignments) == 2
        leased = core.lease(other, 5)
        assert (leased.assignments, leased.more) == ([], False)

    def test_two_hundred_for_offline(self, core: Core) -> None:
        core.add_items(MAX_HELD + 50)
        [who] = core.annotators()
        assert len(core.lease(who, MAX_HELD).assignments) == MAX_HELD
        assert len(core.lease(who, MAX_HELD + 50).assignments) == MAX_HELD

    def test_no_person_gets_an_item_twice(self, core: Core) -> None:
        core.set_policy(3)
        items = core.add_items(4)
        [who] = core.annotators()
        assert sorted(judge(core, who, 4)) == items
        assert core.lease(who, 4).assignments == []
        assert set(core.items().values()) == {(3, 1)}

    def test_what_was_skipped_is_not_offered_again(self, core: Core) -> None:
        core.add_items(1)
        one, other = core.annotators(2)
        core.submit(one, core.lease_one(one), "skip")
        assert core.lease(one).assignments == []
        assert len(core.lease(other).assignments) == 1

    def test_unknown_project(self, core: Core) -> None:
        [who] = core.annotators()
        [answer] = core.writer.run(lambda connection: core.assigner.lease_many(connection, [Lease(987_654, who, 1)]))
        assert isinstance(answer, NotFoundError)

    @pytest.mark.parametrize("state", ["paused", "closed"])
    def test_a_project_that_rests_gives_nothing_new_and_takes_nothing_away(self, core: Core, state: str) -> None:
        core.add_items(5)
        [who] = core.annotators()
        first = core.lease(who, 2).assignments
        core.set_state(state)
        leased = core.lease(who, 5)
        assert (leased.state, leased.assignments, leased.more) == (state, first, False)
        core.set_state("open")
        assert len(core.lease(who, 5).assignments) == 5


class TestGroups:
    def test_people_in_one_group_share_an_item_up_to_its_slots(self, core: Core) -> None:
        core.set_policy(2)
        items = core.add_items(2)
        people = core.annotators(3)
        answers = leases(core, *((who, 1) for who in people))
        assert [held_items(core, one) for one in answers] == [[items[0]], [items[0]], [items[1]]]
        assert sorted(row.slot for row in core.rows(assignment)) == [0, 0, 1]

    def test_a_person_who_asks_twice_in_one_group_gets_each_item_once(self, core: Core) -> None:
        core.set_policy(3)
        items = core.add_items(3)
        [who] = core.annotators()
        one, two, three = leases(core, (who, 1), (who, 5), (who, 5))
        assert (len(one.assignments), len(two.assignments)) == (1, 3)
        assert two.assignments == three.assignments
        assert sorted(held_items(core, three)) == items
        assert [held.payload for held in three.assignments] == [f'{{"text": "item {n}"}}' for n in range(3)]

    def test_a_wrong_project_does_not_spoil_the_group(self, core: Core) -> None:
        core.add_items(1)
        [who] = core.annotators()
        asked = [Lease(987_654, who, 1), Lease(core.project, who, 1)]
        wrong, right = core.writer.run(lambda connection: core.assigner.lease_many(connection, asked))
        assert isinstance(wrong, NotFoundError)
        assert len(right.assignments) == 1

    def test_projects_in_one_group_stay_apart(self, core: Core) -> None:
        core.add_items(3)
        other = Core.make(core.database, items=3, writer=core.writer)
        [who] = core.annotators()
        asked = [Lease(other.project, who, 2), Lease(core.project, who, 1), Lease(other.project, who, 3)]
        answers = core.writer.run(lambda connection: core.assigner.lease_many(connection, asked))
        assert [len(answer.assignments) for answer in answers] == [2, 1, 3]
        projects = [{core.assignment(held.id).project for held in answer.assignments} for answer in answers]
        assert projects == [{other.project}, {core.project}, {other.project}]
        assert len(core.lease(who, 1).assignments) == 1

    @pytest.mark.slow
    def test_two_hundred_people_take_two_hundred_items_in_one_group(self, sqlite_database: Database) -> None:
        """More items than SQLite takes parameters."""
        core = Core.make(sqlite_database, items=40_000)
        people = core.annotators(200)
        answers = leases(core, *((who, 200) for who in people))
        assert sum(len(answer.assignments) for answer in answers) == 40_000
        assert set(core.items().values()) == {(1, 1)}
        core.close()


class TestLapse:
    def test_a_lapsed_lease_goes_to_somebody_else(self, core: Core, clock: Clock) -> None:
        [item_id] = core.add_items(1)
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        clock.now += 30 * MINUTE
        assert core.lease(other).assignments == []  # to the millisecond
        clock.now += 1
        theirs = core.lease_one(other)
        assert theirs != mine
        assert core.assignment(mine).state == "lapsed"
        assert core.items() == {item_id: (1, 1)}

    def test_a_lapsed_lease_is_taken_again_under_its_id(self, core: Core, clock: Clock) -> None:
        [item_id] = core.add_items(1)
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        clock.now += 31 * MINUTE
        theirs = core.lease_one(other)
        assert core.lease(one).assignments == []
        core.submit(other, theirs, "skip")
        assert core.lease_one(one) == mine
        row = core.assignment(mine)
        assert (row.state, row.slot, row.leased_until) == ("leased", 0, clock.now + 30 * MINUTE)
        assert core.items() == {item_id: (1, 1)}

    def test_who_comes_back_late_keeps_it(self, core: Core, clock: Clock) -> None:
        core.add_items(1)
        [who] = core.annotators()
        mine = core.lease_one(who)
        clock.now += 10_000 * MINUTE
        leased = core.lease(who)
        assert [(held.id, held.leased_until) for held in leased.assignments] == [(mine, clock.now + 30 * MINUTE)]

    def test_asking_prolongs_a_lease_that_is_half_over(self, core: Core, clock: Clock) -> None:
        core.add_items(1)
        [who] = core.annotators()
        begun = clock.now
        core.lease_one(who)
        clock.now += 15 * MINUTE
        assert core.lease(who).assignments[0].leased_until == begun + 30 * MINUTE
        clock.now += 1
        assert core.lease(who).assignments[0].leased_until == clock.now + 30 * MINUTE
        assert core.row(assignment).leased_until == clock.now + 30 * MINUTE

    def test_many_lapsed_leases_are_released_in_bounded_portions(
        self, core: Core, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(slots, "_LAPSED", slots._LAPSED.limit(3))
        core.add_items(8)
        one, other = core.annotators(2)
        core.lease(one, 8)
        clock.now += 31 * MINUTE
        assert [len(core.lease(other, 8).assignments) for _ in range(3)] == [3, 6, 8]

    @pytest.mark.parametrize("jump", [-(10**12), -1, 0])
    def test_a_clock_that_goes_back_takes_nothing_away(self, core: Core, clock: Clock, jump: int) -> None:
        core.add_items(2)
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        clock.now += jump
        assert core.lease(other, 5).assignments[0].id != mine
        assert core.lease_one(one) == mine
        core.submit(one, mine)

    def test_a_shorter_lease_counts_from_the_next(self, core: Core, clock: Clock) -> None:
        core.add_items(2)
        [who] = core.annotators()
        core.lease_one(who)
        core.set_policy(1, lease_ms=MINUTE)
        first, second = core.lease(who, 2).assignments
        assert (first.leased_until, second.leased_until) == (clock.now + 30 * MINUTE, clock.now + MINUTE)


class TestOrder:
    def test_priority_then_shuffle(self, core: Core) -> None:
        late = core.add_items(3, priority=1.0)
        early = core.add_items(3, priority=-1.0, shuffles=[30, 10, 20])
        [who] = core.annotators()
        assert judge(core, who, 6) == [early[1], early[2], early[0], *late]

    def test_everybody_goes_through_the_same_order(self, core: Core) -> None:
        core.set_policy(3)
        core.add_items(5)
        one, other, third = core.annotators(3)
        assert judge(core, one, 3) == judge(core, other, 3) == judge(core, third, 3)

    def test_new_items_before_ones_place_come_first(self, core: Core) -> None:
        core.set_policy(2)
        old = core.add_items(4, shuffles=range(100, 104))
        [who] = core.annotators()
        assert judge(core, who, 2) == old[:2]
        new = core.add_items(2, shuffles=[1, 2])
        assert judge(core, who, 4) == [*new, *old[2:]]

    def test_what_others_give_back_before_ones_place_is_found(self, core: Core) -> None:
        items = core.add_items(4)
        one, other = core.annotators(2)
        back = core.lease_one(other)
        assert judge(core, one, 2) == items[1:3]
        core.submit(other, back, "skip")
        assert judge(core, one, 2) == [items[3], items[0]]
        assert core.lease(one).more is False

    def test_a_person_far_ahead_finds_the_next_item(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        """What one has judged stays open for others; nobody reads all of it for every item."""
        monkeypatch.setattr(order, "WINDOWS", (1, 2))
        core.set_policy(2)
        items = core.add_items(40)
        [who] = core.annotators()
        assert judge(core, who, 20) == items[:20]
        # After a restart one goes on from the last submit.
        core.assigner = Assigner(core.database)
        assert judge(core, who, 5) == items[20:25]
        # While items are opened chunk by chunk, one goes on as well.
        for place in range(5):
            core.add_items(1, shuffles=[1000 + place])
            assert judge(core, who, 1) == [items[25 + place]]

    def test_new_items_are_found_by_who_is_far_ahead(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(order, "WINDOWS", (1, 2))
        core.set_policy(2)
        items = core.add_items(20, shuffles=range(100, 120))
        [who] = core.annotators()
        judge(core, who, 15)
        [new] = core.add_items(1, shuffles=[110])  # in the middle of what was judged
        [first] = core.add_items(1, shuffles=[1], priority=-1.0)
        found: list[int] = []
        for _ in range(60):
            leased = core.lease(who)
            found += held_items(core, leased)
            for held in leased.assignments:
                core.submit(who, held.id)
        assert found[0] == first
        assert sorted(found) == sorted([first, new, *items[15:]])

    def test_who_has_judged_everything_hears_so(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        """All stays open for others, more than one search reads."""
        monkeypatch.setattr(order, "WINDOWS", (1, 2))
        core.set_policy(2)
        core.add_items(30)
        one, other = core.annotators(2)
        judge(core, one, 30)
        core.assigner = Assigner(core.database)
        said = [core.lease(one).more for _ in range(40)]
        assert said[0] is True
        assert said[-20:] == [False] * 20
        # Something new is heard of at once.
        core.add_items(1, priority=-1.0)
        assert len(core.lease(one).assignments) == 1
        assert len(core.lease(other, 31).assignments) == 31

    def test_what_is_remembered_is_bounded(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(assign, "STANDS", 10)
        core.set_policy(30)
        core.add_items(3)
        for who in core.annotators(25):
            core.lease_one(who)
        assert len(core.assigner.stands) <= 10


class TestOverlap:
    def test_a_higher_overlap_opens_items_again(self, core: Core) -> None:
        of = core.stage(3)
        core.sweep(of)
        one, other = core.annotators(2)
        judge(core, one, 3)
        assert core.lease(other).assignments == []
        core.set_policy(2)
        assert core.lease(other).assignments == []  # until the sweep has come to it
        core.sweep(of)
        assert len(core.lease(other, 9).assignments) == 3
        assert core.lease(one, 9).assignments == []
        assert set(core.items().values()) == {(2, 2)}

    def test_a_lower_overlap_closes_items_and_takes_nothing_away(self, core: Core) -> None:
        core.set_policy(3)
        of = core.stage(2)
        core.sweep(of)
        one, two, three, four = core.annotators(4)
        mine = [core.lease_one(who) for who in (one, two, three)]
        core.set_policy(1)
        core.sweep(of)
        assert sorted(core.items().values()) == [(1, 0), (1, 3)]
        assert len(core.lease(four, 9).assignments) == 1
        assert [core.submit(who, of_one).surplus for who, of_one in zip((one, two, three), mine, strict=True)] == [
            False
        ] * 3

    def test_lowered_and_raised_again(self, core: Core) -> None:
        """Slots above the lower overlap stay held; the free ones below are given first."""
        core.set_policy(3)
        of = core.stage(1)
        core.sweep(of)
        one, two, three, four, five = core.annotators(5)
        mine = [core.lease_one(who) for who in (one, two, three)]
        core.submit(one, mine[0], "skip")
        core.submit(two, mine[1], "skip")
        core.set_policy(1)
        core.sweep(of)
        assert core.lease(four).assignments == []
        core.set_policy(2)
        core.sweep(of)
        assert core.assignment(core.lease_one(four)).slot == 0
        assert core.lease(five).assignments == []
        assert list(core.items().values()) == [(2, 2)]


def test_one_slot_and_no_second_for_whatever_the_code_does(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code that gives a slot twice is stopped by the index, for that request alone."""
    core.add_items(1)
    one, other = core.annotators(2)
    core.lease_one(one)
    with core.database.write() as connection:
        connection.execute(sa.text("UPDATE item SET taken = 0"))
    monkeypatch.setattr(assign, "free_slots", lambda _connection, wanted: {of_item: [0, 0] for of_item in wanted})
    with pytest.raises(sa.exc.IntegrityError):
        core.lease(other)
    with core.database.write() as connection:
        connection.execute(sa.text("UPDATE item SET taken = 1"))
