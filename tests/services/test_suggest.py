"""Suggestions: what a model predicted, whom it is shown to, what is kept of that, and that nothing else is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from goldwork.errors import AnswerError, InputError
from goldwork.quality.engine import Event, Policy
from goldwork.quality.replay import Replay
from goldwork.services import access, answers, monitor, policy, projects, suggest, tables
from goldwork.services.assign import Lease
from goldwork.services.check import check
from goldwork.services.forms import current_form
from goldwork.services.suggest import is_hidden
from goldwork.store.schema import annotator, assignment, event, item, submit
from tests.services.conftest import FORM
from tests.services.test_export import start
from tests.services.test_monitor import take_snapshot

CHOICE = FORM["questions"][0]["task"]
THREE = {
    "questions": [
        {"name": "kind", "title": "Which kind?", "task": CHOICE},
        {"name": "ripe", "title": "How ripe?", "task": {"type": "rating", "low": 1, "high": 5}},
        {"name": "why", "title": "Why?", "task": CHOICE, "optional": True},
    ]
}


def findings(room: Any) -> list[Any]:
    return list(room.read(lambda connection: list(check(connection))))


def predict(room: Any, rows: str, **request: Any) -> Any:
    """Import a model's judgements."""
    given = {"what": "judgements", "id": None, "fields": {}, "kind": "model"} | request
    return room.import_items("item,annotator,label\n" + rows, "predictions.csv", **given)


def suggests(room: Any, name: str | None = "bert", share: float | None = None, **asked: Any) -> None:
    mine = access.Member(room.manager, room.project, "manager")
    given = {"suggestions": name, "hidden_share": share} | asked
    room.writer.run(partial(policy.set_policy, database=room.database, mine=mine, **given))


@pytest.fixture
def filled(room: Any) -> Any:
    """Twenty items, each predicted to be b by bert."""
    room.add_items(20)
    job = predict(room, "".join(f"i{n},bert,b\n" for n in range(20)))
    assert (job.state, job.error) == ("done", None)
    return room


@pytest.fixture
def full(filled: Any) -> Iterator[Any]:
    """The same, and check has nothing to say in the end."""
    yield filled
    assert findings(filled) == []


