"""Policies from candidates, and the blind comparisons of them, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from goldwork.services import access, blind, improve, jobs, links, loop, members, preferences, reward
from goldwork.services.assign import Lease
from goldwork.services.blind import FIELDS, Pair
from goldwork.services.check import check
from goldwork.services.improve import Choice, Request
from goldwork.services.jobs import Job
from goldwork.services.loop import Loop
from goldwork.services.packed import unpack
from goldwork.services.tables import last_seq, read_submits
from goldwork.store.schema import annotator, item, project, snapshot
from goldwork.store.schema import blind as blind_table
from tests.services.conftest import Room
from tests.services.test_reward import COMPARE, bring_in, jsonl, train, trained

CANDIDATES = [
    {"prompt": f"About thing {n}?", "response": text}
    for n in range(40)
    for text in (f"It really depends. ({n})", f"First measure, then cut. Store it dry and dark. ({n})", f"No. ({n})")
]


def run(room: Room, begin: Callable[[sa.Connection], Job]) -> Job:
    job = room.writer.run(begin)
    room.worker.drain()
    return room.job(job.id)


def choose(room: Room, rows: list[dict[str, str]] | None = None, **request: Any) -> Job:
    file = room.upload(jsonl(rows), "candidates.jsonl") if rows else None
    asked = Request(file=file, **request)
    return run(room, lambda connection: improve.start(connection, room.database, room.project, asked))


def compare(room: Room, policy: int = 1, prompts: int = 8, overlap: int = 1) -> Job:
    by = room.manager.account
    return run(
        room,
        lambda connection: blind.start(
            connection, room.database, room.project, policy, prompts=prompts, overlap=overlap, by=by
        ),
    )


def page(room: Room, of: int) -> Loop:
    """The loop, once the figures of its comparisons are made."""

    def make(connection: sa.Connection) -> None:
        for project_id in connection.execute(sa.select(blind_table.c.project)).scalars().all():
            jobs.add(connection, room.database, "snapshot", project_id, {}, once=True)

    room.writer.run(make)
    room.worker.drain()
    found: Loop = room.read(loop.page, of)
    return found


def key(room: Room, of: int) -> dict[str, Pair]:
    """What the lots said, by the item's id in the database."""

    def read(connection: sa.Connection) -> dict[str, Pair]:
        content = connection.execute(sa.select(blind_table.c.content).where(blind_table.c.project == of)).scalar_one()
        return {one.item: one for one in unpack(content, list[Pair])}

    found: dict[str, Pair] = room.read(read)
    return found


def ready(room: Room, **request: Any) -> int:
    """A project with a model and a policy. Returns it."""
    trained(room, prompts=8)
    job = choose(room, CANDIDATES, **request)
    assert job.state == "done", job.error
    return room.project


def judge(room: Room, who: int, answer: Callable[[dict[str, str]], str], count: int = 1000) -> int:
    done = 0
    while done < count and (held := room.lease(who, 1)):
        room.submit(who, held[0].id, None, kind="answer", answers={"better": answer(json.loads(held[0].payload))})
        done += 1
    return done


def test_a_policy_is_chosen_and_told(room: Room) -> None:
    of = ready(room)
    [one] = page(room, of).rounds
    assert (one.policy.prompts, one.policy.model, one.policy.against, one.comparison) == (40, 1, 0, None)
    assert one.policy.after > one.policy.before
    assert one.policy.nats == pytest.approx(0.4319, abs=1e-3), "log 3 - 2 / 3"
    assert one.policy.seen == 0
    found = page(room, of).candidates
    assert found is not None
    assert (found.name, found.prompts, found.responses) == ("candidates.jsonl", 40, 120)
    made = room.read(improve.choices, of, 1)
    assert sum("First measure" in choice.new for choice in made) > 30
    job = choose(room, way="limit", limit=0.2, against=1)
    assert job.state == "done", job.error
    second = page(room, of).rounds[1].policy
    assert (second.against, second.nats <= 0.2001) == (1, True)
    assert {choice.old for choice in room.read(improve.choices, of, 2)} == {choice.new for choice in made}


