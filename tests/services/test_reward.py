"""Reward models from a project's comparisons, on both databases."""

from __future__ import annotations

import io
import json
import random
from functools import partial
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from goldwork.preference.reward import RewardModel
from goldwork.services import export, jobs, preferences, reward
from goldwork.services.check import check
from goldwork.services.jobs import Job
from goldwork.services.preferences import Request
from goldwork.services.reward import RewardPage
from goldwork.store.schema import reward_model
from goldwork.tasks.templates import read_template
from goldwork.testing import simulate_preferences
from tests.services.conftest import Room

FIELDS = [{"name": name, "show": "text"} for name in ("prompt", "left", "right")]
COMPARE = {
    "fields": FIELDS,
    "questions": [
        {"name": "better", "title": "Which is better?", "task": {"type": "compare", "fields": ["left", "right"]}}
    ],
}
ANSWERS = {"left": "first", "right": "second"}


def simulated(room: Room, prompts: int = 12, **settings: Any) -> int:
    """A project whose items were compared by simulated people, through an import. Returns how many judgements."""
    made = simulate_preferences(prompts=prompts, candidates=3, seed=1, **settings)
    room.make_project(COMPARE, overlap=3)
    rows = made.items.to_columns()
    lines = [
        dict(zip(rows, values, strict=True)) for values in zip(*(rows[name].tolist() for name in rows), strict=True)
    ]
    bring_in(room, lines)
    table = made.table
    said = zip(table.item.tolist(), table.annotator.tolist(), table.labels().tolist(), strict=True)
    judgements = [
        {"item": table.items[of], "annotator": table.annotators[who], "question": "better", "label": ANSWERS[label]}
        for of, who, label in said
    ]
    job = room.import_items(jsonl(judgements), "said.jsonl", what="judgements", fields={}, id=None)
    assert job.state == "done", job.error
    return len(judgements)


def jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def bring_in(room: Room, rows: list[dict[str, Any]]) -> None:
    fields = {name: name for name in rows[0] if name != "id"}
    job = room.import_items(jsonl(rows), "items.jsonl", fields=fields)
    assert job.state == "done", job.error


def train(room: Room, question: str | None = None) -> Job:
    started = room.writer.run(lambda connection: reward.start(connection, room.database, room.project, question))
    room.worker.drain()
    return room.job(started.id)


def page(room: Room) -> RewardPage:
    found: RewardPage = room.read(reward.page, room.project)
    return found


def test_a_model_is_trained_and_evaluated_on_prompts_left_out(room: Room) -> None:
    judgements = simulated(room)
    job = train(room)
    assert (job.state, job.result) == ("done", {"version": 1}), job.error
    found = page(room)
    [model] = found.models
    assert (found.questions, found.running, model.question) == (["better"], None, "better")
    told = model.evaluation
    assert told.ballots == judgements
    assert told.pairs == 36
    assert told.prompts == 12
    assert told.votes.value is not None
    assert told.votes.value > 0.6
    assert sum(one.votes for one in told.reliability) == judgements
    assert told.position is None, "imported judgements do not say what stood where"
    assert any("12 prompts" in warning for warning in told.warnings)
    kept = RewardModel.from_bytes(room.read(reward.content, room.project, 1))
    assert kept.pairs == 36
    assert train(room).result == {"version": 2}
    assert [one.version for one in page(room).models] == [2, 1]
    assert room.read(reward.latest, room.project) == 2
    assert room.read(lambda connection: list(check(connection))) == []


def test_the_side_of_the_screen_is_known_of_what_was_judged_here(room: Room) -> None:
    """Somebody who always takes what stands at the left is found out."""
    room.make_project(COMPARE, overlap=1)
    bring_in(
        room, [{"id": f"i{n}", "prompt": f"p{n % 30}", "left": f"one {n}", "right": f"two {n}"} for n in range(60)]
    )
    who = room.add_annotator("Ann")
    fields = {"better": ("left", "right")}
    from goldwork.tasks.questions import draw_lots

    while held := room.lease(who, 20):
        for lease in held:
            left = draw_lots(fields, lease.id)["better"][0]
            room.submit(who, lease.id, None, kind="answer", answers={"better": ANSWERS[left]})
    assert train(room).state == "done"
    told = page(room).models[0].evaluation
    assert told.position is not None
    assert told.position.low is not None
    assert told.position.low > 0
    assert "left" in told.position_says


def test_rankings_and_conversations_are_learned_from(room: Room) -> None:
    task = {"type": "rank", "fields": ["a", "b", "c"], "pick": "best"}
    shown = [{"name": "talk", "show": "chat"}, *({"name": name, "show": "text"} for name in ("a", "b", "c"))]
    room.make_project({"fields": shown, "questions": [{"name": "best", "title": "Best?", "task": task}]}, overlap=1)
    talk = json.dumps([{"role": "user", "content": "Why is it so?"}])
    rows = [
        {"id": f"i{n}", "talk": talk.replace("so", f"so {n}"), "a": f"Because {n}.", "b": f"No {n}!", "c": f"Well {n}?"}
        for n in range(8)
    ]
    bring_in(room, rows)
    who = room.add_annotator("Ann")
    while held := room.lease(who, 20):
        for lease in held:
            room.submit(who, lease.id, None, kind="answer", answers={"best": [["a"], ["b", "c"]]})
    assert train(room).state == "done"
    pairs = room.read(preferences.read_pairs, room.project, "best", 10**9)
    assert pairs.prompts[0] == "user: Why is it so 0?"
    assert len(pairs) == 24


