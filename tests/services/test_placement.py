"""Where gold, audits and training stand among what somebody is given."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.services import placement
from goldwork.services.assign import Leased
from goldwork.store.database import Database
from goldwork.store.schema import annotator_state, assignment, gold, item, project, submit
from tests.core import MINUTE, Clock, Core

LATER = (2, 0, 0)
"""A session that is not the first."""


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


def given(core: Core, who: int) -> list[Any]:
    """All that somebody was given, in the order of places."""
    return sorted(core.rows(assignment, annotator=who), key=lambda row: row.place)


def purposes(core: Core, who: int) -> list[str]:
    return [row.purpose for row in given(core, who)]


def work_off(core: Core, who: int, count: int, lots: Sequence[int] = (5,)) -> None:
    """Have somebody judge about `count` items by real submits."""
    done, turn = 0, itertools.cycle(lots)
    while done < count and (held := core.lease(who, next(turn)).assignments):
        for one in held:
            core.submit(who, one.id)
            done += 1


class TestGold:
    def test_one_in_every_block_of_a_first_session(self, core: Core) -> None:
        core.add_items(40)
        core.add_gold(20)
        [who] = core.annotators()
        work_off(core, who, 25, (1, 3, 7))
        found = purposes(core, who)[:25]
        assert [found[begin : begin + 5].count("gold") for begin in range(0, 25, 5)] == [1] * 5
        assert core.findings() == []

    def test_it_counts_as_evidence_and_fills_no_slot(self, core: Core) -> None:
        core.add_items(40)
        golden = core.add_gold(20)
        [who] = core.annotators()
        work_off(core, who, 25)
        state = core.row(annotator_state, annotator=who).body
        assert '"gold":[5,5000]' in state
        assert {core.items()[one] for one in golden} == {(0, 0)}
        assert all(row.slot is None for row in given(core, who) if row.purpose == "gold")

    def test_it_is_never_alone(self, core: Core) -> None:
        core.add_gold(50)
        core.add_items(3)
        [who] = core.annotators()
        assert core.lease(core.annotators()[0], 0 + 1).more
        work_off(core, who, 100, (1,))
        found = purposes(core, who)
        assert found.count("work") <= 3
        assert found[-1] == "work"
        assert core.lease(who, 5).assignments == []

    def test_not_beyond_what_was_asked_for(self, core: Core) -> None:
        core.add_gold(50)
        core.add_items(300)
        for count, who in zip((1, 2, 7, 200), core.annotators(4), strict=True):
            assert len(core.lease(who, count).assignments) == count

    def test_what_one_holds_stands_in_the_order_of_places(self, core: Core, clock: Clock) -> None:
        core.add_gold(50)
        core.add_items(100, shuffles=range(100, 0, -1))
        [who] = core.annotators()
        first = [one.id for one in core.lease(who, 10).assignments]
        clock.now += MINUTE
        both = [one.id for one in core.lease(who, 25).assignments]
        assert both[:10] == first
        assert both == [row.id for row in given(core, who)]
        assert len({one.leased_until for one in core.lease(who, 25).assignments}) == 2

    def test_lapsed_gold_comes_again_and_no_second_time_is_counted(self, core: Core, clock: Clock) -> None:
        core.add_items(4)
        [only] = core.add_gold(1)
        [who] = core.annotators()
        before = {one.id for one in core.lease(who, 5).assignments}
        clock.now += 31 * MINUTE
        assert {one.id for one in core.lease(who, 5).assignments} == before
        assert core.row(gold, item=only).shown == 1
        assert sorted(row.place for row in given(core, who)) == [5, 6, 7, 8, 9]

    def test_skipped_gold_does_not_come_again(self, core: Core) -> None:
        core.add_items(60)
        core.add_gold(1)
        [who] = core.annotators()
        for _ in range(20):
            core.submit(who, core.lease_one(who), "skip")
        assert Counter(purposes(core, who)) == {"work": 19, "gold": 1}

    def test_where_nothing_is_left_it_is_not_looked_for_until_there_is_more(self, core: Core, clock: Clock) -> None:
        core.add_items(60)
        core.add_gold(1)
        [who] = core.annotators()
        work_off(core, who, 20)
        with core.database.read() as connection:
            assert placement.read(connection, core.project, [who])[who].dry == (1, 200)
        core.add_gold(5)
        clock.now += placement.SHARES_MS + 1
        work_off(core, who, 20)
        assert purposes(core, who).count("gold") == 5

    def test_what_somebody_judged_as_work_is_no_gold_for_them(self, core: Core) -> None:
        items = core.add_items(30)
        [who, other] = core.annotators(2)
        work_off(core, who, 10)
        judged = {row.item for row in given(core, who)}
        rows = [
            {"project": core.project, "item": one, "kind": "gold", "state": "active", "created_at": 0}
            for one in sorted(judged)
        ]
        core.writer.run(lambda connection: connection.execute(sa.insert(gold), rows))
        work_off(core, who, 100)
        assert set(purposes(core, who)) == {"work"}
        core.set_policy(2)
        core.sweep(core.row(item, id=items[0]).batch)
        work_off(core, other, 100)
        assert "gold" in purposes(core, other)
        assert len({row.item for row in given(core, other)}) == len(given(core, other))

    def test_a_closer_look_begins_at_once(self, core: Core) -> None:
        core.add_items(200)
        core.add_gold(60)
        [who] = core.annotators()
        core.set_person(who, session=LATER)
        core.lease(who, 2)
        core.set_person(who, session=LATER, watch=1)
        core.lease(who, 52)
        assert [purposes(core, who)[begin : begin + 5].count("gold") for begin in range(2, 52, 5)] == [1] * 10

    def test_none_is_shown_to_more_people_than_the_cap(self, core: Core) -> None:
        core.set_policy(10, gold_cap=3)
        core.add_items(60)
        golden = core.add_gold(5)
        for who in core.annotators(6):
            core.lease(who, 40)
        assert {core.row(gold, item=one).shown for one in golden} == {3}

    def test_none_where_none_is_asked_for(self, core: Core) -> None:
        core.set_policy(1, gold=False)
        core.add_items(50)
        core.add_gold(20)
        [who] = core.annotators()
        core.lease(who, 50)
        assert set(purposes(core, who)) == {"work"}


PEOPLE = 40
SIZES = {"q=a": 60, "q=b": 30, "q=c": 10}


def chi_square(counts: list[int]) -> float:
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


class TestManyLeases:
    """Thousands of leases by forty people, in lots of any size."""

    def test_blocks_places_people_and_strata(self, core: Core) -> None:
        history = self.make_history(core)
        self.check_blocks(history)
        self.check_people(core, history)
        self.check_strata(core, history)

    def make_history(self, core: Core) -> dict[int, list[Any]]:
        """By person, all that they were given; the second half of the people are no longer in a first session."""
        core.set_policy(60)
        secret = sa.update(project).where(project.c.id == core.project).values(secret=b"0123456789abcdef")
        core.writer.run(lambda connection: connection.execute(secret))
        core.add_items(300)
        core.add_gold(100, strata=[one for one, number in SIZES.items() for _ in range(number // 10)])
        people = core.annotators(PEOPLE)
        for who in people[PEOPLE // 2 :]:
            core.set_person(who, session=LATER)
        done = sa.update(assignment).where(assignment.c.state == "leased").values(state="done")
        for turn in range(14):
            for lot, who in enumerate(people):
                core.lease(who, 1 + (7 * turn + lot) % 25)
            core.writer.run(lambda connection: connection.execute(done))
        return {who: given(core, who) for who in people}

    def check_blocks(self, history: dict[int, list[Any]]) -> None:
        """Every full block holds one gold, and its place is uniform."""
        places: dict[int, list[int]] = {5: [0] * 5, 20: [0] * 20}
        for position, rows in enumerate(history.values()):
            size = 5 if position < PEOPLE // 2 else 20
            assert [row.place for row in rows] == list(range(len(rows)))
            for begin in range(0, len(rows) - size + 1, size):
                [place] = [row.place - begin for row in rows[begin : begin + size] if row.purpose == "gold"]
                places[size][place] += 1
        assert sum(places[5]) > 600
        assert sum(places[20]) > 150
        assert chi_square(places[5]) < 18.5  # the 99.9th percentile with 4 degrees of freedom
        assert chi_square(places[20]) < 43.8  # and with 19

    def check_people(self, core: Core, history: dict[int, list[Any]]) -> None:
        """Nobody sees an item twice, and `shown` counts whom gold was given to."""
        for rows in history.values():
            assert len({row.item for row in rows}) == len(rows)
        shown = Counter(row.item for rows in history.values() for row in rows if row.purpose == "gold")
        assert {row.item: row.shown for row in core.rows(gold) if row.shown} == shown

    def check_strata(self, core: Core, history: dict[int, list[Any]]) -> None:
        """Strata are shown in their shares to each person, and all gold of one about as often."""
        strata = {row.item: row.stratum for row in core.rows(gold)}
        for rows in history.values():
            seen: dict[str, int] = defaultdict(int)
            for number, row in enumerate((row for row in rows if row.purpose == "gold"), 1):
                seen[strata[row.item]] += 1
                assert all(abs(seen[one] - number * size / 100) <= 1.5 for one, size in SIZES.items())
        for stratum in SIZES:
            shown = [row.shown for row in core.rows(gold, stratum=stratum)]
            assert max(shown) - min(shown) <= 3


class TestAudits:
    def test_traps_stand_beside_gold_and_count_apart(self, core: Core) -> None:
        core.set_policy(1, audits=10)
        core.add_items(100)
        traps = set(core.add_gold(20, kind="trap", value="b"))
        core.add_gold(20)
        [who] = core.annotators()
        work_off(core, who, 40)
        found = [row.place for row in given(core, who) if row.item in traps][:4]
        assert [place // 10 for place in found] == [0, 1, 2, 3]
        state = core.row(annotator_state, annotator=who).body
        assert '"traps":[' in state
        assert '"traps":[4,0]' in state
        assert core.findings() == []

    def test_an_own_item_comes_back_after_a_while(self, core: Core, clock: Clock) -> None:
        core.set_policy(1, audits=10)
        core.add_items(100)
        [who] = core.annotators()
        work_off(core, who, 30)
        assert set(purposes(core, who)) == {"work"}, "half an hour has not gone by"
        clock.now += 31 * MINUTE
        work_off(core, who, 30)
        rows = given(core, who)
        repeats = [row for row in rows if row.purpose == "repeat"]
        assert len(repeats) == 3
        places = {row.item: row.place for row in rows if row.purpose == "work"}
        assert all(row.place - places[row.item] > placement.APART_ITEMS for row in repeats)
        assert all((row.pass_number, row.slot) == (1, None) for row in repeats)
        assert '"repeats":[3,3000]' in core.row(annotator_state, annotator=who).body
        assert core.findings() == []

    def test_traps_and_repeats_take_turns(self, core: Core, clock: Clock) -> None:
        core.set_policy(1, audits=5, gold=False)
        core.add_items(200)
        traps = set(core.add_gold(30, kind="trap"))
        [who] = core.annotators()
        work_off(core, who, 40)
        clock.now += 31 * MINUTE
        work_off(core, who, 40)
        audits = [row.item in traps for row in given(core, who) if row.purpose != "work" and row.place >= 40]
        assert audits in ([True, False] * 4, [False, True] * 4)


class TestTrapsOfItems:
    """A trap and the item that it was made of stand apart, whichever comes first."""

    def made_of(self, core: Core, sources: Sequence[int]) -> dict[int, int]:
        """A trap of each, with its source."""
        found = dict(zip(core.add_gold(len(sources), kind="trap", value="b"), sources, strict=True))
        for trap, source in found.items():
            write = sa.update(gold).where(gold.c.item == trap).values(source=source)
            core.writer.run(lambda connection, write=write: connection.execute(write))
        return found

    @pytest.mark.parametrize("seed", range(4))
    def test_of_gold_and_of_work_with_everybody(self, core: Core, clock: Clock, seed: int) -> None:
        draw = random.Random(seed)
        core.set_policy(3, audits=4, gold_first=3, gold_block=4)
        work = core.add_items(120)
        golden = core.add_gold(30)
        sources = self.made_of(core, [*golden, *golden[:10], *draw.sample(work, 20)])
        people = core.annotators(4)
        for _ in range(60):
            for who in people:
                for one in core.lease(who, draw.choice((1, 2, 5, 12))).assignments[: draw.randrange(8)]:
                    core.submit(who, one.id, draw.choice(("answer", "answer", "skip")))
            clock.now += draw.choice((1, 2, 20)) * MINUTE
        pairs: Counter[str] = Counter()
        for who in people:
            rows = given(core, who)
            assert len({row.item for row in rows if row.purpose != "repeat"}) == sum(
                row.purpose != "repeat" for row in rows
            )
            for trap, one in itertools.product(rows, rows):
                if sources.get(trap.item) == one.item or (
                    trap is not one and trap.item in sources and sources[trap.item] == sources.get(one.item)
                ):
                    pairs[self.check(core, trap, one)] += 1
        assert min(pairs[what] for what in ("trap first", "trap last", "repeat", "work")) > 0, pairs
        assert core.findings() == []

    def check(self, core: Core, trap: Any, one: Any) -> str:
        """The two are far enough from each other. Returns what it was."""
        first, last = sorted((trap, one), key=lambda row: row.place)
        assert last.leased_at - first.leased_at >= placement.APART_MS, (first, last)
        if last is trap or one.purpose != "work":  # or work could be lacking
            assert last.place - first.place > placement.APART_ITEMS
        if last is trap and one.current is not None:
            said = core.row(submit, seq=one.current)
            assert said.submitted_at > trap.leased_at or trap.leased_at - said.submitted_at >= placement.APART_MS
        return one.purpose if one.purpose in ("repeat", "work") else "trap last" if last is trap else "trap first"

    def test_work_comes_after_a_while_where_there_is_no_other(self, core: Core, clock: Clock) -> None:
        core.set_policy(1, audits=2, gold=False)
        *_, last = items = core.add_items(6)
        self.made_of(core, [last])
        [who] = core.annotators()
        work_off(core, who, 20, (1,))
        rows = given(core, who)
        assert Counter(row.purpose for row in rows) == {"work": 5, "gold": 1}
        assert last not in {row.item for row in rows}
        clock.now += placement.APART_MS
        work_off(core, who, 20, (1,))
        assert {row.item for row in given(core, who)} >= set(items)

    def test_while_somebody_holds_the_item_the_trap_waits(self, core: Core, clock: Clock) -> None:
        core.set_policy(1, audits=2, gold=False)
        items = core.add_items(60)
        [who] = core.annotators()
        held = core.lease(who, 1).assignments[0].id
        self.made_of(core, [core.assignment(held).item])
        for _ in range(20):
            clock.now += 20 * MINUTE
            for one in core.lease(who, 3).assignments:
                if one.id != held:
                    core.submit(who, one.id)
        assert "gold" not in purposes(core, who)
        core.submit(who, held)
        clock.now += placement.APART_MS
        core.lease(who, 4)
        assert purposes(core, who).count("gold") == 1
        assert len(items) == 60


class TestTraining:
    def test_the_quiz_comes_first(self, core: Core) -> None:
        core.set_policy(1, quiz=True)
        core.add_items(50)
        lessons = core.add_gold(12, kind="training")
        [who] = core.annotators()
        leased = core.lease(who, 3)
        assert (leased.held, leased.more, len(leased.assignments)) == ("training", True, 3)
        for _ in range(8):
            held = core.lease(who, 1)
            assert {core.assignment(one.id).item for one in held.assignments} <= set(lessons)
            core.submit(who, held.assignments[0].id)
        leased = core.lease(who, 5)
        assert leased.held == ""
        assert {core.assignment(one.id).purpose for one in leased.assignments} <= {"work", "gold"}
        assert len(leased.assignments) == 5
        assert core.findings() == []

    def test_who_fails_once_too_often_is_held_back(self, core: Core) -> None:
        core.set_policy(1, quiz=True, retakes=0)
        core.add_items(5)
        core.add_gold(12, kind="training")
        [who] = core.annotators()
        while (leased := core.lease(who, 1)).held == "training":
            core.submit(who, leased.assignments[0].id, answers={"q": "b"})
        assert (leased.held, leased.more, leased.assignments) == ("barred", False, [])

    def test_where_no_training_is_left_work_goes_on(self, core: Core) -> None:
        core.set_policy(1, quiz=True)
        core.add_items(5)
        core.add_gold(1, kind="training")
        [who] = core.annotators()
        core.submit(who, core.lease_one(who))
        leased = core.lease(who, 2)
        assert (leased.held, len(leased.assignments)) == ("", 2)

    def test_teaching_puts_work_aside_and_work_waits(self, core: Core) -> None:
        core.add_items(10)
        core.add_gold(3, kind="training")
        [who] = core.annotators()
        before = core.lease(who, 4).assignments
        core.set_person(who, teach=1)
        leased = core.lease(who, 4)
        assert leased.held == "training"
        assert not {one.id for one in leased.assignments} & {one.id for one in before}
        core.set_person(who)
        assert core.lease(who, 4).assignments == before

    def test_who_is_paused_gets_nothing(self, core: Core) -> None:
        core.add_items(10)
        [who] = core.annotators()
        core.lease(who, 4)
        core.set_person(who, paused=1)
        leased = core.lease(who, 4)
        assert (leased.held, leased.more, leased.assignments) == ("paused", False, [])


def test_two_requests_of_one_person_in_one_group(core: Core) -> None:
    core.add_items(60)
    core.add_gold(20)
    [who] = core.annotators()
    asked = [core.want(who, 10), core.want(who, 30)]
    first, second = core.writer.run(lambda connection: core.assigner.lease_many(connection, asked))
    assert isinstance(first, Leased)
    assert isinstance(second, Leased)
    assert second.assignments[:10] == first.assignments
    assert len({one.id for one in second.assignments}) == 30
    assert all(one.payload for one in second.assignments)
    assert core.findings() == []