@pytest.mark.parametrize(
    ("rows", "request_", "said"),
    [
        (None, {}, "no candidates yet"),
        ([{"prompt": "p", "text": "x"}], {}, "no column 'response'"),
        ([{"prompt": "", "response": "x"}], {}, "no row has both"),
        ([{"prompt": "p", "response": "a"}, {"prompt": "p", "response": "\0"}], {}, "a NUL character"),
        ([{"prompt": "p", "response": "\ud800"}], {}, "one JSON object is needed"),
        ([{"prompt": "p", "response": "x" * 1_000_001}], {}, "up to 1,000,000 characters"),
        (CANDIDATES, {"way": "limit", "limit": -1.0}, "number of nats"),
        (CANDIDATES, {"best_of": 1}, "two or more"),
        (CANDIDATES, {"model": 7}, "no such reward model"),
        (CANDIDATES, {"against": 7}, "no such policy"),
    ],
)
def test_what_cannot_be_chosen_from_is_said(room: Room, rows: Any, request_: Any, said: str) -> None:
    trained(room, prompts=4)
    job = choose(room, rows, **request_)
    assert job.state == "failed"
    assert job.error is not None
    assert said in job.error.message
    assert job.error.code == "bad_input"
    shown = page(room, room.project)
    assert (shown.rounds, shown.job) == ([], job), "the page says why"


def test_without_a_model_nothing_is_chosen(room: Room) -> None:
    job = choose(room, CANDIDATES)
    assert job.error is not None
    assert "train one first" in job.error.message


def test_prompts_are_drawn_and_lots_say_where_the_new_stands() -> None:
    choices = [Choice(f"p{n}", f"old {n}", f"new {n}", 1.0, 0.7) for n in range(400)]
    same = [Choice(f"s{n}", "both", "both", 0.0, 0.5) for n in range(100)]
    drawn = blind.draw([*choices, *same], 300, seed=5)
    assert len({one.prompt for one in drawn}) == 300
    assert not any(one.prompt.startswith("s") for one in drawn)
    assert 110 < sum(one.field == FIELDS[0] for one in drawn) < 190
    assert [one.prompt for one in drawn] != sorted((one.prompt for one in drawn), key=lambda name: int(name[1:]))
    assert blind.draw(choices, 300, seed=6) != blind.draw(choices, 300, seed=7)
    with pytest.raises(InputError, match="nothing to compare"):
        blind.draw(same, 10, seed=1)


def test_a_policy_is_compared_blind_and_won(room: Room) -> None:
    parent = ready(room)
    job = compare(room, overlap=2)
    assert job.state == "done", job.error
    assert job.result is not None
    room.project = job.result["project"]
    found = page(room, parent).rounds[0].comparison
    assert found is not None
    assert (found.project, found.prompts, found.judged, found.win.value) == (room.project, 8, 0, None)
    news = {one.new for one in key(room, room.project).values()}
    first, second = room.add_annotator("Ann"), room.add_annotator("Bob")
    assert judge(room, first, lambda shown: "first" if shown["one"] in news else "second") == 8
    assert judge(room, second, lambda shown: "tie") == 8
    found = page(room, parent).rounds[0].comparison
    assert found is not None
    assert (found.judged, found.votes, found.win.value) == (8, 16, 0.75)
    assert [point.prompts for point in found.path] == list(range(1, 9))
    assert found.path[-1].low == found.win.low
    assert found.parted == []
    assert room.read(lambda connection: list(check(connection))) == []


def test_where_people_and_the_reward_part_is_listed(room: Room) -> None:
    parent = ready(room)
    job = compare(room)
    assert job.result is not None
    room.project = job.result["project"]
    olds = {one.old for one in key(room, room.project).values()}
    judge(room, room.add_annotator("Ann"), lambda shown: "first" if shown["one"] in olds else "second")
    found = page(room, parent).rounds[0].comparison
    assert found is not None
    assert found.win.value == 0
    assert len(found.parted) == 8
    assert [one.expected for one in found.parted] == sorted((one.expected for one in found.parted), reverse=True)
    assert "more than people grant" in found.says


