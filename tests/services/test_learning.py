"""A model in the loop: fitted in the worker, held against its slice, and what it puts first is given first."""

from __future__ import annotations

import dataclasses
import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from goldwork.learning.model import Model
from goldwork.quality.items import drawn
from goldwork.services import apart, evaluating, fitting, learning, models, ranking
from goldwork.services.learning import request_due as due
from goldwork.services.models import ModelPage
from goldwork.services.worker import Worker
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import form, item, item_state, job, model
from tests.core import CLASSES, FORM, Core

WORDS = {
    "a": ["apple", "pear", "plum", "cherry", "orchard", "ripe"],
    "b": ["train", "rail", "ticket", "station", "platform", "late"],
    "c": ["violin", "cello", "tune", "concert", "bow", "string"],
}
COMMON = ["the", "of", "and", "with", "some", "more", "today"]
POLICY = {"strategy": "margin", "slice": 2000, "target": 9500, "maximum": 3, "slice_overlap": 2}


@dataclasses.dataclass
class Loop:
    """A project of texts of three kinds, people who judge it, and the worker."""

    core: Core
    worker: Worker
    truth: dict[int, str]
    people: list[int]

    def judge(self, number: int, *, right: float = 0.95, seed: int = 1, value: str | None = None) -> list[int]:
        """Up to `number` judgements of the people in turn. Returns their items in order."""
        draw, found = random.Random(seed), []
        while len(found) < number:
            before = len(found)
            for who in self.people:
                for held in self.core.lease(who, 1).assignments:
                    of = self.core.assignment(held.id).item
                    said = self.truth[of] if draw.random() < right else draw.choice(CLASSES)
                    self.core.submit(who, held.id, answers={"q": value or said})
                    found.append(of)
            if len(found) == before:
                break
        return found

    def learn(self) -> ModelPage:
        """Run the job, though it may not be due."""
        from goldwork.services import jobs

        self.core.writer.run(
            lambda connection: jobs.add(connection, self.core.database, "learn", self.core.project, {})
        )
        self.worker.drain()
        with self.core.database.read() as connection:
            return models.read_page(connection, self.core.project)

    def held(self, of: int) -> bool:
        return drawn(of, "slice", 2000)


@pytest.fixture
def loop(database: Database, tmp_path: Path) -> Iterator[Loop]:
    core = Core.make(database, overlap=1)
    draw = random.Random(7)
    core.add_items(240)
    truth = {}
    with database.write() as connection:
        for of in connection.execute(sa.select(item.c.id)).scalars().all():
            truth[of] = draw.choice(CLASSES)
            words = draw.choices(WORDS[truth[of]], k=3) + draw.choices(COMMON, k=5)
            draw.shuffle(words)
            text = f'{{"text": "{" ".join(words)} {of}"}}'
            connection.execute(sa.update(item).where(item.c.id == of).values(payload=text))
    core.set_policy(1, **POLICY)
    worker = Worker(database, Home(tmp_path), writer=core.writer)
    yield Loop(core, worker, truth, core.annotators(3))
    worker.close()
    core.close()


def test_a_model_is_fitted_and_held_against_its_slice(loop: Loop) -> None:
    loop.judge(90)
    learning.request_due(loop.core.database, loop.core.writer)
    assert [row.kind for row in loop.core.rows(job)].count("learn") == 1
    loop.worker.drain()
    with loop.core.database.read() as connection:
        page = models.read_page(connection, loop.core.project)
    assert page.learned.note == ""
    [made] = page.versions
    assert made.about.used == "words and runs of letters of the text"
    assert made.about.classes == list(CLASSES)
    assert page.learned.told == made.about.of > 5
    assert made.about.accuracy is not None
    assert made.about.accuracy > 0.7
    assert made.about.low is not None
    assert made.about.low < made.about.accuracy
    assert page.learned.curve is not None
    assert [point.version for point in page.learned.curve.points] == [1]
    row = loop.core.row(model, project=loop.core.project)
    assert Model.from_bytes(bytes(row.content)).weights.shape[1] == 3
    learning.request_due(loop.core.database, loop.core.writer)
    assert [row.kind for row in loop.core.rows(job) if row.state == "waiting"].count("learn") == 0
    assert loop.core.findings() == []


