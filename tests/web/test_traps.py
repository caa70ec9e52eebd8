"""Traps over HTTP: made by their keepers, and by nothing that annotators are told can they be told from work."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import PIL.Image
import pytest
import sqlalchemy as sa

from goldwork.store.schema import assignment, gold, item
from tests.web.conftest import Stage, User
from tests.web.test_canaries import Scene, ask_all

PAIR: dict[str, Any] = {
    "fields": [{"name": name} for name in ("text", "a", "b")],
    "questions": [{"name": "better", "title": "Better?", "task": {"type": "compare", "fields": ["a", "b"]}}],
}


class Pairs(Scene):
    """A project of comparisons with work, gold, and traps of some of the gold and of some of the work."""

    def __init__(self, stage: Stage, work: int, golden: int, people: int) -> None:
        super().__init__(stage, 1, 1, 0)
        self.project = stage.project(self.boss, texts=0, form=PAIR, overlap=3)
        self.path = f"/projects/{self.project}/gold"
        changed = self.boss.request("PATCH", f"/projects/{self.project}", json={"quality": {"audits": 4}})
        assert changed.status_code == 200, changed.text
        with stage.database.write() as connection:
            for name, number in (("work", work), ("gold", golden)):
                payloads = [{one: f"{self.words()} is {one}" for one in ("text", "a", "b")} for _ in range(number)]
                stage.add_items(connection, self.project, payloads, name)
        entries = [
            {"item": f"gold-{n}", "answers": {"better": ["first"]}, "reason": "CANARY reason"} for n in range(golden)
        ]
        assert self.boss.post(self.path, {"entries": entries}).status_code == 201
        made = self.boss.post(f"{self.path}/traps/draws", {"count": golden // 2})
        assert made.json() == {"items": golden // 2}, made.text
        body = {"item": "gold-0", "seed": 0, "answers": {"better": ["second"]}}
        by_hand = {"texts": {"a": self.words()}, "reason": "CANARY why"}
        assert self.boss.post(f"{self.path}/traps", body | by_hand).status_code == 201
        self.people = [stage.join(self.project, stage.user(f"P{n}"), "annotator") for n in range(people)]

    def judge(self, who: User, of: str) -> Any:
        body = {"id": f"s-{of}", "assignment": of, "kind": "answer", "form_version": 1, "guideline_version": 1}
        return who.post(f"/projects/{self.project}/submits", body | {"answers": {"better": "first"}})

    def left(self, who: User) -> int:
        return int(who.get(f"/projects/{self.project}/work").json()["left"])

    def shape(self, told: Any) -> Any:
        """What an answer has, without what it says."""
        if isinstance(told, dict):
            return sorted((name, self.shape(value)) for name, value in told.items() if name != "shown")
        return (type(told).__name__, len(told) if isinstance(told, str) and " " not in told else 0)

    def kinds(self) -> dict[str, str]:
        """By assignment: work, gold or trap."""
        rows = sa.select(assignment.c.id, gold.c.kind).outerjoin(gold, gold.c.item == assignment.c.item)
        with self.stage.database.read() as connection:
            return {row.id: row.kind or "work" for row in connection.execute(rows)}

    def secrets(self) -> set[str]:
        """Words that only keepers may see: whose trap it is, and every item's own id."""
        with self.stage.database.read() as connection:
            names = connection.execute(sa.select(item.c.external_id).where(item.c.project == self.project)).scalars()
            return {*names, "CANARY", "trap", "perturbed", "traded"}


def test_nothing_says_that_it_is_one(stage: Stage) -> None:
    """No answer, before a submit and after it, by any route that annotators may call: neither that there are traps nor
    of what they were made; and they look like work in shape and number."""
    scene = Pairs(stage, 60, 24, 2)
    _, me = scene.people
    heard, shapes = [*ask_all(scene.project, me)], {}
    while len(shapes) < 80 and (leased := scene.next(me, 5)).json()["assignments"]:
        heard.append(leased)
        left = scene.left(me)
        for one in leased.json()["assignments"]:
            sent = scene.judge(me, one["id"])
            heard.append(sent)
            fallen, left = left, scene.left(me)
            shapes[one["id"]] = str((scene.shape(one), scene.shape(sent.json()), fallen - left))
    heard += ask_all(scene.project, me)
    kinds = scene.kinds()
    found = [kinds[of] for of in shapes]
    assert found.count("trap") >= 8
    assert found.count("gold") >= 8
    assert len(set(shapes.values())) == 1
    for response in heard:
        told = f"{response.headers} {response.text}".lower()
        assert [word for word in scene.secrets() if word.lower() in told] == [], str(response.request.url)
    assert "trap" in scene.boss.get(scene.path).text, "it could have been told"


