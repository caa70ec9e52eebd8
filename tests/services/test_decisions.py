"""Decisions, their evidence, what people say of them, and what follows."""

from __future__ import annotations

import csv
import re
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from goldwork.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from goldwork.quality.evidence import Evidence
from goldwork.services import access, cases, decisions, evidence, oversight, policy, quality_days, rulings
from goldwork.services.access import Member
from goldwork.services.log import Log, decode, encode, record
from goldwork.services.signin import DAY
from goldwork.store.schema import annotator_state, item, project, ruling
from tests.core import Clock, findings
from tests.gold import add_gold, give
from tests.services.conftest import Room
from tests.services.test_monitor import answer_by_number, take_snapshot

NOTES = Path(__file__).parents[2] / "docs" / "methods" / "evidence.md"


def gold(room: Room, who: int, answers: str, *, kind: str = "gold") -> list[int]:
    """Answer gold items, each by one letter, whose right answers go through the classes. Returns the items."""
    right = "".join("abc"[n % 3] for n in range(len(answers)))
    golds = room.writer.run(
        partial(add_gold, database=room.database, project=room.project, answers=list(right), kind=kind)
    )
    purpose = "gold" if kind == "gold" else "practice"
    held = room.writer.run(
        partial(give, database=room.database, project=room.project, annotator=who, items=golds, purpose=purpose)
    )
    for one, letter, known in zip(held, answers, right, strict=True):
        room.submit(who, one, known if letter == "+" else "abc"[("abc".index(known) + 1) % 3])
    return golds


def member(room: Room, name: str, role: access.Role) -> Member:
    """Somebody new with a role."""
    who = room.add_annotator(name)

    def find(connection: sa.Connection) -> access.Person:
        found = sa.text("SELECT account FROM annotator WHERE id = :who")
        of = connection.execute(found, {"who": who}).scalar_one()
        connection.execute(sa.text("UPDATE member SET role = :role WHERE account = :of"), {"role": role, "of": of})
        return access.person_of(connection, of)

    return Member(room.writer.run(find), room.project, role)


def own(room: Room, who: int) -> Member:
    """An annotator as a member."""
    find = sa.text("SELECT account FROM annotator WHERE id = :who")
    return room.read(
        lambda connection: Member(
            access.person_of(connection, connection.execute(find, {"who": who}).scalar_one()),
            room.project,
            "annotator",
        )
    )


def rows(room: Room, **filters: Any) -> list[decisions.DecisionRow]:
    return room.read(decisions.list_decisions, room.project, **filters).rows


def find(room: Room, kind: decisions.Kind) -> decisions.DecisionRow:
    return rows(room, kind=kind)[0]


def rule(room: Room, mine: Member, one: decisions.DecisionRow, verdict: Any, text: str = "Why.", **more: Any) -> None:
    room.writer.run(
        lambda connection: rulings.rule(connection, room.database, mine, one.seq, one.number, verdict, text, **more)
    )


def appeal(room: Room, mine: Member, one: decisions.DecisionRow, text: str = "I was right.") -> None:
    room.writer.run(lambda connection: rulings.appeal(connection, room.database, mine, one.seq, one.number, text))


def state(room: Room, who: int) -> dict[str, Any]:
    of = sa.select(annotator_state.c.body).where(annotator_state.c.annotator == who)
    return dict(decode(room.read(lambda connection: connection.execute(of).scalar_one())))


def present_e(room: Room, who: int) -> float:
    return msgspec.convert(state(room, who).get("evidence", {}), Evidence).value


def set_floor(room: Room, floor: int) -> None:
    def write(connection: sa.Connection) -> None:
        where = project.c.id == room.project
        found = connection.execute(sa.select(project.c.policy, project.c.policy_version).where(where)).one()
        policy, version = decode(found.policy) | {"floor": floor}, found.policy_version + 1
        values = {"policy": encode(policy).decode(), "policy_version": version}
        connection.execute(sa.update(project).where(where).values(values))
        record(connection, room.database, room.project, "policy", {"policy": policy, "version": version, "by": 1})

    room.writer.run(write)