def test_the_page_costs_the_same_however_much_was_judged(room: Room) -> None:
    """It reads what was made of the judgements, and none of them; before that, that there are none yet."""
    parent = ready(room)
    job = compare(room)
    assert job.result is not None
    room.project = job.result["project"]
    with room.database.write() as connection:
        connection.execute(sa.delete(snapshot).where(snapshot.c.project == room.project))
    ran: list[str] = []
    sa.event.listen(room.database._readers, "before_cursor_execute", lambda *arguments: ran.append(arguments[2]))
    before = room.read(loop.page, parent).rounds[0].comparison
    assert (before.judged, before.prompts, before.sentence) == (0, 8, "Nobody has judged yet.")
    assert page(room, parent).rounds[0].comparison == before
    judge(room, room.add_annotator("Ann"), lambda _: "first")
    assert page(room, parent).rounds[0].comparison.judged == 8  # type: ignore[union-attr]
    ran.clear()
    room.read(loop.page, parent)
    assert len(ran) <= 6
    assert not [text for text in ran if "judgement" in text or "submit" in text or "item" in text]


def test_what_was_added_to_a_comparison_later_does_not_count(room: Room) -> None:
    parent = ready(room)
    job = compare(room)
    assert job.result is not None
    room.project = job.result["project"]
    bring_in(room, [{"id": "later", "prompt": "p", "one": "a", "two": "b"}])
    assert judge(room, room.add_annotator("Ann"), lambda _: "first") == 9
    found = page(room, parent).rounds[0].comparison
    assert found is not None
    assert (found.judged, found.votes, found.prompts) == (8, 8, 8)


def test_nothing_in_the_project_says_which_is_new(room: Room) -> None:
    """Names and order of items, their fields, and when they come are the same whichever stands where."""
    ready(room)
    job = compare(room, prompts=12)
    assert job.result is not None
    rows = room.read(
        lambda connection: connection.execute(sa.select(item).where(item.c.project == job.result["project"])).all()  # type: ignore[index]
    )
    lots = key(room, job.result["project"])
    assert {row.external_id for row in rows} == set(lots) == {str(n) for n in range(1, len(rows) + 1)}
    for row in rows:
        shown, pair = json.loads(row.payload), lots[row.external_id]
        assert set(shown) == {"prompt", "one", "two"}
        assert {shown["one"], shown["two"]} == {pair.old, pair.new}
        assert shown[pair.field] == pair.new
        assert row.priority == 0
    name = room.read(
        lambda connection: connection.execute(
            sa.select(project.c.name).where(project.c.id == job.result["project"])  # type: ignore[index]
        ).scalar_one()
    )
    assert "new" not in name
    assert "old" not in name


def test_whoever_judged_the_training_pairs_is_given_nothing(room: Room) -> None:
    """Neither by joining, nor by having joined as a manager; whoever came later is."""
    room.make_project(COMPARE, overlap=1)
    rows = [{"id": f"i{n}", "prompt": f"p{n}", "left": f"It is so {n}.", "right": f"Perhaps {n}?"} for n in range(14)]
    bring_in(room, rows)
    judged = room.add_annotator("Ann")
    judge(room, judged, lambda shown: "first" if shown["prompt"] != "p1" else "second", 12)
    job = train(room)
    assert job.state == "done", job.error
    late = room.add_annotator("Late")
    judge(room, late, lambda _: "first", 1)
    parent = room.project
    assert choose(room, CANDIDATES).state == "done"
    job = compare(room)
    assert job.result is not None
    room.project = job.result["project"]

    def account(who: int) -> int:
        found: int = room.read(
            lambda connection: connection.execute(
                sa.select(annotator.c.account).where(annotator.c.id == who)
            ).scalar_one()
        )
        return found

    def join(who: int, role: access.Role) -> None:
        room.writer.run(
            lambda connection: members.join(connection, room.database, room.project, account(who), role, account(who))
        )

    for role in ("annotator", "adjudicator"):
        with pytest.raises(ForbiddenError, match="did not take part"):
            join(judged, role)  # type: ignore[arg-type]
    made = room.writer.run(
        lambda connection: links.invite(connection, room.project, "annotator", None, room.database.now(connection))
    )
    person = room.read(access.person_of, account(judged))
    with pytest.raises(ForbiddenError, match="did not take part"):
        room.writer.run(lambda connection: links.use(connection, room.database, made.secret, person))
    join(judged, "manager")
    manager = room.manager.annotator
    for who, said in ((judged, "did not take part"), (manager, "blind")):
        with pytest.raises(ForbiddenError, match=said):
            room.writer.many(room.assigner.lease_many, [Lease(room.project, who, 5)])
    join(late, "annotator")
    assert len(room.lease(late, 3)) == 3, "what was judged after the model was trained did not teach it"
    assert page(room, parent).rounds[0].comparison is not None


