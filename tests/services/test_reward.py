"""Reward models from a project's comparisons, on both databases."""

from __future__ import annotations

import io
import json
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from goldwork.preference.reward import RewardModel, _folds
from goldwork.services import access, apart, export, jobs, preferences, projects, reward
from goldwork.services.check import check
from goldwork.services.jobs import Job
from goldwork.services.preferences import Request
from goldwork.services.reward import RewardPage
from goldwork.services.tables import last_seq
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


KNOWN: dict[int, dict[str, Any]] = {}
"""By number of prompts, the model of a simulated project: it is the same every time."""


def trained(room: Room, prompts: int) -> None:
    """A simulated project with its reward model, which the first test that asks for it trains."""
    simulated(room, prompts)
    if prompts not in KNOWN:
        assert train(room).state == "done"
        with room.database.read() as connection:
            KNOWN[prompts] = dict(connection.execute(sa.select(reward_model)).one()._mapping)
        return
    with room.database.write() as connection:
        of = {"project": room.project, "through_seq": last_seq(connection, room.project)}
        connection.execute(sa.insert(reward_model).values(KNOWN[prompts] | of))


def page(room: Room) -> RewardPage:
    found: RewardPage = room.read(reward.page, room.project)
    return found


def test_a_model_is_trained_and_evaluated_on_prompts_left_out(room: Room) -> None:
    judgements = simulated(room)
    job = train(room)
    assert (job.state, job.result) == ("done", {"version": 1}), job.error
    found = page(room)
    [model] = found.models
    assert (found.questions, found.job, model.question) == (["better"], None, "better")
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
    assert (page(room).models, page(room).job) == ([], job), "the page says why"


def test_people_who_say_the_opposite_of_each_other_everywhere_teach_nothing(room: Room) -> None:
    room.make_project(COMPARE, overlap=2)
    bring_in(room, [{"id": f"i{n}", "prompt": f"p{n}", "left": f"a{n}", "right": f"b{n}"} for n in range(8)])
    for name, answer in (("Ann", "first"), ("Bob", "second")):
        who = room.add_annotator(name)
        while held := room.lease(who, 20):
            for lease in held:
                room.submit(who, lease.id, None, kind="answer", answers={"better": answer})
    job = train(room)
    assert job.error is not None
    assert "votes that cancel out" in job.error.message


ODD: list[tuple[str, Callable[[int], tuple[str, str, str]]]] = [
    ("one class alone", lambda n: (f"p{n}", f"This is so {n}.", f"Perhaps not {n}?")),
    ("no words", lambda n: (f"p{n}", "!" * (n + 1), "?" * (n + 2))),
    ("no prompt", lambda n: ("", f"This is so {n}.", f"Perhaps not {n}?")),
    ("one response empty", lambda n: (f"p{n}", f"This is so {n}.", "" if n < 4 else f"No {n}.")),
    ("the same response to every prompt", lambda n: (f"p{n}", "Yes.", "No.")),
    ("the same prompt under several items", lambda n: (f"p{n % 3}", f"This is so {n}.", f"Perhaps not {n}?")),
    ("signs that no alphabet has", lambda n: (f"\u202ep{n}\x1b", f"\ud7ff\U0001f600{n}", f"\u200b {n}")),
]


@pytest.mark.parametrize("row", [one[1] for one in ODD], ids=[one[0] for one in ODD])
def test_odd_pairs_end_in_a_model_or_a_sentence(room: Room, row: Callable[[int], tuple[str, str, str]]) -> None:
    """Twelve items that all are judged alike. Work goes on after each."""
    room.make_project(COMPARE, overlap=1)
    fields = ("prompt", "left", "right")
    bring_in(room, [{"id": f"i{n}", **dict(zip(fields, row(n), strict=True))} for n in range(13)])
    who = room.add_annotator("Ann")
    for _ in range(12):
        [held] = room.lease(who, 1)
        room.submit(who, held.id, None, kind="answer", answers={"better": "first"})
    job = train(room)
    if job.state == "failed":
        assert job.error is not None
        assert job.error.code == "bad_input"
        assert not job.error.message.startswith("the model failed"), job.error
    else:
        [model] = page(room).models
        assert model.evaluation.votes.value is not None
    [held] = room.lease(who, 1)
    room.submit(who, held.id, None, kind="answer", answers={"better": "second"})
    assert room.read(lambda connection: list(check(connection))) == []


def test_a_prompt_is_in_one_split_whatever_item_it_stands_in(room: Room) -> None:
    """It trains or it judges: in the file's splits, and in the folds of an evaluation."""
    room.make_project(COMPARE, overlap=1)
    rows = [
        {"id": f"i{n}-{copy}", "prompt": f"p{n}", "left": f"a {n} {copy}.", "right": f"b {n} {copy}?"}
        for n in range(40)
        for copy in range(2)
    ]
    bring_in(room, rows)
    who = room.add_annotator("Ann")
    while held := room.lease(who, 20):
        for lease in held:
            room.submit(who, lease.id, None, kind="answer", answers={"better": "first"})
    job = room.writer.run(
        partial(preferences.start_export, database=room.database, project_id=room.project, request=Request("better"))
    )
    room.worker.drain()
    path, _ = room.read(export.find_export, room.home, room.project, job.id)
    splits: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        splits.setdefault(json.loads(line)["prompt"], []).append(json.loads(line)["split"])
    assert {len(found) for found in splits.values()} == {2}
    assert all(len(set(found)) == 1 for found in splits.values())
    assert {one for found in splits.values() for one in found} == {"train", "test"}
    pairs = room.read(preferences.read_pairs, room.project, "better", 10**9)
    assert len(pairs.prompts) == 40
    part = _folds(pairs, 0)
    assert all(len(set(part[pairs.prompt == prompt].tolist())) == 1 for prompt in range(40))


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
    assert page(room).job == started
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