def test_the_slice_trains_nothing(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    run = fitting.run

    def spy(asked: Any, table: Any) -> Any:
        found = yield from run(asked, table)
        with loop.core.database.read() as connection:
            assert models.read_page(connection, loop.core.project).fitting
        seen.append((table, found))
        return found

    monkeypatch.setattr(fitting, "run", spy)
    loop.judge(90)
    page = loop.learn()
    [(table, found)] = seen
    assert not page.fitting
    assert table["held"][table["item"]].sum() > 5, "the slice was judged"
    assert not table["held"][found.train].any()
    used = sum(not table["held"][at] for at in table["item"].tolist())
    assert page.versions[0].judgements == used < len(table["item"])
    assert not table["held"][found.chosen].any()


def test_what_the_model_chose_is_given_first_with_some_drawn_at_random(loop: Loop) -> None:
    loop.judge(60)
    page = loop.learn()
    chosen = page.learned.chosen
    assert chosen is not None
    whole = chosen.model + chosen.random + chosen.slice
    assert whole == ranking.LEAST
    assert 0.1 <= chosen.random / whole <= 0.2
    ranks = {row.id: row.rank for row in loop.core.rows(item) if row.rank}
    assert sum(loop.held(of) for of in ranks) >= chosen.slice
    fresh = sorted((of for of, rank in ranks.items() if rank > min(ranks.values()) or not chosen.begun), key=ranks.get)  # type: ignore[arg-type]
    given = [of for of in dict.fromkeys(loop.judge(30)) if of in set(fresh)]
    assert len(given) >= 15
    assert given == sorted(given, key=lambda of: ranks[of]), "everybody starts again at the front, in the model's order"
    assert set(given) <= set(fresh[: len(given) + 6])
    assert loop.core.findings() == []


def test_ranks_are_written_anew_and_cleared(loop: Loop) -> None:
    loop.judge(60)
    loop.learn()
    before = {row.id for row in loop.core.rows(item) if row.rank}
    loop.judge(40)
    page = loop.learn()
    after = {row.id: row.rank for row in loop.core.rows(item) if row.rank}
    assert before - after.keys(), "what was judged has no rank any more"
    assert page.learned.version == 2
    assert len(page.versions) == 2
    loop.core.writer.run(lambda connection: ranking.clear(connection, loop.core.project))
    assert not any(row.rank for row in loop.core.rows(item))
    assert loop.core.findings() == []


def test_the_mix_has_its_shares_and_nobody_twice() -> None:
    open = ranking.Open(list(range(100)), rest=list(range(1000)), slice=list(range(1000, 1200)))
    order, counts = ranking.mix(open, 3)
    assert counts == (70, 15, 15)
    assert len(set(order)) == len(order) == 100
    assert [of for of in order if of < 70] == list(range(70)), "the best comes first"
    early = [sum(of in range(70, 1000) for of in ranking.mix(open, seed)[0][:50]) for seed in range(200)]
    assert 5 < np.mean(early) < 10, "the random ones are spread over the batch"
    assert ranking.mix(ranking.Open([]), 3) == ([], (0, 0, 0))


def test_one_class_alone_is_no_model(loop: Loop) -> None:
    loop.judge(40, value="a")
    page = loop.learn()
    assert "two classes" in page.learned.note
    assert page.versions == []
    loop.judge(10)
    assert loop.core.findings() == []


def test_items_that_show_nothing_readable_are_said(loop: Loop) -> None:
    """No text and no picture; then a text that is empty everywhere."""
    loop.judge(40)
    body = json.dumps(FORM | {"fields": [{"name": "text", "show": "audio"}]})
    with loop.core.database.write() as connection:
        connection.execute(sa.update(form).values(body=body))
    assert "neither text nor a picture" in loop.learn().learned.note
    with loop.core.database.write() as connection:
        connection.execute(sa.update(form).values(body=json.dumps(FORM)))
        connection.execute(sa.update(item).values(payload='{"text": ""}'))
    page = loop.learn()
    assert page.versions == []
    assert page.learned.note
    assert not page.learned.note.startswith("the model failed"), page.learned.note
    assert loop.judge(6), "work goes on"


def test_one_text_for_all_trains_nothing(loop: Loop) -> None:
    """It stands in the evaluation slice, so it may not train."""
    loop.judge(60)
    with loop.core.database.write() as connection:
        connection.execute(sa.update(item).values(payload='{"text": "the same"}'))
    page = loop.learn()
    assert page.versions == []
    assert not page.learned.note.startswith("the model failed"), page.learned.note
    assert page.learned.note
    assert loop.judge(6), "work goes on"


def test_an_item_of_the_slice_stands_in_no_fold(loop: Loop) -> None:
    """Its text under another item's name trains nothing either, and the page says how many there are."""
    loop.judge(90)
    rows = {row.id: row for row in loop.core.rows(item)}
    held = next(of for of in rows if loop.held(of))
    judged = {row.item for row in loop.core.rows(item_state)}
    free = [of for of in judged if not loop.held(of)][:5]
    with loop.core.database.write() as connection:
        connection.execute(sa.update(item).where(item.c.id.in_(free)).values(payload=rows[held].payload))
    [made] = loop.learn().versions
    assert any(warning.startswith("5 judged items have the same content") for warning in made.about.warnings)


def test_people_who_contradict_each_other_leave_a_model_or_a_sentence(loop: Loop) -> None:
    """Everybody always says a class of their own: no answer is worth anything."""
    loop.core.set_policy(3, **POLICY)
    loop.core.sweep(1)
    for who, value in zip(loop.people, CLASSES, strict=True):
        for _ in range(40):
            for held in loop.core.lease(who, 1).assignments:
                loop.core.submit(who, held.id, answers={"q": value})
    page = loop.learn()
    assert page.versions or page.learned.note
    assert not page.learned.note.startswith("the model failed"), page.learned.note
    assert loop.core.findings() == []


def test_nobody_has_judged(loop: Loop) -> None:
    assert loop.learn().learned.note == "nobody has judged yet."


@pytest.mark.parametrize(
    ("code", "limit", "said"),
    [
        pytest.param("import time; time.sleep(60)", 0.6, "took more than", id="hangs"),
        pytest.param("import os; os._exit(3)", 60, "ended without a word (3)", id="dies"),
    ],
)
def test_a_model_that_hangs_or_dies_is_said_and_the_last_one_stays(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, code: str, limit: float, said: str
) -> None:
    loop.judge(60)
    assert loop.learn().learned.note == ""
    monkeypatch.setattr(apart, "command", lambda *_: [sys.executable, "-c", code])
    monkeypatch.setattr(apart, "LIMIT", limit)
    loop.judge(20)
    page = loop.learn()
    assert said in page.learned.note
    assert [made.version for made in page.versions] == [1]
    assert page.learned.curve is not None
    assert loop.judge(6), "work goes on"
    assert loop.core.findings() == []


def test_a_model_that_raises_is_said(loop: Loop, tmp_path: Path) -> None:
    loop.judge(60)
    file = Home(tmp_path).features_file(loop.core.project)
    file.parent.mkdir()
    ids = [row.external_id for row in loop.core.rows(item)]
    np.savez(file, ids=np.array(ids), numbers=np.ones((len(ids), 3)))
    page = loop.learn()
    assert page.learned.note.startswith("the model failed: ")
    assert page.versions == []


def test_a_job_that_fails_for_no_known_reason_ends_and_is_said(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the order of items was written, which is no reason to try it for ever; nor is the next second."""
    loop.judge(60)
    assert loop.learn().learned.note == ""
    tries = []

    def broken(*_: Any, **__: Any) -> None:
        tries.append(1)
        assert len(tries) < 10
        raise RuntimeError("a disk that is full")

    with monkeypatch.context() as patch:
        patch.setattr(learning, "version_of", broken)
        loop.judge(10, seed=2)
        page = loop.learn()
    assert len(tries) == 3
    assert page.learned.note == "the last run ended without a model. The server's log says why."
    assert [made.version for made in page.versions] == [1], "the last one stays"
    [failed] = [row for row in loop.core.rows(job) if row.kind == "learn"]
    assert failed.state == "failed"
    learning.request_due(loop.core.database, loop.core.writer)
    assert [row.state for row in loop.core.rows(job) if row.kind == "learn"] == ["failed"]
    assert loop.learn().learned.version == 2
    assert loop.core.findings() == []


def test_uploaded_features_replace_the_others(loop: Loop, tmp_path: Path) -> None:
    loop.judge(60)
    file = Home(tmp_path).features_file(loop.core.project)
    file.parent.mkdir()
    rows = loop.core.rows(item)
    told = np.eye(3)[[CLASSES.index(loop.truth[row.id]) for row in rows]]
    np.savez(file, ids=np.array([row.external_id for row in rows]), features=told.astype(np.float32))
    page = loop.learn()
    assert page.versions[0].about.used == "3 uploaded numbers of each item"
    assert page.versions[0].about.accuracy is not None
    assert page.versions[0].about.accuracy > 0.8


def during_a_fit(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    """Let something happen once, between a fit's end and what is made of it."""
    run, happened = fitting.run, []

    def meanwhile(asked: Any, table: Any) -> Any:
        found = yield from run(asked, table)
        if not happened:
            happened.append(what())
        return found

    monkeypatch.setattr(fitting, "run", meanwhile)


def test_an_order_that_is_no_longer_asked_for_is_not_written(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another strategy is chosen while the model is fitted: its order is no order of theirs."""
    loop.judge(60)

    def change() -> None:
        loop.core.set_policy(1, **POLICY | {"strategy": "coverage", "model": True})

    monkeypatch.setattr(learning, "request_due", lambda *_: None)
    during_a_fit(monkeypatch, change)
    page = loop.learn()
    assert "settings were changed while" in page.learned.note
    assert not any(row.rank for row in loop.core.rows(item))
    due(loop.core.database, loop.core.writer)
    assert [row.kind for row in loop.core.rows(job) if row.state == "waiting"] == ["learn"], "as soon as it can"
    loop.worker.drain()
    assert loop.learn().learned.note == ""
    assert loop.core.findings() == []


def test_features_that_come_during_a_fit_are_read_by_the_next(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.judge(60)
    file = Home(tmp_path).features_file(loop.core.project)
    ids = [row.external_id for row in loop.core.rows(item)]

    def upload() -> None:
        file.parent.mkdir()
        np.savez(file, ids=np.array(ids), features=np.eye(len(ids), 3, dtype=np.float32))

    monkeypatch.setattr(learning, "request_due", lambda *_: None)
    during_a_fit(monkeypatch, upload)
    assert loop.learn().versions[0].about.used == "words and runs of letters of the text"
    due(loop.core.database, loop.core.writer)
    loop.worker.drain()
    with loop.core.database.read() as connection:
        page = models.read_page(connection, loop.core.project)
    assert page.versions[0].about.used == "3 uploaded numbers of each item"


def test_features_of_some_items_choose_among_these(loop: Loop, tmp_path: Path) -> None:
    loop.judge(60)
    file = Home(tmp_path).features_file(loop.core.project)
    file.parent.mkdir()
    rows = loop.core.rows(item)[::2]
    told = np.eye(3)[[CLASSES.index(loop.truth[row.id]) for row in rows]]
    np.savez(file, ids=np.array([row.external_id for row in rows]), features=told.astype(np.float32))
    page = loop.learn()
    assert page.learned.chosen is not None
    first = {row.id for row in loop.core.rows(item) if row.rank}
    assert len(first & {row.id for row in rows}) >= page.learned.chosen.model


def test_features_of_no_item_are_said(loop: Loop, tmp_path: Path) -> None:
    loop.judge(30)
    file = Home(tmp_path).features_file(loop.core.project)
    file.parent.mkdir()
    np.savez(file, ids=np.array(["x"]), features=np.ones((1, 2), np.float32))
    assert "none of the project's items" in loop.learn().learned.note


def test_without_being_asked_there_is_no_model(loop: Loop) -> None:
    loop.core.set_policy(1, strategy="coverage")
    loop.judge(40)
    learning.request_due(loop.core.database, loop.core.writer)
    assert "learn" not in [row.kind for row in loop.core.rows(job)]
    loop.core.set_policy(1, strategy="coverage", model=True)
    page = loop.learn()
    assert page.learned.version == 1
    assert page.learned.chosen is None
    assert not any(row.rank for row in loop.core.rows(item))


def test_old_models_are_forgotten(loop: Loop) -> None:
    loop.judge(60)
    for _ in range(learning.KEPT + 1):
        loop.learn()
    kept = [row.content is not None for row in sorted(loop.core.rows(model), key=lambda row: row.version)]
    assert kept == [False] + [True] * learning.KEPT


def test_a_version_from_before_most_items_came_is_no_point_of_the_curve() -> None:
    told = {of: np.array([0.9, 0.1]) for of in range(60)}
    early = (1, 10, dict.fromkeys(range(20), 0))
    whole = [(version, 40 * version, dict.fromkeys(range(60), version % 2)) for version in (2, 3)]
    again = (4, 120, dict.fromkeys(range(58), 0))
    curve = evaluating.curve_of([early, *whole, again], told)
    assert curve is not None
    assert [(point.version, point.judgements) for point in curve.points] == [(2, 80), (4, 120)]
    assert [point.accuracy for point in curve.points] == [0.9, 0.9]
    assert evaluating.curve_of([early], told) is None
    few = evaluating.curve_of([again], {of: told[of] for of in range(20)})
    assert few is not None
    assert "once 50 items" in few.sentence
    assert not few.stop
    sure = evaluating.curve_of([again], {of: np.array([1.0, 0.0]) for of in range(20)})
    assert sure is not None
    assert sure.points[0].accuracy == 1
    assert sure.points[0].low == pytest.approx(0.839, abs=1e-3), "of 20 items that are all right one knows little yet"


def test_a_worker_that_stops_ends_the_fit_and_leaves_nothing(loop: Loop, tmp_path: Path) -> None:
    from goldwork.services import jobs

    loop.judge(30)
    while loop.worker.step():
        pass
    loop.core.writer.run(lambda connection: jobs.add(connection, loop.core.database, "learn", loop.core.project, {}))
    cache = Home(tmp_path).cache(loop.core.project)
    for _ in range(50):
        loop.worker.step()
        if list(cache.glob(f"{apart.PREFIX}*")):
            break
    assert list(cache.glob(f"{apart.PREFIX}*")), "it is at it"
    loop.worker.close()
    assert list(cache.glob(f"{apart.PREFIX}*")) == []
    assert "waiting" in [row.state for row in loop.core.rows(job) if row.kind == "learn"], "to be claimed again"
