"""Who annotates cannot tell gold: planted words are in no answer that they get, and what they see of gold and of
ordinary items is the same in every shape, number and order, so that nothing that learns from it guesses better than
by chance."""

from __future__ import annotations

import csv
import json
import random
import string
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from goldwork.store.schema import assignment, batch, consensus, item
from tests.web.conftest import Stage, User
from tests.web.test_permissions import TABLE

FORM: dict[str, Any] = {
    "fields": [{"name": "text", "show": "text"}],
    "questions": [
        {"name": "kind", "title": "Which?", "task": {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}]}},
        {"name": "note", "title": "Why?", "optional": True, "task": {"type": "text"}},
    ],
}
ALPHABET = string.ascii_letters + string.digits + "-_"


class Scene:
    """A project with work and gold of the same kind, its manager, and annotators."""

    def __init__(self, stage: Stage, work: int, golden: int, people: int, **settings: Any) -> None:
        self.stage, self.random = stage, random.Random(5)
        self.boss = stage.user("CANARY boss", administrator=True)
        self.project = stage.project(self.boss, texts=0, form=FORM, **settings)
        with stage.database.write() as connection:
            for name, number in (("work", work), ("gold", golden)):
                stage.add_items(connection, self.project, [{"text": self.words()} for _ in range(number)], name)
            orders = [
                {"of": one, "place": self.random.randrange(10**6)}
                for one in connection.execute(sa.select(item.c.id)).scalars()
            ]
            move = sa.update(item).where(item.c.id == sa.bindparam("of")).values(shuffle=sa.bindparam("place"))
            connection.execute(move, orders)
        self.people = [stage.join(self.project, stage.user(f"P{n}"), "annotator") for n in range(people)]

    def words(self) -> str:
        return " ".join(
            "".join(self.random.choices(string.ascii_lowercase, k=self.random.randrange(3, 9))) for _ in range(12)
        )

    def add_gold(self, names: list[str], kind: str = "gold", **answers: list[Any]) -> None:
        entries = [{"item": name, "answers": {"kind": ["a"]} | answers, "reason": "CANARY reason"} for name in names]
        made = self.boss.post(f"/projects/{self.project}/gold", {"entries": entries, "kind": kind})
        assert made.status_code == 201, made.text

    def next(self, who: User, count: int) -> Any:
        return who.post(f"/projects/{self.project}/next", {"count": count})

    def submit(self, who: User, of: str, **answers: Any) -> Any:
        body = {"id": f"s-{of}", "assignment": of, "kind": "answer", "form_version": 1, "guideline_version": 1}
        return who.post(f"/projects/{self.project}/submits", body | {"answers": {"kind": "a"} | answers})

    def purposes(self) -> dict[str, str]:
        with self.stage.database.read() as connection:
            return {row.id: row.purpose for row in connection.execute(sa.select(assignment))}

    def plant_consensus(self) -> None:
        with self.stage.database.write() as connection:
            for of in connection.execute(sa.select(item.c.id)).scalars().all():
                connection.execute(
                    sa.insert(consensus).values(
                        project=self.project, question="kind", item=of, external_id="CANARY", label='"CANARY"',
                        confidence=1.0, judgements=3, tie=False, votes='{"CANARY": 3}',
                    )
                )  # fmt: skip
            connection.execute(sa.update(batch).values(name="CANARY batch"))