RAISES = "import sys; from goldwork.services import apart; sys.exit(apart.main(lambda _: 1 / 0))"
SECRET = RAISES.replace("1 / 0", "open('/secret/place')")


@pytest.mark.parametrize(
    ("code", "limit", "said"),
    [
        pytest.param(RAISES, 60, "the model failed: ZeroDivisionError: division by zero", id="raises"),
        pytest.param(
            SECRET, 60, "the model failed: FileNotFoundError. The server's log says more.", id="tells no path"
        ),
        pytest.param("import time; time.sleep(60)", 0.6, "took more than 1 seconds and was ended", id="hangs"),
        pytest.param("import os; os._exit(3)", 60, "ended without a word (3)", id="dies"),
    ],
)
def test_a_training_that_raises_hangs_or_dies_is_said_and_the_last_model_stays(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, code: str, limit: float, said: str
) -> None:
    trained(room, prompts=4)
    with monkeypatch.context() as patch:
        patch.setattr(apart, "command", lambda _, folder: [sys.executable, "-c", code, str(folder)])
        patch.setattr(apart, "LIMIT", limit)
        job = train(room)
    assert (job.state, said in job.error.message) == ("failed", True), job.error  # type: ignore[union-attr]
    assert [one.version for one in page(room).models] == [1]
    assert page(room).job == job, "the page says why"
    assert list(room.home.cache(room.project).iterdir()) == [], "nothing is left of it"
    assert (code == SECRET) == ("/secret/place" in caplog.text), "the log says more"
    assert train(room).result == {"version": 2}


def test_what_goes_on_during_a_training_goes_on(room: Room) -> None:
    """Votes come in, a second training is asked for, the project is paused, the worker is replaced: one model is made,
    of what had been said by the time it was begun, and nothing is lost."""
    judgements = simulated(room, prompts=6)
    bring_in(room, [{"id": f"x{n}", "prompt": f"late {n}", "left": f"yes {n}", "right": f"no {n}!"} for n in range(3)])
    who = room.add_annotator("Ann")
    through = room.read(last_seq, room.project)
    started = room.writer.run(lambda connection: reward.start(connection, room.database, room.project))
    while not list(room.home.cache(room.project).glob(f"{apart.PREFIX}*")):
        room.worker.step()
    held = room.lease(who, 2)
    room.submit(who, held[0].id, None, kind="answer", answers={"better": "first"})
    again = room.writer.run(lambda connection: reward.start(connection, room.database, room.project))
    assert again.id == started.id
    mine = access.Member(room.manager, room.project, "manager")
    room.writer.run(lambda connection: projects.set_state(connection, room.database, mine, "paused"))
    room.worker.drain()
    assert room.job(started.id).state == "done", room.job(started.id).error
    [made] = page(room).models
    assert (made.through_seq, made.evaluation.ballots) == (through, judgements)
    room.writer.run(lambda connection: projects.set_state(connection, room.database, mine, "open"))
    room.submit(who, held[1].id, None, kind="answer", answers={"better": "first"})
    room.worker.close()  # what it had in hand is given back
    assert train(room).result == {"version": 2}
    assert page(room).models[0].evaluation.ballots == judgements + 2
    assert room.read(lambda connection: list(check(connection))) == []


def test_a_training_that_hangs_can_be_cancelled(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    simulated(room, prompts=4)
    monkeypatch.setattr(apart, "command", lambda *_: [sys.executable, "-c", "import time; time.sleep(60)"])
    started = room.writer.run(lambda connection: reward.start(connection, room.database, room.project))
    while not list(room.home.cache(room.project).glob(f"{apart.PREFIX}*")):
        room.worker.step()
    room.writer.run(lambda connection: jobs.cancel(connection, room.database, room.project, started.id))
    begun = time.monotonic()
    room.worker.drain()
    assert time.monotonic() - begun < 20
    assert room.job(started.id).state == "cancelled"


def test_a_worker_that_stops_ends_the_training_and_gives_it_back(room: Room) -> None:
    simulated(room, prompts=4)
    started = room.writer.run(lambda connection: reward.start(connection, room.database, room.project))
    while not (there := list(room.home.cache(room.project).glob(f"{apart.PREFIX}*"))):
        room.worker.step()
    room.worker.close()
    assert not there[0].exists()
    assert room.job(started.id).state == "waiting"
    room.worker.drain()
    assert room.job(started.id).result == {"version": 1}


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