def correct(room: Room, who: int, of: int, was: str, now: str | None, score: int | None) -> None:
    """A gold answer that was wrong is corrected, or withdrawn: the event, as the service for gold writes it."""

    def coded(value: str | None) -> dict[str, list[int]]:
        return {} if value is None else {"kind": ["abc".index(value), 3]}

    def write(connection: sa.Connection) -> None:
        log = Log(connection, room.database, room.project)
        log.load({of}, {who})
        log.load_results({who})
        said = coded("abc"[("abc".index(was) + 1) % 3])
        body = {"item": of, "gold": "gold", "known": coded(now), "was": coded(was), "drawn": False, "was_drawn": False}
        log.add("gold", body | {"stratum": f"kind={now}", "scores": {str(who): score}, "said": {str(who): said}})
        log.flush()

    room.writer.run(write)


@pytest.fixture
def clock(room: Room) -> Clock:
    """The installation's time, which the test moves."""
    room.database.now = clock = Clock()
    return clock


@pytest.fixture
def accused(room: Room) -> tuple[Room, Member, int]:
    """A manager, and somebody who was warned and set aside on five gold items after some work."""
    room.add_items(4)
    who = room.add_annotator("Rana")
    assert room.judge(who, lambda _: "a") == 4
    gold(room, who, "-+---")
    return room, Member(room.manager, room.project, "manager"), who


