"""The model over HTTP: its page, features that are sent, the strategy that is chosen."""

from __future__ import annotations

import io

import msgspec
import numpy as np
import sqlalchemy as sa

from goldwork.services.evaluating import pack as pack_said
from goldwork.services.improve import Choice
from goldwork.services.models import Learned, ModelVersion
from goldwork.services.packed import pack
from goldwork.services.suspects import Entry, Listed
from goldwork.store.schema import candidates, chosen, item, model, project, reward_model, snapshot
from tests.web.conftest import Stage
from tests.web.test_canaries import Scene, ask_all
from tests.web.world import EVALUATION


def test_a_project_without_a_model_says_so(stage: Stage) -> None:
    boss = stage.user("Ada", administrator=True)
    made = stage.project(boss)
    page = boss.get(f"/projects/{made}/model").json()
    assert (page["asked"], page["versions"], page["learned"]["note"]) == (False, [], "")
    assert boss.get(f"/projects/{made}/suspects").json()["list"]["computed_at"] is None


def test_another_strategy_forgets_the_model_s_order(stage: Stage) -> None:
    boss = stage.user("Ada", administrator=True)
    made = stage.project(boss)
    change = {"quality": {"strategy": "margin"}}
    assert boss.request("PATCH", f"/projects/{made}", json=change).json()["quality"]["strategy"] == "margin"
    assert boss.get(f"/projects/{made}/model").json()["asked"]
    with stage.database.write() as connection:
        connection.execute(sa.update(item).where(item.c.project == made).values(rank=-1))
    assert boss.request("PATCH", f"/projects/{made}", json={"quality": {"strategy": "coverage"}}).status_code == 200
    with stage.database.read() as connection:
        assert set(connection.execute(sa.select(item.c.rank).where(item.c.project == made)).scalars()) == {0}
        assert connection.execute(sa.select(project.c.ranking).where(project.c.id == made)).scalar_one() == 1


MODEL = ModelVersion("CANARY", ["CANARY"], 3, "CANARY words", 1.0, 0.9, 0.8, 0.95, 0.3, 20, ["CANARY"])
TOLD = ("7777", '"rank', "ranking", "predicted", "chances", '"wrong', "suspect", "reward", "policy_v")


def test_nothing_that_a_model_says_reaches_who_annotates(stage: Stage) -> None:
    """Its doubts, its order, its versions, reward models, what these chose, candidates: in no answer of any route that
    an annotator may call, before a submit and after it. The order of work is all that there is to notice."""
    scene = Scene(stage, 26, 4, 1, overlap=2)
    [me] = scene.people
    change = {"quality": {"strategy": "margin"}}
    assert scene.boss.request("PATCH", f"/projects/{scene.project}", json=change).is_success
    of = {"project": scene.project, "version": 1, "made_at": 1}
    with stage.database.write() as connection:
        of_project = sa.select(item.c.id).where(item.c.project == scene.project).order_by(item.c.id)
        ids = connection.execute(of_project).scalars().all()
        for place, one in enumerate(ids[:20]):
            connection.execute(sa.update(item).where(item.c.id == one).values(rank=-77770 + place))
        made = {"through_seq": 1, "judgements": 3, "said": pack_said({ids[0]: 0}), "content": b"CANARY"}
        connection.execute(sa.insert(model).values(of | made | {"body": msgspec.json.encode(MODEL).decode()}))
        entries = [Entry(one, 0, 0.7777, [(0, 3)], [(1, 0.7777)]) for one in ids]
        for name, body in (("learn", Learned("CANARY note", "kind", 1)), ("suspects", Listed("kind", entries))):
            row = {"project": scene.project, "name": name, "body": msgspec.json.encode(body).decode()}
            connection.execute(sa.insert(snapshot).values(row | {"through_seq": 1, "took_ms": 1, "computed_at": 1}))
        trained = {"through_seq": 1, "question": "CANARY", "body": EVALUATION, "content": b"CANARY"}
        connection.execute(sa.insert(reward_model).values(of | trained))
        kept = {"name": "CANARY.csv", "prompts": 1, "responses": 1, "content": pack({"CANARY": ["CANARY"]})}
        connection.execute(sa.insert(candidates).values(of | kept))
        content = pack([Choice("CANARY", "CANARY old", "CANARY new", 1.0, 0.7)])
        connection.execute(sa.insert(chosen).values(of | {"model": 1, "body": "{}", "content": content}))
    heard = [*ask_all(scene.project, me)]
    given: list[str] = []
    while held := (page := scene.next(me, 5)).json()["assignments"]:
        heard += [page, *ask_all(scene.project, me)] if len(heard) < 200 else [page]
        given += [one["fields"]["text"] for one in held]
        heard += [scene.submit(me, one["id"]) for one in held]
    assert sum(response.status_code == 201 for response in heard) == 30
    for response in heard:
        said = f"{response.headers} {response.text}".lower()
        assert "canary" not in said, str(response.request.url)
        if response.is_success and f"/projects/{scene.project}" in str(response.request.url):
            assert [word for word in TOLD if word in said] == [], str(response.request.url)
    with stage.database.read() as connection:
        texts = connection.execute(sa.select(item.c.payload).where(item.c.id.in_(ids[:20])).order_by(item.c.id))
        assert given[:20] == [msgspec.json.decode(text)["text"] for text in texts.scalars()], "it is the model's order"
    for path in ("model", "suspects", "reward", "reward/1/model", "loop", "policies/1/choices"):
        assert me.get(f"/projects/{scene.project}/{path}").status_code == 403
    for path in ("model", "reward", "reward/1/model", "policies/1/choices"):
        assert "CANARY" in scene.boss.get(f"/projects/{scene.project}/{path}").text, "it could have been told"


def test_features_are_sent(stage: Stage) -> None:
    boss = stage.user("Ada", administrator=True)
    made = stage.project(boss)
    file = io.BytesIO()
    np.save(file, np.ones((3, 2)))
    sent = boss.request("POST", f"/projects/{made}/features?name=mine.npy", content=file.getvalue())
    assert sent.status_code == 202, sent.text
    assert sent.json()["kind"] == "import-features"