def ask_all(project: int, user: User) -> Iterator[Any]:
    """Every route that docs/permissions.csv lets an annotator call, but signing out and the two of work itself."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["role"], row["allowed"]) == ("annotator", "yes")]
    routes = sorted({(row["route"], row["method"]) for row in rows})
    assert len(routes) > 15
    for route, method in routes:
        if route.endswith(("/session", "/next", "/submits")) and method != "GET":
            continue
        for number in ("1", "2"):
            path = route.removeprefix("/api").replace("{project_id}", str(project))
            while "{" in path:
                path = path[: path.index("{")] + number + path[path.index("}") + 1 :]
            yield user.request(method, path, content=b"{}" if method != "GET" else b"")


def test_no_answer_carries_a_canary(stage: Stage) -> None:
    """Gold's answers and reasons, experts' votes, others' answers and the consensus: before a submit and after it,
    where a project tells nothing of gold, also to somebody who is warned and taught for what they answered."""
    scene = Scene(stage, 40, 34, 2, overlap=3)
    scene.add_gold([f"gold-{n}" for n in range(30)], note=["CANARY answer"])
    scene.add_gold(["gold-30", "gold-31"], kind="trap", note=["CANARY trap"])
    assert scene.boss.post(f"/projects/{scene.project}/gold/draws", {"count": 3}).status_code == 201
    for row in scene.boss.get(f"/projects/{scene.project}/gold?in_state=draft").json()["rows"]:
        voted = {"answers": {"kind": "a", "note": "CANARY vote"}, "reason": "CANARY why"}
        assert scene.boss.request("PUT", f"/projects/{scene.project}/gold/{row['item']}/vote", json=voted).is_success
    other, me = scene.people
    for one in scene.next(other, 20).json()["assignments"]:
        assert scene.submit(other, one["id"], note="CANARY other").status_code == 201
    scene.plant_consensus()
    heard = [*ask_all(scene.project, me)]
    while (leased := scene.next(me, 5)).json()["assignments"]:
        heard += [leased, *ask_all(scene.project, me)] if len(heard) < 200 else [leased]
        heard += [scene.submit(me, one["id"], note="mine") for one in leased.json()["assignments"]]
    heard += ask_all(scene.project, me)
    assert sum(response.status_code == 201 for response in heard) > 40
    assert list(scene.purposes().values()).count("gold") > 10
    for response in heard:
        assert "canary" not in f"{response.headers} {response.text}".lower(), str(response.request.url)
    assert "CANARY answer" in scene.boss.get(f"/projects/{scene.project}/gold").text, "it could have been told"


class Looker:
    """Somebody who notes all that they see of each item, in numbers."""

    def __init__(self, scene: Scene, who: User) -> None:
        self.scene, self.who = scene, who
        self.seen: dict[str, dict[str, float]] = {}
        self.shapes: dict[str, list[Any]] = {}

    def work(self, counts: Iterator[int], items: int) -> None:
        known: set[str] = set()
        while len(known) < items:
            before = self.left()
            response = self.scene.next(self.who, next(counts))
            after = self.left()
            page = response.json()
            held = page["assignments"]
            for place, one in enumerate(held):
                if one["id"] not in known:
                    known.add(one["id"])
                    self.note(one, place, len(held), page, response, after - before)
            self.judge(held[0]["id"])

    def note(self, one: Any, place: int, held: int, page: Any, response: Any, risen: int) -> None:
        length = len(response.content) - sum(len(json.dumps(other["fields"])) for other in page["assignments"])
        self.seen[one["id"]] = {
            "place": place,
            "held": held,
            "until": one["leased_until"] - max(other["leased_until"] for other in page["assignments"]),
            "left": page["left"],
            "risen": risen,
            "length": length - 110 * held,
            "text": len(one["fields"]["text"]),
            **{f"id{n}": ALPHABET.index(one["id"][n]) for n in range(0, 20, 4)},
        }
        self.shapes[one["id"]] = [
            response.status_code,
            sorted(response.headers),
            sorted(page),
            {name: type(value).__name__ for name, value in one.items()},
            len(one["id"]),
            set(one["id"]) <= set(ALPHABET),
            sorted(one["fields"]),
            (one["shown"], one["suggestions"]),
        ]

    def judge(self, of: str) -> None:
        before, mine = self.left(), self.mine()
        sent = self.scene.submit(self.who, of)
        receipt = sent.json()
        now = self.mine()
        self.seen[of] |= {
            "fallen": before - self.left(),
            "receipt": len(sent.content) - len(str(receipt["seq"])),
            "judged": now["judged"] - mine["judged"],
            "answers": now["ledger"]["answers"] - mine["ledger"]["answers"],
            "surplus": now["ledger"]["surplus"] - mine["ledger"]["surplus"],
        }
        kinds = {name: type(value).__name__ for name, value in receipt.items()}
        self.shapes[of] += [sent.status_code, sorted(sent.headers), kinds, receipt["surplus"], sorted(now)]

    def left(self) -> int:
        return int(self.who.get(f"/projects/{self.scene.project}/work").json()["left"])

    def mine(self) -> Any:
        return self.who.get(f"/projects/{self.scene.project}/me").json()


@pytest.fixture(scope="module")
def looked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What some annotators saw of some hundred items, and which of them were gold."""
    from goldwork.store.database import Database
    from tests.web.conftest import run_stage

    folder = tmp_path_factory.mktemp("looked")
    (folder / "goldwork.db").write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
    database = Database(str(folder / "goldwork.db"))
    for stage in run_stage(database, folder):
        scene = Scene(stage, 400, 60, 6, overlap=3)
        scene.add_gold([f"gold-{n}" for n in range(60)])
        lookers = [Looker(scene, who) for who in scene.people]
        for looker in lookers:
            counts = random.Random(7).choices([1, 1, 2, 3, 5], k=1000)
            looker.work(iter(counts), 45)
        yield lookers, scene.purposes()
    database.close()