class TestEvidence:
    def test_each_result_with_what_it_made_of_e(self, accused: tuple[Room, Member, int]) -> None:
        room, _, who = accused
        one = find(room, "quarantine")
        assert (one.about, one.subject, one.name, one.standing) == ("annotator", who, "Rana", None)
        case = room.read(cases.find_case, room.project, one.seq, one.number)
        assert [result.score for result in case.gold] == [0, 1, 0, 0, 0][: len(case.gold)]
        assert len(case.gold) > 3
        assert round(case.e or 0, 3) == case.gold[-1].e == one.evidence["e"]
        assert case.gold[-2].e is not None
        assert case.gold[-2].e < 20 <= case.gold[-1].e
        first = case.gold[0]
        assert (first.answers, first.known, first.fields) == (
            {"kind": "b"},
            {"kind": ["a"]},
            {"text": "gold text 0"},
        )
        assert (first.floor, first.stratum, first.state) == (0.85, "kind=a", "active")

    def test_a_decision_about_an_item(self, room: Room) -> None:
        room.add_items(1)
        for name in ("Ada", "Ben"):
            room.judge(room.add_annotator(name), lambda _: "b")
        one = find(room, "complete")
        assert (one.about, one.called, one.name) == ("item", "i0", None)
        case = room.read(cases.find_case, room.project, one.seq, one.number)
        assert case.item is not None
        assert case.gold == []
        assert [given.answers for given in case.item.answers.answers] == [{"kind": "b"}] * 2
        assert (case.item.status, case.item.wanted) == ("complete", 2)
        assert case.item.sure is not None
        assert 0.5 < case.item.sure < 1
        assert [(one.aside, len(one.reliability)) for one in case.item.weights] == [(False, 1)] * 2
        assert case.item.weights[0].reliability[0].judgements == pytest.approx(1, abs=0.01)

    def test_a_quiz_that_was_passed(self, accused: tuple[Room, Member, int]) -> None:
        room, _, who = accused
        gold(room, who, "+-+++++++++++", kind="training")
        one = find(room, "qualified")
        case = room.read(cases.find_case, room.project, one.seq, one.number)
        assert [result.score for result in case.gold] == [1, 0, *[1] * (one.evidence["done"] - 2)]
        assert case.e is None
        assert case.gold[1].known == {"kind": ["b"]}

    def test_what_is_not_there(self, accused: tuple[Room, Member, int]) -> None:
        room, *_ = accused
        with pytest.raises(NotFoundError):
            room.read(cases.find_case, room.project, 1, 0)

    def test_every_e_is_recomputed_by_the_script_in_the_notes(
        self, accused: tuple[Room, Member, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """After a change of the floor, teaching, a reversal and a corrected gold answer: from the export alone."""
        room, boss, who = accused
        fine, cleared, mended, lately = (room.add_annotator(name) for name in ("Fay", "Clem", "Mel", "Lou"))
        gold(room, fine, "++++++-+++++")
        gold(room, cleared, "------")
        rule(room, boss, find(room, "quarantine"), "overruled")
        gold(room, cleared, "+-")
        gold(room, who, "+" * 12, kind="training")
        set_floor(room, 7000)
        gold(room, who, "+-+")
        of, *_ = gold(room, mended, "-+-+-")
        gold(room, lately, "--")
        set_floor(room, 8000)
        correct(room, mended, of, "a", "b", 1000)
        gold(room, mended, "+-")
        withdrawn, *_ = gold(room, fine, "-+")
        correct(room, fine, withdrawn, "a", None, None)
        people = (who, fine, cleared, mended, lately)
        stored = {one: present_e(room, one) for one in people}
        assert stored[who] != 1
        assert stored[cleared] > 1
        assert len(set(stored.values())) == 5

        file = tmp_path / "evidence.csv"
        file.write_text(room.read(evidence.to_csv, room.project), encoding="utf-8")
        [script] = re.findall(r"```python\n(.*?)```", NOTES.read_text(encoding="utf-8"), re.DOTALL)
        exec(script, {"FILE": str(file)})
        printed = {name: float(e) for name, e in (line.split() for line in capsys.readouterr().out.splitlines())}
        table = sa.text("SELECT id, pseudonym FROM annotator")
        names = dict(room.read(lambda connection: [tuple(row) for row in connection.execute(table)]))
        assert printed == pytest.approx({names[one]: e for one, e in stored.items()}, rel=1e-12)

        told = room.read(evidence.to_json, room.project)
        assert {one.annotator: one.e for one in told.annotators} == pytest.approx(printed, rel=1e-12)
        listed = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
        assert tuple(listed[0]) == told.columns
        assert sum(len(one.results) for one in told.annotators) == len(listed) - 1
        assert findings(room.database) == []


class TestLists:
    def test_filters_and_pages(self, accused: tuple[Room, Member, int]) -> None:
        room, boss, who = accused
        gold(room, who, "----")
        everything = rows(room)
        assert [one.seq for one in everything] == sorted((one.seq for one in everything), reverse=True)
        assert {one.kind for one in everything} >= {"warn", "quarantine", "propose"}
        assert rows(room, about="annotator", subject=who) == [one for one in everything if one.about == "annotator"]
        assert {one.kind for one in rows(room, standing="waiting")} == {"propose"}
        rule(room, boss, find(room, "warn"), "upheld")
        assert [one.kind for one in rows(room, standing="ruled")] == ["warn"]
        paged, after = [], None
        while True:
            page = room.read(decisions.list_decisions, room.project, after=after, limit=1)
            paged += page.rows
            if (after := page.next) is None:
                break
        assert [one.seq for one in paged] == [one.seq for one in rows(room)]

    def test_what_waits_is_not_answered_by_a_word_on_something_else(self, accused: tuple[Room, Member, int]) -> None:
        room, boss, who = accused
        appeal(room, own(room, who), find(room, "quarantine"))
        rule(room, boss, find(room, "warn"), "upheld")
        assert [one.kind for one in rows(room, standing="waiting")] == ["quarantine"]
        assert [one.kind for one in rows(room, standing="ruled")] == ["warn"]
        rule(room, boss, find(room, "quarantine"), "upheld")
        assert rows(room, standing="waiting") == []

    @pytest.mark.parametrize(
        "filters",
        [{"about": "annotator"}, {"kind": "propose"}, {"standing": "waiting"}, {"about": "annotator", "subject": 2}],
        ids=str,
    )
    def test_those_about_people_are_found_among_many(self, room: Room, filters: dict[str, Any]) -> None:
        """SQLite reads an index of them, not all decisions."""
        if room.database.dialect != "sqlite":
            return
        plans: list[str] = []

        def explain(connection: sa.Connection) -> None:
            def note(_connection: Any, cursor: Any, text: str, values: Any, _context: Any, _many: bool) -> None:
                if "FROM decision" in text:
                    plans.extend(row[-1] for row in cursor.connection.execute(f"EXPLAIN QUERY PLAN {text}", values))

            sa.event.listen(connection, "before_cursor_execute", note)
            decisions.list_decisions(connection, room.project, **filters)

        room.read(explain)
        assert re.fullmatch(r"(SEARCH|SCAN) decision USING INDEX ix_decision_.*", plans[0]), plans

    def test_what_cannot_be_asked(self, room: Room) -> None:
        for wrong in ({"limit": 0}, {"after": "x"}, {"after": "1." + "9" * 30}, {"subject": 3}):
            with pytest.raises(InputError):
                rows(room, **wrong)


class TestOneself:
    def test_a_warning_waits_for_its_lot(self, room: Room) -> None:
        who = room.add_annotator("Wanda")
        mine = own(room, who)
        gold(room, who, "+++---")
        assert find(room, "warn").evidence["gold"] < 10
        told: list[decisions.MyDecision] = room.read(decisions.my_decisions, mine)
        assert told == []
        assert not rows(room, kind="quarantine")
        with pytest.raises(NotFoundError):
            appeal(room, mine, find(room, "warn"))
        gold(room, who, "+++")
        assert room.read(decisions.my_decisions, mine) == []
        gold(room, who, "+")
        [warned] = room.read(decisions.my_decisions, mine)
        assert (warned.kind, warned.right, warned.floor, warned.may_appeal) == ("warn", None, 0.85, True)

    def test_what_was_measured_and_how_often(self, accused: tuple[Room, Member, int]) -> None:
        room, _, who = accused
        told = {one.kind: one for one in room.read(decisions.my_decisions, own(room, who))}
        assert set(told) == {"warn", "quarantine"}  # more has followed: there is no lot to wait for
        one = told["quarantine"]
        assert one.gold is not None
        assert one.gold < 10
        assert (one.lots, one.right) == (0, None)
        assert one.e is not None
        assert one.e >= 20
        assert one.floor == 0.85
        gold(room, who, "--------")
        one = next(one for one in room.read(decisions.my_decisions, own(room, who)) if one.kind == "propose")
        assert one.gold is not None
        assert one.lots == one.gold // 10 * 10

    def test_nothing_of_others(self, accused: tuple[Room, Member, int]) -> None:
        room, *_ = accused
        other = own(room, room.add_annotator("Otto"))
        assert room.read(decisions.my_decisions, other) == []
        with pytest.raises(NotFoundError):
            appeal(room, other, find(room, "quarantine"))


class TestRulings:
    def test_an_appeal_once_and_answered_by_another(self, accused: tuple[Room, Member, int]) -> None:
        room, boss, who = accused
        mine, one = own(room, who), find(room, "quarantine")
        rule(room, boss, one, "upheld", "Four of five were wrong.", action="pause")
        assert state(room, who)["paused"] == 1
        appeal(room, mine, one, "The guideline says otherwise.")
        assert find(room, "quarantine").standing == "waiting"
        with pytest.raises(ConflictError, match="already") as refused:
            appeal(room, mine, one)
        assert refused.value.reason == "appealed"
        with pytest.raises(ConflictError, match="no other manager yet") as refused:
            rule(room, boss, one, "noted")
        assert refused.value.reason == "same_person"
        other = member(room, "Nora", "manager")
        with pytest.raises(ConflictError, match="Ask another manager"):
            rule(room, boss, one, "upheld")
        rule(room, other, one, "overruled", "It does.")
        room.worker.drain()
        now = state(room, who)
        assert (now["paused"], "out" in now, "evidence" in now) == (0, False, False)
        said = find(room, "quarantine")
        assert [(word.kind, word.action, word.by) for word in said.statements] == [
            ("upheld", "pause", "Mona"),
            ("appeal", "", "Rana"),
            ("overruled", "resume", "Nora"),
        ]
        assert said.standing == "ruled"
        with pytest.raises(ConflictError, match="overruled already"):
            rule(room, boss, one, "upheld")
        rule(room, boss, one, "noted", "So be it.")
        assert rows(room, kind="restored")[0].subject == who
        assert findings(room.database) == []

    def test_what_may_not_be_said(self, accused: tuple[Room, Member, int]) -> None:
        room, boss, who = accused
        one = find(room, "quarantine")
        for text in ("", "  \n", "x" * 4001):
            with pytest.raises(InputError, match="text"):
                rule(room, boss, one, "upheld", text)
        with pytest.raises(ForbiddenError, match="manager"):
            rule(room, own(room, who), one, "overruled")
        herself = msgspec.structs.replace(own(room, who), role="manager")
        with pytest.raises(ForbiddenError, match="about you"):
            rule(room, herself, one, "overruled")
        assert room.read(lambda connection: connection.execute(sa.select(ruling)).all()) == []

    def test_a_proposal_waits(self, accused: tuple[Room, Member, int]) -> None:
        room, boss, who = accused
        gold(room, who, "-----")
        room.worker.drain()
        assert "paused" not in state(room, who)
        assert rows(room, standing="waiting")[0].kind == "propose"
        rule(room, boss, find(room, "propose"), "upheld", "We have talked.", action="pause")
        assert state(room, who)["paused"] == 1
        assert not rows(room, standing="waiting")

    def test_an_item_is_asked_for_again(self, room: Room) -> None:
        room.add_items(1)
        for name in ("Ada", "Ben"):
            room.judge(room.add_annotator(name), lambda _: "b")
        boss = Member(room.manager, room.project, "manager")
        with pytest.raises(InputError, match="action"):
            rule(room, boss, find(room, "complete"), "upheld", action="pause")
        rule(room, boss, find(room, "complete"), "overruled", "Look at the picture.")
        wanted = sa.select(item.c.wanted)
        assert room.read(lambda connection: connection.execute(wanted).scalar_one()) == 3
        with pytest.raises(InputError, match="cannot be overruled"):
            rule(room, boss, find(room, "reopened"), "overruled")
        assert room.judge(room.add_annotator("Cleo"), lambda _: "c") == 1
        assert findings(room.database) == []

    def test_who_failed_the_quiz_may_try_again(self, room: Room) -> None:
        def ask(connection: sa.Connection) -> None:
            policy = {"overlap": 2, "quiz": True, "retakes": 0}
            values = {"policy": encode(policy).decode(), "policy_version": 2}
            connection.execute(sa.update(project).where(project.c.id == room.project).values(values))
            record(connection, room.database, room.project, "policy", {"policy": policy, "version": 2, "by": 1})

        room.writer.run(ask)
        who = room.add_annotator("Quin")
        gold(room, who, "-----", kind="training")
        assert state(room, who)["training"]["barred"] == 1
        [barred] = room.read(oversight.oversee, room.database, room.project).waiting.unqualified
        assert (barred.annotator, barred.seq) == (who, find(room, "unqualified").seq)
        rule(room, Member(room.manager, room.project, "manager"), find(room, "unqualified"), "overruled")
        assert "barred" not in state(room, who)["training"]


class TestOversight:
    def test_an_empty_project(self, room: Room) -> None:
        page = room.read(oversight.oversee, room.database, room.project)
        assert (page.today, page.waiting.proposals, page.quality.trend, page.cost.per_item) == ([], 0, [], None)
        assert page.overturned.rate.value is None
        assert room.read(oversight.tracks, room.project) == oversight.Tracks([], None, 0)

    def test_its_figures(self, accused: tuple[Room, Member, int]) -> None:
        room, boss, who = accused
        gold(room, who, "------")
        appeal(room, own(room, who), find(room, "quarantine"))
        page = room.read(oversight.oversee, room.database, room.project)
        made = {one.kind: one.count for one in page.today}
        assert {kind: made.get(kind) for kind in ("warn", "quarantine", "propose")} == {
            "warn": 1,
            "quarantine": 1,
            "propose": 1,
        }
        assert (page.waiting.proposals, page.waiting.appeals) == (1, 1)
        assert (page.cost.judgements, page.cost.gold, page.cost.gold_share) == (15, 11, pytest.approx(11 / 15))
        assert page.quality.tested == 11
        assert page.quality.gold.value == pytest.approx(1 / 11)
        assert [day.gold for day in page.quality.trend] == [11]
        rule(room, boss, find(room, "quarantine"), "overruled")
        page = room.read(oversight.oversee, room.database, room.project)
        assert (page.overturned.ruled, page.overturned.overruled, page.overturned.appealed) == (1, 1, 1)
        assert page.overturned.rate.value == 1
        assert page.waiting.appeals == 0

    def test_how_it_stood_day_by_day(self, room: Room, clock: Clock) -> None:
        """Sums of which no past is kept are written down once a day; a day without figures has its gold alone."""
        boss, quality = Member(room.manager, room.project, "manager"), {"gold": False}  # none but what is given here
        room.writer.run(lambda connection: policy.set_policy(connection, room.database, boss, quality=quality))
        room.add_items(6)
        people = [room.add_annotator(name) for name in ("Ann", "Ben", "Cleo")]
        for who in people[:2]:
            room.judge(who, answer_by_number)
            gold(room, who, "+-")
        take_snapshot(room)
        first = room.read(oversight.oversee, room.database, room.project).quality
        clock.now += DAY
        gold(room, people[2], "+++")
        clock.now += DAY
        room.import_items("id,text\nj1,text 7\nj2,text 8\n")
        for who in people[1:]:
            room.judge(who, answer_by_number)
        take_snapshot(room)
        gold(room, people[0], "-")
        clock.now += DAY
        last = room.read(oversight.oversee, room.database, room.project).quality
        days = [quality_days.day_of(clock.now // DAY - before) for before in (3, 2, 1)]
        assert [day.day for day in last.trend] == days
        assert [day.gold for day in last.trend] == [4, 3, 1]
        assert [day.right.value for day in last.trend] == [0.5, 1.0, 0.0]
        begin, between, end = last.trend
        assert (begin.confidence, begin.measured) == (first.confidence, first.measured)
        assert begin.measured < end.measured
        assert begin.agreement.value is not None
        assert first.agreement is not None
        assert begin.agreement.value == first.agreement.value
        assert (between.confidence, between.agreement.value, between.audits.value) == (None, None, None)
        clock.now += (oversight.DAYS - 1) * DAY
        assert [day.day for day in room.read(oversight.oversee, room.database, room.project).quality.trend] == [days[2]]

    def test_annotators_over_time(self, accused: tuple[Room, Member, int]) -> None:
        room, boss, who = accused
        fine = room.add_annotator("Fay")
        gold(room, fine, "+" * 70)
        found = room.read(oversight.tracks, room.project)
        assert [(one.annotator, one.stage) for one in found.rows] == [(who, "quarantine"), (fine, "")]
        bad, good = found.rows
        assert bad.aside
        assert bad.e == pytest.approx(present_e(room, who), abs=1e-3) == bad.points[-1].e
        assert len(good.points) == oversight.POINTS
        assert good.points[-1].gold == 70
        assert good.points[-1].right.value == 1
        assert good.points[-1].right.low == pytest.approx(0.84, abs=0.01)
        rule(room, boss, find(room, "quarantine"), "overruled")
        gold(room, who, "+")
        assert room.read(oversight.tracks, room.project, 1).rows[0].points[-1].e < 1

    def test_the_first_event_since(self, room: Room) -> None:
        def seqs(connection: sa.Connection) -> list[tuple[int, int]]:
            return [tuple(row) for row in connection.execute(sa.text("SELECT seq, at FROM event ORDER BY seq"))]  # type: ignore[misc]

        room.add_items(3)
        stored = room.read(seqs)
        last, times = stored[-1][0], sorted({at for _, at in stored})
        for at in (0, *times, times[-1] + 1):
            expected = next((seq for seq, of in stored if of >= at), last + 1)
            assert room.read(oversight.first_since, room.project, last, at) == expected