class TestImport:
    def test_predictions_fill_nothing(self, full: Any) -> None:
        wanted = full.read(lambda c: c.execute(sa.select(item.c.wanted, item.c.taken).distinct()).all())
        assert [tuple(row) for row in wanted] == [(2, 0)]
        made = full.read(lambda c: c.execute(sa.select(assignment.c.slot, assignment.c.purpose).distinct()).all())
        assert [tuple(row) for row in made] == [(None, "import")]
        rows = full.read(lambda c: c.execute(sa.select(submit.c.surplus, submit.c.suggestion).distinct()).all())
        assert [tuple(row) for row in rows] == [(False, None)]
        one, two, three = (full.add_annotator(name) for name in ("Ann", "Bob", "Cam"))
        assert full.judge(one, lambda _payload: "a") == 20
        assert full.judge(two, lambda _payload: "a") == 20
        assert full.judge(three, lambda _payload: "a") == 0

    def test_figures_are_of_people(self, full: Any) -> None:
        one, two = full.add_annotator("Ann"), full.add_annotator("Bob")
        for who in (one, two):
            full.judge(who, lambda _payload: "a", 15)
        take_snapshot(full)
        found = full.read(monitor.overview, full.database, full.project)
        assert (found.judgements, found.annotators, found.items.started, found.items.done) == (30, 2, 15, 15)
        assert {one.name for one in found.people} == {"Ann", "Bob"}
        assert all(one.agreement_with_others.value == 1.0 for one in found.people)
        assert found.agreement.judgements == 30
        assert (found.consensus.items, found.pace.last_hour) == (15, 30)
        assert {one.value: (one.judgements, one.consensus_items) for one in found.classes["kind"]} == {
            "a": (30, 15), "b": (0, 0), "c": (0, 0),
        }  # fmt: skip
        rows = full.read(monitor.consensus_rows, full.project).rows
        assert {(row.label, row.judgements, len(row.votes)) for row in rows} == {("a", 2, 1)}
        assert full.read(monitor.ledger, full.project)[0].answers == 15
        summary = full.read(projects.summarise, access.Member(full.manager, full.project, "manager"))
        assert (summary.judgements, summary.items_done) == (30, 15)

    def test_only_predictions_are_no_figures(self, full: Any) -> None:
        take_snapshot(full)
        found = full.read(monitor.overview, full.database, full.project)
        assert (found.judgements, found.agreement, found.consensus, found.people) == (0, None, None, [])

    def test_a_column_says_who_is_what(self, room: Any) -> None:
        room.add_items(1)
        content = "item,annotator,label,kind\ni0,ann,a,human\ni0,bert,b,model\ni0,cam,a,\n"
        job = room.import_items(content, "labels.csv", what="judgements", id=None, fields={})
        assert (job.state, job.error) == ("done", None)
        kinds = dict(room.read(lambda c: c.execute(sa.select(annotator.c.pseudonym, annotator.c.kind)).all()))
        assert {name: kinds[name] for name in ("ann", "bert", "cam")} == {
            "ann": "human", "bert": "model", "cam": "human",
        }  # fmt: skip
        rows = [json.loads(line) for line in start(room, "judgements", "jsonl").read_text().splitlines()]
        assert [row["kind"] for row in rows] == ["human", "model", "human"]
        assert [row["surplus"] for row in rows] == [False, False, False]
        shown = room.read(
            answers.item_answers, room.project, room.read(lambda c: c.execute(sa.select(item.c.id)).scalar())
        )
        assert {one.pseudonym: one.kind for one in shown.answers}["bert"] == "model"

    @pytest.mark.parametrize(
        ("rows", "column", "said"),
        [
            ("i0,ann,a,robot\n", "kind", "must be one of human, model. Got 'robot'."),
            ("i0,ann,a,gold\n", "kind", "must be one of human, model. Got 'gold'."),
            ("i0,ann,a,human\ni1,ann,a,model\n", "kind", "'ann' is human in an earlier row and model here."),
            ("i1,bert,a,human\n", "annotator", "'bert' is model in the project already."),
            ("i0,bert,c,model\n", "item", "'bert' has judged this item in the project already."),
        ],
    )
    def test_what_is_wrong_is_said(self, room: Any, rows: str, column: str, said: str) -> None:
        room.add_items(2)
        assert predict(room, "i0,bert,b\n").state == "done"
        content = "item,annotator,label,kind\n" + rows
        job = room.import_items(content, "labels.csv", what="judgements", id=None, fields={})
        assert job.state == "failed"
        [first, *_] = job.error.details["errors"]
        assert first["column"] == column
        assert said in first["message"]

    def test_a_prediction_may_leave_questions_out(self, room: Any) -> None:
        room.make_project(THREE)
        room.add_items(2)
        content = "item,annotator,label,question\ni0,{0},2,ripe\ni1,{0},a,kind\n"
        refused = room.import_items(content.format("ann"), "l.csv", what="judgements", id=None, fields={})
        assert "answered no question" in refused.error.message
        given = {"what": "judgements", "id": None, "fields": {}, "kind": "model"}
        job = room.import_items(content.format("bert"), "l.csv", **given)
        assert (job.state, job.error) == ("done", None)
        suggests(room, share=0)
        ann = room.add_annotator("Ann")
        held = sorted(room.lease(ann, 2), key=lambda lease: lease.payload)
        assert [dict(lease.suggestions) for lease in held] == [{"ripe": 2}, {"kind": "a"}]
        with pytest.raises(AnswerError, match="missing"):
            room.submit(ann, held[0].id, answers={"ripe": 2})
        assert findings(room) == []


class TestPolicy:
    def test_a_model_is_named_that_is_there(self, full: Any) -> None:
        mine = access.Member(full.manager, full.project, "manager")
        before = full.read(projects.describe, mine)
        assert (before.suggestions, before.models, before.hidden_share) == ("", ["bert"], 0.1)
        for asked, said in (({"name": "gpt"}, "one of bert"), ({"share": 1.5}, "0 to 1"), ({"share": -0.1}, "0 to 1")):
            with pytest.raises(InputError, match=said):
                suggests(full, **({"name": None} | asked))
        suggests(full, share=0.25)
        after = full.read(projects.describe, mine)
        assert (after.suggestions, after.hidden_share, after.overlap) == ("bert", 0.25, 2)
        suggests(full, None, overlap=3)
        assert full.read(projects.describe, mine).suggestions == "bert"
        suggests(full, "")
        assert full.read(projects.describe, mine).suggestions == ""

    def test_a_project_without_a_model(self, room: Any) -> None:
        with pytest.raises(InputError, match="no model's judgements were imported yet"):
            suggests(room)

    def test_another_project_has_its_own(self, full: Any) -> None:
        first = full.project
        full.make_project()
        with pytest.raises(InputError, match="no model's"):
            suggests(full)
        full.project = first

    def test_an_old_policy_suggests_nothing(self) -> None:
        old = msgspec.convert({"overlap": 3, "lease_ms": 1000}, Policy)
        assert (old.suggestions, suggest.hidden_share(old)) == ("", 0.1)