def test_gold_has_the_shape_of_work(looked: Any) -> None:
    lookers, purposes = looked
    shapes: dict[str, set[str]] = {"work": set(), "gold": set()}
    for looker in lookers:
        for of, shape in looker.shapes.items():
            if len(shape) > 8:  # judged
                shapes[purposes[of]].add(repr(shape))
    assert shapes["gold"] == shapes["work"]
    assert len(shapes["work"]) == 1


def test_nothing_learns_to_tell_gold(looked: Any) -> None:
    lookers, purposes = looked
    rows = [
        (features, purposes[of] == "gold") for one in lookers for of, features in one.seen.items() if len(features) > 12
    ]
    names = sorted(rows[0][0])
    seen = np.array([[features[name] for name in names] for features, _ in rows], dtype=float)
    gold = np.array([is_gold for _, is_gold in rows])
    assert gold.sum() > 40
    spread = 4 * np.sqrt(len(gold) / (12 * gold.sum() * (~gold).sum()))  # of an area that only chance makes
    assert abs(area(seen, gold) - 0.5) < spread
    told = np.column_stack([seen, gold + np.random.default_rng(1).normal(size=len(gold))])
    assert area(told, gold) > 0.5 + spread, "it would be seen"
    for place, name in enumerate(names):
        assert abs(rank_area(seen[:, place], gold) - 0.5) < spread, name


def area(seen: Any, gold: Any) -> float:
    """How well a logistic regression tells gold among items that it has not learned from: the area under its ROC."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    learner = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    folds = StratifiedKFold(5, shuffle=True, random_state=3)
    return rank_area(cross_val_predict(learner, seen, gold, cv=folds, method="decision_function"), gold)


def rank_area(values: Any, gold: Any) -> float:
    one, other = values[gold][:, None], values[~gold][None, :]
    return float(np.mean((one > other) + 0.5 * (one == other)))


def test_gold_takes_as_many_statements_as_work(stage: Stage) -> None:
    """Time is what it costs: the same statements, in the same number, are run for an answer with gold and without."""
    scene = Scene(stage, 60, 30, 1)
    scene.add_gold([f"gold-{n}" for n in range(30)])
    [who] = scene.people
    ran: list[str] = []
    engine = stage.database._writers
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: ran.append(arguments[2]))
    seen: dict[str, list[int]] = {"work": [], "gold": []}
    for _ in range(40):
        ran.clear()
        [one] = scene.next(who, 1).json()["assignments"]
        number = len(ran)
        scene.submit(who, one["id"])
        seen[scene.purposes()[one["id"]]].append(number)
    assert len(seen["gold"]) == 8
    assert abs(np.mean(seen["gold"]) - np.mean(seen["work"])) < 0.6, seen
