"""One's own page: figures that move in lots and after a session, so that they tell nothing about a single item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.services import growth, mine, sessions
from goldwork.services.figures import wilson
from goldwork.store.database import Database
from tests.core import MINUTE, Clock, Core
from tests.services.test_plans import plan, reads_whole
from tests.services.test_training import give, key, member, practise

HOUR = 60 * MINUTE


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


def grown(core: Core, who: int) -> growth.Growth:
    with core.database.read() as connection:
        return growth.describe(connection, member(core, who), core.database.now(connection))


def answer_gold(core: Core, who: int, value: str, kind: str = "a") -> None:
    """One gold item, answered."""
    core.submit(who, give(core, who, key(core, "gold", [kind]), "gold"), answers={"q": value})


class TestLots:
    def test_the_figure_moves_by_tens_and_after_the_session(self, core: Core, clock: Clock) -> None:
        """Asked after every single answer: nothing moves while one works, nor by fewer than ten gold items."""
        [who] = core.annotators()
        for n in range(14):
            answer_gold(core, who, "a" if n % 5 else "b")
            clock.now += MINUTE
            assert grown(core, who).accuracy is None
        clock.now += HOUR
        after = grown(core, who)
        assert after.accuracy == wilson(0.8, 10)
        assert [(lot.accuracy, lot.at) for lot in after.lots] == [(wilson(0.8, 10), clock.now - HOUR - 5 * MINUTE)]
        for _ in range(6):
            answer_gold(core, who, "a")
            assert grown(core, who).lots == after.lots
        clock.now += HOUR
        assert [lot.accuracy for lot in grown(core, who).lots] == [wilson(0.8, 10), wilson(0.9, 10)]

    def test_a_confusion_is_told_only_where_it_points_to_no_item(self, core: Core, clock: Clock) -> None:
        [who] = core.annotators()
        for n in range(10):
            answer_gold(core, who, "b" if n < 4 else "a")
        clock.now += HOUR
        assert grown(core, who).advice.kind == "none"
        core.add_items(30)
        for held in core.lease(who, 30).assignments:
            core.submit(who, held.id, answers={"q": "b"})
        assert grown(core, who).advice.kind == "none"
        clock.now += HOUR
        said = grown(core, who).advice
        assert said.text.startswith("Where “a” was right you answered “b” 4 times out of 10.")

    def test_confusions_of_training_are_told_at_once_after_the_session(self, core: Core, clock: Clock) -> None:
        core.set_policy(1, quiz=True)
        [who] = core.annotators()
        practise(core, who, "c", times=3)
        clock.now += HOUR
        assert grown(core, who).advice.kind == "confusion"


class TestAgreement:
    def judged(self, core: Core, clock: Clock) -> list[int]:
        """Two people on six finished items, who say the same of four; the first on one that waits for another."""
        core.set_policy(2)
        one, two = core.annotators(2)
        core.add_items(6)
        for place, (mine_, other) in enumerate(
            zip(core.lease(one, 6).assignments, core.lease(two, 6).assignments, strict=True)
        ):
            core.submit(one, mine_.id, answers={"q": "a"})
            core.submit(two, other.id, answers={"q": "a" if place < 4 else "b"})
        core.add_items(1)
        core.submit(one, core.lease_one(one))
        return [one, two]

    def test_with_others_on_finished_items(self, core: Core, clock: Clock) -> None:
        one, two = self.judged(core, clock)
        assert grown(core, one).agreement is None
        clock.now += HOUR
        for who in (one, two):
            assert grown(core, who).agreement == growth.Alike(wilson(4 / 6, 6), 6)

    def test_none_where_views_are_collected(self, core: Core, clock: Clock) -> None:
        core.set_policy(1, paradigm="descriptive")
        core.set_policy(2, paradigm="descriptive")
        one, two = core.annotators(2)
        core.add_items(1)
        for who in (one, two):
            core.submit(who, core.lease_one(who))
            answer_gold(core, who, "b")
        clock.now += HOUR
        found = grown(core, one)
        assert (found.agreement, found.accuracy, found.lots) == (None, None, [])


class TestPace:
    def test_the_median_of_each_week(self, core: Core, clock: Clock) -> None:
        [who] = core.annotators()
        core.add_items(14)
        held = [lease.id for lease in core.lease(who, 14).assignments]
        for seconds in ([9, 9, 1, 20, 30], [4, 4, 5, 6, 7], [3, 3, 3, 3]):
            for took in seconds:
                core.submit(who, held.pop(), seconds=float(took))
                clock.now += MINUTE
            clock.now += 7 * 24 * HOUR
        weeks = grown(core, who).weeks
        assert [(week.answers, week.seconds) for week in weeks] == [(5, 9.0), (5, 5.0)]
        assert weeks[1].at - weeks[0].at == sessions.WEEK
        assert weeks[0].at % sessions.DAY == 0


class TestRest:
    def rest(self, core: Core, who: int) -> sessions.Rest:
        with core.database.read() as connection:
            return sessions.rest(connection, member(core, who), core.database.now(connection))

    def work(self, core: Core, clock: Clock, who: int, number: int, seconds: float = 10.0) -> None:
        for held in core.lease(who, number).assignments:
            core.submit(who, held.id, seconds=seconds)
            clock.now += MINUTE // 2

    def test_minutes_begin_anew_after_ten_without_work(self, core: Core, clock: Clock) -> None:
        core.set_policy(1, session_minutes=45)
        [who] = core.annotators()
        core.add_items(100)
        assert self.rest(core, who) == sessions.Rest(0.0, 45, None)
        self.work(core, clock, who, 61)
        assert self.rest(core, who).minutes == 30.0
        clock.now += 11 * MINUTE
        assert self.rest(core, who).minutes == 0.0
        self.work(core, clock, who, 5)
        found = self.rest(core, who)
        assert (found.minutes, found.limit, found.since) == (2.0, 45, clock.now - MINUTE // 2)
        clock.now += HOUR
        assert self.rest(core, who).minutes == 0.0

    def test_a_break_is_suggested_to_the_one_it_is_about(self, core: Core, clock: Clock) -> None:
        who, other = core.annotators(2)
        core.set_policy(2)
        core.add_items(600)
        for _ in range(6):
            self.work(core, clock, who, 80)
            clock.now += HOUR
        self.work(core, clock, who, 40)
        assert self.rest(core, who).after == 0
        self.work(core, clock, who, 40, seconds=30.0)
        found = self.rest(core, who)
        assert (found.after, found.slower, found.taken_back) == (40, 2.0, 0)
        assert self.rest(core, other).after == 0
        clock.now += HOUR
        assert self.rest(core, who).after == 0
        assert grown(core, who).advice.text.startswith("In your last session you became slower after about 40 items.")


def test_the_page_reads_one_s_own_rows_alone(core: Core, clock: Clock) -> None:
    """What it costs grows with one's own work, never with the project."""
    core.set_policy(1, quiz=True)
    [who] = core.annotators()
    practise(core, who, "c", times=4)
    core.set_policy(1)
    for _ in range(10):
        answer_gold(core, who, "b")
    core.add_items(3)
    for held in core.lease(who, 3).assignments:
        core.submit(who, held.id, answers={"q": "b"})
    clock.now += HOUR
    seen: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, text: str, values: Any, _context: Any, _many: bool) -> None:
        seen.setdefault(text, values)

    sa.event.listen(core.database._readers, "before_cursor_execute", note)
    with core.database.read() as connection:
        mine.describe(connection, member(core, who), clock.now)
        sessions.rest(connection, member(core, who), clock.now)
    sa.event.remove(core.database._readers, "before_cursor_execute", note)
    hot = {text: values for text, values in seen.items() if text.startswith("SELECT")}
    assert len(hot) > 8
    with core.database.read() as connection:
        plans = {text: plan(connection, text.replace("%%", "%"), values) for text, values in hot.items()}
    assert {text: lines for text, lines in plans.items() if any(map(reads_whole, lines))} == {}