def test_the_template_for_comparing_can_be_trained_on(room: Room) -> None:
    """Grades from much worse to much better, with "both are bad" among them, beside ratings and reasons."""
    draw, form = random.Random(4), read_template("rlhf").form
    room.make_project(form, overlap=2)
    rows = [
        {"id": f"i{n}", "prompt": f"Why {n // 2}?", "answer_a": f"Long {n} and full.", "answer_b": f"So {n}!"}
        for n in range(24)
    ]
    bring_in(room, rows)
    besides = {"correct_a": 4, "correct_b": 2, "why": "It says what to do."}
    for name, grades in (("Ann", (-3, -2, -1, 0, 1, "bad")), ("Bob", (-3, -1, 2))):
        who = room.add_annotator(name)
        while held := room.lease(who, 20):
            for lease in held:
                room.submit(who, lease.id, None, kind="answer", answers={"preference": draw.choice(grades), **besides})
    assert train(room).state == "done"
    [model] = page(room).models
    assert model.question == "preference"
    assert (model.evaluation.pairs, model.evaluation.prompts) == (24, 12)


BAD: list[tuple[str, list[dict[str, str]], str, str]] = [
    ("one prompt", [{"prompt": "p", "left": f"a{n}", "right": f"b{n}"} for n in range(4)], "first", "2 prompts"),
    ("all ties", [{"prompt": f"p{n}", "left": f"a{n}", "right": f"b{n}"} for n in range(4)], "tie", "all are ties"),
    ("identical", [{"prompt": f"p{n}", "left": "same", "right": "same"} for n in range(4)], "first", "two different"),
    ("few", [{"prompt": f"p{n}", "left": f"a{n}", "right": f"b{n}"} for n in range(4)], "first", "4 votes are for one"),
    ("nobody", [{"prompt": f"p{n}", "left": f"a{n}", "right": f"b{n}"} for n in range(4)], "", "nobody has compared"),
]


@pytest.mark.parametrize(("rows", "answer", "said"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
def test_what_cannot_be_learned_from_is_said(room: Room, rows: list[dict[str, str]], answer: str, said: str) -> None:
    room.make_project(COMPARE, overlap=1)
    bring_in(room, [{"id": f"i{n}", **row} for n, row in enumerate(rows)])
    who = room.add_annotator("Ann")
    while answer and (held := room.lease(who, 20)):
        for lease in held:
            room.submit(who, lease.id, None, kind="answer", answers={"better": answer})
    job = train(room)
    assert job.state == "failed"
    assert job.error is not None
    assert said in job.error.message
    assert page(room).models == []


def test_a_project_that_compares_nothing_says_so(room: Room) -> None:
    job = train(room)
    assert job.error is not None
    assert "no question of this project compares" in job.error.message
    assert page(room).questions == []


def test_contradictions_and_cycles_are_learned_from(room: Room) -> None:
    """A before b before c before a, of two prompts, and everybody says the opposite of somebody."""
    room.make_project(COMPARE, overlap=2)
    round_ = [("a", "b"), ("b", "c"), ("c", "a")]
    bring_in(
        room,
        [
            {"id": f"{p}{left}", "prompt": f"p{p}", "left": f"{left} says {p}", "right": f"{right} says {p}"}
            for p in range(3)
            for left, right in round_
        ],
    )
    for name, answer in (("Ann", "first"), ("Bob", "first")):
        who = room.add_annotator(name)
        while held := room.lease(who, 20):
            for lease in held:
                room.submit(who, lease.id, None, kind="answer", answers={"better": answer})
    assert train(room).state == "done"


def test_a_training_is_cancelled_between_fits(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    simulated(room, prompts=4)
    started = room.writer.run(lambda connection: reward.start(connection, room.database, room.project))
    again = room.writer.run(lambda connection: reward.start(connection, room.database, room.project))
    assert again.id == started.id, "one at a time"
    assert page(room).running is not None
    seen: list[str] = []
    save = jobs.save

    def cancelling(connection: sa.Connection, *arguments: Any, **options: Any) -> None:
        seen.append(options.get("phase") or "")
        if seen[-1] == "ensemble":
            jobs.cancel(connection, room.database, room.project, started.id)
        save(connection, *arguments, **options)

    monkeypatch.setattr(jobs, "save", cancelling)
    room.worker.drain()
    assert room.job(started.id).state == "cancelled"
    assert "cross-validation" in seen
    assert "evaluation" not in seen
    with room.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(reward_model)).scalar_one() == 0


@pytest.mark.parametrize("rows", ["preference", "conversational", "unpaired"])
@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_pairs_are_exported(room: Room, rows: Any, format: Any) -> None:
    simulated(room, prompts=4)
    asked = Request("better", rows, format)
    job = room.writer.run(
        partial(preferences.start_export, database=room.database, project_id=room.project, request=asked)
    )
    room.worker.drain()
    path, name = room.read(export.find_export, room.home, room.project, job.id)
    assert name == f"{rows}.{format}"
    if format == "jsonl":
        first = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    else:
        import pyarrow.parquet as parquet

        first = parquet.read_table(path).to_pylist()[0]
    keys = {"unpaired": {"prompt", "completion", "label"}}.get(rows, {"prompt", "chosen", "rejected"})
    assert keys <= first.keys()
    assert isinstance(first["prompt"], list if rows == "conversational" else str)


def test_a_model_is_numbers_alone(room: Room) -> None:
    simulated(room, prompts=4)
    assert train(room).state == "done"
    with np.load(io.BytesIO(room.read(reward.content, room.project, 1)), allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "fiu" for name in file.files)
