"""The model over HTTP: its page, features that are sent, the strategy that is chosen."""

from __future__ import annotations

import io

import numpy as np
import sqlalchemy as sa

from goldwork.store.schema import item, project
from tests.web.conftest import Stage


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


def test_features_are_sent(stage: Stage) -> None:
    boss = stage.user("Ada", administrator=True)
    made = stage.project(boss)
    file = io.BytesIO()
    np.save(file, np.ones((3, 2)))
    sent = boss.request("POST", f"/projects/{made}/features?name=mine.npy", content=file.getvalue())
    assert sent.status_code == 202, sent.text
    assert sent.json()["kind"] == "import-features"