def test_what_people_say_blind_trains_nothing_and_they_may_judge_again(room: Room) -> None:
    """The second model learns from what was said in the project meanwhile, and from nothing else; the first round's
    readers, who taught neither, judge in the second."""
    parent = ready(room)
    first = compare(room)
    assert first.result is not None
    room.project = first.result["project"]
    reader = room.add_annotator("Reader")
    assert judge(room, reader, lambda _: "first") == 8
    room.project = parent
    before = room.read(reward.page, parent).models[0].evaluation
    bring_in(room, [{"id": f"n{n}", "prompt": f"new {n}", "left": f"yes {n}", "right": f"no {n}!"} for n in range(3)])
    fresh = room.add_annotator("Fresh")
    judge(room, fresh, lambda shown: "first" if shown["prompt"].startswith("new") else "second", 30)
    assert train(room).result == {"version": 2}
    second = room.read(reward.page, parent).models[0]
    mine = room.read(lambda connection: read_submits(connection, parent, last_seq(connection, parent)))
    assert second.evaluation.ballots == before.ballots + int((mine.annotator == fresh).sum())
    assert second.through_seq == room.read(last_seq, parent)
    pairs = room.read(preferences.read_pairs, parent, "better", second.through_seq)
    told = {one.prompt for one in room.read(improve.choices, parent, 1)}
    assert not told & set(pairs.prompts.tolist()), "no prompt of the comparison"
    assert choose(room, against=1, way="limit", limit=0.3).state == "done"
    job = compare(room, policy=2)
    assert job.result is not None, job.error
    room.project = job.result["project"]

    def join(who: int) -> None:
        def work(connection: sa.Connection) -> None:
            account = connection.execute(sa.select(annotator.c.account).where(annotator.c.id == who)).scalar_one()
            members.join(connection, room.database, room.project, account, "annotator", account)

        room.writer.run(work)

    join(reader)
    assert judge(room, reader, lambda _: "second") > 0
    with pytest.raises(ForbiddenError, match="did not take part"):
        join(fresh)
    assert room.read(lambda connection: list(check(connection))) == []


def test_a_policy_is_compared_once(room: Room) -> None:
    parent = ready(room)
    assert compare(room).state == "done"
    room.project = parent
    with pytest.raises(ConflictError, match="compared already"):
        compare(room)
    with pytest.raises(NotFoundError):
        compare(room, policy=2)
    with pytest.raises(InputError):
        compare(room, prompts=0)


def test_a_worker_that_dies_between_steps_makes_one_project(room: Room) -> None:
    ready(room)
    by = room.manager.account
    job = room.writer.run(
        partial(blind.start, database=room.database, project_id=room.project, version=1, prompts=5, overlap=1, by=by)
    )
    for _ in range(3):
        room.worker.step()
        room.worker.close()  # gives the job back
    room.worker.drain()
    assert room.job(job.id).state == "done"
    with room.database.read() as connection:
        [made] = connection.execute(sa.select(blind_table.c.project)).scalars().all()
        assert len(connection.execute(sa.select(item.c.id).where(item.c.project == made)).all()) == 5