def test_it_takes_as_many_statements_as_work(stage: Stage) -> None:
    scene = Pairs(stage, 80, 30, 1)
    [who] = scene.people
    ran: list[str] = []
    sa.event.listen(stage.database._writers, "before_cursor_execute", lambda *arguments: ran.append(arguments[2]))
    seen: dict[str, list[int]] = {"work": [], "gold": [], "trap": []}
    for _ in range(60):
        ran.clear()
        [one] = scene.next(who, 1).json()["assignments"]
        number = len(ran)
        scene.judge(who, one["id"])
        seen[scene.kinds()[one["id"]]].append(number)
    assert len(seen["trap"]) >= 8
    assert abs(np.mean(seen["trap"]) - np.mean(seen["work"])) < 0.6, seen


def test_what_is_looked_at_is_written(both_stages: Stage) -> None:
    """A proposal over HTTP, another one, and the trap that is made of it."""
    scene = Scene(both_stages, 1, 1, 0)
    path = f"/projects/{scene.project}/gold"
    with both_stages.database.write() as connection:
        both_stages.add_items(connection, scene.project, [{"text": "It is more than 9."}, {"text": "No."}], "it")
    scene.add_gold(["it-0"])
    found = scene.boss.get(f"{path}/traps", params={"name": "it-0"}).json()
    assert (found["changed"], found["right"], found["next"]) == ({"text": "It is not more than 9."}, {}, 1)
    further = scene.boss.get(f"{path}/traps", params={"name": "it-0", "seed": found["next"]}).json()
    assert further["changed"] == {"text": "It is less than 9."}
    made = scene.boss.post(f"{path}/traps", {"item": "it-0", "seed": further["seed"], "answers": {"kind": ["b"]}})
    assert made.json() == {"items": 1}
    [row] = scene.boss.get(path, params={"kind": "trap"}).json()["rows"]
    assert (row["fields"], row["source"], row["answers"]) == (further["changed"], "it-0", {"kind": ["b"]})
    for body, status in (
        ({"item": "it-0", "seed": further["seed"], "answers": {"kind": ["b"]}}, 400),
        ({"item": "it-0", "seed": 0, "answers": {"kind": ["z"]}}, 400),
        ({"item": "it-0", "seed": 0, "answers": {}}, 400),
        ({"item": "it-0", "seed": 0, "answers": {"kind": ["b"]}, "texts": {"text": "a\0"}}, 400),
        ({"item": "it-1", "seed": 0, "answers": {"kind": ["b"]}}, 409),
        ({"item": "nowhere", "seed": 0, "answers": {"kind": ["b"]}}, 404),
    ):
        refused = scene.boss.post(f"{path}/traps", body)
        assert refused.status_code == status, (body, refused.text)


@pytest.mark.parametrize("name", ["one.png", "sound"])
def test_a_picture_in_a_mirror(stage: Stage, name: str) -> None:
    boss = stage.user("boss", administrator=True)
    project = stage.project(boss)
    image = PIL.Image.new("RGB", (4, 2))
    image.putpixel((0, 0), (255, 0, 0))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    data = stream.getvalue() if name == "one.png" else b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + WAVE
    sent = boss.request("POST", f"/projects/{project}/media?name={name}", content=data)
    assert sent.status_code == 201, sent.text
    got = boss.get(f"/projects/{project}/media/{sent.json()['hash']}/mirrored")
    if name == "sound":
        assert got.status_code == 404
        return
    assert (got.status_code, got.headers["content-type"]) == (200, "image/png")
    seen = PIL.Image.open(io.BytesIO(got.content))
    assert seen.getpixel((3, 0)) == (255, 0, 0)
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["x-content-type-options"] == "nosniff"


WAVE = b"\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"