class TestLease:
    def test_off(self, full: Any) -> None:
        ann = full.add_annotator("Ann")
        assert all(not lease.suggestions for lease in full.lease(ann, 20))

    @pytest.mark.parametrize(("share", "said"), [(0, {"kind": "b"}), (1, {})])
    def test_all_or_none(self, full: Any, share: float, said: Any) -> None:
        suggests(full, share=share)
        ann = full.add_annotator("Ann")
        held = full.lease(ann, 20)
        assert [dict(lease.suggestions) for lease in held] == [said] * 20
        assert [dict(lease.suggestions) for lease in full.lease(ann, 20)] == [said] * 20

    def test_the_lot_is_the_id(self, full: Any) -> None:
        suggests(full, share=0.5)
        ann, bob = full.add_annotator("Ann"), full.add_annotator("Bob")
        held = [*full.lease(ann, 20), *full.lease(bob, 20)]
        for lease in held:
            assert bool(lease.suggestions) == (not is_hidden(lease.id, 0.5))
        assert {bool(lease.suggestions) for lease in held} == {True, False}

    def test_only_where_there_is_one(self, room: Any) -> None:
        room.add_items(2)
        predict(room, "i0,bert,c\n")
        suggests(room, share=0)
        ann = room.add_annotator("Ann")
        said = {json.loads(lease.payload)["text"]: dict(lease.suggestions) for lease in room.lease(ann, 2)}
        assert said == {"text 0": {"kind": "c"}, "text 1": {}}

    def test_of_two_models_the_one_that_is_named(self, full: Any) -> None:
        predict(full, "".join(f"i{n},gpt,c\n" for n in range(20)))
        suggests(full, "gpt", 0)
        assert full.lease(full.add_annotator("Ann"))[0].suggestions == {"kind": "c"}

    def test_what_was_served_stays(self, full: Any) -> None:
        predict(full, "".join(f"i{n},gpt,c\n" for n in range(20)))
        suggests(full, share=0)
        ann = full.add_annotator("Ann")
        [held] = full.lease(ann)
        suggests(full, "gpt", 1)
        assert full.lease(ann)[0].suggestions == {"kind": "b"}
        receipt = full.submit(ann, held.id, "b")
        full.submit(ann, held.id, kind="undo", answers={})
        assert full.lease(ann)[0].suggestions == {"kind": "b"}
        row = full.read(lambda c: c.execute(sa.select(submit).where(submit.c.seq == receipt.seq)).one())
        assert row.suggestion == "shown"

    def test_a_lapsed_lease_comes_back_with_it(self, full: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        suggests(full, share=0)
        ann = full.add_annotator("Ann")
        before = {lease.id for lease in full.lease(ann, 20)}
        suggests(full, "")
        now = full.read(full.database.now)
        monkeypatch.setattr(full.database, "now", lambda _connection: now + 40 * 60_000)
        again = full.lease(ann, 20)
        assert {lease.id for lease in again} == before
        assert all(lease.suggestions == {"kind": "b"} for lease in again)

    def test_people_of_one_group_get_their_own(self, full: Any) -> None:
        suggests(full, share=0.5)
        first = full.project
        full.make_project()
        full.add_items(3)
        second, full.project = full.project, first
        people = [full.add_annotator(name) for name in ("Ann", "Bob")]
        asked = [Lease(first, people[0], 5), Lease(second, people[0], 3), Lease(first, people[1], 5)]
        for leased, project in zip(full.writer.many(full.assigner.lease_many, asked), (1, 0, 1), strict=True):
            for lease in leased.assignments:
                assert dict(lease.suggestions) == ({"kind": "b"} if project and not is_hidden(lease.id, 0.5) else {})

    def test_nothing_is_read_for_it_where_it_is_off(self, full: Any) -> None:
        statements: list[str] = []
        ann = full.add_annotator("Ann")

        def note(*event: Any) -> None:
            statements.append(event[2])

        for share, more in ((None, 0), (0, 2)):
            if share is not None:
                suggests(full, share=share)
            sa.event.listen(sa.Engine, "before_cursor_execute", note)
            full.lease(ann, 3 if share is None else 6)
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
            about = [one for one in statements if "annotator.kind" in one or "FROM judgement" in one]
            assert len(about) == more, about
            statements.clear()


class TestSubmit:
    def test_what_was_served_is_kept(self, full: Any) -> None:
        suggests(full, share=0.5)
        ann = full.add_annotator("Ann")
        held = full.lease(ann, 20)
        said = {}
        for number, lease in enumerate(held):
            receipt = full.submit(ann, lease.id, None if number == 0 else "b")
            said[receipt.seq] = "hidden" if is_hidden(lease.id, 0.5) else "shown"
        where = submit.c.seq.in_(list(said))
        rows = full.read(lambda c: c.execute(sa.select(submit.c.seq, submit.c.suggestion).where(where)).all())
        assert dict(rows) == said
        bodies = full.read(lambda c: c.execute(sa.select(event.c.seq, event.c.body).where(event.c.seq.in_(said))).all())
        assert {seq: json.loads(body)["suggestion"] for seq, body in bodies} == said
        form = full.read(current_form, full.project)
        submits = full.read(tables.read_submits, full.project, full.read(tables.last_seq, full.project))
        table = full.read(tables.read_table, full.project, submits, form).humans()
        assert sorted(table.context["suggestion"].tolist()) == sorted(list(said.values())[1:])

    def test_replay_decides_the_same(self, full: Any) -> None:
        suggests(full, share=0.5)
        for name in ("Ann", "Bob"):
            full.judge(full.add_annotator(name), lambda _payload: "b", 12)
        replay = Replay()
        log = full.read(lambda c: c.execute(sa.select(event).where(event.c.project == full.project)).all())
        for row in sorted(log, key=lambda row: row.seq):
            replay.step(Event(row.seq, row.kind, json.loads(row.body), row.at))
        assert replay.project()["answer"] == 24
        assert replay.policy().suggestions == "bert"

    def test_an_answer_tells_no_more_than_it_must(self, full: Any) -> None:
        """A client's own word about what it was shown is no field of a submit."""
        suggests(full, share=1)
        ann = full.add_annotator("Ann")
        [held] = full.lease(ann)
        with pytest.raises(TypeError):
            full.submit(ann, held.id, "b", suggestion="shown")


@pytest.mark.parametrize(
    ("altered", "said"),
    [
        ("UPDATE submit SET suggestion = 'hidden' WHERE suggestion = 'shown'", "submit"),
        ("UPDATE submit SET suggestion = NULL WHERE suggestion = 'shown'", "submit"),
        ("UPDATE assignment SET suggestion = 'hidden' WHERE suggestion = 'shown'", "submit"),
        ("UPDATE assignment SET suggested = suggested + 1 WHERE suggested IS NOT NULL", "submit"),
        ("UPDATE assignment SET suggested = 999 WHERE suggested IS NOT NULL AND state = 'leased'", "suggestion"),
        ("UPDATE assignment SET suggestion = NULL WHERE suggested IS NOT NULL AND state = 'leased'", "suggestion"),
        ("UPDATE assignment SET suggestion = 'perhaps' WHERE suggested IS NOT NULL AND state = 'leased'", "suggestion"),
        ("UPDATE annotator SET kind = 'human' WHERE kind = 'model'", "suggestion"),
    ],
)
def test_check_finds_what_was_altered(filled: Any, altered: str, said: str) -> None:
    suggests(filled, share=0)
    ann = filled.add_annotator("Ann")
    filled.judge(ann, lambda _payload: "a", 3)
    filled.lease(ann, 2)
    assert findings(filled) == []
    with filled.database.write() as connection:
        connection.exec_driver_sql(altered)
    assert said in {one.what for one in findings(filled)}
